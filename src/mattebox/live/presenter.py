"""What the other side sees: the newest picture, or the placeholder, at a steady rate.

The rule of failing closed lives here, and here alone: nothing is ever sent but pictures that were
made of a matte and offered, and the placeholder. Whatever stops before this stage can only make
the placeholder appear. Where pictures come from lives in ``supervisor``.

``offer`` and ``blank`` may be called from any thread; all else on one thread, the sinks' own.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from mattebox.colour import Planes
from mattebox.errors import FrameError, SinkClosed, SinkError
from mattebox.frame import Frame, VideoFormat
from mattebox.live.pace import Pacer
from mattebox.ports import Sink
from mattebox.report import Reservoir
from mattebox.stages import Headline

_SAMPLES = 2048
# How late the last ticks were, for the figures.
_RECENT = 512
# A nap that a stop has to wait for, at most.
_LONGEST_NAP_S = 0.1


@dataclass(frozen=True, slots=True)
class PresenterFigures:
    """What was offered and what was shown, up to one moment.

    The laws: ``offered == shown + superseded + refused + waiting``, and
    ``ticks == shown + repeated + placeholders``.

    Attributes:
        offered: pictures that came.
        shown: those of them that were sent, counted at their first time.
        superseded: those that a newer one took the place of before they were sent.
        refused: those that came from before the placeholder was asked for.
        waiting: 1 if one has come and not been sent yet.
        ticks: pictures sent, of all kinds.
        repeated: ticks at which the same picture was sent again.
        placeholders: ticks at which the placeholder was sent.
        latency_p50_s, latency_p95_s: seconds from a frame's arrival in the program until it was
            sent; None before the first.
        lateness_p95_s: how much later than its moment a tick was sent, 95th percentile of the last
            512; None before the first.
    """

    offered: int
    shown: int
    superseded: int
    refused: int
    waiting: int
    ticks: int
    repeated: int
    placeholders: int
    latency_p50_s: float | None
    latency_p95_s: float | None
    lateness_p95_s: float | None


class Presenter:
    """Sends the newest picture to the sinks at every tick; the placeholder where there is none.

    A sink that fails is aborted and left out, and the others go on; when none is left, its error
    ends the show. One that somebody has closed is left out as well; when none is left, that is an
    end like ``stop``.

    Args:
        sinks: the presenter's from ``open`` on; none where somebody only looks at the pictures.
        rate: pictures per second.
        frozen_after_s: how long a picture may stand with no newer one before the placeholder takes
            its place. That a source has stopped is told by ``blank``, much earlier.
        on_failure: told of each sink that failed, with its error.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        rate: Fraction,
        frozen_after_s: float,
        on_failure: Callable[[Sink, SinkError], None] = lambda _sink, _error: None,
    ) -> None:
        self._sinks, self._rate, self._frozen_after_s = list(sinks), rate, frozen_after_s
        self._on_failure = on_failure
        self._format: VideoFormat | None = None
        self._placeholder: Planes = ()
        self._showing = threading.Lock()
        self._stopped = False
        self._picture: Frame | None = None
        self._is_new = False
        self._picture_since = 0.0
        self._blank_since = float("-inf")
        self._offered = self._shown = self._superseded = self._refused = 0
        self._ticks = self._repeated = self._placeholders = 0
        self._latency = Reservoir(_SAMPLES)
        self._lateness: deque[float] = deque(maxlen=_RECENT)

    def open(self, format: VideoFormat, placeholder: Planes) -> None:
        """Open every sink, or none.

        Args:
            format: of every picture that will be offered, and of the placeholder.
            placeholder: its planes.

        Raises:
            SinkRefused: a sink does not take it; those already open were aborted.
        """
        ticking = replace(format, time_base=1 / self._rate, rate=self._rate)
        self._format = ticking
        self._placeholder = Frame(placeholder, ticking, 0).planes
        for sink in self._sinks:
            try:
                sink.open(ticking)
            except BaseException:
                self.abort()
                raise

    @property
    def format(self) -> VideoFormat:
        """Of the pictures that are sent; known from ``open`` on."""
        assert self._format is not None, "a presenter is opened first"
        return self._format

    def offer(self, picture: Frame) -> None:
        """Show this picture from the next tick on. Any thread.

        Raises:
            FrameError: it is of another size or layout than the one opened for.
        """
        assert self._format is not None, "a presenter is opened first"
        if picture.format.plane_shapes != self._format.plane_shapes:
            raise FrameError(f"cannot show {picture.format} in a picture of {self._format}.")
        with self._showing:
            self._offered += 1
            if picture.arrived_at <= self._blank_since:
                self._refused += 1
                return
            self._superseded += self._is_new
            self._picture, self._is_new = picture, True
            self._picture_since = time.monotonic()

    def blank(self) -> None:
        """Show the placeholder from now on, until a picture of a later frame is offered."""
        with self._showing:
            self._blank_since = time.monotonic()
            self._superseded += self._is_new
            self._picture, self._is_new = None, False

    def stand(self, frozen_after_s: float) -> None:
        """Let a picture stand for so long with no newer one, from now on. Any thread."""
        self._frozen_after_s = frozen_after_s

    def replace_placeholder(self, placeholder: Planes) -> None:
        """Another placeholder, of the same format. Any thread."""
        assert self._format is not None, "a presenter is opened first"
        planes = Frame(placeholder, self._format, 0).planes
        with self._showing:
            self._placeholder = planes

    def run(self, on_tick: Callable[[], None] = lambda: None) -> None:
        """Send pictures until ``stop``; then finish the sinks.

        Args:
            on_tick: called before every tick, on this thread.

        Raises:
            SinkError: the last sink failed, or a sink could not be finished.
            KeyboardInterrupt: Ctrl-C; the sinks are finished first.
        """
        headline = Headline()
        try:
            self._send_until_stopped(on_tick)
        except BaseException as error:  # all of it is raised again below
            headline.add(error)
        for sink in self._sinks:
            headline.attempt(sink.close)
        headline.raise_if_any()

    def stop(self) -> None:
        """Send nothing more. Any thread, any signal; more than once does nothing more."""
        # No lock: a signal handler may have interrupted the thread that holds it.
        self._stopped = True

    def abort(self) -> None:
        """Abort every sink: for when it never came to a ``run``."""
        for sink in self._sinks:
            sink.abort()

    @property
    def figures(self) -> PresenterFigures:
        """What was shown so far; any thread may ask."""
        with self._showing:
            late = sorted(self._lateness)
            return PresenterFigures(
                offered=self._offered,
                shown=self._shown,
                superseded=self._superseded,
                refused=self._refused,
                waiting=int(self._is_new),
                ticks=self._ticks,
                repeated=self._repeated,
                placeholders=self._placeholders,
                latency_p50_s=self._latency.quantile(0.50),
                latency_p95_s=self._latency.quantile(0.95),
                lateness_p95_s=late[int(0.95 * (len(late) - 1))] if late else None,
            )

    def _send_until_stopped(self, on_tick: Callable[[], None]) -> None:
        pacer = Pacer(self._rate)
        while not self._stopped:
            if (wait_s := pacer.due_in_s) > 0:
                time.sleep(min(wait_s, _LONGEST_NAP_S))
                continue
            on_tick()
            tick, late_s = pacer.take()
            self._lateness.append(late_s)
            self._send(self._choose(tick))

    def _choose(self, tick: int) -> Frame:
        """The picture for a tick; the placeholder where there is none, or none that is fresh."""
        assert self._format is not None, "a presenter is opened first"
        with self._showing:
            self._ticks += 1
            now = time.monotonic()
            if self._picture is None or now - self._picture_since > self._frozen_after_s:
                self._placeholders += 1
                return Frame(self._placeholder, self._format, tick, duration=1)
            picture = self._picture
            if self._is_new:
                self._is_new = False
                self._shown += 1
                self._latency.add(now - picture.arrived_at)
            else:
                self._repeated += 1
        return replace(picture, format=self._format, pts=tick, duration=1)

    def _send(self, picture: Frame) -> None:
        for sink in tuple(self._sinks):
            try:
                sink.write(picture)
            except SinkError as error:
                self._leave_out(sink, error)

    def _leave_out(self, sink: Sink, error: SinkError) -> None:
        is_over = isinstance(error, SinkClosed)
        self._sinks.remove(sink)
        if is_over:
            sink.close()
        else:
            sink.abort()
        if sink.kept is not None:
            error.add_note(f"what was finished is kept in {sink.kept}")
        if not self._sinks and is_over:
            self.stop()
        elif not self._sinks:
            raise error
        elif not is_over:
            self._on_failure(sink, error)
