"""The one live session that the page steers: start, stop, change, and what is told of it.

No web here. Everything blocks and may be called from any thread but the event loop's; a lock lets
one change at a time through. Messages and settings may be read from anywhere.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mattebox.apps.studio.errands import Errands
from mattebox.errors import MatteboxError, PipelineError
from mattebox.settings import Settings, adjusted

if TYPE_CHECKING:
    from mattebox.frame import Frame, Matte

State = Literal["idle", "starting", "running", "stopping"]
Tell = Callable[[str], None]

# Messages that are kept.
_REMEMBERED = 50
# As long as a recording may take to be completed.
_STOP_S = 10.0
_CLOSE_S = 0.5


class Runnable(Protocol):
    """A session's loop."""

    def run(self) -> None:
        """Blocks until ``stop``, or raises."""

    def stop(self) -> None:
        """From any thread."""


class Glance(Protocol):
    """The newest matte and the picture made of it."""

    @property
    def matte(self) -> Matte:
        """With the camera's frame."""

    @property
    def picture(self) -> Frame:
        """The composite."""


class Steerable(Protocol):
    """What the page needs of a live session; ``assemble.live.LiveRun`` is one."""

    @property
    def session(self) -> Runnable:
        """To be run."""

    @property
    def mode(self) -> str:
        """What the source gives, in words."""

    @property
    def settings(self) -> Settings:
        """In effect."""

    def change(self, settings: Settings) -> list[str]:
        """Apply other settings; the dotted keys that only a new start applies.

        Raises:
            MatteboxError: something cannot be had; the old settings stay.
        """

    def glimpse(self) -> Glance | None:
        """The newest; None while there is none."""

    def facts(self) -> dict[str, object]:
        """As ``LiveRun.facts``."""

    def story(self) -> list[str]:
        """As ``LiveRun.story``."""


Open = Callable[[str, Sequence[str], Settings, Tell], Steerable]
# Whether what changes between two settings can be had; raises a MatteboxError if not.
Rehearse = Callable[[Settings, Settings], None]


@dataclass(frozen=True, slots=True)
class Said:
    """One message on the page.

    Attributes:
        at: ``time.time()``.
        kind: whether something went wrong.
        text: for a person.
    """

    at: float
    kind: Literal["info", "error"]
    text: str


