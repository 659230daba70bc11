"""The promises of ports.Sink, run on every door that pictures go out by."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pyvirtualcam

import clips
from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.live.behind import SinkBehindThread
from mattebox.ports import Sink
from mattebox.sinks.file import Encoding, FileSink
from mattebox.sinks.images import FolderSink, ImageSink
from mattebox.sinks.matte import MatteSink
from mattebox.sinks.memory import MemorySink
from mattebox.sinks.stream import StreamSink
from mattebox.sinks.tee import TeeSink
from mattebox.sinks.virtual_camera import VirtualCameraSink
from mattebox.sinks.window import WindowSink
from mattebox.sinks.yuv4mpeg import Yuv4MpegSink
from screens import x11_screen


@dataclass(frozen=True)
class Door:
    """A sink to test: how to make it, and what it can take.

    Attributes:
        name: of the result in the test's folder; empty where nothing is left on the disk.
        make: from (path, overwrite) to a sink.
        pixels: the layout to write.
        pictures: how many it takes.
    """

    name: str
    make: Callable[[Path, bool], Sink]
    pixels: str = "yuv420p"
    pictures: int = 5

    @property
    def format(self) -> VideoFormat:
        """What the pictures are."""
        return clips.video_format(self.pixels)

    @property
    def leaves_a_file(self) -> bool:
        """Whether there is something on the disk afterwards."""
        return bool(self.name)


def _file(path: Path, overwrite: bool) -> Sink:
    encoding = Encoding(codec="auto", quality=75, speed="fast", pixel_format="auto", options={})
    return FileSink(
        path, encoding=encoding, companion=None, sound="keep", overwrite=overwrite, metadata={}
    )


def _image(path: Path, overwrite: bool) -> Sink:
    return ImageSink(path, quality=90, overwrite=overwrite)


def _folder(path: Path, overwrite: bool) -> Sink:
    return FolderSink(path, suffix=".png", quality=90, overwrite=overwrite)


def _matte(path: Path, overwrite: bool) -> Sink:
    return MatteSink(path, overwrite=overwrite, metadata={"MATTEBOX_INPUT": "abc"})


def _stream(path: Path, overwrite: bool) -> Sink:
    return Yuv4MpegSink(io.BytesIO())


def _memory(path: Path, overwrite: bool) -> Sink:
    return MemorySink()


def _tee(path: Path, overwrite: bool) -> Sink:
    return TeeSink([MemorySink(), _file(path, overwrite)])


class _Awaited(SinkBehindThread):
    """Waits for each picture to be through: one that still waits is given up by ``abort``."""

    def __init__(self, sink: Sink) -> None:
        self._through = MemorySink()
        super().__init__(TeeSink([sink, self._through]), capacity=8, stop_timeout_s=10)

    def write(self, frame: Frame) -> None:
        super().write(frame)
        deadline = time.monotonic() + 10
        while frame not in self._through.frames:
            assert time.monotonic() < deadline
            time.sleep(0.001)


def _behind(path: Path, overwrite: bool) -> Sink:
    return _Awaited(_file(path, overwrite))


def _virtual(path: Path, overwrite: bool) -> Sink:
    return VirtualCameraSink(backend="in memory")


def _window(path: Path, overwrite: bool) -> Sink:
    return WindowSink()


def _network(path: Path, overwrite: bool) -> Sink:
    return StreamSink("udp://127.0.0.1:9", bitrate_kbps=500, longest_wait_s=1)


class _Device:
    """A virtual camera in memory, as pyvirtualcam's backends are."""

    def __init__(self, **_asked: object) -> None:
        pass

    def close(self) -> None:
        pass

    def send(self, frame: object) -> None:
        pass

    def device(self) -> str:
        return "memory"

    def native_fourcc(self) -> int | None:
        return None


@pytest.fixture(autouse=True, scope="module")
def _backend() -> Iterator[None]:
    pyvirtualcam.register_backend("in memory", _Device)
    yield
    pyvirtualcam.camera.BACKENDS.pop("in memory")


DOORS = {
    "mp4": Door("result.mp4", _file),
    "mov": Door("result.mov", _file),
    "mkv": Door("result.mkv", _file),
    "webm": Door("result.webm", _file),
    "gif": Door("result.gif", _file),
    "transparent webm": Door("clear.webm", _file, pixels="yuva420p"),
    "transparent mov": Door("clear.mov", _file, pixels="yuva420p"),
    "transparent mkv": Door("clear.mkv", _file, pixels="yuva420p"),
    "matte": Door("matte.mkv", _matte, pixels="gray"),
    "png": Door("result.png", _image, pictures=1),
    "webp": Door("result.webp", _image, pixels="gbrap", pictures=1),
    "folder": Door("pictures", _folder),
    "tee": Door("result.mp4", _tee),
    "y4m": Door("", _stream),
    "memory": Door("", _memory),
    "behind": Door("result.mkv", _behind),
    "virtual camera": Door("", _virtual),
    "window": Door("", _window),
    "network": Door("", _network),
}


@pytest.fixture
def _screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with x11_screen() as name:
        monkeypatch.setenv("DISPLAY", name)
        yield


@pytest.fixture(params=list(DOORS))
def door(request: pytest.FixtureRequest) -> Door:
    """Every door."""
    if request.param == "window":
        request.getfixturevalue("_screen")
    return DOORS[request.param]


@pytest.fixture(params=[key for key, each in DOORS.items() if each.leaves_a_file])
def filing(request: pytest.FixtureRequest) -> Door:
    """The doors that leave something on the disk."""
    return DOORS[request.param]


