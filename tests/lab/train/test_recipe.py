"""Recipes: what is refused, and what the shipped ones say."""

from __future__ import annotations

from pathlib import Path

import pytest

from mattebox.errors import SettingsError, SourceNotFound
from mattebox_lab.train.recipe import Recipe, find_sets, mixture, read_recipe
from places import ROOT

RECIPES = sorted((ROOT / "src/mattebox_lab/train/recipes").glob("*.toml"))

MINIMAL = """
seed = 1
start = "scratch"
sets = {{ things = ["things"] }}
{more}
[[phases]]
name = "whole"
kind = "{kind}"
steps = 2
sizes = [[64, 64]]
pixels = 8192
mixture = [{{ scene = "{scene}", share = 1, sets = ["things"] }}]
"""


def _written(folder: Path, more: str = "", kind: str = "whole", scene: str = "plain") -> Path:
    path = folder / "recipe.toml"
    path.write_text(MINIMAL.format(more=more, kind=kind, scene=scene), "utf-8")
    return path


def test_a_small_recipe_is_enough(tmp_path: Path) -> None:
    """Everything else has a default."""
    recipe = read_recipe(_written(tmp_path))
    assert (recipe.steps, recipe.phases[0].losses.region) == (2, 1)


@pytest.mark.parametrize(
    ("more", "kind", "said"),
    [
        ("epochs = 3", "whole", "epochs"),
        ("workers = -1", "whole", "workers"),
        ("", "parts", "phases.0.kind"),
        ("", "blocks", "teacher"),
        ("a = ", "whole", "cannot read"),
        ("mixtures = 3", "whole", "mixtures"),
    ],
)
def test_what_cannot_work_is_named(tmp_path: Path, more: str, kind: str, said: str) -> None:
    """Before anything is read or trained."""
    with pytest.raises(SettingsError, match=said):
        read_recipe(_written(tmp_path, more, kind))


def test_phases_may_share_a_mixture_by_name(tmp_path: Path) -> None:
    """The table is put where the name stands; a name that it lacks is refused."""
    path = _written(tmp_path, "[mixtures]\nall = [{ scene = 'empty', share = 2 }]")
    text = path.read_text("utf-8")
    head, _ = text.split("mixture = ")
    path.write_text(f"{head}mixture = 'all'\n", "utf-8")
    assert read_recipe(path).phases[0].mixture[0].scene == "empty"
    path.write_text(f"{head}mixture = 'none'\n", "utf-8")
    with pytest.raises(SettingsError, match=r"phases\.0\.mixture"):
        read_recipe(path)


def test_a_recipe_that_is_not_there(tmp_path: Path) -> None:
    """The message says where the shipped ones are."""
    with pytest.raises(SourceNotFound, match="recipes"):
        read_recipe(tmp_path / "none.toml")


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    """Told in words."""
    with pytest.raises(SettingsError, match="cannot read"):
        read_recipe(tmp_path)


def test_changes_are_checked_as_the_recipe_is(tmp_path: Path) -> None:
    """What the command line says counts before the recipe is judged."""
    path = _written(tmp_path, kind="blocks")
    assert read_recipe(path, {"teacher": "u2netp"}).teacher == "u2netp"
    with pytest.raises(SettingsError, match="workers"):
        read_recipe(path, {"teacher": "u2netp", "workers": -1})


@pytest.mark.parametrize("pattern", ["/data/*.tar", ""])
def test_patterns_are_relative(tmp_path: Path, pattern: str) -> None:
    """Absolute and empty ones are refused with what to write instead."""
    recipe = read_recipe(_written(tmp_path), {"sets": {"things": [pattern]}})
    with pytest.raises(SettingsError, match="--data"):
        find_sets(recipe, tmp_path)


def test_data_that_are_not_there(tmp_path: Path) -> None:
    """The message says what is there instead."""
    recipe = read_recipe(_written(tmp_path))
    with pytest.raises(SourceNotFound, match=r"recipe\.toml"):
        find_sets(recipe, tmp_path)


@pytest.mark.parametrize(
    ("more", "scene"),
    [
        ("augment = { fog = 0.5 }", "plain"),
        ("", "moonlight"),
        ("augment = { jpeg_quality = 50 }", "plain"),
        ("augment = { noise = [0.1, 0.2] }", "plain"),
        ("augment = { noise = 30 }", "plain"),
        ("augment = { jpeg_quality = [92, 25] }", "plain"),
        ("augment = { focus_radius_px = [-2, -1] }", "plain"),
    ],
)
def test_unknown_scenes_and_effects_are_refused(
    tmp_path: Path, folders: Path, more: str, scene: str
) -> None:
    """By name, with what there is."""
    recipe = read_recipe(_written(tmp_path, more, scene=scene))
    with pytest.raises(SettingsError, match=r"fog|moonlight|jpeg_quality|noise|focus_radius"):
        mixture(recipe, recipe.phases[0], find_sets(recipe, folders), seed=0)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_the_shipped_recipes_can_be_mixed(path: Path, shared: Path) -> None:
    """Every set they name is among the training sets, every scene is known, none is a dev set."""
    recipe: Recipe = read_recipe(path)
    sets = find_sets(recipe, shared / "train")
    for phase in recipe.phases:
        mixture(recipe, phase, sets, recipe.seed)
    assert not any("dev-" in pattern for patterns in recipe.sets.values() for pattern in patterns)
