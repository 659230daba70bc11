"""Work that its callers wait for, but that the end of the program does not.

What is handed to the event loop's own threads is waited for at the end, however long a camera takes
to be opened or torch to be loaded. Any thread.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Generic, TypeVar

from mattebox.errors import PipelineError

T = TypeVar("T")


class Errands:
    """Runs each piece of work on a daemon thread of its own."""

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._abandons: set[Callable[[], None]] = set()
        self._is_over = False

    def run(self, work: Callable[[], T]) -> T:
        """Do it, and wait for it.

        Raises:
            PipelineError: the program ends; the work may still be going on.
            BaseException: whatever ``work`` raises.
        """
        errand = _Errand(work)
        with self._changing:
            if self._is_over:
                raise _ending()
            self._abandons.add(errand.abandon)
        try:
            return errand.outcome()
        finally:
            with self._changing:
                self._abandons.discard(errand.abandon)

    def end(self) -> None:
        """Nobody waits any more, for good."""
        with self._changing:
            self._is_over = True
            for abandon in self._abandons:
                abandon()


class _Errand(Generic[T]):
    """One piece of work; what comes first counts, its outcome or that it is abandoned."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._told: SimpleQueue[tuple[T] | BaseException] = SimpleQueue()

    def outcome(self) -> T:
        threading.Thread(target=self._go, name="studio errand", daemon=True).start()
        told = self._told.get()
        if isinstance(told, BaseException):
            raise told
        return told[0]

    def abandon(self) -> None:
        self._told.put(_ending())

    def _go(self) -> None:
        try:
            self._told.put((self._work(),))
        except BaseException as error:  # carried to who waits
            self._told.put(error)


def _ending() -> PipelineError:
    return PipelineError("it was given up: the program ends.")
