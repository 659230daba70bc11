"""Laws of the mixture: what a training loop may rely on, whatever the scene."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from mattebox.errors import SettingsError
from mattebox_lab.train.scenes.degrade import AugmentOptions
from mattebox_lab.train.scenes.mixture import SCENES, Ingredient, Mixture
from mattebox_lab.train.scenes.pairs import PairSet

SIZE = (64, 96)


def mixture(
    sets: dict[str, PairSet], *scenes: str, seed: int = 7, augment: AugmentOptions | None = None
) -> Mixture:
    """Equal shares of some scenes of people before rooms, with things."""
    ingredients = [Ingredient(scene, 1.0, ("people",), others(scene)) for scene in scenes]
    options = AugmentOptions() if augment is None else augment
    return Mixture(sets, ingredients, "rooms", seed=seed, augment=options)


def others(scene: str) -> tuple[str, ...]:
    """What is held or stands behind are things; bystanders are people again."""
    return ("things",) if scene in {"holding", "clutter", "face-clutter"} else ()


@pytest.mark.parametrize("scene", SCENES)
def test_a_sample_depends_on_seed_number_and_size_alone(
    sets: dict[str, PairSet], scene: str
) -> None:
    """Training that was stopped goes on with the very samples it would have had."""
    one = mixture(sets, scene)
    one.sample(3, SIZE)
    again, other = one.sample(5, SIZE), mixture(sets, scene).sample(5, SIZE)
    assert np.array_equal(again.picture, other.picture)
    assert np.array_equal(again.alpha, other.alpha)
    assert not np.array_equal(again.picture, one.sample(6, SIZE).picture)
    assert not np.array_equal(again.picture, mixture(sets, scene, seed=8).sample(5, SIZE).picture)


@pytest.mark.parametrize("size", [SIZE, (96, 64), (35, 51)])
@pytest.mark.parametrize("scene", SCENES)
def test_a_sample_has_the_size_that_was_asked_for(
    sets: dict[str, PairSet], scene: str, size: tuple[int, int]
) -> None:
    """And the types that are promised."""
    sample = mixture(sets, scene).sample(0, size)
    assert sample.kind == scene
    assert sample.picture.shape == (*size, 3)
    assert sample.alpha.shape == size
    assert sample.picture.dtype == sample.alpha.dtype == np.uint8


@pytest.mark.parametrize("scene", sorted(set(SCENES) - {"empty"}))
def test_every_scene_but_an_empty_one_shows_somebody(
    sets: dict[str, PairSet], near: PairSet, scene: str
) -> None:
    """The red people are where the alpha says, and not elsewhere."""
    people = near if "face" in scene else sets["people"]
    made = mixture({**sets, "people": people}, scene, augment=AugmentOptions.none())
    # Who dances may be far away.
    smallest = {"action": 0.002, "action-afar": 0.0005}.get(scene, 0.02)
    size = (256, 384) if scene == "action-afar" else SIZE
    for number in range(12):
        sample = made.sample(number, size)
        inside = sample.picture[sample.alpha == 255].astype(float)
        assert len(inside) > smallest * sample.alpha.size
        # Red, and not yellow as the things are.
        assert inside[:, 0].mean() > 1.3 * inside[:, 2].mean()
        assert scene == "holding" or inside[:, 0].mean() > 1.3 * inside[:, 1].mean()


def test_nobody_is_in_an_empty_room(sets: dict[str, PairSet]) -> None:
    """Not even in the pictures on its walls."""
    made = mixture(sets, "empty")
    assert not any(made.sample(number, SIZE).alpha.any() for number in range(30))


def test_a_mask_that_is_missing_means_nobody(folders: Path) -> None:
    """A room that got into a set of people is no person."""
    both = PairSet("both", [folders / "people", folders / "rooms"])
    ingredients = [Ingredient("plain", 1.0, ("both",))]
    made = Mixture({"both": both}, ingredients, None, seed=1, augment=AugmentOptions())
    found = [made.sample(number, SIZE).alpha.any() for number in range(20)]
    assert any(found)
    assert not all(found)


def test_a_set_of_people_without_any_mask_is_refused(sets: dict[str, PairSet]) -> None:
    """Masks under another name would teach, without a word, that nobody is there."""
    ingredients = [Ingredient("plain", 1.0, ("rooms",))]
    with pytest.raises(SettingsError, match="none of its 3 pictures has a mask") as caught:
        Mixture(sets, ingredients, None, seed=1, augment=AugmentOptions())
    assert caught.value.advice


def test_scenes_come_as_often_as_their_shares_say(sets: dict[str, PairSet]) -> None:
    """Three to one, within what chance allows."""
    ingredients = [Ingredient("plain", 3.0, ("people",)), Ingredient("empty", 1.0, ())]
    made = Mixture(sets, ingredients, "rooms", seed=1, augment=AugmentOptions.none())
    kinds = [made.sample(number, (32, 32)).kind for number in range(200)]
    assert 120 < kinds.count("plain") < 180


def test_a_mixture_travels_to_another_process(sets: dict[str, PairSet]) -> None:
    """And makes the same samples there."""
    made = mixture(sets, *SCENES)
    there = pickle.loads(pickle.dumps(made))
    assert np.array_equal(there.sample(4, SIZE).picture, made.sample(4, SIZE).picture)


def test_scenes_can_be_made_without_rooms(sets: dict[str, PairSet]) -> None:
    """Backgrounds are then places of other pairs, and walls."""
    for scene in SCENES:
        ingredients = [Ingredient(scene, 1.0, ("people",), others(scene))]
        people = {name: sets[name] for name in ("people", "things")}
        made = Mixture(people, ingredients, None, seed=2, augment=AugmentOptions())
        assert all(made.sample(number, SIZE).kind == scene for number in range(4))


@pytest.mark.parametrize(
    ("ingredient", "message"),
    [
        (
            Ingredient("nowhere", 1.0, ("people",)),
            "no scene 'nowhere'. There are action, action-afar",
        ),
        (Ingredient("plain", 1.0, ("martians",)), "'martians' is missing or empty. There are"),
        (Ingredient("plain", 1.0, ()), "plain has no sets"),
        (Ingredient("holding", 1.0, ("people",), ("martians",)), "'martians' is missing"),
        (Ingredient("plain", 0.0, ("people",)), "a share above 0"),
    ],
)
def test_an_ingredient_that_cannot_be_made_is_refused_at_once(
    sets: dict[str, PairSet], ingredient: Ingredient, message: str
) -> None:
    """Not after an hour of training."""
    with pytest.raises(SettingsError, match=message) as caught:
        Mixture(sets, [ingredient], "rooms", seed=1, augment=AugmentOptions())
    assert caught.value.advice


def test_every_scene_can_be_made_of_real_shards(shared: Path) -> None:
    """Real masks have crumbs, cuts and groups; no draw may fail for them."""
    shards = {
        "people": "people-ccp-00.tar",
        "groups": "people-hsd-00.tar",
        "clips": "video-pseudo-00.tar",
        "rooms": "rooms-00.tar",
    }
    sets = {name: PairSet(name, [shared / "train" / file]) for name, file in shards.items()}
    for scene in SCENES:
        subjects = ("clips",) if scene == "clip" else ("people", "groups", "clips")
        ingredients = [Ingredient(scene, 1.0, subjects, ("people",))]
        made = Mixture(sets, ingredients, "rooms", seed=1, augment=AugmentOptions())
        for number in range(6):
            assert made.sample(number, SIZE).picture.shape == (*SIZE, 3)
        assert len(made.sequence(0, SIZE, 3)) == 3
