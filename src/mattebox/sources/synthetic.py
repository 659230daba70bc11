"""A drawn scene as a ``Source``: somebody's head and shoulders moving about in front of a room.

For demos and tests: no file, no device, the same picture every time, and the true alpha known.
``frames`` runs on the capture thread, ``close`` on any.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from mattebox.colour import (
    MATRIX_BT709,
    MATRIX_RGB,
    PRIMARIES_BT709,
    TRANSFER_BT709,
    TRANSFER_SRGB,
    Colour,
    Plane,
    Planes,
    Range,
    Rgb,
    planes_from_rgb,
)
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import Family, PixelFormat, pixel_format

_Map = npt.NDArray[np.float32]

_YUV_COLOUR = Colour(MATRIX_BT709, PRIMARIES_BT709, TRANSFER_BT709, Range.LIMITED)
_RGB_COLOUR = Colour(MATRIX_RGB, PRIMARIES_BT709, TRANSFER_SRGB, Range.FULL)

# The figure moves by whole blocks of this size, so that its chroma needs no drawing anew: the
# largest chroma block that any layout has.
_BLOCK = 4
_PERIOD_S = 4  # of the way from left to right and back
_SWAY = 0.16  # how far the figure goes to either side, as a share of the width
_BOB = 0.04  # how far it goes up and down, as a share of the height


class SyntheticSource:
    """A soft-edged figure that sways in front of a room that stands still.

    Args:
        width, height: size in pixels.
        frames: how many there are; None never ends.
        rate: frames per second; the time base is one frame.
        pixels: any layout that mattebox carries; an alpha plane is opaque.
        live: what ``live`` says; frames come as fast as they are taken all the same.

    Raises:
        FrameError: the layout is not carried, or the size is not one.
    """

    def __init__(
        self,
        *,
        width: int,
        height: int,
        frames: int | None,
        rate: Fraction,
        pixels: str = "yuv420p",
        live: bool = False,
    ) -> None:
        layout = pixel_format(pixels)
        colour = _YUV_COLOUR if layout.family is Family.YUV else _RGB_COLOUR
        self._format = VideoFormat(width, height, layout, 1 / rate, rate, colour)
        self._live = live
        self._frames = frames
        self._period = max(1.0, float(_PERIOD_S * rate))
        self._numbers = iter(count() if frames is None else range(frames))
        self._closed = False
        self._scene = _Scene(self._format)

    @property
    def format(self) -> VideoFormat:
        """What every frame is."""
        return self._format

    @property
    def live(self) -> bool:
        """As the constructor was told."""
        return self._live

    @property
    def frames_expected(self) -> int | None:
        """As the constructor was told."""
        return self._frames

    @property
    def skipped(self) -> int:
        """Always 0."""
        return 0

    def frames(self) -> Iterator[Frame]:
        """The frames, once; the pts is the frame's number."""
        for index in self._numbers:
            if self._closed:
                return
            planes = self._scene.planes(*self._place(index))
            yield Frame(planes, self._format, index, duration=1, arrived_at=time.monotonic())

    def truth(self, index: int) -> _Map:
        """The true alpha of a frame: float32 (height, width) in [0, 1]."""
        return self._scene.alpha(*self._place(index))

    def close(self) -> None:
        """Give no more frames."""
        self._closed = True

    def _place(self, index: int) -> tuple[float, float]:
        """How far the figure is from the middle, (down, right), as shares of its whole way."""
        angle = 2 * math.pi * index / self._period
        return math.sin(2 * angle), math.sin(angle)


