"""What was found as plain values for JSON, and as a sentence.

What lives here: the shape of the report, which ``docs/quality-report.md`` describes and whose
version rises when something in it changes its name or its meaning. Pure; any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

from mattebox.inspection.complaints import SCALES, WORDS, Complaint, Reason
from mattebox.inspection.inspecting import Findings
from mattebox.inspection.moments import Moment
from mattebox.inspection.series import Distribution, Row

SCHEMA, VERSION = "mattebox.quality-report", 1

# Five digits: more than any of the figures is worth.
_DIGITS = 5


@dataclass(frozen=True, slots=True)
class Advice:
    """What can be done about a complaint.

    Attributes:
        options: what to add to the command line.
        why: what it does, in words, with what it costs.
    """

    options: str
    why: str


Advisor: TypeAlias = Callable[[Moment], Sequence[Advice]]


@dataclass(frozen=True, slots=True)
class Origin:
    """What a report is of.

    Attributes:
        program: name and version.
        inputs: what was read, as it was named.
        made_by: what made the mattes: a network, a key, a saved matte.
        settings: those that decide about the mattes, by section.
    """

    program: str
    input: str
    made_by: str
    settings: dict[str, object] = field(default_factory=dict)


def document(
    findings: Findings,
    origin: Origin,
    advise: Advisor,
    *,
    sheet: str | None,
    complete: bool,
) -> dict[str, object]:
    """The whole report as values that JSON can hold.

    Args:
        findings: what was found.
        origin: what it was found of.
        advise: knows what can be done about a moment.
        sheet: the name of the contact sheet's file, beside the report; None: there is none.
        complete: whether the run came to its end.
    """
    worst = findings.worst.told(findings.length_s)
    return {
        "schema": SCHEMA,
        "version": VERSION,
        **asdict(origin),
        "complete": complete,
        "sheet": sheet,
        "summary": _summary(findings, worst),
        "worst": [_moment(moment, advise(moment)) for moment in worst],
        "frames": _frames(findings),
    }


def sentence(findings: Findings, worst: Sequence[Moment]) -> str:
    """How many frames are worth a look, and where the single worst moment is."""
    if not worst:
        return "no frame was looked at"
    first, showing = worst[0], findings.conspicuous
    said = in_words(first.worst)
    if findings.frames == 1:
        return f"worth a look: {said}" if showing else f"nothing stands out; most of all: {said}"
    many = f"nothing stands out on {findings.frames} frames"
    if showing:
        verb = "is" if showing == 1 else "are"
        many = f"{showing} of {findings.frames} frames {verb} worth a look"
    return f"{many}; the worst is {place(first, several=findings.inputs > 1)}: {said}"


def place(moment: Moment, *, several: bool) -> str:
    """Where a moment is: ``00:00:02.533 (frame 76)``, with its input's name among several."""
    if several:
        name = Path(moment.input).name
        return name if moment.time_s == 0 else f"{name} at {timecode(moment.time_s)}"
    return f"{timecode(moment.time_s)} (frame {moment.frame})"


def in_words(complaint: Complaint) -> str:
    """A complaint with its figure: ``… (flicker 3.8, which shows from 2 on)``.

    What does not show is the figure alone: it would be too much said that something is wrong.
    """
    words, scale = WORDS[complaint.reason], SCALES[complaint.reason]
    if complaint.reason is Reason.EMPTY:
        return words
    figure = f"{complaint.reason.value} {complaint.figure:.3g}, which shows from {scale.shows:g} on"
    return f"{words} ({figure})" if complaint.shows else figure


def timecode(time_s: float) -> str:
    """``HH:MM:SS.mmm``."""
    milliseconds = round(time_s * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"


def _summary(findings: Findings, worst: Sequence[Moment]) -> dict[str, object]:
    return {
        "sentence": sentence(findings, worst),
        "frames": findings.frames,
        "inputs": findings.inputs,
        "length_s": _moment_s(findings.length_s),
        "cuts": findings.cuts,
        "empty": {"frames": findings.empty, "longest_s": _moment_s(findings.longest_empty_s)},
        "conspicuous": {
            "frames": findings.conspicuous,
            "reasons": {reason.value: findings.shows[reason] for reason in Reason},
        },
        "figures": {name: _spread(each) for name, each in findings.spread.items()},
    }


def _spread(distribution: Distribution) -> dict[str, float | None]:
    range, sample = distribution.range, distribution.sample
    values = {
        "min": range.least,
        "p5": sample.quantile(0.05),
        "p50": sample.quantile(0.50),
        "mean": range.mean,
        "p95": sample.quantile(0.95),
        "max": range.most,
    }
    return {key: _rounded(value) for key, value in values.items()}


def _moment(moment: Moment, advice: Sequence[Advice]) -> dict[str, object]:
    worst = moment.worst
    return {
        "frame": moment.frame,
        "input": moment.input,
        "pts": moment.pts,
        "time_base": str(moment.time_base),
        "pts_s": _moment_s(float(moment.pts * moment.time_base)),
        "timecode": timecode(moment.time_s),
        "reason": worst.reason.value,
        "words": in_words(worst),
        "figure": _rounded(worst.figure),
        "shows_from": SCALES[worst.reason].shows,
        "severity": _rounded(worst.severity),
        "shows": worst.shows,
        "also": [each.reason.value for each in moment.complaints[1:]],
        "region": None if moment.region is None else [round(x, 3) for x in moment.region],
        "advice": [asdict(each) for each in advice],
    }


def _frames(findings: Findings) -> dict[str, object]:
    """Columns of equal length, one entry for each row of frames."""
    rows = findings.series.rows
    return {
        "frames_per_row": findings.series.frames_per_row,
        "frame": [row.frame for row in rows],
        "input": [row.input for row in rows] if findings.inputs > 1 else None,
        "time_s": [_moment_s(row.time_s) for row in rows],
        "cuts": [row.cuts for row in rows],
        "figures": {name: _columns(rows, name) for name in findings.spread},
    }


def _columns(rows: Sequence[Row], name: str) -> dict[str, list[float | None]]:
    ranges = [row.figures[name] for row in rows]
    return {
        "min": [_rounded(each.least) for each in ranges],
        "mean": [_rounded(each.mean) for each in ranges],
        "max": [_rounded(each.most) for each in ranges],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _moment_s(time_s: float) -> float:
    return round(time_s, 6)
