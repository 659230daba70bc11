"""Pictures from files as backdrops."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

import clips
import footage
from mattebox.backdrops.still import StillBackdrop, read_picture
from mattebox.colour import Colour, Planes, Range, rgb_from_planes
from mattebox.frame import Matte, VideoFormat

QUADRANTS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 0]]], np.uint8)  # RGB


def quadrants(height: int, width: int) -> footage.Array:
    return QUADRANTS.repeat(height // 2, axis=0).repeat(width // 2, axis=1)


def rendered(path: Path, format: VideoFormat) -> Planes:
    backdrop = StillBackdrop(path, fit="cover", anchor="center")
    backdrop.open(format)
    planes = backdrop.render(
        Matte(clips.pattern_frame(format), torch.zeros(format.height, format.width))
    )
    backdrop.close()
    return planes


def with_orientation(path: Path, orientation: int) -> Path:
    """A JPEG with an Exif block put in front of everything else."""
    block = b"Exif\x00\x00" + footage.exif(orientation)
    data = path.read_bytes()
    marker = b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block
    path.write_bytes(data[:2] + marker + data[2:])
    return path


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p10le", "gbrp", "yuv411p"])
def test_colours_and_places_come_out_as_in_the_file(pixels: str, tmp_path: Path) -> None:
    """Red, green, blue and yellow quadrants stay where they are."""
    cv2.imwrite(str(tmp_path / "q.png"), quadrants(32, 48)[..., ::-1])
    format = clips.video_format(pixels, (96, 64), colour=Colour(matrix=1, range=Range.LIMITED))
    rgb = rgb_from_planes(rendered(tmp_path / "q.png", format), format.pixels, format.colour)
    centres = rgb[16::32, 24::48] * 255
    assert np.abs(centres - QUADRANTS).max() < 2


def test_sixteen_bits_are_kept(tmp_path: Path) -> None:
    """A ramp that 8 bits would turn into steps."""
    ramp = np.linspace(20000, 21000, 96).astype(np.uint16)[None, :, None].repeat(64, 0).repeat(3, 2)
    cv2.imwrite(str(tmp_path / "ramp.png"), ramp)
    (green, *_) = rendered(tmp_path / "ramp.png", clips.video_format("gbrp16le", (96, 64)))
    assert len(np.unique(green)) > 90


@pytest.mark.parametrize("kind", ["gray", "gray16", "float"])
def test_other_kinds_of_pictures_are_read(kind: str, tmp_path: Path) -> None:
    """Gray becomes equal red, green and blue; floats count from 0 to 1."""
    values: dict[str, footage.Array] = {
        "gray": np.full((8, 8), 51, np.uint8),
        "gray16": np.full((8, 8), 51 * 257, np.uint16),
        "float": np.full((8, 8, 3), 0.2, np.float32),
    }
    path = tmp_path / ("a.tiff" if kind == "float" else "a.png")
    cv2.imwrite(str(path), values[kind])
    planes = rendered(path, clips.video_format("gbrp", (16, 16)))
    assert all((plane == 51).all() for plane in planes)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photograph_stands_upright(orientation: int, tmp_path: Path) -> None:
    """Cameras write how they were held; the picture is turned accordingly."""
    turns = {1: 0, 3: 2, 6: 1, 8: 3}[orientation]  # quarter turns that were undone when stored
    stored = np.ascontiguousarray(np.rot90(quadrants(64, 96), turns)[..., ::-1])
    cv2.imwrite(str(tmp_path / "q.jpg"), stored, [cv2.IMWRITE_JPEG_QUALITY, 100])
    picture = read_picture(with_orientation(tmp_path / "q.jpg", orientation))
    assert picture.shape == (64, 96, 3)
    assert np.abs(picture[16::32, 24::48].astype(int) - QUADRANTS).max() < 8


def test_transparency_is_laid_over_black_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Half transparent white is gray; a warning names the file."""
    picture = np.full((8, 8, 4), 255, np.uint8)
    picture[..., 3] = 102
    cv2.imwrite(str(tmp_path / "clear.png"), picture)
    assert (read_picture(tmp_path / "clear.png") == 102).all()
    assert "clear.png is partly transparent" in caplog.text
    caplog.clear()
    picture[..., 3] = 255
    cv2.imwrite(str(tmp_path / "solid.png"), picture)
    assert (read_picture(tmp_path / "solid.png") == 255).all()
    assert not caplog.records


@pytest.mark.parametrize("name", ["moving.webp", "moving.png"])
def test_of_an_animated_picture_the_first_is_shown_and_said(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A warning names the file; pictures that stand still get none."""
    animation: Any = cv2.Animation()  # its stubs know no arrays
    animation.frames = [np.full((16, 16, 3), level, np.uint8) for level in (40, 200)]
    animation.durations = np.array([100, 100])
    assert cv2.imwriteanimation(str(tmp_path / name), animation)
    assert (read_picture(tmp_path / name) == 40).all()
    assert f"{name} is animated: only its first picture is shown" in caplog.text
    caplog.clear()
    still = tmp_path / f"still{Path(name).suffix}"
    cv2.imwrite(str(still), animation.frames[1])
    assert (read_picture(still) == 200).all()
    assert not caplog.records


def test_real_photographs_fill_the_frame(shared: Path) -> None:
    """No bars and no blank planes, in a layout and matrix of their own."""
    format = clips.video_format("yuv420p", (320, 180), colour=Colour(matrix=1, range=Range.LIMITED))
    for path in sorted((shared / "backdrops").glob("*.jpg")):
        luma, *_ = rendered(path, format)
        assert luma.std() > 15
        assert luma.min() >= 16
        assert luma.max() <= 235
