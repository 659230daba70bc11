"""What FileSource reads out of sound files: time, colour, shape, which stream."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

import clips
import footage
from mattebox.colour import Colour, Range
from mattebox.errors import DecodeError, SourceError
from mattebox.frame import Frame
from mattebox.pixels import pixel_format
from mattebox.sources.file import FileSource


def read(path: Path) -> tuple[FileSource, list[Frame]]:
    """A file's source, closed, and all its frames."""
    source = FileSource(path, corrupt_limit=0)
    frames = list(source.frames())
    source.close()
    return source, frames


@pytest.mark.parametrize(
    "pixels",
    [
        "yuv420p",
        "yuv422p",
        "yuv444p",
        "yuv420p10le",
        "yuv422p10le",
        "yuv444p12le",
        "yuva420p",
        "yuva444p10le",
        "gbrp10le",
        "gbrap12le",
    ],
)
def test_what_was_written_without_loss_is_read_bit_for_bit(tmp_path: Path, pixels: str) -> None:
    """8, 10 and 12 bit; 4:2:0, 4:2:2, 4:4:4; with and without alpha; odd sizes."""
    size = (95, 63) if "422" not in pixels else (96, 63)
    path = clips.write_clip(tmp_path / "clip.mkv", pixels=pixels, frames=4, size=size)
    source, frames = read(path)
    assert source.format.pixels == pixel_format(pixels)
    assert len(frames) == 4
    for index, frame in enumerate(frames):
        truth = clips.pattern_planes(pixel_format(pixels), size[1], size[0], index)
        for plane, true in zip(frame.planes, truth, strict=True):
            np.testing.assert_array_equal(plane, true)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov", ".nut"])
def test_a_variable_rate_keeps_every_pts(tmp_path: Path, suffix: str) -> None:
    """Phones and screen recorders; the first pts is late, too."""
    pts = [1000, 1040, 1090, 1400, 1433, 2100, 2133, 2166]
    codec = "ffv1" if suffix in {".mkv", ".nut"} else "libx264"
    path = clips.write_clip(tmp_path / f"clip{suffix}", codec=codec, pts=pts)
    source, frames = read(path)
    times = [frame.pts * source.format.time_base for frame in frames]
    assert times == [Fraction(now, 1000) for now in pts]


def test_a_rate_that_varies_is_no_rate(tmp_path: Path) -> None:
    """An encoder that believed it would shift every frame."""
    pts = [0, 40, 90, 400, 433, 1100, 1133, 1166]
    path = clips.write_clip(tmp_path / "clip.mp4", codec="libx264", pts=pts)
    assert read(path)[0].format.rate is None
    steady = clips.write_clip(tmp_path / "steady.mp4", codec="libx264", rate=20)
    assert read(steady)[0].format.rate == 20


def test_a_negative_first_pts_is_kept(tmp_path: Path) -> None:
    """Some cameras count from before the first sound."""
    pictures = footage.pattern_pictures("yuv420p", 4)
    for index, picture in enumerate(pictures):
        picture.pts = index - 2
    path = footage.encode(
        tmp_path / "clip.mkv",
        "ffv1",
        pictures,
        container_options={"avoid_negative_ts": "disabled"},
    )
    source, frames = read(path)
    assert [f.pts * source.format.time_base * 25 for f in frames] == [-2, -1, 0, 1]


def test_durations_are_those_of_the_file(tmp_path: Path) -> None:
    """In the ticks of the pts."""
    source, frames = read(clips.write_clip(tmp_path / "clip.mp4", codec="libx264", rate=20))
    assert {frame.duration * source.format.time_base for frame in frames if frame.duration} == {
        Fraction(1, 20)
    }


def test_a_stream_without_times_gets_them_from_its_rate(tmp_path: Path) -> None:
    """A raw H.264 file says neither when nor how long nor how many."""
    source, frames = read(clips.write_clip(tmp_path / "clip.h264", codec="libx264"))
    assert source.frames_expected is None
    assert source.duration_s is None
    assert [f.pts * source.format.time_base * 25 for f in frames] == list(range(10))


def test_frames_are_counted_where_the_container_counts_ticks(tmp_path: Path) -> None:
    """AVI's header counts 400 milliseconds as 400 frames."""
    source, frames = read(clips.write_clip(tmp_path / "clip.avi", codec="mpeg4"))
    assert source.frames_expected == len(frames) == 10


