"""Where the pixels of one small picture were in another, and carrying things along the way.

What lives here: dense optical flow at the size of the network's picture. What does not: what is
carried, and whether it is believed (``temporal``). Numpy arrays on the CPU; called on the matting
thread.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

Picture: TypeAlias = npt.NDArray[np.uint8]  # (h, w, 3), RGB
Way: TypeAlias = npt.NDArray[np.float32]  # (h, w, 2): x and y, in pixels
Values = TypeVar("Values", npt.NDArray[np.uint8], npt.NDArray[np.float32])

# Half of the picture's size is as fine as flow is looked for: over ten clips that took off 4 points
# of flicker more than a quarter, and all of it is nearly no better and five times as dear. Eight
# steps of descent are as good as the preset's 16; smoothing the flow afterwards gains a point for
# as much time as everything else.
_FINEST_SCALE, _DESCENTS, _SMOOTHINGS = 1, 8, 0
# The same three where a map is carried far: after five frames of two fast clips what was carried
# has an IoU a point better (.542 to .547 and .488 to .525), after one frame three.
_FINE = 0, 16, 5
# Below this side there is too little picture for the flow's patches.
_SMALLEST = 32


class MotionFinder:
    """Finds motion between pictures; not for two threads at once.

    Source: Kroeger, Timofte, Dai and Van Gool, "Fast Optical Flow using Dense Inverse Search", ECCV
    2016, as in OpenCV.

    Args:
        fine: whether it is looked for at the picture's full size and smoothed, which takes five
            times as long: for what is carried over many frames.
    """

    def __init__(self, *, fine: bool = False) -> None:
        if fine:
            self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
            scale, descents, smoothings = _FINE
        else:
            self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
            scale, descents, smoothings = _FINEST_SCALE, _DESCENTS, _SMOOTHINGS
        self._flow.setFinestScale(scale)
        self._flow.setGradientDescentIterations(descents)
        self._flow.setVariationalRefinementIterations(smoothings)

    def way(self, here: Picture, there: Picture) -> Way:
        """What is at (x, y) here is at (x, y) + way[y, x] there.

        Args:
            here, there: of one size; pictures too small for motion to be found stand still.
        """
        if min(here.shape[:2]) < _SMALLEST:
            return np.zeros((*here.shape[:2], 2), np.float32)
        grays = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (here, there))
        # The stubs do not know that there need be no flow to begin with.
        return np.asarray(self._flow.calc(*grays, None), np.float32)  # type: ignore[call-overload]


def reverse(way: Way) -> Way:
    """About the way from there to here, of the way from here to there.

    One step towards the exact reverse: what is there at x came about from x − way(x), so its way is
    the opposite of the one found there. On ten clips with mattes steadied both ways it did as well
    as flow that was looked for (flicker a quarter of a point more), in a quarter of the time.
    """
    return np.negative(carried(way, np.negative(way)))


def carried(values: Values, way: Way) -> Values:
    """What was there, at the place where it is here: values(x + way(x)), bilinear.

    Args:
        values: (h, w) or (h, w, C), uint8 or float32; beyond its border it goes on as it ends.
        way: (h, w, 2), from here to there.
    """
    ends = way + _places(*way.shape[:2])
    moved = cv2.remap(values, ends, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(moved, values.dtype).reshape(values.shape)


@lru_cache(maxsize=4)
def _places(height: int, width: int) -> Way:
    """Every pixel's own x and y; not to be changed."""
    rows, columns = np.indices((height, width), np.float32)
    places = np.dstack((columns, rows))
    places.setflags(write=False)
    return places
