"""The measurements behind the defaults: ``docs/quality.md``.

Every frame is matted by itself. IoU is that of alpha above ½ with truth above ½ (Jaccard); MAD is
the mean absolute difference of alpha, MSE the mean squared one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.assemble import open_matting
from mattebox.colour import rgb_from_planes
from mattebox.matting.foreground import ForegroundOptions, estimate_foreground
from mattebox.settings import resolve
from mattebox_lab.evaluate.material import Example, clip, shard
from mattebox_lab.evaluate.mixtures import BAND, mixture

Values: TypeAlias = npt.NDArray[np.float32]

SIZES = (192, 224, 256, 288, 320, 384, 448)
RADII = (3, 6, 12, 24, 48)
WAVES = ((17, 5), (40, 23), (9, 60))  # periods in pixels, of the foreground and of the room
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


def radii(material: Sequence[Example]) -> Iterator[str]:
    """A line for each head: what is left of a mixture's error, by how far colour is looked for.

    Each alpha is taken as true, at its size and at twice that, and colours of waves are laid before
    and behind it: so the foreground's own colour is known everywhere.
    """
    firsts = {each.set: each.alpha for each in reversed(material) if each.set.startswith("head")}
    for name, alpha in firsts.items():
        for scale in (1, 2):
            size = (alpha.shape[1] * scale // 2 * 2, alpha.shape[0] * scale // 2 * 2)
            large = np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_CUBIC), np.float32)
            shares = np.clip(large, 0, 1)
            cells = (
                f"{radius} px {np.mean([_left(shares, radius, *pair) for pair in WAVES]):.3f}"
                for radius in RADII
            )
            yield f"{name} {size[0]}×{size[1]}  {'  '.join(cells)}"


def _left(alpha: Values, radius_px: float, own_period: float, room_period: float) -> float:
    """The mean error of the estimated colour over that of the mixture, where alpha is partial."""
    own = _waves(alpha.shape, (0.5, 0.3, 0.2), own_period)
    room = _waves(alpha.shape, (0.7, 0.8, 0.9), room_period)
    both = alpha[..., None] * own + (1 - alpha[..., None]) * room
    frame = mixture(own, room, alpha).frame
    found = estimate_foreground(frame, alpha, ForegroundOptions(radius_px))
    error = np.abs(rgb_from_planes(found, frame.format.pixels, frame.format.colour) - own)
    band = (alpha > BAND[0]) & (alpha < BAND[1])
    return float(error[band].mean() / np.abs(both - own)[band].mean())


def _waves(shape: tuple[int, ...], tint: tuple[float, float, float], period: float) -> Values:
    """float32 (height, width, 3): one tint, lighter and darker over some pixels."""
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    light = 0.8 + 0.2 * np.sin(columns / period) * np.cos(rows / period)
    return np.asarray(light[..., None] * np.array(tint), np.float32)


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
