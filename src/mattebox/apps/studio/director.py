"""The one live session that the page steers: start, stop, change, and what is told of it.

No web here. Everything blocks and may be called from any thread but the event loop's; a lock lets
one change at a time through. Messages and settings may be read from anywhere.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Literal

from mattebox.apps.studio.errands import Errands
from mattebox.apps.studio.lending import Kind, Lent, keep, lend, names_regions, own
from mattebox.apps.studio.sessions import Glance, Open, Rehearse, Steerable
from mattebox.assemble.regions import turned
from mattebox.errors import MatteboxError, PipelineError
from mattebox.settings import Box, Settings, adjusted

State = Literal["idle", "starting", "running", "stopping"]

# Messages that are kept.
_REMEMBERED = 50
# As long as a recording may take to be completed.
_STOP_S = 10.0
_CLOSE_S = 0.5


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
        open: makes a session, see ``sessions.open_session``.
        settings: to begin with.
        rehearse: looks at a change while no session runs that would.
    """

    def __init__(
        self, open: Open, settings: Settings, rehearse: Rehearse = lambda _before, _after: None
    ) -> None:
        self._open, self._settings, self._lent = open, settings, Lent()
        self._rehearse = rehearse
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
    def own_settings(self) -> Settings:
        """Those in effect without what is remembered for the camera: for presets and files."""
        return own(self._settings, self._lent)

    @property
    def names_regions(self) -> bool:
        """Whether the settings have regions that are not those remembered for the camera."""
        return names_regions(self._settings, self._lent)

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
            settings, lent = lend(self.own_settings, input)
            held = ExitStack()
            try:
                run = held.enter_context(self._open(input, outputs, settings, self._tell))
            except BaseException:
                self._state = "idle"
                raise
            self._settings, self._lent = settings, lent
            self.input, self.outputs, self.needs_start = input, tuple(outputs), ()
            self._run, self._state = run, "running"
            self._thread = threading.Thread(
                target=self._work, args=(run, held), name="studio session", daemon=True
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

        A session that runs keeps what is remembered for its camera, unless they name regions.

        Returns:
            the dotted keys that only a new start applies.

        Raises:
            MatteboxError: something cannot be had; the old settings stay.
        """
        return self._errands.run(lambda: self._replaced(settings))

    def adjust(self, change: Mapping[str, object]) -> list[str]:
        """Lay a nested mapping over what is in effect; regions turn with the mirror.

        Returns:
            the dotted keys that only a new start applies.

        Raises:
            MatteboxError: as ``apply``; a value that is not allowed is a SettingsError.
        """
        return self._errands.run(lambda: self._adjusted(change))

    def mark(self, kind: Kind, box: Box) -> None:
        """Add a region of the picture as it is shown.

        It is remembered for the camera, unless the settings name regions themselves.

        Raises:
            MatteboxError: it is none, or cannot be remembered; then it is in effect nevertheless.
        """
        self._errands.run(lambda: self._outlined(kind, lambda boxes: (*boxes, box)))

    def unmark(self, kind: Kind, box: Box) -> None:
        """Remove a region, and from what is remembered too; another's does nothing.

        Raises:
            MatteboxError: as ``mark``.
        """

        def without(boxes: tuple[Box, ...]) -> tuple[Box, ...]:
            return tuple(each for each in boxes if each != box)

        self._errands.run(lambda: self._outlined(kind, without))

    def remember_regions(self) -> None:
        """Remember the regions in effect for the camera, instead of any before.

        Raises:
            SettingsError: they cannot be written.
        """
        with self._steering:
            self._lent = keep(self._settings, self._lent.camera or self.input)

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

    def _replaced(self, settings: Settings) -> list[str]:
        with self._steering:
            lent = self._lent
            if self._run is not None:
                settings, lent = lend(settings, self.input)
            waiting = self._apply(settings)
            self._lent = lent
            return waiting

    def _adjusted(self, change: Mapping[str, object]) -> list[str]:
        with self._steering:
            return self._apply(turned(self._settings, adjusted(self._settings, change)))

    def _apply(self, settings: Settings) -> list[str]:
        waiting: list[str] = []
        if (run := self._run) is not None:
            waiting = run.change(settings)
            self.needs_start = tuple(dict.fromkeys((*self.needs_start, *waiting)))
        else:
            self._rehearse(self._settings, settings)
        self._settings = settings
        return waiting

    def _outlined(self, kind: Kind, change: Callable[[tuple[Box, ...]], tuple[Box, ...]]) -> None:
        with self._steering:
            is_own = self.names_regions
            boxes = change(getattr(self._settings.subject, kind))
            self._apply(adjusted(self._settings, {"subject": {kind: boxes}}))
            if not is_own and self._lent.camera:
                self._lent = keep(self._settings, self._lent.camera)

    def _tell(self, text: str) -> None:
        self.said.append(Said(time.time(), "info", text))

    def _work(self, run: Steerable, held: ExitStack) -> None:
        """The session's thread, from beginning to end."""
        try:
            with held:
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
