"""Laws of changing the light on a picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

import clips
from mattebox.colour import Colour, Range, planes_from_rgb, rgb_from_planes
from mattebox.frame import Frame, Matte
from mattebox.matting.cells import coverage_of, gather, plane_side
from mattebox.matting.composite import composite
from mattebox.matting.tone import Tone, Toning

LAYOUTS = ["yuv420p", "yuv420p10le", "yuv422p12le", "yuv444p", "yuv411p", "gbrp", "gray16le"]
SIZES = [(96, 64), (95, 63), (1, 1), (3, 5)]
WARM = Tone(0.5, 0.1, -0.3)


def picture(size: tuple[int, int] = (96, 64)) -> clips.Array:
    """A smooth RGB picture without strong colours, from dark to light."""
    width, height = size
    across = np.linspace(0, 1, width)[None, :, None]
    down = np.linspace(0, 1, height)[:, None, None]
    base = 0.1 + 0.7 * across * (0.5 + 0.5 * down)
    return np.asarray(base * np.array([1.0, 0.9, 0.8]), np.float32)


def frame_of(rgb: clips.Array, pixels: str, colour: Colour | None = None) -> Frame:
    format = clips.video_format(pixels, (rgb.shape[1], rgb.shape[0]), colour=colour)
    return Frame(planes_from_rgb(rgb, format.pixels, format.colour), format, pts=0)


def toned(frame: Frame, tone: Tone) -> Frame:
    """All of a frame in another light."""
    whole = torch.ones(frame.format.height, frame.format.width)
    return composite(Matte(frame, whole), frame.colour_planes, None, tone)


def rgb_of(frame: Frame) -> clips.Array:
    return rgb_from_planes(frame.planes, frame.format.pixels, frame.format.colour)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("pixels", LAYOUTS)
def test_light_that_does_not_change_changes_no_bit(pixels: str, size: tuple[int, int]) -> None:
    """Also of samples that lie outside of a limited range."""
    format = clips.video_format(pixels, size)
    planes = [plane.copy() for plane in clips.pattern_frame(format).planes]
    planes[0][: size[1] // 2] = np.arange(size[0]) * format.pixels.peak // size[0]
    frame = Frame(tuple(planes), format, pts=0)

    result = toned(frame, Tone(0, 0, 0))

    for got, wanted in zip(result.planes, frame.planes, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("stops", [-1.5, -0.4, 0.4, 1.5])
@pytest.mark.parametrize("pixels", ["yuv444p10le", "gbrp10le", "gray10le"])
def test_a_gray_is_brightened_by_so_many_stops(pixels: str, stops: float) -> None:
    """A stop doubles light, and SDR's gamma is 2.2; black stays black, and what rises rises."""
    ramp = np.repeat(np.linspace(0, 1, 96, dtype=np.float32)[None, :, None], 16, 0).repeat(3, 2)

    gray = rgb_of(toned(frame_of(ramp, pixels), Tone(stops, stops, stops)))[8, :, 1]

    assert gray[0] == 0
    assert (np.diff(gray) >= -1e-3).all()
    dark = 12  # far from white, where brightening is held back
    expected = np.log2(gray[dark] / ramp[8, dark, 1]) * 2.2
    assert expected == pytest.approx(stops, abs=0.06)
    assert gray[-1] == pytest.approx(1 if stops > 0 else 2 ** (stops / 2.2), abs=0.01)


@pytest.mark.parametrize("tone", [WARM, Tone(-0.6, -0.8, -0.4), Tone(0.9, 0.9, 0.9)])
def test_yuv_becomes_what_rgb_becomes(tone: Tone) -> None:
    """One light, whatever the planes mean: to within three hundredths on everyday colours."""
    rgb = picture()

    yuv, plain = (rgb_of(toned(frame_of(rgb, pixels), tone)) for pixels in ("yuv444p", "gbrp"))

    assert np.abs(plain - rgb).max() > 0.05
    assert np.abs(yuv - plain).max() < 0.03


