"""Planes as square cells, so that what costs arithmetic is done only in the cells that need it.

A matte is almost everywhere exactly 0 or 1: on a talking head two pixels in a hundred are not, and
four cells in a hundred hold such a pixel. Gathered into one array they are blended by a handful of
calls. Pure functions on the CPU; any thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.frame import Coverage
from mattebox.matting.grid import shrink_to_grid
from mattebox.pixels import PixelFormat

# A cell's side in pixels of the frame: a power of two, and a multiple of every chroma subsampling.
SIDE = 8
# Cells in the height of a solid rectangle: low ones follow the edge, and are more calls.
_STRIP = 2

# Cells worked on at a time.
_PORTION = 1024
# Multiplications up to which OpenBLAS wakes no other threads, which would then spin.
_ONE_THREAD = 1 << 18

_Scalar = TypeVar("_Scalar", bound=np.generic)
# The rows and the columns of some cells, int64 (n,) each: what numpy takes as an index.
Cells: TypeAlias = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle: rows of cells from ``top`` to before ``bottom``, columns likewise."""

    top: int
    bottom: int
    left: int
    right: int

    def samples(self, side: tuple[int, int]) -> tuple[slice, slice]:
        """Its rows and columns in a plane where cells have ``side`` samples, or to its end."""
        height, width = side
        return (
            slice(self.top * height, self.bottom * height),
            slice(self.left * width, self.right * width),
        )


@dataclass(frozen=True, slots=True)
class Partition:
    """Where an alpha is what. What is neither here nor there is 0 throughout.

    Attributes:
        solid: here alpha is 1.
        mixed: in these cells it may be anything.
    """

    solid: tuple[Region, ...]
    mixed: Cells


def plane_side(index: int, pixels: PixelFormat) -> tuple[int, int]:
    """(height, width) of a cell in samples of a layout's plane."""
    rows, columns = pixels.log2_chroma if index in (1, 2) else (0, 0)
    return SIDE >> rows, SIDE >> columns


def whole_cells(plane: npt.NDArray[_Scalar], side: tuple[int, int]) -> npt.NDArray[_Scalar]:
    """The plane itself, or a copy with its last row and column repeated to whole cells."""
    below, right = (-size % of for size, of in zip(plane.shape, side, strict=True))
    if below == right == 0:
        return plane
    return np.pad(plane, ((0, below), (0, right)), mode="edge")


def as_cells(plane: npt.NDArray[_Scalar], side: tuple[int, int]) -> npt.NDArray[_Scalar]:
    """A view of a plane of whole cells, (rows, columns, height, width): index it with ``Cells``."""
    height, width = side
    rows, columns = plane.shape[0] // height, plane.shape[1] // width
    # Splitting axes makes a view whatever the strides.
    return plane.reshape(rows, height, columns, width).swapaxes(1, 2)


def gather(
    plane: npt.NDArray[_Scalar], side: tuple[int, int], cells: Cells
) -> npt.NDArray[_Scalar]:
    """Some cells of a plane in a new array (n, height, width)."""
    found: npt.NDArray[_Scalar] = as_cells(whole_cells(plane, side), side)[cells]
    return found


def shrink_cells(cells: npt.NDArray[_Scalar], side: tuple[int, int]) -> npt.NDArray[_Scalar]:
    """Cells of full planes, (n, 8, 8), averaged to those of a subsampled one, (n, *side)."""
    if side == (SIDE, SIDE):
        return cells
    height, width = side
    small = np.empty((len(cells), height, width), cells.dtype)
    if len(cells):
        # One above the other they are one picture; no block reaches from one into the next.
        column = np.ascontiguousarray(cells).reshape(-1, SIDE)
        to = small.reshape(-1, width)
        cv2.resize(column, (width, len(to)), to, interpolation=cv2.INTER_AREA)
    return small


def rounded_sum(
    some: npt.NDArray[Any], others: npt.NDArray[Any], pixels: PixelFormat
) -> npt.NDArray[Any]:
    """Two arrays of one shape added up, as whole samples of a layout; what lies beyond it clips."""
    if pixels.depth == 8:
        return np.asarray(cv2.add(some, others, dtype=cv2.CV_8U))
    wide = np.asarray(cv2.add(some, others, dtype=cv2.CV_16U))
    return np.minimum(wide, pixels.peak, out=wide)


def in_portions(cells: Cells) -> Iterator[Cells]:
    """So many at a time that what is worked out for them stays in a core's cache."""
    for first in range(0, len(cells[0]), _PORTION):
        some = slice(first, first + _PORTION)
        yield cells[0][some], cells[1][some]


