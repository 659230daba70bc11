"""Laws of the picture that lies over others."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Literal

import numpy as np
import pytest
import torch

import clips
from mattebox.colour import planes_from_rgb, rgb_from_planes
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.matting.overlay import Overlaid, OverlayOptions, Rgba
from mattebox.pixels import pixel_format

OPTIONS = OverlayOptions("bottom-right", width=0.25, margin=0.05, opacity=1.0)
LAYOUTS = ["yuv420p", "yuv422p10le", "yuv444p", "yuv410p", "gbrp", "gray", "yuva420p", "gbrap"]
Anchor = Literal["center", "top", "left", "top-left", "bottom-right", "right"]


class Passing:
    """A layer that shows the frame itself."""

    def open(self, format: VideoFormat) -> VideoFormat:
        """As it is."""
        return format

    def render(self, matte: Matte) -> Frame:
        """The frame."""
        return matte.frame

    def close(self) -> None:
        """Nothing is held."""


def of(pixels: str, size: tuple[int, int] = (90, 160)) -> VideoFormat:
    return VideoFormat(size[1], size[0], pixel_format(pixels), Fraction(1, 30), Fraction(30))


def logo(alpha: float = 1.0, size: tuple[int, int] = (20, 40)) -> Rgba:
    """One colour, as opaque as said."""
    return np.tile(np.array([0.9, 0.3, 0.1, alpha], np.float32), (*size, 1))


def over(frame: Frame, picture: Rgba, options: OverlayOptions = OPTIONS) -> Frame:
    layer = Overlaid(Passing(), picture, options)
    assert layer.open(frame.format) == frame.format
    size = frame.format.height, frame.format.width
    return layer.render(Matte(frame, torch.zeros(size)))


def changed(one: Frame, other: Frame) -> tuple[int, int, int, int]:
    """(top, bottom, left, right) of where the first planes differ."""
    rows, columns = np.nonzero(one.planes[0] != other.planes[0])
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


@pytest.mark.parametrize("pixels", LAYOUTS)
@pytest.mark.parametrize("size", [(96, 160), (91, 161)])
def test_exact_where_opaque_and_untouched_outside(pixels: str, size: tuple[int, int]) -> None:
    """In every plane; the frame that it came in is left as it was."""
    frame = clips.pattern_frame(of(pixels, size), 3)
    before = [plane.copy() for plane in frame.planes]
    shown = over(frame, logo())
    expected = planes_from_rgb(logo()[..., :3], frame.format.pixels, frame.format.colour)
    margin, width = round(0.05 * size[1]), round(0.25 * size[1])
    bottom, right = size[0] - margin, size[1] - margin
    top, left = bottom - width // 2, right - width
    multiple = frame.format.pixels.size_multiple
    for index, (plane, was, now) in enumerate(zip(before, frame.planes, shown.planes, strict=True)):
        assert np.array_equal(plane, was)
        rows, columns = multiple if index in (1, 2) else (1, 1)
        inside = now[-(-top // rows) : bottom // rows, -(-left // columns) : right // columns]
        assert inside.size > 0
        assert np.all(inside == expected[index][0, 0])
        outside = np.ones(plane.shape, bool)
        outside[top // rows : -(-bottom // rows), left // columns : -(-right // columns)] = False
        assert np.array_equal(now[outside], plane[outside])


def test_half_of_it_is_half_way() -> None:
    """By its own alpha or by the opacity, which are the same."""
    frame = clips.pattern_frame(of("gbrp"), 3)
    opaque, half = over(frame, logo()), over(frame, logo(0.5))
    for below, above, found in zip(frame.planes, opaque.planes, half.planes, strict=True):
        middle = (below.astype(float) + above) / 2
        assert np.abs(found - middle).max() <= 0.5
    dimmed = over(frame, logo(), replace(OPTIONS, opacity=0.5))
    assert all(map(np.array_equal, dimmed.planes, half.planes))
    assert all(map(np.array_equal, over(frame, logo(0.0)).planes, frame.planes))


@pytest.mark.parametrize(
    ("anchor", "place"),
    [
        ("center", (35, 55, 60, 100)),
        ("top", (8, 28, 60, 100)),
        ("left", (35, 55, 8, 48)),
        ("top-left", (8, 28, 8, 48)),
        ("bottom-right", (62, 82, 112, 152)),
        ("right", (35, 55, 112, 152)),
    ],
)
def test_it_lies_where_it_is_anchored(anchor: Anchor, place: tuple[int, int, int, int]) -> None:
    """With the margin to the edges that are named."""
    frame = clips.pattern_frame(of("gbrp"), 3)
    shown = over(frame, logo(), replace(OPTIONS, anchor=anchor))
    assert changed(frame, shown) == pytest.approx(place, abs=1)


def test_what_would_be_too_high_becomes_narrower() -> None:
    """It stays inside the margins, and keeps its shape."""
    frame = clips.pattern_frame(of("gbrp"), 3)
    top, bottom, left, right = changed(frame, over(frame, logo(size=(80, 20))))
    assert (top, bottom) == pytest.approx((8, 82), abs=1)
    assert right - left == pytest.approx(74 / 4, abs=1)


def test_the_hidden_colour_does_not_bleed() -> None:
    """What is transparent may be of any colour: at the edge it is not seen."""
    picture = logo(size=(64, 128))
    picture[:, ::2, 3] = 0
    other = picture.copy()
    other[:, ::2, :3] = (0, 1, 0)
    frame = clips.pattern_frame(of("yuv420p"), 3)
    assert all(map(np.array_equal, over(frame, picture).planes, over(frame, other).planes))


def test_over_nothing_it_is_seen_as_it_is() -> None:
    """Over what is transparent, colour and alpha are the picture's own."""
    format = of("gbrap")
    planes = tuple(np.zeros(shape, np.uint8) for shape in format.plane_shapes)
    shown = over(Frame(planes, format, 0), logo(0.5), replace(OPTIONS, anchor="center"))
    green, blue, red, alpha = (int(plane[45, 80]) for plane in shown.planes)
    assert (red, green, blue, alpha) == pytest.approx((0.9 * 255, 0.3 * 255, 0.1 * 255, 128), abs=1)
    assert shown.planes[-1][2, 2] == 0


@pytest.mark.parametrize("size", [(90, 160), (720, 1280)])
def test_untagged_colour_comes_back_as_the_whole_frame_is_read(size: tuple[int, int]) -> None:
    """The matrix is guessed from the frame's height, not from the overlay's."""
    frame = clips.pattern_frame(of("yuv444p", size), 3)
    shown = over(frame, logo(), replace(OPTIONS, anchor="center"))
    rgb = rgb_from_planes(shown.colour_planes, frame.format.pixels, frame.format.colour)
    middle = rgb[size[0] // 2, size[1] // 2]
    assert middle == pytest.approx((0.9, 0.3, 0.1), abs=0.01)
