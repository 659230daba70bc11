"""One backdrop after another: each change is a cross-fade. Knows no backdrop by name.

``open``, ``render`` and ``close`` on the caller's thread; ``switch`` on any.
"""

from __future__ import annotations

import math
import threading

from mattebox.backdrops.moving import mixed
from mattebox.colour import Planes
from mattebox.errors import SourceError
from mattebox.frame import Matte, VideoFormat
from mattebox.ports import Backdrop
from mattebox.timing import seconds


class SwitchBackdrop:
    """A backdrop that can be exchanged for another while pictures are made.

    While one fades into another, a further one waits; of several that wait the newest is taken.

    Args:
        first: shown until another is chosen; this one's from now on.
    """

    def __init__(self, first: Backdrop) -> None:
        self._shown, self._fade_s = first, 0.0
        self._changing = threading.Lock()
        self._next: tuple[Backdrop, float] | None = None
        self._leaving: Backdrop | None = None
        self._since_s = 0.0
        self._is_closed = False

    def open(self, format: VideoFormat) -> None:
        """Open the first one. See ``Backdrop``."""
        self._shown.open(format)

    def switch(self, backdrop: Backdrop, *, fade_s: float) -> None:
        """Fade to a backdrop that is open, from the next frame on; it is this one's from now on.

        Args:
            backdrop: opened for the same format.
            fade_s: how long that takes, in seconds of the frames' own time; 0 cuts.
        """
        with self._changing:
            replaced, self._next = self._next, None if self._is_closed else (backdrop, fade_s)
            unused = backdrop if self._is_closed else replaced and replaced[0]
        if unused is not None:
            unused.close()

    def render(self, matte: Matte) -> Planes:
        """What is shown, or the mixture of what leaves and what comes; read-only."""
        moment_s = seconds(matte.frame.pts, matte.frame.format.time_base)
        self._begin_fading(moment_s)
        arriving = self._shown.render(matte)
        share = self._share(moment_s)
        leaving = self._leaving_planes(matte) if share < 1 else None
        if leaving is None:
            self._end_fading()
            return arriving
        return tuple(mixed(a, b, share) for a, b in zip(leaving, arriving, strict=True))

    def close(self) -> None:
        """Close whatever is open. See ``Backdrop``."""
        with self._changing:
            self._is_closed = True
            waiting, self._next = self._next, None
        for backdrop in (waiting and waiting[0], self._leaving, self._shown):
            if backdrop is not None:
                backdrop.close()
        self._leaving = None

    def _begin_fading(self, moment_s: float) -> None:
        if self._leaving is not None:
            return
        with self._changing:
            arriving, self._next = self._next, None
        if arriving is not None:
            self._leaving, self._since_s = self._shown, moment_s
            self._shown, self._fade_s = arriving

    def _share(self, moment_s: float) -> float:
        """How much of what comes is seen, eased in and out; 1 when nothing leaves any more."""
        if self._leaving is None or not self._fade_s:
            return 1.0
        passed = (moment_s - self._since_s) / self._fade_s
        # A clock that was set back ends the fade: it would stand still otherwise.
        return 1.0 if passed < 0 or passed >= 1 else (1 - math.cos(math.pi * passed)) / 2

    def _leaving_planes(self, matte: Matte) -> Planes | None:
        assert self._leaving is not None, "only where something leaves is it mixed"
        try:
            return self._leaving.render(matte)
        except SourceError:
            return None  # it goes anyway

    def _end_fading(self) -> None:
        if self._leaving is not None:
            self._leaving.close()
            self._leaving = None


class LentBackdrop:
    """A backdrop that somebody else opens and closes."""

    def __init__(self, backdrop: Backdrop) -> None:
        self._backdrop = backdrop

    def open(self, format: VideoFormat) -> None:
        """It is open."""

    def render(self, matte: Matte) -> Planes:
        """As the backdrop's."""
        return self._backdrop.render(matte)

    def close(self) -> None:
        """It stays open."""
