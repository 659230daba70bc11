"""When pictures are shown: pts, durations and rates survive the way into a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import clips
import readback
from mattebox.errors import SinkError
from mattebox.frame import Frame
from mattebox.sinks.file import Encoding, FileSink
from mattebox.timing import rescale

MILLISECOND = Fraction(1, 1000)
NTSC = Fraction(1, 30000)
MP4_TICK = Fraction(1, 15360)


def write(
    path: Path,
    pts: Sequence[int],
    time_base: Fraction,
    *,
    rate: Fraction | None = None,
    codec: str = "auto",
    durations: Sequence[int | None] | None = None,
) -> None:
    """A file with pictures at those times."""
    encoding = Encoding(codec=codec, quality=50, speed="fast", pixel_format="auto", options={})
    sink = FileSink(
        path, encoding=encoding, companion=None, sound="keep", overwrite=False, metadata={}
    )
    format = replace(clips.video_format(), time_base=time_base, rate=rate)
    sink.open(format)
    for index, ticks in enumerate(pts):
        planes = clips.pattern_planes(format.pixels, format.height, format.width, index)
        length = None if durations is None else durations[index]
        sink.write(Frame(planes, format, ticks, length))
    sink.close()


CLOCKS = {
    "cfr": ([index * 512 for index in range(20)], MP4_TICK, Fraction(30)),
    "vfr": ([3000, 3512, 4100, 4611, 6000, 6001, 7000, 9000, 12000, 12512, 13000], MP4_TICK, None),
    "ntsc, late": ([20027 + index * 1001 for index in range(20)], NTSC, Fraction(30000, 1001)),
    "ms, late": ([1234, 1267, 1300, 1334, 1501], MILLISECOND, None),
    "film": ([index * 1001 for index in range(12)], Fraction(1, 24000), Fraction(24000, 1001)),
    "frame by frame": (list(range(7, 19)), Fraction(1, 25), Fraction(25)),
    "ninety": ([127_000, 130_003, 133_006, 139_000], Fraction(1, 90_000), None),
    "one picture": ([41], MILLISECOND, None),
}


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
@pytest.mark.parametrize("clock", CLOCKS)
def test_mp4_and_mov_keep_every_pts_exactly(
    clock: str, suffix: str, codec: str, tmp_path: Path
) -> None:
    """Variable rates, late starts and odd clocks come back to the tick, whatever is reordered."""
    pts, time_base, rate = CLOCKS[clock]
    path = tmp_path / f"clip{suffix}"
    write(path, pts, time_base, rate=rate, codec=codec)
    assert readback.times(path) == [ticks * time_base for ticks in pts]


@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "vp9", "ffv1"])
@pytest.mark.parametrize("clock", CLOCKS)
def test_matroska_keeps_every_pts_to_its_millisecond(
    clock: str, codec: str, tmp_path: Path
) -> None:
    """Matroska counts in ms: what comes back is the pts rescaled as timing.rescale does it."""
    pts, time_base, rate = CLOCKS[clock]
    path = tmp_path / "clip.mkv"
    write(path, pts, time_base, rate=rate, codec=codec)
    expected = [rescale(ticks, time_base, MILLISECOND) * MILLISECOND for ticks in pts]
    assert readback.times(path) == expected


def test_gif_keeps_times_to_its_hundredth(tmp_path: Path) -> None:
    """GIF counts in hundredths of a second from 0."""
    path = tmp_path / "clip.gif"
    write(path, [0, 40, 120, 160, 400], MILLISECOND)
    assert readback.times(path) == [Fraction(each, 100) for each in (0, 4, 12, 16, 40)]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm", ".gif"])
@pytest.mark.parametrize("told", [True, False], ids=["told", "by the rate"])
def test_a_clip_is_as_long_as_its_pictures(suffix: str, told: bool, tmp_path: Path) -> None:
    """The last picture has a duration too: its own, or that of the rate."""
    path = tmp_path / f"clip{suffix}"
    pts = [index * 40 for index in range(10)]
    write(path, pts, MILLISECOND, rate=Fraction(25), durations=[40 if told else None] * 10)
    assert readback.duration(path) == pytest.approx(0.4, abs=0.002)


@pytest.mark.parametrize("attempt", range(4))
@pytest.mark.parametrize("pictures", [1, 2])
def test_the_shortest_clips_are_as_long_as_their_pictures(
    pictures: int, attempt: int, tmp_path: Path
) -> None:
    """x265 leaves decoding times uninitialised when it ends within two pictures: they are ours."""
    path = tmp_path / "clip.mp4"
    pts = [1000 + index * 40 for index in range(pictures)]
    write(path, pts, MILLISECOND, codec="h265", durations=[40] * pictures)
    assert readback.times(path) == [ticks * MILLISECOND for ticks in pts]
    assert readback.duration(path) == pytest.approx(0.04 * pictures, abs=0.002)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_last_pictures_own_duration_counts(suffix: str, tmp_path: Path) -> None:
    """A slide show's last picture stays as long as it says."""
    path = tmp_path / f"clip{suffix}"
    write(path, [0, 1000, 3000], MILLISECOND, durations=[1000, 2000, 5000])
    assert readback.duration(path) == pytest.approx(8.0, abs=0.002)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_pictures_before_zero_are_all_kept(suffix: str, tmp_path: Path) -> None:
    """No container has times below 0: everything moves up together."""
    path = tmp_path / f"clip{suffix}"
    write(path, [-80, -40, 0, 40], MILLISECOND, rate=Fraction(25))
    assert readback.times(path) == [Fraction(each, 1000) for each in (0, 40, 80, 120)]


def test_two_pictures_at_one_moment_are_both_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Muxers refuse equal times; the second picture moves by a tick, with a warning."""
    path = tmp_path / "clip.mp4"
    write(path, [0, 40, 40, 80], MILLISECOND)
    shown = readback.times(path)
    assert len(shown) == 4
    assert shown == sorted(set(shown))
    assert "closer than one tick" in caplog.text


def test_a_frame_of_another_format_is_refused(tmp_path: Path) -> None:
    """A stream's format is settled at open."""
    encoding = Encoding(codec="auto", quality=50, speed="fast", pixel_format="auto", options={})
    sink = FileSink(
        tmp_path / "clip.mp4",
        encoding=encoding,
        companion=None,
        sound="keep",
        overwrite=False,
        metadata={},
    )
    sink.open(clips.video_format())
    with pytest.raises(SinkError, match="opened for"):
        sink.write(clips.pattern_frame(clips.video_format(size=(64, 64))))
    sink.abort()


def test_an_encoder_of_fixed_rates_is_told_the_rate(tmp_path: Path) -> None:
    """MPEG-2 takes its ticks for its rate: a tick of mp4 as rate would be no rate it knows."""
    path = tmp_path / "a.mkv"
    pts = [index * 512 for index in range(20)]

    write(path, pts, Fraction(1, 12_800), rate=Fraction(25), codec="mpeg2video")

    assert readback.times(path) == [Fraction(index, 25) for index in range(20)]
