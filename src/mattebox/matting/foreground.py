"""The foreground's own colour where its alpha is partial, so that no fringe of the old room stays.

Only colour is estimated here; alpha is taken as it is. Pure functions on the CPU, on planes in the
frame's own layout; any thread.

A pixel of a soft edge shows foreground and old background mixed: I = α F + (1 − α) B. Both F and B
vary slowly beside such an edge, so their local means, taken where each is pure, are a first guess;
what the guess cannot explain of the pixel is then given to the foreground by its share. That last
step is Forte and Pitié, "Approximate Fast Foreground Colour Estimation", ICIP 2021. The means come
from a coarse grid, which fills its holes from ever coarser ones (``grid``), so there is a colour
everywhere, also far outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mattebox.colour import Plane, Planes, scale_and_offset
from mattebox.frame import Coverage, Frame, VideoFormat
from mattebox.matting.alphas import Alpha, cell_alphas
from mattebox.matting.cells import (
    SIDE,
    Cells,
    Enlarging,
    as_cells,
    coverage_of,
    gather,
    in_portions,
    plane_side,
)
from mattebox.matting.grid import extended_means, shrink_to_grid
from mattebox.pixels import Family

# Cells across the window in which the means are taken.
_WINDOW = 3
# A window that is an eighth full of pure samples is as good as a full one.
_SURE = 8.0

# What a cell with hardly any pure sample is worth: a strand that fills none has a colour, too.
_BETTER_THAN_NONE = np.float32(1e-4)

# How far beyond the soft edges colour is looked for, and to multiples of what the place where it is
# looked for grows, in cells of the grid or of the frame: small steps would show as shimmer.
_MARGIN, _STEP = 3, 4

# The grid has at least so many cells in the frame's shorter side.
_FEWEST = 16


@dataclass(frozen=True, slots=True)
class ForegroundOptions:
    """How the foreground's own colour is found.

    Attributes:
        radius_px: how far around a pixel pure colour is looked for first, in pixels of the frame;
            used to within a factor of √2, because the grid's cells are powers of two.
    """

    radius_px: float


class OwnColour:
    """The foreground's own colour in one frame, worked out where it is asked for.

    Valid everywhere: equal to the frame's where alpha is 1, unmixed where it is partial, continued
    smoothly where it is 0. With no foreground at all it is black.

    Args:
        frame: the picture as it was taken.
        alpha: float32 (height, width) in [0, 1], the frame's.
        coverage: see ``Matte``.
        options: see ``ForegroundOptions``.
        only: the cells that will be asked for, at least one; None for any.
    """

    def __init__(
        self,
        frame: Frame,
        alpha: Alpha,
        coverage: Coverage,
        options: ForegroundOptions,
        only: Cells | None = None,
    ) -> None:
        self._frame = frame
        span = _cell_span(frame, options.radius_px)
        box = _surroundings(only, span, frame.planes[0].shape)
        self._first = box[0].start // SIDE, box[1].start // SIDE
        height, width = box[0].stop - box[0].start, box[1].stop - box[1].start
        shape = -(-height // span[0]), -(-width // span[1])
        planes = _cut(frame, box)
        coarse = [shrink_to_grid(plane, shape) for plane in planes]
        if min(span) >= SIDE:
            share = shrink_to_grid(
                coverage[tuple(slice(s.start // SIDE, -(-s.stop // SIDE)) for s in box)], shape
            )
        else:
            share = shrink_to_grid(alpha[box], shape)
        black = np.array(black_samples(frame.format), np.float32)[:, None, None]
        near, far = (
            extended_means(coarse, _pure(part), _WINDOW, _SURE, black)
            for part in (share, 1 - share)
        )
        cells = -(-height // SIDE), -(-width // SIDE)
        self._guesses = Enlarging([*near, *map(np.subtract, near, far)], span, cells)

    def at(self, cells: Cells, alphas: tuple[Alpha, ...]) -> Iterator[npt.NDArray[np.float32]]:
        """The samples of some cells.

        Args:
            cells: which ones.
            alphas: those of the cells, as ``cell_alphas`` gives them.

        Yields:
            new arrays (n, h, w) in [0, peak], not rounded, for one colour plane after the other.
        """
        pixels = self._frame.format.pixels
        guesses = self._guesses.at((cells[0] - self._first[0], cells[1] - self._first[1]))
        for index, alpha in enumerate(alphas):
            side = plane_side(index, pixels)
            near = guesses.enlarged(index, side)
            excess = guesses.enlarged(len(alphas) + index, side)
            samples = gather(self._frame.planes[index], side, cells)
            yield np.clip(_unmixed(samples, alpha, near, excess), 0, pixels.peak)


def estimate_foreground(frame: Frame, alpha: Alpha, options: ForegroundOptions) -> Planes:
    """The whole colour planes of the foreground alone, see ``OwnColour``.

    Args:
        frame: the picture as it was taken.
        alpha: float32 (height, width) in [0, 1], the frame's.
        options: see ``ForegroundOptions``.

    Returns:
        New planes in the frame's layout, without alpha.
    """
    own = OwnColour(frame, alpha, coverage_of(alpha), options)
    pixels = frame.format.pixels
    rows, columns = (-(-size // SIDE) for size in alpha.shape)
    sides = [plane_side(index, pixels) for index in range(pixels.colour_planes)]
    planes = [np.empty((rows * high, columns * wide), pixels.dtype) for high, wide in sides]
    numbers = np.arange(rows * columns)
    for cells in in_portions((numbers // columns, numbers % columns)):
        parts = own.at(cells, cell_alphas(alpha, cells, pixels))
        for plane, side, part in zip(planes, sides, parts, strict=True):
            as_cells(plane, side)[cells] = np.rint(part)
    return tuple(
        plane[:height, :width]
        for plane, (height, width) in zip(planes, frame.format.plane_shapes, strict=False)
    )


def black_samples(format: VideoFormat) -> tuple[int, ...]:
    """The sample of black in each colour plane."""
    pixels, full_range = format.pixels, format.is_full_range
    return tuple(
        round(scale_and_offset(pixels, full_range, pixels.family is Family.YUV and index > 0)[1])
        for index in range(pixels.colour_planes)
    )


def _unmixed(samples: Plane, alpha: Alpha, near: Alpha, excess: Alpha) -> Alpha:
    """The foreground's part of samples; ``near`` and ``excess`` are used up.

    With guesses F and B the estimate F + α (I − α F − (1 − α) B) equals G + α (I − G) with
    G = F + α (F − B), which is exactly I where α is 1. ``near`` is F, ``excess`` F − B.
    """
    excess *= alpha
    excess += near
    rest = np.subtract(samples, excess, out=near)
    rest *= alpha
    rest += excess
    return rest


def _cell_span(frame: Frame, radius_px: float) -> tuple[int, int]:
    """(height, width) in pixels of a grid's cell whose window reaches about ``radius_px``.

    Smaller in a small frame, where so few cells would say little about a place.
    """
    wanted = round(math.log2(max(1.0, 2 * radius_px / _WINDOW)))
    shorter = min(frame.format.height, frame.format.width)
    halvings = min(wanted, int(math.log2(max(1, shorter // _FEWEST))))
    rows, columns = frame.format.pixels.log2_chroma
    return 1 << max(halvings, rows), 1 << max(halvings, columns)


def _surroundings(
    cells: Cells | None, span: tuple[int, int], shape: tuple[int, ...]
) -> tuple[slice, slice]:
    """The rows and columns of a frame in which the colours for some cells are looked for."""
    if cells is None:
        return slice(0, shape[0]), slice(0, shape[1])
    rows, columns = (
        _stretch(int(at.min()) * SIDE, (int(at.max()) + 1) * SIDE, max(SIDE, each), size)
        for at, each, size in zip(cells, span, shape, strict=True)
    )
    return rows, columns


def _stretch(begin: int, end: int, cell: int, size: int) -> slice:
    """From ``begin`` to ``end`` and the margin around it, in whole steps, within the frame."""
    margin, step = _MARGIN * cell, _STEP * cell
    first = max(0, begin - margin) // step * step
    return slice(first, min(size, -(-(end + margin) // step) * step))


def _cut(frame: Frame, box: tuple[slice, slice]) -> Iterator[Plane]:
    """A part of each colour plane; it begins at whole cells."""
    for index, plane in enumerate(frame.colour_planes):
        side = plane_side(index, frame.format.pixels)
        rows, columns = (
            slice(each.start * of // SIDE, -(-each.stop * of // SIDE))
            for each, of in zip(box, side, strict=True)
        )
        yield plane[rows, columns]


def _pure(share: Alpha) -> Alpha:
    """How much a cell's mean is worth.

    Of a cell that is half background the mean is half background: the 32nd power leaves almost only
    pure cells, so that small ones can be taken (docs/quality.md). Where none is pure far around,
    what there is counts.
    """
    squared = share * share
    weight: Alpha = np.square(np.square(np.square(np.square(squared))))
    weight += _BETTER_THAN_NONE * squared
    return weight
