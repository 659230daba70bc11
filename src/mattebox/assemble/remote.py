"""What a person does to a session that runs, in single words: from keys, signals and files.

Each is carried out on a thread of its own, one after the other: whoever presses a key waits for
nothing.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mattebox.assemble.regions import turned
from mattebox.errors import MatteboxError, SettingsError
from mattebox.settings import Settings, adjusted, with_changes_of

if TYPE_CHECKING:
    from mattebox.assemble.live import LiveRun

_log = logging.getLogger(__name__)

KEYS = {
    "b": "the next backdrop",
    "B": "the one before",
    "m": "mirror",
    "+": "more blur",
    "-": "less blur",
    "p": "pause: film nothing, and show the placeholder; once more films again",
    "q": "end",
}
_BLUR_STEP, _LEAST_BLUR_PX, _MOST_BLUR_PX = 1.25, 4.0, 500.0
# A change that loads a network is left to itself at the end.
_STOP_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is wanted of a session.

    Attributes:
        wanted: gives the settings; may raise.
        done: called once they are in effect.
    """

    wanted: Callable[[], Settings]
    done: Callable[[], None] = lambda: None


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
        self._waiting: queue.SimpleQueue[_Wish | None] = queue.SimpleQueue()
        self._is_closed = False
        # Also where it could not be had, or the next press would only try it again.
        self._tried: str | None = None
        self._first_backdrop = run.settings.backdrop.source
        self._thread = threading.Thread(target=self._work, name="remote control", daemon=True)
        self._thread.start()

    def press(self, key: str) -> None:
        """What a key does, see ``KEYS``; others do nothing. Any thread, any signal."""
        if key == "q":
            self._run.session.stop()
        elif key == "p":
            self._run.on_demand.pause(not self._run.on_demand.is_paused)
        elif key in KEYS:
            self._waiting.put(_Wish(lambda: self._after(key)))

    def follow(
        self, wanted: Callable[[Settings], Settings], done: Callable[[], None] = lambda: None
    ) -> None:
        """Change the settings in effect. Any thread, any signal.

        Args:
            wanted: gives the new ones for those in effect; may raise ``MatteboxError``.
            done: called once they are in effect; not if they are refused.
        """
        self._waiting.put(_Wish(lambda: wanted(self._run.settings), done))

    def close(self) -> None:
        """Do nothing more; what is under way is waited for a moment only."""
        self._is_closed = True
        self._waiting.put(None)
        self._thread.join(_STOP_TIMEOUT_S)

    def _work(self) -> None:
        while (wish := self._waiting.get()) is not None and not self._is_closed:
            try:
                self._fulfil(wish)
            except MatteboxError as error:
                self._on_refusal(error)
            except Exception as error:  # the next wish may be one that can be met
                _log.warning("a change failed", exc_info=True)
                self._on_refusal(MatteboxError(f"{type(error).__name__}: {error}"))

    def _fulfil(self, wish: _Wish) -> None:
        settings = wish.wanted()
        later = self._run.change(settings)
        wish.done()
        self._on_change(settings, later)

    def _after(self, key: str) -> Settings:
        settings = self._run.settings
        if key == "m":
            mirror = {"mirror": not settings.live.mirror}
            return turned(settings, adjusted(settings, {"live": mirror}))
        if key in "bB":
            return adjusted(settings, {"backdrop": {"source": self._next(1 if key == "b" else -1)}})
        return self._blurred(_BLUR_STEP if key == "+" else 1 / _BLUR_STEP)

    def _blurred(self, factor: float) -> Settings:
        """The blur that is shown, made so many times as wide."""
        settings = self._run.settings
        kind, _, radius = settings.backdrop.source.partition(":")
        if kind not in {"auto", "blur"}:
            raise SettingsError(
                f"there is no blur to change: the backdrop is {settings.backdrop.source}.",
                "Press b until it is blur.",
            )
        shown_px = float(radius) if radius else settings.backdrop.blur_px
        radius_px = min(max(shown_px * factor, _LEAST_BLUR_PX), _MOST_BLUR_PX)
        backdrop = {"source": "blur", "blur_px": round(radius_px, 1)}
        return adjusted(settings, {"backdrop": backdrop})

    def _next(self, step: int) -> str:
        """The backdrop so many places further among those that are listed and the first one."""
        settings = self._run.settings
        listed = settings.live.backdrops or ("blur", settings.live.placeholder)
        known = [*dict.fromkeys((self._first_backdrop, *listed))]
        shown = settings.backdrop.source
        last = self._tried if self._tried in known else shown
        at = known.index(last) + step if last in known else 0
        self._tried = known[at % len(known)]
        return self._tried


class ConfigFollower:
    """Brings the changes of a config file to a session, and leaves all else as it is.

    Args:
        remote: of the session.
        read: reads the file and whatever lies above it; may raise ``MatteboxError``.
        first: what it gave at the start.
    """

    def __init__(self, remote: Remote, read: Callable[[], Settings], first: Settings) -> None:
        self._remote, self._read = remote, read
        self._last = self._read_last = first

    def read_again(self) -> None:
        """The file has changed. Any thread, any signal."""
        self._remote.follow(self._wanted, self._remember)

    def _wanted(self, settings: Settings) -> Settings:
        self._read_last = self._read()
        return with_changes_of(settings, self._last, self._read_last)

    def _remember(self) -> None:
        # Not before it is in effect: what was refused has changed nothing.
        self._last = self._read_last
