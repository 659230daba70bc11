"""What a video stream says about itself: rate, length, colour, shape of a pixel, which way is up.

Reads FFmpeg's answers and knows where they are wrong; decodes nothing. Any thread.
"""

from __future__ import annotations

import logging
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type
from av.video.codeccontext import VideoCodecContext

from mattebox.colour import MATRIX_RGB, UNSPECIFIED, Colour, Range
from mattebox.sources.decoding import Opened
from mattebox.sources.orientation import (
    UPRIGHT,
    Orientation,
    from_degrees,
    from_display_matrix,
)
from mattebox.sources.planar import is_jpeg

log = logging.getLogger(__name__)

# A mean rate this far below the nominal one says that frames come as they like.
_VARIABLE = Fraction(95, 100)

_RANGES = {1: Range.LIMITED, 2: Range.FULL}  # AVCOL_RANGE_MPEG, AVCOL_RANGE_JPEG


def time_base_of(opened: Opened) -> Fraction:
    """Seconds per tick of the stream's time stamps."""
    return opened.stream.time_base or Fraction(1, av.time_base)


def rate_of(opened: Opened) -> Fraction | None:
    """Nominal frames per second; None where the rate varies or nobody knows it."""
    nominal, mean = opened.stream.guessed_rate, opened.stream.average_rate
    if not nominal or not mean:
        return nominal or mean or None
    return None if mean < nominal * _VARIABLE else nominal


def duration_s_of(opened: Opened) -> float | None:
    """How long the file says it is, in seconds."""
    if opened.stream.duration:
        length = opened.stream.duration * time_base_of(opened)
    else:
        length = Fraction(opened.container.duration or 0, av.time_base)
    return float(length) if length > 0 else None


def promised_end_of(opened: Opened) -> int | None:
    """The tick at which the header says the picture ends; None where it does not say.

    Matroska says it in a tag of the track, ``DURATION=00:00:06.000000000``.
    """
    if opened.stream.duration:
        return (opened.stream.start_time or 0) + opened.stream.duration
    parts = opened.stream.metadata.get("DURATION", "").split(":")
    try:
        hours, minutes, whole_seconds = (Fraction(part) for part in parts)
    except ValueError:
        return None
    return round((3600 * hours + 60 * minutes + whole_seconds) / time_base_of(opened))


def frames_expected_of(opened: Opened) -> int | None:
    """How many frames there should be; the lower one of two answers, for AVI counts ticks."""
    rate, duration_s = rate_of(opened), duration_s_of(opened)
    counted = opened.stream.frames
    timed = round(duration_s * rate) if duration_s and rate else 0
    return min(filter(None, (counted, timed)), default=None)


def sample_aspect_of(opened: Opened) -> Fraction:
    """Width of a pixel over its height; square where nobody says."""
    aspect = opened.stream.sample_aspect_ratio
    return aspect if aspect and aspect > 0 else Fraction(1)


def colour_of(first: av.VideoFrame, opened: Opened, is_gray: bool) -> Colour:
    """The colour tags: the picture's own, else the container's.

    Args:
        first: the first decoded frame. (PyAV gives the code points of H.273 on frames and codec
            contexts; its enums with the same names are swscale's and differ.)
        opened: the stream it came from.
        is_gray: whether there is luma only.
    """
    context: VideoCodecContext = opened.stream.codec_context
    matrix = _said(first.colorspace, context.colorspace)
    return Colour(
        # Gray PNG says "RGB"; as YUV with neutral chroma that would be a lie.
        matrix=UNSPECIFIED if is_gray and matrix == MATRIX_RGB else matrix,
        primaries=_said(first.color_primaries, context.color_primaries),
        transfer=_said(first.color_trc, context.color_trc),
        range=_range_of(first, opened, is_gray),
    )


def orientation_of(first: av.VideoFrame, opened: Opened, name: str) -> Orientation:
    """How stored pictures are to be turned, from the display matrix or the older rotate tag."""
    found = _asked_orientation(first, opened)
    if found is None:
        log.warning("%s asks to be turned by an odd angle; it is left as it is stored.", name)
    return found or UPRIGHT


def _asked_orientation(first: av.VideoFrame, opened: Opened) -> Orientation | None:
    side_data: Any = first.side_data  # a mapping by type that iterates over values
    for data in side_data:
        if data.type is Type.DISPLAYMATRIX:
            numbers = np.frombuffer(bytes(data), np.int32)
            return from_display_matrix([int(number) for number in numbers])
    # Older writers say it in a tag, in degrees clockwise; Matroska gives tags in capitals.
    tags = {key.lower(): value for key, value in opened.stream.metadata.items()}
    try:
        return from_degrees(round(float(tags.get("rotate", "0"))))
    except ValueError:
        return None


def _range_of(first: av.VideoFrame, opened: Opened, is_gray: bool) -> Range:
    if is_jpeg(first):
        return Range.FULL
    said = _RANGES.get(first.color_range) or _RANGES.get(opened.stream.codec_context.color_range)
    if said is None and is_gray:
        # It travels as YUV, which would count as limited where nobody says. Decoders of codecs
        # with limited range always say so; PNG, FFV1 and raw gray are full and do not.
        return Range.FULL
    return said or Range.UNSPECIFIED


def _said(picture: int, container: int) -> int:
    return int(container if picture == UNSPECIFIED else picture)
