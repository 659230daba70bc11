"""A live source that films a room in a colour that nothing else has, and what may go wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np
import torch

from fakes import Hook, nothing
from mattebox.backdrops.colour import ColourBackdrop, parse_colour
from mattebox.channel import Overflow
from mattebox.colour import MATRIX_RGB, Colour, Planes, Range
from mattebox.errors import SinkError
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.live.presenter import Presenter
from mattebox.live.session import OfferingSink, Session
from mattebox.live.supervisor import Patience, Supervisor
from mattebox.matting.layers import Composite
from mattebox.pipeline import Output, Pipeline, Plan
from mattebox.pixels import pixel_format
from mattebox.ports import Source

MARKER = (255, 0, 255)  # R, G, B of the room
SUBJECT = (250, 200, 150)
BACKDROP, PLACEHOLDER = (0, 128, 0), (32, 32, 32)
RATE = Fraction(50)
FORMAT = VideoFormat(
    16, 8, pixel_format("gbrp"), Fraction(1, 1000), RATE, Colour(MATRIX_RGB, range=Range.FULL)
)


def planes_of(rgb: tuple[int, int, int]) -> Planes:
    """A picture of one colour."""
    red, green, blue = rgb
    return tuple(np.full((8, 16), value, np.uint8) for value in (green, blue, red))


class Room:
    """Films the room with the subject on its left half, at ``RATE``.

    Args:
        before: called with each frame's index before it is given.
        frames: how many there are until the source ends.
    """

    format = FORMAT
    live = True
    frames_expected = None
    skipped = 0

    def __init__(self, *, before: Hook = nothing, frames: int = 10**6) -> None:
        self._before, self._frames = before, frames
        self.closed = threading.Event()

    def frames(self) -> Iterator[Frame]:
        """One every 20 ms."""
        planes = planes_of(MARKER)
        for plane, value in zip(planes, (SUBJECT[1], SUBJECT[2], SUBJECT[0]), strict=True):
            plane[:, :8] = value
        began = time.monotonic()
        for index in range(self._frames):
            time.sleep(max(0.0, began + index / float(RATE) - time.monotonic()))
            self._before(index)
            yield Frame(planes, FORMAT, 20 * index, arrived_at=time.monotonic())

    def close(self) -> None:
        """Once, says the port."""
        self.closed.set()


def left_half(before: Hook = nothing) -> Callable[[Iterator[list[Frame]]], Iterator[Matte]]:
    """A matting stage that knows where the subject is."""
    alpha = torch.zeros(8, 16)
    alpha[:, :8] = 1

    def stage(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        for number, batch in enumerate(batches):
            before(number)
            for frame in batch:
                yield Matte(frame, alpha)

    return stage


class Watching:
    """A sink that judges each picture as it comes, and keeps no more than a word for it.

    Attributes:
        seen: (moment, "composite", "placeholder" or "room"), one for each picture.
    """

    kept: str | None = None

    def __init__(self, before: Hook = nothing) -> None:
        self.seen: list[tuple[float, str]] = []
        self.pts: list[int] = []
        self.closed = self.aborted = False
        self._before = before

    def open(self, format: VideoFormat) -> None:
        """Any format will do."""

    def write(self, frame: Frame) -> None:
        """Judge one picture."""
        self._before(len(self.seen))
        if self.closed or self.aborted:
            raise SinkError("written to after its end.")
        self.pts.append(frame.pts)
        self.seen.append((time.monotonic(), _kind(frame)))

    def close(self) -> None:
        """Once, says the port."""
        self.closed = True

    def abort(self) -> None:
        """Once, says the port."""
        self.aborted = True

    @property
    def kinds(self) -> list[str]:
        """What was seen, with repetitions left out."""
        kinds = [kind for _, kind in self.seen]
        return [kind for kind, last in zip(kinds, [None, *kinds], strict=False) if kind != last]

    def wait_for(self, kind: str, *, after: float = 0.0, timeout_s: float = 10.0) -> float:
        """The moment at which that kind was first seen after a moment."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for moment, seen in tuple(self.seen):
                if moment > after and seen == kind:
                    return moment
            time.sleep(0.005)
        raise AssertionError(f"no {kind} within {timeout_s} s: {self.kinds}")


def _kind(frame: Frame) -> str:
    green, blue, red = (plane.astype(int) for plane in frame.planes)
    if ((red == MARKER[0]) & (green == MARKER[1]) & (blue == MARKER[2])).any():
        return "room"
    if np.unique(red).size == 1:
        return "placeholder"
    return "composite"


class Stage:
    """A whole session over a room, on a thread, with handles to look at it.

    Args:
        open_source: called for each opening.
        matting: called for each data path.
        before_render: called before each picture is made.
    """

    def __init__(
        self,
        open_source: Callable[[], Source] = Room,
        matting: Callable[[], Callable[[Iterator[list[Frame]]], Iterator[Matte]]] = left_half,
        *,
        before_render: Hook = nothing,
        sinks: list[Watching] | None = None,
        ends_with_source: bool = False,
        frozen_after_s: float = 1.0,
        lost_after_s: float = 0.1,
        stop_timeout_s: float = 1.0,
    ) -> None:
        self.sink = Watching()
        self.sinks = sinks or [self.sink]
        self.failed: list[SinkError] = []
        self.presenter = Presenter(
            self.sinks,
            rate=RATE,
            frozen_after_s=frozen_after_s,
            on_failure=lambda _sink, error: self.failed.append(error),
        )
        self.presenter.open(FORMAT, planes_of(PLACEHOLDER))
        self._matting, self._before_render = matting, before_render
        self._stop_timeout_s = stop_timeout_s
        self.pipelines: list[Pipeline] = []
        patience = Patience(
            lost_after_s=lost_after_s,
            hung_after_s=max(0.5, lost_after_s),
            first_wait_s=0.02,
            longest_wait_s=0.2,
        )
        self.supervisor = Supervisor(
            open_source,
            self._build,
            self.presenter,
            patience=patience,
            ends_with_source=ends_with_source,
        )
        self.session = Session(self.presenter, self.supervisor, stop_timeout_s=3.0)
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Stage:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.session.stop()
        self.join()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join(15)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.session.run()
        except BaseException as error:
            self.error = error

    def _build(self, source: Source) -> Pipeline:
        layer = _Rendering(self._before_render)
        plan = Plan(1, 1, Overflow.DROP_OLDEST, self._stop_timeout_s)
        output = Output(layer, OfferingSink(self.presenter))
        pipeline = Pipeline(source, self._matting(), [output], plan=plan)
        self.pipelines.append(pipeline)
        return pipeline


class _Rendering(Composite):
    def __init__(self, before: Hook) -> None:
        super().__init__(ColourBackdrop(parse_colour("#008000")), None)
        self._before, self._count = before, 0

    def render(self, matte: Matte) -> Frame:
        self._before(self._count)
        self._count += 1
        return replace(super().render(matte))
