"""Ctrl-C at one moment after another: how long the command takes to end, and what is left."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av

from mattebox_lab.live.sender import Sender, free_port

# While Python starts, while libraries and the network are loaded, and while it runs.
MOMENTS_S = (0.05, 0.3, 0.6, 1.0, 1.3, 1.6, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 7.0)
_TIMEOUT_S = 30.0


def interrupts(clip: Path, say: Callable[[str], None]) -> None:
    """Interrupt `mattebox live` with a recording at each of the moments."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Sender(free_port(), 25.0, clip) as sender,
    ):
        for moment_s in MOMENTS_S:
            say(_interrupted(sender.address, Path(folder) / f"{moment_s}.mkv", moment_s))


def _interrupted(address: str, recording: Path, moment_s: float) -> str:
    words = ["live", "-i", address, "-o", str(recording), "--preset", "live"]
    program = subprocess.Popen(
        [sys.executable, "-m", "mattebox", *words], stderr=subprocess.PIPE, text=True
    )
    time.sleep(moment_s)
    program.send_signal(signal.SIGINT)
    sent = time.monotonic()
    _, told = program.communicate(timeout=_TIMEOUT_S)
    took_s = time.monotonic() - sent
    left = f"{_pictures(recording)} pictures play" if recording.exists() else "no recording"
    others = [path.name for path in recording.parent.glob(f"*{recording.stem}*")]
    trace = ", a traceback" if "Traceback" in told else ""
    return (
        f"after {moment_s:g} s: exit code {program.returncode} in {took_s:.2f} s, {left}, "
        f"{len(others)} files{trace}"
    )


def _pictures(recording: Path) -> int:
    with av.open(str(recording)) as container:
        return sum(1 for _ in container.decode(video=0))
