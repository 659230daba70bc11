"""What an output takes over from its input: sound, subtitles, chapters, tags, covers, fonts."""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
import pytest
from av.stream import AttachmentStream

import clips
import readback
import rich_clips
from mattebox.errors import SinkRefused
from mattebox.frame import Frame
from mattebox.pixels import pixel_format
from mattebox.sinks import companion as companions
from mattebox.sinks.file import Encoding, FileSink

PICTURES = 10
MS = Fraction(1, 1000)


def write(
    path: Path,
    companion: Path,
    *,
    sound: Literal["keep", "none"] = "keep",
    start: Fraction = Fraction(0),
    pictures: int = PICTURES,
    finish: bool = True,
    metadata: dict[str, str] | None = None,
) -> Path:
    """The pattern at 25 fps with a companion beside it; the path of what came of it."""
    encoding = Encoding(codec="auto", quality=50, speed="fast", pixel_format="auto", options={})
    sink = FileSink(
        path,
        encoding=encoding,
        companion=companion,
        sound=sound,
        overwrite=False,
        metadata=metadata or {},
    )
    format = replace(clips.video_format(), time_base=Fraction(1, 90_000))
    sink.open(format)
    for index in range(pictures):
        planes = clips.pattern_planes(format.pixels, format.height, format.width, index)
        sink.write(Frame(planes, format, index * 3600 + round(start * 90_000), 3600))
    if finish:
        sink.close()
        return path
    sink.abort()
    assert sink.kept is not None
    return Path(sink.kept)


def kinds(path: Path) -> list[str]:
    """The type and codec of every stream but the picture."""
    with av.open(str(path)) as container:
        named: Any = [stream for stream in container.streams if stream.index]
        return [f"{stream.type} {stream.name}" for stream in named]


def digests(path: Path, kind: str, number: int = 0) -> list[str]:
    return [packet.digest for packet in readback.packets(path, kind, number)]


def moments(path: Path, kind: str, number: int = 0) -> list[float]:
    return [float(packet.time) for packet in readback.packets(path, kind, number)]


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(
    ("source", "target"), [("in.mkv", "out.mkv"), ("in.mkv", "out.mp4"), ("in.mp4", "out.mp4")]
)
def test_sound_is_copied_packet_for_packet(
    source: str, target: str, number: int, tmp_path: Path
) -> None:
    """Every packet of every sound track: the same bytes at the same time, and none missing."""
    is_mp4 = source.endswith("mp4")
    made = rich_clips.write_rich_clip(
        tmp_path / source, attachment=not is_mp4, subtitles="mov_text" if is_mp4 else "copy"
    )
    result = write(tmp_path / target, made)
    assert digests(made, "audio", number)
    assert digests(result, "audio", number) == digests(made, "audio", number)
    # Half a tick of Matroska's milliseconds.
    assert moments(result, "audio", number) == pytest.approx(
        moments(made, "audio", number), abs=0.0006
    )


def test_sound_from_mp4_to_mp4_keeps_its_very_ticks(tmp_path: Path) -> None:
    """Where both containers count alike, times are exact."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mp4", attachment=False, subtitles=None)
    result = write(tmp_path / "out.mp4", made)
    assert readback.packets(result, "audio") == readback.packets(made, "audio")


def test_pictures_stay_where_they_are_beside_early_sound(tmp_path: Path) -> None:
    """AAC begins 21 ms before 0, to be thrown away; that moves no picture in any container."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mp4", attachment=False, subtitles=None)
    for name in ("out.mp4", "out.mov", "out.mkv"):
        result = write(tmp_path / name, made)
        assert readback.times(result) == [Fraction(40 * each, 1000) for each in range(PICTURES)]
        assert moments(result, "audio")[0] == pytest.approx(-0.0213, abs=0.001)


