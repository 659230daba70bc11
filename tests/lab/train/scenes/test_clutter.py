"""Somebody before things that belong to the room."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from mattebox_lab.train.scenes.backdrops import Backdrops
from mattebox_lab.train.scenes.clutter import TIMES_LARGER, clutter, face_before_clutter
from mattebox_lab.train.scenes.draws import Draw
from mattebox_lab.train.scenes.layers import Layer, flattened
from mattebox_lab.train.scenes.pairs import PairSet

SIZE = (96, 128)
SCENES = 20
Scene = Callable[[Draw], list[Layer]]


def yellow(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Where the balls are: rooms are blue and people are red, in any light."""
    red, green, blue = np.moveaxis(picture.astype(float), -1, 0)
    return np.asarray((green > 0.6 * red) & (red > 1.5 * blue) & (green > 1.5 * blue), np.bool_)


@pytest.mark.parametrize("scene", [clutter, face_before_clutter])
def test_things_behind_somebody_are_background(
    sets: dict[str, PairSet], near: PairSet, scene: Scene
) -> None:
    """They are seen in most pictures; the alpha is the person's, and none of it lies on a ball."""
    seen = 0
    for number in range(SCENES):
        backdrops = Backdrops(sets["rooms"], [])
        draw = Draw(np.random.default_rng(number), SIZE, [near], [sets["things"]], backdrops)
        layers = scene(draw)
        picture, alpha = flattened(layers)
        balls = yellow(picture)
        assert alpha.max() > 0.9
        person = layers[-1].cover
        assert person is not None
        assert np.array_equal(alpha, person), "the person is in front, and all of it"
        assert (balls & (alpha > 0.5)).mean() < 0.002
        assert balls.mean() < alpha.mean() * 5 / TIMES_LARGER
        seen += bool(balls.mean() > 0.005)
    assert seen > SCENES / 2


def test_things_move_with_the_room(sets: dict[str, PairSet], near: PairSet) -> None:
    """They are in the lowest layer, so that a moving camera takes the furniture along."""
    backdrops = Backdrops(sets["rooms"], [])
    draw = Draw(np.random.default_rng(1), SIZE, [near], [sets["things"]], backdrops)
    room, person = clutter(draw)
    assert room.truth is None
    assert person.truth is not None
    assert yellow(room.colours).any()


def test_where_nobody_can_be_drawn_there_is_a_room(sets: dict[str, PairSet]) -> None:
    """Small heads make no faces; the things stay away with them, for then they would matter."""
    backdrops = Backdrops(sets["rooms"], [])
    draw = Draw(np.random.default_rng(0), SIZE, [sets["people"]], [sets["things"]], backdrops)
    picture, alpha = flattened(face_before_clutter(draw))
    assert not alpha.any()
    assert not yellow(picture).any()
