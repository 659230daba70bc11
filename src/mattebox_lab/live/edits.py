"""A session whose config file is edited while it runs: does it do as it is told, without a gap."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import cycle, islice
from pathlib import Path

from mattebox.assemble.live import LiveRun
from mattebox.assemble.remote import ConfigFollower, Remote
from mattebox.live.watching import FileWatch
from mattebox.settings import Settings, load, resolve
from mattebox_lab.live.endurance import RATE, session
from mattebox_lab.live.sender import Sender, free_port

_BEGINNING_S, _SPACED_S, _BROKEN_EVERY = 10.0, 1.5, 4
_BROKEN = "[backdrop\nsource = "
_EDITS = (
    '[backdrop]\nsource = "#204060"\n',
    '[backdrop]\nsource = "blur:40"\n',
    "[live]\nmirror = true\n",
    "[refine]\nlow = 0.3\n",
    "[temporal]\nhalf_life_s = 0.1\n",
)


def edits(times: int, clip: Path, settings: Settings, say: Callable[[str], None]) -> None:
    """Edit the file so often, every fourth time into nonsense, and compare with as long without."""
    done: list[bool] = []
    texts = [
        _BROKEN if number % _BROKEN_EVERY == 0 else text
        for number, text in enumerate(islice(cycle(_EDITS), times), 1)
    ]
    with (
        tempfile.TemporaryDirectory() as folder,
        Sender(free_port(), RATE, clip) as sender,
        session(sender, settings) as (run, _device),
    ):
        config = Path(folder) / "live.toml"
        config.write_text("", "utf-8")
        time.sleep(_BEGINNING_S)
        with _followed(run, config, settings, done):
            before = _measured(run, lambda _: time.sleep(_SPACED_S), texts)
            after = _measured(run, lambda text: _write(config, text), texts)
    refused = done.count(False)
    say(f"{times} edits: {done.count(True)} in effect, {refused} refused")
    for name, (dropped, repeated) in (("without edits", before), ("with edits", after)):
        say(f"{name}: {dropped:.2f} frames dropped and {repeated:.2f} pictures repeated a second")


def _measured(run: LiveRun, step: Callable[[str], None], texts: list[str]) -> tuple[float, float]:
    """Frames dropped and pictures repeated per second while the steps are made."""
    began, (dropped, repeated) = time.monotonic(), _counts(run)
    for text in texts:
        step(text)
    passed_s, (dropped_then, repeated_then) = time.monotonic() - began, _counts(run)
    return (dropped_then - dropped) / passed_s, (repeated_then - repeated) / passed_s


def _counts(run: LiveRun) -> tuple[int, int]:
    report = run.supervisor.report
    assert report is not None, "it runs"
    return report.dropped, run.presenter.figures.repeated


def _write(config: Path, text: str) -> None:
    config.write_text(text, "utf-8")
    time.sleep(_SPACED_S)


@contextmanager
def _followed(run: LiveRun, config: Path, settings: Settings, done: list[bool]) -> Iterator[None]:
    """As ``mattebox live --config`` does; notes of each change whether it came into effect."""
    remote = Remote(
        run,
        on_change=lambda _settings, _later: done.append(True),
        on_refusal=lambda _error: done.append(False),
    )

    def read() -> Settings:
        return resolve(settings.model_dump(), load(config), origin=str(config))

    follower = ConfigFollower(remote, read, settings)
    watch = FileWatch(config, follower.read_again)
    watch.start()
    with closing(remote), closing(watch):
        yield
