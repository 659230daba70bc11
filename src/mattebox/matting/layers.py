"""The pictures that can be made of a matte: each an implementation of ``ports.Layer``.

Which of them a file can hold is the sink's concern. The arithmetic lives in ``composite`` and
``foreground``. The caller's thread.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from mattebox.colour import (
    MATRIX_RGB,
    PRIMARIES_BT709,
    TRANSFER_SRGB,
    Colour,
    Plane,
    Planes,
    Range,
)
from mattebox.errors import FrameError
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.matting.alphas import Alpha, alpha_array, plane_alphas
from mattebox.matting.cells import coverage_of
from mattebox.matting.composite import composite
from mattebox.matting.foreground import ForegroundOptions, black_samples, estimate_foreground
from mattebox.matting.light_wrap import LightWrap, WrapOptions
from mattebox.matting.resample import enlarge
from mattebox.matting.tone_match import MatchOptions, ToneMatcher
from mattebox.pixels import Family, PixelFormat, is_carried, pixel_format
from mattebox.ports import Backdrop

_GRAY = pixel_format("gray")
_GBRP = pixel_format("gbrp")


class Composite:
    """The frame over a backdrop, opaque, in the frame's layout.

    Args:
        backdrop: opened and closed together with the layer.
        foreground: how the foreground's own colour is found; None lays the frame over as it is,
            with what it shows of the old background in its soft edges.
        match: how the light on it is brought to the backdrop's; None leaves it as it is.
        wrap: how the backdrop's light spills over its edge; None: not at all.
    """

    def __init__(
        self,
        backdrop: Backdrop,
        foreground: ForegroundOptions | None,
        match: MatchOptions | None = None,
        wrap: WrapOptions | None = None,
    ) -> None:
        self._backdrop = backdrop
        self._foreground = foreground
        self._matcher = None if match is None else ToneMatcher(match)
        self._wrap_options = wrap
        self._wrap: LightWrap | None = None

    def open(self, format: VideoFormat) -> VideoFormat:
        """See ``Layer``."""
        self._backdrop.open(format)
        if self._wrap_options is not None:
            self._wrap = LightWrap(self._wrap_options, format)
        return format.with_pixels(format.pixels.without_alpha())

    def render(self, matte: Matte) -> Frame:
        """See ``Layer``."""
        behind = self._backdrop.render(matte)
        tone = None
        if self._matcher is not None:
            matte = _covered(matte)
            tone = self._matcher.tone(matte, behind)
        return composite(matte, behind, self._foreground, tone, self._wrap)

    def close(self) -> None:
        """See ``Layer``."""
        self._backdrop.close()


class Foreground:
    """The foreground's own colour, opaque, continued outwards: nothing of the old room is in it.

    Args:
        options: how it is found.
    """

    def __init__(self, options: ForegroundOptions) -> None:
        self._options = options

    def open(self, format: VideoFormat) -> VideoFormat:
        """See ``Layer``."""
        return format.with_pixels(format.pixels.without_alpha())

    def render(self, matte: Matte) -> Frame:
        """See ``Layer``."""
        own = estimate_foreground(matte.frame, alpha_array(matte.alpha), self._options)
        return _opaque(matte.frame, own)

    def close(self) -> None:
        """Nothing is held."""


class Cutout:
    """The foreground with straight alpha.

    The layout is the frame's with an alpha plane; where there is no such layout (gray, 4:4:0,
    4:1:1, 4:1:0, 4:2:0 at 12 bit), chroma is repeated to 4:4:4. Alpha is full range at the
    layout's depth.

    Args:
        foreground: how the foreground's own colour is found, also under alpha 0; None keeps the
            frame's colour, and black under alpha 0, so that nothing of the old room is hidden
            there.
    """

    def __init__(self, foreground: ForegroundOptions | None) -> None:
        self._foreground = foreground

    def open(self, format: VideoFormat) -> VideoFormat:
        """See ``Layer``."""
        return _with_alpha(format)

    def render(self, matte: Matte) -> Frame:
        """See ``Layer``."""
        frame, alpha = matte.frame, alpha_array(matte.alpha)
        format = _with_alpha(frame.format)
        opacity = _samples(alpha, format.pixels.peak)
        if self._foreground is None:
            planes = _blacked_out(frame, opacity)
        else:
            planes = estimate_foreground(frame, alpha, self._foreground)
        planes = _converted(planes, frame.format.pixels, format)
        return replace(frame, planes=(*planes, opacity), format=format)

    def close(self) -> None:
        """Nothing is held."""


class AlphaMatte:
    """Alpha as 8-bit full-range gray, for a matte file: 0 is 0 and 1 is 255."""

    def open(self, format: VideoFormat) -> VideoFormat:
        """See ``Layer``."""
        return _gray_format(format)

    def render(self, matte: Matte) -> Frame:
        """See ``Layer``."""
        planes = (_samples(alpha_array(matte.alpha), _GRAY.peak),)
        return replace(matte.frame, planes=planes, format=_gray_format(matte.frame.format))

    def close(self) -> None:
        """Nothing is held."""


class Saliency:
    """The map as the network gave it, enlarged to the frame; alpha where no network made one.

    Args:
        heat: as a heat map in RGB (dark blue is 0, dark red is 1) instead of 8-bit gray.
    """

    def __init__(self, heat: bool) -> None:
        self._heat = heat

    def open(self, format: VideoFormat) -> VideoFormat:
        """See ``Layer``."""
        return _heat_format(format) if self._heat else _gray_format(format)

    def render(self, matte: Matte) -> Frame:
        """See ``Layer``."""
        levels = _samples(_saliency(matte), _GRAY.peak)
        planes = _heat_planes(levels) if self._heat else (levels,)
        return replace(matte.frame, planes=planes, format=self.open(matte.frame.format))

    def close(self) -> None:
        """Nothing is held."""


def _covered(matte: Matte) -> Matte:
    """The matte with its coverage known."""
    if matte.coverage is not None:
        return matte
    coverage = coverage_of(alpha_array(matte.alpha))
    return Matte.covered(matte.frame, matte.alpha, matte.saliency, coverage)


def _opaque(frame: Frame, planes: Planes) -> Frame:
    """The frame with other colour planes and no alpha plane."""
    format = frame.format.with_pixels(frame.format.pixels.without_alpha())
    return replace(frame, planes=planes, format=format)


def _samples(alpha: Alpha, peak: int) -> Plane:
    """Shares in [0, 1] as full-range samples, rounded to the nearest."""
    if peak == 255:
        return cast(Plane, cv2.convertScaleAbs(alpha, alpha=255.0))
    return cast(Plane, np.rint(alpha * np.float32(peak)).astype(np.uint16))


def _blacked_out(frame: Frame, opacity: Plane) -> Planes:
    """The frame's colour planes, black where nothing of a sample is visible."""
    visible = plane_alphas(frame, (opacity > 0).astype(np.float32))
    return tuple(
        np.where(share > 0, plane, plane.dtype.type(black))
        for plane, share, black in zip(
            frame.colour_planes, visible, black_samples(frame.format), strict=True
        )
    )


