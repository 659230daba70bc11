"""What an output takes over from the input besides its picture: sound, subtitles, chapters, tags.

The input is opened a second time, so none of this travels through the pipeline. Streams are copied
packet for packet where the container allows; how, is in ``reencode``. Called on the sink's thread.
"""

from __future__ import annotations

import contextlib
import heapq
import io
import logging
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.format import Flags
from av.packet import Packet
from av.stream import AttachmentStream, Discard, Disposition, Stream
from av.subtitles.stream import SubtitleStream
from av.video.stream import VideoStream

from mattebox.errors import SinkRefused
from mattebox.sinks.reencode import (
    SOUND_ENCODERS,
    SUBTITLE_ENCODERS,
    ConvertedSubtitles,
    Copied,
    CoverArt,
    DamagedPacketError,
    ReencodedSound,
    Way,
)
from mattebox.sinks.splices import Splices

_log = logging.getLogger(__name__)

# Broadcast recordings begin at any time of a clock that wraps around after 26 hours; in a file that
# would be hours of black. Below this the input's own start is kept.
_LONGEST_START_S = 10
_FREE_CLOCK = int(Flags.ts_discont.value)  # type: ignore[call-overload]

# Files keep packets of different streams in order to about a second; FFmpeg's reader of mp4 lets
# them differ by as much.
_DISORDER_S = 1

# A file damaged worse than this is read no further.
_MOST_DAMAGED_IN_A_ROW = 100

# Tags that the new file's muxer writes itself, or that were true of the old file only.
_FILE_TAGS_LEFT = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder"})
_STREAM_TAGS_LEFT = frozenset({"rotate", "duration", "vendor_id", "bps", "alpha_mode"})
_STATISTICS = ("_statistics_", "number_of_", "bps-", "duration-")
OWN_TAGS = "MATTEBOX_"

# QuickTime numbers languages; FFmpeg's table of the numbers (isom.c) has these under older codes.
_QUICKTIME_LANGUAGES = {
    "deu": "ger",
    "nld": "dut",
    "swe": "sve",
    "ell": "gre",
    "isl": "ice",
    "zho": "chi",
    "sqi": "alb",
}


