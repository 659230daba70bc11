"""One evaluation from its request to its report. What is said on the way goes to the caller."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mattebox_lab.evaluate.contenders import Contender, View, load_contenders
from mattebox_lab.evaluate.judging import Scores, SetScores, compare
from mattebox_lab.evaluate.report import Entry, Report
from mattebox_lab.evaluate.sets import MaterialSet, calibration_stills, find_sets
from mattebox_lab.evaluate.sheets import Sheet


@dataclass(frozen=True, slots=True)
class Request:
    """What to judge on what.

    Attributes:
        material: the folder.
        models: names or paths of checkpoints, one or more.
        view: how pictures are shown.
        precisions: keys of ``PRECISIONS``.
        device: as for ``TorchSegmenter``.
        stills, every, sets: the limits and names, as in ``find_sets``.
        settings: of the product, as in ``load_contenders``.
        sheets: the folder for contact sheets; None for none.
    """

    material: Path
    models: Sequence[str]
    view: View
    precisions: Sequence[str] = ("fp32",)
    device: str = "auto"
    stills: int | None = None
    every: int = 1
    sets: Sequence[str] = ()
    sheets: Path | None = None
    settings: Sequence[str] = ("",)


def run(request: Request, tell: Callable[[str], None]) -> Report:
    """Judge everything, one set after the other.

    Args:
        request: see there.
        tell: takes a line for people when a set is done.

    Raises:
        SettingsError: a set or a precision that is none.
        SourceError: the material is not there, or cannot be read.
        SegmenterError: a checkpoint, the device or a library cannot be had, or failed.
        SinkError: a sheet cannot be written.
    """
    sets = find_sets(
        request.material,
        request.sets,
        stills=request.stills,
        every=request.every,
        whole=request.view.over_time,
        share=request.view.share,
    )
    judged = load_contenders(
        request.models,
        request.precisions,
        request.device,
        request.view,
        partial(calibration_stills, request.material),
        request.settings,
    )
    lines = [_judge_set(judged, each, request, tell) for each in sets]
    entries = (
        Entry(each.label, each.name, each.precision, each.sha256, each.settings, Scores(column))
        for each, column in zip(judged, zip(*lines, strict=True), strict=True)
    )
    return Report(
        str(request.material), request.view, request.stills, request.every, tuple(entries)
    )


def _judge_set(
    judged: Sequence[Contender],
    material: MaterialSet,
    request: Request,
    tell: Callable[[str], None],
) -> list[SetScores]:
    began, sheets = time.perf_counter(), request.sheets
    sheet = Sheet([each.label for each in judged], moving=material.moving) if sheets else None
    scores = compare(judged, material, sheet, measure_edges=request.view.matte)
    if sheets and sheet:
        sheet.save(sheets / f"{material.name}.png")
    took_s = time.perf_counter() - began
    tell(f"{material.name}: {scores[0].pictures} pictures, {scores[0].pairs} pairs, {took_s:.0f} s")
    return scores
