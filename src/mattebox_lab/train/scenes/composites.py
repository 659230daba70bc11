"""Subjects cut out and laid over other places: the alpha is exact by construction."""

from __future__ import annotations

from functools import partial

import numpy as np

from mattebox_lab.train.scenes.arrays import Picture
from mattebox_lab.train.scenes.draws import Draw
from mattebox_lab.train.scenes.figures import (
    Figure,
    as_background,
    figure,
    in_motion,
    out_of_focus,
    placed,
    someone_upright,
)
from mattebox_lab.train.scenes.framing import (
    BUST,
    CLOSE,
    HALF,
    drawn_aspect,
    portrait_box,
    shifted,
    standing_box,
)
from mattebox_lab.train.scenes.layers import Layer
from mattebox_lab.train.scenes.light import relit, shadowed

# The one who matters is so many times larger than each of those behind.
TIMES_LARGER = 2.5
# Somebody of whom less is seen is no second subject but a riddle.
MOST_HIDDEN = 0.5
MOVING_SHARE = 0.12


def composite(draw: Draw) -> list[Layer]:
    """One subject over a drawn background, framed as a webcam would or standing in the room.

    Why: the only source of exact soft edges, and the only way to see one subject before many
    places and many subjects before one place; a network that looks at the place alone fails.
    """
    background = draw.backdrops.drawn(draw.rng, draw.size)
    return over(background, [figure(draw)], draw)


def two(draw: Draw) -> list[Layer]:
    """Two people of different pictures beside each other, both of them foreground.

    Why: few pictures show two equals, and a network that has always seen one subject gives up one
    of two. The one in front may cover some of the other.
    """
    background = draw.backdrops.drawn(draw.rng, draw.size)
    apart, side = draw.rng.uniform(0.12, 0.3), draw.rng.choice([-1, 1])
    framing = partial(portrait_box, frames=(BUST, HALF))
    behind, front = (figure(draw, framing, shift * side) for shift in (apart, -apart))
    is_hidden = behind and front and hidden_share(behind, front) > MOST_HIDDEN
    return over(background, [front] if is_hidden else [behind, front], draw)


def hidden_share(behind: Figure, front: Figure) -> float:
    """How much of one figure another one hides."""
    if behind.layer.cover is None or front.layer.cover is None:
        return 0.0
    both = float((behind.layer.cover * front.layer.cover).mean())
    return both / max(behind.share, 1e-6)


def bystander(draw: Draw) -> list[Layer]:
    """One person close to the camera; whoever is small, blurred or cut off behind is background.

    Why: the product keeps who sits at the desk and hides who walks behind; pictures in which
    everybody is foreground teach the opposite.
    """
    background = draw.backdrops.drawn(draw.rng, draw.size)
    main = figure(draw, partial(portrait_box, frames=(CLOSE, BUST)))
    if main is None:
        return [Layer(background)]
    sigma = float(draw.rng.choice([0.0, draw.rng.uniform(0.003, 0.02)])) * draw.size[0]
    behind = [_passer_by(draw, main, sigma) for _ in range(draw.rng.choice([1, 1, 2, 3]))]
    layers = over(background, [main], draw)
    passing = [as_background(relit(layer, background, draw.rng)) for layer in behind if layer]
    return [layers[0], *passing, *layers[1:]]


def _passer_by(draw: Draw, main: Figure, sigma_px: float) -> Layer | None:
    """Somebody of ``others`` beside a figure, much smaller than it; None where that fails."""
    subject = someone_upright(draw.others, draw.rng)
    if subject is None:
        return None
    aspect = drawn_aspect(draw.size, draw.rng)
    box = standing_box(subject.body, aspect, draw.rng)
    # At a side, where the one in front does not hide them; half outside now and then.
    away = draw.rng.uniform(0.2, 0.5) * draw.rng.choice([-1, 1])
    person = (subject.body.left + subject.body.right) / 2
    here = (person - box.x) / box.width
    box = shifted(box, 0.5 + away - here)
    found = placed(subject, box, draw, mirrored=draw.chance(0.5))
    if found.share * TIMES_LARGER > main.share:
        return None
    return out_of_focus(found.layer, sigma_px)


def over(background: Picture, figures: list[Figure | None], draw: Draw) -> list[Layer]:
    """Figures that take on the background's light, may throw a shadow on it, and may move."""
    found = [_perhaps_moving(one.layer, draw) for one in figures if one is not None]
    layers = [relit(layer, background, draw.rng) for layer in found]
    for layer in layers:
        if layer.cover is not None and draw.chance(0.3):
            background = shadowed(background, np.asarray(layer.cover, np.float32), draw.rng)
    return [Layer(background), *layers]


def _perhaps_moving(layer: Layer, draw: Draw) -> Layer:
    if not draw.chance(MOVING_SHARE):
        return layer
    # Across most of the time: people turn and lean sideways more than they jump.
    degrees = draw.rng.normal(0, 30)
    return in_motion(layer, draw.rng.uniform(0.01, 0.06) * draw.size[0], degrees)
