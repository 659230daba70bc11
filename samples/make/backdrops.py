"""Draws the backdrops: hills at dusk, a studio wall, and lights out of focus that drift.

RGB is float32 in [0, 1], gamma-encoded. Only mathematics: no photograph is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.floating]

_GAMMA = 2.2


def dusk_hills(width: int, height: int, seed: int) -> Array:
    """Layers of hills under an evening sky; the further a layer, the more haze."""
    chance = np.random.default_rng(seed)
    picture = _evening_sky(width, height, chance)
    far, near = np.array([0.62, 0.45, 0.52]), np.array([0.055, 0.065, 0.11])
    layers = 7
    for number in range(layers):
        depth = number / (layers - 1)
        level = 0.56 + 0.40 * depth**1.15
        relief = 0.035 + 0.05 * depth
        ridge = (level - relief * _ridge(width, 2.2 + 2.0 * (1 - depth), chance)) * height
        colour = far * (1 - depth**0.75) + near * depth**0.75
        _lay_hill(picture, ridge, colour, haze=0.30 * (1 - depth), chance=chance, wood=depth)
    return picture


def _evening_sky(width: int, height: int, chance: np.random.Generator) -> Array:
    heights = np.array([0.0, 0.22, 0.42, 0.56, 0.66])
    colours = np.array(
        [[0.13, 0.16, 0.33], [0.29, 0.27, 0.47], [0.62, 0.40, 0.53], [0.93, 0.58, 0.46],
         [0.99, 0.76, 0.53]]
    )  # fmt: skip
    rows = np.linspace(0, 1, height)
    sky = np.stack([np.interp(rows, heights, colours[:, c]) for c in range(3)], axis=1)
    picture = np.repeat(sky[:, None], width, axis=1)
    x, y = np.meshgrid(np.linspace(0, width / height, width), rows)
    glow = np.exp(-((x - 1.22) ** 2 * 1.6 + (y - 0.58) ** 2 * 7))
    picture += glow[..., None] * np.array([0.16, 0.13, 0.04])
    streaks = _clouds(width, height, chance) * np.exp(-(((y - 0.36) / 0.17) ** 2))
    lit = np.array([0.99, 0.62, 0.52]) - picture
    return np.clip(picture + 0.55 * streaks[..., None] * lit, 0, 1).astype(np.float32)


def _clouds(width: int, height: int, chance: np.random.Generator) -> Array:
    """Long thin clouds: [0, 1] (height, width)."""
    total = np.zeros((height, width), np.float32)
    for octave in range(6):
        cells = (max(2, 6 * 2**octave), max(2, 2 * 2**octave))
        total += _noise(width, height, cells, chance) / 1.7**octave
    return np.clip((total - 1.32) / 0.55, 0, 1) ** 1.5


def _noise(width: int, height: int, cells: tuple[int, int], chance: np.random.Generator) -> Array:
    """Smooth noise with that many cells (down, across): [0, 1] (height, width)."""
    coarse = chance.random(cells, dtype=np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def _ridge(width: int, roughness: float, chance: np.random.Generator) -> Array:
    """A skyline in about [-1, 1] (width,): octaves of sines, each finer one lower."""
    x = np.linspace(0, 1, width)
    line = np.zeros(width)
    for octave in range(8):
        turns = 1.1 * 1.9**octave
        phase = chance.uniform(0, 2 * np.pi)
        line += np.sin(2 * np.pi * turns * x + phase) / roughness**octave
    return (line / np.abs(line).max()).astype(np.float32)


def _lay_hill(
    picture: Array, ridge: Array, colour: Array, haze: float, chance: np.random.Generator,
    wood: float,
) -> None:  # fmt: skip
    """Paint all below the ridge; lighter towards the foot, where mist lies."""
    height, width, _ = picture.shape
    # Tree tops roughen the nearer skylines.
    tops = np.abs(np.convolve(chance.normal(size=width), np.hanning(9), "same")) * 2.2 * wood**2
    below = np.arange(height, dtype=np.float32)[:, None] - (ridge - tops)[None, :]
    share = np.clip(below + 0.5, 0, 1)[..., None]
    mist = haze * np.clip(below / (0.16 * height), 0, 1)[..., None]
    painted = colour + mist * (np.array([0.98, 0.72, 0.60]) - colour)
    picture[:] = picture * (1 - share) + painted * share


def studio(width: int, height: int, seed: int) -> Array:
    """A plastered wall lit by one soft lamp from the upper left, darker at the corners."""
    chance = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    lamp = np.exp(-(((x + 0.22) / 0.85) ** 2 + ((y + 0.18) / 0.95) ** 2))
    along = (x + 1.15) * 0.80 + (y + 1.25) * 0.60
    across = (y + 1.25) * 0.80 - (x + 1.15) * 0.60
    cone = np.exp(-((across / (0.16 + 0.34 * along)) ** 2)) * np.exp(-0.35 * along)
    corners = 1 - 0.42 * np.clip((x**2 + y**2) / 2, 0, 1) ** 1.2
    plaster = sum(
        (_noise(width, height, (5 * 2**k, 9 * 2**k), chance) - 0.5) / 1.6**k for k in range(6)
    )
    light = (0.10 + 0.30 * lamp + 0.16 * cone) * corners * (1 + 0.07 * plaster)
    warm, cool = np.array([1.10, 0.98, 0.88]), np.array([0.84, 0.93, 1.12])
    tint = cool + (warm - cool) * np.clip(lamp * 0.9 + cone * 0.5, 0, 1)[..., None]
    return np.clip(light[..., None] * tint, 0, 1).astype(np.float32) ** (1 / _GAMMA)


def bokeh(width: int, height: int, frames: int, seed: int) -> Iterator[Array]:
    """Lights far out of focus over a dark warm evening; the last frame leads to the first."""
    chance = np.random.default_rng(seed)
    ground = _night(width, height)
    lights = [_Light(width, height, number / 54, chance) for number in range(54)]
    for index in range(frames):
        linear = ground.copy()
        for light in lights:
            light.add_to(linear, index / frames)
        yield np.clip(1 - np.exp(-1.25 * linear), 0, 1) ** (1 / _GAMMA)


def _night(width: int, height: int) -> Array:
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    warm = np.exp(-(((x - 0.72) / 0.5) ** 2 + ((y - 0.62) / 0.45) ** 2))[..., None]
    cool = np.exp(-(((x - 0.15) / 0.5) ** 2 + ((y - 0.35) / 0.6) ** 2))[..., None]
    ground = np.array([0.004, 0.005, 0.012]) + warm * np.array([0.040, 0.013, 0.004])
    return (ground + cool * np.array([0.002, 0.008, 0.024])).astype(np.float32)


class _Light:
    """One disc of light on a closed path."""

    def __init__(
        self, width: int, height: int, nearness: float, chance: np.random.Generator
    ) -> None:
        colours = [(1.0, 0.36, 0.06), (1.0, 0.17, 0.03), (1.0, 0.58, 0.22), (0.10, 0.28, 0.90)]
        self._colour = np.array(colours[chance.choice(4, p=[0.4, 0.25, 0.22, 0.13])], np.float32)
        self._radius = 9 + 62 * nearness**1.7
        self._middle = (chance.uniform(0, width), height * np.clip(chance.normal(0.56, 0.2), 0, 1))
        self._drift = (10 + 26 * nearness, 5 + 12 * nearness)
        self._phase, self._twinkle = chance.uniform(0, 1, 2)
        self._strength = chance.uniform(0.3, 0.9) * (1.1 - 0.95 * nearness**0.6)

    def add_to(self, linear: Array, turn: float) -> None:
        """Add the light at ``turn`` of the loop, [0, 1)."""
        angle = 2 * np.pi * (turn + self._phase)
        x = self._middle[0] + self._drift[0] * np.cos(angle)
        y = self._middle[1] + self._drift[1] * np.sin(angle)
        shine = self._strength * (1 + 0.35 * np.sin(2 * np.pi * (turn + self._twinkle)))
        reach = int(self._radius) + 3
        height, width, _ = linear.shape
        left, right = max(0, int(x) - reach), min(width, int(x) + reach + 1)
        top, bottom = max(0, int(y) - reach), min(height, int(y) + reach + 1)
        if left >= right or top >= bottom:
            return
        rows, columns = np.mgrid[top:bottom, left:right]
        distance = np.hypot(columns - x, rows - y)
        # A real lens draws a soft-edged disc, a little brighter at its rim.
        disc = np.clip((self._radius - distance) / (2 + 0.05 * self._radius) + 0.5, 0, 1)
        disc *= 0.78 + 0.22 * np.clip(distance / self._radius, 0, 1) ** 4
        linear[top:bottom, left:right] += (shine * disc)[..., None] * self._colour
