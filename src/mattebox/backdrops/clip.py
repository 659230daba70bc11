"""Reads a backdrop video forward: which picture is shown at a moment of the clip.

Knows nothing of loops, frames and fits. Holds two decoded pictures, however long the clip is.
Called on the caller's thread.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer

from mattebox.errors import DecodeError, SourceError, SourceNotFound

_log = logging.getLogger(__name__)

# Pauses longer than this are jumped over to the nearest key frame instead of decoded: key frames
# are rarely further apart (x264 sets one at least every 250 frames).
_JUMP_S = 10

# No file has time stamps as late as this; four more bits are left for FFmpeg's own arithmetic.
_LATEST_TICK = 1 << 59

# What a playlist may point to: files beside it, and never anything over a network.
_OPTIONS = {"protocol_whitelist": "file,crypto,data"}

# FFmpeg draws any text file, and what is called .bin, as a terminal screen.
_TEXT_CODECS = {"ansi", "bintext"}

_INSTEAD = "Take a picture (JPEG, PNG), a video (MP4, MKV, WebM, GIF), a colour or `blur`."


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One decoded picture.

    Attributes:
        frame: as the decoder gave it.
        start_s: when it is shown, counted from the first picture of the clip.
        length_s: how long it is shown, as far as the file says.
    """

    frame: av.VideoFrame
    start_s: Fraction
    length_s: Fraction


class Clip:
    """A video, read once from its beginning to its end.

    Args:
        path: any file FFmpeg reads; its sound is not touched.
        warned: what was warned of when the file was read before; more is added.

    Raises:
        SourceNotFound: there is no such file.
        DecodeError: it holds no video that can be decoded.
        SourceError: it may not be read.

    Damage further on ends the clip early or leaves pictures out, with a warning for each kind.
    """

    def __init__(self, path: Path, warned: set[str] | None = None) -> None:
        self._path = path
        self._warned = set() if warned is None else warned
        self._container = _open(path)
        try:
            self._stream = _video_stream(self._container, path)
            self._stream.thread_type = "AUTO"
            self._origin_s: Fraction | None = None
            self._step_s = 1 / (self._stream.average_rate or Fraction(25))
            self._pictures = self._decode()
            self._current = self._first()
            self._next = next(self._pictures, None)
        except BaseException:
            self._container.close()
            raise

    @property
    def sample_aspect(self) -> Fraction:
        """Width of a pixel over its height; 1 where the file does not say."""
        return self._stream.sample_aspect_ratio or Fraction(1)

    @property
    def tick_s(self) -> Fraction:
        """Seconds per tick of the file's time stamps."""
        return self._stream.time_base or Fraction(1, 1000)

    @property
    def is_still(self) -> bool:
        """Whether the clip has only one picture."""
        return self._next is None and self._current.start_s == 0

    @property
    def end_s(self) -> Fraction | None:
        """When the last picture ends; None until it has been reached."""
        if self._next is not None:
            return None
        # Damaged time stamps may lie before the first one: a clip still has some length.
        return max(self._current.start_s + self._current.length_s, self._step_s)

    def at(self, moment_s: Fraction) -> Picture:
        """The picture shown at that moment; the last one from the end on.

        Args:
            moment_s: seconds from the first picture; never less than in the call before, else
                the picture of that call is given again.
        """
        if self._next is not None and moment_s - self._next.start_s > _JUMP_S:
            self._jump(moment_s)
        while self._next is not None and self._next.start_s <= moment_s:
            self._current, self._next = self._next, next(self._pictures, None)
        return self._current

    def close(self) -> None:
        """Close the file; never raises."""
        self._pictures.close()
        self._container.close()

    def _first(self) -> Picture:
        first = next(self._pictures, None)
        if first is None:
            raise _no_video(self._path)
        return first

    def _jump(self, moment_s: Fraction) -> None:
        """Go on at the last key frame before the moment, if the file can; else change nothing."""
        assert self._origin_s is not None
        target = min(round((moment_s + self._origin_s) / self.tick_s), _LATEST_TICK)
        try:
            self._container.seek(target, stream=self._stream)
        except (av.FFmpegError, OSError) as error:
            _log.info("the backdrop %s cannot seek (%s): decoding instead", self._path, error)
            return
        self._pictures.close()
        self._pictures = self._decode()
        landed = next(self._pictures, None)
        if landed is None or landed.start_s > moment_s:
            # The index is wrong: begin again and decode all the way.
            self._container.close()
            self._container = _open(self._path)
            self._stream = _video_stream(self._container, self._path)
            self._pictures = self._decode()
            landed = next(self._pictures, None)
        self._next = landed

    def _decode(self) -> Generator[Picture, None, None]:
        """The pictures from where the container stands."""
        end_s = Fraction(0)
        for frame in self._frames():
            tick_s = frame.time_base or self.tick_s
            # Where nobody said when a picture is shown, it follows the one before.
            stamp_s = end_s + (self._origin_s or 0) if frame.pts is None else frame.pts * tick_s
            if self._origin_s is None:
                self._origin_s = stamp_s
            length_s = frame.duration * tick_s if frame.duration > 0 else self._step_s
            picture = Picture(frame, stamp_s - self._origin_s, length_s)
            end_s = picture.start_s + picture.length_s
            yield picture

    def _frames(self) -> Iterator[av.VideoFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError) as error:
                self._warn("the backdrop %s is damaged and ends early: %s", error)
                return
            if packet is None:
                return
            try:
                frames = packet.decode()
            except (av.FFmpegError, OSError) as error:
                self._warn("a damaged picture of the backdrop %s: %s", error)
                continue
            yield from frames

    def _warn(self, message: str, error: Exception) -> None:
        """Once for each kind of damage: a backdrop plays over and over."""
        if message not in self._warned:
            self._warned.add(message)
            _log.warning(message, self._path, error)