class _Scene:
    """The room and the figure, drawn once; a picture is the figure's planes slid over the room's.

    The figure is drawn on a canvas larger than the frame by the margin it may move in.
    """

    def __init__(self, format: VideoFormat) -> None:
        self._pixels = format.pixels
        self._shapes = format.plane_shapes
        self._margin = _blocks(_BOB * format.height), _blocks(_SWAY * format.width)
        down, right = self._margin
        height, width = format.height + 2 * down, format.width + 2 * right
        figure, self._alpha = _figure(height, width, format.height)
        room = planes_from_rgb(_room(format.height, format.width), format.pixels, format.colour)
        drawn = planes_from_rgb(figure, format.pixels, format.colour)
        self._shares = tuple(_share(self._alpha, plane.shape) for plane in drawn)
        self._room = [plane.astype(np.float32) for plane in room]
        # Multiplied by alpha here, once, so that a picture costs one product and one sum.
        self._figure = [plane * share for plane, share in zip(drawn, self._shares, strict=True)]

    def planes(self, down: float, right: float) -> Planes:
        """The picture with the figure at that place."""
        corner = self._corner(down, right)
        colours = range(self._pixels.colour_planes)
        planes = tuple(self._blend(index, corner) for index in colours)
        if not self._pixels.has_alpha:
            return planes
        return (*planes, np.full(self._shapes[0], self._pixels.peak, self._pixels.dtype))

    def alpha(self, down: float, right: float) -> _Map:
        """The figure's alpha at that place."""
        return _cut(self._alpha, self._corner(down, right), (1, 1), self._shapes[0]).copy()

    def _corner(self, down: float, right: float) -> tuple[int, int]:
        """Where on the canvas the frame begins, (row, column), in whole blocks."""
        row, column = (
            _BLOCK * round(margin * (1 - share) / _BLOCK)
            for margin, share in zip(self._margin, (down, right), strict=True)
        )
        return row, column

    def _blend(self, index: int, corner: tuple[int, int]) -> Plane:
        block = _block(self._pixels, index)
        shape = self._shapes[index]
        figure = _cut(self._figure[index], corner, block, shape)
        share = _cut(self._shares[index], corner, block, shape)
        picture: Plane = np.rint(self._room[index] * (1 - share) + figure)
        return picture.astype(self._pixels.dtype)


def _blocks(length: float) -> int:
    return _BLOCK * round(length / _BLOCK)


def _block(pixels: PixelFormat, index: int) -> tuple[int, int]:
    """How many pixels one sample of a plane stands for, (down, right)."""
    return pixels.size_multiple if index in (1, 2) else (1, 1)


def _cut(
    canvas: _Map, corner: tuple[int, int], block: tuple[int, int], shape: tuple[int, int]
) -> _Map:
    """The part of a canvas plane that the frame shows."""
    row, column = corner[0] // block[0], corner[1] // block[1]
    return canvas[row : row + shape[0], column : column + shape[1]]


