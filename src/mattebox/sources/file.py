"""Video files and video on standard input, as a ``Source``: FFmpeg's frames made into ours.

Ties together reading (``decoding``), layout (``planar``), the header (``header``), turning
(``orientation``) and time (``timeline``). ``frames`` runs on the capture thread, ``close`` on any.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO

import av

from mattebox.errors import DecodeError
from mattebox.frame import Frame, VideoFormat
from mattebox.sources.decoding import Decoding, Opened, open_video
from mattebox.sources.header import (
    colour_of,
    duration_s_of,
    frames_expected_of,
    orientation_of,
    promised_end_of,
    rate_of,
    sample_aspect_of,
    time_base_of,
)
from mattebox.sources.lookup import require_file
from mattebox.sources.pipe import Pipe
from mattebox.sources.planar import PlanarReader
from mattebox.sources.timeline import Timeline
from mattebox.timing import seconds

log = logging.getLogger(__name__)

# A stream that ends this much before its header says was cut off: seconds, share of the whole.
_MISSING_S, _MISSING_SHARE = 0.3, 0.02


class FileSource:
    """The moving picture of one file, from the first frame to the last.

    The first frame is decoded by the constructor: only then is the format known for sure.
    Interlaced video is given as it is stored, both fields woven into one frame.

    Attributes:
        path: the file; None for a byte stream.
        name: what messages call it.
        codec_name: FFmpeg's name of the decoder in use.
        container_name: FFmpeg's name of the container.
        duration_s: how long the file says it is; None where it does not.
        has_sound: whether there is an audio stream beside the picture.

    Args:
        path: a file, or a binary stream; one that can seek may hold any container.
        name: what messages call it; the path, or "the stream", where None.
        container: FFmpeg's name of the container, where it cannot be guessed from the bytes.
        corrupt_limit: how many damaged packets are passed over before the file is given up.

    Raises:
        SourceNotFound: there is no such file.
        DecodeError: there is no moving picture in it that can be decoded.
    """

    def __init__(
        self,
        path: Path | BinaryIO,
        *,
        name: str | None = None,
        container: str | None = None,
        corrupt_limit: int,
    ) -> None:
        self.path = path if isinstance(path, Path) else None
        self.name = name or (str(path) if self.path else "the stream")
        self._reading = threading.Lock()  # held while FFmpeg works on the file
        self._closed = False
        self._warned: set[str] = set()
        self._pipe = _pipe(path)
        opened = self._open(path, container)
        reopen = partial(open_video, path, self.name, container, threads="NONE")
        is_there = self.path is not None and self.path.is_file()  # a pipe can be read once
        self._decoding = Decoding(opened, self.name, corrupt_limit, reopen if is_there else None)
        try:
            self._begin(opened)
        except BaseException:
            self.close()
            if self._pipe is not None:
                self._pipe.raise_interrupt()
            raise

    def _open(self, path: Path | BinaryIO, container: str | None) -> Opened:
        try:
            return open_video(self._pipe or path, self.name, container, threads="AUTO")
        finally:
            if self._pipe is not None:
                self._pipe.raise_interrupt()

    def _begin(self, opened: Opened) -> None:
        """Decode the first frame, and promise that all will be like it."""
        self.codec_name = opened.decoder.name
        self.container_name = opened.container.format.name
        self.duration_s = duration_s_of(opened)
        self.has_sound = bool(opened.container.streams.audio)
        self._expected = frames_expected_of(opened)
        self._promised_end = promised_end_of(opened)
        first = self._decoding.next()
        if first is None:
            raise DecodeError(
                f"not one picture of {self.name} could be decoded "
                f"({self._decoding.skipped} damaged packets).",
                "Check that it is complete, and that it plays elsewhere.",
            )
        self._reader = PlanarReader(first)
        self._orientation = orientation_of(first, opened, self.name)
        self._format = self._promise(first, opened)
        self._timeline = Timeline(self._format.time_base, self._format.rate)
        if first.interlaced_frame:
            self._warn("%s is interlaced: edges that move will show combs.")
        self._waiting: Frame | None = self._frame(first)

    def _promise(self, first: av.VideoFrame, opened: Opened) -> VideoFormat:
        (width, height), aspect = self._reader.size, sample_aspect_of(opened)
        if self._orientation.transposed:
            width, height, aspect = height, width, 1 / aspect
        return VideoFormat(
            width=width,
            height=height,
            pixels=self._orientation.turned(self._reader.pixels),
            time_base=time_base_of(opened),
            rate=rate_of(opened),
            colour=colour_of(first, opened, self._reader.is_gray),
            sample_aspect=aspect,
        )

    @property
    def format(self) -> VideoFormat:
        """What every frame is."""
        return self._format

    @property
    def live(self) -> bool:
        """Always False: a file waits."""
        return False

    @property
    def frames_expected(self) -> int | None:
        """As many as the container says or its duration gives; None where it has neither."""
        return self._expected

    @property
    def skipped(self) -> int:
        """How many damaged packets were passed over so far."""
        return self._decoding.skipped

    def frames(self) -> Iterator[Frame]:
        """The frames in order of pts, once; they end early after ``close``.

        Raises:
            DecodeError: more packets are damaged than the limit allows.
        """
        # Not a loop of our own: its variable would keep a frame alive while the next is read.
        yield from iter(self._next, None)

    def close(self) -> None:
        """Let go of the file: now, or as soon as FFmpeg returns from reading it. Never raises."""
        self._closed = True
        if self._pipe is not None:
            self._pipe.stop()
        self._release()

    def _next(self) -> Frame | None:
        with self._reading:
            frame = None if self._closed else self._read()
        if self._closed:  # while this thread was reading: then it is this thread that lets go
            self._release()
        return frame

    def _release(self) -> None:
        if not self._reading.acquire(blocking=False):
            return  # the reading thread will see that it is closed
        try:
            self._waiting = None
            self._decoding.close()
        finally:
            self._reading.release()

    def _read(self) -> Frame | None:
        if self._waiting is not None:
            frame, self._waiting = self._waiting, None
            return frame
        picture = self._decoding.next()
        if picture is None:
            self._compare_end()
            return None
        return self._frame(picture)

    def _frame(self, picture: av.VideoFrame) -> Frame:
        duration = picture.duration or None
        pts = self._timeline.place(picture.pts, picture.dts, duration)
        self._end = pts + (duration or 0)
        self._warn_of_faults(picture)
        planes = self._orientation.turn(self._reader.planes(picture), self._reader.pixels)
        return Frame(planes, self._format, pts, duration, time.monotonic())

    def _warn_of_faults(self, picture: av.VideoFrame) -> None:
        if not self._reader.fits(picture):
            self._warn("%s changes size or layout on the way: it is made like its first frame.")
        if picture.is_corrupt:
            self._warn("%s has damaged pictures, mended by the decoder as well as it could.")
        if self._timeline.mended:
            self._warn("%s has time stamps that go back: they were put in order.")

    def _compare_end(self) -> None:
        """Say so if the file ends long before its header says."""
        if self._promised_end is None:
            return
        missing_s = seconds(self._promised_end - self._end, self._format.time_base)
        if missing_s > max(_MISSING_S, _MISSING_SHARE * (self.duration_s or 0)):
            self._warn("%s ends well before its header says: it was cut off or is damaged.")

    def _warn(self, message: str) -> None:
        """Once per file."""
        if message not in self._warned:
            self._warned.add(message)
            log.warning(message, self.name)


def _pipe(path: Path | BinaryIO) -> Pipe | None:
    """What to read a byte stream by that cannot go back; None for the rest, which must be there."""
    if isinstance(path, Path):
        require_file(path)
        return None
    return None if path.seekable() else Pipe(path)
