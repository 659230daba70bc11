"""Making planes and maps smaller and larger, on whatever device they are.

Two ways of each, one result: on the CPU through OpenCV, on views of the tensor's own memory (three
to eight times faster there than torch), elsewhere through torch. Pure functions; any thread.
"""

from __future__ import annotations

import math
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from mattebox.colour import Plane
from mattebox.frame import Frame


def plane_tensor(plane: Plane) -> Tensor:
    """A plane as a CPU tensor: its own memory where torch can see it, else a copy.

    Args:
        plane: uint8 or uint16 (height, width); may be read-only or mirrored (negative strides),
            which torch does not take.

    Returns:
        Like ``plane``; to be read, never written.
    """
    shared = plane.flags.writeable and all(stride > 0 for stride in plane.strides)
    return torch.from_numpy(plane if shared else plane.copy())


def shrink(plane: Tensor, size: tuple[int, int]) -> Tensor:
    """Average each target pixel's area of the plane, parts of pixels counting in part.

    Args:
        plane: uint8, uint16 or float32 (H, W).
        size: (h, w), neither larger than the plane.

    Returns:
        (h, w) of the same type on the same device, integers rounded to the nearest.
    """
    if tuple(plane.shape) == size:
        return plane
    if plane.device.type == "cpu":
        return torch.from_numpy(shrink_plane(plane.numpy(), size))
    return _shrink_with_torch(plane, size)


