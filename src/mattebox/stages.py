"""The thread boundary: an iterator's items, made on a thread of its own.

A stage is a generator and owns neither a thread nor a queue; ``on_thread`` puts one behind one
bounded channel. What the items are, and how stages follow each other, lives in ``pipeline``.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, TypeVar

from mattebox.channel import Channel, ChannelStats, EndOfStream, Overflow
from mattebox.errors import StageHung

T = TypeVar("T")

_NAMED = "raised in stage "


@dataclass(frozen=True, slots=True)
class StageFigures:
    """What a stage's thread and channel have done so far.

    Attributes:
        alive_s: seconds that the thread has existed; 0 before it starts.
        cpu_s: CPU seconds of that thread up to its latest item. Threads that the stage's libraries
            start themselves (an encoder's, a network's) are not in it.
        channel: the counters of the channel that the stage sends into.
    """

    alive_s: float
    cpu_s: float
    channel: ChannelStats


def on_thread(
    upstream: Iterator[T],
    *,
    name: str,
    capacity: int,
    overflow: Overflow,
    at_most: int,
    stop_timeout_s: float,
    when_hung: str = "",
) -> Stage[T]:
    """Run an iterator on its own thread, ahead of whoever takes its items.

    The thread starts with the first ``next``: a stage that is never asked costs nothing, and
    everything can be opened and refused before anything moves.

    At most ``capacity`` items wait, one more is in the thread's hands, and the consumer has those
    it took. The iterator's own ``close`` is called exactly once: on the stage's thread, or, if that
    never started, on the thread that closes the stage.

    Args:
        upstream: what makes the items; its ``close``, if it has one, releases what it holds.
        name: the thread's name, and the stage's in errors.
        capacity: how many items may wait.
        overflow: what happens to a new item while that many wait.
        at_most: how many items the consumer gets at once; it gets what is there, never waits for
            more than one.
        stop_timeout_s: how long ``close`` waits for the thread.
        when_hung: the advice to give when that was not enough.
    """
    if at_most < 1:
        raise ValueError(f"stage {name!r} cannot give {at_most} items at once: at least 1.")
    channel: Channel[T] = Channel(capacity, overflow)
    return Stage(_Pump(upstream, channel, name), channel, name, at_most, stop_timeout_s, when_hung)


class Stage(Generic[T]):
    """What ``on_thread`` gives: an iterator over lists of 1 to ``at_most`` items.

    One thread iterates. An error of upstream is raised after the items before it, with the stage's
    name as a note. Use it in a ``with`` statement, or ``close`` it, also after its end: that is
    where a failing release and a thread that does not stop are reported.
    """

    def __init__(
        self,
        pump: _Pump[T],
        channel: Channel[T],
        name: str,
        at_most: int,
        stop_timeout_s: float,
        when_hung: str,
    ) -> None:
        self._pump, self._channel, self._name = pump, channel, name
        self._at_most, self._stop_timeout_s, self._when_hung = at_most, stop_timeout_s, when_hung
        self._thread: threading.Thread | None = None
        self._closed = False
        self._starting = threading.Lock()
        # The thread knows the channel but not the stage; forgotten stages so still end theirs.
        weakref.finalize(self, channel.cancel)

    def __iter__(self) -> Stage[T]:
        return self

    def __next__(self) -> list[T]:
        if not self._is_started():
            raise StopIteration
        try:
            return self._channel.receive(self._at_most)
        except EndOfStream:
            raise StopIteration from None

    @property
    def figures(self) -> StageFigures:
        """What the stage has done so far; any thread may ask."""
        return StageFigures(self._pump.alive_s, self._pump.cpu_s, self._channel.stats)

    def finish(self) -> None:
        """Take no more from upstream; what is queued is still given. Any thread, any signal."""
        self._channel.close()

    def cancel(self) -> None:
        """Give up what is queued and make both ends stop; waits for nobody. Any thread."""
        self._channel.cancel()

    def close(self) -> None:
        """Cancel, and wait until the thread has closed upstream and ended. Only once of effect.

        Raises:
            StageHung: the thread did not end in time and was given up. It is a daemon, and closes
                upstream if it ever comes back; closing it from here would pull the memory away
                under a decoder or driver that is still writing to it.
            BaseException: upstream's ``close`` raised it.
        """
        self.cancel()
        with self._starting:
            is_first, self._closed = not self._closed, True
        if not is_first:
            return
        self._stop_thread()
        if self._pump.release_error is not None:
            raise self._pump.release_error

    def __enter__(self) -> Stage[T]:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        headline = Headline(error)
        headline.attempt(self.close)
        if headline.error is not error:
            headline.raise_if_any()

    def _is_started(self) -> bool:
        with self._starting:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._pump.run, name=self._name, daemon=True)
                self._thread.start()
            return not self._closed

    def _stop_thread(self) -> None:
        if self._thread is None:
            self._pump.release()
            return
        self._thread.join(self._stop_timeout_s)
        if self._thread.is_alive():
            raise StageHung(
                f"stage {self._name!r} did not stop within {self._stop_timeout_s:g} s; "
                "its thread was given up.",
                self._when_hung,
            )


class _Pump(Generic[T]):
    """What runs on a stage's thread: from upstream into the channel, then the release."""

    def __init__(self, upstream: Iterator[T], channel: Channel[T], name: str) -> None:
        self._upstream, self._channel, self._name = upstream, channel, name
        self._began: float | None = None
        self._ended: float | None = None
        self.cpu_s = 0.0
        self.release_error: BaseException | None = None

    @property
    def alive_s(self) -> float:
        if self._began is None:
            return 0.0
        return (self._ended or time.perf_counter()) - self._began

    def run(self) -> None:
        self._began = time.perf_counter()
        self._deliver()
        # The channel is closed by now: nobody waits for a release that hangs, except `close`.
        self.release()
        self.cpu_s = time.thread_time()
        self._ended = time.perf_counter()

    def release(self) -> None:
        close: Callable[[], None] | None = getattr(self._upstream, "close", None)
        try:
            if close is not None:
                close()
        except BaseException as error:  # carried to whoever closes the stage
            self.release_error = named(error, self._name)

    def _deliver(self) -> None:
        try:
            for item in self._upstream:
                self._channel.send(item)
                del item  # or it would live on while upstream makes the next one
                self.cpu_s = time.thread_time()
        except BaseException as error:  # carried to the consumer, also what is no Exception
            # Our own channel's ChannelCancelled ends here: a channel that is shut ignores it.
            self._channel.close(named(error, self._name))
        else:
            self._channel.close()


