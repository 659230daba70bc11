"""Where a file lands: checked before anything is made, written beside, moved when complete.

No formats and no pictures here; every sink that leaves a file behind uses it. Called on the
sink's thread.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

from mattebox.errors import SinkError, SinkRefused

# Most file systems end a name at 255 bytes; what is added to a name here stays well under 40.
_LONGEST_STEM = 200


class FinalPlace:
    """The way of one file from a hidden name beside its final name to the final name itself.

    The hidden name is new for every run, so two programs that write to the same name cannot mix,
    and whatever stood in the final place stays whole until ``commit`` replaces it in one step.

    Args:
        path: the final name. A symbolic link is followed: its target is what gets replaced.
        overwrite: whether something that stands there may be replaced.
        forbidden: files that must not be replaced whatever ``overwrite`` says, under any of
            their names: those that are being read.
    """

    def __init__(self, path: Path, *, overwrite: bool, forbidden: Sequence[Path] = ()) -> None:
        self.path = path
        self._overwrite = overwrite
        self._forbidden = tuple(forbidden)
        self._target = path
        self._working: Path | None = None

    def check(self) -> None:
        """Refuse what can be refused without making anything.

        Raises:
            SinkRefused: the place is taken, is being read, is no file, or has no folder.
        """
        refuse_an_unwritable_name(self.path)
        self._target = followed(self.path)
        refuse_missing_folder(self.path, self._target)
        refuse_what_is_read(self.path, self._target, self._forbidden)
        if self._target.exists() and not self._target.is_file():
            kind = "a folder" if self._target.is_dir() else "not an ordinary file"
            raise SinkRefused(
                f"cannot write {self.path}: that is {kind}, and a file is needed.",
                "Give the name of a file, for example one inside that folder.",
            )
        refuse_existing(self.path, self._target, overwrite=self._overwrite)

    def reserve(self) -> Path:
        """Check, then make the empty file to write to; it lies beside the final name.

        Raises:
            SinkRefused: as ``check``, or nothing can be written in that folder.
        """
        self.check()
        stem = shortened(self._target.stem)
        working = self._target.with_name(f".{stem}.{secrets.token_hex(4)}.tmp{self._target.suffix}")
        try:
            # The mode is cut down by the umask, as for any file a program makes.
            os.close(os.open(working, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except OSError as error:
            raise SinkRefused(
                f"cannot write in the folder {self._target.parent}: {error.strerror}.",
                "Choose a folder that you may write to.",
            ) from error
        self._working = working
        return working

    def commit(self) -> None:
        """Move the complete file to its final name.

        Raises:
            SinkError: it cannot be moved, or another file took the name meanwhile and
                ``overwrite`` is off. The complete file is still there; see ``keep``.
        """
        if self._working is None:
            return
        try:
            if self._overwrite:
                self._working.replace(self._target)
            else:
                move_without_replacing(self._working, self._target)
        except FileExistsError as error:
            raise SinkError(
                f"cannot finish {self.path}: another file took that name meanwhile.",
                "Pass --overwrite to replace it.",
            ) from error
        except OSError as error:
            raise SinkError(f"cannot finish {self.path}: {error.strerror}.") from error
        self._working = None

    def keep(self) -> str | None:
        """Move what there is to a name that says it is partial.

        An earlier partial result is replaced only if ``overwrite`` is on; else a number is added.

        Returns:
            The new name, or None if there was nothing.
        """
        if self._working is None:
            return None
        working, self._working = self._working, None
        for place in partial_names(self._target):
            if is_one_of(place, self._forbidden):
                continue
            try:
                if self._overwrite:
                    working.replace(place)
                else:
                    move_without_replacing(working, place)
            except FileExistsError:
                continue
            except OSError:
                return str(working)
            return str(place)
        return str(working)

    def discard(self) -> None:
        """Remove the file that was being written, if any; never raises."""
        if self._working is not None:
            with contextlib.suppress(OSError):
                self._working.unlink(missing_ok=True)
        self._working = None


def partial_names(path: Path) -> list[Path]:
    """``clip.partial.mp4``, ``clip.partial-2.mp4``, …: names for what was not finished."""
    stem = shortened(path.stem)
    marks = ["partial", *(f"partial-{number}" for number in range(2, 1000))]
    return [path.with_name(f"{stem}.{mark}{path.suffix}") for mark in marks]


def shortened(stem: str) -> str:
    """A stem that leaves room for what is added to it."""
    return stem.encode()[:_LONGEST_STEM].decode(errors="ignore")


def refuse_existing(path: Path, target: Path, *, overwrite: bool) -> None:
    """Raise ``SinkRefused`` if something stands at ``target`` and may not be replaced."""
    if target.exists() and not overwrite:
        raise SinkRefused(
            f"cannot write {path}: it exists already, and is not replaced unasked.",
            "Pass --overwrite, or choose another name.",
        )


def move_without_replacing(source: Path, target: Path) -> None:
    """Rename, but raise ``FileExistsError`` instead of replacing what stands at ``target``."""
    try:
        # A hard link is the one portable step that fails if the name is taken.
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        # FAT and some network file systems know no hard links.
        if target.exists():
            raise FileExistsError(str(target)) from None
        source.rename(target)
    else:
        source.unlink()


def followed(path: Path) -> Path:
    """The path with every symbolic link followed; raises ``SinkRefused`` if it is no name."""
    try:
        target = path.resolve()
        target.exists()  # a name too long for the file system fails here
    except (OSError, RuntimeError, ValueError) as error:
        raise SinkRefused(
            f"cannot write {path}: that cannot be the name of a file ({error}).",
            "Choose another name.",
        ) from error
    return target


def refuse_an_unwritable_name(path: Path) -> None:
    """FFmpeg takes names in UTF-8 only.

    Raises:
        SinkRefused: the name has bytes that are none.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise SinkRefused(
            f"cannot write {path!a}: its name is not UTF-8.", "Choose another name."
        ) from error


def refuse_missing_folder(path: Path, target: Path) -> None:
    """Raise ``SinkRefused`` if there is no folder to hold ``target``."""
    folder = target.parent
    if not folder.exists():
        raise SinkRefused(
            f"cannot write {path}: there is no folder {folder}.",
            f"Make it first: mkdir -p '{folder}'",
        )
    if not folder.is_dir():
        raise SinkRefused(
            f"cannot write {path}: {folder} is a file, not a folder.", "Choose another name."
        )


def refuse_what_is_read(path: Path, target: Path, forbidden: Sequence[Path]) -> None:
    """Raise ``SinkRefused`` if ``target`` is a file that must not be replaced."""
    if is_one_of(target, forbidden):
        raise SinkRefused(
            f"cannot write {path}: that is the input itself, or another file that is being read.",
            "Choose another output name; what is read is read until the end.",
        )


def is_one_of(path: Path, others: Sequence[Path]) -> bool:
    """Whether a path leads to one of some files, by whatever links."""
    return any(_is_same_file(path, other) for other in others)


def _is_same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):
        return False