class Companion:
    """The input, read a second time for everything that is not its picture.

    Args:
        path: the input file.
        sound: whether its sound is wanted.
    """

    def __init__(self, path: Path, *, sound: bool) -> None:
        self._path = path
        self._sound = sound
        self._input: InputContainer | None = None
        self._ways: dict[int, Way] = {}
        self._waiting: list[tuple[Fraction, int, Packet[Stream]]] = []  # a heap
        self._read_to = Fraction(0)
        self._packets: Iterator[tuple[Fraction, int, Packet[Stream]]] = iter(())
        self._damaged = 0
        self._fed: dict[int, int] = {}
        self._splices = Splices()

    def open(self) -> Fraction:
        """Open the input and say by how many seconds everything of it is to be shown later.

        Raises:
            SinkRefused: it cannot be read a second time.
        """
        try:
            self._input = av.open(str(self._path.absolute()), "r", metadata_errors="replace")
        except (FFmpegError, OSError, ValueError) as error:
            raise SinkRefused(
                f"cannot copy the sound of {self._path}: it cannot be read twice ({error}).",
                "Pass --audio none, or give the input as a file.",
            ) from error
        start_s = Fraction(self._input.start_time or 0, av.time_base)
        has_free_clock = bool(self._input.format.flags & _FREE_CLOCK)
        if has_free_clock and start_s >= _LONGEST_START_S:
            _log.info("%s starts at %.1f s; the output starts at 0", self._path, float(start_s))
            return -start_s
        return Fraction(0)

    def add_to(self, container: OutputContainer, picture: Stream, shift: Fraction) -> None:
        """Add streams, chapters and tags to a container whose header is not written yet.

        Args:
            container: the output.
            picture: its picture stream, which gets the tags of the input's.
            shift: how many seconds later everything is shown.
        """
        assert self._input is not None, "opened before it is added"
        container.metadata.update(_file_tags(self._input.metadata))
        main = next((each for each in self._input.streams.video if not _is_cover(each)), None)
        for stream in self._input.streams:
            if stream is main:
                name = container.format.name
                picture.metadata.update(_stream_tags(stream, is_copied=False, container=name))
                picture.disposition = stream.disposition
            elif self._is_wanted(stream):
                self._add(container, stream)
        wanted = [each for each in self._input.streams if each.index in self._ways]
        for stream in self._input.streams:
            if stream not in wanted:
                # Not even read: the picture is most of the file.
                stream.discard = Discard.all
        if wanted:
            self._packets = self._read(wanted)
        if container.format.name != "gif":
            container.set_chapters(_chapters(self._input, shift))

    def until(self, moment: Fraction | None, shift: Fraction) -> Iterator[Packet[Stream]]:
        """The packets that belong before ``moment`` (seconds in the output), or all the rest."""
        limit = None if moment is None else moment - shift
        self._read_ahead(limit)
        while self._waiting and (limit is None or self._waiting[0][0] <= limit):
            packet = heapq.heappop(self._waiting)[2]
            yield from self._fed_with(packet, shift)
            self._read_ahead(limit)
        if moment is None:
            for index, way in self._ways.items():
                made = way.flush(shift)
                yield from made
                self._warn_of_nothing(index, len(made))

    def _fed_with(self, packet: Packet[Stream], shift: Fraction) -> Sequence[Packet[Stream]]:
        index = packet.stream_index
        made: Sequence[Packet[Stream]] = ()
        with self.damage(DamagedPacketError):
            made = self._ways[index].feed(packet, shift)
        self._fed[index] = self._fed.get(index, 0) + len(made)
        return made

    def _warn_of_nothing(self, index: int, flushed: int) -> None:
        assert self._input is not None
        if self._fed.get(index) == 0 and flushed == 0:
            stream = self._input.streams[index]
            _log.warning("%s of %s came out empty", _words(stream), self._path)

    @contextlib.contextmanager
    def damage(self, kind: type[Exception]) -> Iterator[None]:
        """Count an error of that kind instead of raising it: one packet is not the file."""
        try:
            yield
        except kind:
            self._damaged += 1

    def close(self) -> None:
        """Let go of the input; tell of damaged packets. Never raises."""
        self._packets, self._waiting = iter(()), []
        if self._input is not None:
            with contextlib.suppress(FFmpegError):
                self._input.close()
        self._input = None
        if self._damaged:
            _log.warning(
                "%d damaged packets of sound or subtitles in %s were left out",
                self._damaged,
                self._path,
            )
            self._damaged = 0

    def _is_wanted(self, stream: Stream) -> bool:
        if isinstance(stream, AudioStream):
            return self._sound
        # QuickTime keeps chapter titles as a track that the demuxer marks like this.
        is_chapter_track = stream.type == "data" and stream.discard == Discard.all
        return not (is_chapter_track or stream.disposition & Disposition.timed_thumbnails)

    def _add(self, container: OutputContainer, stream: Stream) -> None:
        if _is_cover(stream) and container.format.name == "matroska":
            self._attach_cover(container, stream)
            return
        way = _way(container, stream)
        if way is None:
            return
        tags = _stream_tags(stream, is_copied=True, container=container.format.name)
        way.output.metadata.update(tags)
        way.output.disposition = stream.disposition
        if not isinstance(stream, AttachmentStream):
            self._ways[stream.index] = way

    def _attach_cover(self, container: OutputContainer, stream: Stream) -> None:
        """Matroska keeps a cover as an attached file of that name (its page on cover art)."""
        with av.open(str(self._path.absolute()), metadata_errors="replace") as again:
            packet = next(again.demux(again.streams[stream.index]), None)
        if packet is not None and packet.size:
            kind = "png" if stream.name == "png" else "jpg"
            mime = "image/png" if kind == "png" else "image/jpeg"
            container.add_attachment(f"cover.{kind}", mime, bytes(packet))

    def _read_ahead(self, limit: Fraction | None) -> None:
        """Read until nothing due by ``limit`` can still be in the file; without one, a packet."""
        while (limit is None and not self._waiting) or (
            limit is not None and self._read_to <= limit + _DISORDER_S
        ):
            item = next(self._packets, None)
            if item is None:
                return
            heapq.heappush(self._waiting, item)
            self._read_to = item[0]

    def _read(self, wanted: list[Stream]) -> Iterator[tuple[Fraction, int, Packet[Stream]]]:
        """When due, a count, and the packet, in the file's order, past what is damaged."""
        assert self._input is not None
        count = in_a_row = 0
        while in_a_row < _MOST_DAMAGED_IN_A_ROW:
            try:
                for packet in self._input.demux(wanted):
                    if packet.size:
                        in_a_row = 0
                        count += 1
                        self._mend(packet)
                        yield _time_of(packet), count, packet
            except FFmpegError:
                self._damaged += 1
                in_a_row += 1
            else:
                return
        _log.warning(
            "%s is too damaged to read on: its sound and subtitles end early, at about %.1f s",
            self._path,
            float(self._read_to),
        )

    def _mend(self, packet: Packet[Stream]) -> None:
        before = self._splices.count
        self._splices.mend(packet, isinstance(packet.stream, AudioStream))
        if self._splices.count > before:
            _log.warning(
                "the sound of %s jumps back in time at %.1f s, as where two recordings are "
                "joined: it is put right behind what was before",
                self._path,
                float(_time_of(packet)),
            )


