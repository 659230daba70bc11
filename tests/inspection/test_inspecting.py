"""Laws of the stage that looks at mattes: it changes nothing, finds the worst, and keeps little."""

from __future__ import annotations

import weakref
from collections.abc import Iterator

import numpy as np
import pytest

import passing
from mattebox.frame import Frame, Matte
from mattebox.inspection.complaints import Reason
from mattebox.inspection.inspecting import Inspection
from passing import OPTIONS, Alpha, box, inspected, mattes


def _blinking(at: int, frames: int = 30) -> list[Alpha]:
    """A second box that is gone in one frame."""
    with_it, without = np.maximum(box(), box(120, 10, 150, 40)), box()
    return [without if number == at else with_it for number in range(frames)]


def test_the_very_mattes_come_out_in_order() -> None:
    """Looking changes nothing."""
    made = list(mattes([box()] * 5))
    assert list(Inspection(OPTIONS).inspecting(iter(made), "clip.mp4")) == made


@pytest.mark.parametrize("at", [3, 17])
def test_a_region_that_blinks_is_the_worst_moment(at: int) -> None:
    """At its frame, for its reason, in its place."""
    findings = inspected(mattes(_blinking(at))).findings
    worst = findings.worst.told(findings.length_s)[0]
    assert worst.frame == at
    assert worst.worst.reason is Reason.FLICKER
    assert worst.before is not None
    assert worst.region == pytest.approx((120 / 160, 10 / 96, 150 / 160, 40 / 96), abs=0.06)


def test_all_frames_are_counted() -> None:
    """Frames, seconds, and those worth a look: the one that blinks and the one after it."""
    findings = inspected(mattes(_blinking(7))).findings
    assert (findings.frames, findings.inputs, findings.cuts) == (30, 1, 0)
    assert findings.length_s == pytest.approx(29 * 0.04)
    assert findings.shows[Reason.FLICKER] == 2


def test_nobody_is_told_of_once_for_each_time() -> None:
    """When it begins, not on every frame that it lasts."""
    gone = [box()] * 3 + [0 * box()] * 75 + [box()] * 20 + [0 * box()] * 5
    findings = inspected(mattes(gone)).findings
    told = findings.worst.told(findings.length_s)
    assert findings.empty == findings.shows[Reason.EMPTY] == 80
    assert findings.longest_empty_s == pytest.approx(74 * 0.04)
    empty = [each.frame for each in told if Reason.EMPTY in {c.reason for c in each.complaints}]
    assert empty == [3, 98]


def test_several_inputs_are_frames_of_one_report() -> None:
    """Numbered on, and none of them follows from the last of another."""
    inspection = Inspection(OPTIONS)
    for name, alpha in (("one.jpg", box()), ("two.jpg", 0 * box())):
        list(inspection.inspecting(mattes([alpha]), name))
    findings = inspection.findings
    assert (findings.frames, findings.inputs, findings.length_s) == (2, 2, 0)
    assert [row.input for row in findings.series.rows] == ["one.jpg", "two.jpg"]
    assert findings.spread["flicker"].range.count == 0


class _Watched(Frame):
    """A frame that can be watched: slots have no place for weak references."""

    __slots__ = ("__weakref__",)


def test_only_the_frame_before_is_kept() -> None:
    """However long the clip, and however bad."""
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    most = 0

    def blinking() -> Iterator[Matte]:
        for number in range(40):
            plain = passing.matte(number, box() * (number % 2))
            frame = _Watched(plain.frame.planes, plain.frame.format, plain.frame.pts)
            alive.add(frame)
            yield Matte(frame, plain.alpha)
            del frame

    for _ in Inspection(OPTIONS).inspecting(blinking(), "clip.mp4"):
        most = max(most, len(alive))
    assert most <= 2


def test_the_stage_within_is_closed_with_it() -> None:
    """What the stage holds is released, also when nobody wants the rest."""
    released = []

    def stage() -> Iterator[Matte]:
        try:
            yield from mattes([box()] * 9)
        finally:
            released.append(True)

    within = stage()
    passing_on = Inspection(OPTIONS).inspecting(within, "clip.mp4")
    next(passing_on)
    passing_on.close()  # type: ignore[attr-defined]
    assert released == [True]
