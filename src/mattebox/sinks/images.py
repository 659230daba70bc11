"""Still pictures as sinks: one picture in a file, or numbered ones in a folder.

How a frame becomes a picture's bytes is in ``stills``. Called on one thread.
"""

from __future__ import annotations

import contextlib
import re
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.sinks.final_place import (
    FinalPlace,
    followed,
    is_one_of,
    move_without_replacing,
    partial_names,
    refuse_missing_folder,
    refuse_what_is_read,
)
from mattebox.sinks.stills import check_still, encode_still

_NUMBERED = re.compile(r"\d{6,}")


class ImageSink:
    """Writes one picture.

    Args:
        path: where; .png .webp .jpg .tiff .bmp .avif.
        quality: 0 to 100, for the formats that lose something.
        overwrite: whether an existing file may be replaced.
        forbidden: files that are read and must never be replaced.
    """

    def __init__(
        self, path: Path, *, quality: int, overwrite: bool, forbidden: Sequence[Path] = ()
    ) -> None:
        self._path = path
        self._quality = quality
        self._place = FinalPlace(path, overwrite=overwrite, forbidden=forbidden)
        self._working: Path | None = None
        self._is_written = False
        self._kept: str | None = None

    @property
    def kept(self) -> str | None:
        """After ``abort``: where the picture is; None if there is none."""
        return self._kept

    def open(self, format: VideoFormat) -> None:
        """Check the name, the place and whether the picture format can hold the frames."""
        check_still(str(self._path), self._path.suffix, format)
        self._working = self._place.reserve()

    def write(self, frame: Frame) -> None:
        """Encode the picture."""
        if self._working is None:
            raise SinkError(f"cannot write to {self._path}: it is not open.")
        if self._is_written:
            raise SinkError(
                f"cannot write a second picture to {self._path}: it holds one picture.",
                "Write to a folder for numbered pictures, or to a video file.",
            )
        data = encode_still(frame, self._path.suffix, self._quality)
        _store(self._working, data, meant_for=self._path)
        self._is_written = True

    def close(self) -> None:
        """Move the picture to its final name."""
        try:
            if not self._is_written:
                raise SinkError(f"nothing was written to {self._path}: no picture came.")
            self._place.commit()
        except SinkError:
            self.abort()
            raise
        self._working = None

    def abort(self) -> None:
        """Keep the picture, if it was finished, under a partial name."""
        if self._working is not None and self._is_written:
            self._kept = self._place.keep()
        self._place.discard()
        self._working = None


