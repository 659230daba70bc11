"""Things around a person: what they hold belongs to them, what they sit on does not."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from mattebox_lab.train.scenes.chairs import chair_back
from mattebox_lab.train.scenes.composites import over
from mattebox_lab.train.scenes.cutouts import cut_out
from mattebox_lab.train.scenes.draws import TRIES, Draw, Subject, measured, picked_from
from mattebox_lab.train.scenes.figures import Figure, figure
from mattebox_lab.train.scenes.framing import BUST, HALF, portrait_box
from mattebox_lab.train.scenes.layers import Layer, Moves
from mattebox_lab.train.scenes.light import relit
from mattebox_lab.train.scenes.views import Box, View

# A mug is half a head high, a guitar or a box two; the rest is no thing one holds at a desk.
HELD_HEADS = (0.6, 1.9)
LEAST_THING, LARGEST_THING = 0.02, 0.5
# Shares of the height between which the chest of people in a call is.
HIGHEST, LOWEST = 0.55, 0.85


def holding(draw: Draw) -> list[Layer]:
    """A person with a thing in front of the body; the thing is foreground.

    Why: people show things to the camera, and a network of people alone cuts a hole for them. The
    thing is a salient one of ``others``, whole in its picture.
    """
    background = draw.backdrops.drawn(draw.rng, draw.size)
    person = figure(draw, partial(portrait_box, frames=(BUST, HALF)))
    layers = over(background, [person], draw)
    thing = None if person is None else _thing(draw)
    if person is None or thing is None:
        return layers
    # Not mirrored: its box says where it has to be.
    held = cut_out(thing.pair, View(_held_box(thing, person, draw), draw.size))
    return [*layers, replace(relit(held, background, draw.rng), moves=Moves.WITH_LAST)]


def _thing(draw: Draw) -> Subject | None:
    for _ in range(TRIES):
        thing = measured(picked_from(draw.others, draw.rng))
        if thing and thing.body.is_whole and LEAST_THING < thing.body.share < LARGEST_THING:
            return thing
    return None


def _held_box(thing: Subject, person: Figure, draw: Draw) -> Box:
    """The box in which the thing's middle lies on the person's chest or belly."""
    rng, (height, width) = draw.rng, draw.size
    body = thing.body
    scale = person.head * rng.uniform(*HELD_HEADS) / max(body.width, body.height)
    chest = np.clip(person.head_y + 1.5 * person.head, HIGHEST * height, LOWEST * height)
    y = rng.uniform(chest, height)
    x = _somewhere_on(person, int(y), rng)
    middle = (body.left + body.right) / 2, (body.top + body.bottom) / 2
    return Box(middle[0] - x / scale, middle[1] - y / scale, width / scale, height / scale)


def _somewhere_on(person: Figure, row: int, rng: np.random.Generator) -> float:
    """A column where the person is seen in a row; the head's where that shows nothing of them."""
    cover = person.layer.cover
    columns = () if cover is None else np.flatnonzero(cover[row] > 0.5)
    return float(rng.choice(columns)) if len(columns) else person.head_x


def chair(draw: Draw) -> list[Layer]:
    """A person before the back of an office chair; the chair is background.

    Why: the back of a chair is the one thing that touches nearly everybody in a call, moves with
    them, and is dark and rounded as shoulders are.
    """
    background = draw.backdrops.drawn(draw.rng, draw.size)
    person = figure(draw, partial(portrait_box, frames=(BUST,)))
    layers = over(background, [person], draw)
    if person is None:
        return layers
    x = person.head_x + draw.rng.normal(0, 0.25) * person.head
    top = person.head_y + draw.rng.uniform(-0.2, 1.1) * person.head
    back = chair_back(draw.size, (x, top), person.head * draw.rng.uniform(1.9, 2.8), draw.rng)
    return [layers[0], relit(back, np.asarray(background, np.uint8), draw.rng), *layers[1:]]
