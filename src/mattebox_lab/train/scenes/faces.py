"""Faces that fill the picture: a phone at arm's length, a webcam on the lid of a laptop."""

from __future__ import annotations

import numpy as np

from mattebox_lab.train.scenes.body import Body
from mattebox_lab.train.scenes.composites import over
from mattebox_lab.train.scenes.draws import TRIES, Draw, Subject, measured
from mattebox_lab.train.scenes.figures import Figure, placed
from mattebox_lab.train.scenes.framing import drawn_aspect, kept_inside, within_picture
from mattebox_lab.train.scenes.layers import Layer
from mattebox_lab.train.scenes.plain import photographed
from mattebox_lab.train.scenes.views import Box

# Enlarged more than about four times, a face is a smear that no camera shows.
SMALLEST_HEAD_PX = 50
# Busts come from clips, which have hundreds of frames of the same few rooms with half a body.
SMALLEST_HEAD_OF_BUSTS = 0.3
# Heads that fit into the picture's height. The head of a bust is guessed by its width, which makes
# it too small where the picture is tight.
OF_STANDING, OF_BUSTS = (1.05, 1.7), (1.2, 2.1)
COMPOSED_SHARE = 0.5


def face(draw: Draw) -> list[Layer]:
    """A head that fills the picture, with its own surroundings or over a drawn background.

    Why: the subject then has no outline of a person: hair, cheeks and a strip of cloth reach the
    picture's edges, and a network that looks for things drops the cloth and the hair.
    """
    subject = _somebody_close(draw)
    if subject is None:
        return [Layer(draw.backdrops.drawn(draw.rng, draw.size))]
    if draw.chance(COMPOSED_SHARE):
        background = draw.backdrops.drawn(draw.rng, draw.size)
        return over(background, [_cut_out(subject, draw)], draw)
    size = subject.pair.picture.shape[0], subject.pair.picture.shape[1]
    box = face_box(subject.body, drawn_aspect(draw.size, draw.rng), draw.rng)
    return [photographed(subject.pair, within_picture(box, subject.body, size), draw)]


def close_face(draw: Draw) -> Figure | None:
    """A head that fills the picture, cut out; None where the sets seem to hold none."""
    subject = _somebody_close(draw)
    return None if subject is None else _cut_out(subject, draw)


def _somebody_close(draw: Draw) -> Subject | None:
    for _ in range(TRIES):
        subject = measured(draw.pair())
        if subject is not None and _is_close(subject):
            return subject
    return None


def _is_close(subject: Subject) -> bool:
    head, height = subject.body.head, subject.pair.picture.shape[0]
    is_bust = not subject.body.is_upright
    return head >= (SMALLEST_HEAD_OF_BUSTS * height if is_bust else SMALLEST_HEAD_PX)


def _cut_out(subject: Subject, draw: Draw) -> Figure:
    size = subject.pair.picture.shape[0], subject.pair.picture.shape[1]
    box = face_box(subject.body, drawn_aspect(draw.size, draw.rng), draw.rng)
    inside = kept_inside(box, subject.body, size)
    return placed(subject, inside, draw, mirrored=draw.chance(0.5))


def face_box(body: Body, aspect: float, rng: np.random.Generator) -> Box:
    """A box around a head, which may lose some hair at the top."""
    heads = rng.uniform(*(OF_STANDING if body.is_upright else OF_BUSTS))
    height = body.head * heads
    above = body.head * rng.uniform(-0.12, 0.25)
    width = height * aspect
    centre = body.head_x + np.clip(rng.normal(0, 0.08), -0.2, 0.2) * width
    return Box(centre - width / 2, body.top - above, width, height)
