"""Judging contenders on sets: from maps to one line of figures for each set.

What lives here: which measure is taken of which sample, and their means. What does not: the
measures (``stills.py``, ``over_time.py``), loading (``contenders.py``), the table (``report.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from itertools import tee
from typing import TypeAlias

import cv2
import numpy as np

from mattebox.frame import Frame
from mattebox.inspection.edges import Luma, edge_alignment
from mattebox.inspection.flicker import Motion, flicker
from mattebox.ports import Segmenter
from mattebox_lab.evaluate import edges, over_time, stills
from mattebox_lab.evaluate.contenders import (
    REFERENCE_PRECISION,
    Contender,
    View,
    judgement_of,
)
from mattebox_lab.evaluate.sets import PEOPLE, PEOPLE_MEAN, MaterialSet, Sample
from mattebox_lab.evaluate.stills import Map

# Sees each sample that counts, with the contenders' maps in their order.
Look: TypeAlias = Callable[[Sample, Sequence[Map]], None]


@dataclass(frozen=True, slots=True)
class SetScores:
    """The means over one set; None where a measure cannot be taken.

    Attributes:
        set: its name.
        pictures: how many were judged by themselves.
        pairs: how many consecutive frames were compared.
        saliency: mean of the map.
        mae, mse, max_f, iou, boundary_f: against truth. In an empty room the IoU is the share of
            pictures where nothing is found, and the MAE the mean saliency.
        gradient, connectivity: Grad and Conn, in thousands, against truth; of mattes only.
        holes, islands: shares of the picture, wrongly missing and wrongly there; of mattes only.
        alignment: of the matte's edges with the picture's; of mattes only, no truth needed.
        dtssd: ×100, against truth.
        flicker: ×1000, no truth needed.
        after_fast: MAE over the ten frames after the fastest motion, see ``over_time``; only where
            every frame of a clip was judged.
        agreement: IoU at ½ with the same checkpoint's maps in fp32.
    """

    set: str
    pictures: int
    pairs: int
    saliency: float | None = None
    mae: float | None = None
    mse: float | None = None
    max_f: float | None = None
    iou: float | None = None
    boundary_f: float | None = None
    gradient: float | None = None
    connectivity: float | None = None
    holes: float | None = None
    islands: float | None = None
    alignment: float | None = None
    dtssd: float | None = None
    flicker: float | None = None
    after_fast: float | None = None
    agreement: float | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """What one contender got on every set."""

    sets: tuple[SetScores, ...]

    def of(self, name: str) -> SetScores:
        """The scores on the set of that name."""
        return next(each for each in self.sets if each.set == name)

    @property
    def people(self) -> SetScores | None:
        """The mean over the stills of people, each set of the same weight; None without them."""
        sets = [each for each in self.sets if fnmatchcase(each.set, PEOPLE)]
        return _mean_of_sets(PEOPLE_MEAN, sets) if sets else None


def judge(segmenter: Segmenter, material: Iterable[MaterialSet], view: View) -> Scores:
    """Judge a network that is in memory, such as one in training.

    Args:
        segmenter: the network; ``TorchSegmenter`` makes one of a module and copies it.
        material: from ``find_sets``; ``kept`` for judging the same sets again and again.
        view: how it is shown pictures.

    Raises:
        SourceError: the material cannot be read.
        SegmenterError: the network failed.
    """
    alone = [Contender("network", REFERENCE_PRECISION, "", judgement_of(segmenter, view))]
    return Scores(tuple(compare(alone, each, measure_edges=view.matte)[0] for each in material))


def compare(
    contenders: Sequence[Contender],
    material: MaterialSet,
    look: Look | None = None,
    *,
    measure_edges: bool = False,
) -> list[SetScores]:
    """Judge every contender on a set, each picture read once; give their scores in order.

    Args:
        look: sees every sample that counts.
        measure_edges: whether edges, holes and islands are measured as well, which takes a while.

    Raises:
        SourceError: the material cannot be read.
        SegmenterError: a network failed.
    """
    tallies = [_Tally(measure_edges=measure_edges) for _ in contenders]
    references = [_reference(each, contenders) for each in contenders]
    # Those that look ahead hold up nobody: what was read for them waits here for the others.
    samples, *streams = tee(material.samples(), 1 + len(contenders))
    judged = [
        contender.judgement(stream, moving=material.moving)
        for contender, stream in zip(contenders, streams, strict=True)
    ]
    for sample, *maps in zip(samples, *judged, strict=True):
        for tally, map, reference in zip(tallies, maps, references, strict=True):
            tally.add(sample, map, None if reference is None else maps[reference])
        if look is not None and sample.counts:
            look(sample, maps)
    return [tally.scores(material.name) for tally in tallies]


def _reference(contender: Contender, contenders: Sequence[Contender]) -> int | None:
    """Where the same checkpoint in fp32 is among the contenders; None for itself."""
    places = (
        place
        for place, other in enumerate(contenders)
        if (other.name, other.settings) == (contender.name, contender.settings)
        and other.precision == REFERENCE_PRECISION
    )
    place = next(places, None)
    return None if contender.precision == REFERENCE_PRECISION else place


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """A map as it came, at its frame's size, and the truth where it is known."""

    map: Map
    alpha: Map
    truth: Map | None


