"""FFmpeg's frames as planes: views where the layout travels as it is, one conversion where not.

Which planar layout is nearest to a packed one, and how to get there without losing a bit. Turning
planes upright lives in ``orientation``. Called on the thread that reads the source.
"""

from __future__ import annotations

import sys
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.plane import VideoPlane
from av.video.reformatter import Interpolation, VideoReformatter

from mattebox.colour import Plane, Planes
from mattebox.errors import DecodeError
from mattebox.pixels import Family, PixelFormat, is_carried, pixel_format

# With these, swscale's way from packed, semi-planar, palette and big-endian layouts to planar ones
# of the same depth is exact (tests/sources/test_planar.py holds it to that).
_EXACT = (
    Interpolation.POINT
    | Interpolation.ACCURATE_RND
    | Interpolation.BITEXACT
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
# For the odd frame of another size in the middle of a stream.
_SMOOTH = Interpolation.BICUBIC | Interpolation.ACCURATE_RND

_SUBSAMPLINGS = {
    (1, 1): "420",
    (0, 1): "422",
    (0, 0): "444",
    (1, 0): "440",
    (0, 2): "411",
    (2, 2): "410",
}
_WITH_ALPHA = {"420", "422", "444"}
_CARRIED_DEPTHS = (8, 9, 10, 12, 14, 16)
_GRAY_ALPHA = {"ya8": "u1", "ya16le": "<u2", "ya16be": ">u2"}  # and the type of their samples
_ENDIAN = "le" if sys.byteorder == "little" else "be"
_FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_LIMITED_RANGE = 1  # AVCOL_RANGE_MPEG


class PlanarReader:
    """Reads every frame of one stream in one planar layout.

    Attributes:
        pixels: that layout, never gray: gray video gets neutral chroma, so that a coloured
            backdrop can show behind it.
        size: (width, height) as stored.
        is_gray: whether the stream has luma only.

    Args:
        first: the stream's first frame; later ones of another size or layout are made like it.

    Raises:
        DecodeError: there is no way to planes from that layout.
    """

    def __init__(self, first: av.VideoFrame) -> None:
        self.size = (first.width, first.height)
        self.is_gray = _is_gray(first.format)
        self._source = first.format.name
        is_full = is_jpeg(first) or first.color_range == _FULL_RANGE
        self._range = _FULL_RANGE if is_full else _LIMITED_RANGE
        self._planar = _planar_name(first.format)
        self.pixels = _travelling(self._planar)
        self._reformatter = VideoReformatter()
        self._neutral = self._neutral_chroma()

    def fits(self, frame: av.VideoFrame) -> bool:
        """Whether a frame has the size and layout of the first."""
        return (frame.width, frame.height) == self.size and frame.format.name == self._source

    def planes(self, frame: av.VideoFrame) -> Planes:
        """The frame's planes, laid out as ``pixels`` says.

        Views that keep the decoder's memory alive where the layout travels as it is; otherwise
        arrays of our own.

        Raises:
            DecodeError: swscale does not convert from that layout.
        """
        if not self.fits(frame) or not _is_same_memory(self._source, self._planar):
            frame = self._made_planar(frame)
        if self._planar in _GRAY_ALPHA:
            return self._gray_and_alpha(frame.planes[0])
        dtype = self.pixels.dtype
        return tuple(_view(plane, dtype) for plane in frame.planes) + self._neutral

    def _made_planar(self, frame: av.VideoFrame) -> av.VideoFrame:
        if self.fits(frame):
            reformatter, interpolation, range = self._reformatter, _EXACT, None
        else:
            reformatter, interpolation, range = VideoReformatter(), _SMOOTH, self._range
        try:
            return reformatter.reformat(
                frame,
                *self.size,
                self._planar,
                interpolation=interpolation,
                dst_color_range=range,
                threads=1,
            )
        except (av.FFmpegError, OSError) as error:
            raise _refusal(frame.format.name, f"swscale cannot read it ({error})") from error

    def _gray_and_alpha(self, plane: VideoPlane) -> Planes:
        """Luma and alpha that lie side by side in one plane, parted."""
        stored = np.dtype(_GRAY_ALPHA[self._planar])
        samples = _rows(plane, stored)[: plane.height, : 2 * plane.width]
        luma, alpha = (samples[:, at::2].astype(self.pixels.dtype) for at in (0, 1))
        return (luma, *self._neutral, alpha)

    def _neutral_chroma(self) -> Planes:
        """Two planes of no colour, shared by all frames; nothing where the stream has its own."""
        if not self.is_gray:
            return ()
        width, height = self.size
        shape = self.pixels.plane_shapes(height, width)[1]
        chroma = np.full(shape, 1 << (self.pixels.depth - 1), self.pixels.dtype)
        return (chroma, chroma)


def is_jpeg(frame: av.VideoFrame) -> bool:
    """Whether a frame is in one of FFmpeg's old names for YUV of full range."""
    return frame.format.name.startswith("yuvj")


def _view(plane: VideoPlane, dtype: np.dtype[Any]) -> Plane:
    """The samples of a planar plane, without its padding; the view keeps the frame alive."""
    samples = _rows(plane, dtype)[: plane.height, : plane.width]
    # torch takes no negative strides: the rare upside-down buffer is copied.
    return np.ascontiguousarray(samples) if plane.line_size < 0 else samples


def _rows(plane: VideoPlane, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """All of a plane's memory, a row per line, top line first."""
    buffer: Any = plane  # it has the buffer protocol, which its stubs do not say
    samples = np.frombuffer(buffer, dtype)
    rows = samples.reshape(-1, abs(plane.line_size) // dtype.itemsize)
    return rows[::-1] if plane.line_size < 0 else rows


def _is_gray(format: av.VideoFormat) -> bool:
    """Whether there is luma and no colour: gray, black and white, gray with alpha."""
    return format.name in _GRAY_ALPHA or (len(format.components) == 1 and not _is_rgb(format))


def _is_rgb(format: av.VideoFormat) -> bool:
    """Whether a layout ends as RGB: mosaics, palettes and XYZ do."""
    odd = format.has_palette or format.is_bayer or format.name.startswith("xyz")
    return format.is_rgb or odd


def _planar_name(format: av.VideoFormat) -> str:
    """The planar layout nearest to a layout: nothing is lost up to 16 bits per sample."""
    name = format.name.replace("yuvj", "yuv")
    if is_carried(name) or name in _GRAY_ALPHA:
        return name
    if len(format.components) == 2:  # yaf32: swscale crashes on it
        raise _refusal(name, "gray with alpha has 8 or 16 bits")
    bits = 16 if format.is_bayer else max(component.bits for component in format.components)
    depth = next((carried for carried in _CARRIED_DEPTHS if carried >= bits), 16)
    if _is_gray(format):
        return _with_depth("gray", depth)
    has_alpha = len(format.components) == 4 or format.has_palette
    if _is_rgb(format):
        return _with_depth("gbrap" if has_alpha else "gbrp", depth)
    return _with_depth(_yuv_stem(format, has_alpha), depth)


def _yuv_stem(format: av.VideoFormat, has_alpha: bool) -> str:
    log2 = (_log2(16 // format.chroma_height(16)), _log2(16 // format.chroma_width(16)))
    digits = _SUBSAMPLINGS[log2]
    return f"yuva{digits}p" if has_alpha and digits in _WITH_ALPHA else f"yuv{digits}p"


def _refusal(name: str, why: str) -> DecodeError:
    return DecodeError(
        f"cannot turn {name} pictures into planes: {why}.",
        "Convert the file first, for example to gbrap16le in FFV1.",
    )


def _travelling(planar: str) -> PixelFormat:
    """The layout that frames travel in: 4:2:0 of the same depth for gray, itself for the rest."""
    if planar in _GRAY_ALPHA:
        return pixel_format(_with_depth("yuva420p", 8 if planar == "ya8" else 16))
    pixels = pixel_format(planar)
    if pixels.family is Family.GRAY:
        return pixel_format(_with_depth("yuv420p", pixels.depth))
    return pixels


def _is_same_memory(source: str, planar: str) -> bool:
    """Whether two names mean the same bytes."""
    return source.replace("yuvj", "yuv") == planar


def _with_depth(stem: str, depth: int) -> str:
    return stem if depth == 8 else f"{stem}{depth}{_ENDIAN}"


def _log2(power: int) -> int:
    return power.bit_length() - 1
