"""``python -m mattebox``: the command line."""

from mattebox.apps.cli import main

main()
