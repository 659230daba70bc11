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

import cv2
import numpy as np

from mattebox.colour import Plane, Planes, scale_and_offset
from mattebox.frame import Frame, VideoFormat
from mattebox.matting.alphas import Alpha, cell_alphas
from mattebox.matting.cells import SIDE, Cells, Enlarging, as_cells, gather, plane_side
from mattebox.matting.grid import Grid, extend, shrink_to_grid, surer
from mattebox.pixels import Family

# Cells across the window in which the means are taken.
_WINDOW = 3

# Cells at a time where a whole plane is wanted: what they need stays in a core's cache.
_CELLS = 1024


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
        options: see ``ForegroundOptions``.
    """

    def __init__(self, frame: Frame, alpha: Alpha, options: ForegroundOptions) -> None:
        self._frame, self._alpha = frame, alpha
        span = _cell_span(frame, options.radius_px)
        height, width = frame.format.height, frame.format.width
        shape = -(-height // span[0]), -(-width // span[1])
        coarse = np.stack([shrink_to_grid(plane, shape) for plane in frame.colour_planes])
        share = shrink_to_grid(alpha, shape)
        black = np.array(black_samples(frame.format), np.float32)[:, None, None]
        near = extend(_local_mean(coarse, _pure(share)), black)
        excess = near - extend(_local_mean(coarse, _pure(1 - share)), black)
        cells = -(-height // SIDE), -(-width // SIDE)
        self._guesses = [
            (Enlarging(first, span, cells), Enlarging(second, span, cells))
            for first, second in zip(near, excess, strict=True)
        ]

    def at(self, cells: Cells, alphas: tuple[Alpha, ...]) -> Iterator[Plane]:
        """The samples of some cells.

        Args:
            cells: which ones.
            alphas: those of the cells, as ``cell_alphas`` gives them.

        Yields:
            new arrays (n, h, w), for one colour plane after the other.
        """
        for index, alpha in enumerate(alphas):
            yield self._unmixed(index, cells, alpha)

    def _unmixed(self, index: int, cells: Cells, alpha: Alpha) -> Plane:
        # With guesses F and B the estimate F + α (I − α F − (1 − α) B) equals G + α (I − G) with
        # G = F + α (F − B), which is exactly I where α is 1.
        pixels = self._frame.format.pixels
        side = plane_side(index, pixels)
        near, excess = self._guesses[index]
        mixed = excess.at(cells, side)
        mixed *= alpha
        mixed += near.at(cells, side)
        rest = gather(self._frame.planes[index], side, cells) - mixed
        rest *= alpha
        rest += mixed
        samples = np.clip(np.rint(rest, out=rest), 0, pixels.peak, out=rest)
        return samples.astype(pixels.dtype)


def estimate_foreground(frame: Frame, alpha: Alpha, options: ForegroundOptions) -> Planes:
    """The whole colour planes of the foreground alone, see ``OwnColour``.

    Args:
        frame: the picture as it was taken.
        alpha: float32 (height, width) in [0, 1], the frame's.
        options: see ``ForegroundOptions``.

    Returns:
        New planes in the frame's layout, without alpha.
    """
    own = OwnColour(frame, alpha, options)
    pixels = frame.format.pixels
    rows, columns = (-(-size // SIDE) for size in alpha.shape)
    sides = [plane_side(index, pixels) for index in range(pixels.colour_planes)]
    planes = [np.empty((rows * high, columns * wide), pixels.dtype) for high, wide in sides]
    for first in range(0, rows * columns, _CELLS):
        numbers = np.arange(first, min(first + _CELLS, rows * columns))
        cells = numbers // columns, numbers % columns
        parts = own.at(cells, cell_alphas(alpha, cells, pixels))
        for plane, side, part in zip(planes, sides, parts, strict=True):
            as_cells(plane, side)[cells] = part
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


def _cell_span(frame: Frame, radius_px: float) -> tuple[int, int]:
    """(height, width) in pixels of a grid's cell whose window reaches about ``radius_px``."""
    halvings = round(math.log2(max(1.0, 2 * radius_px / _WINDOW)))
    rows, columns = frame.format.pixels.log2_chroma
    return 1 << max(halvings, rows), 1 << max(halvings, columns)


def _pure(share: Alpha) -> Alpha:
    """How much a cell's mean is worth.

    Of a cell that is half background the mean is half background: the eighth power leaves almost
    only pure cells. Measured on heads of hair: half the error of the first power.
    """
    squared = share * share
    fourth = squared * squared
    return fourth * fourth


def _local_mean(coarse: Grid, weight: Alpha) -> Grid:
    """The weighted mean in each cell's window, as ``extend`` takes it."""
    weighted = (*(coarse * weight), weight)
    window, border = (_WINDOW, _WINDOW), cv2.BORDER_REPLICATE
    mean = np.stack([cv2.blur(channel, window, borderType=border) for channel in weighted])
    # A window that is an eighth full of pure samples is as good as a full one.
    return surer(mean, 8.0)
