"""Faces that fill the picture, and one who moves before others who watch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mattebox_lab.train.scenes.action import (
    MOST_WATCHERS,
    MOST_WATCHERS_AFAR,
    SHARES_AFAR,
    action,
    action_afar,
)
from mattebox_lab.train.scenes.backdrops import Backdrops
from mattebox_lab.train.scenes.body import body_of
from mattebox_lab.train.scenes.draws import Draw
from mattebox_lab.train.scenes.faces import face, face_box
from mattebox_lab.train.scenes.layers import flattened
from mattebox_lab.train.scenes.pairs import PairSet

SIZE = (96, 96)
SCENES = 24


def draw(sets: dict[str, PairSet], number: int) -> Draw:
    """People before rooms, others of them beside."""
    rng = np.random.default_rng(number)
    people = [sets["people"]]
    return Draw(rng, SIZE, people, people, Backdrops(sets["rooms"], []))


def test_a_face_box_is_a_head_high(sets: dict[str, PairSet]) -> None:
    """Between one head and a little more than two, with the head inside of it."""
    alpha = sets["people"][0].alpha
    assert alpha is not None
    body = body_of(alpha)
    assert body is not None
    for number in range(SCENES):
        box = face_box(body, 1.0, np.random.default_rng(number))
        assert body.head <= box.height <= 2.2 * body.head
        assert box.x < body.head_x < box.x + box.width
        assert box.y < body.top + 0.2 * body.head


def test_small_heads_make_no_faces(sets: dict[str, PairSet]) -> None:
    """Enlarged they would be smears: the fixture's heads have 26 lines, so a room is shown."""
    for number in range(4):
        _, alpha = flattened(face(draw(sets, number)))
        assert not alpha.any()


def test_a_face_fills_the_picture(sets: dict[str, PairSet], near: PairSet) -> None:
    """Photographed with three times the pixels, the same people are faces."""
    shares = []
    for number in range(SCENES):
        source = replace(draw(sets, number), sets=[near])
        shares.append(float(flattened(face(source))[1].mean()))
    assert np.median(shares) > 0.25
    assert min(shares) > 0.05


def test_watchers_are_background(sets: dict[str, PairSet]) -> None:
    """The alpha is the one subject's alone, whoever else is there, and covers something."""
    watched = 0
    for number in range(SCENES):
        layers = action(draw(sets, number))
        own = [layer for layer in layers[1:] if layer.truth is not None]
        others = [layer for layer in layers[1:] if layer.truth is None]
        assert 1 <= len(own) <= 2
        assert layers[-1].truth is not None, "the subject is in front of who watches"
        assert flattened(layers)[1].max() > 0.9
        watched += bool(others)
    assert watched > SCENES / 4


def test_some_watchers_stand_in_a_row(sets: dict[str, PairSet]) -> None:
    """More than the most who stand anywhere, and on one floor."""
    spreads = []
    for number in range(4 * SCENES):
        behind = [each for each in action(draw(sets, number))[1:] if each.truth is None]
        seen = [each.cover > 0.5 for each in behind if each.cover is not None]
        feet = [np.flatnonzero(shape.any(axis=1)).max() for shape in seen if shape.any()]
        if len(feet) > MOST_WATCHERS:
            spreads.append(np.std(feet) / SIZE[0])
    assert len(spreads) > SCENES / 8
    assert np.median(spreads) < 0.1


def test_somebody_afar_is_small_and_almost_alone(sets: dict[str, PairSet]) -> None:
    """A third of what ``action`` shows at most, in the middle of both."""
    close, afar = [], []
    for number in range(SCENES):
        close.append(float(flattened(action(draw(sets, number)))[1].mean()))
        layers = action_afar(draw(sets, number))
        afar.append(float(flattened(layers)[1].mean()))
        assert 0 < afar[-1] < 2 * SHARES_AFAR[1] ** 2, "perhaps with what is ridden"
        assert sum(layer.truth is None for layer in layers[1:]) <= MOST_WATCHERS_AFAR
    assert np.median(afar) < np.median(close) / 3
