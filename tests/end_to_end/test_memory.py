"""Memory does not grow with the length of a clip."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from clips import write_clip
from running import SMALL_NETWORK

# The peak as the system saw it: what Python's own books say leaves FFmpeg and torch out.
_PROGRAM = """
import resource, sys
from mattebox.apps.cli import app
try:
    app(sys.argv[1:])
except SystemExit as end:
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "code", end.code)
"""


def peak_kib(clip: Path, output: Path, *options: str) -> int:
    command = [sys.executable, "-c", _PROGRAM, "run", str(clip), "-o", str(output), *options]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=280)
    found = re.search(r"peak (\d+) code 0", printed.stdout)
    assert found, printed.stdout + printed.stderr
    return int(found[1])


@pytest.mark.slow
def test_a_nine_times_longer_clip_takes_no_more_memory(tmp_path: Path) -> None:
    """Peak memory within 15 %, on frames large enough for a leak to show."""
    options = (*SMALL_NETWORK, "-b", "blur")

    def clip(name: str, frames: int) -> Path:
        return write_clip(
            tmp_path / name,
            codec="libx264",
            size=(854, 480),  # 400 frames that stayed would be 246 MB
            frames=frames,
            audio_s=frames / 25,
            options={"preset": "ultrafast"},
        )

    short, long = clip("short.mp4", 50), clip("long.mp4", 450)
    few = peak_kib(short, tmp_path / "a.mp4", *options)
    many = peak_kib(long, tmp_path / "b.mp4", *options)
    assert many <= 1.15 * few, (few, many)
