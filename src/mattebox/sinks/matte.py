"""A saved matte: FFV1 gray in Matroska, with a header that says what it was made of.

Lossless, one gray frame for each input frame at the same time. Matroska counts in milliseconds: a
pts comes back as ``timing.rescale(pts, time_base, Fraction(1, 1000))``, which is how to find the
matte of a frame; the time base of the input is in the header. Matroska keeps no pictures before 0:
a clip that begins there is moved later as a whole, by ``first_pts_shift``. Called on one thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError

from mattebox.errors import DecodeError, SinkRefused
from mattebox.frame import VideoFormat
from mattebox.pixels import Family
from mattebox.sinks.codecs import LOSSLESS, Encoding
from mattebox.sinks.companion import OWN_TAGS
from mattebox.sinks.file import FileSink

HEADER_TIME_BASE = f"{OWN_TAGS}TIME_BASE"
HEADER_FIRST_PTS = f"{OWN_TAGS}FIRST_PTS"


class MatteSink(FileSink):
    """Writes a matte as lossless gray video.

    Args:
        path: where; .mkv.
        overwrite: whether an existing file may be replaced.
        metadata: the header: keys that begin with ``MATTEBOX_``, in capitals.
        forbidden: files that are read and must never be replaced.
    """

    _first_pts_tag = HEADER_FIRST_PTS

    def __init__(
        self,
        path: Path,
        *,
        overwrite: bool,
        metadata: Mapping[str, str],
        forbidden: Sequence[Path] = (),
    ) -> None:
        super().__init__(
            path,
            encoding=matte_encoding(),
            companion=None,
            sound="none",
            overwrite=overwrite,
            metadata=metadata,
            forbidden=forbidden,
        )

    def open(self, format: VideoFormat) -> None:
        """Accept gray frames of any depth, for an .mkv file."""
        if self._path.suffix.lower() != ".mkv":
            raise SinkRefused(
                f"cannot save a matte as {self._path}: mattes are lossless gray video in .mkv.",
                f"Name it {self._path.with_suffix('.mkv').name}, or .png for a still.",
            )
        if format.pixels.family is not Family.GRAY or not format.is_full_range:
            raise SinkRefused(
                f"cannot save {format} as a matte: a matte is full-range gray.",
                "Save this as an ordinary video.",
            )
        self._metadata[HEADER_TIME_BASE] = str(format.time_base)
        super().open(format)


def matte_encoding() -> Encoding:
    """How mattes are encoded: every sample comes back as it was."""
    return Encoding(codec="ffv1", quality=LOSSLESS, speed="fast", pixel_format="auto", options={})


def read_matte_header(path: Path) -> Mapping[str, str]:
    """The header of a saved matte; empty for a video that mattebox did not write.

    Raises:
        DecodeError: the file cannot be read as video.
    """
    try:
        with av.open(str(path.absolute()), metadata_errors="replace") as container:
            tags = container.metadata
    except (FFmpegError, OSError) as error:
        reason = error.strerror or "it is no video"
        raise DecodeError(
            f"cannot read the matte {path}: {reason}.", "Give what mattebox run --matte wrote."
        ) from error
    return {key.upper(): tags[key] for key in tags if key.upper().startswith(OWN_TAGS)}


def first_pts_shift(header: Mapping[str, str]) -> Fraction:
    """How many seconds later the matte's pictures stand in the file than the frames they are of.

    Args:
        header: as ``read_matte_header`` gives it; one without times, or with broken ones, is of a
            clip that was not moved.

    Returns:
        0 or more; subtract it from a time in the file to get the time of the frame.
    """
    try:
        first = int(header[HEADER_FIRST_PTS]) * Fraction(header[HEADER_TIME_BASE])
    except (KeyError, ValueError, ZeroDivisionError):
        return Fraction(0)
    return max(-first, Fraction(0))
