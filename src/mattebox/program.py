"""A program of our own beside this one: what it is given, and what it answers.

For what would hold up or end this program: FFmpeg holds Python's lock while it connects, a window
wants the main thread and ends the program that loses its screen, and the X11 libraries that OpenCV
and PyAV bring along break each other. Knows nothing of pictures.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

# Room for one picture of 1280×720 between the programs, where the system gives it.
_PIPE_BYTES = 1 << 20


class Program:
    """A module of this package that runs as a program, out of reach of Ctrl-C in the terminal.

    ``stop`` may be called on any thread, all else on one at a time.

    Args:
        module: its full name.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, module: str) -> None:
        home = str(Path(__file__).resolve().parents[1])
        path = os.pathsep.join(filter(None, (home, os.environ.get("PYTHONPATH"))))
        # A pipe that nobody reads would fill.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 (closed by end)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env={**os.environ, "PYTHONPATH": path},
                start_new_session=True,
                pipesize=_PIPE_BYTES,
            )
        except OSError:
            self._complaints.close()
            raise
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._gifts, self._answers = self._process.stdin, self._process.stdout

    def give(self, *parts: bytes | memoryview) -> None:
        """Write that to its input; waits while it is behind.

        Raises:
            OSError: it has ended.
        """
        for part in parts:
            self._gifts.write(part)
        self._gifts.flush()

    @property
    def answers(self) -> int:
        """The file descriptor of what it says, for whom reads that without ``answer``."""
        return self._answers.fileno()

    def answer(self) -> str:
        """The next line it says, waiting for that; empty once it has ended."""
        return self._answers.readline().decode(errors="replace").strip()

    def complaints(self) -> list[str]:
        """The lines it has written to stderr."""
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").splitlines()
        return [line.strip() for line in lines if line.strip()]

    def finish(self, timeout_s: float) -> None:
        """End its input, let it end by itself for so long, then end it; ``end`` is due after."""
        with suppress(OSError):
            self._gifts.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout_s)
        self.stop()

    def stop(self) -> None:
        """End it, from another thread: the one that waits for it sees that."""
        self._process.kill()

    def end(self) -> None:
        """End it and let go of it, in any state."""
        self._process.kill()
        self._process.wait()
        for file in (self._gifts, self._answers, self._complaints):
            with suppress(OSError):
                file.close()
