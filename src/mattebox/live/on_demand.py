"""Whether the camera is needed: it is released while nobody looks, or while a person says so.

Called on the presenter's thread at every tick, but for what says otherwise.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Protocol

from mattebox.live.supervisor import Supervisor

_log = logging.getLogger(__name__)


class Watch(Protocol):
    """Tells how many look at one output."""

    def readers(self) -> int:
        """How many there are now; waits for nothing."""
        ...

    def close(self) -> None:
        """It is asked no more; more than once does nothing more."""
        ...


class OnDemand:
    """Lets a supervisor rest while nobody needs pictures, and wakes it for the first who does.

    Args:
        supervisor: of the source.
        watches: one for each output, this one's from now on; none where nobody can tell who looks,
            which counts as somebody.
        rest_after_s: how long nobody has to look; 0: it never rests by itself.
    """

    def __init__(
        self, supervisor: Supervisor, watches: Sequence[Watch], *, rest_after_s: float
    ) -> None:
        self._supervisor, self._watches = supervisor, tuple(watches)
        self._rest_after_s = rest_after_s
        self._needed_at = time.monotonic()
        self._is_paused = False

    @property
    def is_paused(self) -> bool:
        """Whether a person has said that nothing is to be filmed."""
        return self._is_paused

    def pause(self, is_paused: bool) -> None:
        """Film nothing, or film again. Any thread, any signal; counts from the next tick on."""
        self._is_paused = is_paused

    def look(self) -> None:
        """Somebody looks who is no reader. Any thread."""
        self._needed_at = time.monotonic()

    def check(self) -> None:
        """Rest or wake, if it is time."""
        # Each is asked, or what it was told would wait until it is.
        counts = [watch.readers() for watch in self._watches]
        if not counts or any(counts):
            self._needed_at = time.monotonic()
        idle_s = time.monotonic() - self._needed_at
        is_needed = not self._is_paused and not (0 < self._rest_after_s < idle_s)
        if is_needed and self._supervisor.is_resting:
            _log.info("the camera is needed: opening it")
            self._supervisor.wake()
        elif not is_needed and not self._supervisor.is_resting:
            _log.info("the camera is not needed: releasing it")
            self._supervisor.rest()

    def close(self) -> None:
        """Ask nobody any more."""
        for watch in self._watches:
            watch.close()
