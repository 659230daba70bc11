"""The program that encodes and sends a live picture: ``python -m mattebox.sinks.sender``.

A program of its own, because FFmpeg, called through PyAV, holds Python's lock for as long as it
takes to connect: no other output would get a picture meanwhile. It sends over one connection and
ends with it; connecting again is ``stream``'s, which starts it.

It reads a line that says what to do (``Job``), then pictures: eight bytes of pts, then I420. It
says ``READY`` once it is connected, or why it is not. The end of its input is the end.
"""

from __future__ import annotations

import faulthandler
import json
import signal
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import BinaryIO

import av
import av.logging
import numpy as np
from av.container import OutputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

READY = "ready"
PTS = struct.Struct("<q")

# How long connecting may take: FFmpeg gives a WHIP handshake five seconds. And how long a picture
# may take to leave once the system's buffers are full, which they are after seconds of silence.
CONNECT_S, STALL_S = 6.0, 1.5
# Services ask for a picture that stands alone every two seconds; who joins waits no longer.
_KEYFRAME_S = 2
# What a decoder has to buffer, in seconds of the largest bit rate.
_BUFFER_S = 1
# Looks good at the usual sizes; the cap decides where much moves.
_CRF = 21


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be sent where.

    Attributes:
        url, muxer, options: see ``address.Address``.
        profile: of H.264.
        width, height: of the pictures, both even.
        rate: pictures per second, as a fraction in text.
        time_base: of their pts, likewise.
        sample_aspect: likewise.
        matrix, primaries, transfer: code points of H.273; ``color_range``: FFmpeg's number.
        bitrate_kbps: the most that is sent.
    """

    url: str
    muxer: str
    options: Mapping[str, str]
    profile: str
    width: int
    height: int
    rate: str
    time_base: str
    sample_aspect: str
    matrix: int
    primaries: int
    transfer: int
    color_range: int
    bitrate_kbps: int

    def line(self) -> bytes:
        """The job as a line of text."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @staticmethod
    def from_line(line: bytes) -> Job:
        """The job that ``line`` wrote."""
        return Job(**json.loads(line))


def main() -> None:
    """Send what comes in, until it ends or cannot be sent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this ends it
    av.logging.set_level(av.logging.ERROR)
    job = Job.from_line(sys.stdin.buffer.readline())
    with av.logging.Capture(local=False) as words:
        try:
            _send(job, sys.stdin.buffer)
        except (FFmpegError, OSError, ValueError) as error:
            _say(_reason(error, [line for _, _, line in words]))
            sys.exit(1)


def _send(job: Job, incoming: BinaryIO) -> None:
    with _at_most(CONNECT_S):
        container = av.open(job.url, "w", format=job.muxer, container_options=dict(job.options))
        stream = _add_stream(container, job)
        container.start_encoding()
    _say(READY)
    for picture in _pictures(job, incoming):
        with _at_most(STALL_S):
            container.mux(stream.encode(picture))
    with _at_most(STALL_S):
        container.mux(stream.encode(None))
        container.close()


def _add_stream(container: OutputContainer, job: Job) -> VideoStream:
    rate = Fraction(job.rate)
    stream = container.add_stream("libx264", rate=rate, options=_encoder_options(job))
    assert isinstance(stream, VideoStream), "video encoders make video streams"
    stream.width, stream.height, stream.pix_fmt = job.width, job.height, "yuv420p"
    stream.time_base = stream.codec_context.time_base = Fraction(job.time_base)
    context = stream.codec_context
    context.sample_aspect_ratio = Fraction(job.sample_aspect)
    context.colorspace, context.color_primaries = job.matrix, job.primaries
    context.color_trc, context.color_range = job.transfer, job.color_range
    return stream


def _encoder_options(job: Job) -> dict[str, str]:
    period = round(_KEYFRAME_S * Fraction(job.rate))
    return {
        "preset": "veryfast",
        "tune": "zerolatency",
        "profile": job.profile,
        "crf": str(_CRF),
        "maxrate": f"{job.bitrate_kbps}k",
        "bufsize": f"{job.bitrate_kbps * _BUFFER_S}k",
        "bf": "0",
        "g": str(period),
        "keyint_min": str(period),
        "sc_threshold": "0",
    }


def _pictures(job: Job, incoming: BinaryIO) -> Iterator[av.VideoFrame]:
    """The pictures that come in; times count from the first, as each connection begins at 0."""
    rows, first = job.height * 3 // 2, None
    size = PTS.size + rows * job.width
    while len(data := incoming.read(size)) == size:
        [pts] = PTS.unpack_from(data)
        first = pts if first is None else first
        samples = np.frombuffer(data, np.uint8, offset=PTS.size).reshape(rows, job.width)
        picture = av.VideoFrame.from_ndarray(samples, format="yuv420p")
        picture.pts, picture.time_base = pts - first, Fraction(job.time_base)
        yield picture


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """End the program where this takes longer: nothing else ends what holds Python's lock."""
    faulthandler.dump_traceback_later(seconds, exit=True)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


def _reason(error: Exception, words: list[str]) -> str:
    """Why it failed, in a line: what FFmpeg logged, where that says more than its code does."""
    said = getattr(error, "strerror", None) or str(error)
    logged = next((line.strip().splitlines()[0] for line in words if line.strip()), "")
    # Addresses may hold a stream key.
    if not logged or said in logged or "url=" in logged:
        return said
    return f"{said} ({logged.rstrip('.')})"


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
