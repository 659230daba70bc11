"""Saved mattes find their frames by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import clips
from mattebox.errors import SourceError
from mattebox.frame import Frame
from mattebox.matting.recall import recalling
from mattebox.timing import rescale

FINE, COARSE = Fraction(1, 15360), Fraction(1, 1000)
PTS = (0, 512, 1024, 1100, 2048)


def frames(
    pts: Sequence[int], *, time_base: Fraction = FINE, pixels: str = "yuv420p"
) -> list[Frame]:
    format = replace(clips.video_format(pixels), time_base=time_base)
    planes = clips.pattern_planes(format.pixels, format.height, format.width)
    return [Frame(planes, format, moment) for moment in pts]


def mattes(pts: Sequence[int], *, time_base: Fraction = COARSE) -> Iterator[Frame]:
    """Pictures whose level says which one they are."""
    format = replace(clips.video_format("gray"), time_base=time_base)
    for number, moment in enumerate(pts):
        plane = np.full((format.height, format.width), 10 * number, np.uint8)
        yield Frame((plane,), format, moment)


def levels(
    pts: Sequence[int], saved: Iterator[Frame], shift_s: Fraction = Fraction(0)
) -> list[int]:
    found = recalling(iter([[frame] for frame in frames(pts)]), saved, shift_s)
    return [round(float(matte.alpha[0, 0]) * 25.5) for matte in found]


def test_times_that_the_container_rounded_are_the_same_moments() -> None:
    """Matroska knows milliseconds only."""
    rounded = [rescale(moment, FINE, COARSE) for moment in PTS]
    assert levels(PTS, mattes(rounded)) == [0, 1, 2, 3, 4]


def test_pictures_of_frames_that_are_not_there_are_passed_over() -> None:
    """A clip that was cut still finds what is left."""
    rounded = [rescale(moment, FINE, COARSE) for moment in PTS]
    assert levels([PTS[1], PTS[4]], mattes(rounded)) == [1, 4]


def test_a_matte_that_was_moved_to_begin_at_zero_is_moved_back() -> None:
    """A container may have no times before 0."""
    early = [moment - 6144 for moment in PTS]  # 0.4 s
    rounded = [rescale(moment, FINE, COARSE) for moment in PTS]
    assert levels(early, mattes(rounded), Fraction(2, 5)) == [0, 1, 2, 3, 4]


def test_a_frame_without_a_picture_is_an_error_that_names_its_time() -> None:
    """Nothing is guessed."""
    rounded = [rescale(moment, FINE, COARSE) for moment in PTS if moment != 1024]
    with pytest.raises(SourceError, match=r"0\.067 s"):
        levels(PTS, mattes(rounded))


def test_a_matte_of_another_size_belongs_to_another_file() -> None:
    """Refused with both sizes."""
    format = clips.video_format("gray", (32, 32))
    picture = Frame((np.zeros((32, 32), np.uint8),), format, 0)
    with pytest.raises(SourceError, match="32×32"):
        list(recalling(iter([frames([0])]), iter([picture]), Fraction(0)))
