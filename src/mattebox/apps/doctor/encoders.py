"""The encoders that PyAV brings, and whether those of an NVIDIA GPU open."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from mattebox.apps.doctor.finding import Finding, System, ok, problem, warning
from mattebox.apps.doctor.gpu import nvidia_driver

_ENCODERS = {
    "libx264": "H.264 files (.mp4, .mkv)",
    "libx265": "H.265 files",
    "libsvtav1": "AV1 files",
    "libvpx-vp9": "transparent .webm",
    "prores_ks": "transparent .mov",
    "ffv1": "mattes and transparent .mkv",
    "aac": "sound that must be encoded again",
}
_NVENC = {"h264_nvenc": "H.264", "hevc_nvenc": "H.265", "av1_nvenc": "AV1"}
_WHEEL = "pip install --force-reinstall --only-binary av av"
# Large enough for every generation of NVENC.
_WIDTH, _HEIGHT, _RATE = 640, 360, Fraction(30)


def look_at_encoders(system: System) -> Iterator[Finding]:
    """FFmpeg's version, software encoders, and those of the GPU."""
    import av

    yield ok("FFmpeg", av.ffmpeg_version_info)
    for encoder, use in _ENCODERS.items():
        if encoder in av.codecs_available:
            yield ok(f"encoder {encoder}", use)
        else:
            yield problem(f"encoder {encoder}", f"missing: no {use}", _WHEEL)
    driver = nvidia_driver(system)
    for encoder, use in _NVENC.items():
        reason = why_not_open(encoder) if encoder in av.codecs_available else "not in this PyAV"
        yield judge_nvenc(encoder, use, reason, driver)


def judge_nvenc(encoder: str, use: str, reason: str, driver: str | None) -> Finding:
    """What an encoder of the GPU comes to.

    Args:
        encoder: its name in FFmpeg.
        use: the format that it writes.
        reason: why it does not open; empty: it does.
        driver: the version of NVIDIA's driver; None: there is none, and nothing is missed.
    """
    topic = f"encoder {encoder}"
    if not reason:
        return ok(topic, f"{use} on the GPU: --set sink.codec={encoder}")
    if driver is None:
        return ok(topic, "not used: there is no NVIDIA driver")
    return warning(
        topic,
        f"does not open with driver {driver}: {reason}",
        "nvidia-smi must run and name a GPU with NVENC; else update its driver.",
    )


def why_not_open(encoder: str) -> str:
    """Why an encoder does not open, in FFmpeg's words; empty if it does."""
    import av

    before = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as told:
            context = av.CodecContext.create(encoder, "w")
            assert isinstance(context, av.VideoCodecContext)
            context.width, context.height, context.pix_fmt = _WIDTH, _HEIGHT, "yuv420p"
            context.framerate, context.time_base = _RATE, 1 / _RATE
            context.open()
    except (av.FFmpegError, ValueError) as error:
        return told[0][2].strip().rstrip(".") if told else str(error)
    finally:
        av.logging.set_level(before)
    return ""
