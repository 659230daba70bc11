"""A quality report as files: JSON, and beside it a PNG of the same name.

What is in them is not decided here. Called on the caller's thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.errors import SinkError, SinkRefused
from mattebox.sinks.final_place import FinalPlace

Picture = npt.NDArray[np.uint8]  # (height, width, 3), blue, green, red
# Given the name of the sheet's file, or None where there is no sheet: the values of the report.
Document = Callable[[str | None], Mapping[str, object]]

_SUFFIX, _SHEET_SUFFIX = ".json", ".png"
# Text has its line breaks escaped: none of it looks like this.
_NUMBERS = re.compile(r"\[\n[^\[\]{}\"]*\]")


class QualityReportFiles:
    """The two files of one report; they appear when they are complete, the JSON last.

    Args:
        path: of the report, ending in .json.
        overwrite: whether existing files may be replaced.
        forbidden: files that are read, or written by others, and must never be replaced.

    Raises:
        SinkRefused: the name is not that of a .json file.
    """

    def __init__(self, path: Path, *, overwrite: bool, forbidden: Sequence[Path] = ()) -> None:
        if path.suffix.lower() != _SUFFIX:
            raise SinkRefused(
                f"cannot write a quality report as {path}: it is a {_SUFFIX} file, with a "
                f"{_SHEET_SUFFIX} file of the same name beside it.",
                f"Name it {Path(path.name or 'quality').stem}{_SUFFIX}.",
            )
        self.path, self.sheet = path, path.with_suffix(_SHEET_SUFFIX)
        self._places = [
            FinalPlace(place, overwrite=overwrite, forbidden=forbidden)
            for place in (self.sheet, self.path)
        ]
        self._working: list[Path] = []
        self._is_written = False

    def open(self) -> None:
        """Check both places and make the files to write to.

        Raises:
            SinkRefused: something stands there, or nothing can be written there; nothing was made.
        """
        try:
            self._working = [place.reserve() for place in self._places]
        except BaseException:
            self._discard()
            raise

    def close(self, sheet: Picture, document: Document) -> None:
        """Write both files and move them to their final names.

        Raises:
            SinkError: they cannot be written, and nothing is left of them; or their names were
                taken meanwhile, and the report is kept under one that says that it is partial.
        """
        sheet_place, report_place = self._places
        self._is_written = False
        try:
            self._write(_png(sheet), _json(document(self.sheet.name)))
            self._is_written = True
            sheet_place.commit()
            report_place.commit()
        except SinkError as error:
            # Complete, and only without its place: that is worth keeping.
            if self._is_written and (kept := report_place.keep()) is not None:
                error.add_note(f"the quality report is kept in {kept}")
            raise
        finally:
            self._discard()

    def abort(self, sheet: Picture | None, document: Document) -> str | None:
        """Write what there is under names that say that it is partial.

        Args:
            sheet, document: what there is; no sheet: nothing is worth keeping.

        Returns:
            Where the report is; None where nothing is kept. Never raises for a full disk.
        """
        sheet_place, report_place = self._places
        try:
            if sheet is None or not self._working:
                return None
            self._working[0].write_bytes(_png(sheet))
            name = sheet_place.keep()
            self._working[1].write_bytes(_json(document(name and Path(name).name)))
            return report_place.keep()
        except OSError:
            return None
        finally:
            self._discard()

    def _write(self, *contents: bytes) -> None:
        try:
            for working, content in zip(self._working, contents, strict=True):
                working.write_bytes(content)
        except OSError as error:
            raise SinkError(
                f"cannot write the quality report {self.path}: {error.strerror}.",
                "Make room on the disk, or write to another one.",
            ) from error

    def _discard(self) -> None:
        for place in self._places:
            place.discard()
        self._working = []


def _png(picture: Picture) -> bytes:
    done, encoded = cv2.imencode(_SHEET_SUFFIX, picture)
    assert done, "OpenCV encodes any picture of 8 bits as PNG"
    return bytes(encoded)


def _json(values: Mapping[str, object]) -> bytes:
    """Indented, but for lists of numbers, which are a line each."""
    text = json.dumps(values, indent=1, allow_nan=False)
    text = _NUMBERS.sub(lambda found: re.sub(r"\s+", " ", found[0]), text)
    return f"{text}\n".encode()
