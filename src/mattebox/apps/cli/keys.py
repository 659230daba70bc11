"""Keys that are pressed in the terminal, each at once, without Enter."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# How long the end of the program may wait for the thread that reads keys.
_LOOK_S = 0.2


@contextmanager
def keys_told(on_key: Callable[[str], None]) -> Iterator[bool]:
    """Tell of every key while the block runs; the terminal is as before after it.

    Args:
        on_key: called with the character, on a thread of its own.

    Yields:
        whether there is a terminal with keys.
    """
    if not sys.stdin.isatty() or sys.platform == "win32":
        yield False
        return
    import termios
    import tty

    terminal = sys.stdin.fileno()
    if os.tcgetpgrp(terminal) != os.getpgrp():
        yield False  # in the background it would be stopped for touching the terminal
        return
    before = termios.tcgetattr(terminal)
    over = threading.Event()
    thread = threading.Thread(target=_read, args=(terminal, on_key, over), name="keys", daemon=True)
    tty.setcbreak(terminal, termios.TCSANOW)
    thread.start()
    try:
        yield True
    finally:
        over.set()
        thread.join(2 * _LOOK_S)
        termios.tcsetattr(terminal, termios.TCSANOW, before)


def _read(terminal: int, on_key: Callable[[str], None], over: threading.Event) -> None:
    while not over.is_set():
        ready, _, _ = select.select([terminal], [], [], _LOOK_S)
        if not ready:
            continue
        pressed = os.read(terminal, 32)
        if not pressed:
            return
        for key in pressed.decode(errors="ignore"):
            on_key(key)