def test_languages_titles_and_dispositions_survive(tmp_path: Path) -> None:
    """A player's menu shows the same names as before."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv")
    result = write(tmp_path / "out.mkv", made)
    with av.open(str(made)) as before, av.open(str(result)) as after:
        for old, new in zip(before.streams, after.streams, strict=True):
            assert new.type == old.type
            assert new.disposition == old.disposition
            assert new.metadata.get("language") == old.metadata.get("language")
            assert new.metadata.get("title") == old.metadata.get("title")


def test_titles_survive_mp4_where_they_are_called_names(tmp_path: Path) -> None:
    """FFmpeg writes a track's title as mp4's name and reads it under that name."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mp4", attachment=False, subtitles=None)
    result = write(tmp_path / "out.mkv", made)
    with av.open(str(result)) as container:
        assert container.streams.audio[1].metadata["title"] == "Sound in deu"
        assert "HANDLER_NAME" not in container.streams.audio[1].metadata


def test_a_language_survives_quicktime(tmp_path: Path) -> None:
    """QuickTime's table knows German by its older code."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mp4", attachment=False, subtitles=None)
    result = write(tmp_path / "out.mov", made)
    with av.open(str(result)) as container:
        found = [stream.language for stream in container.streams.audio]
    assert found == ["eng", "ger"]


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.mov", "out.webm"])
def test_chapters_survive(name: str, tmp_path: Path) -> None:
    """Begin, end and title of every chapter."""
    result = write(tmp_path / name, rich_clips.write_rich_clip(tmp_path / "in.mkv"))
    with av.open(str(result)) as container:
        chapters = container.chapters()
    found = []
    for chapter in chapters:
        base = chapter["time_base"] or Fraction(1)
        found.append((chapter["metadata"]["title"], chapter["start"] * base, chapter["end"] * base))
    assert found == [(title, begin * MS, end * MS) for title, begin, end in rich_clips.CHAPTERS]


def test_quicktime_chapters_are_not_copied_as_data_too(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """mp4 keeps chapters as a track; the new file gets its own and no second one."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mp4", attachment=False, subtitles=None)
    result = write(tmp_path / "out.mp4", made)
    assert [kind for kind in kinds(result) if kind.startswith("data")] == ["data bin_data"]
    assert "data stream" not in caplog.text


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.mov", "out.webm"])
def test_tags_of_the_file_survive(name: str, tmp_path: Path) -> None:
    """Title, artist, and also tags that the container has no name for."""
    result = write(tmp_path / name, rich_clips.write_rich_clip(tmp_path / "in.mkv"))
    with av.open(str(result)) as container:
        tags = {key.lower(): value for key, value in container.metadata.items()}
    assert (tags["title"], tags["artist"], tags["rating"]) == ("A title", "Someone", "five")


def test_given_tags_win_over_the_inputs(tmp_path: Path) -> None:
    """What the program says about the file is newer than what the input said."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv")
    result = write(tmp_path / "out.mkv", made, metadata={"title": "New"})
    with av.open(str(result)) as container:
        assert container.metadata["title"] == "New"


def test_tags_that_would_lie_are_left_behind(tmp_path: Path) -> None:
    """Rotation, statistics and mattebox's own header were true of the input only."""
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as container:
        stream: Any = container.add_stream("ffv1", rate=25)
        stream.width, stream.height = 96, 64
        lies = {"rotate": "90", "BPS-eng": "1", "_STATISTICS_TAGS": "BPS", "ENCODER": "other"}
        stream.metadata.update({**lies, "title": "true"})
        container.metadata["MATTEBOX_INPUT"] = "old"
        planes = clips.pattern_planes(pixel_format("yuv420p"), 64, 96)
        container.mux(stream.encode(clips.av_frame(planes, "yuv420p")))
        container.mux(stream.encode(None))
    result = write(tmp_path / "out.mkv", source)
    with av.open(str(result)) as container:
        found = container.streams.video[0].metadata
        assert found["title"] == "true"
        assert not set(lies) & set(found)
        assert "MATTEBOX_INPUT" not in container.metadata


