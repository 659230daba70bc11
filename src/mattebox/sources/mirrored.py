"""Another source's frames with left and right exchanged. The capture thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from mattebox.around import SourceAround
from mattebox.colour import Plane
from mattebox.frame import Frame


class MirroredSource(SourceAround):
    """A mirror before another source."""

    def frames(self) -> Iterator[Frame]:
        """The frames, mirrored."""
        for frame in self.within.frames():
            yield replace(frame, planes=tuple(_mirrored(plane) for plane in frame.planes))
            del frame


def _mirrored(plane: Plane) -> Plane:
    """A copy: Torch takes no view that runs backwards."""
    return np.asarray(cv2.flip(plane, 1))
