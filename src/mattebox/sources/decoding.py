"""FFmpeg reading one video stream: opening, choosing the stream, decoding, passing over damage.

Gives FFmpeg's own frames in the order they are shown; what becomes of them lives in ``file``.
Everything here is called by one thread at a time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TypeAlias

import av
from av.container import InputContainer
from av.stream import Disposition
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from mattebox.errors import DecodeError
from mattebox.sources.pipe import Pipe

log = logging.getLogger(__name__)

_Packet: TypeAlias = "av.Packet[VideoStream]"

# FFmpeg's own VP8 and VP9 decoders drop the alpha that WebM keeps beside the picture; libvpx's
# give it.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}

# "Video" that is no moving picture: the cover of a song, chapter thumbnails.
_NO_CLIP = Disposition.attached_pic | Disposition.timed_thumbnails

# FFmpeg draws any text file as a terminal screen.
_NO_PICTURE_CODECS = {"ansi", "bintext"}

# Reading errors in a row, with no packet between, that are taken for the end of a damaged file.
_GIVE_UP_AFTER = 3


@dataclass(frozen=True, slots=True)
class Opened:
    """A container, the stream chosen in it, and what decodes it."""

    container: InputContainer
    stream: VideoStream
    decoder: VideoCodecContext


def open_video(
    source: Path | BinaryIO | Pipe, name: str, container_format: str | None, *, threads: str
) -> Opened:
    """Open a file or byte stream and choose its best moving picture.

    Args:
        source: a path, or something with ``read``.
        name: what messages call it.
        container_format: FFmpeg's name of the container, where it cannot be guessed.
        threads: FFmpeg's thread type: "AUTO", "FRAME", "SLICE" or "NONE".

    Raises:
        DecodeError: it is no file that FFmpeg reads, or there is no moving picture in it.
    """
    # "file:" keeps FFmpeg from reading a protocol into a name such as "12:30.mp4".
    target = f"file:{source}" if isinstance(source, Path) else source
    try:
        # Tags in an older encoding than UTF-8 are no reason to refuse a file.
        container = av.open(target, mode="r", format=container_format, metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise _unreadable(source, name, error) from error
    try:
        stream = _choose(container, name)
        decoder = _decoder(stream, name)
    except DecodeError:
        container.close()
        raise
    decoder.thread_type = threads
    return Opened(container, stream, decoder)


class Decoding:
    """The frames of one opened stream, which it owns from now on.

    Args:
        opened: the stream to decode.
        name: what messages call it.
        corrupt_limit: how many damaged packets are passed over before it is given up.
        reopen: opens it a second time, without threads; None where that cannot be done.
    """

    def __init__(
        self,
        opened: Opened,
        name: str,
        corrupt_limit: int,
        reopen: Callable[[], Opened] | None,
    ) -> None:
        self._opened: Opened | None = opened
        self._frames = self._decode(opened)
        self._name = name
        self._limit = corrupt_limit
        self._reopen = reopen
        self._last_pts: int | None = None
        self._has_given = False
        self._owed = 0  # packets sent to the decoder, less frames and errors that came back
        self._failed_since = 0  # errors since the last frame
        self.skipped = 0

    def next(self) -> av.VideoFrame | None:
        """The next frame as FFmpeg gives it, in the order they are shown; None at the end.

        Raises:
            DecodeError: more packets are damaged than the limit allows.
        """
        return next(self._frames, None)

    def close(self) -> None:
        """Let go of the file and the decoder; frames already given stay good. Never raises."""
        self._frames.close()
        if self._opened is not None:
            self._opened.container.close()
            self._opened = None

    def _decode(self, opened: Opened) -> Generator[av.VideoFrame, None, None]:
        for packet in self._packets(opened):
            yield from self._send(opened, packet)
        # The decoder still holds what it needed for reordering and on its threads.
        yield from self._send(opened, None)
        if self._owed > 0 and self._reopen is not None:
            yield from self._tail(self._reopen)

    def _packets(self, opened: Opened) -> Iterator[_Packet]:
        """Every packet that holds data; a file cut off in the middle just ends."""
        failures = 0
        while failures < _GIVE_UP_AFTER:
            try:
                for packet in opened.container.demux(opened.stream):
                    failures = 0
                    if packet.size:  # an empty one would end the decoding
                        yield packet
                return
            except (av.FFmpegError, OSError) as error:
                failures += 1
                self._skip(error)
        log.warning("%s cannot be read any further: it is taken to end here.", self._name)

    def _send(self, opened: Opened, packet: _Packet | None) -> Iterator[av.VideoFrame]:
        if packet is not None and not packet.is_discard:
            self._owed += 1
        try:
            frames = opened.decoder.decode(packet)
        except (av.FFmpegError, OSError) as error:
            self._owed -= 1
            self._failed_since += 1
            self._skip(error)
            return
        for frame in frames:
            self._owed -= 1
            self._failed_since = 0
            self._last_pts, self._has_given = frame.pts, True
            yield frame

    def _tail(self, reopen: Callable[[], Opened]) -> Iterator[av.VideoFrame]:
        """The good frames behind a damaged packet among the very last.

        With frame threads such a packet's error comes up while the decoder is being emptied, and
        PyAV cannot ask the decoder for what comes after it. One thread has no such delay.
        """
        if self._has_given and self._last_pts is None:
            return  # there is no telling which frames are new
        counted = self._failed_since
        opened = reopen()
        with opened.container as container:
            if self._last_pts is not None:
                container.seek(self._last_pts, stream=opened.stream)
            for packet in chain(self._packets(opened), [None]):
                try:
                    frames = opened.decoder.decode(packet)
                except (av.FFmpegError, OSError) as error:
                    if packet is not None and self._is_new(packet.pts):
                        counted -= 1
                        if counted < 0:
                            self._skip(error)
                    continue
                yield from (frame for frame in frames if self._is_new(frame.pts))

    def _is_new(self, pts: int | None) -> bool:
        """Whether what has that pts comes after the last frame that was given."""
        return self._last_pts is None or (pts is not None and pts > self._last_pts)

    def _skip(self, error: Exception) -> None:
        self.skipped += 1
        if self.skipped > self._limit:
            raise DecodeError(
                f"{self._name} is damaged: {self.skipped} packets could not be decoded "
                f"({_reason(error)}), and {self._limit} may be passed over.",
                "Raise input.corrupt_limit to go on past them, or get a better copy.",
            ) from error
        if self.skipped == 1:
            log.warning("%s is damaged; such packets are passed over.", self._name)


def _choose(container: InputContainer, name: str) -> VideoStream:
    """The stream that a player would show."""
    streams = [stream for stream in container.streams.video if _is_clip(stream)]
    if not streams:
        raise DecodeError(
            f"there is no moving picture in {name}: {_contents(container)}.",
            "Give a video file, a picture or a folder of pictures.",
        )
    best = container.streams.best("video")
    return next((stream for stream in streams if stream is best), streams[0])


def _is_clip(stream: VideoStream) -> bool:
    codec = stream.codec_context.name if stream.codec_context else ""
    return not stream.disposition & _NO_CLIP and codec not in _NO_PICTURE_CODECS


def _contents(container: InputContainer) -> str:
    """What is in a container, in words."""
    if any(s.codec_context.name in _NO_PICTURE_CODECS for s in container.streams.video):
        return "it is a text file"
    kinds = sorted({stream.type for stream in container.streams})
    if container.streams.video and container.streams.audio:
        return "it holds sound and a cover picture"
    return f"it holds {' and '.join(kinds) or 'nothing'} only"


def _decoder(stream: VideoStream, name: str) -> VideoCodecContext:
    """What decodes the stream, with its alpha where it has some."""
    context: VideoCodecContext | None = stream.codec_context
    if context is None:
        raise DecodeError(
            f"there is no decoder for the video in {name}: this FFmpeg does not know its codec.",
            "Convert it first, for example to H.264 in an .mp4 file.",
        )
    substitute = _ALPHA_DECODERS.get(context.name)
    if substitute is None or stream.metadata.get("alpha_mode") != "1":
        return context
    try:
        decoder = av.CodecContext.create(substitute, "r")
    except av.FFmpegError:
        log.warning("%s has an alpha plane; it is not read: no %s here.", name, substitute)
        return context
    assert isinstance(decoder, VideoCodecContext)
    return decoder


def _unreadable(source: Path | BinaryIO | Pipe, name: str, error: Exception) -> DecodeError:
    if isinstance(error, PermissionError):
        return DecodeError(f"cannot read {name}: {_reason(error)}.", "Check its permissions.")
    if isinstance(source, Path) and _is_headless_mp4(source):
        return DecodeError(
            f"cannot read {name}: it is an MP4 or QuickTime file without its index (moov).",
            "It was cut short while being recorded, copied or downloaded: get a complete copy.",
        )
    return DecodeError(
        f"cannot read {name}: FFmpeg finds no video in it ({_reason(error)}).",
        "Check that it is a video file, and that it is complete.",
    )


def _is_headless_mp4(path: Path) -> bool:
    """Whether a file begins as MP4 does: FFmpeg opens it unless its index is missing."""
    try:
        with path.open("rb") as file:
            return file.read(8)[4:] == b"ftyp"
    except OSError:
        return False


def _reason(error: Exception) -> str:
    """FFmpeg's or the system's own words."""
    words = getattr(error, "strerror", None) or str(error)
    return str(words).lower()
