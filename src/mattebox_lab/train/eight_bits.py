"""Training as if in eight bits: what an integer engine rounds is rounded here, gradients are not.

A network that was trained so has learnt to keep every convolution's numbers in a range in which 256
steps are enough; one that was not may need thousands of steps for a single channel.

Source: Jacob et al., "Quantization and training of neural networks for efficient
integer-arithmetic-only inference", CVPR 2018. Ranges are those of the batch itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_SIGNED, _UNSIGNED = 127, 255
_LEAST = 1e-6


@contextmanager
def in_eight_bits(network: nn.Module) -> Iterator[None]:
    """Within, every convolution rounds what it is given, per tensor, and its weights, per channel.

    As engines do: symmetric about 0, from 0 on where nothing is negative. Biases stay as they are.
    """
    convolutions = [part for part in network.modules() if isinstance(part, nn.Conv2d)]
    for convolution in convolutions:
        convolution.forward = partial(_convolved, convolution)  # type: ignore[method-assign]
    try:
        yield
    finally:
        for convolution in convolutions:
            del convolution.forward


def _convolved(convolution: nn.Conv2d, x: Tensor) -> Tensor:
    return F.conv2d(
        rounded(x),
        rounded_by_row(convolution.weight),
        convolution.bias,
        convolution.stride,
        convolution.padding,
        convolution.dilation,
    )


def rounded(x: Tensor) -> Tensor:
    """The nearest of 256 values from 0 on, or of 127 on each side of it; gradients pass.

    Args:
        x: float; its largest magnitude is the outermost value.
    """
    smallest, largest = (float(each) for each in torch.aminmax(x.detach()))
    levels, lowest = (_UNSIGNED, 0) if smallest >= 0 else (_SIGNED, -_SIGNED)
    step = max(largest, -smallest, _LEAST) / levels
    found = torch.fake_quantize_per_tensor_affine(x.float(), step, 0, lowest, levels)
    return found.to(x.dtype)


def rounded_by_row(weights: Tensor) -> Tensor:
    """The same for weights, float32 (out, …), each output's by themselves."""
    largest = weights.detach().flatten(1).abs().amax(1).clamp_min(_LEAST)
    zero = torch.zeros(len(weights), dtype=torch.int32, device=weights.device)
    return torch.fake_quantize_per_channel_affine(
        weights, largest / _SIGNED, zero, 0, -_SIGNED, _SIGNED
    )