def _with_alpha(format: VideoFormat) -> VideoFormat:
    """The format of a cut-out.

    Raises:
        FrameError: neither its own layout nor 4:4:4 has alpha at that depth.
    """
    try:
        return format.with_pixels(format.pixels.with_alpha())
    except FrameError:
        wider = re.sub("^(gray|yuv...p)", "yuva444p", format.pixels.name)
        if not is_carried(wider):
            raise
    # A range that nobody named means full for gray and limited for YUV: it is named from here on.
    named = Range.FULL if format.is_full_range else Range.LIMITED
    colour = replace(format.colour, range=named)
    return replace(format, pixels=pixel_format(wider), colour=colour)


def _converted(planes: Planes, pixels: PixelFormat, format: VideoFormat) -> Planes:
    """Colour planes at the sizes of a layout with as many or more samples."""
    if pixels.family is Family.GRAY:
        neutral = np.full(planes[0].shape, 1 << (pixels.depth - 1), pixels.dtype)
        return (planes[0], neutral, neutral)
    return tuple(map(_repeated, planes, format.plane_shapes))


def _repeated(plane: Plane, shape: tuple[int, int]) -> Plane:
    """Each sample repeated by the power of two that fills ``shape``."""
    for axis in (0, 1):
        times = 1
        while plane.shape[axis] * times < shape[axis]:
            times *= 2
        plane = plane.repeat(times, axis) if times > 1 else plane
    return plane[: shape[0], : shape[1]]


def _gray_format(format: VideoFormat) -> VideoFormat:
    return replace(format, pixels=_GRAY, colour=Colour(range=Range.FULL))


def _heat_format(format: VideoFormat) -> VideoFormat:
    colour = Colour(MATRIX_RGB, PRIMARIES_BT709, TRANSFER_SRGB, Range.FULL)
    return replace(format, pixels=_GBRP, colour=colour)


def _saliency(matte: Matte) -> Alpha:
    """The map to show, at the frame's size."""
    if matte.saliency is None:
        return alpha_array(matte.alpha)
    size = (matte.frame.format.height, matte.frame.format.width)
    return alpha_array(enlarge(matte.saliency, size))


def _heat_planes(levels: Plane) -> Planes:
    """G, B and R of the Turbo colour map (Mikhailov 2019), which OpenCV carries."""
    scale = np.arange(256, dtype=np.uint8)[:, None]
    blue, green, red = np.moveaxis(cv2.applyColorMap(scale, cv2.COLORMAP_TURBO)[:, 0], -1, 0)
    return tuple(
        cast(Plane, cv2.LUT(levels, np.ascontiguousarray(table))) for table in (green, blue, red)
    )
