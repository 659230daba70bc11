"""Formats, frames and mattes refuse what does not fit, and say what they are."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import numpy as np
import pytest
import torch

import clips
from mattebox.colour import Colour, Range
from mattebox.errors import FrameError
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.pixels import pixel_format


@pytest.mark.parametrize("size", [(0, 64), (64, 0), (-2, 64)])
def test_a_format_has_at_least_one_pixel(size: tuple[int, int]) -> None:
    """The message echoes the size."""
    with pytest.raises(FrameError, match=f"{size[0]}×{size[1]}"):
        clips.video_format("yuv420p", size)


@pytest.mark.parametrize("field", ["time_base", "sample_aspect"])
@pytest.mark.parametrize("value", [Fraction(0), Fraction(-1, 25)])
def test_time_bases_and_pixel_aspects_are_positive(field: str, value: Fraction) -> None:
    """A tick of no length would make every clock stand still."""
    good = clips.video_format()
    changed = {"time_base": good.time_base, "sample_aspect": good.sample_aspect, field: value}
    with pytest.raises(FrameError, match="must be above 0"):
        VideoFormat(
            good.width,
            good.height,
            good.pixels,
            changed["time_base"],
            sample_aspect=changed["sample_aspect"],
        )


def test_a_format_reads_well() -> None:
    """In messages: size, layout and rate, and no more."""
    assert str(clips.video_format("yuv420p10le", (1280, 720))) == "1280×720 yuv420p10le, 25 fps"
    assert str(replace(clips.video_format(), rate=None)) == "96×64 yuv420p"


def test_a_format_keeps_everything_but_the_layout() -> None:
    """``with_pixels`` is for layers that add alpha."""
    colour = Colour(matrix=1, range=Range.LIMITED)
    format = clips.video_format(colour=colour)
    clear = format.with_pixels(pixel_format("yuva420p"))
    assert clear.plane_shapes == ((64, 96), (32, 48), (32, 48), (64, 96))
    assert replace(clear, pixels=format.pixels) == format


@pytest.mark.parametrize(
    ("pixels", "range", "full"),
    [
        ("yuv420p", Range.UNSPECIFIED, False),
        ("yuv420p", Range.FULL, True),
        ("gbrp", Range.UNSPECIFIED, True),
        ("gbrp", Range.LIMITED, False),
        ("gray", Range.UNSPECIFIED, True),
    ],
)
def test_untagged_video_has_limited_range_and_untagged_rgb_full(
    pixels: str, range: Range, full: bool
) -> None:
    """As players take it; a tag wins."""
    assert clips.video_format(pixels, colour=Colour(range=range)).is_full_range is full


@pytest.mark.parametrize("pixels", ["gray", "yuv420p", "yuv422p10le", "yuva444p", "gbrap16le"])
def test_a_frame_takes_planes_that_fit_and_no_others(pixels: str) -> None:
    """One missing, one too large, one of another type: the message shows both sides."""
    format = clips.video_format(pixels, (33, 17))
    planes = clips.pattern_planes(format.pixels, 17, 33)
    frame = Frame(planes, format, pts=0)
    assert len(frame.colour_planes) == format.pixels.colour_planes
    assert all(a is b for a, b in zip(frame.colour_planes, planes, strict=False))
    with pytest.raises(FrameError, match=r"33×17"):
        Frame(planes[:-1], format, pts=0)
    with pytest.raises(FrameError, match=r"\(18, 33\).*\(17, 33\)"):
        Frame((np.zeros((18, 33), format.pixels.dtype), *planes[1:]), format, pts=0)
    wrong = np.uint16 if format.pixels.depth == 8 else np.uint8
    with pytest.raises(FrameError, match=str(np.dtype(wrong))):
        Frame(tuple(plane.astype(wrong) for plane in planes), format, pts=0)


def test_frames_and_mattes_are_frozen_and_compare_by_identity() -> None:
    """Comparing pixels by accident would be slow, and ambiguous."""
    frame = clips.pattern_frame(clips.video_format())
    assert frame != clips.pattern_frame(clips.video_format())
    with pytest.raises(FrozenInstanceError):
        frame.pts = 3  # type: ignore[misc]


def test_a_matte_fits_its_frame() -> None:
    """Height first: a transposed alpha is refused."""
    frame = clips.pattern_frame(clips.video_format())
    assert Matte(frame, torch.zeros(64, 96)).frame is frame
    with pytest.raises(FrameError, match=r"\(96, 64\).*\(64, 96\)"):
        Matte(frame, torch.zeros(96, 64))


def test_frames_and_mattes_print_what_they_are_and_no_pixels() -> None:
    """A log line stays a line."""
    frame = clips.pattern_frame(clips.video_format(), 3)
    assert repr(frame) == "Frame(96×64 yuv420p, 25 fps, pts=120, time_base=1/1000)"
    assert "alpha=(64, 96)" in repr(Matte(frame, torch.zeros(64, 96)))
