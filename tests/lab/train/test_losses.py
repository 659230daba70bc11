"""What a map costs, on maps with a known answer."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mattebox_lab.train import losses


def _half(height: int = 8, width: int = 8) -> Tensor:
    """Foreground on the left."""
    alpha = torch.zeros(1, 1, height, width)
    alpha[..., : width // 2] = 1
    return alpha


def _logits(alpha: Tensor) -> Tensor:
    return torch.logit(alpha.clamp(1e-6, 1 - 1e-6))


def test_a_perfect_map_costs_nothing() -> None:
    """Soft truth included: its own entropy is taken off."""
    alpha = torch.linspace(0, 1, 64).view(1, 1, 8, 8)
    logits, weights = _logits(alpha), losses.edge_weights(alpha, 4)
    assert float(losses.cross_entropy(logits, alpha, weights)) == pytest.approx(0, abs=1e-4)
    assert float(losses.overlap(logits, alpha, weights)) == pytest.approx(0, abs=1e-3)
    assert float(losses.gradient_difference(logits, alpha)) == pytest.approx(0, abs=1e-3)


def test_a_map_that_says_nothing_costs_a_bit_a_pixel() -> None:
    """Ln 2, wherever the truth is hard."""
    cost = losses.cross_entropy(torch.zeros(1, 1, 8, 8), _half(), torch.ones(1, 1, 8, 8))
    assert float(cost) == pytest.approx(math.log(2), abs=1e-4)


def test_edges_count_more_than_insides() -> None:
    """A pixel whose surroundings are half and half counts 1 + gain / 2."""
    weights = losses.edge_weights(_half(64, 64), 4.0)
    assert float(weights[0, 0, 32, 0]) == 1
    assert float(weights.max()) == pytest.approx(3, abs=0.4)
    assert float(weights[0, 0, 32, 31]) == pytest.approx(float(weights.max()), abs=0.2)


def test_a_wrong_half_overlaps_in_nothing() -> None:
    """All costs 1 − 0; half as much as there is costs a half."""
    alpha, flat = _half(), torch.ones(1, 1, 8, 8)
    assert float(losses.overlap(_logits(1 - alpha), alpha, flat)) == pytest.approx(1, abs=0.02)
    everything = _logits(torch.ones_like(alpha))
    assert float(losses.overlap(everything, alpha, flat)) == pytest.approx(0.5, abs=0.02)


def test_in_an_empty_picture_a_faint_haze_is_half_wrong() -> None:
    """A twentieth of the picture is free; nothing costs nothing, everything nearly 1."""
    nothing, flat = torch.zeros(1, 1, 8, 8), torch.ones(1, 1, 8, 8)
    costs = [
        float(losses.overlap(_logits(torch.full_like(nothing, haze)), nothing, flat))
        for haze in (0.0, 0.05, 1.0)
    ]
    assert costs == pytest.approx([0, 0.5, 1 / 1.05], abs=1e-3)


def test_each_picture_is_judged_by_itself() -> None:
    """A cost is one number a picture: no picture changes another's."""
    alpha = torch.cat([_half(), 1 - _half()])
    logits, weights = _logits(_half()).expand(2, -1, -1, -1), torch.ones(2, 1, 8, 8)
    right, wrong = losses.cross_entropy(logits, alpha, weights)
    assert float(right) < 1e-4 < 1 < float(wrong)


@pytest.mark.parametrize("shift", [0, 1, 3])
def test_what_moves_with_the_flow_is_steady(shift: int) -> None:
    """A shape that moves to the right is found where it was, that far to the left."""
    before = torch.zeros(1, 1, 16, 16)
    before[..., 4:8, 4:8] = 1
    saliency = torch.roll(before, shift, 3)
    flow = torch.zeros(1, 2, 16, 16)
    flow[:, 0] = -shift
    everywhere = torch.ones(1, 1, 16, 16)
    assert float(losses.unsteadiness(saliency, before, flow, everywhere)) < 1e-5
    if shift:
        still = torch.zeros_like(flow)
        assert float(losses.unsteadiness(saliency, before, still, everywhere)) > 0.01


def test_what_is_hidden_is_not_compared() -> None:
    """Where the flow does not hold, a change is no flicker."""
    ones, zeros = torch.ones(1, 1, 8, 8), torch.zeros(1, 1, 8, 8)
    valid = _half()
    saliency = torch.where(valid > 0, zeros, ones)
    flow = torch.zeros(1, 2, 8, 8)
    assert float(losses.unsteadiness(saliency, zeros, flow, valid)) == 0
    assert float(losses.unsteadiness(saliency, zeros, flow, ones)) == pytest.approx(0.5)


def test_the_mean_is_as_wrong_as_one() -> None:
    """And nothing is as wrong as its share of the variance."""
    wanted = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    mean = wanted.mean().expand_as(wanted)
    assert float(losses.relative_error(mean, wanted, 1e-4)) == pytest.approx(1, abs=0.01)
    assert float(losses.relative_error(wanted, wanted, 1e-4)) == 0