class Deferred(Generic[T]):
    """An iterator that is made by its first ``next``, on the thread that asks for it.

    So what fails while it is made fails in the stage that it belongs to.

    Args:
        make: gives the iterator.
        release: called by ``close`` after the iterator's own ``close``, whether or not it was made.
    """

    def __init__(
        self, make: Callable[[], Iterator[T]], release: Callable[[], None] = lambda: None
    ) -> None:
        self._make, self._release = make, release
        self._items: Iterator[T] | None = None

    def __iter__(self) -> Deferred[T]:
        return self

    def __next__(self) -> T:
        if self._items is None:
            self._items = iter(self._make())
        return next(self._items)

    def close(self) -> None:
        """Close the iterator, then release."""
        try:
            close: Callable[[], None] | None = getattr(self._items, "close", None)
            if close is not None:
                close()
        finally:
            self._release()


class Headline:
    """The error to report when several things fail on the way out: the first.

    Later ones become notes on it. ``GeneratorExit`` is no failure, only the way out.
    """

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = None if isinstance(error, GeneratorExit) else error

    def attempt(self, step: Callable[[], None]) -> None:
        """Run one step of the way out, whatever happened before and whatever it raises."""
        try:
            step()
        except BaseException as error:  # the remaining steps must run, also after a second Ctrl-C
            self.add(error)

    def add(self, error: BaseException) -> None:
        """Count in one more error."""
        if self.error is None:
            self.error = error
        elif error is not self.error:
            self.error.add_note(f"then, on the way out: {type(error).__name__}: {error}")

    def raise_if_any(self) -> None:
        """Raise the headline, and let go of it: kept here, it would keep its frames' memory."""
        error, self.error = self.error, None
        if error is not None:
            try:
                raise error
            finally:
                del error


def named(error: BaseException, stage: str) -> BaseException:
    """The error, with a note of the stage that raised it; the innermost stage names itself."""
    if not any(note.startswith(_NAMED) for note in getattr(error, "__notes__", ())):
        error.add_note(f"{_NAMED}{stage!r}")
    return error