class Director:
    """Holds the settings and at most one running session.

    Args:
        open: makes a session, see ``open_session``.
        settings: to begin with.
        rehearse: looks at a change while no session runs that would.
    """

    def __init__(
        self, open: Open, settings: Settings, rehearse: Rehearse = lambda _before, _after: None
    ) -> None:
        self._open, self._settings, self._rehearse = open, settings, rehearse
        self._steering = threading.Lock()
        self._errands = Errands()
        self._farewells: list[Callable[[], None]] = []
        self._run: Steerable | None = None
        self._thread: threading.Thread | None = None
        self._state: State = "idle"
        self._is_closing = False
        self.input, self.outputs = "camera:0", tuple[str, ...]()
        self.said: deque[Said] = deque(maxlen=_REMEMBERED)
        self.needs_start: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """What it is doing."""
        return self._state

    @property
    def settings(self) -> Settings:
        """In effect, or to be used with the next start."""
        return self._settings

    @property
    def mode(self) -> str:
        """What the source gives, in words; empty where nothing runs."""
        run = self._run
        return "" if run is None else run.mode

    def choose(self, input: str, outputs: Sequence[str]) -> None:
        """What the next start takes where nobody says otherwise."""
        self.input, self.outputs = input, tuple(outputs)

    def when_over(self, farewell: Callable[[], None]) -> None:
        """Call this after every session, before ``stop`` returns."""
        self._farewells.append(farewell)

    def start_soon(self) -> None:
        """Start what is chosen, on a thread of its own; what goes wrong stands on the page."""

        def work() -> None:
            try:
                self.start(self.input, self.outputs)
            except MatteboxError as error:
                self.complain(error)

        threading.Thread(target=work, name="studio start", daemon=True).start()

    def start(self, input: str, outputs: Sequence[str]) -> None:
        """Open a session and run it; one that runs is stopped first.

        Raises:
            MatteboxError: it cannot be opened, or the program ends.
        """
        self._errands.run(lambda: self._begin(input, outputs))

    def _begin(self, input: str, outputs: Sequence[str]) -> None:
        with self._steering:
            self._stop()
            self._state = "starting"
            try:
                run = self._open(input, outputs, self._settings, self._tell)
            except BaseException:
                self._state = "idle"
                raise
            self.input, self.outputs, self.needs_start = input, tuple(outputs), ()
            self._run, self._state = run, "running"
            self._thread = threading.Thread(
                target=self._work, args=(run,), name="studio session", daemon=True
            )
            self._thread.start()
            if self._is_closing:
                run.session.stop()
            self._tell(f"{input}: {run.mode}.")

    def stop(self) -> None:
        """Stop what runs; recordings are complete afterwards.

        Raises:
            PipelineError: it did not stop in time.
        """
        with self._steering:
            self._stop()

    def close(self) -> None:
        """Stop what runs, for good; a start or change that is under way is not waited for.

        Raises:
            PipelineError: it did not stop in time.
        """
        wait_s, self._is_closing = 0.0 if self._is_closing else _CLOSE_S, True
        # Whoever presses Ctrl-C while torch is being loaded does not want to see it loaded.
        self._errands.end()
        is_ours = self._steering.acquire(timeout=wait_s)
        try:
            # Under way is a start, which has nothing to stop, or a change, which goes down with it.
            self._stop()
        finally:
            if is_ours:
                self._steering.release()

    def apply(self, settings: Settings) -> list[str]:
        """Put these settings into effect, now or with the next start.

        Returns:
            the dotted keys that only a new start applies.

        Raises:
            MatteboxError: something cannot be had; the old settings stay.
        """
        return self._errands.run(lambda: self._changed(lambda: settings))

    def adjust(self, change: Mapping[str, object]) -> list[str]:
        """``apply`` with a nested mapping over what is in effect.

        Raises:
            MatteboxError: as ``apply``; a value that is not allowed is a SettingsError.
        """
        return self._errands.run(lambda: self._changed(lambda: adjusted(self._settings, change)))

    def glimpse(self) -> Glance | None:
        """The newest matte and picture; None while there is none."""
        run = self._run
        return None if run is None else run.glimpse()

    def facts(self) -> dict[str, Any]:
        """Everything that a script or the page may want to know, as plain values."""
        run = self._run
        return {
            "state": self._state,
            "input": self.input,
            "outputs": list(self.outputs),
            "mode": self.mode,
            "needs_start": list(self.needs_start),
            "messages": [{"at": s.at, "kind": s.kind, "text": s.text} for s in self.said],
            "settings": self._settings.model_dump(mode="json"),
            "live": None if run is None else run.facts(),
        }

    def complain(self, error: MatteboxError) -> None:
        """Keep an error for the page."""
        self.said.append(Said(time.time(), "error", str(error)))

    def _changed(self, settings: Callable[[], Settings]) -> list[str]:
        with self._steering:
            return self._apply(settings())

    def _apply(self, settings: Settings) -> list[str]:
        waiting: list[str] = []
        if (run := self._run) is not None:
            waiting = run.change(settings)
            self.needs_start = tuple(dict.fromkeys((*self.needs_start, *waiting)))
        else:
            self._rehearse(self._settings, settings)
        self._settings = settings
        return waiting

    def _tell(self, text: str) -> None:
        self.said.append(Said(time.time(), "info", text))

    def _work(self, run: Steerable) -> None:
        """The session's thread, from beginning to end."""
        try:
            run.session.run()
        except MatteboxError as error:
            self.complain(error)
        except Exception as error:  # the top of a thread: it has to be seen on the page
            self.complain(PipelineError(f"{type(error).__name__}: {error}."))
        finally:
            for line in run.story():
                self._tell(line)
            self._run, self._state = None, "idle"
            for farewell in self._farewells:
                farewell()

    def _stop(self) -> None:
        run, thread = self._run, self._thread
        if run is None or thread is None:
            return
        self._state = "stopping"
        run.session.stop()
        thread.join(_STOP_S)
        if thread.is_alive():
            raise PipelineError(
                f"the session did not stop within {_STOP_S:g} s.", "Stop the program with Ctrl-C."
            )


def open_session(input: str, outputs: Sequence[str], settings: Settings, tell: Tell) -> Steerable:
    """A real live session; what happens on the way is told in words.

    Raises:
        MatteboxError: as ``open_live``.
    """
    from mattebox.assemble.live import open_live

    return open_live(
        input,
        outputs,
        settings,
        on_outage=lambda outage: tell(f"The source was lost: {outage.reason}"),
        on_failure=lambda _sink, error: tell(f"An output failed, the others go on: {error}"),
    )


def rehearse(before: Settings, after: Settings) -> None:
    """See ``assemble.rehearsal``, which is loaded when it is needed.

    Raises:
        MatteboxError: what the change names cannot be had.
    """
    from mattebox.assemble.rehearsal import rehearse as look

    look(before, after)
