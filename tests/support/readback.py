"""What is in a video file, read with FFmpeg and nothing of mattebox's own readers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class CopiedPacket:
    """A packet as its payload's hash and its time in seconds."""

    digest: str
    time: Fraction


def planes_of(picture: Any) -> tuple[Array, ...]:
    """The planes of an FFmpeg frame as arrays of their true size."""
    deep = max(component.bits for component in picture.format.components) > 8
    dtype = np.dtype(np.uint16 if deep else np.uint8)
    planes = []
    for plane in picture.planes:
        samples = np.frombuffer(plane, dtype).reshape(-1, plane.line_size // dtype.itemsize)
        planes.append(samples[: plane.height, : plane.width].copy())
    return tuple(planes)


def pictures(path: Path, decoder: str | None = None) -> list[Any]:
    """Every frame of the first picture track, by a decoder of choice."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        if decoder is None:
            return list(container.decode(stream))
        context: Any = av.CodecContext.create(decoder, "r")
        return [
            frame
            for packet in container.demux(stream)
            for frame in context.decode(packet if packet.size else None)
        ]


def times(path: Path) -> list[Fraction]:
    """When each picture is shown, in seconds, exact."""
    shown = []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base is not None
        for frame in container.decode(stream):
            assert frame.pts is not None
            shown.append(frame.pts * stream.time_base)
    return shown


def packets(path: Path, kind: str, number: int = 0) -> list[CopiedPacket]:
    """The packets of the stream of that kind and number."""
    with av.open(str(path)) as container:
        stream = [each for each in container.streams if each.type == kind][number]
        found = []
        for packet in container.demux(stream):
            if packet.size:
                ticks = packet.pts if packet.pts is not None else 0
                found.append(
                    CopiedPacket(
                        hashlib.sha256(bytes(packet)).hexdigest(), ticks * packet.time_base
                    )
                )
        return found


def duration(path: Path) -> float:
    """How long the file is, in seconds."""
    with av.open(str(path)) as container:
        assert container.duration is not None
        return container.duration / av.time_base
