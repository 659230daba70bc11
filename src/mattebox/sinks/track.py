"""The picture track of a video file: an encoder, its stream, and packets with the right times.

What goes into the encoder is decided in ``plan``; the container around it is ``file``'s. Called on
the sink's thread.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from fractions import Fraction

import av
import av.logging
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.stream import VideoStream

from mattebox.errors import SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import pixel_format
from mattebox.sinks.codecs import present_encoders
from mattebox.sinks.palette import Palette
from mattebox.sinks.picture import COLOR_RANGES, Picture
from mattebox.sinks.plan import Plan, refused_by
from mattebox.timing import rescale

_log = logging.getLogger(__name__)

# No encoder holds a picture back for longer; a decoding time further off than this is not one.
# (x265 gives uninitialised ones for clips of one or two frames.)
_LONGEST_REORDERING_S = 600

_GIF_LAYOUT = pixel_format("gbrp")


class VideoTrack:
    """An open encoder and the stream it writes to.

    Args:
        container: where the stream is added; its header must not be written yet.
        plan: what to write.
        format: of the frames that will come.
        user_options: the options that the user named, to tell him which ones nobody knows.

    Raises:
        SinkRefused: the container does not hold that codec, or the encoder does not open.
    """

    def __init__(
        self,
        container: OutputContainer,
        plan: Plan,
        format: VideoFormat,
        user_options: Iterable[str],
    ) -> None:
        self._time_base = plan.time_base
        self._format = format
        self._counts_by_dts = plan.container in {"mp4", "mov"}
        self.stream = _add_stream(container, plan, format)
        _open_encoder(self.stream, plan, format, frozenset(user_options))
        self._palette = Palette() if plan.encoder.name == "gif" else None
        layout = _GIF_LAYOUT.name if self._palette else plan.layout.name
        self._picture = Picture(format, layout, plan.layout.colour)
        self._durations: dict[int, int] = {}
        self._first_pts: int | None = None
        self._last_pts: int | None = None
        self._last_duration = 0
        self._first_dts = 0
        self._last_dts: int | None = None
        self._nudged = False

    @property
    def end(self) -> Fraction:
        """When the last picture ends, in seconds."""
        return ((self._last_pts or 0) + self._last_duration) * self._time_base

    def encode(self, frame: Frame, shift: Fraction) -> list[Packet[VideoStream]]:
        """Take one picture, shown ``shift`` seconds later than it says; give what is ready."""
        picture = self._picture.make(frame)
        ticks = rescale(frame.pts, frame.format.time_base, self._time_base)
        picture.pts = self._in_order(ticks + round(shift / self._time_base))
        picture.time_base = self._time_base
        picture.duration = self._last_duration = self._duration_of(frame, picture.pts)
        if self._first_pts is None:
            self._first_pts = picture.pts
        self._last_pts = picture.pts
        self._durations[picture.pts] = self._last_duration
        pictures = self._palette.push(picture) if self._palette else [picture]
        packets = [packet for each in pictures for packet in self.stream.encode(each)]
        return self._timed(packets)

    def flush(self) -> list[Packet[VideoStream]]:
        """What the encoder still holds."""
        pictures = self._palette.flush() if self._palette else []
        packets = [packet for each in pictures for packet in self.stream.encode(each)]
        rest = self._timed([*packets, *self.stream.encode(None)])
        if rest and self._counts_by_dts:
            self._stretch_to_the_end(rest[-1])
        return rest

    def _stretch_to_the_end(self, last: Packet[VideoStream]) -> None:
        """Make the track as long as its pictures are shown.

        mp4 adds up the steps from one decoding time to the next; the last step is the duration of
        the packet decoded last, which with reordering is not the picture shown last.
        """
        assert last.dts is not None
        assert self._first_pts is not None
        assert self._last_pts is not None
        shown = self._last_pts + self._last_duration - self._first_pts
        decoded = last.dts - self._first_dts
        last.duration = max(shown - decoded, 0)

    def _in_order(self, pts: int) -> int:
        if self._last_pts is None or pts > self._last_pts:
            return pts
        if not self._nudged:
            _log.warning("frames closer than one tick (%s s) are spread out", self._time_base)
            self._nudged = True
        return self._last_pts + 1

    def _duration_of(self, frame: Frame, pts: int) -> int:
        if frame.duration:
            return rescale(frame.duration, frame.format.time_base, self._time_base)
        if self._format.rate:
            return round(1 / (self._format.rate * self._time_base))
        return pts - self._last_pts if self._last_pts is not None else self._last_duration

    def _timed(self, packets: list[Packet[VideoStream]]) -> list[Packet[VideoStream]]:
        """Give every packet its picture's duration, and a decoding time that can be true."""
        for packet in packets:
            assert packet.pts is not None, "every encoded picture has its pts"
            packet.duration = self._durations.pop(packet.pts, self._last_duration)
            if not self._is_plausible(packet):
                before = packet.pts if self._last_dts is None else self._last_dts + 1
                packet.dts = min(packet.pts, before)
            assert packet.dts is not None
            if self._last_dts is None:
                self._first_dts = packet.dts
            self._last_dts = packet.dts
        return packets

    def _is_plausible(self, packet: Packet[VideoStream]) -> bool:
        if packet.dts is None or packet.pts is None:
            return False
        held_s = (packet.pts - packet.dts) * self._time_base
        return 0 <= held_s < _LONGEST_REORDERING_S


