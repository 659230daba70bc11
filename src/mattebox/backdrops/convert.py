"""Turns decoded pictures into planes of the frame's own layout: turn, cut, resize, colour.

All of it is one FFmpeg filter graph, built for the first picture and kept while pictures stay
alike. Called on the caller's thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import av
import numpy as np
from av.filter import Graph

from mattebox.anchor import Anchor
from mattebox.backdrops.fit import Box, Fit, Placement, lay_out, placement
from mattebox.colour import (
    MATRIX_BT470BG,
    MATRIX_BT601,
    MATRIX_BT709,
    MATRIX_BT2020,
    MATRIX_RGB,
    Colour,
    Planes,
    Range,
    planes_from_rgb,
    rgb_from_planes,
)
from mattebox.errors import DecodeError
from mattebox.frame import VideoFormat
from mattebox.pixels import Family, PixelFormat, pixel_format

# FFmpeg's names of matrices, those of the scale filter and those of the colorspace filter.
_MATRIX_NAMES = {
    MATRIX_BT709: ("bt709", "bt709"),
    4: ("fcc", "fcc"),
    MATRIX_BT470BG: ("bt601", "bt470bg"),
    MATRIX_BT601: ("bt601", "smpte170m"),
    7: ("smpte240m", "smpte240m"),
    MATRIX_BT2020: ("bt2020", "bt2020ncl"),
    10: ("bt2020", "bt2020ncl"),
}
# Where the colorspace filter can change the matrix: eight times faster than swscale, as exact. Of
# what it takes, 12 bits are left out: there it is neither.
_FAST_MATRIX = {f"yuv{digits}p{depth}" for digits in (420, 422, 444) for depth in ("", "10le")}
_RANGES = {1: Range.LIMITED, 2: Range.FULL}  # AVColorRange

# By whole degrees counterclockwise, as FFmpeg counts them.
_TURNS = {
    0: (),
    90: (("transpose", "cclock"),),
    180: (("vflip", ""), ("hflip", "")),
    270: (("transpose", "clock"),),
}

# Without accurate_rnd, swscale is off by up to 3 levels; it costs 0.3 ms at 720p.
_SCALE_FLAGS = "bicubic+accurate_rnd+full_chroma_int"

# Where light has to be converted (HDR), the graph stops here and ``colour`` does the rest.
_RGB16 = pixel_format("gbrp16le")

_Filter = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Look:
    """What the graph depends on of a decoded picture."""

    width: int
    height: int
    pixels: str
    has_alpha: bool
    colour: Colour
    tags: tuple[int, int]  # AVColorSpace and AVColorRange, as the decoder said
    sample_aspect: Fraction
    rotation: int

    @property
    def upright(self) -> tuple[tuple[int, int], Fraction]:
        """(height, width) and pixel aspect, after turning."""
        if self.rotation % 180:
            return (self.width, self.height), 1 / self.sample_aspect
        return (self.height, self.width), self.sample_aspect


class Converter:
    """Makes pictures of any kind into planes for one format of frames.

    Args:
        format: of the frames to lay them behind.
        fit, anchor: see ``fit.placement``.
        name: what messages call the backdrop.
    """

    def __init__(self, format: VideoFormat, fit: Fit, anchor: Anchor, name: str) -> None:
        self._format = format
        self._name = name
        self._fit: Fit = fit
        self._anchor: Anchor = anchor
        self._look: _Look | None = None
        self._graph = Graph()
        self._where = Placement(Box(0, 0, 1, 1), Box(0, 0, 1, 1), repeated=False)
        black = np.zeros((format.height, 1, 3), np.float32)
        self._black = planes_from_rgb(black, format.pixels, format.colour)

    def planes(self, picture: av.VideoFrame, sample_aspect: Fraction) -> Planes:
        """The colour planes of a picture, fitted into the frame.

        Args:
            picture: as decoded; where it is transparent it is laid over black.
            sample_aspect: width of its pixels over their height, as stored.

        Raises:
            DecodeError: FFmpeg cannot convert it.
        """
        look = _look(picture, sample_aspect)
        try:
            if look != self._look:
                self._build(look)
            self._graph.push(picture)
            made = self._graph.pull()
        except av.FFmpegError as error:
            raise DecodeError(
                f"cannot turn the backdrop {self._name}, {look.width}×{look.height} "
                f"{look.pixels}, into {self._format}: {error.strerror}.",
                "Convert it first, for example to H.264 in an .mp4 file.",
            ) from error
        assert isinstance(made, av.VideoFrame)
        return self._laid_out(self._coloured(made, look))

    def _build(self, look: _Look) -> None:
        format = self._format
        (height, width), pixel_aspect = look.upright
        frame = format.height, format.width
        aspect = pixel_aspect / format.sample_aspect
        where = placement((height, width), frame, self._fit, self._anchor, aspect)
        self._where = where.aligned(frame, format.pixels.size_multiple)
        self._graph = _graph(look, [*_turned_and_cut(look, self._where), *self._scaling(look)])
        self._look = look

    def _scaling(self, look: _Look) -> list[_Filter]:
        target, colour = self._target(look)
        filters = []
        source = look.colour
        if look.has_alpha:
            opaque = Colour(matrix=MATRIX_RGB, range=Range.FULL)
            filters = [
                ("scale", _scale((0, 0), source, opaque, (look.height, look.height))),
                ("format", "gbrap16le"),  # with 8 bits, what is opaque loses a level
                ("premultiply", "inplace=1"),
            ]
            source = opaque
        size = self._where.box.size
        heights = look.upright[0][0], self._format.height
        format = ("format", target.name)
        if _has_fast_matrix(source, colour, target, size, heights):
            return [
                ("scale", _scale(size, source, source, (heights[0], heights[0]))),
                format,
                ("colorspace", _matrix_change(source, colour, heights)),
            ]
        return [*filters, ("scale", _scale(size, source, colour, heights)), format]

    def _target(self, look: _Look) -> tuple[PixelFormat, Colour]:
        """What the graph makes; its range is said in so many words."""
        pixels, colour = self._format.pixels.without_alpha(), self._format.colour
        if not look.colour.is_same_light(colour):
            return _RGB16, replace(look.colour, matrix=MATRIX_RGB, range=Range.FULL)
        range = Range.FULL if self._format.is_full_range else Range.LIMITED
        if pixels.family is Family.GRAY:
            # swscale makes gray by BT.601 and full range, whatever it is told: luma is taken.
            pixels = pixel_format(pixels.name.replace("gray", "yuv444p"))
        return pixels, replace(colour, range=range)

    def _coloured(self, made: av.VideoFrame, look: _Look) -> Planes:
        """The graph's result as planes of the format, at the box's size."""
        target, colour = self._target(look)
        planes = _views(made, target)
        if target is _RGB16:
            rgb = rgb_from_planes(planes, target, colour)
            planes = planes_from_rgb(rgb, self._format.pixels, self._format.colour)
        return planes[: self._format.pixels.colour_planes]

    def _laid_out(self, planes: Planes) -> Planes:
        box, repeated = self._where.box, self._where.repeated
        height, width = self._format.height, self._format.width
        if box == Box(0, 0, height, width):
            return planes
        laid = []
        for index, plane in enumerate(planes):
            log2 = self._format.pixels.log2_chroma if index else (0, 0)
            lain = Box(box.top >> log2[0], box.left >> log2[1], *plane.shape)
            shape, black = self._format.plane_shapes[index], float(self._black[index][0, 0])
            laid.append(lay_out(plane, shape, lain, repeated, black))
        return tuple(laid)


def _look(picture: av.VideoFrame, sample_aspect: Fraction) -> _Look:
    layout = picture.format
    said = _RANGES.get(picture.color_range, Range.UNSPECIFIED)
    if said is Range.UNSPECIFIED:
        limited = not (layout.is_rgb or layout.has_palette or len(layout.components) < 3)
        said = Range.LIMITED if limited and not layout.name.startswith("yuvj") else Range.FULL
    colour = Colour(
        matrix=MATRIX_RGB if layout.is_rgb else int(picture.colorspace),
        primaries=int(picture.color_primaries),
        transfer=int(picture.color_trc),
        range=said,
    )
    return _Look(
        width=picture.width,
        height=picture.height,
        pixels=layout.name,
        has_alpha=layout.has_palette or any(part.is_alpha for part in layout.components),
        colour=colour,
        tags=(int(picture.colorspace), int(picture.color_range)),
        sample_aspect=sample_aspect,
        rotation=picture.rotation % 360,
    )


def _turned_and_cut(look: _Look, where: Placement) -> list[_Filter]:
    filters = list(_TURNS.get(look.rotation, ()))
    cut = where.cut
    if cut.size != look.upright[0]:
        filters.append(("crop", f"{cut.width}:{cut.height}:{cut.left}:{cut.top}:exact=1"))
    return filters


def _scale(size: tuple[int, int], source: Colour, target: Colour, heights: tuple[int, int]) -> str:
    """Arguments of the scale filter; a size of (0, 0) keeps the size."""
    arguments = {
        "w": str(size[1]),
        "h": str(size[0]),
        "flags": _SCALE_FLAGS,
        "in_range": source.range.value,
        "out_range": target.range.value,
    }
    for side, colour, height in zip(("in", "out"), (source, target), heights, strict=True):
        if colour.matrix != MATRIX_RGB:
            name, _ = _MATRIX_NAMES[colour.matrix_or_guess(height)]
            arguments[f"{side}_color_matrix"] = name
    return ":".join(f"{key}={value}" for key, value in arguments.items())


def _has_fast_matrix(
    source: Colour,
    target: Colour,
    pixels: PixelFormat,
    size: tuple[int, int],
    heights: tuple[int, int],
) -> bool:
    if MATRIX_RGB in (source.matrix, target.matrix):
        return False
    differ = source.luma_weights(heights[0]) != target.luma_weights(heights[1])
    # The filter refuses odd sizes.
    return differ and pixels.name in _FAST_MATRIX and size[0] % 2 == size[1] % 2 == 0


def _matrix_change(source: Colour, target: Colour, heights: tuple[int, int]) -> str:
    """Arguments of the colorspace filter: another matrix and range, the light left alone."""
    (_, before), (_, after) = (
        _MATRIX_NAMES[colour.matrix_or_guess(height)]
        for colour, height in zip((source, target), heights, strict=True)
    )
    ranges = {Range.LIMITED: "tv", Range.FULL: "pc"}
    return (
        f"ispace={before}:space={after}:irange={ranges[source.range]}:range={ranges[target.range]}:"
        "iprimaries=bt709:primaries=bt709:itrc=bt709:trc=bt709:fast=1"
    )


def _graph(look: _Look, filters: Sequence[_Filter]) -> Graph:
    graph = Graph()
    graph.threads = 1  # a picture is converted in about a millisecond: waking threads costs more
    source = (
        f"video_size={look.width}x{look.height}:pix_fmt={look.pixels}:time_base=1/1:"
        f"pixel_aspect=1/1:colorspace={look.tags[0]}:range={look.tags[1]}"
    )
    last = graph.add("buffer", source)
    for name, arguments in [*filters, ("buffersink", "")]:
        node = graph.add(name, arguments) if arguments else graph.add(name)
        last.link_to(node)
        last = node
    graph.configure()
    return graph


def _views(made: av.VideoFrame, pixels: PixelFormat) -> Planes:
    """The picture's own memory as arrays; rows may be padded."""
    planes = []
    shapes = pixels.plane_shapes(made.height, made.width)
    for plane, (height, width) in zip(made.planes, shapes, strict=True):
        samples = np.frombuffer(plane, pixels.dtype)  # type: ignore[call-overload]
        row = plane.line_size // pixels.dtype.itemsize
        planes.append(samples.reshape(-1, row)[:height, :width])
    return tuple(planes)
