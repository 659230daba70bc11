"""Laws of maps that come late, carried along the picture's motion."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from mattebox.matting.carry import Carrier, CarryOptions
from mattebox.matting.motion import Picture
from mattebox.matting.temporal import Map

OPTIONS = CarryOptions(half_life_s=0.2, certainty=0.5, scene_cut=0.5, gap_s=0.5, longest_s=0.3)
SIZE = (96, 128)
RATE = 25


def textured(seed: int) -> Picture:
    """Something that motion can be found on: soft blotches of all colours."""
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (SIZE[0] // 8, SIZE[1] // 8, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, SIZE[::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def disc(x: float, size: tuple[int, int] = SIZE) -> Map:
    """Somebody at so many pixels from the left of a picture of ``SIZE``."""
    grain = size[0] / SIZE[0]
    rows, columns = np.indices(size, np.float32)
    away = np.hypot(rows - 48 * grain, columns - x * grain)
    return np.asarray(np.clip(20 * grain - away + 0.5, 0, 1), np.float32)


def scene(x: int) -> Picture:
    """A textured disc there, before another texture."""
    alpha = disc(x)[..., None]
    moved = np.roll(textured(1), x, axis=1)
    return np.asarray(moved * alpha + textured(2) * (1 - alpha), np.uint8)


def arrive(carrier: Carrier, number: int, x: int, options: CarryOptions = OPTIONS) -> bool:
    return carrier.arrive(scene(x), number / RATE, options)


def apart(one: Map, other: Map) -> float:
    return float(np.abs(one - other).mean() / other.mean())


@pytest.mark.parametrize("options", [replace(OPTIONS, half_life_s=s) for s in (0.2, 0.001, 0)])
def test_a_late_answer_lies_where_its_things_are_now(options: CarryOptions) -> None:
    """Asked about the first picture, answered at the fourth: three steps further on."""
    carrier = Carrier()
    for number in range(4):
        arrive(carrier, number, 40 + 4 * number, options)
        if number == 0:
            carrier.ask()
    carrier.answer(scene(40), disc(40), scene(52), options)
    assert apart(carrier.map(), disc(52)) < 0.2 < 0.5 < apart(disc(40), disc(52))


def test_what_is_known_goes_on_with_the_picture() -> None:
    """Without another answer, for a few frames."""
    carrier = Carrier()
    arrive(carrier, 0, 40)
    carrier.ask()
    carrier.answer(scene(40), disc(40), scene(40), OPTIONS)
    assert apart(carrier.map(), disc(40)) < 0.05
    for number in range(1, 4):
        assert arrive(carrier, number, 40 + 4 * number)
    assert apart(carrier.map(), disc(52)) < 0.2 < 0.5 < apart(disc(40), disc(52))
    assert carrier.answered_at == 0


def test_a_newer_answer_corrects_an_older_one() -> None:
    """Who was taken for nobody is somebody as soon as the network says so."""
    carrier = Carrier()
    arrive(carrier, 0, 40)
    carrier.ask()
    carrier.answer(scene(40), np.zeros(SIZE, np.float32), scene(40), OPTIONS)
    for number in range(1, 11):
        arrive(carrier, number, 40)
        carrier.ask()
        carrier.answer(scene(40), disc(40), scene(40), OPTIONS)
    assert apart(carrier.map(), disc(40)) < 0.3


def test_nothing_is_known_of_a_new_scene() -> None:
    """Nor does an answer about the one before count there, nor one from before a gap."""
    for picture, moment in ((255 - scene(40), 0.04), (scene(40), 0.6), (scene(40), -0.1)):
        carrier = Carrier()
        arrive(carrier, 0, 40)
        carrier.ask()
        assert not carrier.arrive(picture, moment, OPTIONS)
        carrier.answer(scene(40), disc(40), picture, OPTIONS)
        assert carrier.answered_at is None


def test_where_somebody_new_comes_in_nothing_is_shown_before_there_is_an_answer() -> None:
    """What motion accounts for is carried; what it does not is nobody."""
    carrier = Carrier()
    empty = textured(2)
    carrier.arrive(empty, 0, OPTIONS)
    carrier.ask()
    carrier.answer(empty, np.zeros(SIZE, np.float32), empty, OPTIONS)
    arrive(carrier, 1, 64)
    assert carrier.map().max() < 0.05


@pytest.mark.parametrize("half", [1, 5])
def test_somebody_who_changes_has_no_hole(half: int) -> None:
    """A place that looks like nothing before is what is around it: eyes, a hand before a body."""
    carrier = Carrier()
    arrive(carrier, 0, 64)
    carrier.ask()
    carrier.answer(scene(64), disc(64), scene(64), OPTIONS)
    changed = scene(64)
    place = slice(47 - half, 47 + half), slice(63 - half, 63 + half)
    changed[place] = 255 - changed[place]
    carrier.arrive(changed, 1 / RATE, OPTIONS)
    assert carrier.map()[40:54, 56:70].min() > 0.9


@pytest.mark.parametrize("factor", [2, 0.5])
def test_an_answer_of_another_size_is_believed_at_that_size(factor: float) -> None:
    """As where the network begins to look closer at a small subject, or no longer does."""
    carrier = Carrier()
    size = round(factor * SIZE[0]), round(factor * SIZE[1])

    def at_size(picture: Picture) -> Picture:
        return np.asarray(cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)

    arrive(carrier, 0, 40)
    carrier.ask()
    carrier.answer(scene(40), disc(40), scene(40), OPTIONS)
    carrier.ask()
    for number in range(1, 4):
        arrive(carrier, number, 40 + 4 * number)
    carrier.answer(at_size(scene(40)), disc(40, size), at_size(scene(52)), OPTIONS)
    assert carrier.map().shape == size
    assert apart(carrier.map(), disc(52, size)) < 0.25
    assert carrier.arrive(at_size(scene(56)), 4 / RATE, OPTIONS)
    assert apart(carrier.map(), disc(56, size)) < 0.3


def test_a_picture_that_is_turned_is_known_turned() -> None:
    """What is believed, and what the network is still looking at, while things move."""
    newest_only = replace(OPTIONS, half_life_s=0)
    carrier = Carrier()
    arrive(carrier, 0, 40, newest_only)
    carrier.ask()
    carrier.answer(scene(40), disc(40), scene(40), newest_only)
    carrier.ask()
    arrive(carrier, 1, 44, newest_only)
    carrier.expect_turn()
    assert arrive(carrier, 2, 48, newest_only)
    mirrored = np.ascontiguousarray(scene(48)[:, ::-1])
    assert carrier.arrive(mirrored, 3 / RATE, newest_only)
    assert apart(carrier.map(), disc(48)[:, ::-1]) < 0.2
    carrier.answer(scene(40), disc(40), mirrored, newest_only)
    assert apart(carrier.map(), disc(48)[:, ::-1]) < 0.2 < 0.5 < apart(carrier.map(), disc(48))
