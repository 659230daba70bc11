"""The program that shows a window: ``python -m mattebox.sinks.viewer``.

A program of its own, because a window wants the main thread, losing an X11 screen ends the whole
program, and the X11 libraries that OpenCV and PyAV bring along are others of the same names.

It reads a line with the title, height, width and one of ``CONVERSIONS``, then pictures in I420. It
says ``READY`` once there is a window, ``KEY`` and a character for each key, and ``CLOSED`` when
that is closed, or q or Escape pressed. The end of its input is the end. One thread reads, the main
one shows the newest.
"""

from __future__ import annotations

import faulthandler
import json
import os
import queue
import signal
import sys
import threading
import warnings
from importlib import import_module
from types import ModuleType
from typing import BinaryIO

READY, KEY, CLOSED = "ready", "key ", "closed"

# How samples become what the screen shows: SDL's names. Full range is BT.601's, as in JPEG.
CONVERSIONS = BT601, BT709, FULL = "BT601", "BT709", "JPEG"

# How often keys are looked for, and how long the screen may take before this program gives up.
_LOOK_S, _OPEN_S, _STALL_S = 0.02, 20.0, 5.0
# A desktop's screens only: SDL would also take the console as a whole.
_DRIVERS = "x11,wayland"
_HINTS = {
    "SDL_APP_NAME": "mattebox",
    "SDL_RENDER_SCALE_QUALITY": "linear",
    "SDL_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR": "0",  # for games
    "SDL_WINDOWS_DPI_AWARENESS": "permonitorv2",
}


def main() -> None:
    """Show what comes in until it ends, or the window is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this ends it
    title, height, width, conversion = json.loads(sys.stdin.buffer.readline())
    faulthandler.dump_traceback_later(_OPEN_S, exit=True)
    window = _Window(title, height, width, conversion)
    _say(READY)
    newest: queue.Queue[bytes | None] = queue.Queue()
    size = height * 3 // 2 * width
    reader = threading.Thread(
        target=_read, args=(sys.stdin.buffer, size, newest), daemon=True, name="reading"
    )
    reader.start()
    _show(window, newest)


class _Window:
    """A window as large as the picture; the end of the program where there can be none."""

    def __init__(self, title: str, height: int, width: int, conversion: str) -> None:
        self._sdl = sdl = _sdl()
        for name, value in _HINTS.items():
            sdl.SDL_SetHint(name.encode(), value.encode())
        if sdl.SDL_Init(sdl.SDL_INIT_VIDEO) != 0:
            sys.exit(_no_screen(self._error))
        # PySDL2 keeps these names in their module.
        sdl.SDL_SetYUVConversionMode(getattr(sdl.surface, f"SDL_YUV_CONVERSION_{conversion}"))
        anywhere = sdl.SDL_WINDOWPOS_UNDEFINED
        flags = sdl.SDL_WINDOW_RESIZABLE | sdl.SDL_WINDOW_ALLOW_HIGHDPI
        window = sdl.SDL_CreateWindow(title.encode(), anywhere, anywhere, width, height, flags)
        self._renderer = window and sdl.SDL_CreateRenderer(window, -1, 0)
        self._texture = self._renderer and sdl.SDL_CreateTexture(
            self._renderer,
            sdl.SDL_PIXELFORMAT_IYUV,
            sdl.SDL_TEXTUREACCESS_STREAMING,
            width,
            height,
        )
        if not self._texture:
            sys.exit(self._error)
        self._width, self._is_empty = width, True
        # Bars, not a picture that is stretched.
        sdl.SDL_RenderSetLogicalSize(self._renderer, width, height)
        sdl.SDL_StartTextInput()

    def show(self, data: bytes) -> None:
        """Show a picture from now on."""
        self._sdl.SDL_UpdateTexture(self._texture, None, data, self._width)
        self._is_empty = False
        self._draw()

    def typed(self) -> str | None:
        """The characters typed since this was asked last; None if it is to be closed."""
        sdl, event, typed, is_stale = self._sdl, self._sdl.SDL_Event(), "", False
        while sdl.SDL_PollEvent(event):
            if event.type == sdl.SDL_QUIT:
                return None
            if event.type == sdl.SDL_KEYDOWN and event.key.keysym.sym == sdl.SDLK_ESCAPE:
                return None
            if event.type == sdl.SDL_TEXTINPUT:
                typed += event.text.text.decode(errors="ignore")
            is_stale = is_stale or event.type == sdl.SDL_WINDOWEVENT
        if is_stale:  # another size, or it was covered
            self._draw()
        return None if "q" in typed else typed

    def _draw(self) -> None:
        self._sdl.SDL_RenderClear(self._renderer)
        if not self._is_empty:
            self._sdl.SDL_RenderCopy(self._renderer, self._texture, None, None)
        self._sdl.SDL_RenderPresent(self._renderer)

    @property
    def _error(self) -> str:
        return str(self._sdl.SDL_GetError().decode(errors="replace")) or "SDL opens none"


def _sdl() -> ModuleType:
    """SDL 2: that of the wheel, or else the system's."""
    if sys.platform.startswith("linux"):
        os.environ.setdefault("SDL_VIDEODRIVER", _DRIVERS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says which one it takes
        try:
            return import_module("sdl2")
        except ImportError as error:
            sys.exit(str(error))


def _no_screen(error: str) -> str:
    if not sys.platform.startswith("linux"):
        return error
    name = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return f"the screen {name} does not open" if name else "there is no screen (DISPLAY is not set)"


def _read(incoming: BinaryIO, size: int, newest: queue.Queue[bytes | None]) -> None:
    while len(data := incoming.read(size)) == size:
        while not newest.empty():  # what was not shown yet is late
            newest.get()
        newest.put(data)
    newest.put(None)


def _show(window: _Window, newest: queue.Queue[bytes | None]) -> None:
    while True:
        try:
            data = newest.get(timeout=_LOOK_S)
        except queue.Empty:
            data = b""
        if data is None:
            return
        faulthandler.dump_traceback_later(_STALL_S, exit=True)
        if data:
            window.show(data)
        typed = window.typed()
        if typed is None:
            _say(CLOSED)
            return
        for character in filter(str.isprintable, typed):
            _say(KEY + character)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