def test_fonts_survive_in_matroska(tmp_path: Path) -> None:
    """Styled subtitles refer to them."""
    result = write(tmp_path / "out.mkv", rich_clips.write_rich_clip(tmp_path / "in.mkv"))
    with av.open(str(result)) as container:
        (font,) = [each for each in container.streams if isinstance(each, AttachmentStream)]
        assert font.data == rich_clips.FONT
        assert font.metadata["filename"] == "font.ttf"


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_a_cover_survives(name: str, tmp_path: Path) -> None:
    """The same picture, still marked as a cover and not as a second film."""
    made = rich_clips.write_rich_clip(
        tmp_path / "in.mp4", attachment=False, subtitles=None, cover=True
    )
    result = write(tmp_path / name, made)
    assert digests(result, "video", 1) == digests(made, "video", 1)
    with av.open(str(result)) as container:
        assert container.streams.video[1].disposition & av.stream.Disposition.attached_pic


def test_subtitles_are_copied_where_the_container_holds_them(tmp_path: Path) -> None:
    """SubRip in Matroska: the same bytes at the same times."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv")
    result = write(tmp_path / "out.mkv", made)
    assert readback.packets(result, "subtitle") == readback.packets(made, "subtitle")


def test_timed_text_is_copied_without_its_pauses_twice(tmp_path: Path) -> None:
    """mp4 fills pauses between lines with empty ones; copying leaves as many as there were."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mp4", attachment=False, subtitles="mov_text")
    result = write(tmp_path / "out.mp4", made)
    assert readback.packets(result, "subtitle") == readback.packets(made, "subtitle")


@pytest.mark.parametrize(
    ("source", "target", "codec"),
    [
        ("in.mkv", "out.mp4", "mov_text"),
        ("in.mkv", "out.mov", "mov_text"),
        ("in.mkv", "out.webm", "webvtt"),
        ("in.mp4", "out.mkv", "srt"),
    ],
)
def test_subtitles_are_converted_where_they_must_be(
    source: str, target: str, codec: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Text subtitles exist in every container, under another name; the log says so."""
    is_mp4 = source.endswith("mp4")
    made = rich_clips.write_rich_clip(
        tmp_path / source,
        sounds=(),
        attachment=False,
        subtitles="mov_text" if is_mp4 else "copy",
    )
    result = write(tmp_path / target, made)
    lines = []
    with av.open(str(result)) as container:
        (stream,) = container.streams.subtitles
        assert stream.codec_context.name == codec
        assert stream.language == "fra"
        for packet in container.demux(stream):
            decoded: Any = stream.decode(packet) if packet.size else []
            moment = float((packet.pts or 0) * packet.time_base)
            lines += [(moment, each.dialogue) for each in decoded]
    said = [(moment, text) for moment, text in lines if text]
    assert [moment for moment, _ in said] == [0.1, 0.3]
    assert b"world" in said[0][1]
    assert "é".encode() in said[1][1]
    assert "is converted to" in caplog.text


def test_sound_is_encoded_anew_where_it_must_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """WebM cannot hold AAC: the same tone comes back as Opus, and the log says so."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv")
    result = write(tmp_path / "out.webm", made)
    assert kinds(result)[:2] == ["audio opus", "audio opus"]
    assert "is encoded as libopus" in caplog.text
    with av.open(str(result)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
    # Every sample of the AAC's last, padded block, and none twice.
    assert 0.4 * 48000 <= samples <= 0.4 * 48000 + 1024
    # The second track was Opus before, and is copied.
    assert digests(result, "audio", 1) == digests(made, "audio", 1)


def test_sound_whose_clock_stands_still_is_copied_whole(tmp_path: Path) -> None:
    """Matroska allows equal times, mp4 does not: the packets move by a tick, and none is lost."""
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as container:
        stream: Any = container.add_stream("mp2", rate=48000)
        generator = np.random.default_rng(1)
        for index in range(30):
            wave = generator.integers(-9000, 9000, (1, 2 * 1152), dtype=np.int16)
            frame = av.AudioFrame.from_ndarray(wave, "s16", "stereo")
            frame.sample_rate, frame.time_base = 48000, Fraction(1, 48000)
            frame.pts = index * 1152
            for packet in stream.encode(frame):
                if 10 <= index < 20:
                    # Ten blocks at one moment, as a recorder leaves them whose clock hangs.
                    packet.pts = packet.dts = 10 * 1152
                container.mux_one(packet)
    result = write(tmp_path / "out.mp4", source)
    assert len(digests(source, "audio")) == 30
    assert digests(result, "audio") == digests(source, "audio")


def test_what_a_container_cannot_hold_is_left_out_with_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A GIF is silent, and mp4 has no fonts."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv")
    assert kinds(write(tmp_path / "out.gif", made)) == []
    assert caplog.text.count("is left out") == 4
    write(tmp_path / "out.mp4", made)
    assert "attachment stream 4 (font.ttf) is left out: mp4 cannot hold it" in caplog.text


