"""Segmenters without a network, for tests: they judge each picture by itself and never change."""

from __future__ import annotations

import torch
from torch import Tensor


class BrightnessSegmenter:
    """Saliency is brightness: white is foreground, black background. Notes how often it is asked.

    Args:
        contrast: above 1 pushes saliency towards 0 and 1, around one half.
    """

    device = torch.device("cpu")

    def __init__(self, contrast: float = 1.0) -> None:
        self.contrast = contrast
        self.batches: list[int] = []

    def saliency(self, batch: Tensor) -> Tensor:
        """The mean of R, G and B."""
        self.batches.append(len(batch))
        bright = batch.to(torch.float32).mean(1, keepdim=True) / 255
        return ((bright - 0.5) * self.contrast + 0.5).clamp_(0, 1)


class ThresholdSegmenter(BrightnessSegmenter):
    """Saliency is exactly 1 where the picture is brighter than half, and 0 elsewhere."""

    def saliency(self, batch: Tensor) -> Tensor:
        """0 or 1."""
        return (super().saliency(batch) > 0.5).to(torch.float32)
