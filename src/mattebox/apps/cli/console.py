"""What the command line shows: messages, progress, JSON events and exit codes.

Results go to stdout, everything else to stderr. Nothing here does the work.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from mattebox.errors import (
    FrameError,
    MatteboxError,
    PipelineError,
    SegmenterError,
    SettingsError,
    SinkError,
    SinkRefused,
    SourceError,
)

if TYPE_CHECKING:
    from mattebox.report import Progress as Counts

EXIT_USAGE, EXIT_INPUT, EXIT_OUTPUT, EXIT_DEVICE, EXIT_INTERRUPTED = 2, 3, 4, 5, 130

_EXIT_CODES: tuple[tuple[type[MatteboxError], int], ...] = (
    (SettingsError, EXIT_USAGE),
    (FrameError, EXIT_USAGE),
    (SourceError, EXIT_INPUT),
    (SinkError, EXIT_OUTPUT),
    (SegmenterError, EXIT_DEVICE),
    (PipelineError, EXIT_DEVICE),
)

_STAGE_NOTE = "raised in stage"
_ENDING = (signal.SIGINT, signal.SIGTERM)
# How long a clean-up may take before another Ctrl-C breaks it off.
_CLEAN_UP_S = 10.0

messages = Console(stderr=True, highlight=False, soft_wrap=True)


class _Results(Console):
    """Standard output; where nobody reads it that is an error like any other."""

    def on_broken_pipe(self) -> None:
        """Instead of an exit code that is documented nowhere."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


results = _Results(highlight=False, soft_wrap=True)


def exit_code(error: MatteboxError) -> int:
    """The documented exit code of an error: 2 settings, 3 input, 4 output, 5 device or weights."""
    return next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), EXIT_DEVICE)


class Reporter:
    """Tells one command's story, to a person or, with ``as_json``, to a program."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def event(self, name: str, **facts: object) -> None:
        """One JSON line on stdout; nothing for a person."""
        if self.as_json:
            sys.stdout.write(json.dumps({"event": name, **facts}) + "\n")
            sys.stdout.flush()

    def say(self, text: str) -> None:
        """A line for a person, on stderr; nothing for a program."""
        if not self.as_json:
            messages.print(escape(text))

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[Counts], None]]:
        """A bar while the block runs; gives the function to call with new counts."""
        if self.as_json:
            yield lambda counts: self.event(
                "progress", frames=counts.written, expected=counts.expected, fps=counts.fps
            )
            return
        bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:.1f} fps"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=messages,
            transient=True,
            disable=not messages.is_terminal,
        )
        with bar:
            task = bar.add_task(escape(title), total=None, rate=0.0)
            yield lambda counts: bar.update(
                task, completed=counts.written, total=counts.expected, rate=counts.fps
            )

    def fail(self, error: MatteboxError) -> NoReturn:
        """Tell the error with its notes and leave with its exit code."""
        code = exit_code(error)
        notes = [*getattr(error, "__notes__", ())]
        self.event("error", message=str(error), notes=notes, exit_code=code)
        self.say(f"{type(error).__name__}: {error}")
        for note in notes:
            # Where a refusal came from is no news to a person; where a failure did, is.
            if not (isinstance(error, SinkRefused) and note.startswith(_STAGE_NOTE)):
                self.say(f"  ({note})")
        raise typer.Exit(code)

    def interrupted(self, interrupt: KeyboardInterrupt) -> NoReturn:
        """Say that it was stopped and what is left; exit code 130."""
        notes = [*getattr(interrupt, "__notes__", ())]
        self.event("interrupted", notes=notes, exit_code=EXIT_INTERRUPTED)
        self.say("Interrupted.")
        for note in notes:
            self.say(f"  {note}")
        raise typer.Exit(EXIT_INTERRUPTED)


@contextmanager
def storytelling(*, as_json: bool = False) -> Iterator[Reporter]:
    """Run a command: errors become messages and exit codes, SIGTERM is Ctrl-C.

    Doors turn what the system refuses them into errors of ours; an ``OSError`` that comes as far as
    this is about standard output.
    """
    reporter = Reporter(as_json=as_json)
    interrupts = _Interrupts()
    before = {number: signal.signal(number, interrupts) for number in _ENDING}
    try:
        yield reporter
        sys.stdout.flush()
    except MatteboxError as error:
        reporter.fail(error)
    except OSError as error:
        fail_for_stdout(error)
    except KeyboardInterrupt as interrupt:
        reporter.interrupted(interrupt)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def fail_for_stdout(error: OSError) -> NoReturn:
    """Tell that standard output cannot be written, with the error's notes; exit code 4.

    Raises:
        OSError: the error itself, if it is about a file.
    """
    if error.filename is not None:
        raise error
    with suppress(OSError, ValueError):
        # What is still waiting to be written there would fail again when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    refusal = SinkError(f"cannot write to standard output: {error.strerror}.")
    for note in getattr(error, "__notes__", ()):
        refusal.add_note(note)
    Reporter(as_json=False).fail(refusal)


def show_logs(*, verbose: bool) -> None:
    """Send the library's log to stderr: warnings, or everything."""
    handler = RichHandler(console=messages, show_time=False, show_path=False)
    root = logging.getLogger("mattebox")
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.WARNING)


class _Interrupts:
    """The first Ctrl-C or SIGTERM ends the work in order; those that follow wait for that.

    Without this a second Ctrl-C would break into the very clean-up that the first one began. Only
    where that hangs does another one kill.
    """

    def __init__(self) -> None:
        self._first_s: float | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        now_s = time.monotonic()
        if self._first_s is None:
            self._first_s = now_s
            raise KeyboardInterrupt
        if now_s - self._first_s > _CLEAN_UP_S:
            os._exit(EXIT_INTERRUPTED)
