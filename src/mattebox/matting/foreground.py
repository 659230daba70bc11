"""The foreground's own colour where its alpha is partial, so that no fringe of the old room stays.

Only colour is estimated here; alpha is taken as it is. Pure functions on the CPU, on planes in the
frame's own layout; any thread.

A pixel of a soft edge shows foreground and old background mixed: I = α F + (1 − α) B. Both F and B
vary slowly beside such an edge, so their local means, taken where each is pure, are a first guess;
what the guess cannot explain of the pixel is then given to the foreground by its share. That last
step is Forte and Pitié, "Approximate Fast Foreground Colour Estimation", ICIP 2021. The means come
from a coarse grid, which fills its holes from ever coarser ones (pull and push: Gortler and others,
"The Lumigraph", SIGGRAPH 1996, section 3.4), so there is a colour everywhere, also far outside.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.colour import Plane, Planes, scale_and_offset
from mattebox.frame import Frame, VideoFormat
from mattebox.matting.composite import Alpha, cv2_depth, plane_alphas, strips
from mattebox.pixels import Family, PixelFormat

Grid: TypeAlias = npt.NDArray[np.float32]  # (channels, height, width)

# Cells across the window in which the means are taken.
_WINDOW = 3

# Keeps a division by a certainty of 0 quiet; its colour is 0 as well.
_TINY = np.float32(1e-12)


@dataclass(frozen=True, slots=True)
class ForegroundOptions:
    """How the foreground's own colour is found.

    Attributes:
        radius_px: how far around a pixel pure colour is looked for first, in pixels of the frame;
            used to within a factor of √2, because the grid's cells are powers of two.
    """

    radius_px: float


def estimate_foreground(frame: Frame, alpha: Alpha, options: ForegroundOptions) -> Planes:
    """The colour planes of the foreground alone, valid everywhere.

    Args:
        frame: the picture as it was taken.
        alpha: float32 (height, width) in [0, 1], the frame's.
        options: see ``ForegroundOptions``.

    Returns:
        New planes in the frame's layout, without alpha: equal to the frame's where alpha is 1,
        unmixed where it is partial, continued smoothly where it is 0. With no foreground at all
        they are black.
    """
    shape = _grid_shape(frame, options.radius_px)
    alphas = plane_alphas(frame, alpha)
    coarse = np.stack([shrink_to_grid(plane, shape) for plane in frame.colour_planes])
    share = shrink_to_grid(alpha, shape)
    # Of a cell that is half background the mean is half background: the eighth power leaves
    # almost only pure cells. Measured on heads of hair: half the error of the first power.
    own = _local_mean(coarse, share**8)
    behind = _local_mean(coarse, (1 - share) ** 8)
    black = np.array(black_samples(frame.format), np.float32)[:, None, None]
    guess = extend(own, black)
    excess = guess - extend(behind, black)
    planes = tuple(map(_unmix, frame.colour_planes, alphas, guess, excess))
    return clip_to_depth(planes, frame.format.pixels)


def extend(known: Grid, nothing: Grid) -> Grid:
    """Fill a grid's holes from their surroundings, near ones first.

    Args:
        known: float32 (channels + 1, height, width): colour multiplied by its certainty, and in
            the last channel the certainty, in [0, 1].
        nothing: float32 (channels, 1, 1), the colour to take where nothing is known anywhere.

    Returns:
        float32 (channels, height, width): the very colour where its certainty is 1.
    """
    colour: Grid = known[:-1]
    certainty: Alpha = known[-1]
    height, width = certainty.shape
    if height == width == 1 or certainty.min() == 1:
        return colour + (1 - certainty) * nothing
    half = np.stack([_halve(channel, height > 1, width > 1) for channel in known])
    # A quarter of a cell is enough to know its colour.
    filling = extend(surer(half, 4.0), nothing)
    large: Grid = np.stack([cv2.resize(channel, (width, height)) for channel in filling])
    return colour + (1 - certainty) * large


def black_samples(format: VideoFormat) -> tuple[int, ...]:
    """The sample of black in each colour plane."""
    pixels, full_range = format.pixels, format.is_full_range
    return tuple(
        round(scale_and_offset(pixels, full_range, pixels.family is Family.YUV and index > 0)[1])
        for index in range(pixels.colour_planes)
    )


def clip_to_depth(planes: Planes, pixels: PixelFormat) -> Planes:
    """Bring samples down to the format's peak, in place, where the type could hold larger ones."""
    if pixels.peak < np.iinfo(pixels.dtype).max:
        for plane in planes:
            np.minimum(plane, pixels.peak, out=plane)
    return planes


