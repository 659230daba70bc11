"""U²-Net and its small form U²-NetP: one definition, read from top to bottom.

What lives here: the network, its two published sizes, and folding batch norm away for inference.
What does not: weights (``weights.py``), pictures, devices and precision (the engines). Written
from the paper; the names of the parameters are those of the authors' checkpoints, so that
``u2net.pth`` and ``u2netp.pth`` load with ``strict=True``. Any thread may call it.

Source: Qin, Zhang, Huang, Dehghan, Zaiane and Jagersand, "U²-Net: Going deeper with nested
U-structure for salient object detection", Pattern Recognition 106, 2020, figures 2 and 5 and
table 1.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

# Floors of each U, stages 1 to 6 (paper, figure 5): the smaller its picture, the fewer floors.
# From stage 5 on the picture is too small to halve again; there dilation widens the view.
_FLOORS = (7, 6, 5, 4, 4, 4)
_DILATED_FROM = 5


@dataclass(frozen=True, slots=True)
class Architecture:
    """The widths of a U²-Net, in channels.

    Attributes:
        name: what people call it.
        encoder: (inside, out) of stages 1 to 6.
        decoder: (inside, out) of stages 1d to 5d.
    """

    name: str
    encoder: tuple[tuple[int, int], ...]
    decoder: tuple[tuple[int, int], ...]


U2NET = Architecture(
    "u2net",  # 44,009,869 parameters
    encoder=((32, 64), (32, 128), (64, 256), (128, 512), (256, 512), (256, 512)),
    decoder=((16, 64), (32, 64), (64, 128), (128, 256), (256, 512)),
)
U2NETP = Architecture(
    "u2netp",  # 1,131,181 parameters
    encoder=((16, 64),) * 6,
    decoder=((16, 64),) * 5,
)
ARCHITECTURES = (U2NETP, U2NET)


class ConvBlock(nn.Module):
    """A 3×3 convolution, batch norm and ReLU; keeps the size."""

    def __init__(self, channels_in: int, channels_out: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv_s1: nn.Module = nn.Conv2d(
            channels_in, channels_out, 3, padding=dilation, dilation=dilation
        )
        self.bn_s1: nn.Module = nn.BatchNorm2d(channels_out)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels_in, h, w) to (N, channels_out, h, w)."""
        return F.relu(self.bn_s1(self.conv_s1(x)), inplace=True)


