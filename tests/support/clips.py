"""Small clips and pictures with known content, made on the spot for tests."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from mattebox.colour import Colour
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import PixelFormat, pixel_format

Array = npt.NDArray[Any]


def video_format(
    pixels: str = "yuv420p", size: tuple[int, int] = (96, 64), *, colour: Colour | None = None
) -> VideoFormat:
    """A format of (width, height) at 25 fps in milliseconds."""
    width, height = size
    return VideoFormat(
        width=width,
        height=height,
        pixels=pixel_format(pixels),
        time_base=Fraction(1, 1000),
        rate=Fraction(25),
        colour=colour or Colour(),
    )


def pattern_planes(
    pixels: PixelFormat, height: int, width: int, index: int = 0
) -> tuple[Array, ...]:
    """Planes full of seeded noise over a gradient: any mix-up of planes, rows or depth shows."""
    generator = np.random.default_rng(index)
    planes = []
    for number, (rows, columns) in enumerate(pixels.plane_shapes(height, width)):
        ramp = np.linspace(0.2, 0.7, columns)[None, :] * np.linspace(0.6, 1.0, rows)[:, None]
        noise = generator.random((rows, columns)) * 0.2 + 0.02 * number
        planes.append(
            np.rint((ramp + noise) * pixels.peak).clip(0, pixels.peak).astype(pixels.dtype)
        )
    return tuple(planes)


def pattern_frame(format: VideoFormat, index: int = 0) -> Frame:
    """One frame of the pattern, 40 ticks after the one before."""
    planes = pattern_planes(format.pixels, format.height, format.width, index)
    return Frame(planes, format, pts=index * 40, duration=40)


def av_frame(planes: Sequence[Array], pixels: str) -> av.VideoFrame:
    """An FFmpeg frame holding copies of the planes."""
    height, width = planes[0].shape
    frame = av.VideoFrame(width, height, pixels)
    for plane, source in zip(frame.planes, planes, strict=True):
        row_samples = plane.line_size // source.dtype.itemsize
        target = np.frombuffer(plane, source.dtype).reshape(-1, row_samples)  # type: ignore[call-overload]
        target[: source.shape[0], : source.shape[1]] = source
    return frame


def write_clip(
    path: Path,
    *,
    pixels: str = "yuv420p",
    codec: str = "ffv1",
    size: tuple[int, int] = (96, 64),
    frames: int = 10,
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 1000),
    rate: int = 25,
    audio_s: float = 0.0,
    options: dict[str, str] | None = None,
    matrix: int | None = None,
    color_range: int | None = None,
) -> Path:
    """A clip of ``pattern_planes``; FFV1 by default, so that what is read back is what was made.

    Args:
        pts: in ticks of ``time_base``; evenly spaced at ``rate`` where None.
        audio_s: seconds of a 440 Hz tone as AAC (FLAC in .mkv); 0 for none.
        matrix: H.273 code point to tag; also sets primaries and transfer to the matching ones.
        color_range: FFmpeg's number: 1 limited, 2 full.
    """
    layout = pixel_format(pixels)
    width, height = size
    step = round(1 / (rate * time_base))
    times = list(pts) if pts is not None else [index * step for index in range(frames)]
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.codec_context.time_base = time_base
        stream.time_base = time_base
        if matrix is not None:
            stream.codec_context.colorspace = matrix
            stream.codec_context.color_primaries = matrix
            stream.codec_context.color_trc = matrix
        if color_range is not None:
            stream.codec_context.color_range = color_range
        sound: Any = None
        if audio_s:
            sound = container.add_stream("flac" if path.suffix == ".mkv" else "aac", rate=48000)
            sound.layout = "mono"
        for index, time in enumerate(times):
            frame = av_frame(pattern_planes(layout, height, width, index), pixels)
            frame.pts, frame.time_base = time, time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound is not None:
            _write_tone(container, sound, audio_s)
    return path


def _write_tone(container: Any, stream: Any, length_s: float) -> None:
    total, block = round(48000 * length_s), 1024
    for start in range(0, total, block):
        time = np.arange(start, min(start + block, total)) / 48000
        wave = (np.sin(2 * np.pi * 440 * time) * 8000).astype(np.int16)[None]
        frame = av.AudioFrame.from_ndarray(wave, "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def shorten(path: Path, to: Path, *, frames: int, size: tuple[int, int] = (320, 180)) -> Path:
    """The first frames of a clip, small, as H.264."""
    width, height = size
    with av.open(str(path)) as source, av.open(str(to), "w") as target:
        stream: Any = target.add_stream("libx264", rate=source.streams.video[0].average_rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number, frame in enumerate(source.decode(video=0)):
            if number == frames:
                break
            target.mux(stream.encode(frame.reformat(width, height, "yuv420p")))
        target.mux(stream.encode(None))
    return to


def cut(path: Path, to: Path, *, frames: int) -> Path:
    """The beginning of a clip with its sound: packets copied, nothing encoded again.

    Args:
        frames: how many; those that refer to a later one that is cut off will not decode, so choose
            a number at which x264's groups end: 4 n + 1 in the sample clip.
    """
    with av.open(str(path)) as source, av.open(str(to), "w") as target:
        copies = {each.index: target.add_stream_from_template(each) for each in source.streams}
        rate = source.streams.video[0].average_rate
        assert rate is not None
        for packet in source.demux():
            if packet.pts is not None and packet.pts * packet.time_base < frames / rate:
                packet.stream = copies[packet.stream.index]
                target.mux(packet)
    return to
