"""The weights of the model of edges that is in the package. Files to tensors only."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from torch import Tensor

from mattebox.errors import WeightsError
from mattebox.nets.state_files import read_state

Layers: TypeAlias = tuple[Tensor, ...]

_EMBEDDED = Path(__file__).with_name("checkpoints") / "edges.safetensors"


def read_edge_weights(path: Path = _EMBEDDED) -> tuple[Layers, Layers]:
    """The weights, float32 (in, out), and the biases, float32 (out,), of each layer in order.

    Raises:
        WeightsError: the file is not there, not readable, or of something else.
    """
    state = read_state(path)
    layers = range(len(state) // 2)
    try:
        return tuple(
            tuple(state[f"{part}.{layer}"].float() for layer in layers)
            for part in ("weight", "bias")
        )  # type: ignore[return-value]
    except KeyError as error:
        raise WeightsError(
            f"{path} holds {', '.join(state)}, and no {error}: it is no model of edges.",
            "Install mattebox again.",
        ) from error
