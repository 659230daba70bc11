"""A bounded channel between two threads: block or drop the oldest, close, cancel, count.

One thread sends, one thread receives, and any thread may close or cancel. It knows neither frames
nor threads; the thread behind it lives in ``stages``.

The lock is reentrant, so that a signal handler may call ``close`` while the thread that it
interrupted is inside a method here.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

T = TypeVar("T")

# How soon Ctrl-C is seen at the latest. A lock that is waited for without a timeout may never see
# it: on Windows; and where the signal came just before the wait, or in another thread.
_WAIT_S = 0.1


class Overflow(Enum):
    """What a sender does when the channel is full."""

    BLOCK = "block"  # wait for room: nothing is lost, the source is slowed
    DROP_OLDEST = "drop_oldest"  # give up the stalest item: latency stays bounded


class EndOfStream(Exception):  # noqa: N818 (says what is, not that it errs)
    """The channel was closed, and every item in it has been received."""


class ChannelCancelled(Exception):  # noqa: N818
    """Nobody wants what is sent, or nothing more is to be received: stop."""


@dataclass(frozen=True, slots=True)
class ChannelStats:
    """What went through a channel up to one moment.

    The law: ``sent == received + dropped + queued``, at every moment.

    Attributes:
        sent: items that the channel accepted.
        received: items that were handed to the receiver.
        dropped: items given up because the channel was full.
        queued: items that wait; after ``cancel`` those that waited then and were given up.
        send_wait_s: how long the sender was blocked because the channel was full.
        receive_wait_s: how long the receiver was blocked because the channel was empty.
    """

    sent: int
    received: int
    dropped: int
    queued: int
    send_wait_s: float
    receive_wait_s: float


class Channel(Generic[T]):
    """A bounded queue between one sender and one receiver.

    Args:
        capacity: how many items may wait, at least 1.
        overflow: what ``send`` does when that many wait.
    """

    def __init__(self, capacity: int, overflow: Overflow) -> None:
        if capacity < 1:
            raise ValueError(f"a channel cannot hold {capacity} items: it takes at least 1.")
        self._capacity, self._overflow = capacity, overflow
        self._changed = threading.Condition(threading.RLock())
        self._items: deque[T] = deque()
        self._closed = self._cancelled = False
        self._error: BaseException | None = None
        self._sent = self._received = self._dropped = self._abandoned = 0
        self._send_wait = _Stopwatch()
        self._receive_wait = _Stopwatch()

    @property
    def stats(self) -> ChannelStats:
        """The counters of one moment; any thread may ask."""
        with self._changed:
            return ChannelStats(
                sent=self._sent,
                received=self._received,
                dropped=self._dropped,
                queued=len(self._items) + self._abandoned,
                send_wait_s=self._send_wait.total_s,
                receive_wait_s=self._receive_wait.total_s,
            )

    def send(self, item: T) -> None:
        """Put an item at the end of the queue; when it is full, do what ``overflow`` says.

        Raises:
            ChannelCancelled: the channel was closed or cancelled; the item was not accepted.
        """
        with self._changed:
            if self._is_full and self._overflow is Overflow.BLOCK:
                self._wait_until(lambda: self._is_shut or not self._is_full, self._send_wait)
            if self._is_shut:
                raise ChannelCancelled
            if self._is_full:
                self._items.popleft()
                self._dropped += 1
            self._items.append(item)
            self._sent += 1
            self._changed.notify_all()

    def receive(self, at_most: int) -> list[T]:
        """Wait for one item, then take what is already there: 1 to ``at_most`` items.

        Raises:
            EndOfStream: the channel was closed, and every item has been received.
            ChannelCancelled: the channel was cancelled.
            BaseException: what ``close`` was given, after the last item.
        """
        with self._changed:
            self._wait_until(lambda: bool(self._items) or self._is_shut, self._receive_wait)
            if self._cancelled:
                raise ChannelCancelled
            if not self._items:
                raise self._error or EndOfStream()
            return self._take(at_most)

    def close(self, error: BaseException | None = None) -> None:
        """Accept no more items; what is queued is still delivered, then ``error`` is raised.

        The sender calls it at its end. A controller may call it from any thread, or from a signal
        handler, to end early without losing what is queued. The first close decides: an error that
        comes after it is of no interest to anybody.
        """
        with self._changed:
            if not self._closed:
                # After a cancel nobody will be told; kept, it would keep what was on its way.
                self._closed, self._error = True, None if self._cancelled else error
            self._changed.notify_all()

    def cancel(self) -> None:
        """Give up what is queued; both ends raise ``ChannelCancelled`` from now on. Any thread."""
        with self._changed:
            self._cancelled, self._error = True, None
            # Exchanged, not emptied: items are let go of outside the lock.
            given_up, self._items = self._items, deque()
            self._abandoned += len(given_up)
            self._changed.notify_all()

    @property
    def _is_full(self) -> bool:
        return len(self._items) >= self._capacity

    @property
    def _is_shut(self) -> bool:
        return self._closed or self._cancelled

    def _take(self, at_most: int) -> list[T]:
        items = self._items
        taken = [items.popleft() for _ in range(min(at_most, len(items)))]
        self._received += len(taken)
        self._changed.notify_all()
        return taken

    def _wait_until(self, ready: Callable[[], bool], stopwatch: _Stopwatch) -> None:
        if ready():
            return
        with stopwatch.running():
            while not ready():
                self._changed.wait(_WAIT_S)


class _Stopwatch:
    """Seconds spent, added up over many stretches."""

    def __init__(self) -> None:
        self.total_s = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.total_s += time.perf_counter() - start
