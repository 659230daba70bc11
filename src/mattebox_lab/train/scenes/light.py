"""Light that a subject takes on in a new place."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from mattebox_lab.train.scenes.arrays import Picture, Share, as_picture
from mattebox_lab.train.scenes.layers import Layer

Channels = npt.NDArray[np.float64]

# A subject darker than half or brighter than twice its picture would no longer look lit there.
LEAST_GAIN, MOST_GAIN = 0.6, 1.6
# Only this far does the cast of a room tint what stands in it: the room's own paint is no light.
MOST_CAST = 0.15


def relit(layer: Layer, background: Picture, rng: np.random.Generator) -> Layer:
    """The layer with some of the background's brightness, contrast and cast.

    How much is drawn: a webcam's subject may well be lit by its screen and not by the room, so
    that half of the way is the most. A light from one side is laid over it now and then.
    """
    cover = layer.cover
    if cover is None or cover.sum() < 1:
        return layer
    there = _statistics(background, np.ones_like(cover))
    table = _matching(_statistics(layer.colours, cover), there, rng)
    colours = np.asarray(cv2.LUT(layer.colours, table), np.uint8)
    if rng.random() < 0.4:
        gains = _from_one_side(cover.shape, rng)
        colours = as_picture(np.asarray(colours * gains[..., None], np.float32))
    return replace(layer, colours=colours)


def _matching(
    own: tuple[Channels, Channels], there: tuple[Channels, Channels], rng: np.random.Generator
) -> Picture:
    """What each of the 256 samples of a channel becomes: uint8 (1, 256, 3)."""
    brightness, cast, contrast = rng.uniform(0, 0.45), rng.uniform(0, 0.5), rng.uniform(0, 0.4)
    gain = np.clip((there[0].mean() / own[0].mean()) ** brightness, LEAST_GAIN, MOST_GAIN)
    tint = (there[0] / there[0].mean()) / (own[0] / own[0].mean())
    gains = gain * np.clip(tint**cast, 1 - MOST_CAST, 1 + MOST_CAST)
    steeper = np.clip((there[1].mean() / own[1].mean()) ** contrast, 0.75, 1.3)
    # A line through the subject's mean.
    line = gains * (own[0] + steeper * (np.arange(256)[:, None] - own[0]))
    return as_picture(np.asarray(line, np.float32))[None]


def _statistics(picture: Picture, weight: Share) -> tuple[Channels, Channels]:
    """Mean and deviation of each channel, at a quarter of the size: nobody sees the difference."""
    samples = picture[::4, ::4].reshape(-1, 3).astype(np.float64)
    weights = weight[::4, ::4].reshape(-1).astype(np.float64) + 1e-6
    mean = weights @ samples / weights.sum()
    spread = weights @ (samples - mean) ** 2 / weights.sum()
    return np.maximum(mean, 4), np.maximum(np.sqrt(spread), 4)


def _from_one_side(size: tuple[int, ...], rng: np.random.Generator) -> Share:
    """A gain that rises smoothly across the picture in a drawn direction."""
    height, width = size
    angle, strength = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.3)
    across = np.linspace(-1, 1, width, dtype=np.float32) * np.float32(np.cos(angle))
    down = np.linspace(-1, 1, height, dtype=np.float32) * np.float32(np.sin(angle))
    return np.asarray(1 + np.float32(strength) * (across + down[:, None]), np.float32)


def shadowed(background: Picture, cover: Share, rng: np.random.Generator) -> Picture:
    """The background with the soft shadow of something close in front of it."""
    height, width = cover.shape
    shift = rng.uniform(-0.12, 0.12) * width, rng.uniform(0, 0.1) * height
    moved = np.array([[1, 0, shift[0]], [0, 1, shift[1]]])
    shadow = cv2.warpAffine(cover, moved, (width, height), borderMode=cv2.BORDER_REPLICATE)
    # A wide blur, so at a quarter of the size.
    small = cv2.resize(shadow, (max(1, width // 4), max(1, height // 4)))
    soft = cv2.GaussianBlur(small, (0, 0), rng.uniform(0.01, 0.04) * width)
    dark = 1 - rng.uniform(0.1, 0.4) * np.asarray(cv2.resize(soft, (width, height)), np.float32)
    return as_picture(np.asarray(background * dark[..., None], np.float32))
