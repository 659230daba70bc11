"""An open video file: the container, its picture track, and what is copied beside it.

Knows nothing of final names, overwriting or partial results: that is ``file``. What is decided
beforehand is in ``plan``. Called on the sink's thread.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.error import ArgumentError, FFmpegError, InvalidDataError
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.sinks import matroska
from mattebox.sinks.companion import Companion
from mattebox.sinks.plan import Plan
from mattebox.sinks.track import VideoTrack

# The index of an mp4 is written last, and without it nothing of the file plays. So writing stops
# while there is room for it: about 64 bytes a packet (the sample tables of movenc.c), and what the
# muxer may hold back.
_SPARE_BYTES = 1 << 17
_INDEX_BYTES_PER_PACKET = 64
_PACKETS_HELD_BACK = 8

# Matroska is written a cluster at a time; FFmpeg's 5 MB would need as much room at the end.
_CLUSTER_BYTES = 1 << 20

# How long (µs) a muxer waits for a packet of every track. They come in order here; FFmpeg's 10 s
# would hold seconds of pictures in memory where a subtitle track is silent.
_MUXER_PATIENCE_US = 100_000

# mov keeps the first pts in a clock of its own, 1/1000 s by default, which would round it. FFmpeg
# doubles a track's clock until it passes this (movenc.c); the file's clock does the same here.
_SLOWEST_MOV_CLOCK = 10_000

# Tags that mp4 has a place for; others need a kind of tag list that fewer players read.
_MP4_TAGS = frozenset(
    {"title", "artist", "author", "album_artist", "album", "composer", "comment", "genre", "date"}
    | {"copyright", "grouping", "lyrics", "description", "synopsis", "show", "episode_id", "track"}
    | {"network", "keywords", "creation_time", "location", "encoder", "disc", "media_type"}
    | {"compilation", "hd_video", "gapless_playback", "episode_sort", "season_number", "timecode"}
)


class Movie:
    """A video file that takes pictures between ``start`` and ``finish``; ``close`` is always due.

    Args:
        place: the file to write to; it exists and is empty.
        name: what to call it in messages: the name that the user gave.
        companion: the input, for everything that is not its picture.

    Attributes:
        pictures: how many were taken so far.
        shift: how many seconds later than the frames say everything is shown.
    """

    def __init__(self, place: Path, name: Path, companion: Companion | None) -> None:
        self._place = place
        self._name = name
        self._companion = companion
        self._container: OutputContainer | None = None
        self._track: VideoTrack | None = None
        self._held_back = 0
        self._shape: VideoFormat | None = None
        self._packets = self._largest = 0
        self._first_pts_tag: str | None = None
        self.pictures = 0
        self.shift = Fraction(0)

    def start(
        self,
        plan: Plan,
        format: VideoFormat,
        *,
        user_options: Iterable[str],
        metadata: Mapping[str, str],
        first_pts_tag: str | None,
    ) -> None:
        """Open the encoder and write the header.

        Args:
            plan: what to write.
            format: of the pictures.
            user_options: names of the encoder options that the user gave.
            metadata: tags of the file, over those of the companion.
            first_pts_tag: a tag that gets the first picture's pts, in ticks as it was given; the
                header then waits for that picture.

        Raises:
            SinkRefused: encoder, container and streams do not go together.
        """
        self._held_back = _CLUSTER_BYTES if plan.container in {"matroska", "webm"} else 0
        container = self._container = av.open(
            str(self._place), "w", format=plan.container, container_options=_muxer_options(plan)
        )
        track = self._track = VideoTrack(container, plan, format, user_options)
        if self._companion is not None:
            self.shift = self._companion.open()
            self._companion.add_to(container, track.stream, self.shift)
        container.metadata.update(metadata)
        if plan.container in {"matroska", "webm"} and format.sample_aspect != 1:
            self._shape = format
            tags = track.stream.metadata
            tags["title"] = matroska.title_with_room(tags.get("title", ""))
            container.container_options.update(matroska.MUXER_OPTIONS)
        if plan.container in {"mp4", "mov"} and _has_unusual_tags(container):
            container.container_options["movflags"] += "+use_metadata_tags"
        self._refuse_a_full_disk(SinkRefused)
        self._first_pts_tag = first_pts_tag
        if first_pts_tag is None:
            self._write_header(container)

    def _write_header(self, container: OutputContainer) -> None:
        try:
            container.start_encoding()
        except (FFmpegError, OSError, ValueError) as error:
            raise SinkRefused(
                f"cannot begin {self._name}: {container.format.name} refuses its streams "
                f"({error}).",
                "Write to .mkv, which holds most codecs, or set another sink.codec.",
            ) from error

    @property
    def is_open(self) -> bool:
        """Whether pictures can be added."""
        return self._container is not None and self._track is not None

    def add(self, frame: Frame) -> None:
        """Encode one picture, and copy the sound that belongs before it.

        Raises:
            SinkError: the encoder failed, or the disk is full.
        """
        assert self._track is not None, "started before a picture is added"
        assert self._container is not None
        if self.pictures == 0:
            if self._first_pts_tag is not None:
                self._container.metadata[self._first_pts_tag] = str(frame.pts)
                self._write_header(self._container)
            # No container keeps pictures before 0: everything, sound too, moves by what is missing.
            self.shift -= min(frame.pts * frame.format.time_base + self.shift, Fraction(0))
        try:
            packets = self._track.encode(frame, self.shift)
        except (FFmpegError, ValueError) as error:
            raise SinkError(
                f"cannot encode picture {self.pictures} of {self._name}: {error}."
            ) from error
        self.pictures += 1
        self._mux_pictures(packets)

    def finish(self, *, all_sound: bool) -> None:
        """Write what the encoder holds, the sound, and the index.

        Args:
            all_sound: whether to copy the sound to its end, or to the end of the last picture.

        Raises:
            SinkError: something could not be written; the index was, if there was room.
        """
        if self._container is None or self._track is None:
            return
        try:
            self._mux_pictures(self._flushed(self._track))
            if self._companion is not None:
                self._mux_companions(None if all_sound else self._track.end)
        finally:
            container, self._container = self._container, None
            self._write_index(container)

    def close(self) -> None:
        """Let go of everything, in any state; never raises."""
        if self._companion is not None:
            self._companion.close()
        container, self._container, self._track = self._container, None, None
        if container is not None:
            with contextlib.suppress(FFmpegError, OSError, ValueError):
                container.close()

    def _flushed(self, track: VideoTrack) -> list[Packet[VideoStream]]:
        try:
            return track.flush()
        except (FFmpegError, ValueError) as error:
            raise SinkError(f"cannot finish {self._name}: {error}.") from error

    def _mux_pictures(self, packets: Iterable[Packet[VideoStream]]) -> None:
        for packet in packets:
            if self._companion is not None:
                assert packet.dts is not None, "the track gives every packet its times"
                self._mux_companions(packet.dts * packet.time_base)
            self._mux(packet)

    def _mux_companions(self, until: Fraction | None) -> None:
        assert self._companion is not None
        try:
            for packet in self._companion.until(until, self.shift):
                with self._companion.damage(_RefusedPacketError):
                    self._mux(packet)
        except FFmpegError as error:
            raise SinkError(f"cannot encode the sound of {self._name}: {error}.") from error

    def _mux(self, packet: Packet[Stream] | Packet[VideoStream]) -> None:
        assert self._container is not None
        self._packets += 1
        self._largest = max(self._largest, packet.size)
        self._refuse_a_full_disk(SinkError)
        try:
            self._container.mux_one(packet)
        except (ArgumentError, InvalidDataError) as error:
            raise _RefusedPacketError(f"{self._name}: a packet was refused ({error}).") from error
        except (FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def _write_index(self, container: OutputContainer) -> None:
        try:
            container.close()
        except (FFmpegError, OSError, ValueError) as error:
            raise self._failed(error) from error
        if self._shape is not None:
            shape = self._shape
            matroska.write_pixel_shape(self._place, shape.width, shape.height, shape.sample_aspect)

    def _refuse_a_full_disk(self, kind: type[SinkError]) -> None:
        needed = _SPARE_BYTES + _INDEX_BYTES_PER_PACKET * self._packets
        needed += _PACKETS_HELD_BACK * self._largest + self._held_back
        try:
            free = shutil.disk_usage(self._place.parent).free
        except OSError:
            return  # some network folders do not tell
        if free < needed:
            raise kind(
                f"cannot go on writing {self._name}: its disk is full ({free >> 10} KiB are left).",
                "Make room, or write to another disk.",
            )

    def _failed(self, error: Exception) -> SinkError:
        reason = getattr(error, "strerror", None) or str(error)
        return SinkError(
            f"cannot go on writing {self._name}: {reason}.",
            "Make room on the disk, or write to another one.",
        )


class _RefusedPacketError(SinkError):
    """A packet that the muxer does not take; the file can go on without it."""


def _muxer_options(plan: Plan) -> dict[str, str]:
    options = {"max_interleave_delta": str(_MUXER_PATIENCE_US)}
    if plan.container in {"mp4", "mov"}:
        clock = plan.time_base.denominator
        while clock < _SLOWEST_MOV_CLOCK:
            clock *= 2
        # The index in front lets a browser begin before it has the whole file. It costs one more
        # pass over the file, at the disk's speed.
        options |= {"movflags": "+faststart", "movie_timescale": str(clock)}
    if plan.container in {"matroska", "webm"}:
        # Copied sound may begin a few ms early, for the player to throw away. Moving everything
        # later for its sake, FFmpeg's default, would move the pictures too.
        options |= {"avoid_negative_ts": "disabled", "cluster_size_limit": str(_CLUSTER_BYTES)}
    return options


def _has_unusual_tags(container: OutputContainer) -> bool:
    return bool({key.lower() for key in container.metadata} - _MP4_TAGS)
