"""How a picture fills a frame of another shape."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mattebox.anchor import Anchor
from mattebox.backdrops.fit import Box, Fit, Picture, lay_out, place, placement
from mattebox.colour import Rgb

SQUARE = Fraction(1)


def disc(height: int, width: int, radius: float) -> Rgb:
    """A white disc in the middle of a gray picture."""
    rows, columns = np.mgrid[:height, :width]
    inside = np.hypot(rows - (height - 1) / 2, columns - (width - 1) / 2) < radius
    return np.where(inside[..., None], np.float32(1), np.float32(0.25)).repeat(3, axis=2)


def extent(rgb: Rgb) -> tuple[int, int]:
    """(height, width) of what is white."""
    white = rgb[..., 0] > 0.6
    return int(white.any(axis=1).sum()), int(white.any(axis=0).sum())


@pytest.mark.parametrize("fit", ["cover", "contain", "tile"])
@pytest.mark.parametrize("sample_aspect", [Fraction(1), Fraction(4, 3), Fraction(1, 2)])
def test_circles_stay_circles_when_shown(fit: Fit, sample_aspect: Fraction) -> None:
    """Only stretch bends; a frame of wide pixels gets a picture that is squeezed beforehand."""
    rgb = place(disc(120, 160, 25), (90, 110), fit, "center", sample_aspect=sample_aspect)
    height, width = extent(rgb)
    assert width * float(sample_aspect) == pytest.approx(height, abs=1 + float(sample_aspect))


def test_stretch_fills_the_frame_with_all_of_the_picture() -> None:
    """Whatever becomes of circles."""
    rgb = place(disc(100, 100, 40), (50, 200), "stretch", "center", sample_aspect=SQUARE)
    assert extent(rgb) == pytest.approx((40, 160), abs=2)


@pytest.mark.parametrize(
    ("anchor", "cut"),
    [
        ("center", Box(0, 50, 100, 100)),
        ("left", Box(0, 0, 100, 100)),
        ("right", Box(0, 100, 100, 100)),
        ("top", Box(0, 50, 100, 100)),
        ("bottom-right", Box(0, 100, 100, 100)),
    ],
)
def test_cover_cuts_what_sticks_out_away_from_the_anchor(anchor: Anchor, cut: Box) -> None:
    """A wide picture in a square frame loses its sides."""
    where = placement((100, 200), (50, 50), "cover", anchor, SQUARE)
    assert where.cut == cut
    assert where.box == Box(0, 0, 50, 50)


@pytest.mark.parametrize(
    ("anchor", "top"), [("top", 0), ("center", 25), ("bottom", 50), ("top-left", 0), ("right", 25)]
)
def test_contain_shows_all_of_it_with_bars(anchor: Anchor, top: int) -> None:
    """Nothing is cut; the bars have the fill's colour and the picture lies at the anchor."""
    white = np.ones((100, 200, 3), np.float32)
    rgb = place(white, (100, 100), "contain", anchor, sample_aspect=SQUARE, fill=(1.0, 0.0, 0.0))
    assert (rgb[top : top + 50] == 1).all()
    bars = np.delete(rgb, np.s_[top : top + 50], axis=0)
    assert (bars == (1, 0, 0)).all()


@pytest.mark.parametrize("anchor", ["center", "top-left", "bottom-right"])
@pytest.mark.parametrize("size", [(23, 31), (3, 5), (64, 96)])
def test_tile_repeats_the_picture_row_for_row(anchor: Anchor, size: tuple[int, int]) -> None:
    """Unscaled, in every direction, and whole at its anchor."""
    picture = np.random.default_rng(0).random((7, 9, 3), np.float32)
    rgb = place(picture, size, "tile", anchor, sample_aspect=SQUARE)
    assert (rgb[7:] == rgb[:-7]).all()
    assert (rgb[:, 9:] == rgb[:, :-9]).all()
    if anchor == "top-left" and size == (64, 96):
        assert (rgb[:7, :9] == picture).all()
    if anchor == "bottom-right" and size == (64, 96):
        assert (rgb[-7:, -9:] == picture).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_white_is_one_in_every_sample_type(dtype: type) -> None:
    """8, 16 bits and floats; flat stays flat when shrunk and when enlarged."""
    peak = 1 if dtype is np.float32 else np.iinfo(dtype).max
    picture: Picture = np.full((40, 60, 3), peak, dtype)
    for size in ((10, 20), (80, 90), (20, 200), (1, 1)):
        rgb = place(picture, size, "cover", "center", sample_aspect=SQUARE)
        assert rgb.shape == (*size, 3)
        assert np.abs(rgb - 1).max() < 1e-5


def test_shrinking_averages_and_does_not_skip() -> None:
    """Fine stripes become gray: no pixel of the picture is left out."""
    stripes = np.zeros((64, 64, 3), np.float32)
    stripes[:, ::2] = 1
    rgb = place(stripes, (16, 16), "stretch", "center", sample_aspect=SQUARE)
    assert np.abs(rgb - 0.5).max() < 0.01


@pytest.mark.parametrize("fit", ["contain", "tile"])
@pytest.mark.parametrize("frame", [(17, 33), (64, 96), (1, 1), (50, 51)])
def test_an_aligned_box_lies_on_whole_chroma_samples(fit: Fit, frame: tuple[int, int]) -> None:
    """Else luma and chroma of subsampled planes would come to lie apart."""
    where = placement((30, 47), frame, fit, "center", SQUARE).aligned(frame, (2, 4))
    assert where.box.top % 2 == 0
    assert where.box.left % 4 == 0
    if fit == "tile":
        assert where.box.height % 2 == where.box.width % 4 == 0
    else:
        assert 1 <= where.box.top + where.box.height <= frame[0]
        assert 1 <= where.box.left + where.box.width <= frame[1]


def test_a_picture_that_fits_is_not_copied() -> None:
    """The common case, a video of the frame's size, costs nothing."""
    plane = np.zeros((4, 6), np.uint8)
    assert lay_out(plane, (4, 6), Box(0, 0, 4, 6), repeated=False, fill=0) is plane
