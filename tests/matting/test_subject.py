"""Laws of choosing who stays."""

from __future__ import annotations

import numpy as np
import pytest

from mattebox.matting.subject import Chooser, SubjectOptions
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

    Chooser(_options("largest", keep_in=((0, 0, 1, 0.5),))).keep(BOTH, 0.0)

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


def test_regions_decide_alone() -> None:
    """The desk is always there, the doorway never; where they overlap, never."""
    regions = {"keep_in": ((0.0, 0.75, 1.0, 1.0),), "keep_out": ((0.75, 0.0, 1.0, 1.0),)}

    kept = Chooser(_options("all", **regions)).keep(_people((140.0, 30.0, 15.0)), 0.0)

    assert (kept[72:, :120] == 1).all()
    assert kept[:, 120:].max() == 0
    assert kept[:72, :120].max() == 0


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