class ResidualU(nn.Module):
    """A U inside the U: the paper's RSU-L, and RSU-4F where ``dilated``.

    Blocks go down ``floors - 1`` floors and come up again, each taking what it skipped over; the
    lowest block stands on the last floor without halving the picture once more.

    Args:
        floors: L in the paper.
        channels_in, channels_inside, channels_out: widths before, inside and after.
        dilated: widen the view by dilation 1, 2, 4, 8 instead of halving the picture.
    """

    def __init__(
        self,
        floors: int,
        channels_in: int,
        channels_inside: int,
        channels_out: int,
        dilated: bool,
    ) -> None:
        super().__init__()
        self.floors, self.dilated = floors, dilated
        inside, out = channels_inside, channels_out
        self.rebnconvin = ConvBlock(channels_in, out)
        for floor in range(1, floors):
            dilation = 2 ** (floor - 1) if dilated else 1
            self.add_module(
                f"rebnconv{floor}", ConvBlock(out if floor == 1 else inside, inside, dilation)
            )
            self.add_module(
                f"rebnconv{floor}d",
                ConvBlock(2 * inside, out if floor == 1 else inside, dilation),
            )
        dilation = 2 ** (floors - 1) if dilated else 2
        self.add_module(f"rebnconv{floors}", ConvBlock(inside, inside, dilation))

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels_in, h, w) to (N, channels_out, h, w)."""
        entry: Tensor = self.rebnconvin(x)  # (N, out, h, w)
        skips = [self._down(1, entry)]  # (N, inside, h, w)
        for floor in range(2, self.floors):
            x = skips[-1] if self.dilated else halve(skips[-1])  # (…, h/2^(floor-1), w/2^(floor-1))
            skips.append(self._down(floor, x))
        x = self._down(self.floors, skips[-1])  # the size of the lowest skip
        for floor in range(self.floors - 1, 0, -1):
            skip = skips.pop()  # (N, inside, h/2^(floor-1), w/2^(floor-1))
            x = self._up(floor, torch.cat((resize_like(x, skip), skip), 1))
        return entry + x.to(entry.dtype)  # (N, out, h, w)

    def _down(self, floor: int, x: Tensor) -> Tensor:
        return cast(Tensor, self.get_submodule(f"rebnconv{floor}")(x))

    def _up(self, floor: int, x: Tensor) -> Tensor:
        return cast(Tensor, self.get_submodule(f"rebnconv{floor}d")(x))


class U2Net(nn.Module):
    """Six stages down, five stages up, six judgements of saliency and one fused from them.

    Args:
        architecture: the widths; ``U2NET`` or ``U2NETP``.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        encoder, decoder = architecture.encoder, architecture.decoder
        width = 3
        for number, (inside, out) in enumerate(encoder, 1):
            self.add_module(f"stage{number}", _stage(number, width, inside, out))
            width = out
        for number in range(len(decoder), 0, -1):
            inside, out = decoder[number - 1]
            skipped = encoder[number - 1][1]
            self.add_module(f"stage{number}d", _stage(number, width + skipped, inside, out))
            width = out
        judged = [out for _, out in decoder] + [encoder[-1][1]]
        for number, out in enumerate(judged, 1):
            self.add_module(f"side{number}", nn.Conv2d(out, 1, 3, padding=1))
        self.outconv = nn.Conv2d(len(judged), 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Judge pictures: what is used at inference.

        Args:
            x: float (N, 3, h, w) RGB, less ImageNet's mean and over its deviation.

        Returns:
            float32 (N, 1, h, w) in [0, 1], the fused saliency.
        """
        # float32 first: between ½ and 1, bfloat16 knows only 128 values.
        return torch.sigmoid(self.logits(x)[0].float())

    def logits(self, x: Tensor) -> tuple[Tensor, ...]:
        """Every judgement before the sigmoid: what a loss is computed on.

        Returns:
            seven float (N, 1, h, w): the fused one, then sides 1 to 6, all at full size.
        """
        features = self._features(x)
        sides = [self._side(1, features[0])]  # (N, 1, h, w)
        for number, feature in enumerate(features[1:], 2):
            side = self._side(number, feature)  # (N, 1, h/2^(number-1), w/2^(number-1))
            sides.append(resize_like(side, sides[0]))  # (N, 1, h, w)
        return (self.outconv(torch.cat(sides, 1)), *sides)

    def _features(self, x: Tensor) -> list[Tensor]:
        """What stages 1d to 5d and 6 see, the largest first."""
        stages = len(self.architecture.encoder)
        skips = [self._stage("stage1", x)]  # (N, 64, h, w)
        for number in range(2, stages + 1):
            # (N, out, h/2^(number-1), w/2^(number-1)); sizes round up
            skips.append(self._stage(f"stage{number}", halve(skips[-1])))
        features = [skips.pop()]  # (N, out, h/32, w/32)
        for number in range(stages - 1, 0, -1):
            skip = skips.pop()  # (N, out, h/2^(number-1), w/2^(number-1))
            x = torch.cat((resize_like(features[-1], skip), skip), 1)
            features.append(self._stage(f"stage{number}d", x))
        return features[::-1]

    def _stage(self, name: str, x: Tensor) -> Tensor:
        return cast(Tensor, self.get_submodule(name)(x))

    def _side(self, number: int, feature: Tensor) -> Tensor:
        return cast(Tensor, self.get_submodule(f"side{number}")(feature))


def _stage(number: int, channels_in: int, inside: int, out: int) -> ResidualU:
    return ResidualU(_FLOORS[number - 1], channels_in, inside, out, dilated=number >= _DILATED_FROM)


def halve(x: Tensor) -> Tensor:
    """(N, C, h, w) to (N, C, ⌈h/2⌉, ⌈w/2⌉): the largest of each 2×2."""
    return F.max_pool2d(x, 2, stride=2, ceil_mode=True)


def resize_like(x: Tensor, like: Tensor) -> Tensor:
    """(N, C, …) to (N, C, h, w) of ``like``, bilinear, between the centres of pixels."""
    if x.shape[2:] == like.shape[2:]:
        return x
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)


Net = TypeVar("Net", bound=nn.Module)


def fold_batch_norm(network: Net) -> Net:
    """A copy for inference, each batch norm folded into the convolution before it.

    The copy has no batch norms, is in eval mode, and gives the same maps within 1e-4; its
    state-dict has other keys. The network itself is left as it was.
    """
    folded = copy.deepcopy(network).eval().requires_grad_(False)
    for block in folded.modules():
        if not isinstance(block, ConvBlock):
            continue
        if isinstance(block.conv_s1, nn.Conv2d) and isinstance(block.bn_s1, nn.BatchNorm2d):
            block.conv_s1 = fuse_conv_bn_eval(block.conv_s1, block.bn_s1)
            block.bn_s1 = nn.Identity()
    return folded
