"""A picture with alpha laid over finished pictures, such as a logo: a ``ports.Layer`` around one.

It is converted to the planes' layout once; of each picture only its rectangle is touched. Where
the picture comes from is none of its concern. The caller's thread.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.anchor import Anchor
from mattebox.colour import Plane, Planes, planes_from_rgb
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.matting.alphas import Alpha, chroma_alpha
from mattebox.ports import Layer

Rgba: TypeAlias = npt.NDArray[np.float32]  # (height, width, 4) in [0, 1], straight alpha

# Keeps a division by an alpha of 0 quiet; what comes of it is not seen.
_TINY = np.float32(1e-6)
# Colour is spread so far under what is transparent: the widest chroma sample is four pixels.
_SPREAD_PX = 9


@dataclass(frozen=True, slots=True)
class OverlayOptions:
    """Where a picture lies over others.

    Attributes:
        anchor: at which edge or corner.
        width: its width in shares of the frame's; it becomes narrower where it would be too high.
        margin: its distance from the edges, in shares of the frame's width.
        opacity: 0 is not there, 1 is as in its own alpha.
    """

    anchor: Anchor
    width: float
    margin: float
    opacity: float


@dataclass(frozen=True, slots=True)
class _Rectangle:
    """In pixels; its left and its top lie between two chroma samples."""

    top: int
    left: int
    height: int
    width: int

    def samples(self, log2: tuple[int, int]) -> tuple[slice, slice]:
        """Its rows and columns in a plane that is halved so often."""
        ends = self.top + self.height, self.left + self.width
        return (
            slice(self.top >> log2[0], -(-ends[0] >> log2[0])),
            slice(self.left >> log2[1], -(-ends[1] >> log2[1])),
        )


class Overlaid:
    """Another layer's picture with one over it.

    Args:
        layer: it is this one's from now on.
        picture: float32 (h, w, 4) RGBA in [0, 1], straight alpha, sRGB.
        options: where it lies.
    """

    def __init__(self, layer: Layer, picture: Rgba, options: OverlayOptions) -> None:
        self._layer, self._picture, self._options = layer, picture, options
        self._rectangle = _Rectangle(0, 0, 0, 0)
        self._planes: Planes = ()
        self._shares: tuple[Alpha, ...] = ()
        self._opacity = np.zeros((0, 0), np.float32)

    def open(self, format: VideoFormat) -> VideoFormat:
        """See ``Layer``."""
        made = self._layer.open(format)
        self._rectangle, canvas = _laid_out(self._picture, made, self._options)
        opaque = made.pixels.without_alpha()
        # Unnamed, a matrix is guessed from the height, and that is the frame's.
        colour = replace(made.colour, matrix=made.colour.matrix_or_guess(made.height))
        self._planes = planes_from_rgb(canvas[..., :3], opaque, colour)
        self._opacity = canvas[..., 3] * np.float32(self._options.opacity)
        self._shares = tuple(chroma_alpha(self._opacity, plane.shape) for plane in self._planes)
        return made

    def render(self, matte: Matte) -> Frame:
        """See ``Layer``."""
        return self._over(self._layer.render(matte))

    def close(self) -> None:
        """See ``Layer``."""
        self._layer.close()

    def _over(self, frame: Frame) -> Frame:
        pixels = frame.format.pixels
        shares = self._shares if not pixels.has_alpha else self._shares_over(frame)
        planes = [
            _blended(plane, self._samples(index, frame.format), over, share)
            for index, (plane, over, share) in enumerate(
                zip(frame.colour_planes, self._planes, shares, strict=True)
            )
        ]
        if pixels.has_alpha:
            peak = np.full(self._opacity.shape, pixels.peak, pixels.dtype)
            where = self._samples(len(planes), frame.format)
            planes.append(_blended(frame.planes[-1], where, peak, self._opacity))
        return replace(frame, planes=tuple(planes))

    def _samples(self, index: int, format: VideoFormat) -> tuple[slice, slice]:
        return self._rectangle.samples(format.pixels.log2_chroma if index in (1, 2) else (0, 0))

    def _shares_over(self, frame: Frame) -> tuple[Alpha, ...]:
        """How much of the colour is the picture's, where what is below may be seen through."""
        below = frame.planes[-1][self._rectangle.samples((0, 0))]
        opacity = below.astype(np.float32) / np.float32(frame.format.pixels.peak)
        return tuple(_share_over(share, opacity) for share in self._shares)


