"""Another source's frames with left and right exchanged. Views, no copies; the capture thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mattebox.around import SourceAround
from mattebox.frame import Frame


class MirroredSource(SourceAround):
    """A mirror before another source."""

    def frames(self) -> Iterator[Frame]:
        """The frames, mirrored."""
        for frame in self.within.frames():
            yield replace(frame, planes=tuple(plane[:, ::-1] for plane in frame.planes))
            del frame
