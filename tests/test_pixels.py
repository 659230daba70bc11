"""Pixel formats are FFmpeg's, in name and in layout."""

from __future__ import annotations

import re

import av
import av.video.format
import numpy as np
import pytest

from mattebox.errors import FrameError
from mattebox.pixels import Family, is_carried, pixel_format

NAMES: set[str] = av.video.format.names  # type: ignore[attr-defined]
CARRIED = sorted(name for name in NAMES if is_carried(name))
CLEAR = [name for name in CARRIED if pixel_format(name).has_alpha]
PLANAR = re.compile(r"(gray|yuva?4[0-9]{2}p|gbra?p)(9le|10le|12le|14le|16le)?$")


def test_every_planar_format_of_8_to_16_bits_is_carried() -> None:
    """Found by its name in FFmpeg's own list, so that nothing is forgotten and nothing invented."""
    assert [name for name in sorted(NAMES) if PLANAR.match(name)] == CARRIED


@pytest.mark.parametrize("name", CARRIED)
def test_a_layout_is_the_one_ffmpeg_has_under_that_name(name: str) -> None:
    """Depth, planes, alpha, and the size of every plane, also at odd sizes."""
    ours, theirs = pixel_format(name), av.VideoFormat(name)
    assert ours.name == name
    assert {part.bits for part in theirs.components} == {ours.depth}
    assert ours.has_alpha == any(part.is_alpha for part in theirs.components)
    assert len(theirs.components) == ours.colour_planes + ours.has_alpha
    assert theirs.is_rgb == (ours.family is Family.RGB)
    assert theirs.is_planar or ours.family is Family.GRAY
    for height, width in ((64, 96), (17, 33), (1, 1), (3, 5)):
        shapes = [(height, width)] * len(theirs.components)
        if ours.family is Family.YUV:
            shapes[1:3] = [(theirs.chroma_height(height), theirs.chroma_width(width))] * 2
        assert list(ours.plane_shapes(height, width)) == shapes


@pytest.mark.parametrize("name", CARRIED)
def test_a_sample_type_holds_the_peak(name: str) -> None:
    """8 bits in bytes, more in native 16-bit words."""
    layout = pixel_format(name)
    assert layout.peak == 2**layout.depth - 1
    assert layout.dtype == (np.uint8 if layout.depth == 8 else np.uint16)


@pytest.mark.parametrize("name", CLEAR)
def test_alpha_is_taken_away_and_added_without_touching_the_colour(name: str) -> None:
    """There and back is the same layout; what has alpha, or none, already stays as it is."""
    layout = pixel_format(name)
    bare = layout.without_alpha()
    assert not bare.has_alpha
    assert (bare.family, bare.depth, bare.log2_chroma) == (
        layout.family,
        layout.depth,
        layout.log2_chroma,
    )
    assert bare.with_alpha() == layout
    assert layout.with_alpha() is layout
    assert bare.without_alpha() is bare


@pytest.mark.parametrize("name", sorted(set(CARRIED) - set(CLEAR)))
def test_a_layout_without_a_transparent_sibling_says_so(name: str) -> None:
    """It is refused here, and not deep inside an encoder: gray, 4:4:0, 4:1:1, some odd depths."""
    sibling = name.replace("yuv", "yuva").replace("gbr", "gbra")
    if sibling in CLEAR:
        assert pixel_format(name).with_alpha().name == sibling
        return
    with pytest.raises(FrameError, match=f"{name} cannot hold transparency") as caught:
        pixel_format(name).with_alpha()
    assert caught.value.advice


@pytest.mark.parametrize("name", ["nv12", "rgb24", "yuvj420p", "yuv420p10be", "p010le", "", "x"])
def test_other_formats_are_refused_by_name(name: str) -> None:
    """Sources convert them; the message says to what."""
    assert not is_carried(name)
    with pytest.raises(FrameError, match=re.escape(repr(name))) as caught:
        pixel_format(name)
    assert "yuv420p" in caught.value.advice


@pytest.mark.parametrize(
    ("name", "multiple"),
    [("yuv420p", (2, 2)), ("yuv422p", (1, 2)), ("yuv411p", (1, 4)), ("gbrp", (1, 1))],
)
def test_sizes_should_be_multiples_of_the_chroma_samples(
    name: str, multiple: tuple[int, int]
) -> None:
    """Height first."""
    assert pixel_format(name).size_multiple == multiple
