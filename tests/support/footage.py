"""Video and picture files as they come from the wild: turned, damaged, packed, tagged."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

import clips
from mattebox.pixels import pixel_format

Array = npt.NDArray[Any]

# Header word of YUV4MPEG2 by layout: mjpegtools' yuv4mpeg(5), and FFmpeg's names for the deep ones.
_Y4M_CHROMA = {
    "yuv420p": "420jpeg",
    "yuv422p": "422",
    "yuv444p": "444",
    "gray": "mono",
    "yuv420p10le": "420p10 XYSCSS=420P10",
    "yuv422p12le": "422p12 XYSCSS=422P12",
}


def encode(
    path: Path,
    codec: str,
    pictures: Iterable[av.VideoFrame],
    *,
    time_base: Fraction = Fraction(1, 25),
    options: dict[str, str] | None = None,
    turn: tuple[int, bool, bool] | None = None,
    aspect: Fraction | None = None,
    metadata: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
) -> Path:
    """Encode frames whose pts count 25ths of a second, or are set already.

    Args:
        turn: degrees counter-clockwise, then mirrored, then flipped: the track's display matrix.
        aspect: width of a pixel over its height.
        metadata: of the stream.
    """
    frames = list(pictures)
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream: Any = container.add_stream(codec, rate=25, options=options or {})
        stream.width, stream.height = frames[0].width, frames[0].height
        stream.pix_fmt = frames[0].format.name
        stream.codec_context.time_base = time_base
        stream.metadata.update(metadata or {})
        if turn is not None:
            stream.set_display_rotation(turn[0], hflip=turn[1], vflip=turn[2])
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        for index, frame in enumerate(frames):
            frame.pts = index if frame.pts is None else frame.pts
            frame.time_base = time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def pattern_pictures(
    pixels: str, count: int, size: tuple[int, int] = (96, 64)
) -> list[av.VideoFrame]:
    """FFmpeg frames of ``clips.pattern_planes``, in a layout that mattebox carries."""
    width, height = size
    layout = pixel_format(pixels)
    return [
        clips.av_frame(clips.pattern_planes(layout, height, width, index), pixels)
        for index in range(count)
    ]


def noise_picture(
    pixels: str, size: tuple[int, int] = (38, 22), *, seed: int = 0, shift: int = 0, depth: int = 8
) -> av.VideoFrame:
    """An FFmpeg frame in any layout, every sample random.

    Args:
        shift: how far samples of more than 8 bits are shifted up in their 16-bit words.
        depth: significant bits.
    """
    generator = np.random.default_rng(seed)
    frame = av.VideoFrame(*size, pixels)
    for plane in frame.planes:
        dtype: Any = np.uint8 if depth == 8 else np.uint16
        samples = memory(plane, dtype)
        samples[:] = generator.integers(0, 1 << depth, samples.shape).astype(dtype) << shift
    return frame


def memory(plane: Any, dtype: Any) -> Array:
    """All of an FFmpeg plane's bytes as samples, a row per line, padding included."""
    samples: Array = np.frombuffer(plane, dtype)
    lines = samples.size * samples.dtype.itemsize // max(abs(plane.line_size), 1)
    return samples.reshape(max(lines, 1), -1)


def y4m(pixels: str, count: int, size: tuple[int, int] = (48, 32), tags: str = "") -> bytes:
    """A YUV4MPEG2 stream of ``clips.pattern_planes`` at 25 fps."""
    width, height = size
    layout = pixel_format(pixels)
    header = f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C{_Y4M_CHROMA[pixels]}{tags}\n"
    frames = (
        b"FRAME\n" + b"".join(p.tobytes() for p in clips.pattern_planes(layout, height, width, i))
        for i in range(count)
    )
    return header.encode() + b"".join(frames)


def packets(path: Path) -> list[tuple[int, int]]:
    """(position, size) of every video packet in a file."""
    with av.open(str(path)) as container:
        found = container.demux(container.streams.video[0])
        return [(int(p.pos or 0), p.size) for p in found if p.size]


def damage(path: Path, indices: Sequence[int]) -> Path:
    """Overwrite whole packets with noise, in a container that says where they lie (MP4, AVI)."""
    data = bytearray(path.read_bytes())
    generator = np.random.default_rng(0)
    where = packets(path)
    for index in indices:
        position, size = where[index]
        data[position : position + size] = generator.bytes(size)
    path.write_bytes(data)
    return path


def truncate(path: Path, share: float) -> Path:
    """Keep the beginning of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def exif(orientation: int, *, byte_order: str = ">") -> bytes:
    """Exif data that holds the orientation tag and nothing else."""
    mark = b"MM" if byte_order == ">" else b"II"
    entry = struct.pack(f"{byte_order}HHIHH", 0x0112, 3, 1, orientation, 0)
    head = struct.pack(f"{byte_order}HIH", 42, 8, 1)
    return mark + head + entry + bytes(4)
