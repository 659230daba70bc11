"""Gives every frame of a file its pts: the file's own wherever that can be, else the next best.

Integers in one time base; knows nothing of files. Called on the thread that reads the source.
"""

from __future__ import annotations

from fractions import Fraction

from mattebox.timing import rescale


class Timeline:
    """Places frames in time, each strictly after the one before.

    A pts that increases is passed on exactly. One that is missing is taken from the dts, or is
    the end of the frame before. One that goes back is a fault of the file: the dts takes over
    where it goes on; otherwise the frame is put right behind its predecessor, and where time
    jumped back by more than a second (two recordings in one file) everything that follows is
    moved by as much.

    Args:
        time_base: seconds per tick.
        rate: frames per second, for frames that say neither when nor for how long; 25 where None.
    """

    def __init__(self, time_base: Fraction, rate: Fraction | None) -> None:
        self._second = max(1, rescale(1, Fraction(1), time_base))
        self._step = max(1, rescale(1, 1 / (rate or Fraction(25)), time_base))
        self._last: int | None = None
        self._shift = 0
        self._trust_pts = True
        self.mended = 0  # how many frames went back in time

    def place(self, pts: int | None, dts: int | None, duration: int | None) -> int:
        """The pts to give to the next frame.

        Args:
            pts, dts: what the file says; None where it does not.
            duration: of this very frame, in ticks; None where nobody said.
        """
        now = self._now(pts, dts)
        if self._last is not None and now <= self._last:
            now = self._mend(now, dts)
        self._last = now
        self._step = duration or self._step
        return now

    def _now(self, pts: int | None, dts: int | None) -> int:
        said = pts if self._trust_pts and pts is not None else dts
        said = pts if said is None else said
        if said is not None:
            return said + self._shift
        return 0 if self._last is None else self._last + self._step

    def _mend(self, now: int, dts: int | None) -> int:
        assert self._last is not None
        self.mended += 1
        if dts is not None and dts + self._shift > self._last:
            self._trust_pts = False
            return dts + self._shift
        if self._last - now > self._second:
            self._shift += self._last + self._step - now
            return self._last + self._step
        return self._last + 1
