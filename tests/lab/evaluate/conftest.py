"""A tiny folder of material whose truth is known, because it was drawn."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

import clips
import footage

Gray = npt.NDArray[np.uint8]

WIDTH, HEIGHT = 96, 64
BRIGHT, DARK = 235, 16


def square(left: int, *, top: int = 16, side: int = 32) -> Gray:
    """255 in a square, 0 elsewhere."""
    picture = np.zeros((HEIGHT, WIDTH), np.uint8)
    picture[top : top + side, left : left + side] = 255
    return picture


def write_video(path: Path, pictures: Sequence[Gray]) -> None:
    """A bright shape on dark, as lossless H.264."""
    chroma = np.full((HEIGHT // 2, WIDTH // 2), 128, np.uint8)
    frames = (
        clips.av_frame((np.where(p > 0, BRIGHT, DARK).astype(np.uint8), chroma, chroma), "yuv420p")
        for p in pictures
    )
    path.parent.mkdir(exist_ok=True)
    footage.encode(path, "libx264", frames, options={"qp": "0"})


def write_truth(path: Path, pictures: Sequence[Gray]) -> None:
    """The shapes as gray FFV1."""
    footage.encode(path, "ffv1", (clips.av_frame((p,), "gray") for p in pictures))


def write_shard(path: Path, pairs: Iterable[tuple[str, Gray, Gray | None]]) -> None:
    """A tar of (key, picture, mask) as PNG; no file where there is no mask."""
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w") as tar:
        for key, picture, mask in pairs:
            _add(tar, f"{key}.img.png", picture)
            if mask is not None:
                _add(tar, f"{key}.mask.png", mask)


def _add(tar: tarfile.TarFile, name: str, picture: Gray) -> None:
    data = cv2.imencode(".png", picture)[1].tobytes()
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


@pytest.fixture
def material(tmp_path: Path) -> Path:
    """Two sets of people, a room, a clip with truth and one without."""
    folder = tmp_path / "material"
    folder.mkdir()
    one, other, dark = square(8), square(40), np.zeros((HEIGHT, WIDTH), np.uint8)
    train = folder / "train"
    write_shard(train / "dev-people-a-00.tar", [("0", one, one), ("1", other, other)])
    write_shard(train / "dev-people-a-01.tar", [("2", one, one)])
    write_shard(train / "dev-people-b-00.tar", [("0", one, other)])
    write_shard(train / "dev-rooms-00.tar", [("0", dark, None)])
    walk = [square(4 + 4 * step) for step in range(7)]
    write_video(folder / "truth" / "walk.mp4", walk)
    write_truth(folder / "truth" / "walk.alpha.mkv", walk)
    write_video(folder / "clips" / "blink.mp4", [one, dark, one, dark])
    return folder
