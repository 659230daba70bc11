"""One tree of options: defaults, overlays, files, messages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mattebox.errors import SettingsError
from mattebox.settings import (
    QUALITIES,
    Settings,
    describe,
    load,
    nested,
    overlay,
    parse_assignments,
    preset,
    presets_folder,
    resolve,
    to_toml,
)
from mattebox_lab.configs import CONFIGS as SHIPPED
from places import ROOT

CONFIGS = sorted((ROOT / "configs").glob("*.toml"))


def test_what_show_prints_reads_back_to_the_same_settings() -> None:
    """`config show > FILE` and `--config FILE` are inverse."""
    odd = {"sink": {"options": {"tune": 'film "x"'}}, "backdrop": {"source": "C:\\room.png"}}
    settings = resolve(odd, {"quality": "best"})
    assert resolve(tomllib.loads(to_toml(settings))) == settings


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_config_is_complete_and_valid(path: Path) -> None:
    """Every key stands in it, so that a reader sees all there is."""
    tree = load(path)
    settings = resolve(tree, origin=str(path))
    assert _keys(tree) == _keys(settings.model_dump())


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_config_is_what_the_lab_writes(path: Path) -> None:
    """Comments and keys follow the tree: `python -m mattebox_lab configs` after a change."""
    assert path.read_text("utf-8") == SHIPPED[path.stem].text(path.stem)


@pytest.mark.parametrize("quality", ["fast", "best"])
def test_the_config_of_a_quality_is_what_the_quality_does(quality: str) -> None:
    """-q best and --preset best are the same thing."""
    assert resolve(load(preset(quality))) == resolve({"quality": quality})


def test_a_later_mapping_is_stronger_key_by_key() -> None:
    """A file's section is not replaced as a whole by one option of the command line."""
    settings = resolve({"refine": {"feather_px": 1.0, "low": 0.1}}, {"refine": {"low": 0.2}})
    assert (settings.refine.feather_px, settings.refine.low) == (1.0, 0.2)


def test_what_is_asked_for_is_stronger_than_the_quality() -> None:
    """-q best with a size of one's own keeps that size."""
    settings = resolve({"model": {"size": 64}, "quality": "best"})
    assert settings.model.size == 64
    assert settings.sink.quality == QUALITIES["best"]["sink"]["quality"]


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"temporal": {"halflife": 1}}, "Did you mean temporal.half_life_s?"),
        ({"sinks": {}}, "Did you mean sink?"),
        ({"model": {"size": 100}}, "model.size = 100 in a.toml"),
        ({"quality": "perfect"}, "'fast', 'balanced' or 'best'"),
        ({"refine": {"feather_px": -1}}, "refine.feather_px = -1"),
        ({"refine": 3}, "refine = 3"),
    ],
)
def test_a_wrong_setting_is_named_with_its_path_and_origin(
    tree: dict[str, object], message: str
) -> None:
    """The message says which key, which value, where, and what to do."""
    with pytest.raises(SettingsError, match=r"a\.toml") as caught:
        resolve(tree, origin="a.toml")
    assert message in str(caught.value)


def test_levels_the_wrong_way_round_are_refused() -> None:
    """Low at or above high would leave no ramp."""
    with pytest.raises(SettingsError, match="low"):
        resolve({"refine": {"low": 0.9, "high": 0.2}})


def test_privacy_leaves_room_for_a_ramp() -> None:
    """Above high there would be nothing left to show."""
    with pytest.raises(SettingsError, match="privacy"):
        resolve({"refine": {"privacy": 0.95}})


@pytest.mark.parametrize(
    ("box", "message"),
    [([0.6, 0, 0.4, 1], "no inside"), ([0, 0, 1.2, 1], "1.2"), ([0, 0, 1], "Field required")],
)
def test_a_region_that_is_none_is_refused(box: list[float], message: str) -> None:
    """Left before right, top before bottom, within the frame, four numbers."""
    with pytest.raises(SettingsError) as caught:
        resolve({"subject": {"keep_in": [box]}})
    assert message in str(caught.value)
    assert "subject.keep_in" in str(caught.value)


def test_regions_survive_a_file(tmp_path: Path) -> None:
    """What config show prints is read back as it was."""
    settings = resolve({"subject": {"keep_in": [[0, 0.5, 1, 1]], "keep_out": [[0, 0, 0.5, 0.25]]}})
    path = tmp_path / "regions.toml"
    path.write_text(to_toml(settings))

    assert resolve(load(path)) == settings


def test_assignments_read_toml_values_and_plain_words() -> None:
    """--set takes numbers as numbers and colours as text."""
    pairs = parse_assignments(["refine.feather_px=2", "backdrop.source=#00b140", "sink.heat=true"])
    assert nested(pairs) == {
        "refine": {"feather_px": 2},
        "backdrop": {"source": "#00b140"},
        "sink": {"heat": True},
    }


@pytest.mark.parametrize("text", ["refine.low", "=3", "refine.=3"])
def test_an_assignment_without_key_or_value_is_refused(text: str) -> None:
    """--set key=value, nothing less."""
    with pytest.raises(SettingsError, match="key=value"):
        parse_assignments([text])


def test_a_missing_or_broken_config_file_is_one_message(tmp_path: Path) -> None:
    """No traceback for a typing mistake."""
    with pytest.raises(SettingsError, match="no config file"):
        load(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[refine\nlow = 1")
    with pytest.raises(SettingsError, match="is not TOML"):
        load(broken)


def test_an_unknown_preset_lists_the_known_ones() -> None:
    """The next step is in the message."""
    with pytest.raises(SettingsError, match="fast"):
        preset("fastest")
    assert presets_folder().is_dir()


def test_every_option_has_a_help_text() -> None:
    """Command line, schema and reference page are made from them."""
    for key in _keys(Settings().model_dump()):
        if key != "sink.options" and not isinstance(getattr(Settings(), key, None), dict):
            assert len(describe(key)) > 10, key


def _keys(tree: dict[str, object], prefix: str = "") -> set[str]:
    found: set[str] = set()
    for key, value in tree.items():
        inner = isinstance(value, dict) and f"{prefix}{key}" != "sink.options"
        found |= _keys(value, f"{prefix}{key}.") if inner else {f"{prefix}{key}"}  # type: ignore[arg-type]
    return found


def test_asking_for_balanced_takes_back_what_a_preset_of_another_quality_set() -> None:
    """-q is stronger than the file, whichever quality it names."""
    best = load(preset("best"))
    assert resolve(best, overlay("balanced")) == resolve({"quality": "balanced"})
