"""Which encoder writes a video file, and how hard it tries: names, quality and speed.

One table for all of it, so that one number means the same everywhere. Layouts are chosen in
``layouts``, files are written in ``file``. Pure apart from asking FFmpeg what it has; any thread.

**Quality** is a straight line from 0 to 99 onto each codec's own scale, laid so that about 75
cannot be told from the input side by side, and about 61 is what the codec's makers chose as
default:

========================  =====================  ====  ====  ======  ========
codec                     its own scale          q=50  q=75  q=90    q=100
========================  =====================  ====  ====  ======  ========
h264                      crf 45 − 0.36 q        27    18    12.6    lossless
h265                      crf 49 − 0.36 q        31    22    16.6    lossless
av1, vp9                  crf 63 − 0.52 q        37    24    16      lossless
prores 4:2:2              profile, one per 25    std   hq    hq      hq
prores 4:4:4              profile                4444  4444  4444xq  4444xq
mjpeg, mpeg2video, mpeg4  quantizer 31 − 0.3 q   16    8     4       1
…_nvenc                   cq 45 − 0.36 q         27    18    12.6    lossless
…_qsv, …_amf, …_vaapi     quantizer, as h264     27    18    13      1
ffv1                      none, always lossless
gif                       none, 256 colours
========================  =====================  ====  ====  ======  ========

Sources: x264's crf 17 to 18 is "visually lossless or nearly so" and its default is 23 (FFmpeg wiki,
H.264); x265's default 28 looks like x264's 23 (FFmpeg wiki, H.265), hence the 4 between the lines;
VP9's recommended value for 1080p is 31 of 63 (Google's VP9 guide), which is q = 61.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import av.codec

from mattebox.errors import SinkRefused
from mattebox.pixels import PixelFormat

LOSSLESS = 100


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a video file is to be encoded, in the user's words.

    Attributes:
        codec: "auto", one of ``CODECS``, or any video encoder of FFmpeg by name.
        quality: 0 (smallest) to 100 (lossless, or the best the codec has).
        speed: "fast", "balanced" or "best": how much work goes into a smaller file.
        pixel_format: "auto" keeps the frames' layout if it can; or FFmpeg's name of one.
        options: private options of the encoder, as FFmpeg names them; they win over the above.
    """

    codec: str
    quality: int
    speed: str
    pixel_format: str
    options: Mapping[str, str]


# FFmpeg's muxer by suffix. "ipod", which FFmpeg takes for .m4v, refuses too much.
CONTAINERS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".webm": "webm",
    ".gif": "gif",
}
ALPHA_SUFFIXES = (".webm", ".mov", ".mkv")

# The codecs that people name, and the encoders for them, best first.
CODECS: dict[str, tuple[str, ...]] = {
    "h264": ("libx264", "libopenh264"),
    "h265": ("libx265",),
    "av1": ("libsvtav1", "libaom-av1", "librav1e"),
    "vp9": ("libvpx-vp9",),
    "prores": ("prores_ks",),
    "ffv1": ("ffv1",),
    "gif": ("gif",),
}
_OTHER_NAMES = {"hevc": "h265", "x264": "h264", "x265": "h265"}

# Codecs that are made for players, which can show YUV only and many of them 4:2:0 only.
PLAYER_CODECS = frozenset({"h264", "hevc", "av1", "vp9", "vp8", "mpeg4", "mpeg2video"})

# Encoders that are worth a mention beside ``CODECS``; FFmpeg has some 90 that hardly anyone wants.
_OFTEN_WANTED = ("libx264rgb", "mjpeg", "mpeg4", "mpeg2video", "dnxhd", "cfhd", "utvideo")

# FFmpeg cuts FFV1 version 3 into slices and finds no way to cut pictures narrower than about 48
# samples of the coarsest chroma; version 1 has no slices.
_FFV1_SLICED_FROM = 64

_SPEEDS = ("fast", "balanced", "best")


def container_of(path: Path) -> str:
    """FFmpeg's muxer for a file name.

    Raises:
        SinkRefused: the suffix is not one that mattebox writes.
    """
    try:
        return CONTAINERS[path.suffix.lower()]
    except KeyError:
        raise SinkRefused(
            f"cannot write {path}: no video format is known by the ending {path.suffix!r}.",
            f"Use one of {', '.join(CONTAINERS)}.",
        ) from None