def test_no_sound_means_no_sound_only(tmp_path: Path) -> None:
    """The rest is copied as before."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv")
    result = write(tmp_path / "out.mkv", made, sound="none")
    assert kinds(result) == ["subtitle srt", "attachment font.ttf"]


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_sound_and_picture_stay_together_with_a_late_start(name: str, tmp_path: Path) -> None:
    """An input that starts at 1.5 s gives an output that starts at 1.5 s, sound and all."""
    start = Fraction(3, 2)
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv", start=start)
    result = write(tmp_path / name, made, start=start)
    assert readback.times(result)[0] == start
    assert moments(result, "audio", 1) == pytest.approx(moments(made, "audio", 1), abs=0.0006)


def test_a_clock_that_runs_since_yesterday_starts_at_zero(tmp_path: Path) -> None:
    """Broadcast streams start anywhere; hours of black would come before the picture."""
    start = Fraction(20_000)
    made = rich_clips.write_rich_clip(
        tmp_path / "in.ts",
        sounds=(("mp2", "eng"),),
        subtitles=None,
        attachment=False,
        start=start,
        options={"muxdelay": "0", "muxpreload": "0"},
    )
    picture_before = readback.times(made)[0]
    sound_before = moments(made, "audio")[0]
    result = write(tmp_path / "out.mp4", made, start=picture_before)
    picture_after, sound_after = readback.times(result)[0], moments(result, "audio")[0]
    assert 0 <= picture_after < 1
    assert float(picture_after) - sound_after == pytest.approx(
        float(picture_before) - sound_before, abs=0.0002
    )


def test_an_aborted_file_has_sound_up_to_its_last_picture(tmp_path: Path) -> None:
    """Half a film does not go on as a radio play."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv", pictures=50)
    kept = write(tmp_path / "out.mp4", made, pictures=25, finish=False)
    assert len(readback.times(kept)) == 25
    ends = moments(kept, "audio")[-1]
    assert 0.95 < ends <= 1.0
    assert digests(kept, "audio") == digests(made, "audio")[: len(digests(kept, "audio"))]


def test_all_the_sound_is_copied_after_the_last_picture(tmp_path: Path) -> None:
    """Sound that is longer than the picture is kept to its end."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv", pictures=50)
    result = write(tmp_path / "out.mp4", made, pictures=25)
    assert digests(result, "audio") == digests(made, "audio")


@pytest.mark.parametrize("seed", range(4))
def test_a_damaged_companion_does_not_stop_the_picture(seed: int, tmp_path: Path) -> None:
    """Broken packets are left out and counted; every picture is written."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv", pictures=25)
    data = bytearray(made.read_bytes())
    dice = random.Random(seed)
    # The tracks are described in the first kilobytes; past them anything may be broken.
    for _ in range(30):
        data[dice.randrange(6000, len(data))] = dice.randrange(256)
    made.write_bytes(data)
    for name in ("out.mkv", "out.webm", "out.mp4"):
        result = write(tmp_path / name, made, pictures=25)
        assert len(readback.times(result)) == 25


