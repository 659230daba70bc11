"""A stream that cannot be rewound (standard input), made so that waiting for it can be given up.

Bytes only; what they mean is FFmpeg's business. ``read`` is called on the thread that reads the
source, ``stop`` from any thread.
"""

from __future__ import annotations

import io
import select
import sys
from typing import BinaryIO

# How long a reader may go on waiting after ``stop``: short for a person, long for a processor.
_PATIENCE_S = 0.1


class Pipe:
    """Reads what is there, and reports the end of the stream once it was stopped."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._stopped = False
        self._interrupted = False
        self._waitable = _descriptor(stream)

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes, as soon as there are some; nothing at the end."""
        try:
            while not self._stopped:
                if self._is_ready():
                    return self._read_some(size)
        except KeyboardInterrupt:  # FFmpeg, who calls, would swallow it
            self._interrupted = True
        return b""

    def stop(self) -> None:
        """Let a waiting ``read`` return. Never raises."""
        self._stopped = True

    def raise_interrupt(self) -> None:
        """Raise the KeyboardInterrupt that came while FFmpeg was reading, if one did."""
        if self._interrupted:
            raise KeyboardInterrupt

    def _is_ready(self) -> bool:
        if self._waitable is None:
            return True
        return bool(select.select([self._waitable], [], [], _PATIENCE_S)[0])

    def _read_some(self, size: int) -> bytes:
        # read() of a buffered pipe would wait for all of size: a frame would come late.
        if isinstance(self._stream, io.BufferedReader):
            return self._stream.read1(size)
        return self._stream.read(size)


def _descriptor(stream: BinaryIO) -> int | None:
    """What ``select`` can wait for; None where it cannot (memory, and pipes on Windows)."""
    if sys.platform == "win32":
        return None
    try:
        return stream.fileno()
    except (OSError, AttributeError):
        return None
