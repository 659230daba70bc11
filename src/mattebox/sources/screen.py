"""What an X11 screen shows, as a ``Source``, by a program of its own.

FFmpeg takes the pictures there (``screen_reader``) and hands them on as they are, in a container
without compression, through a pipe. In one program with OpenCV it crashes: both bring X11 libraries
along that are of the same names.
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from fractions import Fraction

import av

from mattebox.errors import SourceError, SourceNotFound
from mattebox.frame import VideoFormat
from mattebox.program import Program
from mattebox.sources.stream import StreamSource

# A screen that is there answers at once.
_OPEN_S = 5.0

Region = tuple[int, int, int, int]


class ScreenSource(StreamSource):
    """The pictures of a screen, at a steady rate.

    Args:
        display: as in ``DISPLAY``.
        region: left, top, width and height in pixels; None: all of it.
        rate: pictures per second.

    Raises:
        SourceNotFound: there is no such screen, or the region is not inside it.
    """

    def __init__(self, display: str, region: Region | None, rate: float) -> None:
        self._rate = Fraction(rate).limit_denominator(1001)
        try:
            self._program = Program("mattebox.sources.screen_reader")
        except OSError as error:
            raise SourceError(f"cannot start a program that reads the screen: {error}.") from error
        # FFmpeg's own limit does not interrupt a read from a pipe.
        patience = threading.Timer(_OPEN_S, self._program.stop)
        try:
            self._program.give(json.dumps([display, region, rate]).encode() + b"\n")
            patience.start()
            super().__init__(
                f"pipe:{self._program.answers}", format="nut", name=f"the screen {display}"
            )
        except (OSError, SourceError) as error:
            said = (self._program.complaints() or [str(error)])[-1].rstrip(".")
            self._program.end()
            raise SourceNotFound(
                f"cannot open the screen {display}: {said}.",
                "Give a screen that is there, and a region inside it.",
            ) from error
        finally:
            patience.cancel()

    def close(self) -> None:
        """End the program, which ends a wait for its next picture."""
        self._program.stop()
        super().close()

    def _promise(self, first: av.VideoFrame) -> VideoFormat:
        # The container knows of moments only.
        return replace(super()._promise(first), rate=self._rate)

    def _let_go(self) -> None:
        super()._let_go()
        self._program.end()
