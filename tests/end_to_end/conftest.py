"""Backdrops of each kind, made on the spot."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from clips import write_clip
from places import skip_or_fail


@pytest.fixture
def backdrop_file(tmp_path: Path) -> dict[str, Path]:
    """A still and a moving backdrop, by kind."""
    still = tmp_path / "backdrop.png"
    ramp = np.linspace(0, 255, 80, dtype=np.uint8)
    cv2.imwrite(str(still), np.stack([np.tile(ramp, (60, 1))] * 3, axis=-1))
    moving = write_clip(tmp_path / "backdrop.mkv", frames=7, size=(80, 60), rate=10)
    return {"image": still, "video": moving}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB, where one can be made: Linux and root."""
    place = tmp_path / "small-disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        skip_or_fail("small_disk", f"cannot mount a small file system: {error}")
    yield place
    subprocess.run(["umount", str(place)], check=True)
