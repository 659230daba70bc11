"""``python -m mattebox_lab edges``: pairs to a model of edges. Only options here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mattebox.apps.cli.process import before_working

if TYPE_CHECKING:
    from mattebox_lab.train.edges.training import Figures


def edges(
    data: Annotated[Path, typer.Option(help="The folder with the sets' shards.")],
    out: Annotated[Path, typer.Option(help="The file of the model, .safetensors.")],
    clips: Annotated[str, typer.Option(help="Consecutive frames.")] = "video-pseudo-00.tar",
    soft: Annotated[str, typer.Option(help="Stills, soft mattes.")] = "people-ccp-pseudo-00.tar",
    hard: Annotated[str, typer.Option(help="Stills, hard masks.")] = "people-ccp-00.tar",
    model: Annotated[str, typer.Option("-m", help="As for `mattebox run`.")] = "mattebox",
    steps: Annotated[int, typer.Option(min=1, help="Of four examples each.")] = 6000,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.")] = 0,
) -> None:
    """Train the model of edges that refines a network's maps."""
    import torch

    from mattebox.nets import weights
    from mattebox.nets.torch_engine import TorchSegmenter
    from mattebox_lab.train.edges import training
    from mattebox_lab.train.edges.examples import examples
    from mattebox_lab.train.scenes.pairs import PairSet

    before_working()
    network = weights.load(weights.find(model))
    segmenter = TorchSegmenter(network, device="cpu", precision="fp32")
    sets = {name: PairSet(name, [data / name]) for name in (clips, soft, hard)}
    stills = ((sets[soft], 260), (sets[hard], 160))
    learnt, kept = training.parted(examples(sets[clips], stills, segmenter, seed))
    print(f"{len(learnt)} examples to learn from, {len(kept)} to judge by", flush=True)
    torch.set_num_threads(1)  # each step is many small ones
    _tell("bilinear", training.judged(training.bilinear, kept))
    _tell("levels", training.judged(training.levels, kept))
    learning = training.beginning(seed)
    for step, loss in training.fit(learning, learnt, steps=steps, seed=seed):
        print(f"step {step}: loss {loss:.5f}", flush=True)
    training.write(learning, out)

    _tell("learnt", training.judged(training.learnt(learning), kept))
    print(out)


def _tell(name: str, figures: Figures) -> None:
    each = (f"{kind} {mad:.2f} / {grad:.2f}" for kind, (mad, grad) in figures.items())
    print(f"{name}: {', '.join(each)}", flush=True)