def write(sink: Sink, door: Door) -> None:
    for index in range(door.pictures):
        sink.write(clips.pattern_frame(door.format, index))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def make_result(path: Path, door: Door) -> dict[str, bytes]:
    """A finished result in its place, and what is in the folder then."""
    sink = door.make(path, False)
    sink.open(door.format)
    write(sink, door)
    sink.close()
    return contents(path.parent)


def test_what_was_closed_is_complete_and_in_its_place(filing: Door, tmp_path: Path) -> None:
    """After close there is the result and nothing else: no hidden file, no partial one."""
    made = make_result(tmp_path / filing.name, filing)
    assert made
    assert all(name == filing.name or name.startswith(f"{filing.name}/") for name in made)
    assert all(made.values())


def test_what_was_closed_has_kept_nothing_aside(door: Door, tmp_path: Path) -> None:
    """A finished sink has no partial result, also when it is aborted afterwards."""
    sink = door.make(tmp_path / door.name, False)
    sink.open(door.format)
    write(sink, door)
    sink.close()
    before = contents(tmp_path)
    sink.abort()
    assert sink.kept is None
    assert contents(tmp_path) == before


def test_abort_before_open_makes_nothing(door: Door, tmp_path: Path) -> None:
    """Abort may be called at any time after the constructor."""
    sink = door.make(tmp_path / door.name, False)
    sink.abort()
    assert sink.kept is None
    assert not list(tmp_path.iterdir())


def test_abort_before_the_first_picture_leaves_nothing(door: Door, tmp_path: Path) -> None:
    """Where nothing was finished there is nothing to keep."""
    sink = door.make(tmp_path / door.name, False)
    sink.open(door.format)
    sink.abort()
    assert sink.kept is None
    assert not list(tmp_path.iterdir())


def test_abort_keeps_what_was_finished_and_says_where(filing: Door, tmp_path: Path) -> None:
    """What was finished stays under a name that says it is partial."""
    sink = filing.make(tmp_path / filing.name, False)
    sink.open(filing.format)
    write(sink, filing)
    sink.abort()
    assert sink.kept is not None
    kept = Path(sink.kept)
    assert kept.exists()
    assert ".partial" in kept.name
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]


def test_abort_twice_is_abort_once(filing: Door, tmp_path: Path) -> None:
    """A second abort changes nothing."""
    sink = filing.make(tmp_path / filing.name, False)
    sink.open(filing.format)
    write(sink, filing)
    sink.abort()
    kept, before = sink.kept, contents(tmp_path)
    sink.abort()
    assert sink.kept == kept
    assert contents(tmp_path) == before


def test_an_earlier_partial_result_is_not_replaced(filing: Door, tmp_path: Path) -> None:
    """Two aborted runs leave two partial results."""
    kept = set()
    for _ in range(2):
        sink = filing.make(tmp_path / filing.name, False)
        sink.open(filing.format)
        write(sink, filing)
        sink.abort()
        kept.add(sink.kept)
    assert len(kept) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_what_stands_there_is_refused_at_open(filing: Door, tmp_path: Path) -> None:
    """Nothing is replaced unasked: open refuses, names the way out, and makes nothing."""
    before = make_result(tmp_path / filing.name, filing)
    sink = filing.make(tmp_path / filing.name, False)
    with pytest.raises(SinkRefused, match="--overwrite"):
        sink.open(filing.format)
    sink.abort()
    assert sink.kept is None
    assert contents(tmp_path) == before


def test_what_stands_there_stays_until_the_new_one_is_complete(
    filing: Door, tmp_path: Path
) -> None:
    """With overwrite on, an aborted run leaves the old result as it was."""
    before = make_result(tmp_path / filing.name, filing)
    sink = filing.make(tmp_path / filing.name, True)
    sink.open(filing.format)
    write(sink, filing)
    sink.abort()
    assert sink.kept is not None
    after = contents(tmp_path)
    assert {name: after[name] for name in before} == before


def test_overwrite_replaces_what_stands_there(filing: Door, tmp_path: Path) -> None:
    """With overwrite on, close puts the new result in the place of the old one."""
    path = tmp_path / filing.name
    make_result(path, filing)
    stale = path / "000000.png" if path.is_dir() else path
    stale.write_bytes(b"old")
    sink = filing.make(path, True)
    sink.open(filing.format)
    write(sink, filing)
    sink.close()
    assert stale.read_bytes() != b"old"
    assert [each.name for each in tmp_path.iterdir()] == [filing.name]


def test_a_missing_folder_is_refused(filing: Door, tmp_path: Path) -> None:
    """No folder is made on the way to a name that may be a typing error."""
    sink = filing.make(tmp_path / "missing" / filing.name, False)
    with pytest.raises(SinkRefused, match="no folder"):
        sink.open(filing.format)
    sink.abort()
    assert not list(tmp_path.iterdir())


def test_a_close_without_pictures_is_an_error_and_leaves_nothing(
    filing: Door, tmp_path: Path
) -> None:
    """An empty result would look like success."""
    sink = filing.make(tmp_path / filing.name, False)
    sink.open(filing.format)
    with pytest.raises(SinkError, match="no picture came"):
        sink.close()
    assert sink.kept is None
    assert not list(tmp_path.iterdir())


def test_write_before_open_is_an_error(door: Door, tmp_path: Path) -> None:
    """A picture is never lost in silence."""
    sink = door.make(tmp_path / door.name, False)
    with pytest.raises(SinkError, match="not open"):
        sink.write(clips.pattern_frame(door.format))
    sink.abort()
    assert not list(tmp_path.iterdir())


def test_names_in_any_script_work(filing: Door, tmp_path: Path) -> None:
    """File names are not limited to ASCII."""
    folder = tmp_path / "Ünïcødé 背景 😀"
    folder.mkdir()
    made = make_result(folder / f"naïve ملف {filing.name}", filing)
    assert made
