"""Whole live sessions on a stream of ``streams``: how they are set up, run and judged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np

from mattebox.assemble.live import LiveRun
from mattebox.settings import Settings, resolve


def live_settings(**live: object) -> Settings:
    """No network: what is bright is the subject. A green backdrop, a gray placeholder."""
    return resolve(
        {
            "model": {"name": "threshold"},
            "threshold": {"method": "fixed", "level": 0.75, "foreground": "light"},
            "backdrop": {"source": "#00c000"},
            "camera": {"width": 160, "height": 96, "rate": 25},
            "live": {"placeholder": "#303030", **live},
            "sink": {"quality": 100},
        }
    )


@contextmanager
def running(run: LiveRun) -> Iterator[LiveRun]:
    """Run a session on a thread while the block runs."""
    thread = threading.Thread(target=run.session.run)
    thread.start()
    try:
        yield run
    finally:
        run.session.stop()
        thread.join(60)
        assert not thread.is_alive()


def wait_until(is_so: Callable[[], bool], timeout_s: float = 20.0) -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def kinds(path: Path) -> list[str]:
    """What a recording shows, with repetitions left out."""
    seen = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            red, green, blue = np.moveaxis(frame.to_ndarray(format="rgb24").astype(int), -1, 0)
            if ((red > 150) & (green < 90) & (blue > 150)).sum() > 8:
                seen.append("room")
            else:
                seen.append("composite" if max(green.max(), blue.max()) > 150 else "placeholder")
    return [kind for kind, last in zip(seen, [None, *seen], strict=False) if kind != last]