@pytest.mark.parametrize("matrix", [1, 5, 6, 9])
@pytest.mark.parametrize("number", [1, 2])
def test_colour_tags_are_those_of_the_file(tmp_path: Path, matrix: int, number: int) -> None:
    """BT.709, both kinds of BT.601, BT.2020; limited and full range, whatever PyAV calls them."""
    path = clips.write_clip(
        tmp_path / "clip.mp4", codec="libx264", frames=2, matrix=matrix, color_range=number
    )
    colour = read(path)[0].format.colour
    assert colour == Colour(matrix, matrix, matrix, Range.LIMITED if number == 1 else Range.FULL)


def test_tags_that_only_the_container_has_count(tmp_path: Path) -> None:
    """FFV1 in Matroska has no room for them in the stream."""
    path = clips.write_clip(tmp_path / "clip.mkv", frames=2, matrix=9, color_range=1)
    assert read(path)[0].format.colour == Colour(9, 9, 9, Range.LIMITED)


def test_tags_are_kept_by_the_decoder_that_knows_alpha(tmp_path: Path) -> None:
    """It is opened beside the container, which alone knows primaries and transfer."""
    path = tmp_path / "clip.webm"
    clips.write_clip(path, codec="libvpx-vp9", pixels="yuva420p", frames=2, matrix=9, color_range=1)
    assert read(path)[0].format.colour == Colour(9, 9, 9, Range.LIMITED)


def test_gray_png_video_does_not_say_that_its_planes_are_rgb(tmp_path: Path) -> None:
    """It says so as PNG; with neutral chroma it is YUV."""
    path = footage.encode(tmp_path / "clip.mov", "png", [footage.noise_picture("gray")])
    assert read(path)[0].format.colour == Colour(range=Range.FULL)


def test_nothing_said_about_colour_stays_unsaid(tmp_path: Path) -> None:
    """A guess written into the output would outlive us."""
    assert read(clips.write_clip(tmp_path / "clip.mkv"))[0].format.colour == Colour()


def test_motion_jpeg_is_full_range(tmp_path: Path) -> None:
    """Its layout says so, under an old name."""
    pictures = [footage.noise_picture("yuvj422p", seed=i) for i in range(2)]
    source, _ = read(footage.encode(tmp_path / "clip.avi", "mjpeg", pictures))
    assert source.format.pixels.name == "yuv422p"
    assert source.format.is_full_range


@pytest.mark.parametrize(
    ("codec", "pixels", "is_full"),
    [("ffv1", "gray", True), ("ffv1", "gray10le", True), ("libx265", "gray10le", False)],
)
def test_gray_video_says_its_range_before_it_becomes_yuv(
    tmp_path: Path, codec: str, pixels: str, is_full: bool
) -> None:
    """Untagged gray is full range, HEVC's is tagged limited; as YUV it must be either."""
    pictures = footage.pattern_pictures(pixels, 3)
    options = {"x265-params": "lossless=1:log-level=none"} if codec == "libx265" else {}
    source, frames = read(footage.encode(tmp_path / "clip.mkv", codec, pictures, options=options))
    assert source.format.is_full_range is is_full
    assert source.format.colour.range is not Range.UNSPECIFIED
    truth = clips.pattern_planes(pixel_format(pixels), 64, 96, 2)[0]
    np.testing.assert_array_equal(frames[2].planes[0], truth)


@pytest.mark.parametrize(
    ("suffix", "codec", "pixels", "target"),
    [
        (".nut", "rawvideo", "nv12", "yuv420p"),
        (".avi", "rawvideo", "yuyv422", "yuv422p"),
        (".mov", "qtrle", "argb", "gbrap"),
        (".mov", "png", "rgba", "gbrap"),
        (".mov", "png", "rgb24", "gbrp"),
        (".avi", "rawvideo", "bgr24", "gbrp"),
        (".mkv", "ffv1", "bgra", "gbrap"),
        (".nut", "rawvideo", "rgb48le", "gbrp16le"),
    ],
)
def test_packed_files_come_as_planes(
    tmp_path: Path, suffix: str, codec: str, pixels: str, target: str
) -> None:
    """Through a real container: the same planes as FFmpeg's own conversion of the frame gives."""
    depth = 16 if "48" in pixels else 8
    picture = footage.noise_picture(pixels, (48, 32), depth=depth)
    source, frames = read(footage.encode(tmp_path / f"clip{suffix}", codec, [picture]))
    assert source.format.pixels.name == target
    truth = picture.reformat(format=target)
    for plane, true in zip(frames[0].planes, truth.planes, strict=True):
        own = footage.memory(true, source.format.pixels.dtype)[: plane.shape[0], : plane.shape[1]]
        np.testing.assert_array_equal(plane, own)


