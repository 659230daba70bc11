"""Video over the network, as a ``Source``: RTSP, HTTP, MPEG-TS over UDP, whatever FFmpeg opens.

What lives here: time limits, so that a sender that stops is noticed, and the newest picture first.
Opening it again is the supervisor's (``live``). ``frames`` runs on the capture thread.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterator, Mapping
from fractions import Fraction

import av

from mattebox.errors import DecodeError, DeviceLost, SourceError, SourceNotFound
from mattebox.frame import Frame, VideoFormat
from mattebox.sources.decoding import Opened
from mattebox.sources.header import colour_of, rate_of, sample_aspect_of
from mattebox.sources.planar import PlanarReader

# How long a stream may take to open, and to send its next picture.
_OPEN_S, _READ_S = 5.0, 1.5
# Nothing is kept back: a picture that waits is late. RTSP over TCP loses nothing on the way.
_OPTIONS = {"fflags": "nobuffer", "flags": "low_delay", "rtsp_transport": "tcp"}
# Enough of a stream to know its size: FFmpeg would look at five seconds of it.
_PROBING = {"analyzeduration": "500000", "probesize": "500000"}
_TIME_BASE = Fraction(1, 1_000_000)


class StreamSource:
    """The moving picture at an address, as it arrives.

    A picture's pts is the moment of its arrival, in microseconds after the first one: a sender's
    clock may jump when it is started again, and differs from ours.

    Args:
        address: with its protocol, or what the format reads.
        format: FFmpeg's name of the container; None lets it guess.
        options: more of FFmpeg's.
        name: what it is called in messages; None: by its address.

    Raises:
        SourceNotFound: nothing answers.
        SourceError: what answers is no video.
    """

    live = True
    frames_expected = None
    skipped = 0

    def __init__(
        self,
        address: str,
        *,
        format: str | None = None,
        options: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> None:
        self._name, self._closed = name or address, False
        self._reading = threading.Lock()  # held while FFmpeg works on the stream
        self._opened = _open(
            address, format, {**_PROBING, **_OPTIONS, **(options or {})}, self._name
        )
        try:
            self._pictures = self._decode()
            first = next(self._pictures, None)
            if first is None:
                raise SourceError(f"{self._name} sends no picture.", "Check it with a player.")
            self._reader = PlanarReader(first)
            self._format = self._promise(first)
        except BaseException:
            self._opened.container.close()
            raise
        self._first: av.VideoFrame | None = first
        self._began = time.monotonic()

    @property
    def format(self) -> VideoFormat:
        """What every frame is."""
        return self._format

    @property
    def mode(self) -> str:
        """Its format and its codec, which are the sender's choice."""
        return f"{self._format}, {self._opened.decoder.name}"

    def frames(self) -> Iterator[Frame]:
        """The pictures as they arrive.

        Raises:
            DeviceLost: the sender has stopped.
        """
        while (picture := self._next()) is not None:
            yield self._frame(picture)
            del picture

    def close(self) -> None:
        """Let go of it: now, or as soon as FFmpeg returns from waiting for it."""
        self._closed = True
        self._release()

    def _next(self) -> av.VideoFrame | None:
        with self._reading:
            first, self._first = self._first, None
            picture = None if self._closed else first or next(self._pictures, None)
        if picture is None or self._closed:
            self._release()
            return None
        return picture

    def _release(self) -> None:
        if not self._reading.acquire(blocking=False):
            return  # the reading thread will see that it is closed
        try:
            self._let_go()
        finally:
            self._reading.release()

    def _let_go(self) -> None:
        """Close everything; more than once does nothing more."""
        self._pictures.close()
        self._opened.container.close()

    def _decode(self) -> Generator[av.VideoFrame, None, None]:
        try:
            for packet in self._opened.container.demux(self._opened.stream):
                if self._closed:
                    return
                try:
                    yield from self._opened.decoder.decode(packet)
                except av.InvalidDataError:
                    self.skipped += 1  # a packet was lost on the way
            raise DeviceLost(f"{self._name} has ended.", "Start its sender again.")
        except (av.FFmpegError, OSError) as error:
            if self._closed:
                return
            reason = getattr(error, "strerror", None) or str(error)
            raise DeviceLost(
                f"{self._name} sends no more pictures: {reason}.", "Start its sender again."
            ) from error

    def _frame(self, picture: av.VideoFrame) -> Frame:
        now = time.monotonic()
        if not self._reader.fits(picture):
            raise DeviceLost(f"{self._name} has changed the size of its pictures.")
        pts = round((now - self._began) / _TIME_BASE)
        return Frame(self._reader.planes(picture), self._format, pts, arrived_at=now)

    def _promise(self, first: av.VideoFrame) -> VideoFormat:
        width, height = self._reader.size
        return VideoFormat(
            width=width,
            height=height,
            pixels=self._reader.pixels,
            time_base=_TIME_BASE,
            rate=rate_of(self._opened),
            colour=colour_of(first, self._opened, self._reader.is_gray),
            sample_aspect=sample_aspect_of(self._opened),
        )


def _open(address: str, format: str | None, options: dict[str, str], name: str) -> Opened:
    try:
        container = av.open(
            address, mode="r", format=format, options=options, timeout=(_OPEN_S, _READ_S)
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceNotFound(
            f"cannot open {name}: {reason}.", "Start its sender, or check the address."
        ) from error
    stream = next(iter(container.streams.video), None)
    if stream is None or stream.codec_context is None:
        container.close()
        raise DecodeError(f"{name} sends no video.", "Check it with a player.")
    stream.codec_context.thread_type = "SLICE"  # threads by frame would keep pictures back
    return Opened(container, stream, stream.codec_context)
