"""What the ``Source`` port promises, held against every source that is shipped."""

from __future__ import annotations

import io
import itertools
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
import torch

import clips
import footage
from mattebox.errors import SourceNotFound
from mattebox.frame import Frame
from mattebox.ports import Source
from mattebox.sources.camera import CameraMode, CameraSource
from mattebox.sources.file import FileSource
from mattebox.sources.fitted import FittedSource
from mattebox.sources.images import FolderSource, ImageSource
from mattebox.sources.mirrored import MirroredSource
from mattebox.sources.realtime import RealtimeSource
from mattebox.sources.stream import StreamSource
from mattebox.sources.synthetic import SyntheticSource
from receivers import RTSP_SERVER, Publisher, free_port
from streams import HEIGHT, RATE, WIDTH, MjpegCamera


def file(folder: Path) -> Source:
    path = clips.write_clip(folder / "clip.mkv", frames=5, size=(48, 32))
    return FileSource(path, corrupt_limit=0)


def converted_file(folder: Path) -> Source:
    """Planes that are not the decoder's own: packed, and turned by its metadata."""
    pictures = [footage.noise_picture("bgra", seed=i) for i in range(5)]
    path = footage.encode(folder / "turned.mkv", "ffv1", pictures, turn=(90, False, False))
    return FileSource(path, corrupt_limit=0)


def stream(_folder: Path) -> Source:
    """A pipe that holds the whole clip already: no thread has to feed it."""
    reading, writing = os.pipe()
    os.write(writing, footage.y4m("yuv420p", 5))
    os.close(writing)
    # Closed with the source's last reference, as nobody else may close standard input either.
    return FileSource(io.BufferedReader(_Pipe(reading)), container="yuv4mpegpipe", corrupt_limit=0)