@pytest.mark.parametrize("codec", ["libvpx-vp9", "libvpx"])
def test_webm_keeps_its_alpha(tmp_path: Path, codec: str) -> None:
    """FFmpeg's own VP8 and VP9 decoders would drop it."""
    # VP8 takes alpha only without its hidden frames.
    pictures = footage.pattern_pictures("yuva420p", 3)
    options = {"auto-alt-ref": "0"}
    path = footage.encode(tmp_path / "clip.webm", codec, pictures, options=options)
    source, frames = read(path)
    assert source.format.pixels.name == "yuva420p"
    truth = clips.pattern_planes(pixel_format("yuva420p"), 64, 96, 1)[3]
    assert np.abs(frames[1].planes[3].astype(int) - truth).mean() < 20


def test_prores_keeps_its_alpha(tmp_path: Path) -> None:
    """4444: the layout that editors exchange."""
    path = clips.write_clip(
        tmp_path / "clip.mov", codec="prores_ks", pixels="yuva444p10le", frames=2
    )
    source, frames = read(path)
    assert source.format.pixels.has_alpha
    truth = clips.pattern_planes(pixel_format("yuva444p10le"), 64, 96, 1)[3]
    scale = source.format.pixels.peak / 1023
    assert np.abs(frames[1].planes[3] / scale - truth).mean() < 8


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".mov"])
@pytest.mark.parametrize(("degrees", "quarters"), [(0, 0), (90, 1), (180, 2), (270, 3)])
def test_a_clip_turned_by_its_metadata_comes_upright(
    tmp_path: Path, suffix: str, degrees: int, quarters: int
) -> None:
    """Phones: planes, size and pixel aspect are turned, and no one later needs to know."""
    pictures = footage.pattern_pictures("yuv420p", 2)
    path = footage.encode(
        tmp_path / f"clip{suffix}",
        "libx264",
        pictures,
        options={"qp": "0"},
        turn=(degrees, False, False),
        aspect=Fraction(4, 3),
    )
    source, frames = read(path)
    lies = quarters % 2 == 1
    assert (source.format.width, source.format.height) == ((64, 96) if lies else (96, 64))
    assert source.format.sample_aspect == (Fraction(3, 4) if lies else Fraction(4, 3))
    truth = clips.pattern_planes(pixel_format("yuv420p"), 64, 96, 1)
    for plane, true in zip(frames[1].planes, truth, strict=True):
        np.testing.assert_array_equal(plane, np.rot90(true, quarters))


@pytest.mark.parametrize(
    ("turn", "undo"),
    [((0, True, False), np.fliplr), ((0, False, True), np.flipud), ((90, True, False), None)],
)
def test_mirrored_clips_are_mirrored_back(tmp_path: Path, turn: Any, undo: Any) -> None:
    """Front cameras; FFmpeg's own angle does not tell a mirror from a turn."""
    pictures = footage.pattern_pictures("yuv444p", 1)
    path = footage.encode(
        tmp_path / "clip.mov", "libx264", pictures, options={"qp": "0"}, turn=turn
    )
    _, frames = read(path)
    truth = clips.pattern_planes(pixel_format("yuv444p"), 64, 96, 0)[0]
    expected = undo(truth) if undo else np.fliplr(np.rot90(truth))
    np.testing.assert_array_equal(frames[0].planes[0], expected)


def test_the_older_rotate_tag_is_honoured(tmp_path: Path) -> None:
    """Degrees clockwise, in a tag of the stream."""
    pictures = footage.pattern_pictures("yuv420p", 1)
    path = footage.encode(tmp_path / "c.mkv", "ffv1", pictures, metadata={"rotate": "90"})
    truth = clips.pattern_planes(pixel_format("yuv420p"), 64, 96, 0)[0]
    np.testing.assert_array_equal(read(path)[1][0].planes[0], np.rot90(truth, -1))


