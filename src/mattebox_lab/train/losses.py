"""What a map costs: pure functions on tensors.

``logits`` are a network's judgement before the sigmoid, float (N, 1, h, w); ``alpha`` is the truth,
float32 (N, 1, h, w) in [0, 1]. Results are means over the batch unless said otherwise.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# The window in which a pixel is compared with its surroundings, at 320 pixels' width (F³Net: 31).
_WINDOW_SHARE = 31 / 352
# Of an empty picture: see ``overlap``.
_FREE_SHARE = 0.05


def edge_weights(alpha: Tensor, gain: float) -> Tensor:
    """1 inside and outside, up to 1 + ``gain`` where the surroundings differ: edges, thin parts.

    Source: Wei, Wang and Huang, "F³Net: Fusion, feedback and focus for salient object detection",
    AAAI 2020, equation 5, with the window in proportion to the picture.
    """
    radius = max(1, round(max(alpha.shape[2:]) * _WINDOW_SHARE / 2))
    around = F.avg_pool2d(alpha, 2 * radius + 1, 1, radius, count_include_pad=False)
    return 1 + gain * (around - alpha).abs()


def cross_entropy(logits: Tensor, alpha: Tensor, weights: Tensor) -> Tensor:
    """Binary cross-entropy, pixels weighted; (N,), each picture's weighted mean.

    Soft targets have an entropy of their own that no map can go below; it is taken off, so that a
    perfect map costs 0.
    """
    cost = F.binary_cross_entropy_with_logits(logits.float(), alpha, reduction="none")
    return _weighted(cost - _entropy(alpha), weights)


def _entropy(alpha: Tensor) -> Tensor:
    inside = alpha.clamp(1e-6, 1 - 1e-6)
    return -(inside * inside.log() + (1 - inside) * (1 - inside).log())


def overlap(logits: Tensor, alpha: Tensor, weights: Tensor) -> Tensor:
    """1 less the soft IoU; (N,).

    Empty pictures have no IoU, and cross-entropy hardly minds a faint haze: there a twentieth of
    the picture counts as right whatever the map says, so that a haze of 0.05 costs a half.

    Source: Rahman and Wang, "Optimizing intersection-over-union in deep neural networks for image
    segmentation", ISVC 2016, weighted as in F³Net.
    """
    saliency = torch.sigmoid(logits.float())
    shared = (weights * torch.minimum(saliency, alpha)).sum((1, 2, 3))
    both = (weights * torch.maximum(saliency, alpha)).sum((1, 2, 3))
    free = torch.where(alpha.amax((1, 2, 3)) > 0.5, 1, _FREE_SHARE * alpha[0].numel())
    return 1 - (shared + free) / (both + free)


def gradient_difference(logits: Tensor, alpha: Tensor) -> Tensor:
    """Mean absolute difference of horizontal and vertical gradients, times 10; (N,).

    Times 10 because nine tenths of the pixels of a matte have none.
    """
    saliency = torch.sigmoid(logits.float())
    across = (saliency.diff(dim=3) - alpha.diff(dim=3)).abs().mean((1, 2, 3))
    down = (saliency.diff(dim=2) - alpha.diff(dim=2)).abs().mean((1, 2, 3))
    return 10 * (across + down)


def followed_back(before: Tensor, back_flow: Tensor) -> Tensor:
    """Where each pixel's surface was one frame earlier, bilinear.

    Args:
        before: float (N, 1, h, w), the frame before.
        back_flow: float32 (N, 2, h, w), what to add to (x, y), in pixels.

    Returns:
        float (N, 1, h, w); edge values beyond the frame.
    """
    _, _, height, width = before.shape
    rows = torch.arange(height, device=before.device, dtype=torch.float32).view(1, -1, 1)
    columns = torch.arange(width, device=before.device, dtype=torch.float32).view(1, 1, -1)
    # grid_sample's coordinates: -1 and 1 are the outer edges of the outermost pixels.
    x = (2 * (columns + back_flow[:, 0]) + 1) / width - 1
    y = (2 * (rows + back_flow[:, 1]) + 1) / height - 1
    grid = torch.stack((x, y), -1)
    return F.grid_sample(before.float(), grid, padding_mode="border", align_corners=False)


def unsteadiness(saliency: Tensor, before: Tensor, back_flow: Tensor, valid: Tensor) -> Tensor:
    """Mean absolute change along the flow, where the surface is seen in both frames; (N,).

    Args:
        saliency, before: float (N, 1, h, w) in [0, 1], of a frame and the one before.
        back_flow: as for ``followed_back``.
        valid: float32 (N, 1, h, w), 1 where the flow holds.
    """
    change = (saliency.float() - followed_back(before, back_flow)).abs()
    return _weighted(change, valid)


def relative_error(found: Tensor, wanted: Tensor, floor: float) -> Tensor:
    """Mean squared error over the variance of what is wanted: 1 is as good as its mean.

    Args:
        found, wanted: float, of one shape.
        floor: the least variance; below it the target is as good as constant.
    """
    wanted = wanted.float()
    return F.mse_loss(found.float(), wanted) / wanted.var(correction=0).clamp_min(floor)


def _weighted(cost: Tensor, weights: Tensor) -> Tensor:
    return (cost * weights).sum((1, 2, 3)) / weights.sum((1, 2, 3)).clamp_min(1e-6)
