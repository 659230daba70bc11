"""The two shots of the person: in the room, and before a green screen.

Each gives pairs of a picture and its true alpha; the picture is the premultiplied person over
what is behind, so that alpha is what a perfect matting would find.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from acting import Stage, act, wave
from cutout import Cutout
from room import Room, sunlight
from writing import RATE, grained

Floats: TypeAlias = npt.NDArray[np.floating]
Shot: TypeAlias = Iterator[tuple[npt.NDArray[np.uint8], Floats]]

WIDTH, HEIGHT = 960, 540
_GRAIN = 1.0

# The shadow falls to the right and a little up, where more of the cloth is seen.
_SHADOW = np.array([[1, 0, 70], [0, 1, -6]], np.float32)


def in_the_room(person: Cutout, length_s: float, seed: int) -> Shot:
    """Sitting before a camera held in a hand, in a room with a window on the left."""
    chance = np.random.default_rng(seed)
    room = Room(WIDTH, HEIGHT, seed)
    stage = Stage(WIDTH, HEIGHT, centre_x=466, scale=1.55)
    for index in range(round(length_s * RATE)):
        time = index / RATE
        seen = act(person, stage, time)
        colour = seen.colour * _light_from_window(sunlight(time))
        picture = colour + room.render(time) * (1 - seen.alpha[..., None])
        yield grained(picture, _GRAIN, chance), seen.alpha


def before_green(person: Cutout, length_s: float, seed: int) -> Shot:
    """Before a cloth unevenly lit, with a shadow on it and its light on the person's edge."""
    chance = np.random.default_rng(seed)
    cloth = _green_cloth()
    stage = Stage(WIDTH, HEIGHT, centre_x=480, scale=1.5)
    for index in range(round(length_s * RATE)):
        time = index / RATE
        seen = act(person, stage, time)
        shadow = cv2.GaussianBlur(cv2.warpAffine(seen.alpha, _SHADOW, (WIDTH, HEIGHT)), (0, 0), 26)
        flicker = 1 + 0.01 * wave(time, 7)
        behind = cloth * (1 - 0.28 * shadow[..., None]) * flicker
        colour = _with_spill(seen, behind)
        picture = colour + behind * (1 - seen.alpha[..., None])
        yield grained(picture, _GRAIN, chance), seen.alpha


def _light_from_window(sun: float) -> Floats:
    """A factor per column and channel: brighter and a little cooler towards the window."""
    across = np.linspace(1, -1, WIDTH, dtype=np.float32)[None, :, None]
    cooler = np.array([-0.006, 0.0, 0.008], np.float32)
    return (0.955 + 0.025 * sun) * (1 + across * (0.06 + cooler))


def _green_cloth() -> Floats:
    """Chroma green with two lamps, a dark corner, soft folds and the cloth's texture."""
    rows, columns = np.indices((HEIGHT, WIDTH), dtype=np.float32)
    x, y = columns / WIDTH, rows / HEIGHT
    lamps = np.exp(-((x - 0.2) ** 2 + (y - 0.3) ** 2) / 0.16) + np.exp(
        -((x - 0.85) ** 2 + (y - 0.2) ** 2) / 0.12
    )
    folds = np.sin(13 * x + 3 * y) * 0.5 + np.sin(29 * x - 4 * y + 1) * 0.3
    light = 0.80 + 0.20 * lamps + 0.03 * folds * y - 0.10 * y
    green = np.array([0.10, 0.66, 0.22], np.float32)
    washed_out = np.array([0.08, 0.03, 0.06], np.float32)
    return (green * light[..., None] + washed_out * lamps[..., None]).astype(np.float32)


def _with_spill(seen: Cutout, behind: Floats) -> Floats:
    """The person's colour with the cloth's light on the edge: what despill must take away."""
    near_edge = cv2.GaussianBlur(1 - seen.alpha, (0, 0), 9) * seen.alpha
    return seen.colour + 0.22 * near_edge[..., None] * (behind - 0.15) * seen.alpha[..., None]