class FolderSink:
    """Writes every picture into a folder: ``000000.png``, ``000001.png``, ….

    A picture's number is its frame's, as ``--fix`` counts them.
    The pictures are collected in a hidden folder and appear together when all are there. Into a
    folder that exists they are moved one by one: pictures of the same number are replaced, those
    of an earlier run that go on right after the last number are removed, and all else stays.

    Args:
        path: the folder; it is made if it is not there.
        suffix: of the pictures, for example ``.png``.
        quality: 0 to 100, for the formats that lose something.
        overwrite: whether a folder with something in it may be used.
        forbidden: files (or a folder of them) that are read and must never be replaced.
    """

    def __init__(
        self,
        path: Path,
        *,
        suffix: str,
        quality: int,
        overwrite: bool,
        forbidden: Sequence[Path] = (),
    ) -> None:
        self._path = path
        self._suffix = suffix
        self._quality = quality
        self._overwrite = overwrite
        self._forbidden = tuple(forbidden)
        self._target = path
        self._working: Path | None = None
        self._pictures = 0
        self._kept: str | None = None

    @property
    def kept(self) -> str | None:
        """After ``abort``: the folder with the pictures that were finished; None if none were."""
        return self._kept

    def open(self, format: VideoFormat) -> None:
        """Check the suffix and the place, and make the folder to collect in."""
        check_still(f"pictures into {self._path}", self._suffix, format)
        self._target = followed(self._path)
        refuse_missing_folder(self._path, self._target)
        self._refuse_what_stands_there()
        mark = secrets.token_hex(4)
        # Inside a folder that exists: it may be the only place on that disk open to us.
        within = self._target if self._target.is_dir() else self._target.parent
        working = within / f".{self._target.name}.{mark}.tmp"
        try:
            working.mkdir()
        except OSError as error:
            raise SinkRefused(
                f"cannot write in the folder {within}: {error.strerror}.",
                "Choose a folder that you may write to.",
            ) from error
        self._working = working

    def write(self, frame: Frame) -> None:
        """Encode the next picture."""
        if self._working is None:
            raise SinkError(f"cannot write to {self._path}: it is not open.")
        data = encode_still(frame, self._suffix, self._quality)
        number = self._pictures
        place = self._place_of(self._working, number)
        _store(place, data, meant_for=self._place_of(self._path, number))
        self._pictures += 1

    def close(self) -> None:
        """Move the pictures to their final folder."""
        try:
            self._complete()
        except SinkError:
            self.abort()
            raise

    def abort(self) -> None:
        """Keep the pictures that were finished, in a folder whose name says it is partial."""
        working, self._working = self._working, None
        if working is None:
            return
        if self._pictures:
            self._kept = _kept_beside(working, self._target)
        else:
            shutil.rmtree(working, ignore_errors=True)

    def _refuse_what_stands_there(self) -> None:
        if not self._target.exists():
            return
        if not self._target.is_dir():
            raise SinkRefused(
                f"cannot write pictures into {self._path}: that is a file.",
                "Choose another name for the folder.",
            )
        refuse_what_is_read(self._path, self._target, self._forbidden)
        for standing in self._target.glob(f"*{self._suffix}"):
            if _NUMBERED.fullmatch(standing.stem) and is_one_of(standing, self._forbidden):
                raise SinkRefused(
                    f"cannot write pictures into {self._path}: {standing.name} in it is being "
                    "read, and could be replaced.",
                    "Choose another folder.",
                )
        if any(self._target.iterdir()) and not self._overwrite:
            raise SinkRefused(
                f"cannot write pictures into {self._path}: something is in that folder already.",
                "Pass --overwrite, or choose another folder.",
            )

    def _complete(self) -> None:
        if self._working is None or not self._pictures:
            raise SinkError(f"nothing was written to {self._path}: no picture came.")
        try:
            if self._target.exists():
                self._move_one_by_one(self._working)
            else:
                self._working.rename(self._target)
        except OSError as error:
            raise SinkError(f"cannot finish {self._path}: {error.strerror}.") from error
        self._working = None

    def _move_one_by_one(self, working: Path) -> None:
        made = sorted(working.iterdir())
        for picture in made:
            if self._overwrite:
                picture.replace(self._target / picture.name)
            else:
                move_without_replacing(picture, self._target / picture.name)
        if self._overwrite:
            self._remove_what_goes_on_from(len(made))
        working.rmdir()

    def _remove_what_goes_on_from(self, number: int) -> None:
        """Remove the rest of a longer, earlier run, which would read as the end of this one."""
        while (older := self._place_of(self._target, number)).is_file():
            older.unlink()
            number += 1

    def _place_of(self, folder: Path, number: int) -> Path:
        return folder / f"{number:06d}{self._suffix}"


def _store(path: Path, data: bytes, *, meant_for: Path) -> None:
    try:
        path.write_bytes(data)
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise SinkError(
            f"cannot write {meant_for}: {error.strerror}.",
            "Make room on the disk, or write to another one.",
        ) from error


def _kept_beside(working: Path, target: Path) -> str:
    """Rename the hidden folder to a free name that says it is partial."""
    for place in partial_names(target):
        if place.exists():
            continue
        try:
            working.rename(place)
        except OSError:
            break  # the folder beside is on another disk, or closed to us
        return str(place)
    return str(working)
