"""Ticks, time bases and the way between them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mattebox.timing import rescale, seconds

MILLISECONDS = Fraction(1, 1000)
NTSC = Fraction(1001, 30000)


@pytest.mark.parametrize("source", [MILLISECONDS, NTSC, Fraction(1, 90000), Fraction(1, 12800)])
@pytest.mark.parametrize("target", [MILLISECONDS, NTSC, Fraction(1, 90000), Fraction(1, 48000)])
@pytest.mark.parametrize("ticks", [0, 1, 7, 12345, -3, 2**40 + 1])
def test_a_moment_is_moved_by_at_most_half_a_tick(
    ticks: int, source: Fraction, target: Fraction
) -> None:
    """The nearest tick of the other time base, exactly, however large the number."""
    assert abs(rescale(ticks, source, target) * target - ticks * source) <= target / 2


@pytest.mark.parametrize(("ticks", "wanted"), [(1, 1), (3, 2), (-1, -1), (-3, -2), (5, 3)])
def test_halves_go_away_from_zero(ticks: int, wanted: int) -> None:
    """As FFmpeg's av_rescale_q rounds, so that both agree on every pts."""
    assert rescale(ticks, Fraction(1, 1000), Fraction(1, 500)) == wanted


def test_the_same_time_base_changes_nothing() -> None:
    """Not even a number that no float could hold."""
    assert rescale(2**62 + 1, NTSC, NTSC) == 2**62 + 1


def test_going_to_a_finer_time_base_and_back_loses_nothing() -> None:
    """A source's pts survives a detour through 1/90000."""
    for ticks in range(-50, 50):
        there = rescale(ticks, MILLISECONDS, Fraction(1, 90000))
        assert rescale(there, Fraction(1, 90000), MILLISECONDS) == ticks


def test_seconds_are_for_people() -> None:
    """A float, as near as floats go."""
    assert seconds(30000, NTSC) == 1001.0
    assert seconds(-40, MILLISECONDS) == -0.04
