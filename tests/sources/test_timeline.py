"""Where frames are placed in time when a file is sound, silent or wrong."""

from __future__ import annotations

from fractions import Fraction

import pytest

from mattebox.sources.timeline import Timeline

MILLISECONDS = Fraction(1, 1000)
Said = tuple[int | None, int | None, int | None]


def place(*said: Said, rate: Fraction | None = Fraction(25)) -> list[int]:
    """The pts given to frames that say (pts, dts, duration)."""
    timeline = Timeline(MILLISECONDS, rate)
    return [timeline.place(*frame) for frame in said]


@pytest.mark.parametrize("pts", [[0, 40, 80], [-120, -80, 7], [5000, 5001, 90000], [3, 40, 40000]])
def test_pts_that_increase_are_kept(pts: list[int]) -> None:
    """Variable rate, a late start, a negative start: all carried exactly, whatever the dts."""
    assert place(*[(now, 0, 40) for now in pts]) == pts


def test_a_missing_pts_is_the_dts() -> None:
    """AVI and some cameras say only when to decode."""
    assert place((None, 80, None), (None, 120, None)) == [80, 120]


def test_with_no_time_at_all_frames_follow_each_other_at_the_nominal_rate() -> None:
    """A raw H.264 stream: the first is at 0."""
    assert place((None, None, None), (None, None, None), (None, None, None)) == [0, 40, 80]


def test_a_missing_pts_is_where_the_frame_before_ended() -> None:
    """Its duration counts, and from then on its length is the best guess."""
    said: list[Said] = [(0, None, 100), (None, None, None), (None, None, None)]
    assert place(*said) == [0, 100, 200]


def test_without_a_rate_silent_frames_come_25_times_a_second() -> None:
    """Something must be assumed."""
    assert place((None, None, None), (None, None, None), rate=None) == [0, 40]


def test_where_pts_go_back_and_dts_do_not_the_dts_takes_over() -> None:
    """H.264 with B-frames in AVI: the pts there are the order of decoding."""
    said: list[Said] = [(40, 80, None), (120, 120, None), (80, 160, None), (240, 200, None)]
    assert place(*said) == [40, 120, 160, 200]


def test_a_repeated_pts_moves_by_one_tick_and_nothing_after_it_moves() -> None:
    """A small fault may not shift the picture against the sound."""
    assert place((0, 0, 40), (40, 40, 40), (40, 40, 40), (120, 120, 40)) == [0, 40, 41, 120]


def test_a_jump_far_back_moves_everything_after_it() -> None:
    """Two recordings in one file: the second goes on where the first ended."""
    said: list[Said] = [(9000, None, 40), (9040, None, 40), (0, None, 40), (50, None, 40)]
    assert place(*said) == [9000, 9040, 9080, 9130]


def test_what_was_mended_is_counted() -> None:
    """The user hears of it once."""
    timeline = Timeline(MILLISECONDS, None)
    for pts in (0, 40, 40, 80):
        timeline.place(pts, pts, 40)
    assert timeline.mended == 1


def test_a_time_base_coarser_than_the_rate_still_moves_on() -> None:
    """A tick of a second at 25 fps: the step is one tick, never none."""
    timeline = Timeline(Fraction(1), Fraction(25))
    assert [timeline.place(None, None, None) for _ in range(3)] == [0, 1, 2]
