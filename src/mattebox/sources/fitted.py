"""Frames of another source in one format, whatever that source gives: a camera that was replaced.

Arithmetic on planes; runs on the capture thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np

from mattebox.around import SourceAround
from mattebox.colour import Plane
from mattebox.errors import SourceError
from mattebox.frame import Frame, VideoFormat
from mattebox.ports import Source


class FittedSource(SourceAround):
    """Another source's frames, scaled to a format; what is that already passes through.

    Args:
        source: it is this one's from now on.
        format: what frames shall be; their time stays their own.

    Raises:
        SourceError: they are of another family or depth.
    """

    def __init__(self, source: Source, format: VideoFormat) -> None:
        given = source.format
        if (given.pixels.family, given.pixels.depth) != (format.pixels.family, format.pixels.depth):
            source.close()
            raise SourceError(
                f"the source now gives {given}, and what is shown is {format}.",
                "Start again to show that.",
            )
        super().__init__(source)
        self._format = replace(format, time_base=given.time_base, rate=given.rate)
        self._is_same = given.plane_shapes == format.plane_shapes

    @property
    def format(self) -> VideoFormat:
        """What every frame is."""
        return self._format

    def frames(self) -> Iterator[Frame]:
        """The frames, fitted: cut at the sides or above and below where their shape differs."""
        if self._is_same:
            yield from self.within.frames()
            return
        for frame in self.within.frames():
            planes = tuple(
                _filled(plane, shape)
                for plane, shape in zip(frame.planes, self._format.plane_shapes, strict=True)
            )
            yield replace(frame, planes=planes, format=self._format)
            del frame, planes


def _filled(plane: Plane, shape: tuple[int, int]) -> Plane:
    """The middle of a plane, scaled to fill a shape."""
    height, width = plane.shape
    scale = min(height / shape[0], width / shape[1])
    rows, columns = round(shape[0] * scale), round(shape[1] * scale)
    top, left = (height - rows) // 2, (width - columns) // 2
    middle = plane[top : top + rows, left : left + columns]
    how = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(np.ascontiguousarray(middle), shape[::-1], interpolation=how))
