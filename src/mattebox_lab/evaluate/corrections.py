"""What a corrected frame does to those around it, measured against truth.

Of each clip the frame whose matte is worst is given its truth, as a user would with --fix. On
other frames mattes are compared with the truth before and after. Runs on one thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from mattebox.assemble import fix_options, open_matting
from mattebox.frame import Frame, Matte
from mattebox.matting.fixes import Fix, FixOptions, fixing
from mattebox.settings import Settings
from mattebox.timing import seconds
from mattebox_lab.evaluate.edges import gradient_error
from mattebox_lab.evaluate.material import Alpha, alpha_beside, alphas, frames

# What is measured goes so far to either side, in seconds.
NEAR_S, AROUND_S = 1 / 3, 1.0


def measured(material: Path, settings: Settings) -> Iterator[str]:
    """A Markdown table: a line for each clip of ``truth/`` that has its truth beside it."""
    yield (
        "| clip, frame | IoU, 1/3 s | alpha's mean error, 1/3 s | IoU, 1 s "
        "| alpha's mean error, 1 s | edges, 1 s |"
    )
    yield "|---|---|---|---|---|---|"
    matting, options = open_matting(settings), fix_options(settings)
    for video in sorted((material / "truth").glob("*.mp4")):
        shown, truth = list(frames(video)), list(alphas(alpha_beside(video)))
        mattes = matting.stage([frame] for frame in shown)
        before = [matte.alpha.cpu().numpy() for matte in mattes]
        yield f"| `{video.stem}`, {_line(shown, truth, before, options)}"


def worst(found: Sequence[Alpha], truth: Sequence[Alpha]) -> int:
    """The number of the frame with the lowest IoU."""
    return int(np.argmin([iou(*pair) for pair in zip(found, truth, strict=True)]))


def iou(alpha: Alpha, truth: Alpha) -> float:
    """Of what is above one half; 1 where nothing is."""
    ours, true = alpha > 0.5, truth > 0.5
    union = int((ours | true).sum())
    return float((ours & true).sum() / union) if union else 1.0


def corrected(
    shown: Sequence[Frame], found: Sequence[Alpha], number: int, fix: Alpha, options: FixOptions
) -> list[Alpha]:
    """Mattes that were found, with one of them corrected."""

    def stage(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        for [frame], alpha in zip(batches, found, strict=False):
            yield Matte(frame, torch.from_numpy(alpha.copy()))

    given = Fix(number, np.rint(fix * 255).astype(np.uint8), 255, "the truth")
    batches = ([frame] for frame in shown)
    return [matte.alpha.numpy() for matte in fixing(batches, stage, [given], options)]


def _line(
    shown: Sequence[Frame], truth: Sequence[Alpha], before: Sequence[Alpha], options: FixOptions
) -> str:
    number = worst(before, truth)
    after = corrected(shown, before, number, truth[number], options)
    moments = [seconds(frame.pts, frame.format.time_base) for frame in shown]
    cells = []
    for reach_s in (NEAR_S, AROUND_S):
        near = [
            n
            for n, moment in enumerate(moments)
            if n != number and abs(moment - moments[number]) <= reach_s
        ]
        rows = [_figures([(each[n], truth[n]) for n in near]) for each in (before, after)]
        cells += [f"{one:.3f} → **{two:.3f}**" for one, two in [[row[0] for row in rows]]]
        cells += [f"{one:.1f} → **{two:.1f}**" for one, two in [[row[1] for row in rows]]]
        edges = f"{rows[0][2]:.3f} → {rows[1][2]:.3f}"
    return f"{number} | {' | '.join([*cells, edges])} |"


def _figures(pairs: Sequence[tuple[Alpha, Alpha]]) -> tuple[float, float, float]:
    """(IoU, mean absolute difference × 1000, gradient error), means over the frames."""
    rows = [(iou(a, t), 1000 * np.abs(a - t).mean(), gradient_error(a, t)) for a, t in pairs]
    first, second, third = np.mean(rows, axis=0)
    return float(first), float(second), float(third)
