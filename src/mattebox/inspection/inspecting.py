"""The inspecting stage: passes mattes through and keeps what is to be told of them.

What lives here: the order of the steps, and what is remembered of a whole run. What does not:
threads, files, and how it is told (``document``, ``sheet``). The stage runs on the thread that
iterates it; findings may be asked for from any other.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from mattebox.frame import Matte
from mattebox.inspection.complaints import Complaint, Reason, complaints
from mattebox.inspection.figures import Figures, Inspected, InspectionOptions, Inspector
from mattebox.inspection.moments import Moment, Worst, region_of, view_of
from mattebox.inspection.series import NAMES, Distribution, Series, row_of
from mattebox.timing import seconds


@dataclass(slots=True)
class Findings:
    """What was found, or has been found so far.

    Attributes:
        frames, inputs: how many.
        length_s: from the first frame of each input to its last, added up.
        cuts: how many frames begin a new scene.
        empty: on how many frames nobody was found.
        longest_empty_s: the longest time of one input in which that was so.
        shows: how many frames there are against which each reason was found to show.
        conspicuous: on how many frames any did.
        spread: how each figure is distributed, by name.
        series: the figures over time.
        worst: the worst moments that were kept.
    """

    frames: int = 0
    inputs: int = 0
    length_s: float = 0.0
    cuts: int = 0
    empty: int = 0
    longest_empty_s: float = 0.0
    shows: Counter[Reason] = field(default_factory=Counter)
    conspicuous: int = 0
    spread: dict[str, Distribution] = field(
        default_factory=lambda: {name: Distribution() for name in NAMES}
    )
    series: Series = field(default_factory=Series)
    worst: Worst = field(default_factory=Worst)


class Inspection:
    """Looks at the mattes of one run, of one input after the other.

    Memory is bounded: the frame before, at most 2,048 rows of figures and 24 small moments.

    Args:
        options: see there.
    """

    def __init__(self, options: InspectionOptions) -> None:
        self._options = options
        self._findings = Findings()
        self._lock = threading.Lock()

    @property
    def findings(self) -> Findings:
        """What was found; not to be changed, and to be read when no stage runs any more.

        Waits for a frame that is just being looked at by a stage that was given up.
        """
        with self._lock:
            return self._findings

    def inspecting(self, mattes: Iterator[Matte], input: str) -> Iterator[Matte]:
        """Give on the very mattes that come, having looked at each.

        Args:
            mattes: of one input, in order; closed at the end.
            input: its name.
        """
        look = _Looking(self._findings, Inspector(self._options), input)
        self._findings.inputs += 1
        try:
            for matte in mattes:
                with self._lock:
                    look.at(matte)
                yield matte
                del matte  # or it would live on while the next one is waited for
        finally:
            close = getattr(mattes, "close", None)
            if close is not None:
                close()


class _Looking:
    """Looks at one input's mattes; what is remembered from frame to frame."""

    def __init__(self, findings: Findings, inspector: Inspector, input: str) -> None:
        self._findings, self._inspector, self._input = findings, inspector, input
        self._begin_s: float | None = None
        self._now_s = 0.0
        self._empty_since: float | None = None
        self._before: Matte | None = None

    def at(self, matte: Matte) -> None:
        """Measure the next matte and note what there is to note."""
        seen = self._inspector.inspect(matte)
        moment_s = seconds(matte.frame.pts, matte.frame.format.time_base)
        if self._begin_s is None:
            self._begin_s = moment_s
        passed_s = moment_s - self._begin_s - self._now_s
        self._now_s += passed_s
        self._findings.length_s += passed_s
        self._tell(seen, complaints(seen.figures))
        self._note(seen)
        self._before = matte

    def _note(self, seen: Inspected) -> None:
        findings, figures, is_cut = self._findings, seen.figures, seen.change.is_cut
        row = row_of(findings.frames, self._input, self._now_s, is_cut=is_cut, figures=figures)
        findings.series.add(row)
        for name, distribution in findings.spread.items():
            distribution.add(getattr(figures, name))
        findings.frames += 1
        findings.cuts += is_cut
        self._note_emptiness(figures)

    def _note_emptiness(self, figures: Figures) -> None:
        if not figures.is_empty:
            self._empty_since = None
            return
        self._findings.empty += 1
        if self._empty_since is None:
            self._empty_since = self._now_s
        lasted_s = self._now_s - self._empty_since
        self._findings.longest_empty_s = max(self._findings.longest_empty_s, lasted_s)

    def _tell(self, seen: Inspected, against: list[Complaint]) -> None:
        showing = [each for each in against if each.shows]
        self._findings.shows.update(each.reason for each in showing)
        self._findings.conspicuous += bool(showing)
        if self._empty_since is not None:  # was told when it began
            against = [each for each in against if each.reason is not Reason.EMPTY]
        told = tuple([each for each in against if each.shows] or against[:1])
        if told:
            make = partial(self._moment, seen, told)
            self._findings.worst.offer(told[0].severity, self._input, self._now_s, make)

    def _moment(self, seen: Inspected, told: tuple[Complaint, ...]) -> Moment:
        frame, follows = seen.matte.frame, seen.change.flicker is not None
        before = self._before if follows else None
        return Moment(
            frame=self._findings.frames,
            input=self._input,
            pts=frame.pts,
            time_base=frame.format.time_base,
            time_s=self._now_s,
            complaints=told,
            region=region_of(told[0].reason, seen),
            now=view_of(seen.matte),
            before=None if before is None else view_of(before),
        )
