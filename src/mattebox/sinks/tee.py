"""Several sinks as one: every picture goes into each of them.

Nothing is opened, written or named here. Called on one thread, which calls the sinks in order.
"""

from __future__ import annotations

from collections.abc import Sequence

from mattebox.errors import SinkError
from mattebox.frame import Frame, VideoFormat
from mattebox.ports import Sink


class TeeSink:
    """Hands every picture to several sinks.

    The sinks share one fate until the end: if one refuses or fails, its error is raised, and
    ``abort`` makes every one of them keep what it has. At the end each has all its pictures, so
    ``close`` finishes those that can be finished and then raises the first error.

    Args:
        sinks: in the order in which they are to be served; at least one.
    """

    def __init__(self, sinks: Sequence[Sink]) -> None:
        self._sinks = tuple(sinks)

    @property
    def kept(self) -> str | None:
        """What the sinks have kept, one place after the other."""
        places = [place for place in (sink.kept for sink in self._sinks) if place is not None]
        return ", ".join(places) or None

    def open(self, format: VideoFormat) -> None:
        """Open every sink, or none: those that were open are aborted if one refuses."""
        for sink in self._sinks:
            try:
                sink.open(format)
            except BaseException:
                self.abort()
                raise

    def write(self, frame: Frame) -> None:
        """Write the picture to every sink."""
        for sink in self._sinks:
            sink.write(frame)

    def close(self) -> None:
        """Finish every sink, also after one of them failed, and raise the first failure."""
        failures: list[SinkError] = []
        for sink in self._sinks:
            try:
                sink.close()
            except SinkError as error:
                failures.append(error)
        if failures:
            for further in failures[1:]:
                failures[0].add_note(f"and: {further}")
            raise failures[0]

    def abort(self) -> None:
        """Abort every sink."""
        for sink in self._sinks:
            sink.abort()
