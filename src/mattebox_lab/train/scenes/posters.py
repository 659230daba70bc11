"""Pictures that hang on a wall, or are shown by a screen there."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from mattebox_lab.train.scenes.arrays import Picture, Share, as_picture, as_share

# Sides of a poster in shares of the room's width; a larger one would look like the room itself.
WIDTHS = (0.12, 0.35)
FRAME_PX = 3


def hung(poster: Picture, room: Picture, rng: np.random.Generator) -> Picture:
    """The room with a framed picture on its wall, seen at a slight angle."""
    height, width, _ = room.shape
    framed = _framed(poster, rng)
    corners = _corners(framed, (height, width), rng)
    own = [[0, 0], [framed.shape[1], 0], [framed.shape[1], framed.shape[0]], [0, framed.shape[0]]]
    turn = cv2.getPerspectiveTransform(np.array(own, np.float32), corners)
    seen = np.asarray(cv2.warpPerspective(framed, turn, (width, height)), np.float32)
    sheet = np.full(framed.shape[:2], 255, np.uint8)
    cover = as_share(np.asarray(cv2.warpPerspective(sheet, turn, (width, height)), np.uint8))
    return _over(room, seen * np.float32(rng.uniform(0.5, 1.0)), cover)


def _framed(poster: Picture, rng: np.random.Generator) -> Picture:
    """Small, so that little is skipped in turning it; with an edge around."""
    size = 64, max(1, round(64 * poster.shape[0] / poster.shape[1]))
    small = cv2.resize(poster, size, interpolation=cv2.INTER_AREA)
    grey = int(rng.integers(0, 256))
    border = rng.choice([0, FRAME_PX, 2 * FRAME_PX])
    colour = (grey, int(grey * rng.uniform(0.6, 1)), int(grey * rng.uniform(0.4, 1)))
    framed = cv2.copyMakeBorder(
        small, border, border, border, border, cv2.BORDER_CONSTANT, value=colour
    )
    return np.asarray(framed, np.uint8)


def _corners(
    framed: Picture, size: tuple[int, int], rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Where its corners are in the room: (4, 2), clockwise from the upper left."""
    height, width = size
    across = rng.uniform(*WIDTHS) * width
    down = min(across * framed.shape[0] / framed.shape[1], 0.6 * height)
    x, y = rng.uniform(0, width - across), rng.uniform(0, 0.7 * height - down * 0.7)
    flat = np.array([[x, y], [x + across, y], [x + across, y + down], [x, y + down]])
    return np.asarray(flat + rng.normal(0, 0.03 * across, (4, 2)), np.float32)


def _over(room: Picture, seen: npt.NDArray[np.float32], cover: Share) -> Picture:
    below = np.asarray(room, np.float32)
    return as_picture(np.asarray(below + cover[..., None] * (seen - below), np.float32))
