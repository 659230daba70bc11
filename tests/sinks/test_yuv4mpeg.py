"""YUV4MPEG2: FFmpeg reads from the stream what was written to it."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import clips
import readback
from mattebox.colour import Colour, Range, planes_from_rgb, rgb_from_planes
from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import pixel_format
from mattebox.sinks.yuv4mpeg import Yuv4MpegSink


def written(format: VideoFormat, frames: list[Frame]) -> bytes:
    stream = io.BytesIO()
    sink = Yuv4MpegSink(stream)
    sink.open(format)
    for frame in frames:
        sink.write(frame)
    sink.close()
    return stream.getvalue()


def read(data: bytes) -> tuple[Any, list[Any]]:
    with av.open(io.BytesIO(data), "r", format="yuv4mpegpipe") as container:
        stream = container.streams.video[0]
        facts = (stream.average_rate, stream.sample_aspect_ratio)
        return facts, list(container.decode(stream))


@pytest.mark.parametrize(
    "layout",
    [
        *("yuv420p", "yuv422p", "yuv444p", "yuv411p", "gray"),
        *("yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv420p12le", "yuv444p16le"),
        *("yuv420p9le", "yuv422p14le", "gray10le", "gray16le"),
    ],
)
@pytest.mark.parametrize("size", [(96, 64), (33, 17)])
def test_ffmpeg_reads_the_same_planes(layout: str, size: tuple[int, int]) -> None:
    """Every layout that the format has a name for, at odd sizes too."""
    format = clips.video_format(layout, size)
    frames = [clips.pattern_frame(format, index) for index in range(3)]
    _, found = read(written(format, frames))
    assert len(found) == 3
    for picture, frame in zip(found, frames, strict=True):
        assert picture.format.name == layout
        for plane, expected in zip(readback.planes_of(picture), frame.planes, strict=True):
            np.testing.assert_array_equal(plane, expected)


@pytest.mark.parametrize(("name", "number"), [(Range.LIMITED, 1), (Range.FULL, 2)])
def test_the_range_is_in_the_header(name: Range, number: int) -> None:
    """Full-range pictures must not be squeezed by the reader."""
    format = clips.video_format(colour=Colour(range=name))
    _, (picture,) = read(written(format, [clips.pattern_frame(format)]))
    assert picture.color_range == number


def test_rate_and_pixel_shape_are_in_the_header() -> None:
    """As exact fractions."""
    format = replace(
        clips.video_format(), rate=Fraction(30000, 1001), sample_aspect=Fraction(16, 11)
    )
    (rate, aspect), _ = read(written(format, [clips.pattern_frame(format)]))
    assert (rate, aspect) == (Fraction(30000, 1001), Fraction(16, 11))


def test_frames_without_a_rate_get_one_with_a_word(caplog: pytest.LogCaptureFixture) -> None:
    """The format has no pts: whoever reads on should know."""
    format = replace(clips.video_format(), rate=None)
    (rate, _), _ = read(written(format, [clips.pattern_frame(format)]))
    assert rate == 25
    assert "no times" in caplog.text


@pytest.mark.parametrize("layout", ["gbrp", "gbrp10le"])
def test_rgb_becomes_full_size_yuv(layout: str) -> None:
    """The format has no RGB; 4:4:4 loses next to nothing."""
    format = clips.video_format(layout)
    rgb = np.random.default_rng(3).random((64, 96, 3)).astype(np.float32)
    frame = Frame(planes_from_rgb(rgb, format.pixels, format.colour), format, 0)
    _, (picture,) = read(written(format, [frame]))
    expected = layout.replace("gbrp", "yuv444p")
    assert picture.format.name == expected
    shown = rgb_from_planes(
        readback.planes_of(picture), pixel_format(expected), Colour(range=Range.LIMITED)
    )
    np.testing.assert_allclose(shown, rgb, atol=0.012)


def test_views_are_written_row_by_row() -> None:
    """Padded and turned planes come out as they look."""
    format = clips.video_format("gray", (64, 96))
    turned = clips.pattern_frame(clips.video_format("gray")).planes[0].T[:, ::-1]
    _, (picture,) = read(written(format, [Frame((turned,), format, 0)]))
    np.testing.assert_array_equal(readback.planes_of(picture)[0], turned)


@pytest.mark.parametrize("layout", ["yuva420p", "gbrap", "yuv440p", "yuv410p"])
def test_what_has_no_name_in_the_format_is_refused(layout: str) -> None:
    """Before anything is written."""
    stream = io.BytesIO()
    with pytest.raises(SinkRefused, match="YUV4MPEG2"):
        Yuv4MpegSink(stream).open(clips.video_format(layout))
    assert not stream.getvalue()


def test_a_reader_that_ends_is_an_error_and_no_traceback() -> None:
    """`mattebox … -o - | head` is not a fault of ours."""
    reading, writing = os.pipe()
    os.close(reading)
    format = clips.video_format(size=(640, 480))
    with open(writing, "wb", buffering=0) as stream:  # noqa: PTH123 (a descriptor, not a path)
        sink = Yuv4MpegSink(stream)
        sink.open(format)
        with pytest.raises(SinkError, match="has ended"):
            sink.write(clips.pattern_frame(format))
        sink.abort()
    assert sink.kept is None


def test_the_stream_stays_open() -> None:
    """It is the caller's, and may be standard output."""
    stream = io.BytesIO()
    sink = Yuv4MpegSink(stream)
    sink.open(clips.video_format())
    sink.close()
    assert not stream.closed


def test_what_is_written_into_a_file_is_a_y4m_file(tmp_path: Path) -> None:
    """FFmpeg finds out by itself what it is."""
    format = clips.video_format()
    path = tmp_path / "clip.y4m"
    path.write_bytes(written(format, [clips.pattern_frame(format, each) for each in range(5)]))
    assert readback.times(path) == [Fraction(each, 25) for each in range(5)]
