"""Fits the model of edges to examples, and says how well it does beside other ways."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional as F

from mattebox.matting.edge_model import FEATURES, JUDGED, EdgeLine, EdgeModel
from mattebox_lab.files import write_whole
from mattebox_lab.train.edges.examples import Example

LOW, HIGH = 0.1, 0.9
_HIDDEN = (24, 24)
_RATE, _WARM_UP, _TOGETHER = 3e-3, 50, 4
# How much the squared error of alpha's gradient counts beside the error of alpha.
_GRADIENT = 10.0
# A camera's noise, the deviation of luma in [0, 1].
_NOISES = (0.0, 0.005, 0.01)
# Every so many-th example is kept for the figures.
_KEPT = 12

Way = Callable[[Tensor, Tensor], EdgeLine]
Figures = dict[str, tuple[float, float]]


def parted(examples: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """(to learn from, to judge by)."""
    learnt = [each for number, each in enumerate(examples) if number % _KEPT]
    return learnt, [*examples[::_KEPT]]


def beginning(seed: int) -> EdgeModel:
    """A model that changes nothing yet: half of the levels, the slope as measured.

    Source of the spread: He et al., "Delving deep into rectifiers", ICCV 2015.
    """
    generator = torch.Generator().manual_seed(seed)
    sizes = (FEATURES, *_HIDDEN, JUDGED)
    weights = [
        torch.randn(into, out, generator=generator) * math.sqrt(2 / into)
        for into, out in pairwise(sizes)
    ]
    weights[-1].zero_()
    return EdgeModel(tuple(weights), tuple(torch.zeros(size) for size in sizes[1:]))


def fit(
    model: EdgeModel, examples: Sequence[Example], *, steps: int, seed: int
) -> Iterator[tuple[int, float]]:
    """Improve a model in place; give (step, mean loss) every hundred steps.

    The loss is the mean absolute error of alpha, and ten times the mean squared error of its
    differences from pixel to pixel. Adam (Kingma and Ba, ICLR 2015), the rate in half a cosine.
    """
    chance, generator = random.Random(seed), torch.Generator().manual_seed(seed)
    numbers = [*model.weights, *model.biases]
    for each in numbers:
        each.requires_grad_(True)
    optimiser = torch.optim.Adam(numbers, _RATE)
    total = 0.0
    for step in range(steps):
        for group in optimiser.param_groups:
            warm = min(1.0, step / _WARM_UP)
            group["lr"] = _RATE * warm * 0.5 * (1 + math.cos(math.pi * step / steps))
        optimiser.zero_grad()
        for example in chance.choices(examples, k=_TOGETHER):
            noise = chance.choice(_NOISES) * torch.randn(example.luma.shape, generator=generator)
            line = model.line(example.saliency, example.guide, LOW, HIGH)
            error, gradient = errors(rendered(line, example, noise), example.alpha)
            loss = (error + _GRADIENT * gradient) / _TOGETHER
            loss.backward()  # type: ignore[no-untyped-call]
            total += float(loss.detach())
        optimiser.step()
        if step % 100 == 99:
            yield step + 1, total / 100
            total = 0.0
    for each in numbers:
        each.requires_grad_(False)


def rendered(line: EdgeLine, example: Example, noise: Tensor | float = 0.0) -> Tensor:
    """Alpha at full size, in [0, 1], as ``refine`` makes it, to within its cubic steps."""
    size = (example.luma.shape[0], example.luma.shape[1])
    offset, slope = (
        F.interpolate(part[None, None], size, mode="bilinear", align_corners=False)[0, 0]
        for part in (line.value - line.slope * example.guide, line.slope)
    )
    return (offset + slope * (example.luma + noise)).clamp(0, 1)


def errors(alpha: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Mean absolute error, and mean squared error of the differences down and across."""
    down, across = ((alpha - truth).diff(dim=dim).square().mean() for dim in (0, 1))
    return (alpha - truth).abs().mean(), down + across


def judged(way: Way, examples: Sequence[Example]) -> Figures:
    """For each kind of example, both errors, × 1000 and × 10,000."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with torch.no_grad():
        for example in examples:
            alpha = rendered(way(example.saliency, example.guide), example)
            error, gradient = errors(alpha, example.alpha)
            found[example.kind].append((float(error) * 1e3, float(gradient) * 1e4))
    return {
        kind: (sum(e for e, _ in all) / len(all), sum(g for _, g in all) / len(all))
        for kind, all in sorted(found.items())
    }


def bilinear(saliency: Tensor, _guide: Tensor) -> EdgeLine:
    """The map as it is."""
    return EdgeLine(saliency, torch.zeros_like(saliency))


def levels(saliency: Tensor, _guide: Tensor) -> EdgeLine:
    """The map through levels that are the same everywhere."""
    return EdgeLine((saliency - LOW) / (HIGH - LOW), torch.zeros_like(saliency))


def learnt(model: EdgeModel) -> Way:
    """The map as a model sees it."""
    return lambda saliency, guide: model.line(saliency, guide, LOW, HIGH)


def write(model: EdgeModel, path: Path) -> None:
    """A .safetensors file: ``weight.N`` and ``bias.N``, float32."""
    named = {
        f"{name}.{number}": tensor.contiguous()
        for name, tensors in (("weight", model.weights), ("bias", model.biases))
        for number, tensor in enumerate(tensors)
    }
    write_whole(path, save(named), "Make room, or pass another --out.")
