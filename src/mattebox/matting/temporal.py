"""Steadies saliency over time, along the picture's own motion.

What lives here: what is believed of a frame's map after looking at the maps of frames before it
and, where there is time for that, after it. What does not: finding the motion (``motion``). Numpy
arrays on the CPU; a generator that runs on the matting thread.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.matting.motion import MotionFinder, Picture, Way, carried, reverse

Map: TypeAlias = npt.NDArray[np.float32]  # (h, w) in [0, 1]

# What is believed of each pixel, (h, w, 2): the sum over several frames of their weight times their
# map, and the sum of their weights.
Belief: TypeAlias = npt.NDArray[np.float32]

# How much a pixel (largest of R, G and B, of 255, mean over 3×3) may differ from what the motion
# brought there: up to the first it is the same thing, from the second on another. Tried on ten
# clips: two thirds of it leave 4 points more flicker, twice as much leaves trails (head-curly
# alpha's mean error up by a quarter).
_SAME, _ANOTHER = 15, 45
_AROUND = (3, 3)
_LIKENESS = np.clip((_ANOTHER - np.arange(256)) / (_ANOTHER - _SAME), 0, 1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class TemporalOptions:
    """How other frames steady a frame.

    Attributes:
        half_life_s: seconds, above 0, in which what was seen of a thing loses half its weight.
        certainty: in [0, 1): how much less a map counts where the network is in doubt; at 0 every
            map counts the same.
        scene_cut: the share of the picture in (0, 1] that motion does not account for in a new
            scene.
        gap_s: seconds without a frame after which the past is forgotten.
        look_ahead: how many frames after a frame are looked at, at least; 0: none.
        block: how many frames are settled at once, at least 1. Within a block the first ones see
            more of what is to come; the larger, the less is looked at twice. 1 gives every frame
            back as soon as its look-ahead is there.
    """

    half_life_s: float
    certainty: float
    scene_cut: float
    gap_s: float
    look_ahead: int
    block: int


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A small picture of a frame, and what the network said of it.

    Attributes:
        picture: uint8 (h, w, 3), the frame at the map's size, RGB.
        saliency: float32 (h, w) in [0, 1].
        moment: when the frame is shown, in seconds.
    """

    picture: Picture
    saliency: Map
    moment: float


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A look and how it follows from the one before.

    Attributes:
        back: the way from this look to the one before; None where that is another scene.
        own: what the look alone says.
        belief: after this look and those before.
    """

    look: Look
    back: Way | None
    own: Belief
    belief: Belief


def steadied(looks: Iterator[Look], options: TemporalOptions) -> Iterator[Map]:
    """Give back the map of each look, as one believes it after looking at others.

    A map is the mean over the maps of all frames of its scene, each carried along to where its
    things are in this one. A frame's say is halved by every half-life between, however many frames
    that is, and goes to nothing where its picture, carried along, is not what is seen: behind a
    moving hand only what is new counts, and nothing trails. Of two maps the more certain one
    counts more, c = 1 − certainty + certainty · (2 s − 1)².

    Args:
        looks: in order of their moments; read as far ahead as ``look_ahead`` and ``block`` say.
        options: see there.

    Yields:
        float32 (h, w) in [0, 1], one for each look, in order, also where the looks end in an error.
        How many looks are ready at once changes nothing. The past is forgotten after a gap, when
        time stands still or runs back, at a new scene, and when the size changes.
    """
    finder = MotionFinder()
    window: deque[_Seen] = deque()
    last: _Seen | None = None
    failure: Exception | None = None
    while True:
        try:
            look = next(looks)
        except StopIteration:
            break
        except Exception as error:  # whatever it is: it is raised after what came before it
            failure = error
            break
        last = _after(last, look, finder, options)
        window.append(last)
        if len(window) == options.block + options.look_ahead:
            yield from _settled(window, options)
    while window:
        yield from _settled(window, options)
    if failure is not None:
        raise failure


def _settled(window: deque[_Seen], options: TemporalOptions) -> Iterator[Map]:
    """Take a block out of the window, with all that the window knows of its future."""
    for future in islice(_futures(window, options), options.block):
        belief = window.popleft().belief
        yield _mean(belief if future is None else belief + future)


def _futures(window: Sequence[_Seen], options: TemporalOptions) -> list[Belief | None]:
    """For each look, what those after it say of it; None where there are none of its scene."""
    future: Belief | None = None
    found: list[Belief | None] = [None]
    for later, earlier in pairwise(reversed(window)):
        belief = later.own if future is None else later.own + future
        future = None
        if later.back is not None:
            forth = reverse(later.back)
            alike = likeness(later.look.picture, earlier.look.picture, forth)
            elapsed = later.look.moment - earlier.look.moment
            future = carried(belief, forth)
            future *= left(alike, elapsed, options.half_life_s)
        found.append(future)
    return found[::-1]


def _after(last: _Seen | None, look: Look, finder: MotionFinder, options: TemporalOptions) -> _Seen:
    own = belief_of(look.saliency, options.certainty)
    if last is None or last.look.picture.shape != look.picture.shape:
        return _Seen(look, None, own, own)
    elapsed = look.moment - last.look.moment
    if not 0 < elapsed <= options.gap_s:
        return _Seen(look, None, own, own)
    back = finder.way(look.picture, last.look.picture)
    alike = likeness(last.look.picture, look.picture, back)
    if 1 - float(alike.mean()) >= options.scene_cut:
        return _Seen(look, None, own, own)
    past = carried(last.belief, back)
    past *= left(alike, elapsed, options.half_life_s)
    return _Seen(look, back, own, past + own)


def belief_of(saliency: Map, certainty: float) -> Belief:
    """What one map says by itself; ``certainty`` as in ``TemporalOptions``.

    What is no number is nobody: it would spread from frame to frame.
    """
    saliency = np.nan_to_num(saliency, nan=0.0)
    sure = np.square(2 * saliency - 1)
    weight = 1 - certainty * (1 - sure)
    return np.asarray(cv2.merge((saliency * weight, weight)), np.float32)


def _mean(belief: Belief) -> Map:
    weighted, weight = cv2.split(belief)
    return np.divide(weighted, weight)


def likeness(there: Picture, here: Picture, way: Way) -> Map:
    """How alike the places are that motion brings together: float32 (h, w) in [0, 1].

    Args:
        there, here: uint8 (h, w, 3), RGB, of one size.
        way: from here to there.
    """
    red, green, blue = cv2.split(cv2.absdiff(carried(there, way), here))
    apart = cv2.blur(cv2.max(cv2.max(red, green), blue), _AROUND)
    return np.asarray(cv2.LUT(apart, _LIKENESS), np.float32)


def left(alike: Map, elapsed_s: float, half_life_s: float) -> Belief:
    """What is left of a belief's two sums, (h, w, 2): as time has passed, and where it is alike."""
    share = alike * np.float32(np.exp2(-elapsed_s / half_life_s))
    return np.asarray(cv2.merge((share, share)), np.float32)