def test_a_truncated_companion_does_not_stop_the_picture(tmp_path: Path) -> None:
    """The sound ends where the input ends."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv", pictures=25)
    whole = digests(made, "audio")
    made.write_bytes(made.read_bytes()[: made.stat().st_size // 2])
    result = write(tmp_path / "out.mkv", made, pictures=25)
    found = digests(result, "audio")
    assert found == whole[: len(found)]
    assert len(readback.times(result)) == 25


def test_a_companion_that_is_no_media_is_refused(tmp_path: Path) -> None:
    """Sound is not lost in silence."""
    text = tmp_path / "in.mp4"
    text.write_text("this is not a film")
    with pytest.raises(SinkRefused, match="cannot be read twice") as caught:
        write(tmp_path / "out.mp4", text)
    assert "--audio none" in caught.value.advice
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


def test_the_input_is_never_the_output(tmp_path: Path) -> None:
    """Not under its name, nor through a link of either kind, nor with --overwrite."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv")
    before = made.read_bytes()
    (tmp_path / "soft.mkv").symlink_to(made)
    (tmp_path / "hard.mkv").hardlink_to(made)
    encoding = Encoding(codec="auto", quality=50, speed="fast", pixel_format="auto", options={})
    for name in ("in.mkv", "soft.mkv", "hard.mkv", "../" + tmp_path.name + "/in.mkv"):
        sink = FileSink(
            tmp_path / name,
            encoding=encoding,
            companion=made,
            sound="keep",
            overwrite=True,
            metadata={},
        )
        with pytest.raises(SinkRefused, match="the input itself"):
            sink.open(clips.video_format())
        sink.abort()
    assert made.read_bytes() == before


def test_a_plain_copy_is_not_worth_a_word(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No warning where everything was copied."""
    with caplog.at_level(logging.INFO):
        write(tmp_path / "out.mkv", rich_clips.write_rich_clip(tmp_path / "in.mkv"))
    assert not caplog.records


def test_more_files_can_be_kept_from_being_the_output(tmp_path: Path) -> None:
    """A matte or a backdrop that is read, by any of its names, with --overwrite too."""
    read = tmp_path / "backdrop.mkv"
    read.write_text("film")
    (tmp_path / "soft.mkv").symlink_to(read)
    (tmp_path / "hard.mkv").hardlink_to(read)
    encoding = Encoding(codec="auto", quality=50, speed="fast", pixel_format="auto", options={})
    for name in ("backdrop.mkv", "soft.mkv", "hard.mkv"):
        sink = FileSink(
            tmp_path / name,
            encoding=encoding,
            companion=None,
            sound="none",
            overwrite=True,
            metadata={},
            forbidden=[tmp_path / "not there.mkv", read],
        )
        with pytest.raises(SinkRefused, match="being read"):
            sink.open(clips.video_format())
    assert read.read_text() == "film"


@pytest.mark.parametrize("name", ["out.mkv", "out.mp4", "out.webm"])
def test_streams_of_unknown_codecs_are_left_out_with_a_word(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """FFmpeg cannot say anything about them; the other streams are kept."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv", attachment=False)
    data = made.read_bytes()
    assert b"A_AAC" in data
    assert b"S_TEXT/UTF8" in data
    made.write_bytes(data.replace(b"A_AAC", b"A_XYZ").replace(b"S_TEXT/UTF8", b"S_TEXT/XYZ9"))
    result = write(tmp_path / name, made)
    assert [kind for kind in kinds(result) if not kind.startswith("data")] == ["audio opus"]
    assert "audio stream 1 (eng) is left out: its codec is not known" in caplog.text
    assert "subtitle stream 3 (fra) is left out: its codec is not known" in caplog.text
    assert len(readback.times(result)) == PICTURES


