"""Laws of the regions that are remembered for a camera."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mattebox.apps.cli import app
from mattebox.assemble.regions import (
    Regions,
    forget,
    place_of,
    remember,
    remembered,
    with_regions,
)
from mattebox.assemble.remote import Remote
from mattebox.errors import MatteboxError, SettingsError
from mattebox.settings import Box, Settings, resolve
from sessions import wait_until

DOOR: Box = (0.0, 0.1, 0.25, 1.0)
DESK: Box = (0.2, 0.9, 0.8, 1.0)
CAMERA = "rtsp://someone:secret@door.example/live"


class Passive:
    """A session of which only the settings are there."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def change(self, settings: Settings) -> list[str]:
        """Keep them."""
        self.settings = settings
        return []


def _raise(error: MatteboxError) -> None:
    raise error


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of the test's own."""
    monkeypatch.setenv("MATTEBOX_CONFIG", str(tmp_path))
    return tmp_path


def test_what_was_remembered_is_found_again_for_that_camera_only(config: Path) -> None:
    """Until it is forgotten; nothing else is left beside it."""
    assert not remembered(CAMERA)
    place = remember(CAMERA, [DESK], [DOOR])
    assert remembered(CAMERA) == Regions((DESK,), (DOOR,))
    assert not remembered("rtsp://other.example/live")
    remember(CAMERA, [], [DOOR])
    assert remembered(CAMERA) == Regions((), (DOOR,))
    assert [path for path in config.rglob("*") if path.is_file()] == [place]
    assert forget(CAMERA)
    assert not forget(CAMERA)
    assert not remembered(CAMERA)


def test_a_password_is_neither_kept_nor_part_of_the_name() -> None:
    """Another one opens the same camera."""
    place = remember(CAMERA, [], [DOOR])
    assert "secret" not in place.read_text("utf-8") + place.name
    assert remembered("rtsp://door.example/live")


@pytest.mark.parametrize(
    "text",
    ["keep_in = [[", "keep_out = [[0.5, 0, 0.2, 1]]", "keep_off = []", "\x00", "keep_in = 3"],
)
def test_a_broken_file_is_an_error_that_says_what_to_do(text: str) -> None:
    """Rather than to show the doorway; the next that is remembered replaces it."""
    place = place_of(CAMERA)
    place.parent.mkdir(parents=True)
    place.write_text(text, "utf-8")
    with pytest.raises(SettingsError) as caught:
        with_regions(resolve({}), CAMERA)
    assert str(place) in caught.value.advice
    assert "mattebox regions clear" in caught.value.advice
    remember(CAMERA, [], [DOOR])
    assert remembered(CAMERA)


def test_what_is_no_region_is_refused_and_nothing_is_lost() -> None:
    """The regions before stay."""
    remember(CAMERA, [], [DOOR])
    with pytest.raises(SettingsError, match="no inside"):
        remember(CAMERA, [], [(0.5, 0.0, 0.2, 1.0)])
    assert remembered(CAMERA) == Regions((), (DOOR,))


def test_they_are_of_the_cameras_own_picture_and_turn_with_the_mirror() -> None:
    """The settings' regions are of the picture as it is shown."""
    remember(CAMERA, [DESK], [DOOR])
    plain = with_regions(resolve({}), CAMERA)
    assert plain.subject.keep_out == (DOOR,)
    turned = with_regions(resolve({"live": {"mirror": True}}), CAMERA)
    assert turned.subject.keep_out == ((0.75, 0.1, 1.0, 1.0),)
    assert Regions((DESK,), (DOOR,)).mirrored().mirrored() == Regions((DESK,), (DOOR,))


def test_the_mirror_key_turns_regions_with_the_picture() -> None:
    """Wherever they came from; pressed twice they are as before."""
    run = Passive(resolve({"subject": {"keep_in": [list(DESK)], "keep_out": [list(DOOR)]}}))
    before = run.settings
    changes: list[Settings] = []
    remote = Remote(run, on_change=lambda new, _: changes.append(new), on_refusal=_raise)  # type: ignore[arg-type]
    remote.press("m")
    remote.press("m")
    wait_until(lambda: len(changes) == 2)
    remote.close()
    assert changes[0].subject.keep_out == ((0.75, 0.1, 1.0, 1.0),)
    assert changes[0].live.mirror
    assert changes[1] == before


def test_regions_in_the_settings_win() -> None:
    """Wholly: both kinds are one matter."""
    remember(CAMERA, [DESK], [DOOR])
    own = resolve({"subject": {"keep_in": [[0, 0, 1, 0.5]]}})
    assert with_regions(own, CAMERA) is own


def test_the_commands_set_show_and_clear() -> None:
    """As a user types them."""
    runner = CliRunner()
    said = runner.invoke(
        app, ["regions", "set", CAMERA, "--keep-out", "0.75,0.1,1,1", "--mirrored"]
    )
    assert said.exit_code == 0, said.output
    shown = runner.invoke(app, ["regions", "show", CAMERA, "--json"])
    assert json.loads(shown.stdout) == {"keep_in": [], "keep_out": [list(DOOR)]}
    assert runner.invoke(app, ["regions", "clear", CAMERA]).exit_code == 0
    assert not remembered(CAMERA)
    for wrong in (["--keep-in", "1,2"], ["--keep-in", "0,0,2,1"], []):
        assert runner.invoke(app, ["regions", "set", CAMERA, *wrong]).exit_code == 2


def test_however_a_camera_is_spelled_it_is_the_same() -> None:
    """A device that is not there by its number and by its path."""
    assert len({place_of(name) for name in ("camera:7", "camera:07", "camera:/dev/video7")}) == 1
    assert place_of("camera:7") != place_of("camera:8")


def test_an_address_is_known_by_all_of_it_but_shows_no_secret() -> None:
    """Neither in the file's name nor in it."""
    one, other = "http://u:p@ss@h.example/x?token=SECRET", "http://h.example/x?token=ANOTHER"
    place = remember(one, [], [DOOR])
    assert place != place_of(other)
    assert place == place_of("http://h.example/x?token=SECRET")
    said = place.name + place.read_text("utf-8")
    assert not [secret for secret in ("SECRET", "p@ss", "ss-h", "u:p") if secret in said]
