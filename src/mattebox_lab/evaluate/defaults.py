"""The measurements behind the defaults: ``docs/quality.md``.

Every frame is matted by itself. IoU is that of alpha above ½ with truth above ½ (Jaccard); MAD is
the mean absolute difference of alpha, MSE the mean squared one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from mattebox.assemble import open_matting
from mattebox.settings import resolve
from mattebox_lab.evaluate.material import Example, clip, shard

SIZES = (192, 224, 256, 288, 320, 384, 448)
LEVELS = ((0.0, 1.0), (0.05, 0.95), (0.1, 0.9), (0.15, 0.9), (0.2, 0.8), (0.3, 0.7))


def examples(material: Path, sample: Path, *, every: int, stills: int) -> list[Example]:
    """The sample clip, and every clip and development set of the material."""
    videos = sorted((material / "truth").glob("*.mp4"))
    shards = sorted((material / "train").glob("dev-*.tar"))
    found = [example for video in [sample, *videos] for example in clip(video, every)]
    with_truth = [path for path in shards if "rooms" not in path.name]
    return found + [example for path in with_truth for example in shard(path, stills)]


def sizes(model: str, material: Sequence[Example]) -> Iterator[str]:
    """A line for each size of the network's picture: IoU by set, and the mean over sets."""
    for size in SIZES:
        scores = _scores({"model": {"name": model, "size": size}}, material)
        by_set = {name: np.mean([iou for iou, _, _ in rows]) for name, rows in scores.items()}
        cells = " ".join(f"{name} {value:.3f}" for name, value in by_set.items())
        yield f"{size:4}  mean {np.mean([*by_set.values()]):.3f}  {cells}"


def levels(model: str, material: Sequence[Example]) -> Iterator[str]:
    """A line for each pair of levels: MAD and MSE by set, times 1000."""
    for low, high in LEVELS:
        changes = {"model": {"name": model, "size": 320}, "refine": {"low": low, "high": high}}
        scores = _scores(changes, material)
        cells = (
            f"{name} {1000 * np.mean([r[1] for r in rows]):.1f}/"
            f"{1000 * np.mean([r[2] for r in rows]):.1f}"
            for name, rows in scores.items()
        )
        yield f"{low:.2f} {high:.2f}  {'  '.join(cells)}"


def _scores(
    changes: Mapping[str, object], material: Sequence[Example]
) -> dict[str, list[tuple[float, float, float]]]:
    """(IoU, MAD, MSE) of each example, by set."""
    matting = open_matting(resolve({"temporal": {"half_life_s": 0}}, changes))
    scores: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for example in material:
        [matte] = matting.stage(iter([[example.frame]]))
        alpha = matte.alpha.cpu().numpy()
        error = alpha - example.alpha
        ours, truth = alpha > 0.5, example.alpha > 0.5
        iou = float((ours & truth).sum() / max(1, (ours | truth).sum()))
        scores[example.set].append((iou, float(abs(error).mean()), float((error**2).mean())))
    return scores
