"""The program: ``mattebox`` and ``python -m mattebox``."""

from __future__ import annotations

import signal
import sys

EXIT_INTERRUPTED = 130


def main() -> None:
    """The command line; Ctrl-C is answered from here on, while it is being loaded too."""
    try:
        from mattebox.apps.cli import main as command_line

        command_line()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(EXIT_INTERRUPTED)
    finally:
        # What is left is Python's own end, which another Ctrl-C would break with a traceback.
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
