"""A file that is watched: somebody is told when it was written and then left alone.

One thread of its own; ``watchfiles`` asks the system, nothing polls.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from watchfiles import watch

_log = logging.getLogger(__name__)

# How long nothing more may happen to the file: an editor empties it first and then writes it.
_SETTLED_MS = 60
# However often it is written, it is looked at after so long.
_LONGEST_MS = 1000
_STOP_TIMEOUT_S = 5.0


class FileWatch:
    """Calls back after every change of a file, also one that replaces it by another.

    A file that is empty or gone is taken for one that is about to be written.

    Args:
        path: of the file; its folder has to be there.
        on_change: called on the watching thread; must not raise.
    """

    def __init__(self, path: Path, on_change: Callable[[], None]) -> None:
        # The folder is what is watched: many editors write a new file and rename it.
        # A link's target is watched as well.
        self._paths, self._on_change = {path.absolute(), path.resolve()}, on_change
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watching a file", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End; more than once does nothing more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        changes = watch(
            *{path.parent for path in self._paths},
            watch_filter=lambda _change, path: Path(path) in self._paths,
            debounce=_LONGEST_MS,
            step=_SETTLED_MS,
            stop_event=self._stopping,
            rust_timeout=200,
            recursive=False,
        )
        try:
            for _ in changes:
                if self._is_written():
                    self._on_change()
        except (OSError, RuntimeError) as error:  # what watchfiles raises of the system's
            _log.warning("%s is followed no more: %s", min(self._paths), error)

    def _is_written(self) -> bool:
        return any(path.is_file() and path.stat().st_size > 0 for path in self._paths)
