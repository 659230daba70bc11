"""Which files are pictures, in what order a folder's pictures come, and whether one is there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

# What is read and written as one picture. An animated GIF is a video.
PICTURE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif"}
)


def is_picture(path: Path) -> bool:
    """Whether a file holds a single picture, judged by its name."""
    return path.suffix.lower() in PICTURE_SUFFIXES


def is_there(name: str | Path) -> bool:
    """Whether there is a file or folder of that name; a name that none can have is one of none."""
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


def in_natural_order(paths: Iterable[Path]) -> list[Path]:
    """By name without case, digits by their value and before letters: img2 before img10."""
    return sorted(paths, key=_natural)


def visible_pictures(folder: Path) -> list[Path]:
    """The pictures of a folder, not of folders in it, in natural order; hidden files are left out.

    Raises:
        OSError: it cannot be looked into.
    """
    found = (path for path in folder.iterdir() if is_picture(path))
    return in_natural_order(path for path in found if not path.name.startswith("."))


def _natural(path: Path) -> tuple[list[tuple[bool, int, str]], str]:
    parts = re.findall(r"\d+|\D+", path.stem.lower())
    return [(False, int(p), "") if p.isdecimal() else (True, 0, p) for p in parts], path.name
