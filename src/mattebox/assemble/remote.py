"""What a person does to a session that runs, in single words: from keys, signals and files.

Each is carried out on a thread of its own, one after the other: whoever presses a key waits for
nothing.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from mattebox.assemble.regions import mirrored_boxes
from mattebox.errors import MatteboxError
from mattebox.settings import Settings, adjusted, with_changes_of

if TYPE_CHECKING:
    from mattebox.assemble.live import LiveRun

KEYS = {
    "b": "the next backdrop",
    "B": "the one before",
    "m": "mirror",
    "+": "more blur",
    "-": "less blur",
    "q": "end",
}
_BLUR_STEP, _LEAST_BLUR_PX, _MOST_BLUR_PX = 1.25, 4.0, 500.0
_STOP_TIMEOUT_S = 10.0


class Remote:
    """Changes a session on a thread of its own.

    Args:
        run: the session.
        on_change: told of each change: the settings in effect, and the keys that only the next
            start applies.
        on_refusal: told what could not be done; all is as it was.
    """

    def __init__(
        self,
        run: LiveRun,
        *,
        on_change: Callable[[Settings, list[str]], None],
        on_refusal: Callable[[MatteboxError], None],
    ) -> None:
        self._run, self._on_change, self._on_refusal = run, on_change, on_refusal
        self._waiting: queue.SimpleQueue[Callable[[], Settings] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="remote control", daemon=True)
        self._thread.start()

    def press(self, key: str) -> None:
        """What a key does, see ``KEYS``; others do nothing. Any thread, any signal."""
        if key == "q":
            self._run.session.stop()
        elif key in KEYS:
            self._waiting.put(lambda: self._after(key))

    def follow(self, wanted: Callable[[Settings], Settings]) -> None:
        """Change the settings in effect by a function that may raise ``MatteboxError``."""
        self._waiting.put(lambda: wanted(self._run.settings))

    def close(self) -> None:
        """Finish what is under way, and do nothing more."""
        self._waiting.put(None)
        self._thread.join(_STOP_TIMEOUT_S)

    def _work(self) -> None:
        while (wanted := self._waiting.get()) is not None:
            try:
                settings = wanted()
                later = self._run.change(settings)
            except MatteboxError as error:
                self._on_refusal(error)
            else:
                self._on_change(settings, later)

    def _after(self, key: str) -> Settings:
        settings = self._run.settings
        if key == "m":
            # Regions are of the picture as it is shown: they turn with it.
            subject = settings.subject
            changes = {
                "live.mirror": not settings.live.mirror,
                "subject.keep_in": mirrored_boxes(subject.keep_in),
                "subject.keep_out": mirrored_boxes(subject.keep_out),
            }
            return adjusted(settings, changes)
        if key in "bB":
            return adjusted(settings, {"backdrop.source": self._next(1 if key == "b" else -1)})
        factor = _BLUR_STEP if key == "+" else 1 / _BLUR_STEP
        wider = max(settings.backdrop.blur_px, _LEAST_BLUR_PX) * factor
        radius_px = round(min(max(wider, _LEAST_BLUR_PX), _MOST_BLUR_PX), 1)
        return adjusted(settings, {"backdrop.source": "blur", "backdrop.blur_px": radius_px})

    def _next(self, step: int) -> str:
        """The backdrop so many places further in the list; its first where none of it is shown."""
        settings = self._run.settings
        known = settings.live.backdrops or ("blur", settings.live.placeholder)
        shown = settings.backdrop.source
        at = known.index(shown) + step if shown in known else 0
        return known[at % len(known)]


class ConfigFollower:
    """Brings the changes of a config file to a session, and leaves all else as it is.

    Args:
        remote: of the session.
        read: reads the file and whatever lies above it; may raise ``MatteboxError``.
        first: what it gave at the start.
    """

    def __init__(self, remote: Remote, read: Callable[[], Settings], first: Settings) -> None:
        self._remote, self._read, self._last = remote, read, first

    def read_again(self) -> None:
        """The file has changed. Any thread, any signal."""
        self._remote.follow(self._wanted)

    def _wanted(self, settings: Settings) -> Settings:
        before, after = self._last, self._read()
        wanted = with_changes_of(settings, before, after)
        self._last = after
        return wanted
