"""Layers of a scene, and what is seen when they lie over each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from mattebox_lab.train.scenes.arrays import Colours, Picture, Share, as_picture


class Moves(Enum):
    """How a layer moves in a clip."""

    WITH_CAMERA = "stands still in the world"
    BY_ITSELF = "moves through the world"
    WITH_LAST = "moves as the layer below it does: what somebody holds"


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One thing in front of what lies below it.

    Attributes:
        colours: uint8 (height, width, 3), straight, the layer's own also where it covers little.
        cover: float32 (height, width) in [0, 1]: how much it hides; None hides all.
        truth: float32 like cover and nowhere more than it: how much of the pixel it makes
            foreground. None for what belongs to the background.
        moves: how it moves where the scene is a clip.
    """

    colours: Picture
    cover: Share | None = None
    truth: Share | None = None
    moves: Moves = Moves.WITH_CAMERA


def flattened(layers: Sequence[Layer]) -> tuple[Picture, Share]:
    """Lay the layers over each other, the lowest first.

    Returns:
        uint8 (height, width, 3), and the alpha, float32 (height, width) in [0, 1]. Where one layer
        covers all, its colours come through exactly.
    """
    lowest = layers[0]
    picture = lowest.colours
    alpha = np.zeros(picture.shape[:2], np.float32) if lowest.truth is None else lowest.truth
    if len(layers) == 1:
        return picture, alpha
    colours = np.asarray(picture, np.float32)
    for layer in layers[1:]:
        colours, alpha = _covered(colours, alpha, layer)
    return as_picture(colours), alpha


def _covered(colours: Colours, alpha: Share, layer: Layer) -> tuple[Colours, Share]:
    own = np.asarray(layer.colours, np.float32)
    truth = np.float32(0) if layer.truth is None else layer.truth
    if layer.cover is None:
        return own, np.zeros_like(alpha) + truth
    mixed = colours + layer.cover[..., None] * (own - colours)
    return mixed, alpha * (1 - layer.cover) + truth
