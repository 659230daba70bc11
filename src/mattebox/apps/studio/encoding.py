"""A video that was uploaded, encoded again by a process of its own, which may be ended at any time.

A process, so that a hostile file brings down that one alone. No web here; any thread.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from mattebox.errors import DecodeError, PipelineError, SourceError

LONGEST_S = 300.0
_OPTIONS = ("-m", "none", "--audio", "none", "--layer", "foreground")
_SETTINGS = ("foreground.estimate=false", "sink.pixel_format=yuv420p")


class Encoder:
    """Encodes videos, each in a process; ``close`` ends those that run and lets none begin.

    Args:
        longest_s: how long one may take.
    """

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self._changing = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._is_closed = False

    def encode(self, upload: Path, path: Path) -> None:
        """Blocks until ``path`` is there; where it fails nothing is left beside it.

        Raises:
            DecodeError: the video cannot be decoded.
            SourceError: it takes too long.
            PipelineError: the program ends.
            OSError: the folder cannot be written.
        """
        with tempfile.TemporaryDirectory(prefix=".", dir=path.parent) as folder:
            made = Path(folder) / f"made{path.suffix}"
            process = self._begun(_command(upload, made))
            try:
                said = self._ended(process)
            finally:
                with self._changing:
                    self._running.discard(process)
            if self._is_closed:
                raise _ending()
            if process.returncode or not made.exists():
                raise DecodeError("the video cannot be decoded.", said.strip()[-300:])
            made.rename(path)

    def close(self) -> None:
        """End what runs, for good."""
        with self._changing:
            self._is_closed = True
            for process in self._running:
                process.kill()

    def _begun(self, command: list[str]) -> subprocess.Popen[str]:
        with self._changing:
            if self._is_closed:
                raise _ending()
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                # Ctrl-C in the terminal is for the page, which then ends this.
                start_new_session=True,
            )
            self._running.add(process)
            return process

    def _ended(self, process: subprocess.Popen[str]) -> str:
        """What it told until its end, which comes in time or is made."""
        with process:
            try:
                return process.communicate(timeout=self._longest_s)[1]
            except subprocess.TimeoutExpired as error:
                raise SourceError(
                    "the video took too long to be encoded.", "Take a shorter one."
                ) from error
            finally:
                process.kill()


def _ending() -> PipelineError:
    return PipelineError("the video was not encoded: the program ends.")


def _command(upload: Path, made: Path) -> list[str]:
    run = [sys.executable, "-m", "mattebox", "run", str(upload), "-o", str(made), *_OPTIONS]
    return [*run, *(part for setting in _SETTINGS for part in ("--set", setting))]
