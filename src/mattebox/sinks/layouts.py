"""Which pixel layout an encoder is given, and what happens to the colour tags on the way.

A frame's own layout is kept if the encoder takes it; otherwise the nearest one that loses nothing;
otherwise the nearest, and the loss is put into words. Pure apart from FFmpeg's table; any thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import av.codec
from av.codec.codec import PixFmtLoss, find_best_pix_fmt_of_list

from mattebox.colour import (
    MATRIX_BT709,
    MATRIX_BT2020,
    MATRIX_RGB,
    PRIMARIES_BT709,
    PRIMARIES_BT2020,
    TRANSFER_BT709,
    TRANSFER_SRGB,
    UNSPECIFIED,
    Colour,
    Range,
)
from mattebox.errors import SinkRefused
from mattebox.frame import VideoFormat
from mattebox.pixels import Family, PixelFormat, is_carried, pixel_format
from mattebox.sinks.codecs import ALPHA_SUFFIXES, PLAYER_CODECS, no_alpha_in

# Layouts on an encoder's list that it refuses when opened (libvpx), or whose alpha hardly any
# decoder finds again (x265).
_FALSE_ALPHA = {
    "libvpx-vp9": frozenset({"yuva422p", "yuva444p", "gbrap"}),
    "libx265": frozenset({"yuva420p", "yuva420p10le"}),
}

# "Layouts" that are handles of pictures on a device.
_ON_DEVICES = frozenset(
    {"cuda", "qsv", "vaapi", "vulkan", "d3d11", "d3d12", "dxva2_vld", "amf", "drm_prime"}
    | {"videotoolbox_vld", "mediacodec"}
)

# Packed layouts hold the same samples in another order.
_PACKED = {"gbrp": ("bgr0", "rgb0", "rgb24", "bgr24"), "gbrap": ("bgra", "rgba")}

_LOSSES = {
    PixFmtLoss.DEPTH: "bits per sample",
    PixFmtLoss.RESOLUTION: "chroma resolution",
    PixFmtLoss.CHROMA: "colour",
    PixFmtLoss.COLORQUANT: "colours",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """What the encoder is given.

    Attributes:
        name: FFmpeg's name of the layout.
        colour: the tags of what is written.
        lost: what converting costs, in words; empty if nothing that could be seen.
    """

    name: str
    colour: Colour
    lost: str


def choose_layout(format: VideoFormat, encoder: av.codec.Codec, wanted: str, suffix: str) -> Layout:
    """The layout for frames of a format in an encoder.

    Args:
        format: what the frames are.
        encoder: who gets them.
        wanted: "auto", or the layout that the user asked for.
        suffix: of the file, for the question of alpha.

    Raises:
        SinkRefused: the encoder does not take what was asked for, or would drop the alpha.
    """
    if encoder.name == "gif" and not format.pixels.has_alpha:
        return Layout("pal8", replace(format.colour, matrix=MATRIX_RGB, range=Range.FULL), "")
    offered = _offered(encoder)
    if format.pixels.has_alpha and suffix.lower() not in ALPHA_SUFFIXES:
        raise no_alpha_in(suffix)
    if wanted != "auto":
        name = _asked_for(wanted, offered, encoder, format.pixels)
        lost = ""
    else:
        name, lost = _nearest(format.pixels, offered, encoder)
    if format.pixels.has_alpha and not has_alpha(name):
        raise no_alpha_in(encoder.name)
    return Layout(name, _tags(format, name, encoder), lost)


def has_alpha(name: str) -> bool:
    """Whether a layout, ours or FFmpeg's, has an alpha channel."""
    return any(component.is_alpha for component in av.VideoFormat(name).components)


def _offered(encoder: av.codec.Codec) -> list[str]:
    formats = encoder.video_formats or []
    refused = _FALSE_ALPHA.get(encoder.name, frozenset())
    return [each.name for each in formats if each.name not in refused and _is_in_memory(each.name)]


def _is_in_memory(name: str) -> bool:
    return name not in _ON_DEVICES


def _asked_for(
    wanted: str, offered: Sequence[str], encoder: av.codec.Codec, frames: PixelFormat
) -> str:
    # yuvj420p is FFmpeg's old name for full-range yuv420p; the range travels in the tags.
    plain = wanted.replace("yuvj", "yuv")
    if offered and plain not in offered:
        raise SinkRefused(
            f"cannot encode {wanted} with {encoder.name}: it takes {', '.join(offered)}.",
            'Set sink.pixel_format = "auto" or to one of them.',
        )
    try:
        av.VideoFormat(plain)
    except ValueError as error:
        raise SinkRefused(
            f"cannot encode {wanted!r}: FFmpeg knows no such pixel format.",
            'Set sink.pixel_format = "auto".',
        ) from error
    return plain


