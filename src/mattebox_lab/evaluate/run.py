"""One evaluation from its request to its report. What is said on the way goes to the caller."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mattebox_lab.evaluate.contenders import Contender, View, load_contenders
from mattebox_lab.evaluate.judging import Look, Scores, SetScores, compare
from mattebox_lab.evaluate.report import Entry, Report
from mattebox_lab.evaluate.sets import MaterialSet, Sample, Showing, calibration_stills, find_sets
from mattebox_lab.evaluate.sheets import Sheet
from mattebox_lab.evaluate.stills import Map
from mattebox_lab.evaluate.wipes import CHECKER, Wipe, refuse_unless_two


@dataclass(frozen=True, slots=True)
class Request:
    """What to judge on what.

    Attributes:
        material: the folders.
        models: names or paths of checkpoints, one or more.
        view: how pictures are shown.
        precisions: keys of ``PRECISIONS``.
        device: as for ``TorchSegmenter``.
        stills, every, sets: the limits and names, as in ``find_sets``.
        settings: of the product, as in ``load_contenders``.
        sheets: the folder for contact sheets; None for none.
        wipe: the folder for videos that show two contenders side by side; None for none.
        wipe_over: the backdrop in them: ``checker``, or as ``mattebox run`` takes it.
    """

    material: Sequence[Path]
    models: Sequence[str]
    view: View
    precisions: Sequence[str] = ("fp32",)
    device: str = "auto"
    stills: int | None = None
    every: int = 1
    sets: Sequence[str] = ()
    sheets: Path | None = None
    settings: Sequence[str] = ("",)
    wipe: Path | None = None
    wipe_over: str = CHECKER


def run(request: Request, tell: Callable[[str], None]) -> Report:
    """Judge everything, one set after the other.

    Args:
        request: see there.
        tell: takes a line for people when a set is done.

    Raises:
        SettingsError: a set or a precision that is none.
        SourceError: the material is not there, or cannot be read.
        SegmenterError: a checkpoint, the device or a library cannot be had, or failed.
        SinkError: a sheet or a video cannot be written.
    """
    view = request.view
    sets = find_sets(
        request.material,
        request.sets,
        stills=request.stills,
        showing=Showing(request.every, view.over_time, view.share, view.lines),
    )
    judged = load_contenders(
        request.models,
        request.precisions,
        request.device,
        request.view,
        partial(calibration_stills, request.material),
        request.settings,
    )
    if request.wipe is not None:
        refuse_unless_two(judged)
    lines = [_judge_set(judged, each, request, tell) for each in sets]
    entries = (
        Entry(each.label, each.name, each.precision, each.sha256, each.settings, Scores(column))
        for each, column in zip(judged, zip(*lines, strict=True), strict=True)
    )
    return Report(
        " ".join(map(str, request.material)), view, request.stills, request.every, tuple(entries)
    )


def _judge_set(
    judged: Sequence[Contender],
    material: MaterialSet,
    request: Request,
    tell: Callable[[str], None],
) -> list[SetScores]:
    began = time.perf_counter()
    with ExitStack() as looks:
        seeing = [looks.enter_context(each) for each in _looks(judged, material, request)]

        def look(sample: Sample, maps: Sequence[Map]) -> None:
            for each in seeing:
                each(sample, maps)

        scores = compare(judged, material, look, measure_edges=request.view.matte)
    took_s = time.perf_counter() - began
    tell(f"{material.name}: {scores[0].pictures} pictures, {scores[0].pairs} pairs, {took_s:.0f} s")
    return scores


def _looks(
    judged: Sequence[Contender], material: MaterialSet, request: Request
) -> Iterator[AbstractContextManager[Look]]:
    """What is drawn of a set while it is judged; complete when it is left."""
    if request.sheets is not None:
        labels = [each.label for each in judged]
        path = request.sheets / f"{material.name}.png"
        yield Sheet(labels, moving=material.moving).saved(path)
    if request.wipe is not None and material.moving:
        yield Wipe(request.wipe / f"{material.name}.mp4", judged, request.wipe_over)
