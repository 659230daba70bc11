"""A window on the screen, shown by a program of its own (``viewer``). Called on one thread."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from mattebox.colour import MATRIX_BT709, MATRIX_BT2020
from mattebox.errors import SinkClosed, SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import Family
from mattebox.program import Program
from mattebox.sinks.i420 import i420
from mattebox.sinks.viewer import BT601, BT709, CLOSED, FULL, KEY, READY

_FINISH_S = 1.0


class WindowSink:
    """Shows every picture in a window; closing it, q or Escape ends the show.

    Args:
        title: the window's.
        on_key: told of every other key, as the character it types, while a picture is written.
    """

    kept = None

    def __init__(
        self, title: str = "mattebox", on_key: Callable[[str], None] = lambda _key: None
    ) -> None:
        self._title, self._on_key = title, on_key
        self._viewer: _Viewer | None = None

    def open(self, format: VideoFormat) -> None:
        """Open the window at the picture's size, to be resized at will.

        Raises:
            SinkRefused: there is no screen, or no SDL to show windows with.
        """
        self._viewer = _Viewer(self._title, format)

    def write(self, frame: Frame) -> None:
        """Show one picture, and see what keys were pressed.

        Raises:
            SinkClosed: the window was closed, or q or Escape was pressed.
            SinkError: it is not open, or its screen is gone.
        """
        if self._viewer is None:
            raise SinkError("cannot show a picture: the window is not open.")
        self._viewer.show(frame)
        for key in self._viewer.pressed():
            self._on_key(key)

    def close(self) -> None:
        """Close the window."""
        viewer, self._viewer = self._viewer, None
        if viewer is not None:
            viewer.end()

    def abort(self) -> None:
        """As ``close``."""
        self.close()


class _Viewer:
    """The program with the window, and a thread that listens to it.

    Raises:
        SinkRefused: there is no screen.
    """

    def __init__(self, title: str, format: VideoFormat) -> None:
        size = format.height // 2 * 2, format.width // 2 * 2
        try:
            self._program = Program("mattebox.sinks.viewer")
        except OSError as error:
            raise _refused(str(error)) from error
        with suppress(OSError):  # its answer tells
            wanted = [title, *size, _conversion(format)]
            self._program.give(json.dumps(wanted).encode() + b"\n")
        if self._program.answer() != READY:
            complaints = self._program.complaints()
            self._program.end()
            raise _refused((complaints[-1:] or ["it ended without a word"])[0].rstrip("."))
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._is_closed = False
        self._listener = threading.Thread(target=self._listen, name="window", daemon=True)
        self._listener.start()

    def show(self, frame: Frame) -> None:
        """Hand a picture over.

        Raises:
            SinkClosed, SinkError: see ``WindowSink.write``.
        """
        if self._is_closed:
            raise SinkClosed("the window was closed.")
        try:
            self._program.give(i420(frame).data)
        except OSError as error:
            self._listener.join()  # what it said last
            if self._is_closed:
                raise SinkClosed("the window was closed.") from error
            raise SinkError("the window has lost its screen.", "Start again.") from error

    def pressed(self) -> list[str]:
        """The keys pressed since this was asked last."""
        return [self._said.get() for _ in range(self._said.qsize())]

    def end(self) -> None:
        """Close the window."""
        self._program.finish(_FINISH_S)
        self._listener.join()
        self._program.end()

    def _listen(self) -> None:
        while said := self._program.answer():
            if said == CLOSED:
                self._is_closed = True
            else:
                self._said.put(said.removeprefix(KEY.rstrip()).strip() or " ")


def _conversion(format: VideoFormat) -> str:
    """How what ``i420`` gives is shown; BT.2020 as the nearest there is."""
    if format.pixels.family is not Family.YUV:
        return FULL if format.pixels.family is Family.GRAY and format.is_full_range else BT601
    if format.is_full_range:
        return FULL
    matrix = format.colour.matrix_or_guess(format.height)
    return BT709 if matrix in {MATRIX_BT709, MATRIX_BT2020} else BT601


def _refused(reason: str) -> SinkRefused:
    return SinkRefused(
        f"cannot open a window: {reason}.",
        "Run it on a desktop; without one, -o virtual, -o NAME.mp4 or an address such as "
        "rtmp://HOST/APP/KEY.",
    )
