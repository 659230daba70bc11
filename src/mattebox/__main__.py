"""The program: ``mattebox`` and ``python -m mattebox``."""

from __future__ import annotations

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


if __name__ == "__main__":
    main()
