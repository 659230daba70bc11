"""Alpha as an array, at the size of each plane. Pure functions; any thread.

The planes' arithmetic is on the CPU: a matte on another device is brought here by ``alpha_array``,
and nowhere else.
"""

from __future__ import annotations

from typing import TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

from mattebox.frame import Frame
from mattebox.matting.cells import SIDE, Cells, gather, plane_side, shrink_cells
from mattebox.pixels import PixelFormat

Alpha: TypeAlias = npt.NDArray[np.float32]  # (height, width) in [0, 1]


def alpha_array(alpha: Tensor) -> Alpha:
    """A matte's alpha as an array on the CPU; its own memory where it is there already."""
    array: Alpha = np.ascontiguousarray(alpha.detach().cpu().numpy(), np.float32)
    return array


def plane_alphas(frame: Frame, alpha: Alpha) -> tuple[Alpha, ...]:
    """``alpha`` at the size of each colour plane of the frame, made once per size."""
    shapes = [plane.shape for plane in frame.colour_planes]
    sizes = {shape: chroma_alpha(alpha, shape) for shape in set(shapes)}
    return tuple(sizes[shape] for shape in shapes)


def chroma_alpha(alpha: Alpha, shape: tuple[int, int]) -> Alpha:
    """The alpha of a subsampled plane: the mean over the pixels that each of its samples covers.

    Args:
        alpha: float32 (height, width) in [0, 1].
        shape: (h, w) of the plane, as ``PixelFormat.plane_shapes`` gives it.

    Returns:
        float32 (h, w) in [0, 1]. Samples at an odd edge cover fewer pixels; the mean is over those
        that exist.
    """
    if alpha.shape == shape:
        return alpha
    height, width = shape
    rows, columns = (_factor(full, part) for full, part in zip(alpha.shape, shape, strict=True))
    whole = _fill_last_blocks(alpha, (height * rows, width * columns), (rows, columns))
    return cast(Alpha, cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA))


def cell_alphas(alpha: Alpha, cells: Cells, pixels: PixelFormat) -> tuple[Alpha, ...]:
    """The alpha of each colour plane in some cells only.

    Args:
        alpha: float32 (height, width) in [0, 1].
        cells: which ones.
        pixels: the layout of the planes.

    Returns:
        float32 (n, h, w) in [0, 1] for each plane, the same numbers as in ``plane_alphas``.
    """
    block = SIDE // plane_side(1, pixels)[0], SIDE // plane_side(1, pixels)[1]
    shape = tuple(-(-size // of) * of for size, of in zip(alpha.shape, block, strict=True))
    whole = _fill_last_blocks(alpha, (shape[0], shape[1]), block)
    full = gather(whole, (SIDE, SIDE), cells)
    if block == (1, 1) or pixels.colour_planes == 1:
        return (full,) * pixels.colour_planes
    chroma = shrink_cells(full, plane_side(1, pixels))
    return full, chroma, chroma


def _factor(full: int, part: int) -> int:
    """By which power of two ``full`` was subsampled to ``part``, rounding up."""
    factor = 1
    while -(-full // factor) > part:
        factor *= 2
    return factor


def _fill_last_blocks(alpha: Alpha, shape: tuple[int, int], block: tuple[int, int]) -> Alpha:
    """Complete the blocks at an odd edge with the mean of their own pixels."""
    if alpha.shape == shape:
        return alpha
    missing = [(0, whole - size) for whole, size in zip(shape, alpha.shape, strict=True)]
    present = [(1, size - lack) for size, (_, lack) in zip(block, missing, strict=True)]
    return np.pad(alpha, missing, mode="mean", stat_length=present)
