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

from torch import Tensor, nn
from torch.nn import functional as F

_SIGNED, _UNSIGNED = 127, 255
_LEAST_STEP = 1e-8


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
    weights = rounded(convolution.weight, convolution.weight.abs().amax((1, 2, 3), keepdim=True))
    return F.conv2d(
        rounded(x, x.abs().amax()),
        weights,
        convolution.bias,
        convolution.stride,
        convolution.padding,
        convolution.dilation,
    )


def rounded(x: Tensor, largest: Tensor) -> Tensor:
    """The nearest of 256 values, of 128 on each side of 0; gradients pass as if it were ``x``.

    Args:
        x: float.
        largest: what the outermost value stands for; of a shape that goes with x.
    """
    values = x.detach()
    levels = _UNSIGNED if bool(values.amin() >= 0) else _SIGNED
    step = (largest.detach().float() / levels).clamp_min(_LEAST_STEP)
    nearest = (values.float() / step).round() * step
    return x + (nearest.to(x.dtype) - values)
