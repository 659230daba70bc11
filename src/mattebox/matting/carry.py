"""Maps that come late, carried along the picture's motion to where their things are now.

What lives here: what is believed of the newest picture, when what the network says is of an earlier
one. What does not: who asks the network and when (``late``), and finding motion (``motion``). Numpy
arrays on the CPU; one thread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from mattebox.matting.motion import MotionFinder, Picture, Values, Way, carried
from mattebox.matting.temporal import Belief, Map, belief_of, left, likeness

# Where what was carried is doubted, the places around it are asked, with so much weight: what most
# of them are, it is. So there is no hole in somebody whose face moves, what comes to light behind a
# moving hand is no hand, and who comes in is not shown before the network has seen them. Tried on
# two clips with every third frame answered, three frames late: head-curly's mean error of alpha is
# 0.027 (0.031 with a hundredth of the weight), head-hair's 0.023 either way.
# The wider ones count where the nearer ones know nothing either: a hand before a body.
_ASKED = ((5, np.float32(0.6)), (17, np.float32(0.03)))
# From one half of them to three quarters, the answer goes from 0 to 1.
_STEEP = np.float32(4)
_TINY = np.float32(1e-9)
# So often at most what is known loses half its weight before there must be an answer.
_HALVED = 8


@dataclass(frozen=True, slots=True)
class CarryOptions:
    """How long what was seen counts.

    Attributes:
        half_life_s, certainty, scene_cut, gap_s: see ``TemporalOptions``; with a half-life of 0 the
            newest answer is all that counts.
        longest_s: how long a map is carried before a newer one is waited for.
    """

    half_life_s: float
    certainty: float
    scene_cut: float
    gap_s: float
    longest_s: float


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """A picture that the network is looking at, and the way to it from the newest one.

    Attributes:
        way: None: it is the newest one.
        is_turned: whether it has left and right exchanged, seen from the newest one.
    """

    moment: float
    way: Way | None = None
    is_turned: bool = False

    def onward(self, back: Way) -> _Question:
        """Seen from the next picture, from which ``back`` leads to the newest one."""
        beyond = 0 if self.way is None else carried(self.way, back)
        return replace(self, way=np.asarray(back + beyond, np.float32))

    def turned(self) -> _Question:
        """Seen from the newest picture with left and right exchanged."""
        way = None if self.way is None else _mirrored(self.way) * np.array((-1, 1), np.float32)
        return replace(self, way=way, is_turned=not self.is_turned)


class Carrier:
    """What is believed of the newest picture of a stream.

    Attributes:
        answered_at: moment of the newest picture that there was an answer about, in seconds; None
            where nothing is known.
    """

    def __init__(self) -> None:
        self._finder = MotionFinder(fine=True)  # several frames may pass before the next answer
        self._picture: Picture | None = None
        self._moment = 0.0
        self._belief: Belief | None = None
        self._question: _Question | None = None
        self._may_turn = False
        self.answered_at: float | None = None

    def expect_turn(self) -> None:
        """Pictures soon come with left and right exchanged. Any thread."""
        self._may_turn = True

    def arrive(self, picture: Picture, moment: float, options: CarryOptions) -> bool:
        """Go on to the next picture; whether it belongs to the scene of the one before.

        Args:
            picture: uint8 (h, w, 3), RGB.
            moment: when it is shown, in seconds.
            options: how long what was seen counts.
        """
        if self._may_turn:
            self._turn_with(picture)
        before, elapsed = self._picture, moment - self._moment
        self._picture, self._moment = picture, moment
        if before is None or before.shape != picture.shape or not 0 < elapsed <= options.gap_s:
            self._forget()
            return False
        back = self._finder.way(picture, before)
        alike = likeness(before, picture, back)
        if 1 - float(alike.mean()) >= options.scene_cut:
            self._forget()
            return False
        if self._belief is not None:
            self._belief = carried(self._belief, back)
            self._belief *= _left(alike, elapsed, options)
        if self._question is not None:
            self._question = self._question.onward(back)
        return True

    def ask(self) -> None:
        """The next answer will be about the newest picture."""
        self._question = _Question(self._moment)

    def answer(
        self, shown: Picture, saliency: Map, picture: Picture, options: CarryOptions
    ) -> None:
        """Believe an answer; nothing, if the scene that it is about is over.

        Args:
            shown: uint8 (h, w, 3), RGB, what the answer is about, at the map's size.
            saliency: float32 (h, w) in [0, 1].
            picture: the newest picture at that size, from now on.
            options: how long what was seen counts.
        """
        question, self._question = self._question, None
        if question is None:
            return
        self._picture = picture
        if question.is_turned:
            shown, saliency = _mirrored(shown), _mirrored(saliency)
        size = saliency.shape[0], saliency.shape[1]
        own = belief_of(saliency, options.certainty)
        if question.way is not None:
            way = _resized_way(question.way, size)
            own = carried(own, way)
            alike = likeness(shown, picture, way)
            own *= _left(alike, self._moment - question.moment, options)
        if self._belief is not None and options.half_life_s > 0:
            own = own + _resized(self._belief, size)
        self._belief = own
        self.answered_at = question.moment

    def map(self) -> Map:
        """The map of the newest picture, float32 (h, w) in [0, 1]; there was an answer."""
        assert self._belief is not None, "something is known"
        weighted, weight = cv2.split(self._belief)
        for side, say in _ASKED:
            around, of_all = cv2.split(cv2.blur(self._belief, (side, side)))
            inside = np.clip(_STEEP * (around / np.maximum(of_all, _TINY) - 0.5), 0, 1)
            weighted = weighted + say * of_all * inside
            weight = weight + say * of_all
        return np.asarray(weighted / np.maximum(weight, _TINY), np.float32)

    def _turn_with(self, picture: Picture) -> None:
        """Exchange left and right of all that is known, if that is what has become of it."""
        before = self._picture
        if before is None or before.shape != picture.shape:
            return
        turned = _mirrored(before)
        if cv2.norm(picture, turned, cv2.NORM_L1) >= cv2.norm(picture, before, cv2.NORM_L1):
            return  # a picture from before that was on its way
        self._may_turn, self._picture = False, turned
        self._belief = None if self._belief is None else _mirrored(self._belief)
        self._question = None if self._question is None else self._question.turned()

    def _forget(self) -> None:
        self._belief = self._question = self.answered_at = None


def _mirrored(values: Values) -> Values:
    return np.ascontiguousarray(values[:, ::-1])


def _left(alike: Map, elapsed_s: float, options: CarryOptions) -> Belief:
    # Without a half-life nothing fades: the next answer takes its place. With a very short one all
    # would be gone before that.
    half_life_s = max(options.half_life_s, options.longest_s / _HALVED)
    return left(alike, elapsed_s, half_life_s if options.half_life_s else np.inf)


def _resized(values: Belief, size: tuple[int, int]) -> Belief:
    if values.shape[:2] == size:
        return values
    shrinks = size[0] < values.shape[0]
    kernel = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, size[::-1], interpolation=kernel), np.float32)


def _resized_way(way: Way, size: tuple[int, int]) -> Way:
    """A way is in pixels: on a larger grid it is longer."""
    longer = np.array((size[1] / way.shape[1], size[0] / way.shape[0]), np.float32)
    return np.asarray(_resized(way, size) * longer, np.float32)
