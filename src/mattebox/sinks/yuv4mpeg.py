"""YUV4MPEG2 on a stream: raw pictures that FFmpeg, mpv, x264 and SVT-AV1 read from a pipe.

Written by hand, after mjpegtools' yuv4mpeg(5) and the tags that FFmpeg adds to it. The format knows
one frame rate and no pts. Called on one thread.
"""

from __future__ import annotations

import logging
from fractions import Fraction
from typing import BinaryIO

import numpy as np

from mattebox.colour import Colour, Plane, Planes, planes_from_rgb, rgb_from_planes
from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import Family, PixelFormat, pixel_format

_log = logging.getLogger(__name__)

# The stream has to name a rate; where the frames have none, Europe's is as good as any.
_RATE_UNKNOWN = Fraction(25)

_SUBSAMPLINGS = {(1, 1): "420", (0, 1): "422", (0, 0): "444", (0, 2): "411"}


class Yuv4MpegSink:
    """Writes frames to a binary stream as YUV4MPEG2; the stream stays open.

    RGB frames are turned into limited-range 4:4:4, since the format has no RGB.

    Args:
        stream: for example ``sys.stdout.buffer``.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._header = b""
        self._target: PixelFormat | None = None
        self._colour = Colour()

    @property
    def kept(self) -> str | None:
        """A stream keeps nothing."""
        return None

    def open(self, format: VideoFormat) -> None:
        """Accept YUV and gray without alpha, and RGB; nothing is written yet."""
        target = _target(format.pixels)
        if format.rate is None:
            _log.warning(
                "YUV4MPEG2 has no times of its own: frames follow at %s fps", _RATE_UNKNOWN
            )
        self._target = target
        if format.pixels.family is not Family.RGB:
            self._colour = format.colour
        self._header = _header(format, target, self._colour)

    def write(self, frame: Frame) -> None:
        """Write one picture, after the header if it is the first."""
        if self._target is None:
            raise SinkError("cannot write YUV4MPEG2: the sink is not open.")
        header, self._header = self._header, b""
        try:
            self._stream.write(header + b"FRAME\n")
            for plane in self._planes(frame, self._target):
                self._stream.write(_bytes(plane))
        except (OSError, ValueError) as error:
            raise _gone(error) from error

    def close(self) -> None:
        """Flush the stream."""
        self._target = None
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            raise _gone(error) from error

    def abort(self) -> None:
        """Flush what there is; the reader sees the end of the stream when the program ends."""
        self._target = None
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            _log.debug("the reader of the stream is gone: %s", error)

    def _planes(self, frame: Frame, target: PixelFormat) -> Planes:
        if frame.format.pixels.family is not Family.RGB:
            return frame.planes
        rgb = rgb_from_planes(frame.planes, frame.format.pixels, frame.format.colour)
        return planes_from_rgb(rgb, target, self._colour)


def _target(pixels: PixelFormat) -> PixelFormat:
    """The layout to write.

    Raises:
        SinkRefused: YUV4MPEG2 has no place for it.
    """
    if pixels.has_alpha:
        raise SinkRefused(
            "cannot write transparent frames as YUV4MPEG2: it has no alpha channel.",
            "Write to .webm, .mov or .mkv, or choose a backdrop and --layer composite.",
        )
    if pixels.family is Family.RGB:
        return pixel_format(pixels.name.replace("gbrp", "yuv444p"))
    if pixels.family is Family.YUV and pixels.log2_chroma not in _SUBSAMPLINGS:
        raise SinkRefused(
            f"cannot write {pixels.name} as YUV4MPEG2: it knows 4:2:0, 4:2:2, 4:4:4 and 4:1:1.",
            "Write to .mkv instead.",
        )
    return pixels


def _header(format: VideoFormat, target: PixelFormat, colour: Colour) -> bytes:
    rate = format.rate or _RATE_UNKNOWN
    aspect = format.sample_aspect
    words = [
        "YUV4MPEG2",
        f"W{format.width}",
        f"H{format.height}",
        f"F{rate.numerator}:{rate.denominator}",
        "Ip",
        f"A{aspect.numerator}:{aspect.denominator}",
        *_colour_words(target),
        f"XCOLORRANGE={'FULL' if colour.is_full_range(target.family) else 'LIMITED'}",
    ]
    return " ".join(words).encode() + b"\n"


def _colour_words(pixels: PixelFormat) -> list[str]:
    if pixels.family is Family.GRAY:
        return ["Cmono" if pixels.depth == 8 else f"Cmono{pixels.depth}"]
    digits = _SUBSAMPLINGS[pixels.log2_chroma]
    if pixels.depth > 8:
        return [f"C{digits}p{pixels.depth}", f"XYSCSS={digits}P{pixels.depth}"]
    if digits == "420":
        return ["C420mpeg2", "XYSCSS=420MPEG2"]
    return [f"C{digits}", f"XYSCSS={digits}"]


def _bytes(plane: Plane) -> memoryview:
    """The samples row by row; above 8 bits they are little-endian, whatever the machine is."""
    ordered = plane.astype(plane.dtype.newbyteorder("<"), copy=False)
    return np.ascontiguousarray(ordered).data.cast("B")


def _gone(error: Exception) -> SinkError:
    if isinstance(error, BrokenPipeError):
        return SinkError(
            "cannot go on writing YUV4MPEG2: the program that reads it has ended.",
            "See what that program says.",
        )
    return SinkError(f"cannot go on writing YUV4MPEG2: {error}.")
