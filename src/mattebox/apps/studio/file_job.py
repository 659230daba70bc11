"""One file, made by ``mattebox run`` in a process of its own: how far it is, its end, its result.

A process, so that it has its own memory, can be cancelled at any moment, and a file that brings a
decoder down does not end a live session. No web here; any thread.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mattebox.apps.studio.uploads import harmless, harmless_suffix
from mattebox.errors import PipelineError, SettingsError, SinkError
from mattebox.files import is_picture
from mattebox.settings import Quality, Settings, adjusted, to_toml

State = Literal["idle", "running", "done", "failed", "cancelled"]

UPLOAD_LIMIT = 4 << 30
# How long the process may take to end when it is asked to.
_CANCEL_S = 1.5
_LAST_LINES = 20


@dataclass(frozen=True, slots=True)
class JobProgress:
    """How far it is.

    Attributes:
        state: what it is doing.
        input: the name of the file.
        frames, expected, fps: written so far, of how many (None: no idea), and how fast.
        result: where it is when it is done.
        text: why it failed, or what it came to.
    """

    state: State = "idle"
    input: str = ""
    frames: int = 0
    expected: int | None = None
    fps: float = 0.0
    result: Path | None = None
    text: str = ""


class FileJob:
    """At most one file at a time.

    Args:
        folder: for results; made when it is needed.
        quality: at first.

    Attributes:
        quality: what files are made with, whatever keeps pace with a camera; None for that of the
            settings.
        progress: how far it is.
    """

    def __init__(self, folder: Path, quality: Quality | None = None) -> None:
        self._folder, self.quality = folder, quality
        self._changing = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._is_cancelled = False
        self.progress = JobProgress()

    def start(self, input: Path, name: str, settings: Settings, *, is_upload: bool = False) -> None:
        """Begin with a file; one that is being made is cancelled, the last result removed.

        Args:
            input: where it is on this machine.
            name: what its user calls it.
            settings: the whole tree.
            is_upload: whether it is ours, to be removed when the job is over.

        Raises:
            SettingsError: there is no such file.
            SinkError: the result cannot be written.
        """
        with self._changing:
            self._cancel()
            if not input.is_file():
                raise SettingsError(f"there is no file {input}.", "Give the whole path of a file.")
            self._forget_result()
            result = self._folder / f"{harmless(name, 'result')}-mattebox{_suffix(input)}"
            self._begin(_command(input, result, self._written(settings)))
            self.progress = JobProgress("running", name)
            self._reader = threading.Thread(
                target=self._follow,
                args=(self._process, result, name, input if is_upload else None),
                name="file job",
                daemon=True,
            )
            self._reader.start()

    def cancel(self) -> None:
        """End it; does nothing where none runs."""
        with self._changing:
            self._cancel()

    def _begin(self, command: list[str]) -> None:
        self._is_cancelled = False
        try:
            self._process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                text=True,
                # Ctrl-C in the terminal is for the page, which then cancels this.
                start_new_session=True,
            )
        except OSError as error:
            raise PipelineError(f"cannot start the job: {error.strerror}.") from error

    def _written(self, settings: Settings) -> Path:
        path = self._folder / "settings.toml"
        if self.quality is not None:
            settings = adjusted(settings, {"quality": self.quality})
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(to_toml(settings), "utf-8")
        except OSError as error:
            raise SinkError(f"cannot write into {self._folder}: {error.strerror}.") from error
        return path

    def _cancel(self) -> None:
        process, reader = self._process, self._reader
        if process is None or reader is None:
            return
        self._is_cancelled = True
        if process.poll() is None:
            process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        reader.join(_CANCEL_S)
        if process.poll() is None:
            process.kill()
        reader.join()
        self._process = self._reader = None

    def _forget_result(self) -> None:
        if self.progress.result is not None:
            _remove(self.progress.result)
            self.progress = JobProgress()

    def _follow(
        self, process: subprocess.Popen[str], result: Path, name: str, upload: Path | None
    ) -> None:
        """Read what it tells until it ends."""
        assert process.stdout is not None, "it was asked for"
        said: list[str] = []
        for line in process.stdout:
            said = [*said, self._heard(line, name)][-_LAST_LINES:]
        process.stdout.close()
        code = process.wait()
        if upload is not None:
            _remove(upload)
        told = "\n".join(filter(None, said))
        if self._is_cancelled:
            self.progress = JobProgress("cancelled", name)
        elif code == 0 and result.exists():
            done = self.progress
            self.progress = JobProgress(
                "done", name, done.frames, done.expected, done.fps, result, told
            )
        else:
            self.progress = JobProgress("failed", name, text=told or f"It ended with code {code}.")

    def _heard(self, line: str, name: str) -> str:
        """One line: an event of ``--json``, or anything else; what of it is for a person."""
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            return line.strip()
        match event.get("event") if isinstance(event, dict) else None:
            case "progress":
                frames, expected, fps = event["frames"], event["expected"], event["fps"]
                self.progress = JobProgress("running", name, frames, expected, fps)
            case "error":
                return str(event["message"])
            case "done":
                return str(event["report"]["sentence"])
        return ""


def _remove(path: Path) -> None:
    # On Windows it stays while somebody reads it; the folder goes at the end.
    with suppress(OSError):
        path.unlink()


def _suffix(input: Path) -> str:
    """What a browser can show: pictures stay what they are as PNG, videos become MP4."""
    suffix = harmless_suffix(input.name)
    return ".png" if is_picture(input) or not suffix else ".mp4"


def _command(input: Path, result: Path, config: Path) -> list[str]:
    run = [sys.executable, "-m", "mattebox", "run", str(input), "-o", str(result)]
    return [*run, "--config", str(config), "--overwrite", "--json"]