def auto_codec(suffix: str, pixels: PixelFormat) -> str:
    """The codec for "auto": what plays everywhere, unless it would lose depth or alpha.

    Raises:
        SinkRefused: the frames have alpha and the container cannot carry it.
    """
    suffix = suffix.lower()
    if pixels.has_alpha:
        by_suffix = {".webm": "vp9", ".mov": "prores", ".mkv": "ffv1"}
        if suffix not in by_suffix:
            raise no_alpha_in(suffix)
        return by_suffix[suffix]
    if suffix == ".gif":
        return "gif"
    if suffix == ".webm":
        # libvpx is usually built for 8 bit only; AV1 is the other codec that WebM holds.
        return "vp9" if pixels.depth == 8 else "av1"
    return "h264" if pixels.depth <= 10 else "h265"


def no_alpha_in(what: str) -> SinkRefused:
    """The refusal of a transparent picture by a container or codec without alpha."""
    return SinkRefused(
        f"cannot write transparent frames as {what}: it has no alpha channel.",
        'Write to .webm (VP9), .mov (ProRes 4444) or .mkv (FFV1) with sink.codec = "auto", '
        "or choose a backdrop and --layer composite.",
    )


def find_encoder(codec: str) -> av.codec.Codec:
    """The encoder that a codec's or an encoder's name stands for.

    Raises:
        SinkRefused: this FFmpeg has no such video encoder; the message lists what it has.
    """
    known = _OTHER_NAMES.get(codec, codec)
    for name in CODECS.get(known, (codec,)):
        with contextlib.suppress(ValueError):
            encoder = av.codec.Codec(name, "w")
            if encoder.type == "video":
                return encoder
    raise SinkRefused(
        f"cannot encode with {codec!r}: this FFmpeg has no such video encoder. "
        f"{present_encoders()}",
        'Set sink.codec to one of them, or to "auto".',
    )


def encoder_options(
    encoder: str, encoding: Encoding, pixels: PixelFormat, size: tuple[int, int]
) -> dict[str, str]:
    """The encoder's own options for a quality and a speed; the user's own options come last.

    Args:
        encoder: FFmpeg's name of it.
        encoding: what the user asked for.
        pixels: the layout that the encoder is given.
        size: (width, height) of the pictures.

    Raises:
        SinkRefused: the quality or the speed is not one there is.
    """
    if not 0 <= encoding.quality <= LOSSLESS:
        raise SinkRefused(
            f"cannot encode with quality {encoding.quality}: it goes from 0 to 100.",
            "Set sink.quality = 75 for what looks like the input.",
        )
    if encoding.speed not in _SPEEDS:
        raise SinkRefused(
            f"cannot encode at speed {encoding.speed!r}: there are {', '.join(_SPEEDS)}.",
            'Set sink.speed = "balanced".',
        )
    make = _FAMILIES.get(encoder) or _hardware_family(encoder) or _unknown
    options = make(encoding.quality, _SPEEDS.index(encoding.speed), pixels)
    if encoder == "ffv1" and min(size) < _FFV1_SLICED_FROM:
        options |= {"level": "1", "slicecrc": "0"}
    return _merged(options, encoding.options)


def is_lossless_alpha(encoder: str, quality: int) -> bool:
    """Whether alpha comes back as it went in, to a rounding step."""
    return not encoder.startswith("libvpx") or quality == LOSSLESS


_Options = dict[str, str]


