"""Backs of office chairs, drawn: no set of pairs has them with a person cut out in front."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from mattebox_lab.train.scenes.arrays import Picture, Share, Size, as_picture
from mattebox_lab.train.scenes.layers import Layer

# A back is half a metre wide and 55 to 75 cm high.
HEIGHT_PER_WIDTH = (1.1, 1.5)
Point = tuple[float, float]


def chair_back(size: Size, top: Point, width_px: float, rng: np.random.Generator) -> Layer:
    """A chair's back from its upper edge down.

    Args:
        size: (height, width) of the scene.
        top: the middle of the upper edge as (x, y).
        width_px: of the back.
        rng: its colour, material and shape.
    """
    height_px = width_px * rng.uniform(*HEIGHT_PER_WIDTH)
    outline = _outline(top, width_px, height_px, rng)
    cover = _filled(size, outline)
    if rng.random() < 0.3:
        cover = np.maximum(cover, _filled(size, _headrest(top, width_px, rng)))
    return Layer(_upholstery(size, top, width_px, rng), cover)


def _outline(
    top: Point, width: float, height: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """A superellipse, wider above or below, leaning a little: points (n, 2)."""
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    power = 2 / rng.uniform(2.5, 7)
    across = np.sign(np.cos(angles)) * abs(np.cos(angles)) ** power * width / 2
    down = np.sign(np.sin(angles)) * abs(np.sin(angles)) ** power * height / 2
    across *= 1 + rng.uniform(-0.15, 0.15) * down / (height / 2)
    lean = rng.normal(0, 0.04)
    return np.stack([top[0] + across - lean * down, top[1] + height / 2 + down], axis=1)


def _headrest(top: Point, width: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    wide, tall = width * rng.uniform(0.45, 0.65), width * rng.uniform(0.2, 0.35)
    return _outline((top[0], top[1] - tall * rng.uniform(0.8, 1.1)), wide, tall, rng)


def _filled(size: Size, outline: npt.NDArray[np.float64]) -> Share:
    """The inside of an outline, smooth at its edge."""
    canvas = np.zeros(size, np.uint8)
    # OpenCV's fixed-point: four binary places.
    points = np.rint(outline * 16).astype(np.int32)
    cv2.fillPoly(canvas, [points], 255, lineType=cv2.LINE_AA, shift=4)
    return np.asarray(canvas, np.float32) * np.float32(1 / 255)


def _upholstery(size: Size, top: Point, width_px: float, rng: np.random.Generator) -> Picture:
    """Black, grey or brown mostly; light from above, and the pattern of mesh or seams."""
    height, width = size
    bright = rng.choice([rng.uniform(12, 50), rng.uniform(50, 210)], p=[0.75, 0.25])
    colour = bright * np.exp(rng.normal(0, rng.choice([0.04, 0.25]), 3))
    rows = (np.arange(height, dtype=np.float32) - np.float32(top[1])) / np.float32(width_px)
    columns = (np.arange(width, dtype=np.float32) - np.float32(top[0])) / np.float32(width_px)
    shade = 1.15 - 0.35 * np.clip(rows, 0, 1)[:, None] - rng.uniform(0, 1.2) * columns**2
    shade = shade + _pattern(rows, columns, rng)
    return as_picture(np.asarray(colour * shade[..., None], np.float32))


def _pattern(rows: Share, columns: Share, rng: np.random.Generator) -> Share:
    kind = rng.random()
    strength = np.float32(rng.uniform(0.05, 0.3))
    if kind < 0.3:
        stripes = np.cos(columns * np.float32(2 * np.pi * rng.uniform(3, 12)))
        return np.asarray(np.broadcast_to(strength * stripes, (rows.size, columns.size)))
    if kind < 0.6:
        seams = np.cos(rows * np.float32(2 * np.pi * rng.uniform(2, 8))) ** 8
        return np.asarray(strength * seams[:, None] + 0 * columns, np.float32)
    return np.zeros((rows.size, columns.size), np.float32)
