"""Coarse grids of a picture: area means in cells, and holes filled from their surroundings.

The filling is pull and push: every level takes from a coarser one what it does not know itself
(Gortler and others, "The Lumigraph", SIGGRAPH 1996, section 3.4). Pure functions on the CPU; any
thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt

Values: TypeAlias = npt.NDArray[np.float32]  # (height, width)
Grid: TypeAlias = npt.NDArray[np.float32]  # (channels, height, width)
# (height, width, channels): one call for all; OpenCV is fast for up to four of them.
_Cells: TypeAlias = npt.NDArray[np.float32]

# Keeps a division by a certainty of 0 quiet; its colour is 0 as well.
_TINY = np.float32(1e-12)
# A quarter of a cell is enough to know its colour.
_ENOUGH = 4.0
# Coarser than so many cells is no grid but one mean.
_FEW = 64


def shrink_to_grid(plane: npt.NDArray[Any], shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """A plane's area means in cells that are powers of two wide and high, as float32.

    Args:
        plane: uint8, uint16 or float32 (height, width).
        shape: (h, w) of the grid: the plane's size halved some times, rounding up.

    Returns:
        (h, w). Of a plane in [0, 1] a cell is 0 or 1 only where all of it is.
    """
    # Halving again and again is five times faster than one area average over all of it.
    small = plane
    while small.shape != shape:
        small = halve(small, small.shape[0] > shape[0], small.shape[1] > shape[1])
    return small.astype(np.float32, copy=False)


def halve(plane: npt.NDArray[Any], rows: bool, columns: bool) -> npt.NDArray[Any]:
    """The mean of each two rows, columns or both; an odd edge counts its last one twice.

    Args:
        plane: (height, width) or (height, width, channels).
        rows, columns: which of both is halved.
    """
    height, width = plane.shape[:2]
    odd_row, odd_column = rows and height % 2, columns and width % 2
    if odd_row or odd_column:
        plane = cv2.copyMakeBorder(plane, 0, int(odd_row), 0, int(odd_column), cv2.BORDER_REPLICATE)
    size = (-(-width // (1 + columns)), -(-height // (1 + rows)))
    small: npt.NDArray[Any] = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return small


def surer(known: Grid, gain: float) -> Grid:
    """Raise certainties by ``gain``, up to 1, and with them the colours that they multiply.

    Args:
        known: as ``extend`` takes it.
        gain: at least 1.
    """
    return known * _raising(known[-1], gain)


def extend(known: Grid, nothing: Grid) -> Grid:
    """Fill a grid's holes from their surroundings, near ones first.

    Args:
        known: float32 (channels + 1, height, width): colour multiplied by its certainty, and in
            the last channel the certainty, in [0, 1].
        nothing: float32 (channels, 1, 1), the colour to take where nothing is known anywhere.

    Returns:
        float32 (channels, height, width): the very colour where its certainty is 1.
    """
    channels = len(known)
    cells = _cells(cv2.merge(list(known)), channels)
    filled = cv2.split(_filled(cells, (*nothing.ravel(), 1.0)))
    return np.stack(filled[:-1])


def extended_means(
    colours: Sequence[Values], weight: Values, window: int, gain: float, nothing: Grid
) -> Sequence[Values]:
    """Weighted means in the windows around each cell, with the holes filled as ``extend`` does.

    Args:
        colours: float32 (height, width) each.
        weight: float32 (height, width) in [0, 1]: what a cell counts.
        window: cells across, odd; the grid's edge is repeated.
        gain: a window whose mean weight is 1 / gain counts as known.
        nothing: float32 (channels, 1, 1), the colour to take where nothing is known anywhere.

    Returns:
        float32 (height, width) for each colour.
    """
    weighted = cv2.merge([*(colour * weight for colour in colours), weight])
    mean = cv2.blur(weighted, (window, window), borderType=cv2.BORDER_REPLICATE)
    known = _cells(mean, len(colours) + 1)
    known *= _spread(_raising(known[..., -1], gain), len(colours) + 1)
    filled = cv2.split(_filled(known, (*nothing.ravel(), 1.0)))
    return cast(Sequence[Values], filled[:-1])


def _filled(known: _Cells, nothing: tuple[float, ...]) -> _Cells:
    """The same on (height, width, channels + 1); the last channel of the result means nothing."""
    height, width, channels = known.shape
    certainty = known[..., -1]
    if height * width <= _FEW:
        # From here on the surroundings are the whole picture.
        around: _Cells = np.full_like(known, _mean(known, nothing))
    elif certainty.min() == 1:
        return known
    else:
        half = _cells(halve(known, height > 1, width > 1), channels)
        half = half * _spread(_raising(half[..., -1], _ENOUGH), channels)
        small = _filled(half, nothing)
        around = _cells(cv2.resize(small, (width, height)), channels)
    return known + _spread(1 - certainty, channels) * around


def _mean(known: _Cells, nothing: tuple[float, ...]) -> npt.NDArray[np.float32]:
    """float32 (channels + 1,): the mean of what is known, or ``nothing`` where nothing is at all.

    However little is known is better than nothing: a hair that fills no cell has a colour.
    """
    total = known.sum((0, 1), dtype=np.float32)
    certainty = float(total[-1])
    return np.asarray(total / certainty if certainty > _TINY else nothing, np.float32)


def _raising(certainty: npt.NDArray[np.float32], gain: float) -> npt.NDArray[np.float32]:
    """What to multiply with so that certainty rises by ``gain``, up to 1."""
    factor: npt.NDArray[np.float32] = np.minimum(certainty * gain, 1)
    factor /= np.maximum(certainty, _TINY)
    return factor


def _spread(values: npt.NDArray[np.float32], channels: int) -> _Cells:
    """(height, width) once per channel: several times faster than letting numpy broadcast."""
    return _cells(cv2.merge([values] * channels), channels)


def _cells(values: npt.NDArray[Any], channels: int) -> _Cells:
    """OpenCV drops the last axis where there is one channel."""
    return cast(_Cells, values.reshape(*values.shape[:2], channels))
