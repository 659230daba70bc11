"""Somebody before furniture, plants and ornaments: things that matter alone, and here do not."""

from __future__ import annotations

from mattebox_lab.train.scenes.arrays import Picture
from mattebox_lab.train.scenes.composites import over
from mattebox_lab.train.scenes.draws import Draw, measured, picked_from
from mattebox_lab.train.scenes.faces import close_face
from mattebox_lab.train.scenes.figures import (
    Figure,
    as_background,
    figure,
    out_of_focus,
    placed,
)
from mattebox_lab.train.scenes.framing import drawn_aspect, thing_box
from mattebox_lab.train.scenes.layers import Layer, flattened
from mattebox_lab.train.scenes.light import relit

# Of the picture's width or height: a vase on a shelf to a sofa.
SHARES = (0.08, 0.6)
MOST_THINGS = 5
# The one who matters covers so many times as much as each of the things.
TIMES_LARGER = 1.7


def clutter(draw: Draw) -> list[Layer]:
    """One subject in front; smaller things of ``others`` stand behind it and belong to the room.

    Why: where every thing in the training set is a subject, a network keeps the chair and the plate
    on the wall beside whoever sits before them.
    """
    return _before_things(figure(draw), draw)


def face_before_clutter(draw: Draw) -> list[Layer]:
    """The same with a head that fills the picture."""
    return _before_things(close_face(draw), draw)


def _before_things(main: Figure | None, draw: Draw) -> list[Layer]:
    background = draw.backdrops.drawn(draw.rng, draw.size)
    if main is None:
        return [Layer(background)]
    count = int(draw.rng.integers(1, MOST_THINGS + 1))
    found = (_thing(draw, main, background) for _ in range(count))
    things = [layer for layer in found if layer is not None]
    # One picture with the room: furniture moves with it, and the light falls on both alike.
    furnished, _ = flattened([Layer(background), *things])
    return over(furnished, [main], draw)


def _thing(draw: Draw, main: Figure, background: Picture) -> Layer | None:
    """A whole thing anywhere, as sharp as the room or less; None where that fails."""
    subject = measured(picked_from(draw.others, draw.rng))
    if subject is None or not subject.body.is_whole:
        return None
    box = thing_box(subject.body, drawn_aspect(draw.size, draw.rng), draw.rng, SHARES)
    found = placed(subject, box, draw, mirrored=draw.chance(0.5))
    if found.share * TIMES_LARGER > main.share:
        return None
    sigma = draw.rng.choice([0.0, draw.rng.uniform(0.002, 0.015)]) * draw.size[0]
    return as_background(relit(out_of_focus(found.layer, float(sigma)), background, draw.rng))
