"""A small learnt model of edges: how hard each is, and how far it follows the picture.

A network's map is soft at every edge, hair or cloth. Levels that are right for cloth cut hair off,
and those that are right for hair leave a haze around cloth. The model looks at the map and the
picture around each of the map's pixels and says which it is. It is a thousand numbers, trained by
``mattebox_lab`` on mattes of people; no files here. Tensors on the map's device, matting thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from mattebox.matting.resample import box_mean, extremes

# How many numbers the model is given of a pixel, and how many it gives back.
FEATURES, JUDGED = 15, 3
# Where in that list they stand.
_SALIENCY, _SLOPE = 0, 9
# What is added to a variance of luma, in [0, 1]², before something is divided by it.
_NOISE = 2e-3
# The same for correlations, which are of deviations.
_FAINT = 1e-3
# How far around a pixel the model looks, in pixels of the map: its nearest, and all.
_NEAR, _FAR = 1, 3
_EXTREMES = 2
# Where the map is everywhere below this, or above one minus it, within ``_EXTREMES`` pixels, there
# is no edge.
_FLAT = 0.05
# By what the range of the map around a pixel is multiplied, up to 1: how much the model may add.
_ROOM = 8.0
# By what the doubt α (1 − α) is multiplied, up to 1.
DOUBT = 64.0
# softplus of this is 1: the slope as it was measured.
_AS_MEASURED = 0.5413


class EdgeLine(NamedTuple):
    """Alpha as a line of luma, for each pixel of the map: float32 (h, w) each.

    Attributes:
        value: alpha where luma is as in the guide; below 0 and above 1 where it is certain.
        slope: alpha per luma in [0, 1]; exactly 0 where it is certain.
    """

    value: Tensor
    slope: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class EdgeModel:
    """Three layers, with rectified linear units between them, for each pixel by itself.

    Attributes:
        weights: float32 (in, out) of each layer; the first takes what ``_features`` lists, the last
            gives how gentle the levels are, what is added to alpha, and by what the slope is
            multiplied.
        biases: float32 (out,) of each layer.
    """

    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]

    def to(self, device: torch.device) -> EdgeModel:
        """The same model with its numbers there."""
        return EdgeModel(
            tuple(each.to(device) for each in self.weights),
            tuple(each.to(device) for each in self.biases),
        )

    def line(self, saliency: Tensor, guide: Tensor, low: float, high: float) -> EdgeLine:
        """What alpha is along each edge of a map.

        Args:
            saliency: float32 (h, w) in [0, 1].
            guide: float32 (h, w) in [0, 1], luma at the map's size.
            low, high: what becomes 0, and 1, where the model finds no softness at all.
        """
        saliency = saliency.contiguous()
        value = (saliency - low).div_(high - low)
        slope = torch.zeros_like(value)
        most, least = extremes(saliency, _EXTREMES)
        edge = _places((most > _FLAT) & (least < 1 - _FLAT))
        range = torch.stack((_taken(most, edge), _taken(least, edge)))
        seen = _features(saliency, guide, range, edge)
        gentle, added, follows = self._judge(seen.T).unbind(1)
        softer = torch.sigmoid(-4 * gentle)
        bottom, top = low * softer, 1 - (1 - high) * softer
        room = (range[0] - range[1]).mul_(_ROOM).clamp_(max=1)
        here = (seen[_SALIENCY] - bottom) / (top - bottom) + 0.5 * torch.tanh(2 * added) * room
        certain = here.clamp(0, 1)
        doubt = ((certain - certain * certain) * DOUBT).clamp(max=1)
        value.view(-1)[edge] = here
        slope.view(-1)[edge] = seen[_SLOPE] * F.softplus(4 * follows + _AS_MEASURED) * doubt
        return EdgeLine(value, slope)

    def _judge(self, features: Tensor) -> Tensor:
        """float32 (pixels, 3) from float32 (pixels, features)."""
        *hidden, last = zip(self.weights, self.biases, strict=True)
        for weight, bias in hidden:
            features = torch.addmm(bias, features, weight).relu_()
        return torch.addmm(last[1], features, last[0])


def _features(saliency: Tensor, guide: Tensor, range: Tensor, edge: Tensor) -> Tensor:
    """float32 (15, pixels): what the model sees of each pixel and its surroundings.

    Args:
        saliency, guide: float32 (h, w).
        range: float32 (2, pixels): the largest and the smallest of the map around each.
        edge: int64 (pixels,), see ``_places``.
    """
    products = saliency, guide, saliency * guide, saliency * saliency, guide * guide
    means = [box_mean(each, _NEAR) for each in products]
    slope = _taken(box_mean(_slope(means), _NEAR), edge)
    near = _Window.of([_taken(mean, edge) for mean in means])
    far = _Window.of([_taken(box_mean(each, _FAR), edge) for each in products])
    luma = _taken(guide, edge)
    return torch.stack(
        (
            _taken(saliency, edge),
            near.mean,
            far.mean,
            *range,
            near.deviation,
            far.deviation,
            near.guide_deviation,
            far.guide_deviation,
            slope,
            far.slope,
            near.correlation,
            far.correlation,
            luma - near.guide_mean,
            luma - far.guide_mean,
        )
    )


def _places(marked: Tensor) -> Tensor:
    """int64 (pixels,): where a map is true, counted row by row; numpy finds them faster."""
    if marked.device.type == "cpu":
        return torch.from_numpy(np.flatnonzero(marked.numpy()))
    return torch.nonzero(marked.view(-1))[:, 0]


def _taken(map: Tensor, places: Tensor) -> Tensor:
    return map.reshape(-1).index_select(0, places)


def _slope(means: Sequence[Tensor]) -> Tensor:
    """Saliency per luma, from the means of the map, the guide and their products."""
    mean, guide_mean, both, _, guide_square = means
    variance = (guide_square - guide_mean * guide_mean).clamp_(min=0).add_(_NOISE)
    return (both - mean * guide_mean).div_(variance)


@dataclass(frozen=True, slots=True, eq=False)
class _Window:
    """How the map and the guide go together in a square around each pixel: float32 (pixels,)."""

    mean: Tensor
    guide_mean: Tensor
    deviation: Tensor
    guide_deviation: Tensor
    slope: Tensor
    correlation: Tensor

    @classmethod
    def of(cls, means: Sequence[Tensor]) -> _Window:
        """From the means of the map, the guide, and their three products."""
        mean, guide_mean, both, square, guide_square = means
        deviation = (square - mean * mean).clamp_(min=0).sqrt_()
        guide_deviation = (guide_square - guide_mean * guide_mean).clamp_(min=0).sqrt_()
        covariance = both - mean * guide_mean
        correlation = covariance / (deviation * guide_deviation + _FAINT)
        return cls(mean, guide_mean, deviation, guide_deviation, _slope(means), correlation)
