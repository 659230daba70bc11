"""Where one scene ends and another begins, seen at a glance.

What lives here: comparing consecutive frames by a few of their colours. What does not: what is
forgotten at a cut (``stage``), and whether a map of before is still worth something (``temporal``,
which looks at each place by itself). Called on the matting thread, once for each frame in order.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.frame import Frame
from mattebox.matting.prepare import prepare

# The long side of what is compared, and of how many places.
_GLANCE, _PLACES = 32, (16, 16)
# Mean difference of 8-bit RGB. Ten clips of people have at most 16.8 from frame to frame, but for
# one turn of the camera (30); cuts between two of them, in another room, at least 37, and 25 in the
# same office.
_CUT = 24.0


class CutFinder:
    """Says which frames begin another scene; one for each stream."""

    def __init__(self) -> None:
        self._before: npt.NDArray[np.float32] | None = None

    def is_cut(self, frame: Frame) -> bool:
        """Whether a frame shows another scene than the one given before it; the first does not."""
        glance = prepare([frame], _GLANCE)[0].numpy().transpose(1, 2, 0)
        return self.is_another(np.ascontiguousarray(glance))

    def is_another(self, glance: npt.NDArray[np.uint8]) -> bool:
        """``is_cut`` for who has a small picture of the frame: (h, w, 3), each side 32 or more."""
        small = cv2.resize(glance, _PLACES, interpolation=cv2.INTER_AREA)
        now, before = np.asarray(small, np.float32), self._before
        self._before = now
        return before is not None and float(np.abs(now - before).mean()) > _CUT