def enlarge(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Interpolate bilinearly between pixel centres; beyond the outermost centres, repeat them.

    Args:
        values: float32 (h, w).
        size: (H, W), neither smaller than the map.

    Returns:
        float32 (H, W) on the same device.
    """
    if tuple(values.shape) == size:
        return values
    if values.device.type == "cpu":
        height, width = size
        large = cv2.resize(values.numpy(), (width, height), interpolation=cv2.INTER_LINEAR)
        return torch.from_numpy(large)
    return _enlarge_with_torch(values, size)


def to_grid(values: Tensor, size: tuple[int, int], span: int, *, smooth: bool) -> Tensor:
    """A map of a picture on a grid whose pixels are ``span`` × ``span`` of the picture's.

    Args:
        values: float32 (h, w) of the whole picture, no larger than the grid.
        size: (H, W) of the picture.
        span: at least 1.
        smooth: cubic, which follows a map more closely and overshoots; else bilinear.

    Returns:
        float32 (⌈H / span⌉, ⌈W / span⌉) on the same device; at an odd edge the last pixels of the
        grid reach beyond the picture.
    """
    height, width = -(-size[0] // span), -(-size[1] // span)
    down, right = size[0] / span / values.shape[0], size[1] / span / values.shape[1]
    if values.device.type == "cpu":
        return torch.from_numpy(
            _to_grid_with_cv2(values.numpy(), (height, width), (down, right), smooth)
        )
    return _to_grid_with_torch(values, (height, width), (down, right), smooth)


def box_mean(values: Tensor, radius: int) -> Tensor:
    """The mean of each pixel's square surroundings, the edge repeated beyond the picture.

    Args:
        values: float32 (h, w) or (h, w, C).
        radius: in pixels; the square is 2 × radius + 1 wide, 0 gives the values back.

    Returns:
        float32 like ``values``.
    """
    if radius == 0:
        return values
    if values.device.type == "cpu":
        side = 2 * radius + 1
        mean = cv2.blur(values.numpy(), (side, side), borderType=cv2.BORDER_REPLICATE)
        return torch.from_numpy(mean)
    return _box_mean_with_torch(values, radius)


def extremes(values: Tensor, radius: int) -> tuple[Tensor, Tensor]:
    """The largest and the smallest value of each pixel's square surroundings within the picture.

    Args:
        values: float32 (h, w).
        radius: in pixels, at least 1; the square is 2 × radius + 1 wide.

    Returns:
        float32 (h, w) each.
    """
    side = 2 * radius + 1
    if values.device.type == "cpu":
        array, square = values.numpy(), np.ones((side, side), np.uint8)
        return torch.from_numpy(cv2.dilate(array, square)), torch.from_numpy(
            cv2.erode(array, square)
        )
    most, least = (
        sign * F.max_pool2d(sign * values[None, None], side, 1, radius)[0, 0] for sign in (1, -1)
    )
    return most, least


def soften(values: Tensor, sigma: float) -> Tensor:
    """Blur with a Gaussian, the edge repeated beyond the picture.

    Args:
        values: float32 (h, w).
        sigma: standard deviation in pixels, above 0; the kernel ends at three of them.

    Returns:
        float32 (h, w).
    """
    kernel = _gaussian(sigma)
    if values.device.type == "cpu":
        weights = kernel.numpy()
        soft = cv2.sepFilter2D(
            values.numpy(), -1, weights, weights, borderType=cv2.BORDER_REPLICATE
        )
        return torch.from_numpy(soft)
    return _soften_with_torch(values, kernel)


def shrink_plane(plane: Plane, size: tuple[int, int]) -> Plane:
    """``shrink`` for an array on the CPU."""
    height, width = size
    small: Plane = cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA)
    return small


def _shrink_with_torch(plane: Tensor, size: tuple[int, int]) -> Tensor:
    rows = _area_weights(plane.shape[0], size[0]).to(plane.device)
    columns = _area_weights(plane.shape[1], size[1]).to(plane.device)
    mean = rows @ plane.to(torch.float32) @ columns.T
    return mean if plane.is_floating_point() else mean.round_().to(plane.dtype)


def _enlarge_with_torch(values: Tensor, size: tuple[int, int]) -> Tensor:
    return F.interpolate(values[None, None], size, mode="bilinear", align_corners=False)[0, 0]


def _to_grid_with_cv2(
    values: npt.NDArray[np.float32],
    size: tuple[int, int],
    scale: tuple[float, float],
    smooth: bool,
) -> npt.NDArray[np.float32]:
    how = cv2.INTER_CUBIC if smooth else cv2.INTER_LINEAR
    whole = (of * by for of, by in zip(values.shape, scale, strict=True))
    if all(math.isclose(is_, to) for is_, to in zip(whole, size, strict=True)):
        return np.asarray(cv2.resize(values, size[::-1], interpolation=how), np.float32)
    # The factors are said, not the size: a grid that reaches beyond must not be squeezed. So that
    # it is large enough, the map gets a pixel more, which is cut off again.
    longer = cv2.copyMakeBorder(values, 0, 1, 0, 1, cv2.BORDER_REPLICATE)
    grid = cv2.resize(longer, None, fx=scale[1], fy=scale[0], interpolation=how)
    return np.ascontiguousarray(grid[: size[0], : size[1]], np.float32)


def _to_grid_with_torch(
    values: Tensor, size: tuple[int, int], scale: tuple[float, float], smooth: bool
) -> Tensor:
    longer = F.pad(values[None, None], (0, 1, 0, 1), mode="replicate")
    how = "bicubic" if smooth else "bilinear"
    grid = F.interpolate(longer, scale_factor=scale, mode=how, align_corners=False)
    return grid[0, 0, : size[0], : size[1]]


def _box_mean_with_torch(values: Tensor, radius: int) -> Tensor:
    planes = values[None] if values.ndim == 2 else values.movedim(-1, 0)  # (C, h, w)
    padded = F.pad(planes[None], (radius,) * 4, mode="replicate")
    mean = F.avg_pool2d(padded, 2 * radius + 1, stride=1)[0]
    return mean[0] if values.ndim == 2 else mean.movedim(0, -1)


def _soften_with_torch(values: Tensor, kernel: Tensor) -> Tensor:
    reach = kernel.numel() // 2
    padded = F.pad(values[None, None], (reach,) * 4, mode="replicate")
    weights = kernel.to(values.device)
    rows = F.conv2d(padded, weights.view(1, 1, -1, 1))
    return F.conv2d(rows, weights.view(1, 1, 1, -1))[0, 0]


@lru_cache(maxsize=8)
def _gaussian(sigma: float) -> Tensor:
    """float32 (2 n + 1,), sums to 1."""
    reach = max(1, round(3 * sigma))
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    return kernel / kernel.sum()


@lru_cache(maxsize=32)
def _area_weights(source: int, target: int) -> Tensor:
    """float32 (target, source): how much of each source pixel lies in each target pixel."""
    edges = np.arange(target + 1) * (source / target)
    left = np.maximum(edges[:-1, None], np.arange(source)[None])
    right = np.minimum(edges[1:, None], np.arange(1, source + 1)[None])
    share = np.maximum(right - left, 0) * (target / source)
    return torch.from_numpy(share.astype(np.float32))


def within_own_alpha(alpha: Tensor, frame: Frame) -> Tensor:
    """What the source calls transparent is never foreground.

    Args:
        alpha: float32 (height, width) in [0, 1].
        frame: its frame; where its layout has alpha, that is the most the matte may be.
    """
    if not frame.format.pixels.has_alpha:
        return alpha
    own = plane_tensor(frame.planes[-1]).to(alpha.device).to(torch.float32)
    return torch.minimum(alpha, own.div_(frame.format.pixels.peak))
