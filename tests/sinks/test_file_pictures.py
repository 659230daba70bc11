"""What pictures look like when they are read back: planes, layouts, tags, sizes."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import clips
import readback
from mattebox.colour import Colour, Range, planes_from_rgb, rgb_from_planes
from mattebox.errors import SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import pixel_format
from mattebox.sinks.file import Encoding, FileSink

BT709 = Colour(1, 1, 1, Range.LIMITED)
BT601 = Colour(6, 6, 6, Range.LIMITED)
HLG = Colour(9, 9, 18, Range.LIMITED)
FULL = Colour(5, 1, 6, Range.FULL)


def encoding(
    codec: str = "auto", quality: int = 75, pixel_format: str = "auto", **options: str
) -> Encoding:
    return Encoding(
        codec=codec, quality=quality, speed="fast", pixel_format=pixel_format, options=options
    )


def write(path: Path, format: VideoFormat, wanted: Encoding, pictures: int = 3) -> list[Frame]:
    """A file with that many pattern pictures, and the pictures."""
    sink = FileSink(
        path, encoding=wanted, companion=None, sound="keep", overwrite=False, metadata={}
    )
    sink.open(format)
    frames = [clips.pattern_frame(format, index) for index in range(pictures)]
    for frame in frames:
        sink.write(frame)
    sink.close()
    return frames


def assert_same_planes(path: Path, frames: list[Frame]) -> None:
    found = readback.pictures(path)
    assert len(found) == len(frames)
    for picture, frame in zip(found, frames, strict=True):
        planes = readback.planes_of(picture)
        assert len(planes) == len(frame.planes)
        for plane, written in zip(planes, frame.planes, strict=True):
            np.testing.assert_array_equal(plane, written)


X264_LAYOUTS = ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le"]
X265_LAYOUTS = [*X264_LAYOUTS, "yuv420p12le", "yuv422p12le", "yuv444p12le"]
FFV1_LAYOUTS = [
    *X265_LAYOUTS,
    *("yuv420p9le", "yuv411p", "yuv440p", "yuv444p16le", "gray", "gray10le", "gray16le"),
    *("gbrp10le", "gbrp14le", "gbrp16le", "yuva420p", "yuva444p10le", "gbrap12le"),
]


@pytest.mark.parametrize("layout", X264_LAYOUTS)
def test_h264_at_quality_100_gives_back_every_sample(layout: str, tmp_path: Path) -> None:
    """100 is lossless, at 8 and at 10 bits."""
    path = tmp_path / "clip.mp4"
    frames = write(path, clips.video_format(layout), encoding("h264", 100))
    assert_same_planes(path, frames)


def test_h264_keeps_full_range_samples(tmp_path: Path) -> None:
    """Full-range YUV is the same samples with another tag; nothing is squeezed."""
    path = tmp_path / "clip.mp4"
    frames = write(path, clips.video_format(colour=FULL), encoding("h264", 100))
    assert_same_planes(path, frames)
    (picture, *_) = readback.pictures(path)
    assert picture.format.name == "yuvj420p"
    assert picture.color_range == 2


@pytest.mark.parametrize("layout", X265_LAYOUTS)
def test_h265_at_quality_100_gives_back_every_sample(layout: str, tmp_path: Path) -> None:
    """100 is lossless, up to 12 bits."""
    path = tmp_path / "clip.mp4"
    frames = write(path, clips.video_format(layout), encoding("h265", 100))
    assert_same_planes(path, frames)


@pytest.mark.parametrize("codec", ["vp9", "av1"])
def test_vp9_and_av1_at_quality_100_give_back_every_sample(codec: str, tmp_path: Path) -> None:
    """100 is lossless in every codec that can be."""
    path = tmp_path / "clip.webm"
    frames = write(path, clips.video_format(), encoding(codec, 100))
    assert_same_planes(path, frames)


@pytest.mark.parametrize("layout", FFV1_LAYOUTS)
def test_ffv1_gives_back_every_sample_of_every_layout(layout: str, tmp_path: Path) -> None:
    """FFV1 is lossless at any quality and takes every layout as it is."""
    path = tmp_path / "clip.mkv"
    frames = write(path, clips.video_format(layout), encoding("ffv1", 20))
    assert readback.pictures(path)[0].format.name == layout
    assert_same_planes(path, frames)


@pytest.mark.parametrize("layout", ["gbrp", "gbrap"])
def test_ffv1_gives_back_8_bit_rgb_in_another_order(layout: str, tmp_path: Path) -> None:
    """FFV1 holds 8 bit RGB packed; the samples are the same."""
    path = tmp_path / "clip.mkv"
    frames = write(path, clips.video_format(layout), encoding("ffv1", 20))
    for picture, frame in zip(readback.pictures(path), frames, strict=True):
        planes = readback.planes_of(picture.reformat(format=layout))
        for plane, written in zip(planes, frame.planes, strict=True):
            np.testing.assert_array_equal(plane, written)


def test_planes_that_are_views_are_written_as_they_look(tmp_path: Path) -> None:
    """A decoder's padded lines and a turned picture are views; only their samples count."""
    path = tmp_path / "clip.mkv"
    format = clips.video_format("yuv444p", (64, 96))
    turned = clips.pattern_frame(clips.video_format("yuv444p"))
    frame = Frame(tuple(plane.T[:, ::-1] for plane in turned.planes), format, 0, 40)
    sink = FileSink(
        path,
        encoding=encoding("ffv1"),
        companion=None,
        sound="keep",
        overwrite=False,
        metadata={},
    )
    sink.open(format)
    sink.write(frame)
    sink.close()
    assert_same_planes(path, [frame])


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
@pytest.mark.parametrize("colour", [BT709, BT601, HLG, FULL], ids=["709", "601", "hlg", "full"])
def test_colour_tags_survive(colour: Colour, suffix: str, tmp_path: Path) -> None:
    """Matrix, primaries, transfer and range are written and found again."""
    path = tmp_path / f"clip{suffix}"
    write(path, clips.video_format(colour=colour), encoding())
    (picture, *_) = readback.pictures(path)
    found = (picture.colorspace, picture.color_primaries, picture.color_trc)
    assert found == (colour.matrix, colour.primaries, colour.transfer)
    assert picture.color_range == {Range.LIMITED: 1, Range.FULL: 2}[colour.range]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "h264"),
        ("a.mp4", "h265"),
        ("a.mov", "prores"),
        ("a.mkv", "h264"),
        ("a.mkv", "ffv1"),
        ("a.webm", "vp9"),
    ],
)
def test_the_shape_of_pixels_survives(name: str, codec: str, tmp_path: Path) -> None:
    """DV and old television have pixels that are not square; Matroska keeps whole-pixel sizes."""
    path = tmp_path / name
    format = replace(clips.video_format(), sample_aspect=Fraction(16, 11))
    write(path, format, encoding(codec))
    with av.open(str(path)) as container:
        found = container.streams.video[0].sample_aspect_ratio
    tolerance = 0.01 if path.suffix in {".mkv", ".webm"} else 0
    assert found == pytest.approx(Fraction(16, 11), abs=tolerance)


