"""How many others have a device open, told by the system (Linux: inotify). One thread.

A virtual camera that nobody has open needs no pictures.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mattebox.errors import SinkError

# linux/inotify.h: what is told, and each telling before its name.
_OPENED, _CLOSED_WRITTEN, _CLOSED_READ = 0x20, 0x8, 0x10
_EVENT = struct.Struct("iIII")
_ROOM = 64 * 1024


class ReaderWatch:
    """Counts who has a device open besides this program.

    Other users' programs count as one, until somebody leaves.

    Args:
        path: of the device; any file will do.
        processes: where the system tells who has what open.

    Raises:
        SinkError: this system cannot tell.
    """

    def __init__(self, path: Path, processes: Path = Path("/proc")) -> None:
        self._path, self._processes = path.resolve(), processes
        self._told = _watched(self._path)
        self._count, self._is_hidden = self._counted(), False

    def readers(self) -> int:
        """How many there are now, and 1 at least if one has just come; waits for nothing."""
        kinds = self._events()
        if kinds:
            # What happens several times at once is told once: it says when to count, not how many.
            self._count = self._counted()
            # One that cannot be seen, or not yet, is taken to stay until somebody leaves.
            self._is_hidden = bool(kinds[-1] & _OPENED) and self._count == 0
        has_come = any(kind & _OPENED for kind in kinds)
        return max(self._count, has_come, self._is_hidden)

    def close(self) -> None:
        """Count no more; more than once does nothing more."""
        if self._told >= 0:
            os.close(self._told)
            self._told = -1

    def _events(self) -> list[int]:
        try:
            data = os.read(self._told, _ROOM) if self._told >= 0 else b""
        except BlockingIOError:
            return []
        kinds, at = [], 0
        while at < len(data):
            _watch, kind, _cookie, named = _EVENT.unpack_from(data, at)
            kinds.append(kind)
            at += _EVENT.size + named
        return kinds

    def _counted(self) -> int:
        """Who has it open, as far as this user may see."""
        own = str(os.getpid())
        links = (
            link
            for process in self._processes.glob("[0-9]*")
            if process.name != own
            for link in _opened_by(process)
        )
        return sum(link == self._path for link in links)


def _opened_by(process: Path) -> Iterator[Path]:
    """What a process has open; nothing if it is another user's, or has gone."""
    with suppress(OSError):
        for link in (process / "fd").iterdir():
            with suppress(OSError):
                yield link.readlink()


def _watched(path: Path) -> int:
    """A file of what happens to the path, not waiting for anything."""
    cannot = SinkError(
        "cannot count who looks at the virtual camera.", "It is filmed all the time."
    )
    if not sys.platform.startswith("linux"):
        raise cannot
    library = ctypes.CDLL(None, use_errno=True)
    told = int(library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
    kinds = _OPENED | _CLOSED_WRITTEN | _CLOSED_READ
    if told < 0 or library.inotify_add_watch(told, os.fsencode(path), kinds) < 0:
        if told >= 0:
            os.close(told)
        raise cannot
    return told