class _Pipe(io.FileIO):
    """The reading end; closes itself silently, so that no warning of an open file is raised."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "r", closefd=False)
        self._descriptor = descriptor

    def __del__(self) -> None:
        os.close(self._descriptor)


def image(folder: Path) -> Source:
    return ImageSource(_picture(folder / "still.png", 0))


def folder_of_pictures(folder: Path) -> Source:
    for index in range(5):
        _picture(folder / f"{index}.png", index)
    return FolderSource(folder, rate=Fraction(5), corrupt_limit=0)


def synthetic(_folder: Path) -> Source:
    return SyntheticSource(width=48, height=32, frames=5, rate=Fraction(25))


def _picture(path: Path, seed: int) -> Path:
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 256, (32, 48, 3), np.uint8))
    return path


def realtime(folder: Path) -> Source:
    return RealtimeSource(file(folder))


def fitted(folder: Path) -> Source:
    return FittedSource(file(folder), clips.video_format(size=(64, 48)))


def mirrored(folder: Path) -> Source:
    return MirroredSource(file(folder))


@contextmanager
def camera(_folder: Path) -> Iterator[Source]:
    """OpenCV on a network camera, which is all the camera that a test can have."""
    with MjpegCamera() as server:
        yield CameraSource(server.address, CameraMode(WIDTH, HEIGHT, RATE))


@contextmanager
def mjpeg_stream(_folder: Path) -> Iterator[Source]:
    with MjpegCamera() as server:
        yield StreamSource(server.address)


@contextmanager
def udp_stream(_folder: Path) -> Iterator[Source]:
    address = f"udp://127.0.0.1:{free_port(socket.SOCK_DGRAM)}"
    with Publisher(address):
        yield StreamSource(address)


@contextmanager
def rtsp_stream(_folder: Path) -> Iterator[Source]:
    """As the server, that somebody publishes to: FFmpeg has no other one."""
    address = f"rtsp://127.0.0.1:{free_port()}/live"
    with Publisher(address):
        yield StreamSource(address, options=RTSP_SERVER)


LIVE_DOORS: list[Callable[[Path], AbstractContextManager[Source]]] = [
    camera,
    mjpeg_stream,
    udp_stream,
    rtsp_stream,
]
DOORS: list[Callable[[Path], Source]] = [
    file,
    converted_file,
    stream,
    image,
    folder_of_pictures,
    synthetic,
    realtime,
    fitted,
    mirrored,
]


@pytest.fixture(params=[*DOORS, *LIVE_DOORS], ids=lambda door: door.__name__)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    made = request.param(tmp_path)
    with made if isinstance(made, AbstractContextManager) else nullcontext(made) as opened:
        yield opened
        opened.close()


def frames_of(source: Source) -> list[Frame]:
    """All frames; of a source that has no end by itself the first five, and then it is closed."""
    frames = source.frames()
    if not isinstance(source, CameraSource | StreamSource):
        return list(frames)
    taken = list(itertools.islice(frames, 5))
    source.close()
    return taken + list(frames)


def test_every_frame_is_what_was_promised_before_the_first(source: Source) -> None:
    """A sink accepts or refuses the format once, before any frame exists."""
    promised = source.format
    formats = [frame.format for frame in frames_of(source)]
    assert formats
    assert all(format == promised for format in formats)


def test_pts_only_increase(source: Source) -> None:
    """A muxer takes frames in order, and no two at one moment."""
    pts = [frame.pts for frame in frames_of(source)]
    assert all(early < late for early, late in itertools.pairwise(pts))


def test_as_many_frames_come_as_were_expected(source: Source) -> None:
    """On a clean input the progress bar ends where the frames end, and nothing is skipped."""
    expected = source.frames_expected
    count = len(frames_of(source))
    assert expected in {None, count}
    assert source.skipped == 0


def test_a_frame_keeps_its_picture_while_others_come_and_after_the_end(source: Source) -> None:
    """Planes are views, yet they live as long as their frame."""
    frames, copies = [], []
    for frame in itertools.islice(source.frames(), 5):
        frames.append(frame)
        copies.append([plane.copy() for plane in frame.planes])
    source.close()
    for frame, copy in zip(frames, copies, strict=True):
        for plane, kept in zip(frame.planes, copy, strict=True):
            np.testing.assert_array_equal(plane, kept)


def test_planes_go_to_torch_without_a_copy(source: Source) -> None:
    """Torch takes no negative strides and warns of read-only memory."""
    for plane in next(source.frames()).planes:
        assert torch.from_numpy(plane).data_ptr() == plane.ctypes.data


def test_frames_come_once(source: Source) -> None:
    """A second reader gets the rest, which is nothing."""
    assert frames_of(source)
    assert list(source.frames()) == []


def test_no_frame_comes_after_close(source: Source) -> None:
    """Closing ends the frames, and does not fail them."""
    frames = source.frames()
    next(frames)
    source.close()
    assert list(frames) == []


def test_a_source_may_be_closed_before_its_first_frame(source: Source) -> None:
    """The pipeline can fail between opening and starting."""
    source.close()
    assert list(source.frames()) == []


def test_close_may_come_twice_and_from_another_thread(source: Source) -> None:
    """Whoever stops the pipeline does not know who else does."""
    frames = source.frames()
    next(frames)
    closing = [threading.Thread(target=source.close) for _ in range(3)]
    for thread in closing:
        thread.start()
    for thread in closing:
        thread.join()
    source.close()
    assert list(frames) == []


def test_close_while_frames_are_being_read_ends_them_in_peace(source: Source) -> None:
    """FFmpeg may be inside the file just then: it is let go when it comes out."""
    closer = threading.Thread(target=source.close)
    closer.start()
    count = len(list(source.frames()))
    closer.join()
    assert count <= 5


def test_a_closed_source_holds_no_file(source: Source, tmp_path: Path) -> None:
    """On Windows a file that is held can be neither replaced nor removed."""
    frames = source.frames()
    kept = next(frames)
    source.close()
    held = [f.path for f in psutil.Process().open_files() if Path(f.path).is_relative_to(tmp_path)]
    assert held == []
    assert kept.planes


PATH_DOORS: list[Callable[[Path], Source]] = [
    lambda path: FileSource(path, corrupt_limit=0),
    lambda path: ImageSource(path),
    lambda path: FolderSource(path, rate=Fraction(25), corrupt_limit=0),
]


@pytest.mark.parametrize("door", PATH_DOORS, ids=["file", "image", "folder"])
def test_a_missing_path_is_named_with_what_is_there_instead(
    door: Callable[[Path], Source], tmp_path: Path
) -> None:
    """The commonest mistake is a typing error."""
    (tmp_path / "holiday.mov").touch()
    with pytest.raises(SourceNotFound, match="holday") as caught:
        door(tmp_path / "holday.mp4")
    assert "holiday.mov" in caught.value.message
    assert caught.value.advice