@pytest.mark.parametrize(
    ("name", "layout", "codec", "expected"),
    [
        ("a.mp4", "yuv420p", "h264", "yuv420p"),
        ("a.m4v", "yuv420p10le", "h264", "yuv420p10le"),
        ("a.mp4", "yuv420p12le", "hevc", "yuv420p12le"),
        ("a.mp4", "yuv420p9le", "h264", "yuv420p10le"),
        ("a.mp4", "yuv440p", "h264", "yuv444p"),
        ("a.mp4", "yuv411p", "h264", "yuv422p"),
        ("a.mp4", "gbrp", "h264", "yuv420p"),
        ("a.mov", "gbrp10le", "h264", "yuv420p10le"),
        ("a.webm", "yuv420p", "vp9", "yuv420p"),
        ("a.webm", "yuv444p", "vp9", "yuv444p"),
        ("a.webm", "yuv420p10le", "libdav1d", "yuv420p10le"),
        ("a.gif", "yuv420p", "gif", "bgra"),
        ("a.mkv", "gray", "h264", "yuvj420p"),
    ],
)
def test_auto_loses_nothing_that_it_need_not(
    name: str, layout: str, codec: str, expected: str, tmp_path: Path
) -> None:
    """The codec follows the ending and the depth; the layout is kept, or one that holds it."""
    path = tmp_path / name
    write(path, clips.video_format(layout), encoding())
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == codec
    assert readback.pictures(path)[0].format.name == expected


