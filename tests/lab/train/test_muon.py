"""Muon: steps of equal strength in every direction."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mattebox_lab.train.muon import Muon, optimisers, orthogonal


@pytest.mark.parametrize("shape", [(16, 144), (64, 27), (8, 8)])
def test_every_singular_value_becomes_about_one(shape: tuple[int, int]) -> None:
    """Whatever they were: here they fall by a factor of a hundred."""
    generator = torch.Generator().manual_seed(0)
    u, _, v = torch.linalg.svd(torch.randn(shape, generator=generator), full_matrices=False)
    matrix = u @ torch.diag(torch.logspace(0, -2, len(v))) @ v

    values = torch.linalg.svdvals(orthogonal(matrix))

    assert float(values.min()) > 0.5
    assert float(values.max()) < 1.3


def test_nothing_stays_nothing() -> None:
    """A stage that got no gradient is not moved."""
    assert not orthogonal(torch.zeros(4, 9)).any()


def test_a_step_has_the_length_of_the_rate() -> None:
    """In the spectral norm, whatever the gradient's length."""
    weights = nn.Parameter(torch.zeros(8, 4, 3, 3))
    weights.grad = 1000 * torch.randn(weights.shape, generator=torch.Generator().manual_seed(1))

    Muon([weights], lr=0.1).step()

    norm = torch.linalg.matrix_norm(weights.detach().flatten(1), ord=2)
    assert 0.05 < float(norm) < 0.13


def test_it_finds_the_weights_that_made_the_answers() -> None:
    """A convolution is fitted to another one's output."""
    generator = torch.Generator().manual_seed(2)
    wanted, found = nn.Conv2d(3, 8, 3), nn.Conv2d(3, 8, 3)
    steppers = optimisers(found.parameters(), 0.05, 0.05)
    errors = []
    for step in range(200):
        for stepper in steppers:
            for group in stepper.param_groups:
                group["lr"] = 0.05 * (1 - step / 200)
        x = torch.randn(4, 3, 16, 16, generator=generator)
        error = (found(x) - wanted(x).detach()).square().mean()
        torch.autograd.backward(error)
        for stepper in steppers:
            stepper.step()
            stepper.zero_grad()
        errors.append(float(error.detach()))
    assert errors[-1] < 1e-3 * errors[0]


def test_biases_and_sides_go_to_another_optimiser() -> None:
    """A single row has no directions to be made equal; its step would have one length for ever."""
    parameters = [*nn.Conv2d(3, 8, 3).parameters(), *nn.Conv2d(8, 1, 3).parameters()]

    wide, rest = optimisers(parameters, 0.01, 0.001)

    assert [each.shape for each in wide.param_groups[0]["params"]] == [(8, 3, 3, 3)]
    assert [each.shape for each in rest.param_groups[0]["params"]] == [(8,), (1, 8, 3, 3), (1,)]
