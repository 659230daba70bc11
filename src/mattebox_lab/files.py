"""Files that are there whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from mattebox.errors import SinkError


def write_whole(path: Path, data: bytes, advice: str) -> None:
    """Write a file under another name first, and put it in place when it is complete.

    Args:
        path: whose old content stays until then.
        data: all of it.
        advice: the next step of whoever cannot write there.

    Raises:
        SinkError: it cannot be written; nothing is left of the attempt.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise SinkError(f"cannot write {path}: {error.strerror or error}.", advice) from error
