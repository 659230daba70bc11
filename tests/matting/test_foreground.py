"""Laws of the foreground's own colour."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import clips
from mattebox.colour import Colour, Range, planes_from_rgb, rgb_from_planes
from mattebox.frame import Frame
from mattebox.matting.foreground import (
    ForegroundOptions,
    black_samples,
    estimate_foreground,
)
from mattebox.pixels import pixel_format

OPTIONS = ForegroundOptions(radius_px=12)


def soft_disc(height: int, width: int) -> clips.Array:
    """An alpha of 1 in the middle, 0 outside, with strands in its wide soft edge."""
    rows, columns = np.mgrid[0:height, 0:width]
    distance = np.hypot(rows - height / 2, columns - width / 2) / (height / 3)
    strands = 0.15 * np.sin(np.arctan2(rows - height / 2, columns - width / 2) * 60)
    return np.asarray(np.clip((1.1 - distance) * 5 + strands, 0, 1), np.float32)


def waves(height: int, width: int, tint: tuple[float, float, float], period: float) -> clips.Array:
    """A picture of one tint, lighter and darker over some pixels; float32 RGB."""
    rows, columns = np.mgrid[0:height, 0:width]
    light = 0.8 + 0.2 * np.sin(columns / period) * np.cos(rows / period)
    return np.asarray(light[..., None] * np.array(tint), np.float32)


def mixed(pixels: str, size: tuple[int, int] = (320, 240)) -> tuple[Frame, Frame, clips.Array]:
    """A frame of a soft disc before a room, the pure foreground, and the alpha."""
    format = clips.video_format(pixels, size)
    width, height = size
    alpha = soft_disc(height, width)
    own = waves(height, width, (0.7, 0.35, 0.2), 17)
    room = waves(height, width, (0.5, 0.8, 0.9), 5)
    both = alpha[..., None] * own + (1 - alpha[..., None]) * room
    picture, truth = (
        Frame(planes_from_rgb(rgb, format.pixels, format.colour), format, pts=0)
        for rgb in (both, own)
    )
    return picture, truth, alpha


def rgb_of(planes: tuple[clips.Array, ...], like: Frame) -> clips.Array:
    return rgb_from_planes(planes, like.format.pixels, like.format.colour)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le", "yuv444p", "gbrp", "gbrp16le"])
def test_the_old_rooms_colour_leaves_soft_edges(pixels: str) -> None:
    """The pure colour is found back to within a sixth of the error that the mixture makes."""
    picture, truth, alpha = mixed(pixels)
    band = (alpha > 0.02) & (alpha < 0.98)

    found = rgb_of(estimate_foreground(picture, alpha, OPTIONS), picture)

    wanted = rgb_of(truth.planes, truth)
    before = np.abs(rgb_of(picture.planes, picture) - wanted)[band].mean()
    after = np.abs(found - wanted)[band].mean()
    # Measured: 0.13 of it is left in every layout.
    assert after < before / 6


def test_hair_before_a_room_comes_out_without_the_room(shared: Path) -> None:
    """The same on a real head's alpha: at most a tenth of the mixture's error is left."""
    reader = cv2.VideoCapture(str(shared / "truth" / "head-hair.alpha.mkv"))
    alpha = (reader.read()[1][..., 0] / 255).astype(np.float32)
    reader.release()
    format = clips.video_format("yuv420p", (alpha.shape[1], alpha.shape[0]))
    height, width = alpha.shape
    own = waves(height, width, (0.5, 0.3, 0.2), 17)
    room = waves(height, width, (0.7, 0.8, 0.9), 5)
    both = alpha[..., None] * own + (1 - alpha[..., None]) * room
    picture = Frame(planes_from_rgb(both, format.pixels, format.colour), format, pts=0)
    band = (alpha > 0.02) & (alpha < 0.98)

    found = rgb_of(estimate_foreground(picture, alpha, OPTIONS), picture)

    # Measured: 0.087.
    assert np.abs(found - own)[band].mean() < 0.1 * np.abs(both - own)[band].mean()


@pytest.mark.parametrize("radius_px", [1, 12, 500])
@pytest.mark.parametrize("size", [(96, 64), (95, 63), (1, 1), (3, 2)])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le", "yuv410p", "gbrp16le", "gray"])
def test_what_is_wholly_foreground_is_kept_bit_for_bit(
    pixels: str, size: tuple[int, int], radius_px: float
) -> None:
    """Only mixtures are changed."""
    frame = clips.pattern_frame(clips.video_format(pixels, size))
    alpha = np.ones(size[::-1], np.float32)
    # Where a whole block of chroma is foreground its sample is, too.
    alpha[:, size[0] // 2 // 4 * 4 + 4 :] = 0.4

    planes = estimate_foreground(frame, alpha, ForegroundOptions(radius_px))

    for plane, before in zip(planes, frame.planes, strict=True):
        kept = slice(0, plane.shape[1] * 2 // 5)
        np.testing.assert_array_equal(plane[:, kept], before[:, kept])


@pytest.mark.parametrize("radius_px", [12, 24, 100])
@pytest.mark.parametrize("disc_px", [3, 8])
def test_a_small_foreground_has_its_own_colour(disc_px: float, radius_px: float) -> None:
    """A ball that fills no cell of the grid is not painted black for want of a pure one."""
    size = (320, 240)
    format = clips.video_format("gbrp", size)
    rows, columns = np.indices(size[::-1])
    distance = np.hypot(rows - 118, columns - 163)
    alpha = np.clip((disc_px - distance) / 2 + 0.5, 0, 1).astype(np.float32)
    plane = np.rint(200 * alpha + 120 * (1 - alpha)).astype(np.uint8)

    found = estimate_foreground(
        Frame((plane,) * 3, format, pts=0), alpha, ForegroundOptions(radius_px)
    )[0]

    # Nothing in the picture is darker than 120 or lighter than 200.
    assert found[alpha > 0].min() >= 119
    assert found[alpha > 0.9].min() >= 185


@pytest.mark.parametrize("radius_px", [1, 12, 100])
def test_a_lonely_strand_is_not_black(radius_px: float) -> None:
    """A third of a pixel in a picture without anything pure is little, and better than nothing."""
    size = (320, 240)
    alpha = np.zeros(size[::-1], np.float32)
    alpha[100, 150:154] = 0.3
    plane = np.rint(200 * alpha + 120 * (1 - alpha)).astype(np.uint8)
    frame = Frame((plane,) * 3, clips.video_format("gbrp", size), pts=0)

    found = estimate_foreground(frame, alpha, ForegroundOptions(radius_px))[0]

    assert found[alpha > 0].min() >= 119


def test_far_outside_is_continued_from_the_foreground() -> None:
    """Nothing of the old room is in the foreground's own picture, wherever one looks."""
    picture, _, alpha = mixed("gbrp")

    red = estimate_foreground(picture, alpha, OPTIONS)[2] / 255.0
    blue = estimate_foreground(picture, alpha, OPTIONS)[1] / 255.0

    # The foreground is red everywhere, and the room blue.
    assert (red > 1.5 * blue).mean() > 0.999
    assert (red < blue).sum() == 0


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p10le", "gbrp", "gray"])
def test_with_nothing_in_it_the_foreground_is_black(pixels: str) -> None:
    """Not green, which is what samples of 0 are, and not the room."""
    frame = clips.pattern_frame(clips.video_format(pixels))

    planes = estimate_foreground(frame, np.zeros((64, 96), np.float32), OPTIONS)

    for plane, black in zip(planes, black_samples(frame.format), strict=True):
        assert (plane == black).all()


def test_no_sample_goes_beyond_the_depth() -> None:
    """An estimate may overshoot; ten bits stay ten bits."""
    format = clips.video_format("gbrp10le")
    plane = np.zeros((64, 96), np.uint16)
    plane[:, :52] = 1023
    alpha = np.zeros((64, 96), np.float32)
    # From 44 to 52 the picture is lighter than any mixture of half white and half black can be.
    alpha[:, :44], alpha[:, 44:52] = 1, 0.5

    planes = estimate_foreground(Frame((plane,) * 3, format, pts=0), alpha, OPTIONS)

    assert {int(found.max()) for found in planes} == {1023}


def test_black_is_what_the_tags_say() -> None:
    """Limited and full range, and more than eight bits."""
    full = Colour(range=Range.FULL)
    assert black_samples(clips.video_format("yuv420p")) == (16, 128, 128)
    assert black_samples(clips.video_format("yuv420p", colour=full)) == (0, 128, 128)
    assert black_samples(clips.video_format("yuv422p10le")) == (64, 512, 512)
    assert black_samples(clips.video_format("gbrp")) == (0, 0, 0)
    assert pixel_format("gray").colour_planes == len(black_samples(clips.video_format("gray")))