def _nearest(
    frames: PixelFormat, offered: Sequence[str], encoder: av.codec.Codec
) -> tuple[str, str]:
    """The best layout on offer, and what it costs in words."""
    if not offered:
        return frames.name, ""
    if encoder.canonical_name in PLAYER_CODECS and frames.family is not Family.YUV:
        return _for_players(frames, offered)
    if frames.name in offered:
        return frames.name, ""
    for packed in _PACKED.get(frames.name, ()):
        if packed in offered:
            return packed, ""
    lossless = [name for name in offered if is_carried(name) and _holds(pixel_format(name), frames)]
    if lossless:
        return min(lossless, key=_size_of), ""
    return _least_loss(frames, offered)


def _for_players(frames: PixelFormat, offered: Sequence[str]) -> tuple[str, str]:
    """4:2:0, since players cannot show RGB or gray however well the codec holds them."""
    as_yuv = [
        name
        for name in offered
        if is_carried(name)
        and pixel_format(name).family is Family.YUV
        and pixel_format(name).log2_chroma == (1, 1)
        and pixel_format(name).has_alpha == frames.has_alpha
    ]
    if not as_yuv:
        return _least_loss(frames, offered)
    deep_enough = [name for name in as_yuv if pixel_format(name).depth >= frames.depth]
    name = min(deep_enough, key=_size_of) if deep_enough else max(as_yuv, key=_size_of)
    lost = [] if frames.family is Family.GRAY else ["chroma resolution (players need 4:2:0)"]
    if not deep_enough:
        lost.append("bits per sample")
    return name, " and ".join(lost)


def _least_loss(frames: PixelFormat, offered: Sequence[str]) -> tuple[str, str]:
    best, loss = find_best_pix_fmt_of_list(
        _with_alpha_if(frames.has_alpha, offered), frames.name, frames.has_alpha
    )
    if best is None:
        return offered[0], "something"
    return best.name, " and ".join(words for flag, words in _LOSSES.items() if loss & flag)


def _with_alpha_if(alpha: bool, offered: Sequence[str]) -> list[str]:
    """Only layouts with alpha, if it is needed and there are any."""
    transparent = [name for name in offered if has_alpha(name)] if alpha else []
    return transparent or list(offered)


def _holds(layout: PixelFormat, frames: PixelFormat) -> bool:
    """Whether every sample of ``frames`` has a place in ``layout``."""
    return (
        layout.family is frames.family
        and layout.has_alpha == frames.has_alpha
        and layout.depth >= frames.depth
        and layout.log2_chroma[0] <= frames.log2_chroma[0]
        and layout.log2_chroma[1] <= frames.log2_chroma[1]
    )


def _size_of(name: str) -> tuple[int, int]:
    layout = pixel_format(name)
    return layout.depth, -sum(layout.log2_chroma)


def _tags(format: VideoFormat, name: str, encoder: av.codec.Codec) -> Colour:
    """The colour tags for a layout: the frames' own, or what the conversion makes of them."""
    colour = format.colour
    is_rgb = av.VideoFormat(name).is_rgb
    if is_rgb:
        tags = replace(colour, matrix=MATRIX_RGB, range=Range.FULL)
    elif format.pixels.family is Family.RGB:
        tags = _video_tags(colour)
    elif format.pixels.family is Family.GRAY:
        full = Range.FULL if format.is_full_range else Range.LIMITED
        tags = replace(colour, range=full)
    else:
        tags = colour
    if encoder.canonical_name == "mjpeg":
        return replace(tags, range=Range.FULL)  # JPEG knows no other
    return tags


def _video_tags(colour: Colour) -> Colour:
    """What RGB becomes as YUV: BT.709, or BT.2020 if its primaries are; limited range."""
    wide = colour.primaries == PRIMARIES_BT2020
    plain_transfer = colour.transfer in {UNSPECIFIED, TRANSFER_SRGB}
    return Colour(
        matrix=MATRIX_BT2020 if wide else MATRIX_BT709,
        primaries=PRIMARIES_BT709 if colour.primaries == UNSPECIFIED else colour.primaries,
        transfer=TRANSFER_BT709 if plain_transfer else colour.transfer,
        range=Range.LIMITED,
    )
