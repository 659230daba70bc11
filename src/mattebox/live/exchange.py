"""What can be exchanged for another while a data path runs: its matting stage and its layer.

Nothing here prepares anything: what comes is ready to be used. Which threads: see each.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.ports import Backdrop, Layer

MattingStage: TypeAlias = Callable[[Iterator[list[Frame]]], Iterator[Matte]]


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """What a data path has made last.

    Attributes:
        matte: with its frame.
        picture: made of it.
        made_at: ``time.monotonic()``, when it was.
    """

    matte: Matte
    picture: Frame
    made_at: float


def following(
    batches: Iterator[list[Frame]], current: Callable[[], MattingStage]
) -> Iterator[Matte]:
    """Give every frame its matte by the stage that is current when the frame comes.

    A stage that is no longer current gives the mattes that it still owes before the next begins,
    so that every frame has one and they stay in order.

    Args:
        batches: lists of frames; whoever made them closes them.
        current: the stage to be used; asked with every batch, on the matting thread.
    """
    feed = _Feed(batches)
    while not feed.is_over:
        stage = current()
        yield from stage(feed.until(lambda stage=stage: current() is not stage))  # type: ignore[misc]


class _Feed:
    """Batches for one consumer after another; none is lost between two of them."""

    def __init__(self, batches: Iterator[list[Frame]]) -> None:
        self._batches = batches
        self._held: list[Frame] | None = None
        self.is_over = False

    def until(self, is_enough: Callable[[], bool]) -> Iterator[list[Frame]]:
        """The batches up to the one at which it is enough."""
        while True:
            if self._held is None:
                self._held = next(self._batches, None)
            if self._held is None:
                self.is_over = True
                return
            if is_enough():
                return
            batch, self._held = self._held, None
            yield batch
            del batch  # or it would live on while the next one is waited for


class ExchangeableLayer:
    """A layer that can be exchanged for another one between two pictures.

    Args:
        first: used until another is given; this one's from now on.
        behind: a backdrop that the layers share: opened before them and closed after them.

    Attributes:
        glimpse: what was made last; None before the first picture and after the end. Any thread.
    """

    def __init__(self, first: Layer, behind: Backdrop) -> None:
        self._layer, self._behind = first, behind
        self._exchanging = threading.Lock()
        self._next: Layer | None = None
        self._is_closed = False
        self.glimpse: Glimpse | None = None

    def open(self, format: VideoFormat) -> VideoFormat:
        """See ``Layer``."""
        self._behind.open(format)
        return self._layer.open(format)

    def exchange(self, layer: Layer) -> None:
        """Use a layer that is open from the next picture on; it is this one's from now on."""
        with self._exchanging:
            unused = layer if self._is_closed else self._next
            self._next = None if self._is_closed else layer
        if unused is not None:
            unused.close()

    def render(self, matte: Matte) -> Frame:
        """See ``Layer``."""
        with self._exchanging:
            arriving, self._next = self._next, None
        if arriving is not None:
            self._layer.close()
            self._layer = arriving
        picture = self._layer.render(matte)
        self.glimpse = Glimpse(matte, picture, time.monotonic())
        return picture

    def close(self) -> None:
        """See ``Layer``."""
        self.glimpse = None  # there is a picture of the room in it
        with self._exchanging:
            self._is_closed = True
            waiting, self._next = self._next, None
        for layer in (waiting, self._layer):
            if layer is not None:
                layer.close()
        self._behind.close()
