"""Clips with everything beside the picture: two sounds, subtitles, chapters, a font, a cover."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

import clips
from mattebox.pixels import pixel_format

_SUBTITLES = """1
00:00:00,100 --> 00:00:00,300
Hello <i>world</i>

2
00:00:00,300 --> 00:00:00,390
Two
lines, é
"""

FONT = b"not really a font" * 10
CHAPTERS = (("One", 0, 200), ("Two", 200, 400))


def write_rich_clip(
    path: Path,
    *,
    sounds: Sequence[tuple[str, str]] = (("aac", "eng"), ("libopus", "deu")),
    subtitles: str | None = "copy",
    attachment: bool = True,
    cover: bool = False,
    start: Fraction = Fraction(0),
    pictures: int = 10,
    options: dict[str, str] | None = None,
) -> Path:
    """A clip of pattern pictures at 25 fps with streams beside them, all of the same length.

    Args:
        sounds: (encoder, language) of each sound track.
        subtitles: "copy" for SubRip as it is, an encoder's name, or None.
        attachment: whether to attach a font (Matroska only).
        cover: whether to add a cover picture.
        start: when everything starts, in seconds.
        options: of the muxer.
    """
    with av.open(str(path), "w", container_options=options or {}) as container:
        picture = _picture_stream(container)
        tracks = [_sound_stream(container, *each) for each in sounds]
        lines, text = _subtitle_stream(container, subtitles, path)
        if attachment:
            container.add_attachment("font.ttf", "application/x-truetype-font", FONT)
        art = _cover_stream(container) if cover else None
        container.metadata.update({"title": "A title", "artist": "Someone", "rating": "five"})
        container.set_chapters(
            [
                {
                    "id": number,
                    "start": begin + round(start * 1000),
                    "end": end + round(start * 1000),
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": title},
                }
                for number, (title, begin, end) in enumerate(CHAPTERS, 1)
            ]
        )
        packets = [*_pictures(picture, pictures, start), *text]
        for track in tracks:
            packets += _tone(track, pictures * 0.04, start)
        if art is not None:
            packets.append(_cover_packet(art))
        for packet in sorted(packets, key=_due):
            container.mux_one(packet)
        if lines is not None:
            lines.close()
    return path


def _due(packet: Any) -> Fraction:
    return Fraction(packet.dts * packet.time_base)


def _picture_stream(container: Any) -> Any:
    stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "bf": "2"})
    stream.width, stream.height = 96, 64
    stream.codec_context.time_base = Fraction(1, 1000)
    stream.metadata["title"] = "The picture"
    return stream


def _pictures(stream: Any, count: int, start: Fraction) -> list[Any]:
    packets = []
    layout = pixel_format("yuv420p")
    for index in range(count):
        frame = clips.av_frame(clips.pattern_planes(layout, 64, 96, index), "yuv420p")
        frame.pts, frame.time_base = index * 40 + round(start * 1000), Fraction(1, 1000)
        packets += stream.encode(frame)
    return [*packets, *stream.encode(None)]


def _sound_stream(container: Any, encoder: str, language: str) -> Any:
    stream = container.add_stream(encoder, rate=48000)
    stream.metadata.update({"language": language, "title": f"Sound in {language}"})
    return stream


def _tone(stream: Any, length_s: float, start: Fraction) -> list[Any]:
    packets, block = [], 960
    for index in range(round(48000 * length_s) // block):
        time = np.arange(index * block, (index + 1) * block) / 48000
        wave = (np.sin(2 * np.pi * 440 * time) * 8000).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2)[None], "s16", "stereo")
        frame.sample_rate, frame.time_base = 48000, Fraction(1, 48000)
        frame.pts = index * block + round(start * 48000)
        packets += stream.encode(frame)
    return [*packets, *stream.encode(None)]


def _subtitle_stream(container: Any, wanted: str | None, path: Path) -> tuple[Any, list[Any]]:
    if wanted is None:
        return None, []
    script = path.with_suffix(".srt")
    script.write_text(_SUBTITLES)
    source: Any = av.open(str(script))
    read = source.streams.subtitles[0]
    if wanted == "copy":
        stream = container.add_stream_from_template(read, opaque=True)
        packets = [each for each in source.demux(read) if each.size]
    else:
        stream, packets = _converted(container, wanted, source, read)
    stream.metadata["language"] = "fra"
    for packet in packets:
        packet.stream = stream
    script.unlink()
    return source, packets


def _converted(container: Any, encoder: str, source: Any, read: Any) -> tuple[Any, list[Any]]:
    read.codec_context.open(strict=False)
    stream = container.add_stream(encoder)
    stream.codec_context.subtitle_header = read.codec_context.subtitle_header
    stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
    stream.codec_context.open(strict=False)
    packets = []
    for packet in source.demux(read):
        if packet.size:
            made = stream.codec_context.encode_subtitle(read.codec_context.decode2(packet))
            made.pts = made.dts = packet.pts
            made.duration, made.time_base = packet.duration, packet.time_base
            packets.append(made)
    return stream, packets


def _cover_stream(container: Any) -> Any:
    stream = container.add_stream("mjpeg")
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
    stream.codec_context.time_base = Fraction(1, 25)
    stream.disposition = av.stream.Disposition.attached_pic
    return stream


def _cover_packet(stream: Any) -> Any:
    layout = pixel_format("yuv420p")
    frame = clips.av_frame(clips.pattern_planes(layout, 32, 32), "yuv420p").reformat(
        format="yuvj420p"
    )
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    packet = (stream.encode(frame) + stream.encode(None))[0]
    packet.pts = packet.dts = 0
    return packet
