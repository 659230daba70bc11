"""Ticks of a clock at a steady rate, so that errors never add up. One thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction


class Pacer:
    """Counts the ticks since an anchor; a tick that was slept through is left out, not made up for.

    Args:
        rate: ticks per second.
        clock: seconds that never run back.
    """

    def __init__(self, rate: Fraction, clock: Callable[[], float] = time.monotonic) -> None:
        if rate <= 0:
            raise ValueError(f"a rate of {rate} ticks per second has no next tick.")
        self._rate, self._clock = float(rate), clock
        self._anchor: float | None = None
        self._tick = -1

    @property
    def due_in_s(self) -> float:
        """Seconds until the next tick; 0 when it is due, or was."""
        if self._anchor is None:
            return 0.0
        return max(0.0, self._moment(self._tick + 1) - self._clock())

    def take(self) -> tuple[int, float]:
        """The tick that is due: its number, larger than the last, and how late it is in s."""
        now = self._clock()
        if self._anchor is None:
            self._anchor = now
        passed = int((now - self._anchor) * self._rate)
        self._tick = max(self._tick + 1, passed)
        return self._tick, max(0.0, now - self._moment(self._tick))

    def _moment(self, tick: int) -> float:
        assert self._anchor is not None
        return self._anchor + tick / self._rate
