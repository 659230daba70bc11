"""A source, a matting stage, a layer and a sink that do nothing but tell what happened to them.

Each takes ``before``, called with the item's index before it is given or taken: the place to fail,
to wait or to look around. The shipped synthetic source and memory sink are for everything else.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import torch

from mattebox.channel import Overflow
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.pipeline import Output, Pipeline, Plan
from mattebox.pixels import pixel_format

FORMAT = VideoFormat(4, 2, pixel_format("gray"), Fraction(1, 1000), Fraction(25))
ALPHA = torch.ones(2, 4)

Hook = Callable[[int], None]


def nothing(_index: int) -> None:
    """The hook that lets everything pass."""


def failing_at(index: int, error: BaseException) -> Hook:
    """The hook that raises at one item."""

    def hook(at: int) -> None:
        if at == index:
            raise error

    return hook


class Journal:
    """What happened, in order, on all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.events: list[str] = []

    def note(self, event: str) -> None:
        """Add one event."""
        with self._lock:
            self.events.append(event)

    def count(self, event: str) -> int:
        """How often it happened."""
        return self.events.count(event)

    def place(self, event: str) -> int:
        """Where in the order the event came first."""
        return self.events.index(event)


class CountingSource:
    """Gray frames of one value; counts how many of its frames are alive."""

    format = FORMAT
    skipped = 0

    def __init__(
        self,
        count: int,
        journal: Journal,
        *,
        before: Hook = nothing,
        live: bool = False,
        fail_at_once: BaseException | None = None,
    ) -> None:
        self.frames_expected: int | None = count
        self.live = live
        self.alive = self.most_alive = 0
        self._count, self._journal, self.before = count, journal, before
        self._fail_at_once = fail_at_once
        self._lock = threading.Lock()

    def frames(self) -> Iterator[Frame]:
        """Not a generator itself, so that it can fail when it is called."""
        if self._fail_at_once is not None:
            raise self._fail_at_once
        return self._frames()

    def close(self) -> None:
        """Once, says the port."""
        self._journal.note("source closed")

    def _frames(self) -> Iterator[Frame]:
        for index in range(self._count):
            self._journal.note(f"capture {index} begins")
            self.before(index)
            yield self._frame(index)

    def _frame(self, index: int) -> Frame:
        plane = np.full((2, 4), index % 256, np.uint8)
        with self._lock:
            self.alive += 1
            self.most_alive = max(self.most_alive, self.alive)
        weakref.finalize(plane, self._died)
        return Frame((plane,), FORMAT, pts=index, arrived_at=time.monotonic())

    def _died(self) -> None:
        with self._lock:
            self.alive -= 1


def matting(
    journal: Journal, *, before: Hook = nothing
) -> Callable[[Iterator[list[Frame]]], Iterator[Matte]]:
    """A matting stage of one reused alpha; drops its references as a careful stage does."""

    def stage(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        try:
            for batch in batches:
                while batch:
                    frame = batch.pop(0)
                    before(frame.pts)
                    yield Matte(frame, ALPHA)
                    del frame
        finally:
            journal.note("matting released")

    return stage


class PlainLayer:
    """The frame itself."""

    def __init__(
        self, journal: Journal, *, before: Hook = nothing, refuse: Exception | None = None
    ) -> None:
        self._journal, self._before, self._refuse = journal, before, refuse

    def open(self, format: VideoFormat) -> VideoFormat:
        """The format as it came."""
        self._journal.note("layer opened")
        if self._refuse is not None:
            raise self._refuse
        return format

    def render(self, matte: Matte) -> Frame:
        """The very frame."""
        self._before(matte.frame.pts)
        return matte.frame

    def close(self) -> None:
        """Once, says the port."""
        self._journal.note("layer closed")


class RecordingSink:
    """Notes every call and the pts of every frame; keeps no frame."""

    def __init__(
        self,
        journal: Journal,
        *,
        name: str = "sink",
        before: Hook = nothing,
        refuse: Exception | None = None,
        fail_close: BaseException | None = None,
    ) -> None:
        self.written: list[int] = []
        self.kept: str | None = None
        self._journal, self._name, self._before = journal, name, before
        self._refuse, self._fail_close = refuse, fail_close

    def open(self, format: VideoFormat) -> None:
        """Any format will do."""
        self._journal.note(f"{self._name} opened")
        if self._refuse is not None:
            raise self._refuse

    def write(self, frame: Frame) -> None:
        """Note it, do not keep it."""
        self._before(frame.pts)
        self.written.append(frame.pts)
        self._journal.note(f"write {frame.pts} ends")

    def close(self) -> None:
        """Once, says the port, unless aborted."""
        self._journal.note(f"{self._name} closed")
        if self._fail_close is not None:
            raise self._fail_close

    def abort(self) -> None:
        """Once, says the port, unless closed."""
        self._journal.note(f"{self._name} aborted")
        self.kept = f"{self._name}.partial" if self.written else None


class Rig:
    """A pipeline of the fakes above, with the handles to look at what they did."""

    def __init__(
        self,
        count: int = 20,
        *,
        capture: Hook = nothing,
        matte: Hook = nothing,
        render: Hook = nothing,
        write: Hook = nothing,
        capacity: int = 4,
        at_most: int = 2,
        overflow: Overflow = Overflow.BLOCK,
        stop_timeout_s: float = 5.0,
        live: bool = False,
    ) -> None:
        self.journal = Journal()
        self.source = CountingSource(count, self.journal, before=capture, live=live)
        self.layer = PlainLayer(self.journal, before=render)
        self.sink = RecordingSink(self.journal, before=write)
        self.plain_matting = self.matting = matting(self.journal, before=matte)
        self.outputs = [Output(self.layer, self.sink)]
        self.plan = Plan(capacity, at_most, overflow, stop_timeout_s)

    def build(self) -> Pipeline:
        """The pipeline; change the parts before."""
        return Pipeline(self.source, self.matting, self.outputs, plan=self.plan)
