"""The eight ways a picture can lie, against what numpy does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import clips
from mattebox.pixels import pixel_format
from mattebox.sources.orientation import (
    UPRIGHT,
    Orientation,
    from_degrees,
    from_display_matrix,
    from_exif,
)

Array = npt.NDArray[Any]
ONE = 1 << 16  # 1.0 in the 16.16 fixed point of a display matrix

# What each Exif value asks for, done with numpy.
TRUTH: dict[int, Callable[[Array], Array]] = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: np.transpose,
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).T,
    8: np.rot90,
}


@pytest.mark.parametrize("value", TRUTH)
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p12le", "gbrap", "yuv410p"])
def test_exif_orientations_stand_the_picture_upright(value: int, pixels: str) -> None:
    """Every sample of every plane, moved and not changed."""
    layout = pixel_format(pixels)
    planes = clips.pattern_planes(layout, 32, 48)
    turned = from_exif(value).turn(planes, layout)
    assert from_exif(value).turned(layout) == layout
    for plane, stored in zip(turned, planes, strict=True):
        np.testing.assert_array_equal(plane, TRUTH[value](stored))
        assert plane.flags.c_contiguous


@pytest.mark.parametrize(
    ("pixels", "target", "chroma"),
    [
        ("yuv422p", "yuv444p", (48, 32)),
        ("yuv422p10le", "yuv444p10le", (48, 32)),
        ("yuva422p", "yuva444p", (48, 32)),
        ("yuv411p", "yuv444p", (48, 32)),
        ("yuv440p", "yuv422p", (48, 16)),
    ],
)
def test_a_quarter_turn_keeps_every_chroma_sample(
    pixels: str, target: str, chroma: tuple[int, int]
) -> None:
    """4:2:2 on its side would be 4:4:0, which nothing plays: it becomes 4:4:4 by repeating."""
    layout = pixel_format(pixels)
    planes = clips.pattern_planes(layout, 32, 48)
    turned = from_exif(6).turn(planes, layout)
    assert from_exif(6).turned(layout).name == target
    assert [p.shape for p in turned] == list(pixel_format(target).plane_shapes(48, 32))
    assert turned[1].shape == chroma
    wide = planes[1].repeat(chroma[0] // planes[1].shape[1], axis=1)
    np.testing.assert_array_equal(turned[1], np.rot90(wide, -1))


def test_odd_sizes_with_subsampled_chroma_keep_their_shapes() -> None:
    """Chroma of an odd picture is rounded up, lying or standing."""
    layout = pixel_format("yuv422p")
    turned = from_exif(8).turn(clips.pattern_planes(layout, 31, 47), layout)
    assert [plane.shape for plane in turned] == [(47, 31)] * 3


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_an_undefined_exif_value_asks_for_nothing(value: int) -> None:
    """Cameras write what they like."""
    assert from_exif(value) == UPRIGHT


def test_upright_planes_are_not_copied() -> None:
    """The common case costs nothing."""
    planes = clips.pattern_planes(pixel_format("yuv420p"), 32, 48)
    assert UPRIGHT.turn(planes, pixel_format("yuv420p")) is planes


@pytest.mark.parametrize(("degrees", "value"), [(0, 1), (90, 6), (180, 3), (270, 8), (-90, 8)])
def test_degrees_are_clockwise(degrees: int, value: int) -> None:
    """The tag that FFmpeg once wrote."""
    assert from_degrees(degrees) == from_exif(value)
    assert from_degrees(degrees + 45) is None


@pytest.mark.parametrize("value", TRUTH)
def test_a_display_matrix_moves_corners_as_the_standard_says(value: int) -> None:
    """The matrix is built from where three corners go; nothing of the code under test is used."""
    marks = np.arange(12).reshape(3, 4)
    shown = TRUTH[value](marks)
    origin, right, below = (np.argwhere(shown == marks[at])[0] for at in ((0, 0), (0, 3), (2, 0)))
    across, down = np.sign(right - origin), np.sign(below - origin)
    matrix = [across[1], across[0], 0, down[1], down[0], 0, 0, 0, 1 << 14]
    assert from_display_matrix([int(entry) * ONE for entry in matrix]) == from_exif(value)


def test_an_odd_angle_is_no_orientation() -> None:
    """A picture turned by 30 degrees has no planes."""
    cos, sin = round(ONE * 0.866), round(ONE * 0.5)
    assert from_display_matrix([cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 30]) is None
    assert from_display_matrix([0] * 9) in {None, Orientation()}
