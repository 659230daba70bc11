"""Laying a foreground over a backdrop, plane by plane, in the frame's own layout.

What is laid over what is decided elsewhere: mattes come from ``stage`` or ``keying``, the
foreground's own colour from ``foreground``. The caller's thread. The arithmetic is on the CPU; a
matte on another device is brought here by ``alpha_array``, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt
from torch import Tensor

from mattebox.colour import Plane, Planes
from mattebox.errors import FrameError
from mattebox.frame import Frame, Matte

Alpha: TypeAlias = npt.NDArray[np.float32]  # (height, width) in [0, 1]

# Samples that are blended at a time. Their float difference (256 KiB) stays in a core's L2 cache;
# one buffer of a frame's size would cost more in page faults than the arithmetic takes.
_STRIP_SAMPLES = 1 << 16


def alpha_array(alpha: Tensor) -> Alpha:
    """A matte's alpha as an array on the CPU; its own memory where it is there already."""
    array: Alpha = np.ascontiguousarray(alpha.detach().cpu().numpy(), np.float32)
    return array


def over(foreground: Plane, alpha: Alpha, backdrop: Plane) -> Plane:
    """Lay one plane of the foreground over the same plane of the backdrop.

    Args:
        foreground: uint8 or uint16 (height, width), straight, gamma-encoded, in the plane's own
            range.
        alpha: float32 (height, width) in [0, 1] at this plane's size.
        backdrop: like ``foreground``.

    Returns:
        A new plane like ``foreground``: equal to it where alpha is 1, to the backdrop where alpha
        is 0, and the nearest sample in between.

    Raises:
        FrameError: sizes or types differ.

    Source: Porter and Duff, "Compositing Digital Images", SIGGRAPH 1984.
    """
    _check(foreground, alpha, backdrop)
    result = np.empty(foreground.shape, foreground.dtype)
    for strip, (share,) in strips(foreground.shape, buffers=1):
        cv2.subtract(foreground[strip], backdrop[strip], dst=share, dtype=cv2.CV_32F)
        cv2.multiply(share, alpha[strip], dst=share)
        cv2.add(share, backdrop[strip], dst=result[strip], dtype=cv2_depth(foreground))
    return result


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


def composite(matte: Matte, backdrop: Planes) -> Frame:
    """Lay the matte's frame over a backdrop.

    Args:
        matte: a frame and its alpha; an alpha plane that the frame itself may have is not looked
            at.
        backdrop: the colour planes behind, in the frame's layout, see ``ports.Backdrop``.

    Returns:
        A frame in the same layout without alpha plane, with the frame's own time.

    Raises:
        FrameError: the backdrop does not fit the frame.
    """
    frame = matte.frame
    alpha = alpha_array(matte.alpha)
    alphas = plane_alphas(frame, alpha)
    if len(backdrop) != len(alphas):
        raise FrameError(
            f"a backdrop of {len(backdrop)} planes does not fit {frame.format}: "
            f"that has {len(alphas)} colour planes."
        )
    planes = tuple(map(over, frame.colour_planes, alphas, backdrop))
    opaque = frame.format.with_pixels(frame.format.pixels.without_alpha())
    return replace(frame, planes=planes, format=opaque)


def plane_alphas(frame: Frame, alpha: Alpha) -> tuple[Alpha, ...]:
    """``alpha`` at the size of each colour plane of the frame, made once per size."""
    shapes = [plane.shape for plane in frame.colour_planes]
    sizes = {shape: chroma_alpha(alpha, shape) for shape in set(shapes)}
    return tuple(sizes[shape] for shape in shapes)


def strips(shape: tuple[int, ...], buffers: int) -> Iterator[tuple[slice, list[Alpha]]]:
    """Rows to work on at a time, with float32 buffers of their size, used again for each strip."""
    height, width = shape
    rows = max(1, min(height, _STRIP_SAMPLES // width))
    space = [np.empty((rows, width), np.float32) for _ in range(buffers)]
    for top in range(0, height, rows):
        strip = slice(top, min(top + rows, height))
        yield strip, [buffer[: strip.stop - top] for buffer in space]


def cv2_depth(plane: Plane) -> int:
    """OpenCV's number for the type of a plane's samples; storing into it rounds and saturates."""
    return cv2.CV_8U if plane.dtype == np.uint8 else cv2.CV_16U


def _check(foreground: Plane, alpha: Alpha, backdrop: Plane) -> None:
    shapes = (foreground.shape, alpha.shape, backdrop.shape)
    if len(set(shapes)) > 1:
        raise FrameError(
            f"cannot lay a plane of {shapes[0]} with an alpha of {shapes[1]} "
            f"over a plane of {shapes[2]}: the sizes must be equal."
        )
    if foreground.dtype != backdrop.dtype:
        raise FrameError(
            f"cannot lay {foreground.dtype} samples over {backdrop.dtype} samples: "
            "both planes must be of one type, uint8 or uint16."
        )


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
