"""A file at the pace it plays, as if it were a camera. ``frames`` runs on the capture thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

from mattebox.around import SourceAround
from mattebox.frame import Frame
from mattebox.ports import Source
from mattebox.timing import seconds


class RealtimeSource(SourceAround):
    """Gives each frame of another source when its time has come.

    Args:
        source: it is this one's from now on.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._closed = threading.Event()

    @property
    def live(self) -> bool:
        """Always: whoever is late has missed it."""
        return True

    @property
    def mode(self) -> str:
        """Its format: nothing had to be agreed upon."""
        return str(self.format)

    def frames(self) -> Iterator[Frame]:
        """The frames, each at its moment after the first."""
        began: tuple[float, int] | None = None
        for frame in self.within.frames():
            if began is None:
                began = time.monotonic(), frame.pts
            due = began[0] + seconds(frame.pts - began[1], self.format.time_base)
            if self._closed.wait(max(0.0, due - time.monotonic())):
                return
            yield replace(frame, arrived_at=time.monotonic())
            del frame

    def close(self) -> None:
        """Close the source, and wait for no more moments."""
        self._closed.set()
        super().close()