def _share_over(share: Alpha, below: Alpha) -> Alpha:
    """The share in what is seen, over something with an alpha of its own (Porter and Duff 1984)."""
    seen = share + chroma_alpha(below, share.shape) * (1 - share)
    return cast(Alpha, share / np.maximum(seen, _TINY))


def _blended(plane: Plane, where: tuple[slice, slice], over: Plane, share: Alpha) -> Plane:
    """A new plane; the given one may be shared with others."""
    blended = np.array(plane)
    below = blended[where].astype(np.float32)
    blended[where] = np.rint(below + (over - below) * share).astype(plane.dtype)
    return blended


def _laid_out(
    picture: Rgba, format: VideoFormat, options: OverlayOptions
) -> tuple[_Rectangle, Rgba]:
    """The rectangle on whole chroma samples, and what lies in it; transparent at its rim."""
    height, width = _size(picture, format, options)
    top, left = _place((height, width), format, options)
    rows, columns = format.pixels.size_multiple
    first = top // rows * rows, left // columns * columns
    last = (
        min(-(-(top + height) // rows) * rows, format.height),
        min(-(-(left + width) // columns) * columns, format.width),
    )
    canvas = np.zeros((last[0] - first[0], last[1] - first[1], 4), np.float32)
    inner = slice(top - first[0], top - first[0] + height), slice(left - first[1], None)
    canvas[inner[0], left - first[1] : left - first[1] + width] = _premultiplied(
        picture, (height, width)
    )
    return _Rectangle(*first, *canvas.shape[:2]), _straight(canvas)


def _size(picture: Rgba, format: VideoFormat, options: OverlayOptions) -> tuple[int, int]:
    """(height, width) that it comes to have, in pixels of the frame."""
    margin = 2 * options.margin * format.width
    # Pixels that are wider than high need fewer columns, or as many and more rows.
    slope = picture.shape[0] / picture.shape[1] * float(format.sample_aspect)
    wide = min(options.width * format.width, format.width - margin)
    wide = min(wide, (format.height - margin) / slope)
    width = max(1, round(wide))
    return min(max(1, round(wide * slope)), format.height), width


def _place(size: tuple[int, int], format: VideoFormat, options: OverlayOptions) -> tuple[int, int]:
    """(top, left) in pixels."""
    margin = round(options.margin * format.width)
    places = []
    sides = (("top", "bottom"), ("left", "right"))
    for part, whole, (near, far) in zip(size, (format.height, format.width), sides, strict=True):
        free = whole - part
        place = free // 2
        if near in options.anchor:
            place = min(margin, free)
        elif far in options.anchor:
            place = max(free - margin, 0)
        places.append(place)
    return places[0], places[1]


def _premultiplied(picture: Rgba, size: tuple[int, int]) -> npt.NDArray[Any]:
    """Resized to (height, width), colour multiplied by alpha: else what is hidden bleeds."""
    colour = picture[..., :3] * picture[..., 3:]
    whole = np.concatenate((colour, picture[..., 3:]), axis=-1)
    shrinks = size[0] < picture.shape[0]
    kernel = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(whole, size[::-1], interpolation=kernel))


def _straight(canvas: npt.NDArray[Any]) -> Rgba:
    """Colour divided by alpha; where alpha is 0, that of the surroundings."""
    around = cv2.blur(canvas, (_SPREAD_PX, _SPREAD_PX))
    source = np.where(canvas[..., 3:] > _TINY, canvas, around)
    colour = source[..., :3] / np.maximum(source[..., 3:], _TINY)
    return np.concatenate((colour.clip(0, 1), canvas[..., 3:]), axis=-1).astype(np.float32)
