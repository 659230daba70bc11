"""Inputs by name: the sources of files, pictures, folders and standard input, and their hash."""

from __future__ import annotations

import hashlib
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.errors import SourceError, SourceNotFound
from mattebox.jobs import Kind, input_kind
from mattebox.settings import Settings

if TYPE_CHECKING:
    from mattebox.ports import Source

# Enough to look at and to test with; the synthetic source has no end of its own.
_SYNTHETIC_FRAMES, _SYNTHETIC_SIZE, _SYNTHETIC_RATE = 150, (1280, 720), Fraction(30)


def open_source(name: str, settings: Settings) -> Source:
    """The source that an INPUT names.

    Raises:
        SourceError: it is not there or cannot be read.
        SettingsError: it is a live source.
    """
    kind = input_kind(name)
    limit = settings.input.corrupt_limit
    if kind is Kind.SYNTHETIC:
        from mattebox.sources.synthetic import SyntheticSource

        width, height = _SYNTHETIC_SIZE
        return SyntheticSource(
            width=width, height=height, frames=_SYNTHETIC_FRAMES, rate=_SYNTHETIC_RATE
        )
    if kind is Kind.FOLDER:
        from mattebox.sources.images import FolderSource

        rate = Fraction(settings.input.folder_rate).limit_denominator(1001)
        return FolderSource(Path(name), rate=rate, corrupt_limit=limit)
    if kind is Kind.PICTURE:
        return picture_source(Path(name))
    if kind is Kind.STREAM:
        from mattebox.sources.file import FileSource

        return FileSource(
            sys.stdin.buffer,
            name="standard input",
            container="yuv4mpegpipe",
            corrupt_limit=limit,
        )
    return file_source(Path(name), corrupt_limit=limit)


def file_source(path: Path, *, corrupt_limit: int) -> Source:
    """A video file, opened."""
    from mattebox.sources.file import FileSource

    return FileSource(path, corrupt_limit=corrupt_limit)


def picture_source(path: Path) -> Source:
    """A picture file, opened."""
    from mattebox.sources.images import ImageSource

    return ImageSource(path)


def sha256(path: Path) -> str:
    """The SHA-256 of an input, in hexadecimal.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise SourceNotFound(f"there is no input {path}.", "Check the name.") from error
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}.", "Check it.") from error
