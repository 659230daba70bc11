"""How a picture fills a frame of another shape: the geometry, and the resampling of stills.

Pure functions on arrays, shared by the backdrops; no files. Any thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.anchor import Anchor
from mattebox.colour import Rgb

Fit: TypeAlias = Literal["cover", "contain", "stretch", "tile"]
Size: TypeAlias = tuple[int, int]  # (height, width)
Picture: TypeAlias = npt.NDArray[Any]  # (height, width) or (height, width, channels)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels."""

    top: int
    left: int
    height: int
    width: int

    @property
    def size(self) -> Size:
        """(height, width)."""
        return self.height, self.width


@dataclass(frozen=True, slots=True)
class Placement:
    """Which part of a picture is shown, and where.

    Attributes:
        cut: the part of the picture that is used.
        box: where in the frame it comes to lie, at what size; inside the frame unless ``repeated``.
        repeated: whether the box repeats in all directions.
    """

    cut: Box
    box: Box
    repeated: bool

    def aligned(self, frame: Size, multiple: Size) -> Placement:
        """The same with the box on whole chroma samples, for planes that are subsampled.

        Args:
            frame: (height, width) of the frame; an edge of the box that lies on its edge stays.
            multiple: (height, width) in luma samples of one chroma sample.
        """
        align = _align_period if self.repeated else _align_span
        top, height = align(self.box.top, self.box.height, frame[0], multiple[0])
        left, width = align(self.box.left, self.box.width, frame[1], multiple[1])
        return Placement(self.cut, Box(top, left, height, width), self.repeated)


def placement(
    picture: Size, frame: Size, fit: Fit, anchor: Anchor, pixel_aspect: Fraction
) -> Placement:
    """Work out how a picture fills a frame.

    Args:
        picture: (height, width) in its own pixels.
        frame: (height, width) in the frame's pixels.
        fit: ``cover`` fills the frame and cuts what sticks out; ``contain`` shows all of the
            picture, with bars; ``stretch`` bends it to the frame; ``tile`` repeats it, one row of
            the picture to one row of the frame.
        anchor: which part stays in view when cut, and where it lies when the frame is not filled.
        pixel_aspect: sample aspect ratio of the picture over that of the frame, so that circles
            are circles when the frame is shown.
    """
    height, width = picture
    whole = Box(0, 0, height, width)
    if fit == "stretch":
        return Placement(whole, Box(0, 0, *frame), repeated=False)
    ratios = Fraction(frame[0], height), Fraction(frame[1], width) / pixel_aspect
    if fit == "cover":
        scale = max(ratios)
        part = _within(frame[0] / scale, height), _within(frame[1] / scale / pixel_aspect, width)
        return Placement(_anchored(part, picture, anchor), Box(0, 0, *frame), repeated=False)
    scale = min(ratios) if fit == "contain" else Fraction(1)
    size = max(1, round(height * scale)), max(1, round(width * scale * pixel_aspect))
    return Placement(whole, _anchored(size, frame, anchor), repeated=fit == "tile")


def lay_out(
    picture: Picture, frame: Size, box: Box, repeated: bool, fill: float | tuple[float, ...]
) -> Picture:
    """Lay a picture of the box's size into a frame.

    Args:
        picture: (box.height, box.width) or with channels, any dtype.
        frame: (height, width) of the result.
        box: where the picture lies.
        repeated: whether it repeats in all directions.
        fill: the value, or one per channel, of what stays uncovered.

    Returns:
        (height, width) like ``picture``; the picture itself where it covers the frame exactly.
    """
    if box == Box(0, 0, *frame):
        return picture
    if repeated:
        rows = (np.arange(frame[0]) - box.top) % box.height
        columns = (np.arange(frame[1]) - box.left) % box.width
        return picture[rows][:, columns]
    result = np.empty((*frame, *picture.shape[2:]), picture.dtype)
    result[...] = fill
    result[box.top : box.top + box.height, box.left : box.left + box.width] = picture
    return result


def place(
    picture: Picture,
    frame: Size,
    fit: Fit,
    anchor: Anchor,
    *,
    sample_aspect: Fraction,
    fill: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Rgb:
    """Fit an RGB picture with square pixels into a frame.

    Args:
        picture: uint8, uint16 or float32 in [0, 1], (h, w, 3), gamma-encoded.
        frame: (height, width).
        fit, anchor: see ``placement``.
        sample_aspect: width of the frame's pixels over their height.
        fill: RGB in [0, 1] of the bars that ``contain`` leaves.

    Returns:
        float32 (height, width, 3) in [0, 1].
    """
    height, width = picture.shape[:2]
    where = placement((height, width), frame, fit, anchor, 1 / sample_aspect)
    cut = where.cut
    part = picture[cut.top : cut.top + cut.height, cut.left : cut.left + cut.width]
    return lay_out(_resampled(part, where.box.size), frame, where.box, where.repeated, fill)


def _resampled(picture: Picture, size: Size) -> Rgb:
    """To another size: by area where it shrinks, cubic where it grows; float32 in [0, 1]."""
    height, width = picture.shape[:2]
    small = min(height, size[0]), min(width, size[1])
    if small != (height, width):
        # In the picture's own type: a photograph of 50 megapixels is 600 MB as floats.
        picture = cv2.resize(picture, small[::-1], interpolation=cv2.INTER_AREA)
    peak = 1.0 if picture.dtype == np.float32 else float(np.iinfo(picture.dtype).max)
    rgb: Picture = picture.astype(np.float32) / np.float32(peak)
    if small != size:
        rgb = cv2.resize(rgb, size[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(rgb, 0, 1), np.float32)  # cubic interpolation overshoots at edges


def _within(length: Fraction, limit: int) -> int:
    return min(max(1, round(length)), limit)


def _anchored(size: Size, room: Size, anchor: Anchor) -> Box:
    """A box of that size in (or, where it is larger, around) the room."""
    down = 0.0 if "top" in anchor else 1.0 if "bottom" in anchor else 0.5
    across = 0.0 if "left" in anchor else 1.0 if "right" in anchor else 0.5
    top, left = round((room[0] - size[0]) * down), round((room[1] - size[1]) * across)
    return Box(top, left, *size)


def _align_span(start: int, length: int, limit: int, multiple: int) -> tuple[int, int]:
    end = start + length
    start -= start % multiple
    end = limit if end >= limit else max(end - end % multiple, start + multiple)
    return start, min(end, limit) - start


def _align_period(start: int, length: int, limit: int, multiple: int) -> tuple[int, int]:
    length += -length % multiple
    return start - start % multiple, length