class _Tally:
    """What one contender got so far on one set."""

    def __init__(self, *, measure_edges: bool) -> None:
        self._measure_edges = measure_edges
        self._pictures = self._pairs = 0
        self._values: dict[str, list[float]] = {}
        self._curves: list[stills.Curve] = []
        self._speeds: list[float] = []
        self._is_whole = True
        self._before: _Judged | None = None

    def add(self, sample: Sample, map: Map, reference: Map | None) -> None:
        """Measure a map, and its change from the map of the sample before."""
        now, before = _Judged(map, enlarged(map, sample.frame), sample.alpha), self._before
        if sample.counts:
            self._add_still(now, reference, sample.frame)
        if sample.motion is not None and before is not None:
            self._add_change(now, before, sample.motion)
        follows = sample.motion is not None or before is None
        self._is_whole = self._is_whole and sample.counts and follows
        self._before = now

    def scores(self, set: str) -> SetScores:
        means = {name: float(np.mean(values)) for name, values in self._values.items()}
        if self._curves:
            means["max_f"] = stills.max_f(self._curves)
        if self._speeds and self._is_whole:
            errors = self._values["mae"][1:]
            means["after_fast"] = over_time.after_fast(errors, self._speeds)
        return SetScores(set, self._pictures, self._pairs, **means)

    def _add_still(self, now: _Judged, reference: Map | None, frame: Frame) -> None:
        self._pictures += 1
        self._note("saliency", stills.mean_saliency(now.map))
        if reference is not None:
            self._note("agreement", stills.iou(now.map, reference))
        if now.truth is not None:
            self._compare(now.alpha, now.truth)
        if self._measure_edges:
            self._add_edges(now, frame)

    def _add_edges(self, now: _Judged, frame: Frame) -> None:
        alignment = edge_alignment(now.alpha, _luma(frame))
        if alignment is not None:
            self._note("alignment", alignment)
        if now.truth is not None:
            self._note("gradient", edges.gradient_error(now.alpha, now.truth))
            self._note("connectivity", edges.connectivity_error(now.alpha, now.truth))
            self._note("holes", edges.hole_area(now.alpha, now.truth))
            self._note("islands", edges.island_area(now.alpha, now.truth))

    def _compare(self, alpha: Map, truth: Map) -> None:
        self._note("mae", stills.mean_absolute_error(alpha, truth))
        self._note("mse", stills.mean_squared_error(alpha, truth))
        self._note("iou", stills.iou(alpha, truth))
        self._note("boundary_f", stills.boundary_f(alpha, truth))
        curve = stills.precision_and_recall(alpha, truth)
        if curve is not None:
            self._curves.append(curve)

    def _add_change(self, now: _Judged, before: _Judged, motion: Motion) -> None:
        self._pairs += 1
        flickering = flicker(now.map, before.map, motion)
        if flickering is not None:
            self._note("flicker", flickering)
        if now.truth is not None and before.truth is not None:
            self._speeds.append(over_time.speed(motion, now.truth))
            change = over_time.dtssd(now.alpha, before.alpha, now.truth, before.truth)
            self._note("dtssd", change)

    def _note(self, name: str, value: float) -> None:
        self._values.setdefault(name, []).append(value)


def enlarged(map: Map, frame: Frame) -> Map:
    """A map at its frame's size, bilinear between the centres of pixels."""
    size = frame.format.width, frame.format.height
    return np.asarray(cv2.resize(map, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _luma(frame: Frame) -> Luma:
    """float32 (height, width) in [0, 1]: luma, or green, in whichever range."""
    return frame.planes[0].astype(np.float32) / np.float32(frame.format.pixels.peak)


def _mean_of_sets(name: str, sets: Sequence[SetScores]) -> SetScores:
    counted = {"set", "pictures", "pairs"}
    rows = {f.name: [getattr(s, f.name) for s in sets] for f in fields(SetScores)}
    known = {k: [x for x in v if x is not None] for k, v in rows.items() if k not in counted}
    means = {key: float(np.mean(values)) for key, values in known.items() if values}
    return SetScores(name, sum(rows["pictures"]), sum(rows["pairs"]), **means)
