"""Pairs as they were photographed: the whole picture, or a portrait out of it."""

from __future__ import annotations

import cv2
import numpy as np

from mattebox_lab.train.scenes.cutouts import matte
from mattebox_lab.train.scenes.draws import TRIES, Draw, Subject, measured
from mattebox_lab.train.scenes.framing import (
    drawn_aspect,
    plain_box,
    portrait_box,
    within_picture,
)
from mattebox_lab.train.scenes.layers import Layer
from mattebox_lab.train.scenes.pairs import Pair
from mattebox_lab.train.scenes.views import Box, View


def plain(draw: Draw) -> list[Layer]:
    """A pair as it is, cropped so that nearly all of its subject is seen, squashed to the size.

    Why: nothing else has real light, real contact and real occlusion. Things are shown whole with
    what is around them, as the published networks were trained.
    """
    return [whole(draw.pair(), draw)]


def whole(pair: Pair, draw: Draw) -> Layer:
    """One pair through a box around most of it."""
    subject = measured(pair)
    body = None if subject is None else subject.body
    size = pair.picture.shape[0], pair.picture.shape[1]
    return photographed(
        pair, plain_box(body, size, drawn_aspect(draw.size, draw.rng), draw.rng), draw
    )


def portrait(draw: Draw) -> list[Layer]:
    """A standing person's picture cropped to half a body, head and shoulders or a face.

    Why: webcams and phones show that, and street photographs do not. Shoulders run out of the
    bottom and sometimes of the sides; the real surroundings stay.
    """
    for _ in range(TRIES):
        subject = measured(draw.pair())
        if subject is not None and subject.body.is_upright:
            return [_cropped(subject, draw)]
    return plain(draw)


def _cropped(subject: Subject, draw: Draw) -> Layer:
    picture = subject.pair.picture
    wanted = portrait_box(subject.body, drawn_aspect(draw.size, draw.rng), draw.rng)
    size = picture.shape[0], picture.shape[1]
    return photographed(subject.pair, within_picture(wanted, subject.body, size), draw)


def photographed(pair: Pair, box: Box, draw: Draw) -> Layer:
    """A pair seen through a box, held not quite level; beyond its edges it is mirrored."""
    turn = float(np.clip(draw.rng.normal(0, 2), -6, 6))
    view = View(box, draw.size, draw.chance(0.5), turn)
    truth = matte(pair, view, inwards=False, border=cv2.BORDER_REFLECT)
    return Layer(view.of(pair.picture), None, truth)