def surer(known: Grid, gain: float) -> Grid:
    """Raise certainties by ``gain``, up to 1, and with them the colours that they multiply.

    Args:
        known: as ``extend`` takes it.
        gain: at least 1.
    """
    certainty = known[-1]
    factor: Alpha = np.minimum(certainty * gain, 1) / np.maximum(certainty, _TINY)
    return known * factor


def shrink_to_grid(plane: npt.NDArray[Any], shape: tuple[int, int]) -> Alpha:
    """A plane's area means in cells that are powers of two wide and high, as float32.

    Args:
        plane: uint8, uint16 or float32 (height, width).
        shape: (h, w) of the grid: the plane's size halved some times, rounding up.
    """
    # Halving again and again is five times faster than one area average over all of it.
    small = plane
    while small.shape != shape:
        small = _halve(small, small.shape[0] > shape[0], small.shape[1] > shape[1])
    return small.astype(np.float32)


def _grid_shape(frame: Frame, radius_px: float) -> tuple[int, int]:
    """The grid whose window reaches about ``radius_px`` to each side."""
    halvings = round(math.log2(max(1.0, 2 * radius_px / _WINDOW)))
    height, width = (
        -(-size >> max(halvings, subsampled))
        for size, subsampled in zip(
            frame.planes[0].shape, frame.format.pixels.log2_chroma, strict=True
        )
    )
    return height, width


def _local_mean(coarse: Grid, weight: Alpha) -> Grid:
    """The weighted mean in each cell's window, as ``extend`` takes it."""
    weighted = (*(coarse * weight), weight)
    window, border = (_WINDOW, _WINDOW), cv2.BORDER_REPLICATE
    mean = np.stack([cv2.blur(channel, window, borderType=border) for channel in weighted])
    # A window that is an eighth full of pure samples is as good as a full one.
    return surer(mean, 8.0)


def _unmix(plane: Plane, alpha: Alpha, guess: Alpha, excess: Alpha) -> Plane:
    """One plane of the foreground, from the plane of the frame and two coarse guesses.

    With guesses F and B the estimate F + α (I − α F − (1 − α) B) equals G + α (I − G) with
    G = F + α (F − B), which is exactly I where α is 1. ``excess`` is F − B.
    """
    height, width = plane.shape
    near, far = (cv2.resize(coarse, (width, height)) for coarse in (guess, excess))
    result = np.empty(plane.shape, plane.dtype)
    for strip, (mixed, rest) in strips(plane.shape, buffers=2):
        cv2.multiply(far[strip], alpha[strip], dst=mixed)
        cv2.add(mixed, near[strip], dst=mixed)
        cv2.subtract(plane[strip], mixed, dst=rest, dtype=cv2.CV_32F)
        cv2.multiply(rest, alpha[strip], dst=rest)
        cv2.add(rest, mixed, dst=result[strip], dtype=cv2_depth(plane))
    return result


def _halve(plane: npt.NDArray[Any], rows: bool, columns: bool) -> npt.NDArray[Any]:
    """The mean of each two rows, columns or both; an odd edge counts its last one twice."""
    height, width = plane.shape
    odd_row, odd_column = rows and height % 2, columns and width % 2
    if odd_row or odd_column:
        plane = cv2.copyMakeBorder(plane, 0, int(odd_row), 0, int(odd_column), cv2.BORDER_REPLICATE)
    size = (-(-width // (1 + columns)), -(-height // (1 + rows)))
    small: npt.NDArray[Any] = cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return small
