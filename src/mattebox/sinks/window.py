"""A window on the screen, through OpenCV. Called on the main thread, as some systems demand."""

from __future__ import annotations

from collections.abc import Callable

import cv2

from mattebox.errors import SinkClosed, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.sinks.i420 import i420

_ESCAPE = 27


class WindowSink:
    """Shows every picture in a window; closing it, q or Escape ends the show.

    Args:
        title: the window's.
        on_key: told of every other key, as the character it types.
    """

    kept = None

    def __init__(
        self, title: str = "mattebox", on_key: Callable[[str], None] = lambda _key: None
    ) -> None:
        self._title, self._on_key = title, on_key
        self._is_open = False

    def open(self, format: VideoFormat) -> None:
        """Open the window at the picture's size, to be resized at will.

        Raises:
            SinkRefused: there is no screen, or this OpenCV has no windows.
        """
        try:
            cv2.namedWindow(self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
            cv2.resizeWindow(self._title, format.width, format.height)
        except cv2.error as error:
            raise SinkRefused(
                f"cannot open a window: {error.err or 'there is no screen'}.",
                "Run it on a desktop, with opencv-python and not opencv-python-headless.",
            ) from error
        self._is_open = True

    def write(self, frame: Frame) -> None:
        """Show one picture, and see what keys were pressed.

        Raises:
            SinkClosed: the window was closed, or q or Escape was pressed.
        """
        cv2.imshow(self._title, cv2.cvtColor(i420(frame), cv2.COLOR_YUV2BGR_I420))
        key = cv2.pollKey() & 0xFF
        if key in (ord("q"), _ESCAPE) or not self._is_visible():
            raise SinkClosed("the window was closed.")
        if key != 0xFF:
            self._on_key(chr(key))

    def close(self) -> None:
        """Close the window."""
        if self._is_open:
            self._is_open = False
            cv2.destroyWindow(self._title)

    def abort(self) -> None:
        """As ``close``."""
        self.close()

    def _is_visible(self) -> bool:
        return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) >= 1