def test_sound_that_no_encoder_takes_is_left_out_with_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """mp4 has no 8 bit PCM and AAC no sixteen channels; the film is written all the same."""
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as container:
        stream: Any = container.add_stream("pcm_u8", rate=48000)
        stream.codec_context.layout = "hexadecagonal"
        silence = np.full((1, 16 * 9600), 128, np.uint8)
        frame = av.AudioFrame.from_ndarray(silence, "u8", "hexadecagonal")
        frame.sample_rate, frame.pts = 48000, 0
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux_one(packet)
    result = write(tmp_path / "out.mp4", source)
    assert kinds(result) == []
    assert "is left out" in caplog.text
    assert len(readback.times(result)) == PICTURES


def test_sound_that_cannot_be_decoded_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An empty track does not come about in silence."""
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as container:
        stream: Any = container.add_stream("aac", rate=48000)
        tone = np.zeros((2, 1024), np.float32)
        for index in range(20):
            frame = av.AudioFrame.from_ndarray(tone, "fltp", "stereo")
            frame.sample_rate, frame.pts = 48000, index * 1024
            for packet in stream.encode(frame):
                broken = av.Packet(b"\x55" * 40)
                broken.stream, broken.time_base = stream, packet.time_base
                broken.pts, broken.dts, broken.duration = packet.pts, packet.dts, 1024
                container.mux_one(broken)
    result = write(tmp_path / "out.webm", source)
    assert len(readback.times(result)) == PICTURES
    assert "damaged packets of sound or subtitles" in caplog.text
    assert "came out empty" in caplog.text


def test_reading_no_further_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sound that ends early because its file is broken is worth a word."""
    made = rich_clips.write_rich_clip(tmp_path / "in.mkv")
    monkeypatch.setattr(companions, "_MOST_DAMAGED_IN_A_ROW", 0)
    write(tmp_path / "out.mkv", made)
    assert "end early" in caplog.text


def spliced(tmp_path: Path, times: int, encoder: str = "mp2") -> tuple[Path, Path]:
    """A recording of two seconds, and a file in which it stands several times."""
    made = rich_clips.write_rich_clip(
        tmp_path / "in.ts",
        sounds=((encoder, "eng"), (encoder, "deu")),
        subtitles=None,
        attachment=False,
        pictures=50,
    )
    joined = tmp_path / "joined.ts"
    joined.write_bytes(made.read_bytes() * times)
    return made, joined


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("times", [2, 3])
def test_sound_goes_on_where_recordings_are_joined(
    times: int, number: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Every packet of every recording, one behind the other, in every track."""
    made, joined = spliced(tmp_path, times)
    result = write(tmp_path / "out.mkv", joined, pictures=50 * times)
    once = digests(made, "audio", number)
    assert digests(result, "audio", number) == once * times
    found = moments(result, "audio", number)
    steps = np.diff(found)
    # mp2's blocks are 24 ms. Tracks keep together, so one may have a gap of less than a block.
    assert steps.min() > 0
    assert steps.max() < 0.05
    assert found[-1] - found[0] == pytest.approx(0.024 * (len(found) - 1), abs=0.03)
    assert caplog.text.count("jumps back in time") == times - 1


def test_sound_made_anew_goes_on_where_recordings_are_joined(tmp_path: Path) -> None:
    """As many samples as both recordings have, at times that only go on."""
    made, joined = spliced(tmp_path, 2)
    result = write(tmp_path / "out.webm", joined, pictures=100)
    with av.open(str(made)) as container:
        once = sum(frame.samples for frame in container.decode(audio=0))
    with av.open(str(result)) as container:
        twice = sum(frame.samples for frame in container.decode(audio=0))
    assert np.diff(moments(result, "audio")).min() > 0
    assert twice == pytest.approx(2 * once, abs=2000)
