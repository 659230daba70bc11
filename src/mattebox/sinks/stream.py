"""The live picture at a network address: RTMP, MPEG-TS over UDP or SRT, RTSP, WHIP.

H.264 without sound, made for low latency. What lives here: the connection, and making it again
when it is lost. What does not: encoding and sending (``sender``, a program of its own), and what
each kind of address needs (``address``). ``write`` waits for a slow network for a moment, so it
belongs behind a thread (``live.behind``); connecting again has a thread of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress

from mattebox.colour import MATRIX_BT601, Colour, Range
from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import Family
from mattebox.program import Program
from mattebox.sinks.address import Address, read_address
from mattebox.sinks.i420 import i420
from mattebox.sinks.picture import COLOR_RANGES
from mattebox.sinks.sender import PTS, READY, Job

_log = logging.getLogger(__name__)

_USUAL_RATE = 30
# The first wait before connecting again; it doubles.
_FIRST_WAIT_S = 0.25
# How long the last pictures may take to leave at the end.
_FINISH_S = 1.0
# How FFmpeg says that it was built without a protocol.
_NO_PROTOCOL = "Protocol not found"


class StreamSink:
    """Sends every picture to a network address, and connects again when the connection is lost.

    Pictures that come while there is no connection are given up and counted.

    Args:
        address: ``rtmp://``, ``rtmps://``, ``udp://``, ``srt://``, ``rtsp://``, or ``http(s)://``
            for WHIP.
        bitrate_kbps: the most that is sent, in kilobits per second.
        longest_wait_s: the time between two tries to connect again, which doubles up to this.

    Attributes:
        dropped: pictures that came while there was no connection.

    Raises:
        SinkRefused: nothing is sent to addresses of that kind.
    """

    kept = None

    def __init__(self, address: str, *, bitrate_kbps: int, longest_wait_s: float) -> None:
        self._address = read_address(address)
        self._bitrate_kbps, self._longest_wait_s = bitrate_kbps, longest_wait_s
        self._connection: _Connection | None = None
        self.dropped = 0

    def open(self, format: VideoFormat) -> None:
        """Connect.

        Raises:
            SinkRefused: nothing answers there, or it does not take the picture.
        """
        job = _job(self._address, format, self._bitrate_kbps)
        connection = _Connection(job, self._address.shown, self._longest_wait_s)
        try:
            connection.begin()
        except _LostError as error:
            raise _refused(self._address, error) from error
        self._connection = connection

    def write(self, frame: Frame) -> None:
        """Send one picture; or give it up, while the connection is made again.

        Raises:
            SinkError: the sink is not open.
        """
        if self._connection is None:
            raise SinkError(f"cannot send to {self._address.shown}: it is not open.")
        self.dropped += not self._connection.send(frame)

    def close(self) -> None:
        """Send what is on its way, and hang up; takes about two seconds at most."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.end()

    def abort(self) -> None:
        """As ``close``: what was sent is sent."""
        self.close()


class _LostError(Exception):
    """There is no connection, or no longer, and why."""


class _Connection:
    """A connection that is made again, on a thread of its own, for as long as it is wanted.

    Args:
        job: what to send where.
        name: the address, for messages.
        longest_wait_s: see ``StreamSink``.
    """

    def __init__(self, job: Job, name: str, longest_wait_s: float) -> None:
        self._job, self._name, self._longest_wait_s = job, name, longest_wait_s
        self._sender: _Sender | None = None
        self._changing = threading.Lock()
        self._trying: _Sender | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Connect for the first time.

        Raises:
            _LostError: that failed.
        """
        self._sender = self._connected()

    def send(self, frame: Frame) -> bool:
        """Send a picture, if there is a connection: whether there was."""
        sender = self._sender
        if sender is None:
            return False
        try:
            sender.send(frame)
        except _LostError as error:
            self._sender = None
            self._thread = threading.Thread(
                target=self._reconnect, args=(str(error),), name="reconnecting", daemon=True
            )
            self._thread.start()
            return False
        return True

    def end(self) -> None:
        """Hang up, in any state."""
        with self._changing:
            self._ended.set()
            if self._trying is not None:
                self._trying.stop()
        if self._thread is not None:
            self._thread.join()
        if self._sender is not None:
            self._sender.finish()

    def _reconnect(self, reason: str) -> None:
        _log.warning("lost the connection to %s: %s; connecting again", self._name, reason)
        began, wait_s = time.monotonic(), _FIRST_WAIT_S
        while not self._ended.wait(min(wait_s, self._longest_wait_s)):
            with suppress(_LostError):
                self._sender = self._connected()
                _log.warning("%s is back after %.1f s", self._name, time.monotonic() - began)
                return
            wait_s *= 2

    def _connected(self) -> _Sender:
        with self._changing:
            if self._ended.is_set():
                raise _LostError("it is closed")
            self._trying = sender = _Sender(self._job)
        try:
            sender.wait_until_connected()
        finally:
            with self._changing:
                self._trying = None
        return sender


class _Sender:
    """The sending program over one connection.

    Raises:
        _LostError: it cannot be started.
    """

    def __init__(self, job: Job) -> None:
        try:
            self._program = Program("mattebox.sinks.sender")
        except OSError as error:
            raise _LostError(f"its program does not start: {error}") from error
        self._give(job.line())

    def wait_until_connected(self) -> None:
        """Wait until it is; the program gives up by itself.

        Raises:
            _LostError: it is not.
        """
        if (said := self._program.answer()) != READY:
            self._program.end()
            raise _LostError(said or "no answer in time")

    def send(self, frame: Frame) -> None:
        """Send one picture.

        Raises:
            _LostError: the connection is lost.
        """
        self._give(PTS.pack(frame.pts), i420(frame).data)

    def finish(self) -> None:
        """Let it send what it has, and end."""
        self._program.finish(_FINISH_S)
        self._program.end()

    def stop(self) -> None:
        """End it, from another thread: the one that waits for it sees that."""
        self._program.stop()

    def _give(self, *parts: bytes | memoryview) -> None:
        try:
            self._program.give(*parts)
        except OSError as error:
            said = self._program.answer()
            self._program.end()
            raise _LostError(said or "it takes no more pictures") from error


def _job(address: Address, format: VideoFormat, bitrate_kbps: int) -> Job:
    colour = _colour(format)
    return Job(
        url=address.url,
        muxer=address.muxer,
        options=address.options,
        profile=address.profile,
        width=format.width // 2 * 2,
        height=format.height // 2 * 2,
        rate=str(format.rate or _USUAL_RATE),
        time_base=str(format.time_base),
        sample_aspect=str(format.sample_aspect),
        matrix=colour.matrix,
        primaries=colour.primaries,
        transfer=colour.transfer,
        color_range=COLOR_RANGES[colour.range],
        bitrate_kbps=bitrate_kbps,
    )


def _colour(format: VideoFormat) -> Colour:
    """The tags of what ``i420`` makes."""
    if format.pixels.family is Family.RGB:
        return Colour(matrix=MATRIX_BT601, range=Range.LIMITED)
    return format.colour


def _refused(address: Address, error: _LostError) -> SinkRefused:
    if _NO_PROTOCOL in str(error):
        scheme = address.url.partition("://")[0]
        return SinkRefused(
            f"cannot send to {address.shown}: the FFmpeg inside PyAV was built without {scheme}.",
            "Send to udp:// or rtmp://, or build PyAV on an FFmpeg of your own that has it: "
            "pip install --no-binary av av.",
        )
    return SinkRefused(f"cannot send to {address.shown}: {error}.", address.advice)
