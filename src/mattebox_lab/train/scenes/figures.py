"""Cut-outs put in their place in a scene: who stands where, how large, and what is behind them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mattebox_lab.train.scenes.arrays import as_picture
from mattebox_lab.train.scenes.body import Body
from mattebox_lab.train.scenes.cutouts import cut_out
from mattebox_lab.train.scenes.draws import TRIES, Draw, Subject, measured, picked_from
from mattebox_lab.train.scenes.effects import line
from mattebox_lab.train.scenes.framing import (
    cut_box,
    drawn_aspect,
    kept_inside,
    portrait_box,
    shifted,
    standing_box,
    thing_box,
)
from mattebox_lab.train.scenes.layers import Layer
from mattebox_lab.train.scenes.pairs import PairSet
from mattebox_lab.train.scenes.views import Box, View

Framing = Callable[[Body, float, np.random.Generator], Box]

# Less than this of the picture is no subject that anybody would want to keep.
SMALLEST_SHARE = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """A cut-out in its place.

    Attributes:
        layer: foreground.
        head_x, head_y, head: the middle of the head and its height, in pixels of the scene.
    """

    layer: Layer
    head_x: float
    head_y: float
    head: float

    @property
    def share(self) -> float:
        """How much of the scene it covers."""
        return 0.0 if self.layer.cover is None else float(self.layer.cover.mean())


def figure(draw: Draw, framing: Framing | None = None, shift: float = 0.0) -> Figure | None:
    """A drawn subject, cut out and placed; None where the sets give none that is large enough.

    Args:
        draw: where it is from.
        framing: for standing people; the others are framed by what their picture shows. None: a
            webcam's, and now and then all of the person.
        shift: to the right, as a share of the width.
    """
    for _ in range(TRIES):
        subject = measured(draw.pair())
        if subject is not None:
            mirrored = draw.chance(0.5)
            box = _box(subject, draw, framing, -shift if mirrored else shift)
            found = placed(subject, box, draw, mirrored=mirrored)
            if found.share > SMALLEST_SHARE:
                return found
    return None


def someone_upright(sets: Sequence[PairSet], rng: np.random.Generator) -> Subject | None:
    """A standing person, seen whole or nearly; None where the sets seem to hold none."""
    for _ in range(TRIES):
        subject = measured(picked_from(sets, rng))
        if subject is not None and subject.body.is_upright:
            return subject
    return None


def placed(
    subject: Subject, box: Box, draw: Draw, *, mirrored: bool, turn: float | None = None
) -> Figure:
    """A subject seen through a box; None turns it hardly, else in degrees."""
    body = subject.body
    # A subject that is cut by its picture's edge cannot be turned: the cut would show.
    is_steady = not (body.is_whole or body.is_upright)
    if turn is None:
        turn = 0.0 if is_steady else draw.rng.normal(0, 2)
    view = View(box, draw.size, mirrored, float(turn))
    matrix = view.matrix()
    x, y = matrix @ (body.head_x, body.top + body.head / 2, 1)
    head = body.head * draw.size[0] / box.height
    return Figure(cut_out(subject.pair, view), float(x), float(y), head)


def _box(subject: Subject, draw: Draw, framing: Framing | None, shift: float) -> Box:
    body, aspect = subject.body, drawn_aspect(draw.size, draw.rng)
    if body.is_upright:
        drawn = portrait_box if draw.chance(0.8) else standing_box
        return shifted((framing or drawn)(body, aspect, draw.rng), shift)
    if body.is_whole:
        return shifted(thing_box(body, aspect, draw.rng), shift)
    height, width, _ = subject.pair.picture.shape
    box = cut_box(body, (height, width), aspect, draw.rng)
    return kept_inside(shifted(box, shift), body, (height, width))


def out_of_focus(layer: Layer, sigma_px: float) -> Layer:
    """The layer further away than the lens is set to."""
    if sigma_px < 0.3:
        return layer
    return _blurred(layer, lambda array: cv2.GaussianBlur(array, (0, 0), sigma_px))


def in_motion(layer: Layer, length_px: float, degrees: float) -> Layer:
    """The layer smeared along a line: it moved while the shutter was open."""
    kernel = line(length_px, degrees)
    return _blurred(layer, lambda array: cv2.filter2D(array, -1, kernel))


def _blurred(layer: Layer, blur: Callable[[npt.NDArray[np.float32]], npt.NDArray[Any]]) -> Layer:
    """Cover and colours blurred; colours that nothing shows do not run into those that are seen."""
    if layer.cover is None:
        return layer
    cover = np.clip(np.asarray(blur(layer.cover), np.float32), 0, 1)
    premultiplied = blur(np.asarray(layer.colours * layer.cover[..., None], np.float32))
    straight = premultiplied / np.maximum(cover, np.float32(1e-3))[..., None]
    colours = as_picture(np.asarray(straight, np.float32))
    return replace(layer, colours=colours, cover=cover, truth=cover)


def as_background(layer: Layer) -> Layer:
    """The layer as nobody's subject."""
    return replace(layer, truth=None)
