"""The average of two checkpoints of which one was trained on from the other.

Between the two lies a valley of the loss: their average has most of what each of them learnt, and
less of what it forgot. Source: Wortsman et al., "Model soups: averaging weights of multiple
fine-tuned models improves accuracy without increasing inference time", ICML 2022.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def average(
    first: Annotated[str, typer.Argument(help="A checkpoint's name or path.")],
    second: Annotated[str, typer.Argument(help="One that was trained on from it.")],
    out: Annotated[Path, typer.Option(help="The file of the average, .safetensors.")],
    share: Annotated[float, typer.Option(min=0, max=1, help="Of the second one.")] = 0.5,
) -> None:
    """Average the weights of two checkpoints of one network."""
    import torch

    from mattebox.errors import WeightsError
    from mattebox.nets import weights
    from mattebox_lab.train.checkpoints import write_weights

    result, other = (weights.load(weights.find(name)) for name in (first, second))
    if result.architecture != other.architecture:
        raise WeightsError(
            f"cannot average {first} and {second}: one is a {result.architecture.name}, the other "
            f"a {other.architecture.name}.",
            "Pass two checkpoints of one network.",
        )
    with torch.no_grad():
        pairs = zip(result.parameters(), other.parameters(), strict=True)
        for ours, theirs in pairs:
            ours.lerp_(theirs, share)
    write_weights(result, out)
    print(out)