def _way(container: OutputContainer, stream: Stream) -> Way | None:
    """How a stream gets into a container; None, with a warning, if there is no way."""
    name = container.format.name
    if stream.type in {"audio", "subtitle"} and not _is_known(stream):
        _log.warning("%s is left out: its codec is not known", _words(stream))
        return None
    if isinstance(stream, VideoStream):
        if _is_cover(stream) and name == "mp4" and _takes(name, stream):
            return CoverArt(container, stream)
        _log.warning("%s is left out: %s has no place for it", _words(stream), name)
        return None
    # WebM's muxer would take attachments, but the format has none.
    if not (isinstance(stream, AttachmentStream) and name == "webm") and _takes(name, stream):
        return Copied(container, stream)
    try:
        if isinstance(stream, AudioStream) and name in SOUND_ENCODERS:
            encoder = SOUND_ENCODERS[name]
            sound = ReencodedSound(container, stream, encoder)
            _log.warning("%s is encoded as %s: %s cannot hold it", _words(stream), encoder, name)
            return sound
        if isinstance(stream, SubtitleStream) and name in SUBTITLE_ENCODERS and _is_text(stream):
            encoder = SUBTITLE_ENCODERS[name]
            lines = ConvertedSubtitles(container, stream, encoder)
            _log.warning("%s is converted to %s: %s cannot hold it", _words(stream), encoder, name)
            return lines
    except (FFmpegError, ValueError) as error:
        _log.warning("%s is left out: %s", _words(stream), error)
        return None
    if stream.type != "data" or _name(stream) is not None:
        _log.warning("%s is left out: %s cannot hold it", _words(stream), name)
    return None


def _takes(container: str, stream: Stream) -> bool:
    """Whether a container can hold a stream, found out by writing a header to memory."""
    try:
        with av.open(io.BytesIO(), "w", format=container) as scratch:
            copy = scratch.add_stream_from_template(stream, opaque=True)
            copy.disposition = stream.disposition
            scratch.start_encoding()
    except (FFmpegError, ValueError):
        return False
    return True


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.attached_pic)


def _is_text(stream: SubtitleStream) -> bool:
    return bool(stream.codec_context.codec.text_sub)


def _is_known(stream: Stream) -> bool:
    # Typed as always there; None where FFmpeg knows no decoder for what the file names.
    return getattr(stream, "codec_context", None) is not None


def _name(stream: Stream) -> str | None:
    """The codec's name; None for one that FFmpeg does not know."""
    try:
        return stream.name
    except AttributeError:
        return None


def _words(stream: Stream) -> str:
    """A stream in words for a warning: ``subtitle stream 3 (subrip, fra)``."""
    known = [_name(stream), stream.language]
    details = ", ".join(each for each in known if each and each != "und")
    return f"{stream.type} stream {stream.index}" + (f" ({details})" if details else "")


def _time_of(packet: Packet[Stream]) -> Fraction:
    """When a packet is due, in seconds; one without a time is due at once."""
    ticks = packet.dts if packet.dts is not None else packet.pts
    return Fraction(-(10**9)) if ticks is None else ticks * packet.time_base


def _chapters(source: InputContainer, shift: Fraction) -> list[av.container.core.Chapter]:
    chapters = source.chapters()
    for chapter in chapters:
        if chapter["time_base"]:
            ticks = round(shift / chapter["time_base"])
            chapter["start"] += ticks
            chapter["end"] += ticks
    return chapters


def _file_tags(tags: dict[str, str]) -> dict[str, str]:
    return {
        key: value
        for key, value in tags.items()
        if key.lower() not in _FILE_TAGS_LEFT and not key.upper().startswith(OWN_TAGS)
    }


def _stream_tags(stream: Stream, *, is_copied: bool, container: str) -> dict[str, str]:
    left = _STREAM_TAGS_LEFT if is_copied else _STREAM_TAGS_LEFT | {"encoder"}
    if container not in {"mp4", "mov"}:
        left = left | {"handler_name"}  # what mp4 calls the program that reads a track
    tags = {
        key.lower(): value
        for key, value in stream.metadata.items()
        if key.lower() not in left and not key.lower().startswith(_STATISTICS)
    }
    if "name" in tags:
        # FFmpeg writes a track's title where it later reads a name.
        tags.setdefault("title", tags.pop("name"))
    if container == "mov" and "language" in tags:
        tags["language"] = _QUICKTIME_LANGUAGES.get(tags["language"], tags["language"])
    return tags
