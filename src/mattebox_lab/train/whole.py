"""The network as a whole: truth first, the teacher where it knows better, steady along the flow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn

from mattebox.nets.u2net import ConvBlock, U2Net
from mattebox_lab.train import losses
from mattebox_lab.train.batches import Batch
from mattebox_lab.train.recipe import LossWeights
from mattebox_lab.train.taps import STAGES, Taps

_FLOOR_OF_STAGES = 1e-4


class WholeLoss:
    """The terms of the loss, already times their weights.

    Args:
        student: the network that learns.
        teacher: judges the pictures that it has a say about; None: nobody does.
        weights: see ``recipe``.
    """

    def __init__(self, student: U2Net, teacher: U2Net | None, weights: LossWeights) -> None:
        self._student, self._teacher, self._weights = student, teacher, weights

    def __call__(self, batch: Batch, device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
        """Each term of the loss, by name; those that a batch has no truth for are missing."""
        x = batch.normalised(device)
        blocks = _blocks(self._student) if self._weights.bound else []
        with Taps(self._student, [*STAGES, *blocks]) as taps:
            with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
                judged = self._student.logits(x)
            terms = self._against_truth(judged, batch, device)
            terms |= self._against_teacher(judged, x, batch, taps)
            terms |= self._over_time(judged[0], batch, device)
            terms |= self._bounded(taps, blocks)
        return terms

    def _against_truth(
        self, judged: Sequence[Tensor], batch: Batch, device: torch.device
    ) -> dict[str, Tensor]:
        weights, alpha = self._weights, batch.truth(device)
        near = losses.edge_weights(alpha, weights.edge_gain)
        fused, *sides = judged
        of_sides = torch.stack([losses.cross_entropy(side, alpha, near) for side in sides])
        region = losses.cross_entropy(fused, alpha, near) + of_sides.mean(0)
        terms = {
            "region": weights.region * region.mean(),
            "overlap": weights.overlap * losses.overlap(fused, alpha, near).mean(),
        }
        exact = batch.exact.to(device)
        if weights.edge and bool(exact.any()):
            edge = losses.gradient_difference(fused, alpha)
            terms["edge"] = weights.edge * (edge * exact).mean()
        return terms

    def _against_teacher(
        self, judged: Sequence[Tensor], x: Tensor, batch: Batch, taps: Taps
    ) -> dict[str, Tensor]:
        weights, teacher = self._weights, self._teacher
        taught = batch.taught.to(x.device)
        if teacher is None or not bool(taught.any()) or not (weights.maps or weights.features):
            return {}
        with Taps(teacher, STAGES) as known, torch.no_grad():
            theirs = teacher.logits(x[taught].to(next(teacher.parameters()).dtype))
            features = dict(known.outputs)
        share = taught.float().mean()
        flat = torch.ones_like(theirs[0][:, :1], dtype=torch.float32)
        of_maps = torch.stack(
            [
                losses.cross_entropy(ours[taught], torch.sigmoid(their.float()), flat).mean()
                for ours, their in zip(judged, theirs, strict=True)
            ]
        )
        of_stages = torch.stack(
            [
                losses.relative_error(taps.outputs[name][taught], features[name], _FLOOR_OF_STAGES)
                for name in STAGES
            ]
        )
        return {
            "maps": weights.maps * share * of_maps.mean(),
            "features": weights.features * share * of_stages.mean(),
        }

    def _over_time(self, fused: Tensor, batch: Batch, device: torch.device) -> dict[str, Tensor]:
        if batch.back_flow is None or batch.valid is None or not self._weights.steady:
            return {}
        saliency = torch.sigmoid(fused.float())
        first = torch.arange(len(saliency), device=device) % batch.length == 0
        before = torch.roll(saliency, 1, 0)
        unsteady = losses.unsteadiness(
            saliency, before, batch.back_flow.to(device), batch.valid.to(device)
        )
        return {"steady": self._weights.steady * (unsteady * ~first).mean()}

    def _bounded(self, taps: Taps, blocks: Sequence[str]) -> dict[str, Tensor]:
        if not blocks:
            return {}
        bound = self._weights.activation_bound
        beyond = [(taps.outputs[name] - bound).relu().float().square().mean() for name in blocks]
        return {"bound": self._weights.bound * torch.stack(beyond).mean()}


def _blocks(network: nn.Module) -> list[str]:
    """Names of the blocks, whose outputs an engine of 8 bits rounds."""
    return [name for name, part in network.named_modules() if isinstance(part, ConvBlock)]


def as_u2net(network: nn.Module) -> U2Net:
    """The same network under its type: copies for inference are typed as any module."""
    return cast(U2Net, network)
