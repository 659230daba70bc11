"""What stands behind composed subjects: rooms, places with their subject painted over, walls."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from mattebox_lab.train.scenes.arrays import Picture, Size, as_picture
from mattebox_lab.train.scenes.body import body_of
from mattebox_lab.train.scenes.cutouts import without_subject
from mattebox_lab.train.scenes.draws import picked
from mattebox_lab.train.scenes.pairs import Pair, PairSet
from mattebox_lab.train.scenes.posters import hung
from mattebox_lab.train.scenes.views import Box, View

# The rest are rooms. They are few: with nothing else, the network would learn them by heart.
PLACE_SHARE, WALL_SHARE = 0.35, 0.12
POSTER_SHARE = 0.15
# A larger subject leaves too little of its place to continue.
LARGEST_SUBJECT = 0.22
# Each one is read for nothing; a room does as well.
TRIES = 2


class Backdrops:
    """Draws backgrounds with nobody in them.

    Args:
        rooms: pictures of places, all of each is background; None: there are none.
        others: sets of pairs, whose subjects are painted over.
    """

    def __init__(self, rooms: PairSet | None, others: Sequence[PairSet]) -> None:
        self._rooms = rooms
        self._others = tuple(others)

    def drawn(self, rng: np.random.Generator, size: Size) -> Picture:
        """A background, as sharp or as far out of focus as a lens may show it."""
        kind = rng.random()
        if self._others and kind < PLACE_SHARE:
            place = self._place(rng, size)
            if place is not None:
                return place
        if kind > 1 - WALL_SHARE:
            return self._decorated(wall(rng, size), rng)
        return defocused(self.room(rng, size), rng)

    def room(self, rng: np.random.Generator, size: Size) -> Picture:
        """A part of a room, sharp; a wall where there are no rooms."""
        if self._rooms is None:
            return self._decorated(wall(rng, size), rng)
        picture = picked(self._rooms, rng).picture
        zoom = rng.uniform(1.0, 2.2)
        shown = relit_room(_part(picture, size, zoom, rng).of(picture), rng)
        return self._decorated(shown, rng)

    def _decorated(self, room: Picture, rng: np.random.Generator) -> Picture:
        """Some rooms get a picture on the wall or on a screen: people in it are nobody's guests."""
        if not self._others or rng.random() > POSTER_SHARE:
            return room
        pairs = self._others[int(rng.integers(len(self._others)))]
        return hung(picked(pairs, rng).picture, room, rng)

    def _place(self, rng: np.random.Generator, size: Size) -> Picture | None:
        """Where another subject was: it is painted over, and the smear is out of focus."""
        for _ in range(TRIES):
            pair = picked(self._others[int(rng.integers(len(self._others)))], rng)
            if pair.alpha is None or _subject_share(pair) > LARGEST_SUBJECT:
                continue
            view = _part(pair.picture, size, rng.uniform(1.0, 1.6), rng)
            filled = without_subject(view.of(pair.picture), view.of_share(pair.alpha))
            return blurred(relit_room(filled, rng), rng.uniform(0.004, 0.02) * size[0])
        return None


def _subject_share(pair: Pair) -> float:
    body = None if pair.alpha is None else body_of(pair.alpha)
    return 1.0 if body is None else body.share


def _part(picture: Picture, size: Size, zoom: float, rng: np.random.Generator) -> View:
    """A box of about the shown aspect somewhere in the picture."""
    height, width, _ = picture.shape
    aspect = size[1] / size[0] * np.exp(rng.normal(0, 0.1))
    tall = min(height, width / aspect) / zoom
    wide = tall * aspect
    x, y = rng.uniform(0, width - wide), rng.uniform(0, height - tall)
    turn = rng.normal(0, 1.5)
    return View(Box(x, y, wide, tall), size, bool(rng.random() < 0.5), turn)


def relit_room(picture: Picture, rng: np.random.Generator) -> Picture:
    """The room at another hour: real-estate photographs are all bright and evenly lit."""
    gamma, gain = np.exp(rng.normal(0.1, 0.3)), rng.uniform(0.6, 1.1)
    tint = np.exp(rng.normal(0, 0.05, 3)) * gain
    ramp = (np.arange(256) / 255) ** gamma * 255
    table = as_picture(np.asarray(ramp[:, None] * tint, np.float32))
    return np.asarray(cv2.LUT(picture, table[None]), np.uint8)


def defocused(picture: Picture, rng: np.random.Generator) -> Picture:
    """Sharp in every other one, else blurred by up to a fortieth of the height."""
    if rng.random() < 0.5:
        return picture
    return blurred(picture, rng.uniform(0.002, 0.025) * picture.shape[0])


def blurred(picture: Picture, sigma_px: float) -> Picture:
    """Out of focus."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), max(0.3, sigma_px)), np.uint8)


def wall(rng: np.random.Generator, size: Size) -> Picture:
    """A plain wall or studio cloth: one colour, lit unevenly."""
    height, width = size
    grey = rng.uniform(30, 235)
    colour = np.clip(grey * np.exp(rng.normal(0, rng.choice([0.04, 0.3]), 3)), 5, 250)
    corners = grey_corners(rng)
    light = cv2.resize(corners, (width, height), interpolation=cv2.INTER_CUBIC)
    return as_picture(np.asarray(colour * light[..., None], np.float32))


def grey_corners(rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Nine gains that make a smooth light when enlarged."""
    return np.asarray(np.exp(rng.normal(0, rng.uniform(0.02, 0.25), (3, 3))), np.float32)
