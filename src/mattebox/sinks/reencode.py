"""Sound and subtitles on their way from the input to the output: copied, or made anew.

Each way takes packets of one input stream and gives packets of one output stream. Which way a
stream goes is decided in ``companion``. Called on the sink's thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream
from av.subtitles.codeccontext import SubtitleCodecContext
from av.subtitles.stream import SubtitleStream

from mattebox.errors import SinkError

# What each container takes where it refuses the input's codec. Opus and AAC are the ones that
# every browser and phone decodes.
SOUND_ENCODERS = {"webm": "libopus", "mp4": "aac", "mov": "aac", "matroska": "aac"}
SUBTITLE_ENCODERS = {"webm": "webvtt", "mp4": "mov_text", "mov": "mov_text", "matroska": "subrip"}

# Bits per second and channel; above this neither codec is told from its input in listening tests.
_BIT_RATE = {"libopus": 80_000, "aac": 112_000}
_OPUS_RATE = 48_000

# A line of mov_text is its length in two bytes, then the text; pauses are lines without text.
_NO_TEXT = b"\0\0"


class DamagedPacketError(SinkError):
    """A packet that cannot be decoded; the file can go on without it."""


class Way(Protocol):
    """From packets of one input stream to packets of one output stream."""

    @property
    def output(self) -> Stream:
        """The stream in the output."""
        ...

    def feed(self, packet: Packet[Stream], shift: Fraction) -> Sequence[Packet[Stream]]:
        """What a packet becomes, ``shift`` seconds later.

        Raises:
            DamagedPacketError: it cannot be decoded.
        """
        ...

    def flush(self, shift: Fraction) -> Sequence[Packet[Stream]]:
        """What is still held back."""
        ...


class Copied:
    """The same bytes at the same times."""

    def __init__(self, container: OutputContainer, source: Stream) -> None:
        self.output: Stream = container.add_stream_from_template(source, opaque=True)
        self._last_dts: int | None = None
        self._is_timed_text = source.name == "mov_text"

    def feed(self, packet: Packet[Stream], shift: Fraction) -> Sequence[Packet[Stream]]:
        """The packet itself."""
        if self._is_timed_text and bytes(packet) == _NO_TEXT:
            return []  # mp4's muxer fills the pauses between lines itself
        shifted(packet, shift)
        if packet.dts is None:
            packet.dts = packet.pts
        if packet.dts is not None and self._last_dts is not None and packet.dts <= self._last_dts:
            # Times that stand still or run backwards are common in recordings; muxers refuse them.
            packet.dts = self._last_dts + 1
            packet.pts = packet.dts if packet.pts is None else max(packet.pts, packet.dts)
        self._last_dts = packet.dts
        packet.stream = self.output
        return [packet]

    def flush(self, shift: Fraction) -> Sequence[Packet[Stream]]:
        """Nothing is ever held back."""
        return []


class CoverArt:
    """The one picture of an album: copied, with no time of its own."""

    def __init__(self, container: OutputContainer, source: Stream) -> None:
        self.output: Stream = container.add_stream_from_template(source, opaque=True)
        self._is_taken = False

    def feed(self, packet: Packet[Stream], shift: Fraction) -> Sequence[Packet[Stream]]:
        """The first packet only."""
        if self._is_taken:
            return []
        self._is_taken = True
        packet.pts = packet.dts = 0
        packet.stream = self.output
        return [packet]

    def flush(self, shift: Fraction) -> Sequence[Packet[Stream]]:
        """Nothing is ever held back."""
        return []


class ReencodedSound:
    """Sound decoded and encoded again, with the times it had.

    Raises:
        FFmpegError, ValueError: the encoder does not open, or the container does not take it.
    """

    def __init__(self, container: OutputContainer, source: AudioStream, encoder: str) -> None:
        known = av.Codec(encoder, "w")
        rates = known.audio_rates or []
        rate = source.codec_context.sample_rate
        if encoder == "libopus" or (rates and rate not in rates):
            rate = _OPUS_RATE
        # Opus knows its own channel orders only; two channels always work.
        wanted = source.codec_context.layout
        layout = wanted.name if wanted.nb_channels <= 2 or encoder != "libopus" else "stereo"
        # A stream cannot be taken out again, and one that is not open spoils the whole file: so the
        # encoder is tried before.
        trial = AudioCodecContext.create(encoder, "w")
        assert isinstance(trial, AudioCodecContext), "audio encoders make audio contexts"
        trial.sample_rate, trial.format = rate, (known.audio_formats or [trial.format])[0]
        _open_sound(trial, encoder, layout, rate)
        stream = container.add_stream(encoder, rate=rate)
        assert isinstance(stream, AudioStream), "audio encoders make audio streams"
        stream.time_base = Fraction(1, rate)
        _open_sound(stream.codec_context, encoder, layout, rate)
        self.output: Stream = stream
        self._source = source
        self._encoder: AudioCodecContext = stream.codec_context
        self._resampler = AudioResampler(
            format=stream.codec_context.format,
            layout=layout,
            rate=rate,
            frame_size=stream.codec_context.frame_size or None,
        )

    def feed(self, packet: Packet[Stream], shift: Fraction) -> Sequence[Packet[Stream]]:
        """What the encoder has ready after this packet."""
        try:
            frames = self._source.codec_context.decode(packet)
            resampled = [made for each in frames for made in self._resampler.resample(each)]
        except (FFmpegError, ValueError) as error:
            # Broken, or suddenly another kind of sound.
            raise DamagedPacketError(f"a packet of sound cannot be used: {error}.") from error
        return self._encoded(resampled, shift)

    def flush(self, shift: Fraction) -> Sequence[Packet[Stream]]:
        """What decoder, resampler and encoder still hold."""
        try:
            frames = self._source.codec_context.decode(None)
            waiting = [made for each in frames for made in self._resampler.resample(each)]
        except (FFmpegError, ValueError):
            waiting = []  # what came before is still to be sent
        packets = self._encoded([*waiting, *self._resampler.resample(None)], shift)
        return [*packets, *self._sent(self._encoder.encode(None), shift)]

    def _encoded(self, frames: Sequence[AudioFrame], shift: Fraction) -> list[Packet[Stream]]:
        return [
            packet for each in frames for packet in self._sent(self._encoder.encode(each), shift)
        ]

    def _sent(self, packets: Sequence[Packet[Stream]], shift: Fraction) -> list[Packet[Stream]]:
        for packet in packets:
            packet.stream = self.output
            shifted(packet, shift)
        return list(packets)


class ConvertedSubtitles:
    """Text subtitles in another format.

    Raises:
        FFmpegError, ValueError: the encoder does not open, or the container does not take it.
    """

    def __init__(self, container: OutputContainer, source: SubtitleStream, encoder: str) -> None:
        source.codec_context.open(strict=False)
        trial = SubtitleCodecContext.create(encoder, "w")
        assert isinstance(trial, SubtitleCodecContext), "subtitle encoders make subtitle contexts"
        _open_subtitles(trial, source)
        stream = container.add_stream(encoder)
        assert isinstance(stream, SubtitleStream), "subtitle encoders make subtitle streams"
        stream.time_base = Fraction(1, 1000)
        context = stream.codec_context
        _open_subtitles(context, source)
        self.output: Stream = stream
        self._decoder = source.codec_context
        self._encoder: SubtitleCodecContext = context

    def feed(self, packet: Packet[Stream], shift: Fraction) -> Sequence[Packet[Stream]]:
        """The same lines at the same time."""
        try:
            lines = self._decoder.decode2(packet)
            if lines is None or len(lines) == 0:
                return []
            made = self._encoder.encode_subtitle(lines)
        except FFmpegError as error:
            raise DamagedPacketError(f"a subtitle cannot be converted: {error}.") from error
        made.pts = made.dts = packet.pts
        made.duration, made.time_base = packet.duration, packet.time_base
        made.stream = self.output
        shifted(made, shift)
        return [made]

    def flush(self, shift: Fraction) -> Sequence[Packet[Stream]]:
        """Nothing is ever held back."""
        return []


def _open_sound(context: AudioCodecContext, encoder: str, layout: str, rate: int) -> None:
    context.layout = layout
    context.bit_rate = _BIT_RATE[encoder] * context.layout.nb_channels
    context.time_base = Fraction(1, rate)
    context.open()


def _open_subtitles(context: SubtitleCodecContext, source: SubtitleStream) -> None:
    # The styles that the dialogue lines refer to; without it no subtitle encoder opens.
    context.subtitle_header = source.codec_context.subtitle_header
    context.time_base = Fraction(1, 1000)
    context.open(strict=False)


def shifted(packet: Packet[Stream], shift: Fraction) -> None:
    """Move a packet later by ``shift`` seconds, to the nearest of its ticks."""
    if not shift:
        return
    ticks = round(shift / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts + ticks
    packet.dts = None if packet.dts is None else packet.dts + ticks
