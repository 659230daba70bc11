"""Light of the backdrop that spills over the subject's edge, as it does in a lens.

What lives here: where it spills, and what that adds. What does not: laying the subject over
(``composite``). On the CPU, in the cells near an edge only; the caller's thread.

The blurred backdrop b is screened onto the picture x in its own gamma-encoded samples,
x + w b (1 − x), with a weight that falls from the subject's edge inwards, w = α · blur(1 − α). It
only ever brightens, and black adds nothing. The trade's own recipe: Brinkmann, "The Art and Science
of Digital Compositing", second edition, 2008, "light wrap".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.colour import Plane, Planes, scale_and_offset, white_signal
from mattebox.frame import Coverage, VideoFormat
from mattebox.matting.alphas import Alpha, cell_alphas
from mattebox.matting.cells import (
    SIDE,
    Cells,
    Enlarging,
    Patches,
    as_cells,
    in_portions,
    plane_side,
    rounded_sum,
    shrink_cells,
)
from mattebox.matting.grid import shrink_to_grid
from mattebox.pixels import Family

_Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WrapOptions:
    """How much light spills, and how far.

    Attributes:
        strength: in [0, 1]: the share of the backdrop's light at a straight hard edge.
        reach_px: farther than this from what is not wholly subject nothing is changed, in pixels
            of the frame, counted in its rows and in its columns; three samples of chroma at least.
    """

    strength: float
    reach_px: float


class LightWrap:
    """Spills light over the pictures of one stream.

    Args:
        options: see there.
        format: of the frames.
    """

    def __init__(self, options: WrapOptions, format: VideoFormat) -> None:
        self._options, self._pixels = options, format.pixels
        rows, columns = (_span(options.reach_px, step) for step in format.pixels.size_multiple)
        self._span = rows, columns
        self._signal = _Signal(format)
        self._measured: tuple[Planes, Enlarging] | None = None

    def spill(
        self, planes: Sequence[Plane], alpha: Alpha, coverage: Coverage, backdrop: Planes
    ) -> None:
        """Add the light to a composite, in place.

        Args:
            planes: its colour planes, of whole cells.
            alpha: float32 (height, width) in [0, 1], by which it was laid.
            coverage: of that alpha, see ``Matte``.
            backdrop: the planes that it was laid over.
        """
        near = self._near(coverage)
        if not len(near[0]):
            return
        edge, glow = self._edge(alpha, coverage), self._glow(backdrop, coverage.shape)
        sides = [plane_side(index, self._pixels) for index in range(len(planes))]
        views = [as_cells(plane, side) for plane, side in zip(planes, sides, strict=True)]
        for cells in in_portions(near):
            shares = self._shares(edge.at(cells), cell_alphas(alpha, cells, self._pixels))
            parts = [view[cells] for view in views]
            lit = self._signal.screened(parts, shares, glow.at(cells))
            for view, samples in zip(views, lit, strict=True):
                view[cells] = samples

    def _shares(self, outside: Patches, insides: Sequence[Alpha]) -> dict[tuple[int, int], _Floats]:
        """The backdrop's share in some cells, by how many samples they have in a plane."""
        shares = {}
        for inside in insides[:2]:  # those of both chroma planes are one
            side = inside.shape[1], inside.shape[2]
            share = outside.enlarged(0, side)
            # At a straight edge half of the surroundings are outside.
            share *= 2 * self._options.strength
            np.minimum(share, self._options.strength, out=share)
            share *= inside
            shares[side] = share
        return shares

    def _near(self, coverage: Coverage) -> Cells:
        """The cells that have some subject and, in reach of it, something else."""
        around = 2 * -(-round(self._options.reach_px) // SIDE) + 1
        open_ = (coverage < 1).astype(np.uint8)
        reached = cv2.dilate(open_, np.ones((around, around), np.uint8))
        rows, columns = np.nonzero((coverage > 0) & (reached > 0))
        return rows, columns

    def _edge(self, alpha: Alpha, coverage: Coverage) -> Enlarging:
        """What is not subject, blurred; 0 beyond the reach. The frame's edge is no edge of it."""
        shape = tuple(-(-size // span) for size, span in zip(alpha.shape, self._span, strict=True))
        if self._span == (SIDE, SIDE):
            share = coverage
        else:
            share = shrink_to_grid(alpha, (shape[0], shape[1]))
        # Two pixels of the grid are lost to enlarging it.
        around = [max(0, int(self._options.reach_px // span) - 2) for span in self._span]
        return Enlarging([_blurred(1 - share, around)], self._span, coverage.shape)

    def _glow(self, backdrop: Planes, cells: tuple[int, ...]) -> Enlarging:
        """The backdrop's light, blurred; worked out once as long as it is the same."""
        if self._measured is None or self._measured[0] is not backdrop:
            shape = cells[0], cells[1]
            around = [max(2, round(self._options.reach_px / SIDE))] * 2
            maps = [
                _blurred(self._signal.light(shrink_to_grid(plane, shape), index), around)
                for index, plane in enumerate(backdrop)
            ]
            self._measured = backdrop, Enlarging(maps, (SIDE, SIDE), shape)
        return self._measured[1]


class _Signal:
    """Samples of a format as light: black is 0, graphics white 1, chroma what it is beside gray.

    Args:
        format: of the frames.
    """

    def __init__(self, format: VideoFormat) -> None:
        self._pixels = format.pixels
        scale, offset = scale_and_offset(format.pixels, format.is_full_range, chroma=False)
        self._black = np.float32(offset)
        self._white = np.float32(offset + scale * white_signal(format.colour))
        self._middle = np.float32(1 << (format.pixels.depth - 1))
        self._is_yuv = format.pixels.family is Family.YUV

    def light(self, samples: npt.NDArray[Any], index: int) -> _Floats:
        """Samples of one plane: in [0, 1], or, of chroma, what is left without the gray."""
        if self._is_yuv and index:
            tint: _Floats = np.subtract(samples, self._middle, dtype=np.float32)
            return tint
        light: _Floats = np.subtract(samples, self._black, dtype=np.float32)
        light *= 1 / (self._white - self._black)
        np.clip(light, 0, 1, out=light)
        return light

    def screened(
        self, parts: Sequence[Plane], shares: Mapping[tuple[int, int], _Floats], light: Patches
    ) -> Iterator[Plane]:
        """Light screened onto cells of each plane.

        Args:
            parts: (n, h, w) each.
            shares: how much of it, float32 (n, h, w) in [0, 1], by (h, w).
            light: as ``light`` gives it, a map for each plane.
        """
        sides = [(part.shape[1], part.shape[2]) for part in parts]
        if self._is_yuv:
            dark = 1 - self.light(shrink_cells(parts[0], sides[1]), 0)
            bright = light.enlarged(0, sides[1])
        for index, (part, side) in enumerate(zip(parts, sides, strict=True)):
            added = light.enlarged(index, side)
            if self._is_yuv and index:
                # b·(1 − R) of red less the same of luma, but for products of two tints.
                added *= dark
                added -= bright * self.light(part, index)
            else:
                added *= np.maximum(np.subtract(self._white, part, dtype=np.float32), 0)
            added *= shares[side]
            yield rounded_sum(added, part, self._pixels)


def _span(reach_px: float, step: int) -> int:
    """How many pixels of the frame a pixel of the edge's grid has, in one direction."""
    span = step
    while span < SIDE and 8 * span <= reach_px:
        span *= 2
    return span


def _blurred(values: _Floats, around: Sequence[int]) -> _Floats:
    """Weighted by a trapezium that reaches so many rows and columns: nearly a Gaussian."""
    halves = [reach // 2 for reach in around]
    rests = [reach - half for reach, half in zip(around, halves, strict=True)]
    for rows, columns in (halves, rests):
        size = 2 * columns + 1, 2 * rows + 1
        values = np.asarray(cv2.blur(values, size, borderType=cv2.BORDER_REPLICATE), np.float32)
    return values
