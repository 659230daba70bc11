"""Who stays: one subject of several, followed through the clip, and regions that decide alone.

What lives here: choosing among the islands of a map, and drawing regions into a matte. What does
not: small holes and specks (``refine``). Numpy arrays on the CPU; called on the matting thread,
once for each frame in order. Two who touch are one island: while they do, both stay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.matting.temporal import Map

# (left, top, right, bottom), shares of the frame's width and height.
Box: TypeAlias = tuple[float, float, float, float]
_Mask: TypeAlias = npt.NDArray[np.bool_]

# What stands out from nothing by this much belongs to an island.
_STANDS_OUT = 0.25
# How far the soft rim of an island reaches, in pixels of the map, and of its longer side.
_RIM, _RIM_SHARE = 3, 0.012
# Who grows by this factor from one frame to the next has been joined by somebody; for so long the
# two are waited to part.
_JOINED, _JOINED_FOR_S = 1.4, 3.0
# An island is the one that was followed if it shares so much of the smaller of the two.
_SAME_SHARE = 0.2
# How central a place is falls to 0.37 at this distance from the middle, in the map's diagonals.
_CENTRAL = 0.2
# Seconds after which a subject that is gone is given up, and another may be chosen.
_PATIENCE_S = 1.0


@dataclass(frozen=True, slots=True)
class SubjectOptions:
    """Who stays.

    Attributes:
        choose: all that was found, or one island of it: the one that covers most, or the one that
            covers most near the middle; it is followed from then on.
        keep_in: regions that are foreground, whatever was found.
        keep_out: regions that are background, whatever was found; they win.
    """

    choose: Literal["all", "largest", "central"]
    keep_in: tuple[Box, ...]
    keep_out: tuple[Box, ...]

    @property
    def changes_nothing(self) -> bool:
        """Whether every map stays as it is."""
        return self.choose == "all" and not self.keep_in and not self.keep_out


class Chooser:
    """Keeps who is to stay; remembers whom it follows, so every stream gets one of its own.

    Attributes:
        options: as they were given.
    """

    def __init__(self, options: SubjectOptions) -> None:
        self.options = options
        self._followed: _Mask | None = None
        self._seen_at = self._alone_at = 0.0

    def keep(self, saliency: Map, moment: float) -> Map:
        """The map with nobody in it but who is chosen, of those outside of what is kept out.

        Args:
            saliency: float32 (h, w) in [0, 1]: of a network, or alpha itself.
            moment: when the frame is shown, in seconds.

        Returns:
            the same array where there was nothing to do, else a new one.
        """
        options = self.options
        if options.choose == "all":
            return saliency
        kept = saliency.copy()
        for box in options.keep_out:
            kept[_inside(box, kept.shape)] = 0
        return self._only_one(kept, moment)

    def forget(self) -> None:
        """Follow nobody, as at a cut."""
        self._followed = None

    def _only_one(self, saliency: Map, moment: float) -> Map:
        """The map without the islands that are not the subject's."""
        found = (saliency > _STANDS_OUT).view(np.uint8)
        count, labels = cv2.connectedComponents(found)
        if count == 1:
            return saliency  # nothing stands out
        chosen = self._chosen(np.asarray(labels), count, moment)
        if chosen is None:
            return np.zeros_like(saliency)
        own = np.asarray(labels == chosen)
        rim = max(_RIM, round(_RIM_SHARE * max(own.shape)))
        around = np.ones((2 * rim + 1, 2 * rim + 1), np.uint8)
        saliency[cv2.dilate(own.view(np.uint8), around) == 0] = 0
        saliency[(found > 0) & ~own] = 0
        self._remember(own, moment)
        return saliency

    def _remember(self, own: _Mask, moment: float) -> None:
        past = self._followed
        joined = past is not None and past.shape == own.shape and own.sum() > _JOINED * past.sum()
        if joined and moment - self._alone_at < _JOINED_FOR_S:
            # Somebody stands before or behind them: once they part, the one of before is meant.
            self._seen_at = moment
            return
        self._followed, self._seen_at, self._alone_at = own, moment, moment

    def _chosen(self, labels: npt.NDArray[np.int32], count: int, moment: float) -> int | None:
        """The subject's label; None while it is gone and not yet given up."""
        areas = np.bincount(labels.ravel(), minlength=count).astype(np.float64)
        past = self._followed
        if past is not None and past.shape == labels.shape:
            shared = np.bincount(labels[past], minlength=count).astype(np.float64)
            shared[0] = 0
            best = int(shared.argmax())
            if shared[best] >= _SAME_SHARE * min(areas[best], past.sum()):
                return best
            if 0 <= moment - self._seen_at < _PATIENCE_S:
                return None
        weights = areas if self.options.choose == "largest" else _central(labels, count)
        weights[0] = 0
        return int(weights.argmax())


def _central(labels: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.float64]:
    """How much of the middle each label covers."""
    height, width = labels.shape
    rows, columns = np.ogrid[:height, :width]
    square = (rows - (height - 1) / 2) ** 2 + (columns - (width - 1) / 2) ** 2
    near = np.exp(-square / (_CENTRAL**2 * (height**2 + width**2)))
    covered = np.bincount(labels.ravel(), near.ravel(), minlength=count)
    return covered.astype(np.float64)


def draw_regions(alpha: Map, options: SubjectOptions) -> Map:
    """A matte with the regions drawn into it: what is kept in, and over it what is kept out.

    Args:
        alpha: float32 (height, width) in [0, 1], after everything that moves or softens edges.

    Returns:
        the same array where there are no regions, else a new one.
    """
    if not options.keep_in and not options.keep_out:
        return alpha
    drawn = alpha.copy()
    for boxes, value in ((options.keep_in, 1), (options.keep_out, 0)):
        for box in boxes:
            drawn[_inside(box, drawn.shape)] = value
    return drawn


def _inside(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The pixels that a box covers, in part or wholly."""
    height, width = shape
    left, top, right, bottom = box
    return (
        slice(int(top * height), math.ceil(bottom * height)),
        slice(int(left * width), math.ceil(right * width)),
    )
