"""Places with nobody in them: the answer is nothing."""

from __future__ import annotations

from mattebox_lab.train.scenes.chairs import chair_back
from mattebox_lab.train.scenes.draws import Draw
from mattebox_lab.train.scenes.layers import Layer

CHAIR_SHARE = 0.15


def empty(draw: Draw) -> list[Layer]:
    """A room alone, now and then with an empty chair.

    Why: a saliency network always finds something; in a call with nobody at the desk the answer is
    nothing, and whatever flickers then is the room. Pictures of people on its walls are room too.
    """
    room = Layer(draw.backdrops.room(draw.rng, draw.size))
    if not draw.chance(CHAIR_SHARE):
        return [room]
    height, width = draw.size
    top = draw.rng.uniform(0.2, 0.8) * width, draw.rng.uniform(0.3, 0.8) * height
    return [room, chair_back(draw.size, top, draw.rng.uniform(0.2, 0.5) * height, draw.rng)]