def length_s(path: Path) -> Fraction:
    """How long the pictures of a video last; no picture is decoded.

    Raises:
        SourceError: as ``Clip``.
    """
    with _open(path) as container:
        stream = _video_stream(container, path)
        tick_s = stream.time_base or Fraction(1, 1000)
        if stream.duration and stream.duration > 0:
            return stream.duration * tick_s
        spans = list(_spans(container, stream))
        if not spans:
            return Fraction(0)
        return (max(end for _, end in spans) - min(start for start, _ in spans)) * tick_s


def _spans(container: InputContainer, stream: av.VideoStream) -> Iterator[tuple[int, int]]:
    """First and last tick of every packet, as far as the file can be read."""
    try:
        for packet in container.demux(stream):
            if packet.pts is not None:
                yield packet.pts, packet.pts + (packet.duration or 0)
    except (av.FFmpegError, OSError) as error:
        _log.debug("looking for the length of a backdrop: %s", error)  # reading it warns


def _open(path: Path) -> InputContainer:
    try:
        # "file:" keeps FFmpeg from reading a protocol into a name such as "12:30.mp4".
        # Titles and other tags in a code page of their own are no reason to refuse a video.
        return av.open(f"file:{path}", options=_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError | av.FFmpegError) -> SourceError:
    """What FFmpeg's or the system's refusal to open a file means."""
    cannot = f"cannot read the backdrop {path}"
    if not path.exists():
        return SourceNotFound(
            f"{cannot}: there is no such file.",
            "Check the path, or take a colour or `blur` as backdrop.",
        )
    if path.is_dir():
        return DecodeError(f"{cannot}: it is a folder, and not a picture or video.", _INSTEAD)
    if not os.access(path, os.R_OK):
        return SourceError(f"{cannot}: {error.strerror}.", "Check its permissions.")
    if path.stat().st_size == 0:
        return DecodeError(f"{cannot}: it is empty (0 bytes).", _INSTEAD)
    return DecodeError(
        f"{cannot}: it is neither a picture nor a video that FFmpeg reads ({error.strerror}).",
        _INSTEAD,
    )


def _video_stream(container: InputContainer, path: Path) -> av.VideoStream:
    stream = container.streams.best("video")
    if not isinstance(stream, av.VideoStream):
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise DecodeError(
            f"cannot read the backdrop {path}: it holds {kinds}, and no video.", _INSTEAD
        )
    codec: av.CodecContext | None = stream.codec_context  # None, whatever the stubs say
    if codec is None:
        raise DecodeError(
            f"cannot read the backdrop {path}: this FFmpeg does not know its video's codec.",
            "Convert it first, for example to H.264 in an .mp4 file.",
        )
    if codec.name in _TEXT_CODECS:
        raise DecodeError(
            f"cannot read the backdrop {path}: it is text or bare data, and no video.",
            _INSTEAD,
        )
    return stream


def _no_video(path: Path) -> DecodeError:
    return DecodeError(
        f"cannot read the backdrop {path}: not one picture of its video can be decoded.",
        "The file is damaged or incomplete: see whether a player shows it.",
    )
