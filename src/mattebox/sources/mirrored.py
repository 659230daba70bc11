"""Another source's frames with left and right exchanged. The capture thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from mattebox.around import SourceAround
from mattebox.colour import Plane
from mattebox.frame import Frame
from mattebox.ports import Source


class MirroredSource(SourceAround):
    """A mirror before another source.

    Args:
        source: it is this one's from now on.
        is_on: asked with every frame: whether the mirror is there.
    """

    def __init__(self, source: Source, is_on: Callable[[], bool] = lambda: True) -> None:
        super().__init__(source)
        self._is_on = is_on

    def frames(self) -> Iterator[Frame]:
        """The frames, mirrored."""
        for frame in self.within.frames():
            yield mirrored(frame) if self._is_on() else frame
            del frame


def mirrored(frame: Frame) -> Frame:
    """The frame with left and right exchanged."""
    return replace(frame, planes=tuple(_mirrored(plane) for plane in frame.planes))


def _mirrored(plane: Plane) -> Plane:
    """A copy: Torch takes no view that runs backwards."""
    return np.asarray(cv2.flip(plane, 1))
