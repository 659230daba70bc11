"""The mixture that a recipe asks for: which scenes, how often, made from which sets.

A sample depends on the seed, its number and its size alone, so that training can stop and go on,
and any number of workers give the same samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mattebox.errors import SettingsError
from mattebox_lab.train.scenes.action import action, action_afar
from mattebox_lab.train.scenes.arrays import Size, as_bytes
from mattebox_lab.train.scenes.backdrops import Backdrops
from mattebox_lab.train.scenes.clips import clip, clip_sequence
from mattebox_lab.train.scenes.clutter import clutter, face_before_clutter
from mattebox_lab.train.scenes.composites import bystander, composite, two
from mattebox_lab.train.scenes.degrade import AugmentOptions, drawn_look
from mattebox_lab.train.scenes.draws import Draw
from mattebox_lab.train.scenes.empty import empty
from mattebox_lab.train.scenes.faces import face
from mattebox_lab.train.scenes.layers import Layer, flattened
from mattebox_lab.train.scenes.pairs import PairSet
from mattebox_lab.train.scenes.plain import plain, portrait
from mattebox_lab.train.scenes.props import chair, holding
from mattebox_lab.train.scenes.sample import Sample
from mattebox_lab.train.scenes.sequences import (
    SequenceFrame,
    moving,
    photographed,
    with_margin,
)

Scene = Callable[[Draw], list[Layer]]

SCENES: dict[str, Scene] = {
    "plain": plain,
    "portrait": portrait,
    "face": face,
    "composite": composite,
    "two": two,
    "bystander": bystander,
    "clutter": clutter,
    "face-clutter": face_before_clutter,
    "action": action,
    "action-afar": action_afar,
    "holding": holding,
    "chair": chair,
    "clip": clip,
    "empty": empty,
}


@dataclass(frozen=True, slots=True)
class Ingredient:
    """A part of the mixture.

    Attributes:
        scene: a name of ``SCENES``.
        share: how often, relative to the other ingredients' shares.
        sets: names of the sets that the subject comes from.
        others: names of the sets that a second thing comes from (what is held, a bystander);
            empty: the same as ``sets``.
        taught: whether a teacher has a say about these pictures; handed on to the samples.
    """

    scene: str
    share: float
    sets: tuple[str, ...]
    others: tuple[str, ...] = ()
    taught: bool = False


class Mixture:
    """Makes training samples.

    Args:
        sets: pairs by the name of their set.
        ingredients: at least one.
        rooms: the name of the set that shows places only; None: backgrounds are made of the other
            sets and of plain walls.
        seed: any number; another one gives other samples.
        augment: how often and how much the result is degraded.

    Raises:
        SettingsError: an unknown scene or set, an empty set, or shares that are not positive.
    """

    def __init__(
        self,
        sets: Mapping[str, PairSet],
        ingredients: Sequence[Ingredient],
        rooms: str | None,
        *,
        seed: int,
        augment: AugmentOptions,
    ) -> None:
        self._sets = dict(sets)
        self._ingredients = tuple(ingredients)
        self._seed = seed
        self._augment = augment
        self._check(rooms)
        others = [pairs for name, pairs in self._sets.items() if name != rooms]
        self._backdrops = Backdrops(None if rooms is None else self._sets[rooms], others)
        shares = np.array([ingredient.share for ingredient in self._ingredients])
        self._shares = shares / shares.sum()

    def _check(self, rooms: str | None) -> None:
        if not self._ingredients or min(part.share for part in self._ingredients) <= 0:
            raise SettingsError(
                "cannot mix samples: every ingredient needs a share above 0, and there are "
                f"{len(self._ingredients)} ingredients.",
                "Leave out of the recipe what should not be in the mixture.",
            )
        for part in self._ingredients:
            self._check_scene(part)
            for name in (*part.sets, *part.others):
                self._check_set(name, f"the scene {part.scene}")
                self._check_masks(name, part.scene)
        if rooms is not None:
            self._check_set(rooms, "rooms")

    def _check_scene(self, part: Ingredient) -> None:
        if part.scene not in SCENES:
            raise SettingsError(
                f"no scene {part.scene!r}. There are {', '.join(sorted(SCENES))}.",
                "Correct the ingredient's scene in the recipe.",
            )
        if not part.sets and part.scene != "empty":
            raise SettingsError(
                f"the scene {part.scene} has no sets to take its subject from. There are "
                f"{', '.join(sorted(self._sets)) or 'none'}.",
                "Name at least one of them in the ingredient's sets.",
            )

    def _check_masks(self, name: str, scene: str) -> None:
        if not self._sets[name].has_masks:
            raise SettingsError(
                f"the scene {scene} cannot be made of the set {name!r}: none of its "
                f"{len(self._sets[name])} pictures has a mask, so nobody would be in them.",
                "Name masks KEY.mask.png beside KEY.img.webp, or make the set the recipe's rooms.",
            )

    def _check_set(self, name: str, where: str) -> None:
        if name not in self._sets or not len(self._sets[name]):
            full = sorted(key for key, pairs in self._sets.items() if len(pairs))
            raise SettingsError(
                f"no pairs for {where}: the set {name!r} is missing or empty. There are "
                f"{', '.join(full) or 'no sets'}.",
                "Add its shards to the recipe's sets, or correct the name.",
            )

    def sample(self, number: int, size: Size) -> Sample:
        """Make the sample of a number, (height, width) large."""
        rng = np.random.default_rng([self._seed, number])
        part = self._part(rng)
        layers = SCENES[part.scene](self._draw(part, rng, size))
        look = drawn_look(self._augment, size[0], rng)
        picture, alpha = look.photographed(*flattened(layers), rng)
        exact = all(layer.truth is None or layer.cover is not None for layer in layers)
        return Sample(picture, as_bytes(alpha), part.scene, exact, part.taught)

    def sequence(self, number: int, size: Size, length: int) -> list[SequenceFrame]:
        """Make the clip of a number: so many frames, each with the way back to the one before.

        Raises:
            SettingsError: a clip's sets hold none that is long enough.
        """
        # Apart from the samples: the same number means another scene.
        rng = np.random.default_rng([self._seed, number, length])
        part = self._part(rng)
        look = drawn_look(self._augment, size[0], rng, flickering=True)
        if part.scene == "clip":
            taken = photographed(clip_sequence(self._draw(part, rng, size), length), look, rng)
        else:
            layers = SCENES[part.scene](self._draw(part, rng, with_margin(size)))
            taken = moving(layers, size, length, look, rng)
        return [replace(frame, kind=part.scene, taught=part.taught) for frame in taken]

    def _part(self, rng: np.random.Generator) -> Ingredient:
        return self._ingredients[int(rng.choice(len(self._shares), p=self._shares))]

    def _draw(self, part: Ingredient, rng: np.random.Generator, size: Size) -> Draw:
        sets = [self._sets[name] for name in part.sets]
        others = [self._sets[name] for name in part.others] or sets
        return Draw(rng, size, sets, others, self._backdrops)
