"""Rounding as integer engines do, with gradients that pass."""

from __future__ import annotations

import torch
from torch import nn

from mattebox.nets.u2net import U2NETP, U2Net, fold_batch_norm
from mattebox_lab.train.eight_bits import in_eight_bits, rounded, rounded_by_row


def test_there_are_256_values() -> None:
    """Half of a step is the largest error; without negative numbers the steps are half as long."""
    for x, levels in ((torch.linspace(-1, 1, 4001), 127), (torch.linspace(0, 1, 4001), 255)):
        found = rounded(x)
        assert len(torch.unique(found)) == (2 * levels + 1 if levels == 127 else levels + 1)
        assert float((found - x).abs().max()) <= 0.5 / levels + 1e-6


def test_each_row_of_weights_has_its_own_range() -> None:
    """A faint output is not rounded away beside a loud one."""
    weights = torch.tensor([[1000.0, 500.0], [0.01, 0.004]]).view(2, 2, 1, 1)
    assert torch.allclose(rounded_by_row(weights), weights, rtol=0.02)


def test_gradients_pass_as_if_nothing_were_rounded() -> None:
    """Otherwise they would be 0 nearly everywhere."""
    x = torch.linspace(-1, 1, 9, requires_grad=True)
    torch.autograd.backward(rounded(x).sum())
    assert x.grad is not None
    assert torch.equal(x.grad, torch.ones(9))


def test_one_loud_channel_drowns_the_others() -> None:
    """What eight bits cannot show is gone: the reason to train so."""
    convolution = nn.Conv2d(2, 1, 1, bias=False).requires_grad_(False)
    nn.init.ones_(convolution.weight)
    x = torch.stack((torch.full((4, 4), 1000.0), torch.rand(4, 4)))[None]
    with in_eight_bits(convolution):
        assert float(convolution(x).std()) == 0
    assert float(convolution(x).std()) > 0.1


def test_weights_are_rounded_too() -> None:
    """What is less than half of a step beside the largest weight is nothing."""
    convolution = nn.Conv2d(2, 1, 1, bias=False).requires_grad_(False)
    convolution.weight.copy_(torch.tensor([1.0, 0.003]).view(1, 2, 1, 1))
    x = torch.stack((torch.zeros(4, 4), torch.ones(4, 4)))[None]
    with in_eight_bits(convolution):
        assert float(convolution(x).abs().max()) == 0
    assert float(convolution(x).max()) > 0


def test_a_network_is_itself_again_afterwards() -> None:
    """Within, its maps are near those outside, and not the same."""
    torch.manual_seed(0)
    network = fold_batch_norm(U2Net(U2NETP))
    x = torch.randn(1, 3, 64, 64)
    keys = list(network.state_dict())
    with torch.inference_mode():
        before = network(x)
        with in_eight_bits(network):
            within = network(x)
        after = network(x)
    assert torch.equal(before, after)
    assert list(network.state_dict()) == keys
    assert 0 < float((within - before).abs().max()) < 0.1
