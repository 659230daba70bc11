"""Draws a calm room, a little out of focus, that moves: camera, clouds, curtain and leaves.

Three layers at three distances (wall and window, shelf, plant) slide against each other as the
camera sways. Everything is drawn here; nothing is photographed. RGB is float32 in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from acting import wave

Array: TypeAlias = npt.NDArray[np.floating]
Points: TypeAlias = Sequence[tuple[float, float]]
Colour: TypeAlias = Sequence[float] | Array

# Layers are drawn larger than the frame, so that swaying never shows their edge, and at twice
# the size, so that edges are smooth.
MARGIN = 60
_FINER = 2
_GAMMA = 2.2

_WALL = (0.72, 0.755, 0.72)
_WOOD = (0.50, 0.37, 0.25)
_WHITE = (0.88, 0.88, 0.85)
_LEAF = (0.37, 0.46, 0.36)
_POT = (0.72, 0.70, 0.66)


class _Layer:
    """A sheet to paint on, in frame pixels with the margin outside of (0, 0)."""

    def __init__(self, width: int, height: int) -> None:
        size = ((height + 2 * MARGIN) * _FINER, (width + 2 * MARGIN) * _FINER)
        self.colour = np.zeros((*size, 3), np.float32)
        self.alpha = np.zeros(size, np.float32)

    def fill(self, corners: Points, colour: Colour, opacity: float = 1.0) -> None:
        """Paint a polygon."""
        points = np.rint((np.array(corners) + MARGIN) * _FINER * 16).astype(np.int32)
        share = np.zeros_like(self.alpha)
        cv2.fillPoly(share, [points], opacity, lineType=cv2.LINE_8, shift=4)
        self.blend(np.array(colour, np.float32), share)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Paint an upright rectangle."""
        right, bottom = x + width, y + height
        self.fill([(x, y), (right, y), (right, bottom), (x, bottom)], colour)

    def blend(self, colour: Array, share: Array) -> None:
        """Lay a colour over what is there, with a share in [0, 1] per pixel."""
        rest = 1 - share
        self.colour = self.colour * rest[..., None] + colour * share[..., None]
        self.alpha = self.alpha * rest + share

    def shade(self, light: Array) -> None:
        """Multiply what is there by a light, (height, width) or one with channels."""
        self.colour *= light if light.ndim == 3 else light[..., None]

    def grid(self) -> tuple[Array, Array]:
        """(x, y) of every pixel of the sheet."""
        rows, columns = np.indices(self.alpha.shape, dtype=np.float32)
        return columns / _FINER - MARGIN, rows / _FINER - MARGIN

    def developed(self, blur_px: float) -> Array:
        """The sheet at frame scale, out of focus: premultiplied linear RGBA."""
        linear = np.dstack([self.colour**_GAMMA, self.alpha]).astype(np.float32)
        return cv2.resize(
            _defocus(linear, blur_px * _FINER), None, fx=1 / _FINER, fy=1 / _FINER,
            interpolation=cv2.INTER_AREA,
        )  # fmt: skip


def _defocus(picture: Array, radius: float) -> Array:
    """Blur by a disc, as an open lens does."""
    reach = int(radius) + 1
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1).astype(np.float32)
    return cv2.filter2D(picture, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE)


class Room:
    """The room as a camera sees it at any time."""

    def __init__(self, width: int, height: int, seed: int) -> None:
        self._size = (width, height)
        chance = np.random.default_rng(seed)
        self._wall = _wall(width, height).developed(4.0)
        self._sun = _sun_on_wall(width, height).developed(6.0)[..., 3]
        self._curtain = _curtain(width, height).developed(3.0)
        self._shelf = _shelf(width, height, chance).developed(3.5)
        self._plant = _plant(width, height, chance).developed(4.0)

    def render(self, time: float) -> Array:
        """RGB (height, width, 3) in [0, 1], gamma-encoded, at ``time`` seconds."""
        sun = sunlight(time)
        wall = self._wall.copy()
        wall[..., :3] *= 1 + 0.55 * sun * self._sun[..., None] * np.array([1.0, 0.9, 0.72])
        picture = self._seen(wall, time, 1.0)[..., :3]
        for layer, nearness in ((self._shelf, 1.15), (self._blowing(time), 1.0)):
            picture = _over(self._seen(layer, time, nearness), picture)
        picture = _over(self._seen(self._swaying(time), time, 1.7), picture)
        return np.clip(picture * (0.93 + 0.07 * sun), 0, 1) ** (1 / _GAMMA)

    def _seen(self, layer: Array, time: float, nearness: float) -> Array:
        """The part of the layer in the frame: the camera is held in a hand."""
        width, height = self._size
        x = MARGIN + nearness * (9 * wave(time, 1, 0.55) + 3 * wave(time, 3, 0.2))
        y = MARGIN + nearness * (3.5 * wave(time, 2, 0.15) + 1.5 * wave(time, 3, 0.7))
        shift = np.array([[1, 0, x], [0, 1, y]], np.float32)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(layer, shift, (width, height), flags=flags)

    def _blowing(self, time: float) -> Array:
        """The curtain, its hem swinging."""
        height, width = self._curtain.shape[:2]
        rows, columns = np.indices((height, width), dtype=np.float32)
        swing = 7 * wave(time, 2, 0.3) * (rows / height) ** 2
        ripple = 2.5 * np.sin(rows / 45 - 2 * pi * time / 3) * rows / height
        return cv2.remap(self._curtain, columns - swing - ripple, rows, cv2.INTER_LINEAR)

    def _swaying(self, time: float) -> Array:
        """The plant, its leaves moving the more the higher they are."""
        height, width = self._plant.shape[:2]
        rows, columns = np.indices((height, width), dtype=np.float32)
        up = 1 - rows / height
        x = columns - 6 * wave(time, 2) * up**2 - 1.5 * np.sin(columns / 30 + 2 * pi * time / 2)
        return cv2.remap(self._plant, x.astype(np.float32), rows, cv2.INTER_LINEAR)