def _add_stream(container: OutputContainer, plan: Plan, format: VideoFormat) -> VideoStream:
    try:
        stream = container.add_stream(plan.encoder.name, rate=plan.rate, options=dict(plan.options))
    except ValueError as error:
        raise SinkRefused(
            f"cannot write {plan.encoder.canonical_name} into {container.format.name}: "
            "that container does not hold it.",
            'Set sink.codec = "auto", or write to .mkv or .mov, which hold most codecs.',
        ) from error
    assert isinstance(stream, VideoStream), "video encoders make video streams"
    stream.width, stream.height = format.width, format.height
    stream.pix_fmt = plan.layout.name
    stream.time_base = plan.time_base
    context = stream.codec_context
    context.time_base = plan.time_base
    # PyAV asks for slices only; x264 would then cut every picture into strips, which costs quality.
    context.thread_type = "AUTO"
    context.sample_aspect_ratio = format.sample_aspect
    colour = plan.layout.colour
    context.colorspace = colour.matrix
    context.color_primaries = colour.primaries
    context.color_trc = colour.transfer
    context.color_range = COLOR_RANGES[colour.range]
    if plan.encoder.canonical_name == "hevc" and plan.container in {"mp4", "mov"}:
        # Apple's players want the parameter sets out of the stream, which this tag promises.
        context.codec_tag = "hvc1"
    return stream


def _open_encoder(
    stream: VideoStream, plan: Plan, format: VideoFormat, user_options: frozenset[str]
) -> None:
    if plan.encoder.name == "libsvtav1":
        # SVT-AV1 writes its banner to stderr, past every logger; it reads this when it starts.
        os.environ.setdefault("SVT_LOG", "1")
    with _FFmpegWords() as words:
        try:
            stream.codec_context.open()
        except (FFmpegError, ValueError) as error:
            reason = words.last() or str(getattr(error, "strerror", None) or error)
            raise refused_by(plan.encoder, format, reason, present_encoders()) from error
    unknown = sorted(user_options & set(stream.codec_context.options))
    if unknown:
        raise SinkRefused(
            f"cannot encode with {plan.encoder.name}: it has no option {', '.join(unknown)}.",
            f"See `ffmpeg -h encoder={plan.encoder.name}` for those it has; set sink.options.",
        )


class _FFmpegWords:
    """What FFmpeg logs while this is entered, kept from every other log."""

    def __init__(self) -> None:
        # Of all threads: else another thread's lines would reach Python's log meanwhile.
        self._capture = av.logging.Capture(local=False)
        self._lines: list[tuple[int, str, str]] = []
        self._level: int | None = None

    def __enter__(self) -> _FFmpegWords:
        self._level = av.logging.get_level()
        av.logging.set_level(av.logging.ERROR)
        self._lines = self._capture.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._capture.__exit__(None, None, None)
        av.logging.set_level(self._level)

    def last(self) -> str:
        """The last line logged, without its full stop; empty if there was none."""
        return self._lines[-1][2].strip().rstrip(".") if self._lines else ""
