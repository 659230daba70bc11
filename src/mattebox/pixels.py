"""Planar pixel formats: family, depth, chroma subsampling, alpha, and the sizes each allows.

A format here is a layout of planes under FFmpeg's name (``yuv420p10le``). What the numbers mean
as light (matrix, primaries, transfer, range) lives in ``colour``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np

from mattebox.errors import FrameError

# (log2 of the chroma height and width, depths, depths with alpha): those that FFmpeg knows, so that
# every layout carried can also be converted and written. Source: libavutil/pixfmt.h.
_ALL = (8, 9, 10, 12, 14, 16)
_YUV: dict[str, tuple[tuple[int, int], tuple[int, ...], tuple[int, ...]]] = {
    "420": ((1, 1), _ALL, (8, 9, 10, 16)),
    "422": ((0, 1), _ALL, (8, 9, 10, 12, 16)),
    "444": ((0, 0), _ALL, (8, 9, 10, 12, 16)),
    "440": ((1, 0), (8, 10, 12), ()),
    "411": ((0, 2), (8,), ()),
    "410": ((2, 2), (8,), ()),
}
_GBRA_DEPTHS = (8, 10, 12, 14, 16)
_ENDIAN = "le" if sys.byteorder == "little" else "be"


class Family(Enum):
    """What the planes hold."""

    GRAY = "gray"  # one plane of luma
    YUV = "yuv"  # luma and two chroma planes (Y, Cb, Cr)
    RGB = "rgb"  # three full planes, in FFmpeg's order: G, B, R


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """A planar layout.

    Attributes:
        name: FFmpeg's name for it.
        family: what the colour planes hold.
        depth: significant bits per sample, 8 to 16; above 8 a sample is a native uint16.
        log2_chroma: how often the height and the width of chroma are halved, (height, width).
        has_alpha: whether a last, full-size, full-range plane holds straight alpha.
    """

    name: str
    family: Family
    depth: int
    log2_chroma: tuple[int, int]
    has_alpha: bool

    @property
    def dtype(self) -> np.dtype[np.uint8] | np.dtype[np.uint16]:
        """The type of one sample."""
        return np.dtype(np.uint8) if self.depth == 8 else np.dtype(np.uint16)

    @property
    def peak(self) -> int:
        """The largest sample value, for example 1023 at 10 bit."""
        return (1 << self.depth) - 1

    @property
    def colour_planes(self) -> int:
        """How many planes hold colour; alpha is not counted."""
        return 1 if self.family is Family.GRAY else 3

    @property
    def size_multiple(self) -> tuple[int, int]:
        """What height and width should be multiples of, (height, width)."""
        return 1 << self.log2_chroma[0], 1 << self.log2_chroma[1]

    def steps(self, index: int) -> tuple[int, int]:
        """Rows and columns of the picture for one sample of a plane."""
        if self.family is Family.YUV and index in (1, 2):
            return 1 << self.log2_chroma[0], 1 << self.log2_chroma[1]
        return 1, 1

    def plane_shapes(self, height: int, width: int) -> tuple[tuple[int, int], ...]:
        """The (height, width) of each plane of a picture; odd sizes round chroma up."""
        chroma_height = -(-height >> self.log2_chroma[0])
        chroma_width = -(-width >> self.log2_chroma[1])
        full, chroma = (height, width), (chroma_height, chroma_width)
        colour = (full,) if self.family is Family.GRAY else (full, chroma, chroma)
        return (*colour, full) if self.has_alpha else colour

    def with_alpha(self) -> PixelFormat:
        """The same layout with an alpha plane.

        Raises:
            FrameError: FFmpeg has no such layout (gray, 4:4:0, 4:1:1, 4:1:0, 14 bit YUV, 12 bit
                4:2:0).
        """
        if self.has_alpha:
            return self
        name = self.name.replace("yuv", "yuva").replace("gbr", "gbra")
        if name == self.name or not is_carried(name):
            raise FrameError(
                f"pixel format {self.name} cannot hold transparency: "
                "no layout of the same samples with alpha exists.",
                "Use one that has such a sibling, for example yuv420p, yuv444p10le or gbrp.",
            )
        return pixel_format(name)

    def without_alpha(self) -> PixelFormat:
        """The same layout with no alpha plane."""
        return pixel_format(self.name.replace("yuva", "yuv").replace("gbra", "gbr"))


@cache
def _table() -> dict[str, PixelFormat]:
    """Every layout mattebox carries, by FFmpeg's name."""
    formats = [
        *(_layout("gray", depth, Family.GRAY) for depth in _ALL),
        *(_layout("gbrp", depth, Family.RGB) for depth in _ALL),
        *(_layout("gbrap", depth, Family.RGB, has_alpha=True) for depth in _GBRA_DEPTHS),
    ]
    for digits, (log2, depths, alpha_depths) in _YUV.items():
        formats += [_layout(f"yuv{digits}p", depth, Family.YUV, log2) for depth in depths]
        formats += [
            _layout(f"yuva{digits}p", depth, Family.YUV, log2, has_alpha=True)
            for depth in alpha_depths
        ]
    return {format.name: format for format in formats}


def _layout(
    stem: str,
    depth: int,
    family: Family,
    log2_chroma: tuple[int, int] = (0, 0),
    *,
    has_alpha: bool = False,
) -> PixelFormat:
    name = stem if depth == 8 else f"{stem}{depth}{_ENDIAN}"
    return PixelFormat(name, family, depth, log2_chroma, has_alpha)


def pixel_format(name: str) -> PixelFormat:
    """The planar layout of that name.

    Raises:
        FrameError: mattebox does not carry frames in it; sources convert to one that it carries.
    """
    try:
        return _table()[name]
    except KeyError:
        raise FrameError(
            f"pixel format {name!r} is not one that mattebox carries: "
            "it takes planar gray, YUV and RGB of 8 to 16 bits.",
            "Use for example yuv420p, yuv422p10le, yuv444p or gbrp.",
        ) from None


def is_carried(name: str) -> bool:
    """Whether frames travel in that layout unchanged."""
    return name in _table()
