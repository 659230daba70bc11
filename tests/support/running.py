"""Running the command line as a user does, and looking at what came of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
from typer.testing import CliRunner

# Small enough to be quick; what the network finds does not matter where this is used.
SMALL_NETWORK = ("--set", "model.size=64")
# A matte of all ones, and a codec that keeps every bit.
EVERYTHING_KEPT = ("-m", "none", "--set", "sink.codec=ffv1")


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def mattebox(*arguments: str | Path) -> Outcome:
    """Run ``mattebox ARGUMENTS`` in this process."""
    from mattebox.apps.cli import app

    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Outcome(result.exit_code, result.stdout, result.stderr)


def done(*arguments: str | Path) -> Outcome:
    """Run ``mattebox ARGUMENTS``, which has to work."""
    outcome = mattebox(*arguments)
    assert outcome.code == 0, outcome.err
    return outcome


def start(arguments: Sequence[str | Path], **options: Any) -> subprocess.Popen[bytes]:
    """Start ``mattebox ARGUMENTS`` as a process of its own."""
    command = [sys.executable, "-m", "mattebox", *map(str, arguments)]
    environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, **options
    )


@dataclass(frozen=True)
class Seen:
    """What a player finds in a video file."""

    pts: tuple[Fraction, ...]  # seconds
    size: tuple[int, int]  # width, height
    pixels: str
    tags: tuple[int, int, int, int]  # matrix, primaries, transfer, FFmpeg's range
    packets: tuple[tuple[str, int], ...]  # (kind, packets) of every stream but the video
    length_s: float


def look_at(path: Path) -> Seen:
    """Decode a video to its end and count what is in it."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        others = [stream for stream in container.streams if stream is not video]
        counts = {stream.index: 0 for stream in others}
        pts: list[Fraction] = []
        frame: Any = None
        for packet in container.demux():
            if packet.stream_index in counts:
                counts[packet.stream_index] += packet.size > 0
                continue
            for frame in packet.decode():
                pts.append(frame.pts * frame.time_base)
        return Seen(
            pts=tuple(pts),
            size=(frame.width, frame.height),
            pixels=frame.format.name,
            tags=(frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range),
            packets=tuple((stream.type, counts[stream.index]) for stream in others),
            length_s=float((container.duration or 0) / av.time_base),
        )


def read_picture(path: Path) -> npt.NDArray[Any]:
    """A picture as OpenCV reads it: BGR or BGRA, 8 or 16 bit, unturned."""
    read = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    assert read is not None, f"{path} is no picture"
    return read


def decoded_planes(path: Path) -> list[tuple[npt.NDArray[Any], ...]]:
    """Every frame's planes, by FFmpeg alone."""
    with av.open(str(path)) as container:
        return [tuple(map(_samples, frame.planes)) for frame in container.decode(video=0)]


def _samples(plane: Any) -> npt.NDArray[Any]:
    deep = plane.line_size >= 2 * plane.width
    samples = np.frombuffer(plane, np.uint16 if deep else np.uint8)
    row = plane.line_size // samples.itemsize
    return samples.reshape(-1, row)[: plane.height, : plane.width].copy()
