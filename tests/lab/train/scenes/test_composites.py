"""Laws of composed scenes: whose colour is where, and who counts."""

from __future__ import annotations

import numpy as np
import pytest

from mattebox_lab.train.scenes.arrays import Picture, Share
from mattebox_lab.train.scenes.backdrops import Backdrops
from mattebox_lab.train.scenes.composites import bystander, composite, two
from mattebox_lab.train.scenes.draws import Draw
from mattebox_lab.train.scenes.layers import Layer, flattened
from mattebox_lab.train.scenes.mixture import Scene
from mattebox_lab.train.scenes.pairs import PairSet
from mattebox_lab.train.scenes.props import chair, holding

SIZE = (96, 96)


def draw(sets: dict[str, PairSet], number: int, others: str = "people") -> Draw:
    """People before rooms."""
    backdrops = Backdrops(sets["rooms"], [])
    rng = np.random.default_rng(number)
    return Draw(rng, SIZE, [sets["people"]], [sets[others]], backdrops)


def cover(layer: Layer) -> Share:
    """The layer's, which it has to have."""
    assert layer.cover is not None
    return layer.cover


def flat(value: int) -> Picture:
    return np.full((4, 4, 3), value, np.uint8)


@pytest.mark.parametrize("number", range(8))
def test_a_composites_alpha_says_whose_colour_is_seen(
    sets: dict[str, PairSet], number: int
) -> None:
    """Where it is 1 the subject, where it is 0 the room, both unchanged."""
    layers = composite(draw(sets, number))
    picture, alpha = flattened(layers)
    room, figure = layers
    assert (alpha == 1).any()
    assert (alpha == 0).any()
    assert np.array_equal(picture[alpha == 1], figure.colours[alpha == 1])
    assert np.array_equal(picture[alpha == 0], room.colours[alpha == 0])


def test_no_colour_of_the_old_place_comes_along(sets: dict[str, PairSet]) -> None:
    """Wherever the subject shows through at all it is red: the green around it stayed behind."""
    for number in range(8):
        figure = composite(draw(sets, number))[1]
        rim = figure.colours[(cover(figure) > 0.02) & (cover(figure) < 0.9)].astype(float)
        assert (rim[:, 0] > rim[:, 1]).all()


def test_two_people_are_both_foreground(sets: dict[str, PairSet]) -> None:
    """The alpha is the union of their covers, also where one hides the other."""
    scenes = [two(draw(sets, number)) for number in range(12)]
    pairs = [layers for layers in scenes if len(layers) == 3]
    assert len(pairs) > 4
    for layers in pairs:
        _, first, second = layers
        union = 1 - (1 - cover(first)) * (1 - cover(second))
        np.testing.assert_allclose(flattened(layers)[1], union, atol=1e-6)


def test_two_people_stand_beside_each_other(sets: dict[str, PairSet]) -> None:
    """Mirroring one of them does not put both on one side."""
    columns = (np.arange(SIZE[1]) + 0.5) / SIZE[1]
    scenes = [two(draw(sets, number)) for number in range(16)]
    for layers in (layers for layers in scenes if len(layers) == 3):
        first, second = (cover(layer).sum(axis=0) for layer in layers[1:])
        apart = first @ columns / first.sum() - second @ columns / second.sum()
        assert abs(apart) > 0.1


def test_bystanders_are_background(sets: dict[str, PairSet]) -> None:
    """The alpha is the main person's own, whoever else is there."""
    scenes = [bystander(draw(sets, number)) for number in range(12)]
    crowded = [layers for layers in scenes if len(layers) > 2]
    assert len(crowded) > 4
    for layers in crowded:
        np.testing.assert_allclose(flattened(layers)[1], cover(layers[-1]), atol=1e-6)
        assert all(layer.truth is None for layer in layers[:-1])
        assert all(cover(layers[-1]).mean() > cover(other).mean() for other in layers[1:-1])


def test_what_is_held_is_foreground_and_lies_before_the_person(sets: dict[str, PairSet]) -> None:
    """The yellow ball counts where it covers the body and where it reaches beyond it."""
    for number in range(8):
        layers = holding(draw(sets, number, "things"))
        picture, alpha = flattened(layers)
        ball = cover(layers[-1]) == 1
        assert ball.any()
        assert cover(layers[-2])[ball].any()
        assert (alpha[ball] == 1).all()
        assert np.array_equal(picture[ball], layers[-1].colours[ball])


def test_a_chair_is_background_even_where_it_touches_the_person(sets: dict[str, PairSet]) -> None:
    """The alpha is the person's cover alone."""
    for number in range(8):
        layers = chair(draw(sets, number))
        assert len(layers) == 3
        np.testing.assert_allclose(flattened(layers)[1], cover(layers[-1]), atol=1e-6)


@pytest.mark.parametrize("scene", [composite, two, bystander, chair, holding])
def test_a_set_with_nobody_in_it_leaves_the_background(
    sets: dict[str, PairSet], scene: Scene
) -> None:
    """Rooms instead of people are a mistake of the recipe, not a crash in a worker."""
    rooms = [sets["rooms"]]
    backdrops = Backdrops(sets["rooms"], [])
    layers = scene(Draw(np.random.default_rng(1), SIZE, rooms, rooms, backdrops))
    assert not flattened(layers)[1].any()


def test_a_layer_that_covers_nothing_is_not_there() -> None:
    """0 lets everything through, 1 nothing; without a cover a layer hides all."""
    half = np.zeros((4, 4), np.float32)
    half[:2] = 1
    picture, alpha = flattened([Layer(flat(10), None, half), Layer(flat(200), half, None)])
    assert (picture[:2] == 200).all()
    assert (picture[2:] == 10).all()
    assert not alpha.any()
    assert (flattened([Layer(flat(10)), Layer(flat(90))])[0] == 90).all()
