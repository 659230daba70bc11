"""Laws of choosing who stays."""

from __future__ import annotations

import numpy as np
import pytest

from mattebox.matting.subject import Chooser, SubjectOptions, draw_regions
from mattebox.matting.temporal import Map

SIZE = (96, 160)


def _options(choose: str = "all", **regions: object) -> SubjectOptions:
    return SubjectOptions(choose, **{"keep_in": (), "keep_out": (), **regions})  # type: ignore[arg-type]


def _people(*discs: tuple[float, float, float]) -> Map:
    """Soft discs at (x, y) with a radius."""
    rows, columns = np.indices(SIZE, np.float32)
    found = np.zeros(SIZE, np.float32)
    for x, y, radius in discs:
        inside = np.clip((radius - np.hypot(rows - y, columns - x)) / 3 + 0.5, 0, 1)
        found = np.maximum(found, inside)
    return np.asarray(found, np.float32)


LARGE, MIDDLE = (30.0, 48.0, 24.0), (85.0, 48.0, 15.0)
BOTH = _people(LARGE, MIDDLE)


def test_all_is_the_very_map() -> None:
    """Who asks for nothing pays for nothing."""
    assert Chooser(_options()).keep(BOTH, 0.0) is BOTH


@pytest.mark.parametrize(("choose", "who"), [("largest", LARGE), ("central", MIDDLE)])
def test_one_of_two_stays_as_it_was(choose: str, who: tuple[float, float, float]) -> None:
    """With its soft edge to the bit; of the other nothing is left, not even a rim."""
    kept = Chooser(_options(choose)).keep(BOTH, 0.0)

    alone = _people(who)
    assert (kept[alone > 0] == alone[alone > 0]).all()
    assert kept[alone == 0].max() == 0


def test_the_map_itself_is_left_alone() -> None:
    """The raw map travels on with the matte."""
    before = BOTH.copy()

    Chooser(_options("largest", keep_out=((0, 0, 1, 0.5),))).keep(BOTH, 0.0)
    draw_regions(BOTH, _options(keep_in=((0, 0, 1, 0.5),)))

    assert np.array_equal(BOTH, before)


def test_who_was_chosen_is_followed_when_somebody_larger_comes() -> None:
    """A passer-by does not take over, however close to the camera."""
    chooser = Chooser(_options("largest"))

    for number in range(20):
        walker = (85.0 + 2 * number, 48.0, 12.0)
        kept = chooser.keep(_people(walker, (20.0, 48.0, 1.0 + 1.5 * number)), number / 25)

    assert kept[48, 123] == 1
    assert kept[48, 20] == 0


def test_who_is_gone_is_waited_for_and_then_given_up() -> None:
    """For a second nobody takes the place of somebody who left; then the next may."""
    chooser = Chooser(_options("largest"))
    chooser.keep(BOTH, 0.0)

    soon, later = (chooser.keep(_people(MIDDLE), moment).max() for moment in (0.5, 1.5))

    assert soon == 0
    assert later == 1


def test_who_comes_back_in_time_is_known_again() -> None:
    """Lost for half a second behind a door frame."""
    chooser = Chooser(_options("central"))
    chooser.keep(BOTH, 0.0)
    chooser.keep(_people(LARGE), 0.5)

    kept = chooser.keep(BOTH, 0.8)

    assert (kept[48, 85], kept[48, 30]) == (1, 0)


def test_after_a_cut_nobody_is_waited_for() -> None:
    """Another scene has another subject, from its first frame on."""
    chooser = Chooser(_options("largest"))
    chooser.keep(_people(LARGE), 0.0)

    chooser.forget()

    assert chooser.keep(_people(MIDDLE), 0.04).max() == 1


def test_who_is_joined_for_a_moment_is_the_one_who_stays_when_they_part() -> None:
    """A larger passer-by walks through behind the subject and on."""
    chooser = Chooser(_options("largest"))
    own = (80.0, 48.0, 16.0)
    chooser.keep(_people(own), 0.0)

    for number in range(17):
        both = _people(own, (150.0 - 9 * number, 48.0, 20.0))
        kept = chooser.keep(both, 0.04 * (number + 1))

    assert kept[48, 80] == 1
    assert kept[48, 6] == 0


def test_of_those_who_go_no_haze_is_left() -> None:
    """Neither the wide soft edge of a key at full size, nor what hardly stands out."""
    rows, columns = np.indices((720, 1280), np.float32)
    wide = np.clip((200 - np.hypot(rows - 360, columns - 400)) / 30 + 0.5, 0, 1)
    other = np.clip((120 - np.hypot(rows - 360, columns - 1000)) / 30 + 0.5, 0, 1)
    faint = np.where(rows < 60, np.float32(0.2), np.float32(0))

    kept = Chooser(_options("largest")).keep(np.maximum(np.maximum(wide, other), faint), 0.0)

    assert kept[:, 700:].max() == 0
    assert kept[:60].max() == 0
    assert (kept[wide > 0.3] == wide[wide > 0.3]).all()


def test_regions_decide_alone() -> None:
    """The desk is always there, the doorway never; where they overlap, never."""
    regions = _options(keep_in=((0.0, 0.75, 1.0, 1.0),), keep_out=((0.75, 0.0, 1.0, 1.0),))

    drawn = draw_regions(_people((140.0, 30.0, 15.0)), regions)

    assert (drawn[72:, :120] == 1).all()
    assert drawn[:, 120:].max() == 0
    assert drawn[:72, :120].max() == 0


def test_a_region_thinner_than_a_pixel_is_one_pixel() -> None:
    """Not nothing."""
    drawn = draw_regions(np.ones(SIZE, np.float32), _options(keep_out=((0.501, 0, 0.502, 1),)))

    assert (drawn == 0).sum() == SIZE[0]


def test_who_stands_in_a_region_kept_out_is_not_chosen() -> None:
    """The television is larger, and does not count."""
    chooser = Chooser(_options("largest", keep_out=((0.0, 0.0, 0.35, 1.0),)))

    kept = chooser.keep(BOTH, 0.0)

    assert (kept[48, 85], kept[48, 30]) == (1, 0)


@pytest.mark.parametrize("choose", ["largest", "central"])
def test_an_empty_room_stays_empty(choose: str) -> None:
    """Nobody to choose from, before and after somebody was there."""
    chooser = Chooser(_options(choose))

    for map in (_people(), BOTH, _people()):
        kept = chooser.keep(map, 0.0)

    assert kept.max() == 0
