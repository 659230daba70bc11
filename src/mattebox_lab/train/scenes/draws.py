"""What a scene is made of: a source of chance, sets to pick from, and backgrounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mattebox_lab.train.scenes.arrays import Picture, Size
from mattebox_lab.train.scenes.body import Body, body_of
from mattebox_lab.train.scenes.pairs import Pair, PairSet

# Sets are chosen by hand; a picture in a hundred may not do. Many more, and the recipe is wrong.
TRIES = 12


class DrawsBackgrounds(Protocol):
    """Gives backgrounds with nobody in them."""

    def drawn(self, rng: np.random.Generator, size: Size) -> Picture:
        """Any background."""

    def room(self, rng: np.random.Generator, size: Size) -> Picture:
        """A room, sharp."""


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """What one scene draws from.

    Attributes:
        rng: every choice comes from it, in order.
        size: (height, width) of the scene.
        sets: where the subject is from.
        others: where a second thing is from: a bystander, what is held.
        backdrops: backgrounds.
    """

    rng: np.random.Generator
    size: Size
    sets: Sequence[PairSet]
    others: Sequence[PairSet]
    backdrops: DrawsBackgrounds

    def pair(self) -> Pair:
        """Any pair of the subject's sets, each pair as likely as any other."""
        return picked_from(self.sets, self.rng)

    def chance(self, share: float) -> bool:
        """True so often."""
        return bool(self.rng.random() < share)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A pair whose subject has been measured."""

    pair: Pair
    body: Body


def picked(pairs: PairSet, rng: np.random.Generator) -> Pair:
    """One pair of a set."""
    return pairs[int(rng.integers(len(pairs)))]


def picked_from(sets: Sequence[PairSet], rng: np.random.Generator) -> Pair:
    """One pair of several sets; larger sets are drawn from more often."""
    number = int(rng.integers(sum(len(pairs) for pairs in sets)))
    for pairs in sets:
        if number < len(pairs):
            return pairs[number]
        number -= len(pairs)
    raise AssertionError("a number below the sum is in one of the sets")


def measured(pair: Pair) -> Subject | None:
    """The pair with its subject's outline; None where it shows nobody."""
    body = None if pair.alpha is None else body_of(pair.alpha)
    return None if body is None else Subject(pair, body)