def test_nine_bits_in_ten_are_the_same_nine_bits(tmp_path: Path) -> None:
    """A deeper layout holds the samples, shifted."""
    path = tmp_path / "clip.mp4"
    frames = write(path, clips.video_format("yuv420p9le"), encoding("h264", 100))
    for picture, frame in zip(readback.pictures(path), frames, strict=True):
        for plane, written in zip(readback.planes_of(picture), frame.planes, strict=True):
            np.testing.assert_array_equal(plane, written << 1)


def test_gray_becomes_luma_as_it_is(tmp_path: Path) -> None:
    """Players want chroma planes; the gray itself is not touched, and stays full range."""
    path = tmp_path / "clip.mp4"
    frames = write(path, clips.video_format("gray"), encoding("h264", 100))
    for picture, frame in zip(readback.pictures(path), frames, strict=True):
        luma, *chroma = readback.planes_of(picture)
        np.testing.assert_array_equal(luma, frame.planes[0])
        assert all((plane == 128).all() for plane in chroma)
        assert picture.color_range == 2


def test_rgb_becomes_tagged_video_with_a_word_about_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """RGB is converted for players, as BT.709 says, and the log tells what that costs."""
    path = tmp_path / "clip.mp4"
    format = clips.video_format("gbrp")
    rgb = np.zeros((64, 96, 3), np.float32)
    rgb[:32, :48], rgb[:32, 48:], rgb[32:, :48] = (1, 0, 0), (0, 1, 0), (0.2, 0.5, 0.9)
    frame = Frame(planes_from_rgb(rgb, format.pixels, format.colour), format, 0, 40)
    sink = FileSink(
        path,
        encoding=encoding("h264", 100),
        companion=None,
        sound="keep",
        overwrite=False,
        metadata={},
    )
    sink.open(format)
    sink.write(frame)
    sink.close()
    (picture,) = readback.pictures(path)
    shown = rgb_from_planes(readback.planes_of(picture), pixel_format("yuv420p"), BT709)
    assert (picture.colorspace, picture.color_range) == (1, 1)
    # Away from the edges between the fields, where chroma is shared.
    for row, column in ((16, 24), (16, 72), (48, 24), (48, 72)):
        np.testing.assert_allclose(shown[row, column], rgb[row, column], atol=0.02)
    assert "costs chroma resolution" in caplog.text


def test_losing_depth_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """14 bits do not fit into 12: the log says so and names a codec that they fit into."""
    write(tmp_path / "clip.mp4", clips.video_format("yuv420p14le"), encoding())
    assert "bits per sample" in caplog.text
    assert "ffv1" in caplog.text


