"""Memory does not grow with the length of a clip."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from clips import write_clip
from running import SMALL_NETWORK

_STATUS = Path("/proc/self/status")
# The peak as the system saw it: what Python's own books say leaves FFmpeg and torch out, and
# getrusage's ru_maxrss is at least what the process that started this one had taken.
_PROGRAM = """
import pathlib, re, sys
from mattebox.apps.cli import app
try:
    app(sys.argv[1:])
except SystemExit as end:
    status = pathlib.Path("/proc/self/status").read_text()
    print("peak", re.search(r"VmHWM:\\s+(\\d+) kB", status)[1], "code", end.code)
"""


def peak_kib(clip: Path, output: Path, *options: str) -> int:
    command = [sys.executable, "-c", _PROGRAM, "run", str(clip), "-o", str(output), *options]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=280)
    found = re.search(r"peak (\d+) code 0", printed.stdout)
    assert found, printed.stdout + printed.stderr
    return int(found[1])


@pytest.mark.slow
@pytest.mark.skipif(not _STATUS.exists(), reason="Linux tells the peak of one process")
def test_a_seven_times_longer_clip_takes_no_more_memory(tmp_path: Path) -> None:
    """Peak memory within 7 %, on frames large enough for a leak to show."""
    options = (*SMALL_NETWORK, "-b", "blur")

    def clip(name: str, frames: int) -> Path:
        return write_clip(
            tmp_path / name,
            codec="libx264",
            size=(854, 480),  # 180 frames that stayed would be 111 MB of 420
            frames=frames,
            audio_s=frames / 25,
            options={"preset": "ultrafast"},
        )

    short, long = clip("short.mp4", 30), clip("long.mp4", 210)
    few = peak_kib(short, tmp_path / "a.mp4", *options)
    many = peak_kib(long, tmp_path / "b.mp4", *options)
    assert many <= 1.07 * few, (few, many)
