"""Settings under a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from mattebox.apps.studio.presets import Presets
from mattebox.errors import SettingsError
from mattebox.settings import presets_folder, resolve


@pytest.fixture
def presets(tmp_path: Path) -> Presets:
    return Presets(tmp_path / "presets")


def test_what_is_saved_is_loaded_again(presets: Presets) -> None:
    settings = resolve({"refine": {"low": 0.2}, "backdrop": {"source": "#123456"}})
    assert presets.save("Living room", settings) == "Living room"
    assert presets.load("Living room") == settings


def test_every_shipped_one_can_be_loaded(presets: Presets) -> None:
    names = {path.stem for path in presets_folder().glob("*.toml")}
    assert names
    assert {name for name, is_own in presets.names().items() if not is_own} == names
    for name in names:
        presets.load(name)


def test_an_own_one_hides_a_shipped_one_and_gives_it_back(presets: Presets) -> None:
    shipped = presets.load("live")
    presets.save("live", resolve({"refine": {"low": 0.3}}))
    assert presets.load("live").refine.low == 0.3
    presets.remove("live")
    assert presets.load("live") == shipped


def test_shipped_ones_cannot_be_removed(presets: Presets) -> None:
    presets.remove("live")
    assert "live" in presets.names()


@pytest.mark.parametrize("name", ["", "  ", "...", "/"])
def test_a_name_of_nothing_is_refused(presets: Presets, name: str) -> None:
    with pytest.raises(SettingsError):
        presets.save(name, resolve())


def test_a_name_leads_nowhere_else(presets: Presets, tmp_path: Path) -> None:
    presets.save("../../outside", resolve())
    assert [path.name for path in (tmp_path / "presets").iterdir()] == ["outside.toml"]
    with pytest.raises(SettingsError):
        presets.load("../presets/outside")


def test_a_preset_that_somebody_broke_is_told_by_its_name(presets: Presets, tmp_path: Path) -> None:
    presets.save("mine", resolve())
    (tmp_path / "presets" / "mine.toml").write_text("[refine]\nlow = 7\n")
    with pytest.raises(SettingsError, match=r"mine\.toml"):
        presets.load("mine")