def _x264(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    preset = ("veryfast", "medium", "slow")[speed]
    if quality == LOSSLESS:
        return {"preset": preset, "qp": "0"}
    return {"preset": preset, "crf": _h264_scale(quality)}


def _x265(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    options = {"preset": ("veryfast", "medium", "slow")[speed]}
    # x265 writes its banner to stderr, past every logger.
    if quality == LOSSLESS:
        return {**options, "x265-params": "log-level=error:lossless=1"}
    return {**options, "x265-params": "log-level=error", "crf": _number(49 - 0.36 * quality)}


def _svt_av1(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    options = {"preset": ("10", "7", "4")[speed]}
    if quality == LOSSLESS:
        return {**options, "svtav1-params": "lossless=1"}
    # SVT-AV1 takes 0 for "not set".
    return {**options, "crf": str(max(1, round(63 - 0.52 * quality)))}


def _vp9(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    options = {"deadline": "good", "cpu-used": ("5", "3", "1")[speed], "row-mt": "1"}
    if pixels.has_alpha:
        # Alpha is a second VP9 stream. Key frames at fixed places keep the two in step, so that
        # players can seek; alternate reference frames would hide in packets that carry no alpha.
        options |= {"auto-alt-ref": "0", "g": "128", "keyint_min": "128"}
    if quality == LOSSLESS:
        return {**options, "lossless": "1"}
    return {**options, "b": "0", "crf": str(round(63 - 0.52 * quality))}


def _aom_av1(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    options = {"cpu-used": ("8", "6", "4")[speed], "row-mt": "1", "b": "0"}
    return {**options, "crf": str(0 if quality == LOSSLESS else round(63 - 0.52 * quality))}


def _prores(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    if pixels.log2_chroma == (0, 0):
        profile = "4444xq" if quality >= 90 else "4444"
    else:
        profile = ("proxy", "lt", "standard", "hq")[min(quality // 25, 3)]
    # "apl0" is what Apple's own software looks for. 16 bit alpha is lossless for what we carry.
    options = {"profile": profile, "vendor": "apl0"}
    return {**options, "alpha_bits": "16"} if pixels.has_alpha else options


def _ffv1(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    # Version 3 with checksums, every frame a key frame: what archives ask for (RFC 9043), and a
    # damaged frame stays alone.
    options = {"level": "3", "slicecrc": "1", "g": "1"}
    return {**options, "context": "1"} if speed == 2 else options


def _qscale(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    # FFmpeg would take a constant quantizer from every frame, where PyAV cannot put it; a range of
    # one value comes to the same.
    scale = str(max(1, round(31 - 0.3 * quality)))
    return {"qmin": scale, "qmax": scale}


def _nvenc(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    options = {"preset": ("p2", "p4", "p6")[speed]}
    if quality == LOSSLESS:
        return {**options, "tune": "lossless"}
    return {**options, "rc": "vbr", "cq": _h264_scale(quality), "b": "0"}


def _quick_sync(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    preset = ("veryfast", "medium", "slower")[speed]
    return {"preset": preset, "global_quality": str(_hardware_quantizer(quality))}


def _amf(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    quantizer = str(_hardware_quantizer(quality))
    level = ("speed", "balanced", "quality")[speed]
    return {"quality": level, "rc": "cqp", "qp_i": quantizer, "qp_p": quantizer}


def _videotoolbox(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    # Its own scale runs from 1 to 100, in units of FF_QP2LAMBDA = 118 (libavutil/avutil.h).
    return {"flags": "+qscale", "global_quality": str(118 * max(1, quality))}


def _vaapi(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    return {"rc_mode": "CQP", "global_quality": str(_hardware_quantizer(quality))}


def _unknown(quality: int, speed: int, pixels: PixelFormat) -> _Options:
    return {}


_FAMILIES: dict[str, Callable[[int, int, PixelFormat], _Options]] = {
    "libx264": _x264,
    "libx264rgb": _x264,
    "libx265": _x265,
    "libsvtav1": _svt_av1,
    "libaom-av1": _aom_av1,
    "libvpx-vp9": _vp9,
    "libvpx": _vp9,
    "prores_ks": _prores,
    "ffv1": _ffv1,
    "mjpeg": _qscale,
    "mpeg2video": _qscale,
    "mpeg4": _qscale,
}
_HARDWARE: dict[str, Callable[[int, int, PixelFormat], _Options]] = {
    "_nvenc": _nvenc,
    "_qsv": _quick_sync,
    "_amf": _amf,
    "_videotoolbox": _videotoolbox,
    "_vaapi": _vaapi,
}


def is_hardware(encoder: str) -> bool:
    """Whether the encoder needs a device that may not be there."""
    return encoder.endswith((*_HARDWARE, "_v4l2m2m", "_mf", "_mediacodec", "_vulkan"))


def _hardware_family(encoder: str) -> Callable[[int, int, PixelFormat], _Options] | None:
    for ending, make in _HARDWARE.items():
        if encoder.endswith(ending):
            return make
    return None


def _h264_scale(quality: int) -> str:
    return _number(45 - 0.36 * quality)


def _hardware_quantizer(quality: int) -> int:
    return max(1, round(45 - 0.36 * quality)) if quality < LOSSLESS else 1


def _number(value: float) -> str:
    return f"{value:.2f}"


def _merged(ours: _Options, theirs: Mapping[str, str]) -> _Options:
    """The user's options over ours; lists of parameters are joined, the later one winning."""
    merged = {**ours, **theirs}
    for key in ("x265-params", "svtav1-params"):
        if key in ours and key in theirs:
            merged[key] = f"{ours[key]}:{theirs[key]}"
    return merged


def present_encoders() -> str:
    """A sentence that lists the codecs, encoders and hardware encoders of this FFmpeg."""
    names = sorted(name for name in av.codec.codecs_available if _is_video_encoder(name))
    hardware = [name for name in names if is_hardware(name)]
    software = [codec for codec, encoders in CODECS.items() if set(encoders) & set(names)]
    others = [name for name in _OFTEN_WANTED if name in names]
    return f"Present: {_listed([*software, *others])}; hardware: {_listed(hardware)}."


def _is_video_encoder(name: str) -> bool:
    try:
        return av.codec.Codec(name, "w").type == "video"
    except ValueError:
        return False


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) if names else "none"
