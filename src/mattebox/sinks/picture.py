"""Frames as FFmpeg holds them: planes copied in, converted to the encoder's layout, tagged.

Which layout that is, ``layouts`` says. Called on the sink's thread, once per frame; for the usual
8 bit 4:2:0 the whole cost is one copy of each plane.
"""

from __future__ import annotations

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from mattebox.colour import (
    MATRIX_BT601,
    MATRIX_BT709,
    Colour,
    Plane,
    Range,
)
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import Family, PixelFormat, is_carried, pixel_format

# FFmpeg's AVColorRange.
COLOR_RANGES = {Range.UNSPECIFIED: 0, Range.LIMITED: 1, Range.FULL: 2}

# libswscale's own numbers of the matrices that it can compute with, by H.273 code point.
_SWSCALE_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}


# libswscale's quick rounding is off by a code or two; chroma is filtered at full width.
_EXACT = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INP
    | Interpolation.FULL_CHR_H_INT
)


class Picture:
    """Turns frames of one format into FFmpeg frames of one layout.

    Args:
        format: of the frames that will come.
        layout: FFmpeg's name of the layout to make.
        colour: the tags of what is made.
    """

    def __init__(self, format: VideoFormat, layout: str, colour: Colour) -> None:
        self._format = format
        self._layout = layout
        self._colour = colour
        self._reformatter = VideoReformatter()
        self._same_range = format.is_full_range == _is_full(colour, layout)

    def make(self, frame: Frame) -> av.VideoFrame:
        """The frame in the layout, tagged, with its pts, duration and time base."""
        picture = self._converted(frame.planes)
        picture.pts = frame.pts
        picture.time_base = frame.format.time_base
        _tag(picture, self._colour)
        return picture

    def _converted(self, planes: tuple[Plane, ...]) -> av.VideoFrame:
        frames = self._format.pixels
        if frames.name == self._layout and self._same_range:
            return filled(planes, self._layout)
        if frames.family is Family.GRAY and is_carried(self._layout):
            target = pixel_format(self._layout)
            if target.family is Family.YUV and target.depth == frames.depth:
                return filled(_with_neutral_chroma(planes[0], target), self._layout)
        return self._rescaled(planes)

    def _rescaled(self, planes: tuple[Plane, ...]) -> av.VideoFrame:
        """Through libswscale, except for alpha, which it would not scale to full opacity."""
        picture = self._reformatter.reformat(
            filled(planes, self._format.pixels.name),
            format=self._layout,
            src_colorspace=_matrix_of(self._format),
            dst_colorspace=_SWSCALE_MATRICES.get(self._colour.matrix, _matrix_of(self._format)),
            src_color_range=2 if self._format.is_full_range else 1,
            dst_color_range=2 if _is_full(self._colour, self._layout) else 1,
            interpolation=_EXACT,
        )
        if self._format.pixels.has_alpha and is_carried(self._layout):
            target = pixel_format(self._layout)
            alpha = scaled_depth(planes[-1], self._format.pixels, target)
            np.copyto(view(picture.planes[-1], alpha), alpha)
        return picture


def filled(planes: tuple[Plane, ...], layout: str) -> av.VideoFrame:
    """An FFmpeg frame that holds copies of the planes."""
    height, width = planes[0].shape
    picture = av.VideoFrame(width, height, layout)
    for target, source in zip(picture.planes, planes, strict=True):
        np.copyto(view(target, source), source)
    return picture


def view(plane: av.video.plane.VideoPlane, like: Plane) -> Plane:
    """The samples of an FFmpeg plane as an array shaped and typed ``like`` another; no copy."""
    rows, columns = like.shape
    memory: npt.NDArray[np.generic] = np.frombuffer(plane, like.dtype)  # type: ignore[call-overload]
    # FFmpeg pads lines for its vector code.
    return memory.reshape(-1, plane.line_size // like.dtype.itemsize)[:rows, :columns]


def scaled_depth(plane: Plane, source: PixelFormat, target: PixelFormat) -> Plane:
    """A full-range plane in another depth, to the nearest step; peak becomes peak."""
    if source.depth == target.depth:
        return plane
    wide = plane.astype(np.uint32) * target.peak + source.peak // 2
    return (wide // source.peak).astype(target.dtype)


def _with_neutral_chroma(luma: Plane, target: PixelFormat) -> tuple[Plane, ...]:
    shapes = target.plane_shapes(*luma.shape)
    neutral = 1 << (target.depth - 1)
    return luma, *(np.full(shape, neutral, target.dtype) for shape in shapes[1:3])


def _is_full(colour: Colour, layout: str) -> bool:
    family = Family.RGB if av.VideoFormat(layout).is_rgb else Family.YUV
    if layout.startswith("gray"):
        family = Family.GRAY
    return colour.is_full_range(family)


def _matrix_of(format: VideoFormat) -> int:
    """The frames' matrix in libswscale's numbers, guessed like ``Colour.luma_weights`` does."""
    matrix = format.colour.matrix
    if matrix not in _SWSCALE_MATRICES:
        matrix = MATRIX_BT709 if format.height >= 720 else MATRIX_BT601
    return _SWSCALE_MATRICES[matrix]


def _tag(picture: av.VideoFrame, colour: Colour) -> None:
    picture.colorspace = colour.matrix
    picture.color_primaries = colour.primaries
    picture.color_trc = colour.transfer
    picture.color_range = COLOR_RANGES[colour.range]
