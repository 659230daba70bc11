"""Somebody who moves before others who watch: dancers, riders, people with things."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mattebox_lab.train.scenes.arrays import Picture
from mattebox_lab.train.scenes.composites import over
from mattebox_lab.train.scenes.draws import TRIES, Draw, Subject, measured
from mattebox_lab.train.scenes.figures import (
    Figure,
    as_background,
    out_of_focus,
    placed,
    someone_upright,
)
from mattebox_lab.train.scenes.framing import drawn_aspect, thing_box
from mattebox_lab.train.scenes.layers import Layer
from mattebox_lab.train.scenes.light import relit
from mattebox_lab.train.scenes.views import Box

# How tall a watcher is and where their feet are, both of the picture's height.
Stand = tuple[float, float]

RIDING_SHARE, HEAD_OVER_HEELS_SHARE = 0.35, 0.25
# Of the rider's height; the thing's middle is so far down the rider.
LEAST_VEHICLE, LARGEST_VEHICLE = 0.5, 1.2
HIPS, FEET = 0.5, 0.95
SMALLEST_SHARE = 0.03
SMALLEST_SEEN = 0.01
# Of the picture's height or width: across the street to close by.
SHARES = (0.12, 0.9)
# Of somebody far away; few watch.
SHARES_AFAR, MOST_WATCHERS_AFAR = (0.12, 0.35), 2
# Watchers, of the picture's height; the one who matters covers so many times as much as each.
WATCHERS, MOST_WATCHERS = (0.15, 0.6), 8
# Many of them in a row: as tall as each other and on one floor, but for so much.
ROW_SHARE, ROW, ROW_DEVIATION = 0.35, (7, 15), 0.08
FLOORS = (0.55, 0.95)
TIMES_LARGER = 1.4


def action(draw: Draw) -> list[Layer]:
    """One subject in any posture, perhaps with a thing it rides; smaller people behind just watch.

    Why: sport and street clips have one subject that is neither close nor upright, and a crowd or
    a row of vehicles behind it; networks for salient things take some of those as well.
    The subject's sets may hold people and things, ``others`` people who watch.
    """
    stand = _row(draw) if draw.chance(ROW_SHARE) else _scattered(draw, MOST_WATCHERS)
    return _before_watchers(_somebody_tumbling(draw, SHARES), stand, draw)


def action_afar(draw: Draw) -> list[Layer]:
    """The same across the street or a field: a small subject, at most two who watch, smaller still.

    Why: a network that has seen few small subjects lets a distant rider fade into the road.
    """
    return _before_watchers(
        _somebody_tumbling(draw, SHARES_AFAR), _scattered(draw, MOST_WATCHERS_AFAR), draw
    )


def _before_watchers(main: Figure | None, stand: Sequence[Stand], draw: Draw) -> list[Layer]:
    background = draw.backdrops.drawn(draw.rng, draw.size)
    if main is None:
        return [Layer(background)]
    ridden = _ridden(main, draw) if draw.chance(RIDING_SHARE) else None
    layers = over(background, [each for each in (ridden, main) if each is not None], draw)
    found = (_watcher(draw, main, background, *each) for each in stand)
    return [layers[0], *(layer for layer in found if layer is not None), *layers[1:]]


def _somebody_whole(draw: Draw) -> Subject | None:
    for _ in range(TRIES):
        subject = measured(draw.pair())
        if subject is not None and subject.body.is_whole and subject.body.share > SMALLEST_SHARE:
            return subject
    return None


def _somebody_tumbling(draw: Draw, shares: tuple[float, float]) -> Figure | None:
    smallest = min(SMALLEST_SEEN, shares[0] ** 2 / 4)
    for _ in range(TRIES):
        subject = _somebody_whole(draw)
        if subject is not None and (found := _tumbling(subject, draw, shares)).share > smallest:
            return found
    return None


def _tumbling(subject: Subject, draw: Draw, shares: tuple[float, float]) -> Figure:
    """A subject anywhere in the picture, leaning a little or turned any way."""
    box = thing_box(subject.body, drawn_aspect(draw.size, draw.rng), draw.rng, shares)
    degrees = draw.rng.normal(0, 12)
    if draw.chance(HEAD_OVER_HEELS_SHARE):
        degrees = draw.rng.uniform(-180, 180)
    return placed(subject, _towards(subject, box), draw, mirrored=draw.chance(0.5), turn=degrees)


def _towards(subject: Subject, box: Box) -> Box:
    """The box moved half of the way to the subject: it turns about the box's middle."""
    body = subject.body
    x = (box.centre[0] + (body.left + body.right) / 2) / 2
    y = (box.centre[1] + (body.top + body.bottom) / 2) / 2
    return Box(x - box.width / 2, y - box.height / 2, box.width, box.height)


def _ridden(rider: Figure, draw: Draw) -> Figure | None:
    """A thing of the subject's own sets under the rider, behind the legs."""
    cover = rider.layer.cover
    thing = _somebody_whole(draw)
    if cover is None or thing is None or not (cover > 0.5).any():
        return None
    rows = np.flatnonzero(cover.max(axis=1) > 0.5)
    body, (height, width) = thing.body, draw.size
    top, tall = float(rows[0]), float(rows[-1] - rows[0] + 1)
    scale = tall * draw.rng.uniform(LEAST_VEHICLE, LARGEST_VEHICLE) / max(body.width, body.height)
    x = rider.head_x + draw.rng.normal(0, 0.15) * tall
    y = top + tall * draw.rng.uniform(HIPS, FEET)
    middle = (body.left + body.right) / 2, (body.top + body.bottom) / 2
    box = Box(middle[0] - x / scale, middle[1] - y / scale, width / scale, height / scale)
    return placed(thing, box, draw, mirrored=False)


def _row(draw: Draw) -> list[Stand]:
    """Many, as tall as each other and on one floor."""
    rng = draw.rng
    tall, floor = rng.uniform(*WATCHERS), rng.uniform(*FLOORS)
    count = int(rng.integers(*ROW))
    each = [np.exp(rng.normal(0, ROW_DEVIATION, 2)) for _ in range(count)]
    return [(float(tall * taller), float(floor * lower)) for taller, lower in each]


def _scattered(draw: Draw, most: int) -> list[Stand]:
    """A few; each floor is where the subject's is, or higher."""
    rng = draw.rng
    count = int(rng.integers(most + 1))
    return [(rng.uniform(*WATCHERS), rng.uniform(*FLOORS)) for _ in range(count)]


def _watcher(
    draw: Draw, main: Figure, background: Picture, tall: float, floor: float
) -> Layer | None:
    """Somebody behind, of so much of the picture's height; None where they would be the larger."""
    subject = someone_upright(draw.others, draw.rng)
    if subject is None:
        return None
    body, (height, width) = subject.body, draw.size
    scale = tall * height / body.height
    x = draw.rng.uniform(0, 1) * width
    box = Box(
        (body.left + body.right) / 2 - x / scale,
        body.bottom - floor * height / scale,
        width / scale,
        height / scale,
    )
    found = placed(subject, box, draw, mirrored=False)
    if found.share * TIMES_LARGER > main.share:
        return None
    sigma = draw.rng.choice([0.0, 0.0, draw.rng.uniform(0.002, 0.01)]) * height
    return as_background(relit(out_of_focus(found.layer, float(sigma)), background, draw.rng))
