"""Which moments are kept while a clip passes, and which are told."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mattebox.inspection.complaints import Complaint, Reason
from mattebox.inspection.moments import Moment, View, Worst

NOTHING = View(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8))


def _moment(severity: float, time_s: float, input: str = "clip.mp4") -> Moment:
    against = (Complaint(Reason.FLICKER, 3 * severity, severity),)
    frame = round(time_s * 25)
    return Moment(frame, input, frame, Fraction(1, 25), time_s, against, None, NOTHING, None)


def _offered(severities: list[tuple[float, float]], capacity: int = 24) -> Worst:
    """Of (seconds, severity)."""
    worst = Worst(capacity)
    for time_s, severity in severities:
        worst.offer(severity, "clip.mp4", time_s, lambda s=severity, t=time_s: _moment(s, t))  # type: ignore[misc]
    return worst


def _times(worst: Worst, length_s: float) -> list[float]:
    return [each.time_s for each in worst.told(length_s)]


def test_the_worst_come_first() -> None:
    """Whatever the order they came in."""
    worst = _offered([(0, 2), (1, 5), (2, 3), (3, 4)])
    assert _times(worst, 4) == [1, 3, 2, 0]


def test_of_neighbours_the_worst_is_told() -> None:
    """Half a second apart at least: a fault that lasts is one moment, at its peak."""
    assert _times(_offered([(0, 2), (0.2, 5), (0.4, 3), (2, 1)]), 3) == [0.2, 2]


@pytest.mark.parametrize("begin", [0.0, 600.0])
def test_in_a_long_clip_they_are_further_apart(begin: float) -> None:
    """A bad minute is not all that is told of an hour."""
    minute = [(begin + second / 2, 9.0) for second in range(120)]
    rest = [(second, 2.0) for second in (1000.0, 1800.0, 3000.0)]
    assert _times(_offered(sorted([*rest, *minute])), 3600) == [begin, *(t for t, _ in rest)]


def test_no_more_are_kept_than_there_is_room_for() -> None:
    """And then the worst of all."""
    made = []

    def make(number: int) -> Moment:
        made.append(number)
        return _moment(1 + number, float(number))

    worst = Worst(4)
    for number in (*range(10, 20), *range(10)):
        worst.offer(1.0 + number, "clip.mp4", float(number), lambda n=number: make(n))  # type: ignore[misc]
    assert _times(worst, 8) == [19, 18, 17, 16]
    assert made == [*range(10, 20)]  # what is not kept is not even made


@pytest.mark.parametrize(("showing", "told"), [(0, 3), (2, 3), (5, 5), (12, 8)])
def test_what_does_not_show_only_fills_up(showing: int, told: int) -> None:
    """Eight at most, three at least, and no more than show."""
    severities = [(float(n), 2.0 if n < showing else 0.5) for n in range(15)]
    assert len(_times(_offered(severities), 15)) == told


def test_pictures_are_not_near_each_other() -> None:
    """Two inputs have no time in common."""
    worst = Worst()
    for name in ("one.jpg", "two.jpg", "three.jpg"):
        worst.offer(2.0, name, 0.0, lambda n=name: _moment(2.0, 0.0, n))  # type: ignore[misc]
    assert len(worst.told(0.0)) == 3
