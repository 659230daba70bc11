"""Saved mattes: lossless, found again by their pts, with a header."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import clips
import readback
from mattebox.errors import DecodeError, SinkRefused
from mattebox.frame import Frame
from mattebox.sinks.matte import (
    HEADER_FIRST_PTS,
    HEADER_TIME_BASE,
    MatteSink,
    first_pts_shift,
    read_matte_header,
)
from mattebox.timing import rescale

MS = Fraction(1, 1000)
HEADER = {"MATTEBOX_INPUT_SHA256": "ab" * 32, "MATTEBOX_SETTINGS": '{"é": 1}'}


@pytest.mark.parametrize("layout", ["gray", "gray10le", "gray16le"])
def test_a_matte_comes_back_as_it_was(layout: str, tmp_path: Path) -> None:
    """Every sample, full range, tagged as such."""
    path = tmp_path / "matte.mkv"
    format = clips.video_format(layout, (95, 63))
    frames = [clips.pattern_frame(format, index) for index in range(4)]
    sink = MatteSink(path, overwrite=False, metadata={})
    sink.open(format)
    for frame in frames:
        sink.write(frame)
    sink.close()
    for picture, frame in zip(readback.pictures(path), frames, strict=True):
        assert picture.format.name == layout
        assert picture.color_range == 2
        np.testing.assert_array_equal(readback.planes_of(picture)[0], frame.planes[0])


def test_the_header_comes_back(tmp_path: Path) -> None:
    """What the matte belongs to, in any script, and the clock of the input."""
    path = tmp_path / "matte.mkv"
    format = replace(clips.video_format("gray"), time_base=Fraction(1001, 30000))
    sink = MatteSink(path, overwrite=False, metadata=HEADER)
    sink.open(format)
    sink.write(Frame(clips.pattern_planes(format.pixels, 64, 96), format, 0))
    sink.close()
    assert read_matte_header(path) == {
        **HEADER,
        HEADER_TIME_BASE: "1001/30000",
        HEADER_FIRST_PTS: "0",
    }


@pytest.mark.parametrize(
    "time_base",
    [Fraction(1, 15360), Fraction(1, 90_000), Fraction(1001, 60_000), Fraction(1, 240), MS],
    ids=str,
)
def test_every_frame_finds_its_matte(time_base: Fraction, tmp_path: Path) -> None:
    """The pts of a frame, rescaled to ms as timing does it, is the pts of its matte."""
    path = tmp_path / "matte.mkv"
    format = replace(clips.video_format("gray"), time_base=time_base)
    step = max(2, round(Fraction(1, 240) / time_base))
    pts = [7 + index * step + index % 2 for index in range(40)]
    sink = MatteSink(path, overwrite=False, metadata={})
    sink.open(format)
    for index, ticks in enumerate(pts):
        sink.write(Frame(clips.pattern_planes(format.pixels, 64, 96, index % 3), format, ticks))
    sink.close()
    assert readback.times(path) == [rescale(ticks, time_base, MS) * MS for ticks in pts]


def test_a_video_of_someone_elses_has_no_header(tmp_path: Path) -> None:
    """Empty, which the caller can tell from a matte's."""
    assert read_matte_header(clips.write_clip(tmp_path / "other.mkv")) == {}


def test_what_is_no_video_has_no_header_to_read(tmp_path: Path) -> None:
    """An error of reading, in our own words."""
    (tmp_path / "text.mkv").write_text("text")
    for name in ("text.mkv", "missing.mkv"):
        with pytest.raises(DecodeError, match="cannot read the matte"):
            read_matte_header(tmp_path / name)


def test_other_containers_are_refused(tmp_path: Path) -> None:
    """Only Matroska holds lossless gray and the header."""
    sink = MatteSink(tmp_path / "matte.mp4", overwrite=False, metadata={})
    with pytest.raises(SinkRefused) as caught:
        sink.open(clips.video_format("gray"))
    assert "matte.mkv" in caught.value.advice


@pytest.mark.parametrize("layout", ["yuv420p", "gbrp"])
def test_colour_is_no_matte(layout: str, tmp_path: Path) -> None:
    """A composite written as a matte would not compose again."""
    sink = MatteSink(tmp_path / "matte.mkv", overwrite=False, metadata={})
    with pytest.raises(SinkRefused, match="full-range gray"):
        sink.open(clips.video_format(layout))


@pytest.mark.parametrize("first", [-5, 0, 7])
def test_times_of_the_input_can_be_had_back(first: int, tmp_path: Path) -> None:
    """A clip that begins before 0 is moved as a whole; the header says by how much."""
    path = tmp_path / "matte.mkv"
    format = replace(clips.video_format("gray"), time_base=Fraction(1, 25))
    sink = MatteSink(path, overwrite=False, metadata=HEADER)
    sink.open(format)
    for ticks in range(first, first + 4):
        sink.write(Frame(clips.pattern_planes(format.pixels, 64, 96), format, ticks))
    sink.close()
    header = read_matte_header(path)
    assert header[HEADER_FIRST_PTS] == str(first)
    shift = first_pts_shift(header)
    expected = [Fraction(ticks, 25) for ticks in range(first, first + 4)]
    assert [moment - shift for moment in readback.times(path)] == expected


@pytest.mark.parametrize(
    "header", [{}, {HEADER_FIRST_PTS: "x", HEADER_TIME_BASE: "1/25"}, {HEADER_FIRST_PTS: "-3"}]
)
def test_a_header_without_times_means_no_shift(header: dict[str, str]) -> None:
    """Mattes of other programs, and broken ones, are taken as they stand."""
    assert first_pts_shift(header) == 0


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_read_is_never_replaced_by_a_matte(overwrite: bool, tmp_path: Path) -> None:
    """Not under its name, nor through a link of either kind."""
    read = tmp_path / "in.mkv"
    read.write_text("film")
    (tmp_path / "soft.mkv").symlink_to(read)
    (tmp_path / "hard.mkv").hardlink_to(read)
    for name in ("in.mkv", "soft.mkv", "hard.mkv"):
        sink = MatteSink(tmp_path / name, overwrite=overwrite, metadata={}, forbidden=[read])
        with pytest.raises(SinkRefused, match="being read"):
            sink.open(clips.video_format("gray"))
    assert read.read_text() == "film"


def test_an_unfinished_matte_never_replaces_what_is_read(tmp_path: Path) -> None:
    """Even if that has the very name of a partial result, and overwriting is on."""
    read = tmp_path / "matte.partial.mkv"
    read.write_text("film")
    sink = MatteSink(tmp_path / "matte.mkv", overwrite=True, metadata={}, forbidden=[read])
    format = clips.video_format("gray")
    sink.open(format)
    sink.write(clips.pattern_frame(format))
    sink.abort()
    assert sink.kept == str(tmp_path / "matte.partial-2.mkv")
    assert read.read_text() == "film"
