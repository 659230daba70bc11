"""Whether a path is there and is what it should be; the words said where it is not.

Looks at names and sizes only; opening and decoding live in the doors. Any thread.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from mattebox.errors import DecodeError, SourceNotFound


def require_file(path: Path) -> None:
    """Make sure that there is something to read at ``path``.

    Raises:
        SourceNotFound: nothing is there; the message names similar files beside it.
        DecodeError: it is a folder, or has no bytes.
    """
    _require_presence(path)
    if path.is_dir():
        raise DecodeError(
            f"cannot read {path} as a file: it is a folder.",
            "Name one file in it, or give the folder as an input of pictures.",
        )
    if path.is_file() and path.stat().st_size == 0:
        raise DecodeError(
            f"cannot read {path}: it is empty (0 bytes).",
            "Copy or download it again.",
        )


def require_folder(path: Path) -> None:
    """Make sure that ``path`` is a folder.

    Raises:
        SourceNotFound: nothing is there.
        DecodeError: it is a file.
    """
    _require_presence(path)
    if not path.is_dir():
        raise DecodeError(
            f"cannot read {path} as a folder of pictures: it is a file.",
            "Give the folder that it lies in, or read the file by itself.",
        )


def _require_presence(path: Path) -> None:
    try:
        present = path.exists()
    except OSError as error:  # for example a folder on the way that may not be entered
        raise DecodeError(
            f"cannot look at {path}: {error.strerror}.", "Check its permissions."
        ) from error
    if not present:
        raise SourceNotFound(f"nothing is at {path}. {_neighbours(path)}", "Check the name.")


def _neighbours(path: Path) -> str:
    """One sentence on what there is instead."""
    folder = path.parent
    try:
        names = [entry.name for entry in folder.iterdir()]
    except OSError:
        return f"The folder {folder} does not exist either."
    stems = {Path(name).stem.lower() for name in names}
    close = difflib.get_close_matches(path.stem.lower(), stems, n=3, cutoff=0.6)
    similar = [n for stem in close for n in sorted(names) if Path(n).stem.lower() == stem]
    if not similar:
        return "No file beside it has a similar name."
    return f"Beside it: {', '.join(similar[:3])}."