def sunlight(time: float) -> float:
    """How much sun gets past the clouds: [0, 1]."""
    return 0.5 + 0.38 * wave(time, 1, 0.85) + 0.12 * wave(time, 2, 0.1)


def _over(layer: Array, picture: Array) -> Array:
    return layer[..., :3] + picture * (1 - layer[..., 3:])


def _wall(width: int, height: int) -> _Layer:
    """The wall with a window on the left and a picture on the right."""
    layer = _Layer(width, height)
    layer.box(-MARGIN, -MARGIN, width + 2 * MARGIN, height + 2 * MARGIN, _WALL)
    x, y = layer.grid()
    # Light falls off with the distance from the window, and towards the floor.
    layer.shade(0.78 + 0.34 * np.exp(-np.hypot(x - 120, 0.8 * (y - 180)) / 420) - 0.10 * y / height)
    _window(layer)
    _picture(layer)
    layer.box(-MARGIN, height - 34, width + 2 * MARGIN, 40 + MARGIN, (0.60, 0.60, 0.57))
    return layer


def _window(layer: _Layer) -> None:
    x, y = layer.grid()
    layer.box(-MARGIN, -MARGIN, 268, 430, _WHITE)
    glass = ((x > -MARGIN) & (x < 196) & (y < 352)).astype(np.float32)
    layer.blend(_view(x, y), glass)
    layer.box(84, -MARGIN, 12, 414, (0.80, 0.80, 0.78))
    layer.box(-MARGIN, 142, 256, 10, (0.80, 0.80, 0.78))
    layer.box(-MARGIN, 370, 284, 16, (0.92, 0.91, 0.88))
    layer.box(-MARGIN, 386, 276, 8, (0.52, 0.54, 0.52))


def _view(x: Array, y: Array) -> Array:
    """What is outside: a bright sky over trees, overexposed and far out of focus."""
    crowns = 218 + 20 * np.sin(x / 37) + 12 * np.sin(x / 17 + 1)
    leafy = _smooth((y - crowns) / 60 + 0.5)[..., None]
    sky = np.array([0.93, 0.96, 0.99]) - 0.04 * np.clip(y / 300, 0, 1)[..., None]
    clumps = np.sin(x / 23 + 2 * np.sin(y / 29)) * np.sin(y / 19 + np.sin(x / 31))
    trees = np.array([0.66, 0.73, 0.60]) + 0.07 * clumps[..., None]
    return (sky * (1 - leafy) + trees * leafy).astype(np.float32)


def _smooth(share: Array) -> Array:
    x = np.clip(share, 0, 1)
    return x * x * (3 - 2 * x)


def _picture(layer: _Layer) -> None:
    """A framed print of hills."""
    left, top, width, height = 716, 52, 132, 98
    layer.box(left + 5, top + 7, width, height, (0.50, 0.53, 0.51))
    layer.box(left, top, width, height, (0.60, 0.50, 0.40))
    layer.box(left + 6, top + 6, width - 12, height - 12, (0.86, 0.85, 0.81))
    x0, y0, x1, y1 = left + 20, top + 18, left + width - 20, top + height - 18
    layer.box(x0, y0, x1 - x0, y1 - y0, (0.80, 0.78, 0.70))
    for depth, colour in enumerate([(0.62, 0.66, 0.62), (0.49, 0.56, 0.53), (0.38, 0.46, 0.44)]):
        across = np.linspace(x0, x1, 40)
        hill = y0 + 22 + 12 * depth + 7 * np.sin(across / (17 - 3 * depth) + depth)
        layer.fill([(x0, y1), *zip(across, hill, strict=True), (x1, y1)], colour)


