"""Keeps a source running: opens it, runs the data path on it, and opens it again when it is lost.

Whatever goes wrong here shows in the presenter as the placeholder. What is shown lives in
``presenter``; what a data path is, in ``pipeline``. ``run`` is called on a thread of its own,
``check`` on the presenter's thread at every tick, the rest on any.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mattebox.around import SourceAround
from mattebox.errors import SettingsError, SinkError, WeightsError
from mattebox.frame import Frame
from mattebox.live.presenter import Presenter
from mattebox.pipeline import Pipeline
from mattebox.ports import Source
from mattebox.report import Report

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what.

    Attributes:
        lost_after_s: with no frame for so long, the placeholder is shown.
        hung_after_s: with no frame for so long, the source is given up and opened again.
        first_wait_s, longest_wait_s: the time between two tries to open a source, which doubles
            from the first to the longest.
    """

    lost_after_s: float
    hung_after_s: float
    first_wait_s: float
    longest_wait_s: float


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without the source.

    Attributes:
        reason: what ended it.
        lasted_s: seconds from that end to the next frame.
    """

    reason: str
    lasted_s: float


class Watched(SourceAround):
    """A source whose latest frame's arrival any thread may ask for.

    Attributes:
        last_at: ``time.monotonic()`` of the latest frame, or of the opening before the first.
        has_begun: whether there has been a frame.
    """

    def __init__(self, source: Source, on_first: Callable[[], None]) -> None:
        super().__init__(source)
        self._on_first = on_first
        self.last_at = time.monotonic()
        self.has_begun = False

    def frames(self) -> Iterator[Frame]:
        """See ``Source``."""
        for frame in self.within.frames():
            self.last_at = time.monotonic()
            if not self.has_begun:
                self.has_begun = True
                self._on_first()
            yield frame
            del frame  # or it would live on while the next one is waited for


class Supervisor:
    """Runs data paths one after the other until it is told to stop.

    Args:
        open_source: opens the source.
        build: the data path of a source, whose pictures go to the presenter; it closes the source
            if it raises.
        presenter: what shows the placeholder.
        patience: see there.
        on_outage: told of each outage when it is over, on the capture thread.
        ends_with_source: whether the source's end is the end; else that is an outage too.

    Attributes:
        patience: may be exchanged at any time.
        outages: those that are over.
        error: what no waiting mends, once ``run`` has returned.
    """

    def __init__(
        self,
        open_source: Callable[[], Source],
        build: Callable[[Source], Pipeline],
        presenter: Presenter,
        *,
        patience: Patience,
        on_outage: Callable[[Outage], None] = lambda _outage: None,
        ends_with_source: bool = False,
    ) -> None:
        self._open_source, self._build, self._presenter = open_source, build, presenter
        self.patience, self._on_outage = patience, on_outage
        self._ends_with_source = ends_with_source
        self._stopping = threading.Event()
        self._awake = threading.Event()
        self._awake.set()
        self._source: Watched | None = None
        self._pipeline: Pipeline | None = None
        self._report: Report | None = None
        self._lost: tuple[str, float] | None = None
        self._is_asked_for = False
        self._is_silent = self._is_building = False
        self.outages: list[Outage] = []
        self.error: BaseException | None = None

    def run(self) -> None:
        """Keep the source running until ``stop``, or until ``error``; then stop the presenter."""
        try:
            self._keep_running()
        except BaseException as error:  # carried to the presenter's thread
            self.error = error
        finally:
            self._presenter.stop()

    def stop(self) -> None:
        """Release the source and end ``run``. Any thread, any signal."""
        self._stopping.set()
        self._awake.set()
        self.restart()

    def rest(self) -> None:
        """Release the source and show the placeholder until ``wake``. Any thread, any signal."""
        self._awake.clear()
        self.restart()

    def wake(self) -> None:
        """Open the source again, at once. Any thread, any signal."""
        self._awake.set()

    @property
    def is_resting(self) -> bool:
        """Whether the source is released, or about to be, because nobody needs it."""
        return not self._awake.is_set()

    def restart(self) -> None:
        """Give the source up and open it again, because somebody wants that: it is no outage."""
        self._is_asked_for = True
        self._give_up()

    @property
    def is_building(self) -> bool:
        """Whether a data path is being built, which nothing interrupts: a network is loaded."""
        return self._is_building

    def check(self) -> None:
        """Look whether frames still come: show the placeholder if not, give up what hangs."""
        if self.is_resting:
            # At every tick: frames may come until the camera has let go.
            self._presenter.blank()
            return
        source = self._source
        if source is None:
            return
        silent_s = time.monotonic() - source.last_at
        if silent_s > self.patience.hung_after_s:
            self._give_up()
        is_silent = silent_s > self.patience.lost_after_s
        if is_silent and not self._is_silent:
            self._presenter.blank()
        self._is_silent = is_silent

    @property
    def report(self) -> Report | None:
        """The figures of the data path that runs, or ran last."""
        pipeline = self._pipeline
        return self._report if pipeline is None else pipeline.report()

    def _keep_running(self) -> None:
        wait_s = self.patience.first_wait_s
        while not self._stopping.is_set():
            if self.is_resting:
                self._lost = None  # what follows is no outage
            self._awake.wait()
            self._is_asked_for = False
            failure, has_begun = self._attempt()
            if self._stopping.is_set() or (failure is None and self._ends_with_source):
                return
            if self._is_asked_for:
                wait_s = self.patience.first_wait_s
                continue
            self._begin_outage(failure)
            wait_s = self.patience.first_wait_s if has_begun else wait_s
            self._stopping.wait(wait_s)
            wait_s = min(2 * wait_s, self.patience.longest_wait_s)

    def _attempt(self) -> tuple[str | None, bool]:
        """Open the source and run to its end: what failed, and whether there was a frame.

        In words: an error that is kept keeps every picture that was on its way.
        """
        source: Watched | None = None
        if self._stopping.is_set():
            return None, False
        try:
            source = Watched(self._open_source(), self._end_outage)
            self._run(source)
        except (SettingsError, SinkError, WeightsError):
            raise  # no waiting mends it
        except Exception as error:  # the placeholder stands, and it is tried again
            return str(error), source is not None and source.has_begun
        return None, source.has_begun

    def _run(self, source: Watched) -> None:
        self._is_building = True
        try:
            pipeline = self._build(source)
        finally:
            self._is_building = False
        # Only from now on does anybody read it; a network takes seconds to load.
        source.last_at = time.monotonic()
        self._pipeline, self._source = pipeline, source
        try:
            # A stop or a rest that came before the pipeline was there to be aborted.
            if self._stopping.is_set() or self.is_resting:
                pipeline.abort()
            pipeline.run()
        finally:
            self._presenter.blank()
            self._report = pipeline.report()
            self._pipeline = self._source = None

    def _give_up(self) -> None:
        if (pipeline := self._pipeline) is not None:
            pipeline.abort()

    def _begin_outage(self, failure: str | None) -> None:
        if self._lost is not None:
            return
        reason = "the source has ended." if failure is None else failure
        _log.warning("lost the source: %s", reason)
        self._lost = reason, time.monotonic()

    def _end_outage(self) -> None:
        if self._lost is None:
            return
        (reason, since), self._lost = self._lost, None
        outage = Outage(reason, time.monotonic() - since)
        self.outages.append(outage)
        _log.warning("the source is back after %.1f s", outage.lasted_s)
        self._on_outage(outage)
