"""Work that is done beside the thread that wants it done.

Knows nothing of frames and networks; what is done, and what becomes of it, is its owner's matter.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

Result = TypeVar("Result")


class Beside:
    """A thread that does one piece of work after the other; it starts with the first.

    A daemon, unlike those of ``concurrent.futures``: work that hangs does not keep the program.

    Args:
        name: the thread's.
    """

    def __init__(self, name: str) -> None:
        self._name, self._is_closed = name, False
        self._thread: threading.Thread | None = None
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]
        self._work = queue.SimpleQueue()

    def submit(self, work: Callable[[], Result], /) -> Future[Result]:
        """Do this after what was given before; the future has what it returns or raises.

        Raises:
            RuntimeError: it is closed.
        """
        if self._is_closed:
            raise RuntimeError(f"{self._name!r} has ended: it takes no more work.")
        future: Future[Result] = Future()
        self._work.put((future, work))
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        return future

    def close(self) -> None:
        """Do what was given, end, and wait for that."""
        self._is_closed = True
        self._work.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (given := self._work.get()) is not None:
            future, work = given
            try:
                future.set_result(work())
            except BaseException as error:  # carried to whoever asks for the result
                future.set_exception(error)
            del given, future, work  # or they would live on while the next is waited for