def test_keeping_everything_is_not_worth_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No warning where nothing is lost."""
    for layout in ("yuv420p", "yuv444p10le", "yuv420p9le"):
        write(tmp_path / f"{layout}.mp4", clips.video_format(layout), encoding())
    assert not caplog.records


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_odd_sizes_are_refused_where_chroma_is_halved(codec: str, tmp_path: Path) -> None:
    """Before the first frame, with the setting that helps."""
    with pytest.raises(SinkRefused, match="needs even sizes") as caught:
        write(tmp_path / "clip.mp4", clips.video_format(size=(95, 63)), encoding(codec))
    assert "sink.pixel_format=yuv444p" in caught.value.advice
    assert not list(tmp_path.iterdir())


def test_the_advice_for_odd_sizes_works(tmp_path: Path) -> None:
    """yuv444p takes every size."""
    path = tmp_path / "clip.mp4"
    format = clips.video_format(size=(95, 63))
    write(path, format, encoding("h264", 100, "yuv444p"))
    (picture, *_) = readback.pictures(path)
    assert (picture.width, picture.height) == (95, 63)
    assert picture.format.name == "yuv444p"


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.webm", "vp9"),
        ("a.webm", "av1"),
        ("a.mkv", "ffv1"),
        ("a.mov", "prores"),
        ("a.gif", "gif"),
    ],
)
@pytest.mark.parametrize("size", [(95, 63), (33, 17)])
def test_the_other_codecs_take_odd_sizes(
    size: tuple[int, int], name: str, codec: str, tmp_path: Path
) -> None:
    """Odd sizes come out as they went in."""
    path = tmp_path / name
    write(path, clips.video_format(size=size), encoding(codec))
    (picture, *_) = readback.pictures(path)
    assert (picture.width, picture.height) == size


@pytest.mark.parametrize("layout", ["yuv420p", "gray", "yuva420p10le", "yuv422p12le"])
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (400, 3), (33, 17), (63, 64), (65, 64)])
def test_ffv1_takes_every_size(size: tuple[int, int], layout: str, tmp_path: Path) -> None:
    """What the refusals of other codecs advise has to work."""
    path = tmp_path / "clip.mkv"
    frames = write(path, clips.video_format(layout, size), encoding("ffv1"))
    assert_same_planes(path, frames)


@pytest.mark.parametrize(
    ("name", "codec", "size"),
    [("a.mp4", "h264", (1, 1)), ("a.mp4", "h265", (8, 8)), ("a.mkv", "av1", (1, 1))],
)
def test_sizes_that_an_encoder_cannot_do_are_refused(
    name: str, codec: str, size: tuple[int, int], tmp_path: Path
) -> None:
    """A picture of one pixel is no reason for a traceback, or for an empty file."""
    with pytest.raises(SinkRefused, match=f"{size[0]}×{size[1]}"):
        write(tmp_path / name, clips.video_format(size=size), encoding(codec))
    assert not list(tmp_path.iterdir())


def test_a_gif_shows_the_picture(tmp_path: Path) -> None:
    """256 colours are chosen for every picture; dither stays within a few codes."""
    path = tmp_path / "clip.gif"
    format = clips.video_format("gbrp")
    (frame, *_) = write(path, format, encoding())
    (picture, *_) = readback.pictures(path)
    shown = readback.planes_of(picture.reformat(format="gbrp"))
    for plane, written in zip(shown, frame.planes, strict=True):
        assert np.abs(plane.astype(int) - written).mean() < 8


def test_jpeg_pictures_are_full_range(tmp_path: Path) -> None:
    """JPEG knows full range only: limited-range frames are stretched, not mislabelled."""
    path = tmp_path / "clip.mkv"
    format = clips.video_format(colour=BT709)
    black = tuple(
        np.full(shape, value, np.uint8)
        for shape, value in zip(format.plane_shapes, (16, 128, 128), strict=True)
    )
    sink = FileSink(
        path,
        encoding=encoding("mjpeg", 100),
        companion=None,
        sound="keep",
        overwrite=False,
        metadata={},
    )
    sink.open(format)
    sink.write(Frame(black, format, 0, 40))
    sink.close()
    (picture,) = readback.pictures(path)
    assert picture.format.name == "yuvj420p"
    assert readback.planes_of(picture)[0].max() <= 1
