"""Videos as backdrops: the clock, the loop, its seam, and what becomes of their colours."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
import torch

import clips
import footage
from mattebox.backdrops.clip import Clip
from mattebox.backdrops.convert import Converter
from mattebox.backdrops.fit import Fit
from mattebox.backdrops.moving import MovingBackdrop, mixed
from mattebox.colour import Colour, Planes, Range, planes_from_rgb, rgb_from_planes
from mattebox.errors import DecodeError, SettingsError, SourceError
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.pixels import pixel_format

MILLISECOND = Fraction(1, 1000)
LIMITED, FULL = 1, 2  # AVColorRange


def level(index: int) -> int:
    """The luma of the numbered clip's picture ``index``."""
    return 20 + 8 * index


def numbered(path: Path, count: int = 10, *, rate: int = 25) -> Path:
    """A clip whose pictures say by their luma which they are."""
    with av.open(str(path), "w") as container:
        codec, options = ("libx264", {"qp": "0"}) if path.suffix == ".mp4" else ("ffv1", {})
        stream = container.add_stream(codec, rate=rate, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for index in range(count):
            planes = [np.full((48, 64), level(index % 25), np.uint8)]
            frame = clips.av_frame([*planes, *[np.full((24, 32), 128, np.uint8)] * 2], "yuv420p")
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def moving(
    path: Path, *, start_s: float = 0.0, crossfade_s: float = 0.0, fit: Fit = "stretch"
) -> MovingBackdrop:
    return MovingBackdrop(path, fit=fit, anchor="center", start_s=start_s, crossfade_s=crossfade_s)


def matte(format: VideoFormat, pts: int) -> Matte:
    planes = tuple(np.zeros(shape, format.pixels.dtype) for shape in format.plane_shapes)
    return Matte(Frame(planes, format, pts=pts), torch.zeros(format.height, format.width))


def lumas(
    backdrop: MovingBackdrop, times: Sequence[int], time_base: Fraction = MILLISECOND
) -> list[int]:
    """The luma shown at each pts."""
    format = VideoFormat(64, 48, pixel_format("yuv420p"), time_base)
    backdrop.open(format)
    seen = [int(backdrop.render(matte(format, pts))[0][20, 20]) for pts in times]
    backdrop.close()
    return seen


def levels(indices: Sequence[int]) -> list[int]:
    return [level(index) for index in indices]


@pytest.mark.parametrize("step_ms", [40, 33, 20, 100])
def test_the_clip_runs_on_its_own_clock(step_ms: int, tmp_path: Path) -> None:
    """Whatever the frames' rate, the picture shown is the one of that moment of the clip."""
    times = range(5000, 5000 + 380, step_ms)
    wanted = levels([(time - 5000 + 1) // 40 for time in times])
    assert lumas(moving(numbered(tmp_path / "c.mkv")), times) == wanted


def test_both_sides_may_have_a_variable_rate(tmp_path: Path) -> None:
    """Pictures are shown from their own pts to the next one's, at frames of any pts."""
    pictures = []
    for index, pts in enumerate([700, 730, 1000, 1010]):
        frame = clips.av_frame([np.full((48, 64), level(index), np.uint8)], "gray")
        frame.pts = pts
        pictures.append(frame)
    path = footage.encode(tmp_path / "vfr.mkv", "ffv1", pictures, time_base=MILLISECOND)
    format = VideoFormat(64, 48, pixel_format("gray"), Fraction(1, 100))
    backdrop = moving(path)
    backdrop.open(format)
    shown = [int(backdrop.render(matte(format, pts))[0][0, 0]) for pts in (7, 8, 10, 36, 37, 38)]
    backdrop.close()
    assert shown == levels([0, 0, 1, 1, 2, 3])


def test_rounded_time_stamps_skip_and_repeat_nothing(tmp_path: Path) -> None:
    """30 fps in thirtieths over 30 fps in milliseconds: each picture once, over the loop too."""
    clip = numbered(tmp_path / "c.mp4", rate=30)
    times = [round(index * 1000 / 30) for index in range(35)]
    assert lumas(moving(clip), times) == levels([index % 10 for index in range(35)])


def test_it_begins_again_when_it_ends(tmp_path: Path) -> None:
    """The last picture is shown for its full length, then the first."""
    times = range(0, 1200, 40)
    wanted = levels([index % 10 for index in range(30)])
    assert lumas(moving(numbered(tmp_path / "c.mkv")), times) == wanted


def test_it_starts_where_it_is_told_and_loops_as_a_whole(tmp_path: Path) -> None:
    """The offset is for the first pass only."""
    seen = lumas(moving(numbered(tmp_path / "c.mkv"), start_s=0.2), range(0, 640, 40))
    assert seen == levels([5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0])


@pytest.mark.parametrize("start_s", [0.4, 40.4, 1e12])
def test_a_start_beyond_the_end_counts_on_from_the_beginning(
    start_s: float, tmp_path: Path
) -> None:
    """A clip of 0.4 s at 40.4 s is where it is at 0."""
    assert lumas(moving(numbered(tmp_path / "c.mkv"), start_s=start_s), [0, 40]) == levels([0, 1])


@pytest.mark.parametrize("name", ["c.mkv", "c.mp4", "c.avi", "c.nut"])
def test_a_start_beyond_all_time_stamps_is_a_start_all_the_same(name: str, tmp_path: Path) -> None:
    """Whatever the container counts in, a seek so far on does not overflow."""
    seen = lumas(moving(numbered(tmp_path / name), start_s=1e300), [0, 400])
    assert seen[0] == seen[1]
    assert seen[0] in levels(range(10))


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
@pytest.mark.parametrize("key", ["start_s", "crossfade_s"])
def test_a_time_that_is_not_finite_is_refused(key: str, value: float, tmp_path: Path) -> None:
    """By the setting's name, before anything is opened."""
    start_s, crossfade_s = (value, 0.0) if key == "start_s" else (0.0, value)
    with pytest.raises(SettingsError, match=f"backdrop.{key} = {value}"):
        moving(tmp_path / "c.mkv", start_s=start_s, crossfade_s=crossfade_s)


@pytest.mark.parametrize("crossfade_s", [0.0, 0.12])
def test_any_leap_of_the_frames_lands_at_the_right_picture(
    crossfade_s: float, tmp_path: Path
) -> None:
    """A camera that was away for hours finds the clip where it would be."""
    period = 400 - round(crossfade_s * 1000)
    hours = 3_600_000 // period * period
    times = [0, hours + 200, 2 * hours + 240, 2 * hours + period + 160]
    clip = numbered(tmp_path / "c.mkv")
    assert lumas(moving(clip, crossfade_s=crossfade_s), times) == levels([0, 5, 6, 4])


def test_the_end_blends_into_the_beginning(tmp_path: Path) -> None:
    """Every pass is shorter by the fade, in which the share of the new pass rises steadily."""
    times = range(0, 720, 40)  # 10 pictures, of which the last 4 lie over the first 4
    seen = lumas(moving(numbered(tmp_path / "c.mkv"), crossfade_s=0.16), times)
    assert seen[:6] == levels([0, 1, 2, 3, 4, 5])
    for offset in range(4):
        share = (offset * 40 + 1) / 160
        wanted = level(6 + offset) * (1 - share) + level(offset) * share
        assert seen[6 + offset] == pytest.approx(wanted, abs=1)
    assert seen[10:12] == levels([4, 5])
    assert seen[12:18] == seen[6:12]


def test_a_fade_is_never_longer_than_half_the_clip(tmp_path: Path) -> None:
    """A setting for long clips must not break short ones."""
    seen = lumas(moving(numbered(tmp_path / "c.mkv"), crossfade_s=10.0), range(0, 1000, 40))
    assert len(seen) == 25
    assert seen[5:10] == seen[10:15] == seen[15:20]


@pytest.mark.parametrize("crossfade_s", [0.0, 0.5])
def test_a_video_of_one_picture_stands_still(crossfade_s: float, tmp_path: Path) -> None:
    """It has no end to begin again at: the file is not even looked at again."""
    clip = numbered(tmp_path / "c.mkv", 1)
    format = clips.video_format("yuv420p", (64, 48))
    backdrop = moving(clip, crossfade_s=crossfade_s)
    backdrop.open(format)
    clip.unlink()
    first = backdrop.render(matte(format, 0))
    assert all(backdrop.render(matte(format, pts)) is first for pts in (40, 99999))
    backdrop.close()


def test_a_picture_that_stays_is_converted_once(tmp_path: Path) -> None:
    """Where the backdrop is slower than the frames, the same planes are given again."""
    format = clips.video_format("yuv420p", (96, 64))
    backdrop = moving(numbered(tmp_path / "c.mkv"))
    backdrop.open(format)
    first, again, other = (backdrop.render(matte(format, pts)) for pts in (0, 20, 40))
    backdrop.close()
    assert first is again
    assert other is not first


def test_long_pauses_are_jumped_over_exactly(tmp_path: Path) -> None:
    """Seeking to a key frame shows the same picture as decoding all the way."""
    pictures = []
    for index in range(400):
        planes = [np.full((48, 64), level(index % 25), np.uint8)]
        planes += [np.full((24, 32), 128, np.uint8)] * 2
        pictures.append(clips.av_frame(planes, "yuv420p"))
    path = footage.encode(
        tmp_path / "long.mp4", "libx264", pictures, options={"g": "30", "qp": "0"}
    )
    jumping, walking = Clip(path), Clip(path)
    for second in range(1, 15):
        walking.at(Fraction(second))
    one, other = jumping.at(Fraction(15)), walking.at(Fraction(15))
    assert one.start_s == other.start_s == 15
    assert (one.frame.to_ndarray() == other.frame.to_ndarray()).all()
    jumping.close()
    walking.close()


def test_a_damaged_clip_plays_what_there_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a file loops over its half; a message says so where FFmpeg notices."""
    clip = footage.truncate(numbered(tmp_path / "c.mkv", 20), 0.5)
    seen = lumas(moving(clip, crossfade_s=0.0), range(0, 800, 40))
    assert seen[0] == level(0)
    assert seen.count(level(0)) >= 2


def test_sound_alone_is_no_backdrop(tmp_path: Path) -> None:
    """The message says what the file holds."""
    path = clips.write_clip(tmp_path / "c.mkv", frames=3, audio_s=0.2)
    sound = tmp_path / "sound.mka"
    with av.open(str(path)) as source, av.open(str(sound), "w") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(source.streams.audio[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    with pytest.raises(DecodeError, match="it holds audio, and no video"):
        moving(sound).open(clips.video_format())


@pytest.mark.parametrize(
    ("name", "content"),
    [("notes.txt", b"buy milk\n"), ("read.me.nfo", b"buy milk\n"), ("data.bin", bytes(8))],
)
def test_text_is_no_backdrop(name: str, content: bytes, tmp_path: Path) -> None:
    """FFmpeg would draw it as a terminal screen."""
    path = tmp_path / name
    path.write_bytes(content * 500)
    with pytest.raises(DecodeError, match=f"the backdrop .*{name}: it is text") as caught:
        moving(path).open(clips.video_format())
    assert caught.value.advice


@pytest.mark.parametrize("name", ["12:30.mp4", "http:x.mkv", "-c.mp4", "a b%d.mkv"])
def test_a_file_may_have_any_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Colons and dashes mean nothing in it, also where the path is only a name."""
    numbered(tmp_path / f"c{Path(name).suffix}").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert lumas(moving(Path(name), crossfade_s=0.12), [0, 40]) == levels([0, 1])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{}\n#EXT-X-ENDLIST\n"),
        ("c.ffconcat", "ffconcat version 1.0\nfile '{}'\n"),
    ],
)
def test_a_playlist_opens_no_connection(name: str, text: str, tmp_path: Path) -> None:
    """What a file names on another machine is not asked for."""
    server = socket.create_server(("127.0.0.1", 0))
    host, port = server.getsockname()
    (tmp_path / name).write_text(text.format(f"http://{host}:{port}/c.ts"))
    with ThreadPoolExecutor(1) as pool:
        caller = pool.submit(first_caller, server)
        with pytest.raises(DecodeError, match=f"the backdrop .*{name}"):
            moving(tmp_path / name).open(clips.video_format())
        with socket.create_connection((host, port)) as ours:
            assert caller.result() == ours.getsockname()


def first_caller(server: socket.socket) -> tuple[str, int]:
    """Who connects first; whoever comes later is refused."""
    with server:
        connection, (host, port) = server.accept()
        connection.close()
    return host, port


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_clip_that_is_cut_short_meanwhile_is_refused_when_it_loops(
    share: float, tmp_path: Path
) -> None:
    """By its name, and not with an error of FFmpeg's: the index of an MP4 is at its end."""
    clip = numbered(tmp_path / "c.mp4", 20)
    format = clips.video_format("yuv420p", (64, 48))
    backdrop = moving(clip)
    backdrop.open(format)
    footage.truncate(clip, share)
    backdrop.render(matte(format, 0))
    with pytest.raises(DecodeError, match=r"cannot read the backdrop .*c\.mp4") as caught:
        backdrop.render(matte(format, 2000))
    backdrop.close()
    assert caught.value.advice


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_clip_without_an_index_plays_on_when_cut_short(share: float, tmp_path: Path) -> None:
    """Half a Matroska file is a shorter one."""
    clip = numbered(tmp_path / "c.mkv", 20)
    format = clips.video_format("yuv420p", (64, 48))
    backdrop = moving(clip)
    backdrop.open(format)
    footage.truncate(clip, share)
    shown = [int(backdrop.render(matte(format, pts))[0][0, 0]) for pts in range(0, 2000, 40)]
    backdrop.close()
    assert shown.count(level(0)) >= 2


@pytest.mark.parametrize("name", ["c.mkv", "c.mp4"])
@pytest.mark.parametrize("seed", range(12))
def test_damaged_bytes_do_no_worse_than_refuse_the_clip(
    name: str, seed: int, tmp_path: Path
) -> None:
    """Wherever they are: in headers, tags, indices or pictures."""
    clip = numbered(tmp_path / name)
    data = bytearray(clip.read_bytes())
    generator = np.random.default_rng(seed)
    for start in (0, max(0, len(data) - 1200)):  # where headers and indices are
        for where in generator.integers(start, min(start + 1200, len(data)), 6):
            data[where] = generator.integers(256)
    clip.write_bytes(data)
    error = refusal(moving(clip, crossfade_s=0.12))
    assert error is None or f"backdrop {clip}" in error.message
    assert error is None or error.advice


def refusal(backdrop: MovingBackdrop) -> SourceError | None:
    """How the backdrop is refused when it is opened or in its first two seconds, if it is."""
    format = clips.video_format("yuv420p", (64, 48))
    try:
        backdrop.open(format)
        for pts in range(0, 2000, 40):
            backdrop.render(matte(format, pts))
    except SourceError as error:
        return error
    finally:
        backdrop.close()
    return None


def test_tags_in_a_code_page_of_their_own_do_no_harm(tmp_path: Path) -> None:
    """Titles are often Latin-1, whatever the container's rules."""
    clip = numbered(tmp_path / "c.mkv")
    data = clip.read_bytes()
    assert b"Lavf" in data
    clip.write_bytes(data.replace(b"Lavf", b"Caf\xe9"))
    assert lumas(moving(clip), [0, 40]) == levels([0, 1])


def test_what_cannot_be_converted_names_the_backdrop(tmp_path: Path) -> None:
    """Frames of 2⁴⁰ pixels are nothing FFmpeg can make."""
    format = VideoFormat(1 << 20, 1 << 20, pixel_format("gray"), MILLISECOND)
    clip = numbered(tmp_path / "c.mkv")
    picture = Clip(clip)
    converter = Converter(format, "stretch", "center", str(clip))
    with pytest.raises(DecodeError, match=r"cannot turn the backdrop .*c\.mkv, 64×48") as caught:
        converter.planes(picture.at(Fraction(0)).frame, picture.sample_aspect)
    picture.close()
    assert caught.value.advice


def test_a_clip_that_disappears_is_reported_when_it_loops(tmp_path: Path) -> None:
    """Not before: what is open stays readable."""
    clip = numbered(tmp_path / "c.mkv")
    format = clips.video_format("yuv420p", (64, 48))
    backdrop = moving(clip)
    backdrop.open(format)
    shutil.move(clip, tmp_path / "elsewhere.mkv")
    backdrop.render(matte(format, 0))
    with pytest.raises(FileNotFoundError, match="cannot read the backdrop"):
        backdrop.render(matte(format, 400))
    backdrop.close()


RED = np.array([1.0, 0.0, 0.0], np.float32)
MIX = np.array([0.2, 0.7, 0.4], np.float32)


def flat_clip(
    path: Path, colour: Colour, rgb: footage.Array, pixels: str = "yuv420p", size: int = 48
) -> Path:
    """A clip of one colour, tagged."""
    layout = pixel_format(pixels)
    picture = np.broadcast_to(rgb, (size, 64, 3)).astype(np.float32)
    ranges = {Range.LIMITED: LIMITED, Range.FULL: FULL, Range.UNSPECIFIED: 0}
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, size, pixels
        context = stream.codec_context
        context.colorspace, context.color_range = colour.matrix, ranges[colour.range]
        context.color_trc, context.color_primaries = colour.transfer, colour.primaries
        frame = clips.av_frame(planes_from_rgb(picture, layout, colour), pixels)
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def one(path: Path, format: VideoFormat, fit: Fit = "stretch") -> Planes:
    backdrop = moving(path, fit=fit)
    backdrop.open(format)
    planes = backdrop.render(matte(format, 0))
    backdrop.close()
    return planes


def tags(matrix: int, range: Range = Range.LIMITED) -> Colour:
    return Colour(matrix=matrix, primaries=1, transfer=1, range=range)


@pytest.mark.parametrize("size", [(64, 48), (96, 64), (33, 17)], ids=str)
@pytest.mark.parametrize("rgb", [RED, MIX], ids=["red", "mix"])
@pytest.mark.parametrize(
    ("pixels", "target"),
    [
        ("yuv420p", tags(1)),
        ("yuv420p", tags(6)),
        ("yuv420p", tags(1, Range.FULL)),
        ("yuv420p", tags(6, Range.FULL)),
        ("yuv422p10le", tags(1)),
        ("yuv444p12le", tags(9)),
        ("gbrp", Colour(matrix=0, range=Range.FULL)),
        ("gray", tags(1, Range.FULL)),
        ("gray10le", tags(1)),
    ],
    ids=str,
)
@pytest.mark.parametrize("source", [tags(6), tags(6, Range.FULL), tags(1)], ids=str)
def test_matrix_and_range_become_those_of_the_frame(
    source: Colour,
    pixels: str,
    target: Colour,
    rgb: footage.Array,
    size: tuple[int, int],
    tmp_path: Path,
) -> None:
    """A flat BT.601 clip over a BT.709 frame has BT.709's values, within 2 levels of 8 bit."""
    clip = flat_clip(tmp_path / "c.mkv", source, rgb)
    format = clips.video_format(pixels, size, colour=target)
    picture = np.broadcast_to(rgb, (size[1], size[0], 3)).astype(np.float32)
    wanted = planes_from_rgb(picture, format.pixels, target)
    step = 1 << (format.pixels.depth - 8)
    for plane, value in zip(one(clip, format), wanted, strict=True):
        assert np.abs(plane.astype(int) - int(value[0, 0])).max() <= 2 * step


def test_an_untagged_clip_is_guessed_by_its_own_height(tmp_path: Path) -> None:
    """48 lines mean BT.601 though the frame of 720 lines means BT.709."""
    clip = flat_clip(tmp_path / "c.mkv", Colour(matrix=6, range=Range.LIMITED), MIX)
    untagged = flat_clip(tmp_path / "u.mkv", Colour(), MIX)
    format = clips.video_format("yuv420p", (64, 720))
    for a, b in zip(one(clip, format), one(untagged, format), strict=True):
        assert np.abs(a.astype(int) - b).max() <= 1


@pytest.mark.parametrize("transfer", [16, 18], ids=["PQ", "HLG"])
def test_an_ordinary_clip_over_an_hdr_frame_has_its_white_at_203_nits(
    transfer: int, tmp_path: Path
) -> None:
    """58 % of PQ, 75 % of HLG: ITU-R BT.2408, table 1."""
    clip = flat_clip(tmp_path / "c.mkv", tags(1), np.ones(3, np.float32))
    target = Colour(matrix=9, primaries=9, transfer=transfer, range=Range.LIMITED)
    luma, blue, _ = one(clip, clips.video_format("yuv420p10le", (96, 64), colour=target))
    signal = {16: 0.58, 18: 0.75}[transfer]
    assert (int(luma[0, 0]) - 64) / 876 == pytest.approx(signal, abs=0.004)
    assert int(blue[0, 0]) == pytest.approx(512, abs=2)


def test_an_hdr_clip_over_an_ordinary_frame_is_not_washed_out(tmp_path: Path) -> None:
    """Its reference white becomes white."""
    source = Colour(matrix=9, primaries=9, transfer=16, range=Range.LIMITED)
    clip = flat_clip(tmp_path / "c.mkv", source, MIX, "yuv420p10le")
    format = clips.video_format("gbrp", (32, 32), colour=Colour(matrix=0, range=Range.FULL))
    rgb = rgb_from_planes(one(clip, format), format.pixels, format.colour)
    assert np.abs(rgb - MIX).max() < 0.02


@pytest.mark.parametrize("pixels", ["gbrp", "bgr24"])
def test_rgb_clips_keep_their_colours(pixels: str, tmp_path: Path) -> None:
    """RGB has no matrix and full range, whatever the tags leave out."""
    picture = av.VideoFrame.from_ndarray(
        np.full((48, 64, 3), np.rint(MIX * 255), np.uint8), format="rgb24"
    ).reformat(format=pixels)
    codec = "utvideo" if pixels == "gbrp" else "rawvideo"
    clip = footage.encode(tmp_path / "c.nut", codec, [picture])
    format = clips.video_format("yuv444p", (64, 48), colour=tags(1))
    rgb = rgb_from_planes(one(clip, format), format.pixels, format.colour)
    assert np.abs(rgb - MIX).max() < 0.012


def quadrant_clip(path: Path, *, turn: int = 0, aspect: Fraction | None = None) -> Path:
    """Luma 50 and 100 above, 150 and 200 below."""
    luma = np.array([[50, 100], [150, 200]], np.uint8).repeat(24, 0).repeat(32, 1)
    return footage.encode(
        path,
        "libx264" if path.suffix == ".mp4" else "ffv1",
        [clips.av_frame([luma], "gray")],
        turn=(turn, False, False) if turn else None,
        aspect=aspect,
    )


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_turned_clip_stands_upright(turn: int, tmp_path: Path) -> None:
    """Telephones store how they were held; the picture is turned as players turn it."""
    clip = quadrant_clip(tmp_path / "c.mkv", turn=turn)
    size = (64, 48) if turn % 180 == 0 else (48, 64)
    (plane,) = one(clip, clips.video_format("gray", size), "contain")
    assert plane.min() >= 49  # no bars: it fits the upright frame exactly
    wanted = np.rot90(np.array([[50, 100], [150, 200]]), turn // 90)
    centres = plane[plane.shape[0] // 4 :: plane.shape[0] // 2, size[0] // 4 :: size[0] // 2]
    assert (centres == wanted).all()


def test_the_shape_of_its_pixels_is_honoured(tmp_path: Path) -> None:
    """64×48 with pixels twice as wide as high are shown as 128×48."""
    clip = quadrant_clip(tmp_path / "c.mp4", aspect=Fraction(2))
    (plane,) = one(clip, clips.video_format("gray", (128, 128)), "contain")
    covered = np.flatnonzero(plane[:, 64] > 0)
    assert (covered[0], len(covered)) == (40, 48)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv410p", "gbrp"])
def test_bars_are_black_and_tiles_repeat_in_every_plane(pixels: str, tmp_path: Path) -> None:
    """Black of the frame's range and matrix; chroma lies where its luma lies."""
    clip = flat_clip(tmp_path / "c.mkv", tags(1), RED)
    format = clips.video_format(pixels, (64, 96), colour=tags(1))
    rgb = rgb_from_planes(one(clip, format, "contain"), format.pixels, format.colour)
    assert (rgb[:24] < 0.01).all()
    assert (rgb[72:] < 0.01).all()
    assert np.abs(rgb[28:68] - RED).max() < 0.02
    wide = clips.video_format(pixels, (160, 112), colour=tags(1))
    tiled = rgb_from_planes(one(clip, wide, "tile"), format.pixels, format.colour)
    assert np.abs(tiled - RED).max() < 0.02


def test_a_gif_is_a_video_and_what_is_clear_in_it_is_black(tmp_path: Path) -> None:
    """Its pictures play; transparency is laid over black as for stills."""
    pictures = []
    for index in range(4):
        rgba = np.full((32, 48, 4), 255, np.uint8)
        rgba[:, 24:, :3] = 60 * index
        rgba[:16, :24, 3] = 0
        frame = av.VideoFrame.from_ndarray(rgba, "rgba").reformat(format="bgra")
        pictures.append(frame)
    path = footage.encode(tmp_path / "c.mov", "png", [p.reformat(format="rgba") for p in pictures])
    gif = tmp_path / "c.gif"
    rgb8 = [p.reformat(format="rgb8") for p in pictures]
    footage.encode(gif, "gif", rgb8)
    format = clips.video_format("gbrp", (48, 32))
    for clip in (path, gif):
        backdrop = moving(clip)
        backdrop.open(format)
        shown = [backdrop.render(matte(format, pts))[0] for pts in (0, 120)]
        backdrop.close()
        assert abs(int(shown[1][16, 36]) - 180) < 30
        assert shown[0][16, 36] == 0
        if clip is path:
            assert (shown[1][:16, :23] == 0).all()
            assert (shown[1][17:, :23] == 255).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_mixing_is_exact_at_its_ends_and_rounded_between(dtype: type) -> None:
    """Share 0 is the old plane, 1 the new one, and nothing overflows."""
    peak = np.iinfo(dtype).max
    old: footage.Array = np.array([[0, peak, peak, 10]], dtype)
    new: footage.Array = np.array([[peak, peak, 0, 11]], dtype)
    assert (mixed(old, new, 0.0) == old).all()
    assert (mixed(old, new, 1.0) == new).all()
    middle = mixed(old, new, 0.5)
    assert middle.dtype == dtype
    assert np.abs(middle.astype(int) - (old.astype(int) + new) / 2).max() <= 0.5


def test_a_real_street_loops_without_a_jump(shared: Path) -> None:
    """With a seam, no step between two frames is far larger than those within the clip."""
    format = clips.video_format("yuv420p", (160, 90))
    backdrop = moving(shared / "backdrops" / "cars.mp4", crossfade_s=1.0, start_s=7.0)
    backdrop.open(format)
    frames = [
        backdrop.render(matte(format, 80 * index))[0].astype(np.float32) for index in range(40)
    ]
    backdrop.close()
    steps = [float(np.abs(b - a).mean()) for a, b in pairwise(frames)]
    seam = round((9.0 - 7.0) / 0.08)
    inside = steps[: seam - 2]
    assert max(steps[seam - 2 :]) < 1.5 * max(inside)
