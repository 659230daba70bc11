"""What changes a session while it runs: keys, the config file, and SIGHUP to read that again."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.apps.cli.console import Reporter
from mattebox.apps.cli.keys import keys_told
from mattebox.errors import MatteboxError
from mattebox.settings import Settings

if TYPE_CHECKING:
    from mattebox.assemble.live import LiveRun


class Keys:
    """Passes keys on once there is somebody to pass them to; windows are opened before that."""

    def __init__(self) -> None:
        self.to: Callable[[str], None] = lambda _key: None

    def press(self, key: str) -> None:
        """A key was pressed. Any thread."""
        self.to(key)


@contextmanager
def steered(
    run: LiveRun,
    reporter: Reporter,
    keys: Keys,
    settle: Callable[[], Settings],
    config: Path | None,
) -> Iterator[None]:
    """Let keys, the config file and signals change a session while the block runs.

    Args:
        run: the session.
        reporter: is told of each change and each refusal.
        keys: those pressed in a window; the terminal's are added.
        settle: reads the config file and lays the command line over it.
        config: the file that is watched; None: there is none.
    """
    from mattebox.assemble.remote import KEYS, ConfigFollower, Remote

    remote = Remote(run, on_change=_telling_change(reporter), on_refusal=_telling_refusal(reporter))
    with ExitStack() as stack:
        stack.callback(remote.close)
        keys.to = remote.press
        if config is not None:
            follower = ConfigFollower(remote, settle, run.settings)
            stack.enter_context(_watched(config, follower.read_again))
        stack.enter_context(_signals(run))
        if stack.enter_context(keys_told(remote.press)):
            reporter.say("Keys: " + ", ".join(f"{key} {what}" for key, what in KEYS.items()) + ".")
        yield


@contextmanager
def _signals(run: LiveRun) -> Iterator[None]:
    """SIGUSR1 pauses, SIGUSR2 films again; Windows has neither."""
    meanings = {"SIGUSR1": True, "SIGUSR2": False}
    before = {}
    for name, is_paused in meanings.items():
        if (number := getattr(signal, name, None)) is not None:
            before[number] = signal.signal(
                number, lambda *_, is_paused=is_paused: run.on_demand.pause(is_paused)
            )
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _watched(config: Path, on_change: Callable[[], None]) -> Iterator[None]:
    from mattebox.live.watching import FileWatch

    watch = FileWatch(config, on_change)
    hang_up = getattr(signal, "SIGHUP", None)  # Windows has none
    had_terminal = sys.stdin.isatty()

    def read_or_end(*_: object) -> None:
        if had_terminal and not os.isatty(sys.stdin.fileno()):
            raise KeyboardInterrupt  # the terminal was closed: nobody sees any more that it films
        on_change()

    before = None if hang_up is None else signal.signal(hang_up, read_or_end)
    watch.start()
    try:
        yield
    finally:
        watch.close()
        if hang_up is not None:
            signal.signal(hang_up, before)


def _telling_change(reporter: Reporter) -> Callable[[Settings, list[str]], None]:
    def tell(settings: Settings, later: list[str]) -> None:
        reporter.event("settings", backdrop=settings.backdrop.source, later=later)
        reporter.say(f"Changed. Backdrop: {settings.backdrop.source}.")
        if later:
            reporter.say(f"Only the next start applies {', '.join(later)}.")

    return tell


def _telling_refusal(reporter: Reporter) -> Callable[[MatteboxError], None]:
    def tell(error: MatteboxError) -> None:
        reporter.event("settings_refused", message=str(error))
        reporter.say(f"Nothing was changed: {error}")

    return tell