@pytest.mark.parametrize("limits", [Range.LIMITED, Range.FULL])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le", "yuv420p12le"])
def test_depth_and_range_do_not_matter(pixels: str, limits: Range) -> None:
    """To within the steps of 8 bits, in each of three rounded planes."""
    rgb = picture()
    reference = rgb_of(toned(frame_of(rgb, "yuv420p16le"), WARM))

    got = rgb_of(toned(frame_of(rgb, pixels, Colour(range=limits)), WARM))

    assert np.abs(got - reference).max() < 0.016


@pytest.mark.parametrize("size", [(96, 64), (95, 63), (40, 8)])
@pytest.mark.parametrize("pixels", LAYOUTS)
def test_cells_become_what_planes_become(pixels: str, size: tuple[int, int]) -> None:
    """The soft edge has the light of what it belongs to."""
    frame = clips.pattern_frame(clips.video_format(pixels, size))
    coverage = coverage_of(np.ones(size[::-1], np.float32))
    toning, layout = Toning(WARM, frame.format), frame.format.pixels
    rows, columns = np.nonzero(coverage)
    cells = rows, columns
    sides = [plane_side(index, layout) for index in range(layout.colour_planes)]

    planes = toning.planes(frame, coverage)
    parts = toning.cells(
        gather(plane, side, cells).astype(np.float32)
        for plane, side in zip(frame.colour_planes, sides, strict=True)
    )

    for plane, side, part in zip(planes, sides, parts, strict=True):
        assert part.dtype == layout.dtype
        assert part.max() <= layout.peak
        # Repeated edges are averaged with what lies beside them or not: only inner cells compare.
        inner = (cells[0] < coverage.shape[0] - 1) & (cells[1] < coverage.shape[1] - 1)
        wanted = gather(plane, side, cells)[inner].astype(int)
        assert np.abs(part[inner].astype(int) - wanted).max(initial=0) <= 1


@pytest.mark.parametrize("pixels", LAYOUTS)
def test_only_the_foreground_is_in_another_light(pixels: str) -> None:
    """The backdrop is exact where alpha is 0."""
    frame = clips.pattern_frame(clips.video_format(pixels))
    backdrop = clips.pattern_frame(frame.format, 1).colour_planes
    alpha = torch.zeros(64, 96)
    alpha[16:40, 16:48] = 1

    plain, other = (composite(Matte(frame, alpha), backdrop, None, t) for t in (None, WARM))

    for before, after in zip(plain.planes, other.planes, strict=True):
        changed = before != after
        rows, columns = 64 // changed.shape[0], 96 // changed.shape[1]
        inside = changed[16 // rows : 40 // rows, 16 // columns : 48 // columns]
        assert inside.any()
        assert changed.sum() == inside.sum()


@pytest.mark.parametrize("pixels", LAYOUTS)
def test_the_soft_edge_is_in_the_same_light(pixels: str) -> None:
    """Half a foreground is half of the foreground in its other light."""
    frame = clips.pattern_frame(clips.video_format(pixels))
    backdrop = clips.pattern_frame(frame.format, 1).colour_planes

    half = composite(Matte(frame, torch.full((64, 96), 0.5)), backdrop, None, WARM)

    for got, whole, behind in zip(half.planes, toned(frame, WARM).planes, backdrop, strict=True):
        assert np.abs(got - (whole.astype(float) + behind) / 2).max() <= 1


def test_pq_doubles_its_light() -> None:
    """HDR is brightened as HDR: mid-gray at one stop less has half the light."""
    hdr = Colour(matrix=9, primaries=9, transfer=16, range=Range.LIMITED)
    frame = frame_of(np.full((16, 16, 3), 0.5, np.float32), "yuv420p10le", hdr)

    light = [
        float(rgb_of(toned(frame, Tone(stops, stops, stops)))[8, 8, 1]) for stops in (0, -0.5, -1)
    ]

    for brighter, darker in pairwise(light):
        linear = [((value + 0.055) / 1.055) ** 2.4 for value in (brighter, darker)]
        assert np.log2(linear[0] / linear[1]) == pytest.approx(0.5, abs=0.05)
