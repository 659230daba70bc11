"""Everything that is decided about a video file before its first byte: container, encoder, layout.

The table of encoders is in ``codecs``, the choice of layouts in ``layouts``; here the two meet a
format and a file name. Pure; any thread.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av.codec

from mattebox.errors import SinkRefused
from mattebox.frame import VideoFormat
from mattebox.pixels import is_carried, pixel_format
from mattebox.sinks.codecs import (
    Encoding,
    auto_codec,
    container_of,
    encoder_options,
    find_encoder,
    is_hardware,
)
from mattebox.sinks.layouts import Layout, choose_layout

_log = logging.getLogger(__name__)

# A GIF counts in hundredths of a second.
_GIF_TICK = Fraction(1, 100)

# FFmpeg keeps a time base as two 32 bit numbers.
_LARGEST = 2**31 - 1
_FINE_TICK = Fraction(1, 1_000_000)

# What an encoder is told where the frames have no rate of their own. It steers levels and rate
# control only; timing comes from every frame's pts.
_NOMINAL_RATE = Fraction(30)

# These refuse odd sizes at subsampled chroma; VP9, AV1, FFV1, ProRes and MJPEG take them.
_EVEN_ONLY = frozenset({"h264", "hevc"})


@dataclass(frozen=True, slots=True)
class Plan:
    """How a file is going to be written.

    Attributes:
        container: FFmpeg's name of the muxer.
        encoder: the encoder.
        options: its private options.
        layout: what it is given, and its tags.
        time_base: seconds per tick in the encoder.
        rate: nominal frames per second for the encoder's own arithmetic.
    """

    container: str
    encoder: av.codec.Codec
    options: Mapping[str, str]
    layout: Layout
    time_base: Fraction
    rate: Fraction


def make_plan(path: Path, encoding: Encoding, format: VideoFormat) -> Plan:
    """Decide how to write frames of a format to a file of that name.

    Raises:
        SinkRefused: the name, the encoder or the layout does not go with the rest.
    """
    container = container_of(path)
    codec = encoding.codec
    if codec == "auto":
        codec = auto_codec(path.suffix, format.pixels)
    encoder = find_encoder(codec)
    layout = choose_layout(format, encoder, encoding.pixel_format, path.suffix)
    _refuse_odd_sizes(format, encoder, layout.name)
    if layout.lost:
        _log.warning(
            "%s frames are written as %s by %s, which costs %s; sink.pixel_format or sink.codec "
            "chooses otherwise, for example ffv1 into .mkv",
            format.pixels.name,
            layout.name,
            encoder.name,
            layout.lost,
        )
    pixels = pixel_format(layout.name) if is_carried(layout.name) else format.pixels
    return Plan(
        container=container,
        encoder=encoder,
        options=encoder_options(encoder.name, encoding, pixels, (format.width, format.height)),
        layout=layout,
        time_base=_time_base(encoder, format),
        rate=format.rate or _NOMINAL_RATE,
    )


def refused_by(
    encoder: av.codec.Codec, format: VideoFormat, reason: str, present: str
) -> SinkRefused:
    """The refusal for an encoder that could not be opened."""
    if is_hardware(encoder.name):
        return SinkRefused(
            f"cannot encode with {encoder.name}: its device or driver is not there ({reason}). "
            f"{present}",
            'Set sink.codec = "auto" to encode in software.',
        )
    return SinkRefused(
        f"cannot encode {format} with {encoder.name}: {reason}.",
        "Set another sink.codec, sink.pixel_format or sink.options, or change the size; "
        'sink.codec = "ffv1" into .mkv takes every size.',
    )


def _refuse_odd_sizes(format: VideoFormat, encoder: av.codec.Codec, layout: str) -> None:
    if encoder.canonical_name not in _EVEN_ONLY or not is_carried(layout):
        return
    rows, columns = pixel_format(layout).size_multiple
    if format.height % rows == 0 and format.width % columns == 0:
        return
    digits = "4:2:0" if rows == 2 else "4:2:2"
    raise SinkRefused(
        f"cannot write {format.width}×{format.height} as {layout} with {encoder.name}: {digits} "
        "chroma needs even sizes.",
        "Pass --set sink.pixel_format=yuv444p, or write to .webm or .mkv with another sink.codec "
        "(vp9, av1 and ffv1 take odd sizes).",
    )


def _time_base(encoder: av.codec.Codec, format: VideoFormat) -> Fraction:
    time_base = format.time_base
    if encoder.name == "gif":
        return _GIF_TICK
    if encoder.frame_rates:
        # It knows some rates only (MPEG-1 and -2), and takes its ticks for one of them.
        return 1 / (format.rate or _NOMINAL_RATE)
    if max(time_base.numerator, time_base.denominator) > _LARGEST:
        return _FINE_TICK
    return time_base
