"""Another source's frames with left and right exchanged. Views, no copies; the capture thread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mattebox.frame import Frame, VideoFormat
from mattebox.ports import Source


class MirroredSource:
    """A mirror before another source.

    Args:
        source: it is this one's from now on.
    """

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def format(self) -> VideoFormat:
        """As the source's."""
        return self._source.format

    @property
    def live(self) -> bool:
        """As the source's."""
        return self._source.live

    @property
    def frames_expected(self) -> int | None:
        """As the source's."""
        return self._source.frames_expected

    @property
    def skipped(self) -> int:
        """As the source's."""
        return self._source.skipped

    def frames(self) -> Iterator[Frame]:
        """The frames, mirrored."""
        for frame in self._source.frames():
            yield replace(frame, planes=tuple(plane[:, ::-1] for plane in frame.planes))
            del frame

    def close(self) -> None:
        """Close the source."""
        self._source.close()
