"""Pictures as a ``Source``: one still, or a folder of stills of one size as a clip.

Which files are pictures, and in what order they come. Decoding lives in ``picture``. ``frames``
runs on the capture thread, ``close`` on any.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from mattebox.colour import Plane, Planes
from mattebox.errors import DecodeError, SourceError
from mattebox.files import PICTURE_SUFFIXES, visible_pictures
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import PixelFormat
from mattebox.sources.lookup import require_folder
from mattebox.sources.picture import PICTURE_COLOUR, Picture, read_picture

log = logging.getLogger(__name__)

# A still has no clock; its one pts is 0 in milliseconds.
_STILL_TIME_BASE = Fraction(1, 1000)


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder, not of folders in it, in natural order: img2 before img10.

    Hidden files are left out.

    Raises:
        SourceNotFound: there is no such folder.
        DecodeError: it is a file, or there is no picture in it.
    """
    require_folder(folder)
    try:
        files = visible_pictures(folder)
    except OSError as error:
        raise DecodeError(
            f"cannot look into {folder}: {error.strerror}.", "Check its permissions."
        ) from error
    if not files:
        raise DecodeError(
            f"there is no picture in the folder {folder}.",
            f"Pictures end in {', '.join(sorted(PICTURE_SUFFIXES))}.",
        )
    return files


class ImageSource:
    """One picture, as a source of one frame with pts 0.

    The format is planar RGB with sRGB's tags; a picture with alpha keeps it as the last plane.

    Args:
        path: a JPEG, PNG, WebP, TIFF, BMP or AVIF file.

    Raises:
        SourceNotFound: there is no such file.
        DecodeError: it cannot be decoded.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        picture = read_picture(path)
        self._format = _format(picture, _STILL_TIME_BASE, None)
        self._planes: Planes | None = picture.planes

    @property
    def format(self) -> VideoFormat:
        """What the frame is."""
        return self._format

    @property
    def live(self) -> bool:
        """Always False."""
        return False

    @property
    def frames_expected(self) -> int | None:
        """Always 1."""
        return 1

    @property
    def skipped(self) -> int:
        """Always 0: a damaged picture is an error."""
        return 0

    def frames(self) -> Iterator[Frame]:
        """The one frame, once."""
        planes, self._planes = self._planes, None
        if planes is not None:
            yield Frame(planes, self._format, pts=0, arrived_at=time.monotonic())

    def close(self) -> None:
        """Forget the picture."""
        self._planes = None


class FolderSource:
    """The pictures of a folder, all of one size, as a clip.

    The first picture that can be read sets size and layout. Others of the same size are brought
    to its layout (depth, alpha). A picture that cannot be read leaves a gap in time.

    Args:
        path: the folder.
        rate: pictures per second; the time base is one picture.
        corrupt_limit: how many unreadable pictures are passed over.

    Raises:
        SourceNotFound: there is no such folder.
        DecodeError: it holds no picture that can be read.
    """

    def __init__(self, path: Path, *, rate: Fraction, corrupt_limit: int) -> None:
        self.path = path
        self._paths = pictures_in(path)
        self._limit = corrupt_limit
        self._skipped = 0
        self._closed = False
        self._pictures = self._read_all()
        first = next(self._pictures, None)
        if first is None:
            raise DecodeError(
                f"not one of the {len(self._paths)} pictures in {path} could be read.",
                "Open one of them by itself to see what is wrong with it.",
            )
        self._format = _format(first[1], 1 / rate, rate)
        self._waiting: tuple[int, Picture] | None = first

    @property
    def format(self) -> VideoFormat:
        """What every frame is."""
        return self._format

    @property
    def live(self) -> bool:
        """Always False."""
        return False

    @property
    def frames_expected(self) -> int | None:
        """How many pictures the folder holds."""
        return len(self._paths)

    @property
    def skipped(self) -> int:
        """How many pictures could not be read so far."""
        return self._skipped

    def frames(self) -> Iterator[Frame]:
        """The pictures in natural order, once; the pts is the place in that order.

        Raises:
            DecodeError: a picture has another size, or more are damaged than the limit allows.
        """
        while not self._closed:
            numbered, self._waiting = self._waiting, None
            numbered = numbered or next(self._pictures, None)
            if numbered is None:
                return
            index, picture = numbered
            self._require_size(picture, self._paths[index])
            planes = _fit(picture, self._format.pixels)
            yield Frame(planes, self._format, index, duration=1, arrived_at=time.monotonic())

    def close(self) -> None:
        """Give no more frames."""
        self._closed = True
        self._waiting = None

    def _read_all(self) -> Iterator[tuple[int, Picture]]:
        for index, path in enumerate(self._paths):
            try:
                picture = read_picture(path)
            except SourceError as error:  # also one that was removed meanwhile
                self._skip(path, error)
                continue
            yield index, picture

    def _skip(self, path: Path, error: SourceError) -> None:
        self._skipped += 1
        if self._skipped > self._limit:
            raise DecodeError(
                f"{self._skipped} pictures in {self.path} cannot be read, the last being "
                f"{path.name}, and {self._limit} may be passed over.",
                "Raise input.corrupt_limit to go on without them, or remove them.",
            ) from error
        log.warning("left out: %s", error.message)

    def _require_size(self, picture: Picture, path: Path) -> None:
        width, height = picture.size
        if (width, height) != (self._format.width, self._format.height):
            raise DecodeError(
                f"{path.name} is {width}×{height}, and the pictures before it are "
                f"{self._format.width}×{self._format.height}: a clip has one size.",
                "Give a folder as the output to handle each picture by itself, or scale them.",
            )


def _format(picture: Picture, time_base: Fraction, rate: Fraction | None) -> VideoFormat:
    width, height = picture.size
    return VideoFormat(width, height, picture.pixels, time_base, rate, PICTURE_COLOUR)


def _fit(picture: Picture, pixels: PixelFormat) -> Planes:
    """A picture's planes in another planar RGB layout: alpha dropped or opaque, depth scaled."""
    planes = tuple(_scale(plane, picture.pixels, pixels) for plane in picture.planes)
    if pixels.has_alpha and not picture.pixels.has_alpha:
        return (*planes, np.full(planes[0].shape, pixels.peak, pixels.dtype))
    return planes[: pixels.colour_planes + pixels.has_alpha]


def _scale(plane: Plane, old: PixelFormat, new: PixelFormat) -> Plane:
    if old.depth == new.depth:
        return plane
    scaled = (plane.astype(np.uint32) * new.peak + old.peak // 2) // old.peak
    return scaled.astype(new.dtype)
