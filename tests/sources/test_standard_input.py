"""YUV4MPEG2 through a real pipe, and other byte streams."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest

import clips
import footage
from mattebox.colour import Range
from mattebox.errors import DecodeError
from mattebox.pixels import pixel_format
from mattebox.sources.file import FileSource

# Sends a file to standard output and then waits, without closing it, until it is told to end.
SEND = "import sys; sys.stdout.buffer.write(open(sys.argv[1],'rb').read()); sys.stdout.flush()"
WAIT = SEND + "; sys.stdin.read()"


@contextmanager
def piped(path: Path, program: str = SEND) -> Iterator[BinaryIO]:
    """Another process's standard output, sending a file."""
    command = [sys.executable, "-c", program, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield process.stdout  # type: ignore[misc]
        process.stdout.close()
        process.stdin.close()


def open_stream(stream: BinaryIO) -> FileSource:
    return FileSource(stream, name="standard input", container="yuv4mpegpipe", corrupt_limit=0)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p12le"])
def test_yuv4mpeg_comes_through_a_pipe_bit_for_bit(tmp_path: Path, pixels: str) -> None:
    """Larger than any pipe's buffer: 12 frames of 160×120."""
    path = tmp_path / "clip.y4m"
    path.write_bytes(footage.y4m(pixels, 12, (160, 120)))
    with piped(path) as stream:
        source = open_stream(stream)
        frames = list(source.frames())
        source.close()
    assert source.format.pixels.name == pixels
    assert source.format.rate == 25
    assert source.frames_expected is None
    assert source.path is None
    assert [f.pts * source.format.time_base for f in frames] == [Fraction(i, 25) for i in range(12)]
    for index in (0, 11):
        truth = clips.pattern_planes(pixel_format(pixels), 120, 160, index)
        for plane, true in zip(frames[index].planes, truth, strict=True):
            np.testing.assert_array_equal(plane, true)


def test_the_range_in_the_header_counts() -> None:
    """XCOLORRANGE is FFmpeg's word for it."""
    stream = io.BytesIO(footage.y4m("yuv420p", 1, tags=" XCOLORRANGE=FULL"))
    source = open_stream(stream)
    source.close()
    assert source.format.colour.range is Range.FULL


def test_a_frame_comes_before_the_stream_ends(tmp_path: Path) -> None:
    """A live program writes for hours: no frame may wait for the next one's bytes."""
    path = tmp_path / "clip.y4m"
    path.write_bytes(footage.y4m("yuv420p", 3, (160, 120)))
    with piped(path, WAIT) as stream:
        source = open_stream(stream)
        frames = source.frames()
        assert next(frames).pts == 0
        source.close()
        assert list(frames) == []


def test_close_ends_a_read_that_waits_for_bytes(tmp_path: Path) -> None:
    """Whoever writes into the pipe may never write again."""
    path = tmp_path / "clip.y4m"
    path.write_bytes(footage.y4m("yuv420p", 3))
    with piped(path, WAIT) as stream:
        source = open_stream(stream)
        count: list[int] = []
        reader = threading.Thread(target=lambda: count.append(len(list(source.frames()))))
        reader.start()
        time.sleep(0.3)  # long enough for it to have read everything there is
        assert reader.is_alive()
        source.close()
        reader.join(10)
        assert not reader.is_alive()
    assert count[0] <= 3


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders")
def test_a_source_closed_while_ffmpeg_reads_lets_go_when_it_comes_back(tmp_path: Path) -> None:
    """FFmpeg waits in the system for a named pipe: nobody may free what it is working with."""
    path = tmp_path / "named.y4m"
    os.mkfifo(path)
    before = psutil.Process().num_fds()
    end = os.open(path, os.O_RDWR)
    os.write(end, footage.y4m("yuv420p", 3))
    source = FileSource(path, corrupt_limit=0)
    reader = threading.Thread(target=lambda: list(source.frames()))
    reader.start()
    time.sleep(0.3)  # long enough for it to have read everything there is
    source.close()
    assert reader.is_alive()
    os.close(end)
    reader.join(10)
    assert not reader.is_alive()
    assert psutil.Process().num_fds() == before


def test_a_stream_that_ends_within_a_frame_gives_the_frames_before(tmp_path: Path) -> None:
    """The program before us was stopped."""
    data = footage.y4m("yuv420p", 3, (160, 120))
    path = tmp_path / "clip.y4m"
    path.write_bytes(data[: len(data) - 5000])
    with piped(path) as stream:
        source = FileSource(stream, container="yuv4mpegpipe", corrupt_limit=3)
        assert len(list(source.frames())) == 2
        source.close()


@pytest.mark.parametrize("content", [b"", b"hello world", b"YUV4MPEG2 W0 H0\n"])
def test_what_is_no_yuv4mpeg_is_refused_under_its_name(tmp_path: Path, content: bytes) -> None:
    """`cat notes.txt | mattebox run - …`."""
    path = tmp_path / "text"
    path.write_bytes(content)
    with piped(path) as stream, pytest.raises(DecodeError, match="standard input") as caught:
        open_stream(stream)
    assert caught.value.advice


def test_a_stream_that_can_seek_may_hold_any_container(tmp_path: Path) -> None:
    """MP4 needs to look at its end first."""
    path = clips.write_clip(tmp_path / "clip.mp4", codec="libx264", frames=6)
    source = FileSource(io.BytesIO(path.read_bytes()), name="memory", corrupt_limit=0)
    assert len(list(source.frames())) == 6
    source.close()
    assert source.frames_expected == 6


def test_an_interrupt_while_waiting_for_bytes_is_not_lost() -> None:
    """FFmpeg's callbacks swallow exceptions: Ctrl-C would look like the end of the stream."""

    class Interrupted(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_stream(Interrupted())  # type: ignore[arg-type]
