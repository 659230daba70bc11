"""What comes in from a browser: its name, and its bytes while they arrive.

Names are made harmless, bytes are counted as they come, so that a body without end is broken off at
the limit and leaves nothing behind. What the bytes are is looked at in ``gallery`` and ``headers``.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import unicodedata
from collections.abc import AsyncIterator
from pathlib import Path

from mattebox.errors import SinkError, SourceError

# Long enough for people, short enough for every file system with a suffix.
_LONGEST_NAME = 80
_RESERVED = {"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(10))}


class TooLarge(SourceError):  # noqa: N818 (says what is, not that it errs)
    """The refusal of a body that is longer than ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the file is larger than {limit / 1e6:.0f} MB, which is the most that is taken.",
            "Make it smaller, or give its path on this machine.",
        )


def harmless(name: str, otherwise: str) -> str:
    """A file name without its folders, suffix and everything that a file system may mind.

    Args:
        name: as the browser or a person gave it.
        otherwise: where nothing is left of it.
    """
    last = re.split(r"[\\/]", name)[-1]
    return harmless_stem(last.rpartition(".")[0] or last, otherwise)


def harmless_stem(stem: str, otherwise: str) -> str:
    """A name that has no suffix, likewise."""
    last = re.split(r"[\\/]", unicodedata.normalize("NFC", stem))[-1]
    plain = re.sub(r"[^\w .()-]+", "-", last).strip(" .-")[:_LONGEST_NAME].strip(" .-")
    if plain.lower() in _RESERVED:
        plain = f"{plain}-"
    return plain or otherwise


def harmless_suffix(name: str) -> str:
    """The suffix of a name in lower case, letters and digits only; empty where there is none."""
    suffix = Path(name.replace("\\", "/")).suffix.lower()
    return suffix if re.fullmatch(r"\.[a-z0-9]{1,5}", suffix) else ""


async def receive(chunks: AsyncIterator[bytes], folder: Path, suffix: str, limit: int) -> Path:
    """Write what arrives into a new file of a random name.

    Args:
        chunks: the body.
        folder: made if it is not there.
        suffix: of the file.
        limit: bytes.

    Raises:
        TooLarge: there is more than ``limit``; nothing is kept.
        SourceError: there is nothing, or it broke off; nothing is kept.
        SinkError: it cannot be written.
    """
    path = folder / f"{secrets.token_hex(8)}{suffix}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        await _write(chunks, path, limit)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise SinkError(
            f"cannot keep the upload in {folder}: {error.strerror}.", "Make room on that disk."
        ) from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


async def _write(chunks: AsyncIterator[bytes], path: Path, limit: int) -> None:
    size = 0
    with path.open("wb") as file:
        async for chunk in chunks:
            size += len(chunk)
            if size > limit:
                raise TooLarge(limit)
            await asyncio.to_thread(file.write, chunk)
    if not size:
        raise SourceError("the upload is empty.", "Choose a file with something in it.")
