"""Another source's frames with left and right exchanged. Views, no copies; the capture thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from mattebox.around import SourceAround
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
    return replace(frame, planes=tuple(plane[:, ::-1] for plane in frame.planes))