def test_an_odd_angle_is_left_and_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It cannot be made of planes, and it may not be passed over in silence."""
    pictures = footage.pattern_pictures("yuv420p", 1)
    path = footage.encode(tmp_path / "c.mov", "libx264", pictures, turn=(30, False, False))
    source, _ = read(path)
    assert (source.format.width, source.format.height) == (96, 64)
    assert "odd angle" in caplog.text


def test_422_turned_by_a_quarter_becomes_444(tmp_path: Path) -> None:
    """4:4:0 is what nothing takes."""
    pictures = footage.pattern_pictures("yuv422p10le", 1)
    path = footage.encode(tmp_path / "c.mkv", "ffv1", pictures, turn=(90, False, False))
    assert read(path)[0].format.pixels.name == "yuv444p10le"


def test_cover_pictures_are_no_video(tmp_path: Path) -> None:
    """A song with a cover is sound; a film with one is the film."""
    song = _with_cover(tmp_path / "song.mp3", film=False)
    with pytest.raises(DecodeError, match="cover"):
        FileSource(song, corrupt_limit=0)
    film = _with_cover(tmp_path / "film.mp4", film=True)
    source, frames = read(film)
    assert (source.format.width, len(frames)) == (96, 4)


def _with_cover(path: Path, *, film: bool) -> Path:
    """Sound or a film with a larger attached picture, which is the first stream."""
    with av.open(str(path), "w") as container:
        cover: Any = container.add_stream("mjpeg", rate=25)
        cover.width, cover.height, cover.pix_fmt = 192, 128, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        if film:
            other: Any = container.add_stream("libx264", rate=25)
            other.width, other.height, other.pix_fmt = 96, 64, "yuv420p"
        else:
            other = container.add_stream("libmp3lame", rate=44100)
            other.layout = "mono"
        picture = footage.noise_picture("yuvj420p", (192, 128))
        picture.pts = 0
        covers = cover.encode(picture) + cover.encode(None)
        for frame in footage.pattern_pictures("yuv420p", 4) if film else [_silence()]:
            frame.pts = None
            container.mux(other.encode(frame))
        container.mux(other.encode(None))
        container.mux(covers)
    return path


def _silence() -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.float32), "fltp", "mono")
    frame.sample_rate = 44100
    return frame


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    """It says what there is."""
    path = tmp_path / "sound.flac"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("flac", rate=44100, layout="mono")
        samples = np.zeros((1, 44100), np.int16)
        frame = av.AudioFrame.from_ndarray(samples, "s16", "mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame) + stream.encode(None))
    with pytest.raises(DecodeError, match="audio only") as caught:
        FileSource(path, corrupt_limit=0)
    assert caught.value.advice


def test_what_lies_beside_the_picture_is_told(tmp_path: Path) -> None:
    """The sink asks whether there is sound to copy."""
    source, _ = read(clips.write_clip(tmp_path / "clip.mp4", codec="libx264", audio_s=0.4))
    assert source.has_sound
    assert source.codec_name == "h264"
    assert source.duration_s == pytest.approx(0.4, abs=0.03)
    assert source.path == tmp_path / "clip.mp4"
    assert not read(clips.write_clip(tmp_path / "mute.mkv"))[0].has_sound


def test_interlaced_video_is_given_as_it_is_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Taking it apart is another program's work."""
    pictures = footage.pattern_pictures("yuv420p", 3)
    path = footage.encode(
        tmp_path / "c.mp4", "libx264", pictures, options={"x264-params": "tff=1:interlaced=1"}
    )
    assert len(read(path)[1]) == 3
    assert caplog.text.count("combs") == 1


def test_a_stream_that_changes_size_keeps_its_promise(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two recordings in one file, the second larger: scaled, in time, with one warning."""
    small = clips.write_clip(tmp_path / "small.ts", codec="libx264", frames=5)
    large = clips.write_clip(tmp_path / "large.ts", codec="libx264", frames=5, size=(192, 128))
    joined = tmp_path / "joined.ts"
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    source, frames = read(joined)
    assert len(frames) == 10
    assert (source.format.width, source.format.height) == (96, 64)
    pts = [frame.pts for frame in frames]
    assert pts == sorted(set(pts))
    assert caplog.text.count("changes size") == 1


@pytest.mark.parametrize("name", ["12:30.mkv", "über ☕.mkv", "a%03d.mkv", "http:__x.mkv"])
def test_a_name_is_never_taken_for_an_address_or_a_pattern(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FFmpeg reads protocols and counters into names, where no folder stands before them."""
    clips.write_clip(tmp_path / "clip.mkv", frames=2).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(read(Path(name))[1]) == 2


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.mp4", b"", "0 bytes"),
        ("text.mp4", b"hello world " * 400, "finds no video"),
        ("text.txt", b"hello world\n" * 400, "text file"),
        ("words.srt", b"1\n00:00:00,000 --> 00:00:01,000\nhi\n", "subtitle only"),
        ("noise.mp4", bytes(range(256)) * 64, "finds no video"),
        ("head.mp4", b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41" + bytes(4000), "moov"),
    ],
)
def test_what_is_no_video_is_refused_with_advice(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    """What could not be done, what was found, what to do."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DecodeError, match=says) as caught:
        FileSource(path, corrupt_limit=100)
    assert str(path) in caught.value.message
    assert caught.value.advice


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """And is told apart from a missing one."""
    with pytest.raises(DecodeError, match="folder"):
        FileSource(tmp_path, corrupt_limit=0)


def test_a_path_through_a_file_is_not_found(tmp_path: Path) -> None:
    """clip.mkv/x.mkv."""
    clip = clips.write_clip(tmp_path / "clip.mkv", frames=1)
    with pytest.raises(SourceError):
        FileSource(clip / "x.mkv", corrupt_limit=0)
