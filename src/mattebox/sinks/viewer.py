"""The program that shows a window: ``python -m mattebox.sinks.viewer``.

A program of its own, because the Qt inside opencv-python ends the whole program where it finds no
screen, and hangs in one that has loaded PyAV, whose X11 libraries are others of the same names.

It reads a line with the title, height and width, then pictures in I420. It says ``READY`` once
there is a window, ``KEY`` and a character for each key, and ``CLOSED`` when that is closed, or q or
Escape pressed. The end of its input is the end. One thread reads, the main one shows the newest.
"""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import signal
import sys
import threading
from typing import BinaryIO

import cv2
import numpy as np

READY, KEY, CLOSED = "ready", "key ", "closed"

_ESCAPE = 27
# How often keys are looked for, and how long the screen may take before this program gives up.
_LOOK_S, _STALL_S = 0.02, 5.0
# Qt complains of fonts that it was not given, once for each weight; there is no text in this
# window. On Wayland it has X11 only.
_QT_SETTINGS = {"QT_LOGGING_RULES": "default.warning=false", "QT_QPA_PLATFORM": "xcb"}


def main() -> None:
    """Show what comes in until it ends, or the window is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this ends it
    if sys.platform.startswith("linux"):
        for name, value in _QT_SETTINGS.items():
            os.environ.setdefault(name, value)
    title, height, width = json.loads(sys.stdin.buffer.readline())
    faulthandler.dump_traceback_later(_STALL_S, exit=True)
    # With its own buttons, which Qt adds otherwise, the picture would be smaller than asked for.
    flags = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
    cv2.namedWindow(title, flags)
    cv2.resizeWindow(title, width, height)
    _say(READY)
    newest: queue.Queue[bytes | None] = queue.Queue()
    size = height * 3 // 2 * width
    reader = threading.Thread(
        target=_read, args=(sys.stdin.buffer, size, newest), daemon=True, name="reading"
    )
    reader.start()
    _show(title, (height * 3 // 2, width), newest)


def _read(incoming: BinaryIO, size: int, newest: queue.Queue[bytes | None]) -> None:
    while len(data := incoming.read(size)) == size:
        while not newest.empty():  # what was not shown yet is late
            newest.get()
        newest.put(data)
    newest.put(None)


def _show(title: str, shape: tuple[int, int], newest: queue.Queue[bytes | None]) -> None:
    while True:
        try:
            data = newest.get(timeout=_LOOK_S)
        except queue.Empty:
            data = b""
        if data is None:
            return
        faulthandler.dump_traceback_later(_STALL_S, exit=True)
        if data:
            samples = np.frombuffer(data, np.uint8).reshape(shape)
            cv2.imshow(title, cv2.cvtColor(samples, cv2.COLOR_YUV2BGR_I420))
        key = cv2.pollKey() & 0xFF
        if key in (ord("q"), _ESCAPE) or cv2.getWindowProperty(title, cv2.WND_PROP_VISIBLE) < 1:
            _say(CLOSED)
            return
        if key != 0xFF and chr(key).isprintable():
            _say(KEY + chr(key))


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
