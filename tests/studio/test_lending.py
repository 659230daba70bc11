"""Regions that a camera lends to the settings, and regions that are drawn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mattebox.apps.studio.director import Director
from mattebox.assemble.regions import Regions, remember, remembered
from mattebox.errors import SettingsError
from mattebox.settings import Box, Settings, resolve
from web import Opening

DOOR: Box = (0.0, 0.1, 0.25, 1.0)
TURNED: Box = (0.75, 0.1, 1.0, 1.0)
DESK: Box = (0.2, 0.9, 0.8, 1.0)


@pytest.fixture
def opening() -> Opening:
    return Opening()


@pytest.fixture
def director(opening: Opening) -> Iterator[Director]:
    director = Director(opening, Settings())
    yield director
    director.stop()


def test_a_session_uses_what_is_remembered_for_its_camera_only(
    director: Director, opening: Opening
) -> None:
    """The next one, on another camera, knows nothing of the doorway of the first."""
    remember("camera:one", [], [DOOR])
    director.start("camera:one", [])
    assert opening.opened[0].settings.subject.keep_out == (DOOR,)
    director.start("camera:two", [])
    assert opening.opened[1].settings.subject.keep_out == ()
    director.start("camera:one", [])
    assert opening.opened[2].settings.subject.keep_out == (DOOR,)


def test_regions_that_the_settings_name_win_and_are_not_remembered(opening: Opening) -> None:
    """Not even when another is drawn beside them, until that is asked for."""
    remember("camera:one", [], [DOOR])
    director = Director(opening, resolve({"subject": {"keep_in": [list(DESK)]}}))
    director.start("camera:one", [])
    assert opening.opened[0].settings.subject.keep_out == ()
    director.mark("keep_out", TURNED)
    assert bool(director.names_regions)
    assert remembered("camera:one") == Regions((), (DOOR,))
    director.remember_regions()
    assert remembered("camera:one") == Regions((DESK,), (TURNED,))
    assert not bool(director.names_regions)
    director.stop()


def test_what_is_lent_is_no_part_of_presets_and_files(director: Director) -> None:
    """What is changed besides is."""
    remember("camera:one", [DESK], [DOOR])
    director.start("camera:one", [])
    director.adjust({"refine": {"low": 0.2}})
    assert director.settings.subject.keep_in == (DESK,)
    assert director.own_settings == resolve({"refine": {"low": 0.2}})


def test_a_preset_keeps_the_cameras_regions_unless_it_names_some(director: Director) -> None:
    """While the session runs."""
    remember("camera:one", [], [DOOR])
    director.start("camera:one", [])
    director.apply(resolve({"refine": {"low": 0.2}}))
    assert director.settings.subject.keep_out == (DOOR,)
    director.apply(resolve({"subject": {"keep_out": [list(TURNED)]}}))
    assert director.settings.subject.keep_out == (TURNED,)
    assert director.names_regions


def test_what_is_drawn_is_in_effect_and_remembered_until_it_is_removed(
    director: Director, opening: Opening
) -> None:
    """Then nothing is left, not even an empty file."""
    director.start("camera:one", [])
    director.mark("keep_out", DOOR)
    director.mark("keep_in", DESK)
    assert opening.opened[0].settings.subject.keep_out == (DOOR,)
    assert remembered("camera:one") == Regions((DESK,), (DOOR,))
    director.unmark("keep_out", TURNED)  # another page has removed it
    assert remembered("camera:one") == Regions((DESK,), (DOOR,))
    director.unmark("keep_out", DOOR)
    director.unmark("keep_in", DESK)
    assert opening.opened[0].settings.subject == Settings().subject
    assert not remembered("camera:one")


def test_regions_turn_with_the_mirror_and_are_remembered_of_the_cameras_own_picture(
    director: Director,
) -> None:
    """Drawn on the mirrored picture; and what was there turns when the mirror is switched."""
    director.adjust({"live": {"mirror": True}})
    director.start("camera:one", [])
    director.mark("keep_out", TURNED)
    assert remembered("camera:one") == Regions((), (DOOR,))
    director.adjust({"live": {"mirror": False}})
    assert director.settings.subject.keep_out == (DOOR,)
    assert not director.names_regions
    director.adjust({"live": {"mirror": True}, "subject": {"keep_out": [list(DESK)]}})
    assert director.settings.subject.keep_out == (DESK,)  # said of the picture as it is shown


@pytest.mark.parametrize("box", [(0.5, 0, 0.2, 1), (0, 0, 2, 1), (0, 1), "door", None])
def test_what_is_no_region_changes_nothing(director: Director, box: Box) -> None:
    """Whatever a page sends."""
    director.start("camera:one", [])
    director.mark("keep_out", DOOR)
    with pytest.raises(SettingsError):
        director.mark("keep_out", box)
    assert director.settings.subject.keep_out == (DOOR,)
    assert remembered("camera:one") == Regions((), (DOOR,))


def test_what_cannot_be_remembered_is_told_and_in_effect(director: Director, config: Path) -> None:
    """And can be remembered later."""
    director.start("camera:one", [])
    config.write_text("no folder", "utf-8")
    with pytest.raises(SettingsError, match="cannot remember"):
        director.mark("keep_out", DOOR)
    assert director.settings.subject.keep_out == (DOOR,)
    assert director.names_regions
    config.unlink()
    director.remember_regions()
    assert remembered("camera:one") == Regions((), (DOOR,))