def _sun_on_wall(width: int, height: int) -> _Layer:
    """Where the sun strikes the wall through the panes: only its alpha counts."""
    layer = _Layer(width, height)
    for column in (0, 1):
        for row in (0, 1):
            x, y = 300 + 92 * column, 96 + 124 * row + 26 * column
            corners = [(x, y), (x + 82, y + 24), (x + 82, y + 134), (x, y + 110)]
            layer.fill(corners, (1, 1, 1), 0.8)
    return layer


def _curtain(width: int, height: int) -> _Layer:
    """A sheer curtain at the window's right edge, in folds."""
    layer = _Layer(width, height)
    corners = [(158, -MARGIN), (262, -MARGIN), (274, height + MARGIN), (166, height + MARGIN)]
    layer.fill(corners, (0.90, 0.89, 0.86), 0.86)
    x, y = layer.grid()
    folds = np.sin((x - 0.02 * y) / 6.2) + 0.5 * np.sin((x - 0.03 * y) / 14 + 1)
    layer.shade(0.86 + 0.07 * folds - 0.10 * np.clip((x - 215) / 60, 0, 1))
    return layer


def _shelf(width: int, height: int, chance: np.random.Generator) -> _Layer:
    """Two boards on the right, with books, a bowl and a box."""
    layer = _Layer(width, height)
    for y in (246, 402):
        layer.box(690, y + 13, 270 + MARGIN, 14, (0.45, 0.48, 0.46))
        layer.box(690, y, 270 + MARGIN, 13, _WOOD)
        layer.box(690, y, 270 + MARGIN, 3, (0.62, 0.48, 0.34))
    _books(layer, 716, 246, 9, chance)
    _books(layer, 760, 402, 6, chance)
    _bowl(layer, 862, 246)
    x, y = layer.grid()
    layer.shade(0.96 - 0.16 * np.clip((x - 690) / 330, 0, 1))
    return layer


def _books(
    layer: _Layer, left: float, board: float, count: int, chance: np.random.Generator
) -> None:
    covers = [
        (0.42, 0.47, 0.50), (0.62, 0.58, 0.50), (0.36, 0.42, 0.40), (0.70, 0.67, 0.60),
        (0.47, 0.38, 0.34), (0.52, 0.55, 0.52),
    ]  # fmt: skip
    x = left
    for number in range(count):
        wide, tall = chance.uniform(9, 17), chance.uniform(58, 88)
        cover = np.array(covers[number % len(covers)])
        layer.box(x, board - tall, wide, tall, cover)
        layer.box(x, board - tall, 2.2, tall, cover * 1.15)
        layer.box(x + wide - 2, board - tall, 2, tall, cover * 0.75)
        layer.box(x + 2, board - tall * 0.82, wide - 4, 5, cover * 1.3)
        x += wide + 0.6


def _bowl(layer: _Layer, middle: float, board: float) -> None:
    angles = np.linspace(0, pi, 40)
    rim = [(middle + 34 * cos(a), board - 34 + 34 * sin(a) ** 1.3) for a in angles]
    layer.fill(rim, (0.74, 0.72, 0.68))
    layer.fill([(px - 6 if px > middle else px, py) for px, py in rim], (0.80, 0.78, 0.74), 0.5)


def _plant(width: int, height: int, chance: np.random.Generator) -> _Layer:
    """A rubber plant in the right corner, nearer to the camera."""
    layer = _Layer(width, height)
    foot = (938.0, float(height - 10))
    for number in range(17):
        lean = -1.15 + 2.3 * ((number * 7) % 17) / 16 + chance.uniform(-0.1, 0.1)
        reach = chance.uniform(100, 215) * (1.05 - 0.3 * abs(lean))
        light = chance.uniform(0.85, 1.15)
        _leaf(layer, foot, lean, reach, light)
    bottom = height + MARGIN
    layer.fill([(900, height - 34), (976, height - 34), (968, bottom), (908, bottom)], _POT)
    return layer


def _leaf(
    layer: _Layer, foot: tuple[float, float], lean: float, reach: float, light: float
) -> None:
    """A stem and its blade: two halves, the one towards the window brighter."""
    tip = (foot[0] + reach * sin(lean), foot[1] - reach * cos(lean))
    base = (foot[0] + 0.5 * reach * sin(lean * 0.8), foot[1] - 0.5 * reach * cos(lean * 0.8))
    stem = [(foot[0] - 2, foot[1]), (foot[0] + 2, foot[1]), base]
    layer.fill(stem, (0.26, 0.28, 0.17))
    along = np.array(tip) - np.array(base)
    across = np.array([along[1], -along[0]])
    steps = np.linspace(0, 1, 24)
    spread = 0.26 * np.sin(pi * steps**0.85)
    colour = np.array(_LEAF) * light
    for side, shade in ((1, 0.9), (-1, 1.12)):
        edge = np.array(base) + steps[:, None] * along + side * spread[:, None] * across
        layer.fill([*map(tuple, edge), tip, base], colour * shade)
