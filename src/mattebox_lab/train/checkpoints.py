"""What a run leaves: its state, to go on from, and its weights, to be used.

Weights are written as fp16 under the names that the authors of U²-Net gave, so that they load
wherever the official checkpoint does. Batch norm is folded into the convolutions; in its place
stands one that changes nothing.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor, nn

from mattebox.errors import SourceError, WeightsError
from mattebox.nets import weights
from mattebox.nets.u2net import U2NETP, Architecture, ConvBlock, U2Net, fold_batch_norm
from mattebox_lab.files import write_whole
from mattebox_lab.train.recipe import SCRATCH

ADVICE = "Make room, or pass another --out."


def starting_network(start: str, seed: int) -> U2Net:
    """The network that a run begins with: batch norm folded, ready to learn.

    Args:
        start: a checkpoint's name or path, or "scratch".
        seed: of the first weights, from scratch.

    Raises:
        WeightsError: the checkpoint is not there, not readable, or of another network.
    """
    network = _from_scratch(seed) if start == SCRATCH else weights.load(weights.find(start))
    return network.train().requires_grad_(True)


def _from_scratch(seed: int) -> U2Net:
    """Weights that keep the spread of what goes through a ReLU (He et al., ICCV 2015)."""
    generator = torch.Generator().manual_seed(seed)
    network = fold_batch_norm(U2Net(U2NETP))
    for part in network.modules():
        if isinstance(part, nn.Conv2d) and part.bias is not None:
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(part.bias)
    return network


def official_state(folded: Mapping[str, Tensor], architecture: Architecture) -> dict[str, Tensor]:
    """fp16 tensors under the authors' names, of a state whose batch norms are folded.

    Raises:
        WeightsError: a weight is too large for fp16, or no number.
    """
    with torch.device("meta"):
        names = U2Net(architecture).state_dict().keys()
    state = {name: _stored(name, folded) for name in names}
    wrong = [name for name, tensor in state.items() if not bool(torch.isfinite(tensor).all())]
    if wrong:
        raise WeightsError(
            f"cannot write weights: {wrong[0]} is not finite in fp16, whose largest number is "
            "65504.",
            "The run has diverged: go on from an earlier one with a lower learning rate.",
        )
    return state


def _stored(name: str, folded: Mapping[str, Tensor]) -> Tensor:
    if name in folded:
        return folded[name].detach().to("cpu", torch.float16).contiguous()
    block, _, part = name.rpartition(".bn_s1.")
    if part == "num_batches_tracked":
        return torch.tensor(0)
    shape = folded[f"{block}.conv_s1.bias"].shape
    return torch.full(shape, float(part in ("weight", "running_var")), dtype=torch.float16)


def write_weights(network: U2Net, path: Path) -> None:
    """Write a network whose batch norms are folded.

    Raises:
        WeightsError: its weights do not fit fp16.
        SinkError: the file cannot be written.
    """
    assert not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())
    assert all(
        isinstance(part.bn_s1, nn.Identity)
        for part in network.modules()
        if isinstance(part, ConvBlock)
    )
    state = official_state(network.state_dict(), network.architecture)
    write_whole(path, save(state), ADVICE)


def write_state(state: Mapping[str, object], path: Path) -> None:
    """Write what a run goes on from; the old file stays until the new one is complete.

    Raises:
        SinkError: it cannot be written.
    """
    file = io.BytesIO()
    torch.save(dict(state), file)
    write_whole(path, file.getvalue(), ADVICE)


def _of_a_run(state: dict[str, Any]) -> dict[str, Any]:
    if "recipe" not in state or "progress" not in state:
        raise ValueError("it holds no state of a run")
    return state


def read_state(path: Path, device: torch.device) -> dict[str, Any]:
    """What ``write_state`` wrote.

    Raises:
        SourceError: it is damaged, or not of a run.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        return _of_a_run(dict(state))
    except (OSError, RuntimeError, EOFError, UnpicklingError, TypeError, ValueError) as error:
        raise SourceError(
            f"cannot read {path}: {error}.", "Begin a new run from its weights with --start."
        ) from error
