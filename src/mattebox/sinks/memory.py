"""A sink that keeps every frame: for tests, samples and programs that want arrays.

Memory grows with the clip. Called on one thread.
"""

from __future__ import annotations

from mattebox.errors import SinkError
from mattebox.frame import Frame, VideoFormat


class MemorySink:
    """Keeps the frames it is given.

    Attributes:
        frames: in the order they came.
        format: what ``open`` was given; None before.
        closed: whether it was finished.
        aborted: whether it was given up.
    """

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.format: VideoFormat | None = None
        self.closed = False
        self.aborted = False

    @property
    def kept(self) -> str | None:
        """Nothing that has a place; the frames are in ``frames``."""
        return None

    def open(self, format: VideoFormat) -> None:
        """Accept any format."""
        self.format = format

    def write(self, frame: Frame) -> None:
        """Keep one frame."""
        if self.format is None or self.closed or self.aborted:
            raise SinkError("cannot keep a frame: the sink is not open.")
        self.frames.append(frame)

    def close(self) -> None:
        """Finish."""
        self.closed = True

    def abort(self) -> None:
        """Give up; the frames stay."""
        self.aborted = not self.closed
