"""A live session: the presenter on the caller's thread, the supervisor on its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mattebox.errors import StageHung
from mattebox.frame import Frame, VideoFormat
from mattebox.live.on_demand import OnDemand
from mattebox.live.presenter import Presenter
from mattebox.live.supervisor import Supervisor
from mattebox.stages import Headline

# How long the end waits for a network that is being loaded.
_LOADING_S = 1.0


class OfferingSink:
    """A sink that hands its pictures to a presenter, which sends them when it is their time.

    Args:
        presenter: opened; it outlives this sink.
    """

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter

    @property
    def kept(self) -> str | None:
        """Nothing is ever left behind."""
        return None

    def open(self, format: VideoFormat) -> None:
        """What does not fit is refused with the first picture."""

    def write(self, frame: Frame) -> None:
        """Offer one picture."""
        self._presenter.offer(frame)

    def close(self) -> None:
        """The presenter goes on."""

    def abort(self) -> None:
        """The presenter goes on."""


class Session:
    """Runs a presenter and a supervisor together.

    Args:
        presenter: opened.
        supervisor: of the same presenter.
        on_demand: lets the source rest while nobody needs it.
        stop_timeout_s: how long the source may take to be released.

    Attributes:
        has_begun: whether ``run`` was called.
    """

    def __init__(
        self,
        presenter: Presenter,
        supervisor: Supervisor,
        on_demand: OnDemand | None = None,
        *,
        stop_timeout_s: float,
    ) -> None:
        self._presenter, self._supervisor = presenter, supervisor
        self._on_demand = on_demand
        self._stop_timeout_s = stop_timeout_s
        self.has_begun = False

    def run(self, on_tick: Callable[[], None] = lambda: None) -> None:
        """Run until ``stop``, Ctrl-C, or an error that no waiting mends.

        Sinks are finished first, then the source is released.

        Raises:
            MatteboxError: see ``Presenter.run`` and ``Supervisor.error``.
            StageHung: the source was not released in time, and was given up.
            KeyboardInterrupt: Ctrl-C; everything is finished and released.
        """
        self.has_begun = True
        thread = threading.Thread(target=self._supervisor.run, name="supervisor", daemon=True)
        headline = Headline()
        thread.start()

        def tick() -> None:
            if self._on_demand is not None:
                self._on_demand.check()
            self._supervisor.check()
            on_tick()

        headline.attempt(lambda: self._presenter.run(tick))
        headline.attempt(self._supervisor.stop)
        if self._on_demand is not None:
            headline.attempt(self._on_demand.close)
        headline.attempt(lambda: self._wait_for(thread))
        if self._supervisor.error is not None:
            headline.add(self._supervisor.error)
        headline.raise_if_any()

    def stop(self) -> None:
        """End well. Any thread, any signal."""
        self._presenter.stop()

    def _wait_for(self, thread: threading.Thread) -> None:
        thread.join(min(_LOADING_S, self._stop_timeout_s))
        if thread.is_alive() and self._supervisor.is_building:
            return  # it releases the source as soon as the network is loaded, and ends
        thread.join(max(0.0, self._stop_timeout_s - _LOADING_S))
        if thread.is_alive():
            raise StageHung(
                f"the source was not released within {self._stop_timeout_s:g} s and was given up.",
                "Unplug the camera and plug it in again.",
            )