class Enlarging:
    """Small maps at the size of planes, bilinear between their pixels' centres, in some cells only.

    Args:
        maps: float32 (h, w) each, of the whole frame.
        span: (height, width) of one of their pixels, in pixels of the frame: powers of two, no
            smaller than a sample of the planes that they are enlarged to.
        cells: how many rows and columns of cells the frame has.
    """

    def __init__(
        self, maps: Sequence[npt.NDArray[np.float32]], span: tuple[int, int], cells: tuple[int, int]
    ) -> None:
        self._across = max(1, SIDE // span[0]), max(1, SIDE // span[1])
        # Pixels larger than a cell are brought to the size of one first.
        size = tuple(
            count * max(1, across // SIDE)
            for count, across in zip(maps[0].shape, span, strict=True)
        )
        rows, columns = (
            max(count * across, of) + 2
            for count, across, of in zip(cells, self._across, size, strict=True)
        )
        # One more on each side, as far as interpolation looks, and more where cells lack pixels.
        padded = np.empty((len(maps), rows, columns), np.float32)
        inner = padded[:, 1 : size[0] + 1, 1 : size[1] + 1]
        for place, each in zip(inner, maps, strict=True):
            place[:] = _resized(each, size)
        padded[:, 0, 1 : size[1] + 1] = inner[:, 0]
        padded[:, size[0] + 1 :, 1 : size[1] + 1] = inner[:, -1:]
        padded[:, :, 0] = padded[:, :, 1]
        padded[:, :, size[1] + 1 :] = padded[:, :, size[1], None]
        one, row, column = padded.strides
        high, wide = self._across
        self._windows: npt.NDArray[np.float32] = np.ndarray(
            (len(maps), *cells, high + 2, wide + 2),
            np.float32,
            padded,
            strides=(one, row * high, column * wide, row, column),
        )

    def at(self, cells: Cells) -> Patches:
        """The maps in some cells."""
        found = np.asarray(self._windows[:, cells[0], cells[1]], np.float32)
        pixels = (self._across[0] + 2) * (self._across[1] + 2)
        return Patches(found.reshape(len(found), len(cells[0]), pixels), self._across)


class Patches:
    """What lies around some cells in small maps, ready to be enlarged to cells of planes."""

    def __init__(self, windows: npt.NDArray[np.float32], across: tuple[int, int]) -> None:
        self._windows, self._across = windows, across

    def enlarged(self, index: int, side: tuple[int, int]) -> npt.NDArray[np.float32]:
        """One of the maps where cells have ``side`` samples: a new array (n, height, width)."""
        weights = _bilinear(self._across, side)
        windows = self._windows[index]
        found = np.empty((len(windows), weights.shape[1]), np.float32)
        chunk = max(1, _ONE_THREAD // weights.size)
        for first in range(0, len(windows), chunk):
            some = slice(first, first + chunk)
            np.matmul(windows[some], weights, out=found[some])
        return found.reshape(-1, *side)


def _resized(small: npt.NDArray[np.float32], size: tuple[int, ...]) -> npt.NDArray[np.float32]:
    if small.shape == size:
        return small
    return np.asarray(cv2.resize(small, size[::-1]), np.float32)


@lru_cache(maxsize=32)
def _bilinear(across: tuple[int, int], side: tuple[int, int]) -> npt.NDArray[np.float32]:
    """float32 (pixels of a window, samples of a cell): the share of each pixel in each sample."""
    down, right = (_tents(*pair) for pair in zip(across, side, strict=True))
    return np.kron(down, right).T.astype(np.float32, order="C")


def _tents(across: int, side: int) -> npt.NDArray[np.float64]:
    """(side, across + 2) of linear interpolation along one side of a window."""
    centres = (np.arange(side) + 0.5) * across / side + 0.5
    distances = np.abs(centres[:, None] - np.arange(across + 2))
    return np.asarray(np.maximum(0, 1 - distances), np.float64)


def coverage_of(alpha: npt.NDArray[np.float32]) -> Coverage:
    """See ``Matte.coverage``.

    Args:
        alpha: float32 (height, width) in [0, 1].
    """
    height, width = alpha.shape
    return shrink_to_grid(alpha, (-(-height // SIDE), -(-width // SIDE)))


def partition(coverage: Coverage) -> Partition:
    """Find the few places where alpha is neither 0 nor 1, from its coverage."""
    missing = -len(coverage) % _STRIP
    strips = cv2.copyMakeBorder(coverage, 0, missing, 0, 0, cv2.BORDER_REPLICATE)
    is_solid = strips.reshape(-1, _STRIP, coverage.shape[1]).min(1) == 1
    in_solid = is_solid.repeat(_STRIP, 0)[: len(coverage)]
    solid = tuple(
        Region(row * _STRIP, (row + 1) * _STRIP, begin, end) for row, begin, end in _runs(is_solid)
    )
    rows, columns = np.nonzero((coverage > 0) & ~in_solid)
    return Partition(solid, (rows, columns))


def _runs(marked: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int, int]]:
    """The runs of True in the rows of (h, w): row, first column, and one behind the last."""
    height, width = marked.shape
    bounded = np.zeros((height, width + 2), bool)
    bounded[:, 1:-1] = marked
    rows, changes = np.nonzero(bounded[:, 1:] != bounded[:, :-1])
    return zip(rows[::2].tolist(), changes[::2].tolist(), changes[1::2].tolist(), strict=True)
