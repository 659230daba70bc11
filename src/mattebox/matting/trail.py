"""A matte of one frame carried to those around it, as far as the picture bears it out.

What lives here: following one corrected matte from frame to frame, forwards or backwards, and how
much it still says there. What does not: finding motion (``motion``), which frames wait for it and
what becomes of their mattes (``fixes``). Numpy arrays on the CPU; called on the matting thread.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.matting.motion import MotionFinder, Picture, carried
from mattebox.matting.temporal import Map, likeness

# What is said of each pixel of a frame, (h, w, 2): weight times alpha, and the weight.
Said: TypeAlias = npt.NDArray[np.float32]

# What a correction weighs at half its reach, where the frame's own matte weighs 1. Tried on five
# clips at their worst frame and three others, a second each way: it takes 33 % of alpha's error
# away; a third of it 30 %, and three times as much 32 %, with four times as many frames worse than
# they were.
_WEIGHT = 3.0
# Whoever is carried over a tenth of the picture's longer side has lost half of the weight, since
# motion that was found is never quite right. Half or twice as long a way does not matter much.
_DRIFT = 0.1
# Nowhere more weight than this: there is nothing left to carry.
_NOTHING = 0.05


class Trail:
    """One corrected matte on its way through the frames on one side of its own.

    The matte itself is moved once, along the sum of all motions so far, so that it does not soften
    on the way. It is believed where each step brought together what looks alike, and where what is
    seen still looks as it did when it was corrected; less, the farther it has moved, and in inverse
    proportion to the time that has passed, down to nothing at ``reach_s``: of two corrections the
    nearer one counts. What is given up does not come back.

    Args:
        alpha: the matte, at the picture's size.
        picture: the corrected frame, small.
        moment: when it is shown, in seconds.
        finder: of motion.
        reach_s: above 0.
        scene_cut: see ``TemporalOptions``.
    """

    def __init__(
        self,
        alpha: Map,
        picture: Picture,
        moment: float,
        finder: MotionFinder,
        *,
        reach_s: float,
        scene_cut: float,
    ) -> None:
        self._alpha, self._begin, self._moment = alpha, picture, moment
        self._finder, self._reach_s, self._scene_cut = finder, reach_s, scene_cut
        self._picture = picture
        self._way = np.zeros((*alpha.shape, 2), np.float32)
        self._held = np.ones_like(alpha)
        self._half_way_px = _DRIFT * max(alpha.shape)

    def onto(self, picture: Picture, moment: float) -> Said | None:
        """What the correction says of the next frame; None where the trail ends.

        Args:
            picture: of the frame beside the last one, at the same size.
            moment: when it is shown; never when the corrected frame is.
        """
        left = self._reach_s / abs(moment - self._moment) - 1
        if left <= 0:
            return None
        step = self._finder.way(picture, self._picture)
        alike = likeness(self._picture, picture, step)
        if 1 - float(alike.mean()) >= self._scene_cut:
            return None
        self._way = step + carried(self._way, step)
        moved = np.hypot(step[..., 0], step[..., 1])
        self._held = carried(self._held, step) * alike * np.exp2(-moved / self._half_way_px)
        self._picture = picture
        weight = self._held * likeness(self._begin, picture, self._way)
        weight *= np.float32(_WEIGHT * left)
        if weight.max() < _NOTHING:
            return None
        return np.asarray(cv2.merge((carried(self._alpha, self._way) * weight, weight)), np.float32)
