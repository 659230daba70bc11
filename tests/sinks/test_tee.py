"""Several sinks at once: one fate until the end, and then each by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

import clips
import readback
from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame
from mattebox.sinks.file import Encoding, FileSink
from mattebox.sinks.images import FolderSink, ImageSink
from mattebox.sinks.memory import MemorySink
from mattebox.sinks.tee import TeeSink


def movie(path: Path) -> FileSink:
    encoding = Encoding(codec="auto", quality=50, speed="fast", pixel_format="auto", options={})
    return FileSink(
        path, encoding=encoding, companion=None, sound="keep", overwrite=False, metadata={}
    )


class Failing(MemorySink):
    """A sink that fails when it is told to."""

    def __init__(self, when: str) -> None:
        super().__init__()
        self._when = when

    def write(self, frame: Frame) -> None:
        """Fail at the third frame, if that is what was told."""
        if self._when == "write" and len(self.frames) == 2:
            raise SinkError("the tape is torn.")
        super().write(frame)

    def close(self) -> None:
        """Fail, if that is what was told."""
        if self._when == "close":
            raise SinkError("the tape is torn.")
        super().close()


def test_every_sink_gets_every_picture(tmp_path: Path) -> None:
    """A film, a folder and memory from one pass."""
    memory = MemorySink()
    folder = FolderSink(tmp_path / "out", suffix=".png", quality=75, overwrite=False)
    tee = TeeSink([movie(tmp_path / "clip.mkv"), folder, memory])
    format = clips.video_format()
    tee.open(format)
    for index in range(4):
        tee.write(clips.pattern_frame(format, index))
    tee.close()
    assert len(readback.times(tmp_path / "clip.mkv")) == 4
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert len(memory.frames) == 4
    assert memory.closed
    assert memory.format == format


def test_if_one_refuses_none_is_opened(tmp_path: Path) -> None:
    """The refusal is the headline, and the others leave nothing."""
    memory = MemorySink()
    refusing = ImageSink(tmp_path / "x.xyz", quality=1, overwrite=False)
    tee = TeeSink([movie(tmp_path / "clip.mkv"), memory, refusing])
    with pytest.raises(SinkRefused, match="no picture format"):
        tee.open(clips.video_format())
    tee.abort()
    assert memory.aborted
    assert tee.kept is None
    assert not list(tmp_path.iterdir())


def test_if_one_fails_all_keep_what_they_have(tmp_path: Path) -> None:
    """Its error is the headline; abort then names every partial result."""
    tee = TeeSink([movie(tmp_path / "a.mkv"), Failing("write"), movie(tmp_path / "b.mp4")])
    format = clips.video_format()
    tee.open(format)
    tee.write(clips.pattern_frame(format, 0))
    tee.write(clips.pattern_frame(format, 1))
    with pytest.raises(SinkError, match="torn"):
        tee.write(clips.pattern_frame(format, 2))
    tee.abort()
    assert tee.kept == f"{tmp_path / 'a.partial.mkv'}, {tmp_path / 'b.partial.mp4'}"
    assert len(readback.times(tmp_path / "b.partial.mp4")) == 2


def test_at_the_end_the_others_are_finished(tmp_path: Path) -> None:
    """Each has all its pictures by then; a failure of one is no reason to spoil another."""
    tee = TeeSink([movie(tmp_path / "a.mkv"), Failing("close"), movie(tmp_path / "b.mp4")])
    format = clips.video_format()
    tee.open(format)
    tee.write(clips.pattern_frame(format))
    with pytest.raises(SinkError, match="torn"):
        tee.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv", "b.mp4"]