def _share(alpha: _Map, shape: tuple[int, int]) -> _Map:
    """Alpha for a plane of that size: the mean over the pixels that one sample stands for."""
    rows, columns = -(-alpha.shape[0] // shape[0]), -(-alpha.shape[1] // shape[1])
    below, beside = rows * shape[0] - alpha.shape[0], columns * shape[1] - alpha.shape[1]
    padded = np.pad(alpha, ((0, below), (0, beside)), mode="edge")
    blocks = padded.reshape(shape[0], rows, shape[1], columns)
    mean: _Map = blocks.mean((1, 3), dtype=np.float32)
    return mean


def _room(height: int, width: int) -> Rgb:
    """A wall lit from the left, a window, a shelf with books, a floor."""
    y, x = _grid(height, width, height)
    x = x + width / height / 2  # from the left edge, in heights
    wall = 0.72 - 0.18 * x / (width / height) + 0.04 * y
    rgb = np.stack([wall, wall * 0.93, wall * 0.82], axis=-1)
    window = _box(y, x, (0.12, 0.55), (0.12, 0.50))
    bars = _box(y, x, (0.325, 0.345), (0.12, 0.50)) + _box(y, x, (0.12, 0.55), (0.30, 0.32))
    sky = np.stack([0.62 + 0.3 * y, 0.80 + 0.1 * y, 0.95 - 0.1 * y], axis=-1)
    rgb = np.where((window & ~bars)[..., None], sky, rgb)
    right = x - (width / height - 0.62)
    books = _box(y, right, (0.20, 0.38), (0.04, 0.52)) & ((right * 41 % 1) > 0.18)
    hue = np.floor(right * 41) * 2.4
    spines = np.stack([0.45 + 0.3 * np.sin(hue + turn) for turn in (0, 2.1, 4.2)], axis=-1)
    rgb = np.where(books[..., None], spines, rgb)
    rgb[_box(y, right, (0.38, 0.41), (0.0, 0.56))] = (0.32, 0.20, 0.12)
    rgb[y > 0.88] = (0.45, 0.33, 0.24)
    return rgb.astype(np.float32)


def _figure(height: int, width: int, scale: int) -> tuple[Rgb, _Map]:
    """Head and shoulders in the middle of a canvas: colours everywhere, and their alpha.

    Args:
        height, width: of the canvas, in pixels.
        scale: height of the frame in pixels, which sets the figure's size.
    """
    y, x = _grid(height, width, scale)
    y = y - (height - scale) / scale / 2
    head = _ellipse(y - 0.40, x, 0.17, 0.125)
    hair = np.maximum(_ellipse(y - 0.35, x, 0.17, 0.15), _ellipse(y - 0.44, x, 0.16, 0.14))
    body = np.maximum(_ellipse(y - 1.05, x, 0.46, 0.36), _ellipse(y - 0.60, x, 0.16, 0.07))
    # Cloth ends within a few pixels, hair over many: one hundredth and one thirtieth of a height.
    alpha = np.maximum(_soft(body, 0.010), np.maximum(_soft(head, 0.010), _soft(hair, 0.033)))
    shirt = 0.10 * np.sign(np.sin(90 * x)) + 0.05 * np.sin(9 * y)
    rgb = _colours(0.20, 0.30, 0.52, shirt)
    rgb = np.where((y < 0.64)[..., None], _colours(0.85, 0.62, 0.50, -0.18 * x), rgb)
    is_neck = (y > 0.52) & (abs(x) < 0.06)
    is_hair = ((head < 0) | (y < 0.30)) & (y < 0.60) & ~is_neck
    lock = _colours(0.22, 0.15, 0.11, 0.07 * np.sin(160 * x))
    rgb = np.where(is_hair[..., None], lock, rgb)
    for eye in (-0.045, 0.045):
        rgb[_ellipse(y - 0.38, x - eye, 0.012, 0.02) > 0] = (0.12, 0.10, 0.10)
    rgb[_ellipse(y - 0.48, x, 0.010, 0.04) > 0] = (0.62, 0.30, 0.28)
    return np.clip(rgb, 0, 1).astype(np.float32), alpha


def _grid(height: int, width: int, scale: int) -> tuple[_Map, _Map]:
    """(y from the top, x from the middle) of every pixel, in units of ``scale`` pixels."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return (y + 0.5) / scale, (x + 0.5 - width / 2) / scale


def _box(
    y: _Map, x: _Map, rows: tuple[float, float], columns: tuple[float, float]
) -> npt.NDArray[np.bool_]:
    return (y >= rows[0]) & (y < rows[1]) & (x >= columns[0]) & (x < columns[1])


def _ellipse(y: _Map, x: _Map, tall: float, wide: float) -> _Map:
    """How deep inside an ellipse about the origin: 0 on its edge, negative outside, in heights."""
    outwards = np.sqrt((y / tall) ** 2 + (x / wide) ** 2)
    return ((1 - outwards) * min(tall, wide)).astype(np.float32)


def _soft(depth: _Map, width: float) -> _Map:
    """Alpha from depth: an S-shaped step of that width around the edge."""
    ramp: _Map = np.clip(depth / width + 0.5, 0, 1).astype(np.float32)
    return ramp * ramp * (3 - 2 * ramp)


def _colours(red: float, green: float, blue: float, light: npt.NDArray[Any]) -> Rgb:
    """One colour, made lighter or darker from pixel to pixel."""
    return np.stack([red + light, green + light, blue + light], axis=-1).astype(np.float32)
