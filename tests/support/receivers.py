"""Streams on loopback: who receives a live picture and decodes it, and who sends one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from types import TracebackType
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from mattebox.errors import SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import pixel_format
from mattebox.sinks.stream import StreamSink

Picture = npt.NDArray[np.uint8]

# What each quarter shows: Y, Cb, Cr. A plane in the wrong place, or turned, shows at once.
QUARTERS = ((60, 90, 200), (120, 200, 90), (180, 60, 60), (220, 160, 160))
TICKS = VideoFormat(160, 96, pixel_format("yuv420p"), Fraction(1, 25), Fraction(25))


def quartered(pts: int, format: VideoFormat = TICKS) -> Frame:
    """A picture of four flat quarters."""
    planes = []
    for number, (rows, columns) in enumerate(format.plane_shapes):
        plane = np.empty((rows, columns), np.uint8)
        half = rows // 2, columns // 2
        plane[: half[0], : half[1]] = QUARTERS[0][number]
        plane[: half[0], half[1] :] = QUARTERS[1][number]
        plane[half[0] :, : half[1]] = QUARTERS[2][number]
        plane[half[0] :, half[1] :] = QUARTERS[3][number]
        planes.append(plane)
    return Frame(tuple(planes), format, pts, duration=1)


def quarters_of(picture: Picture) -> list[tuple[int, int, int]]:
    """Y, Cb, Cr in the middle of each quarter of an I420 picture (height × 3/2, width)."""
    height, width = picture.shape[0] * 2 // 3, picture.shape[1]
    luma, chroma = picture[:height], picture[height:].reshape(2, height // 2, width // 2)
    found = []
    for row in (0.25, 0.75):
        for column in (0.25, 0.75):
            y = luma[round(row * height), round(column * width)]
            cb, cr = chroma[:, round(row * height / 2), round(column * width / 2)]
            found.append((int(y), int(cb), int(cr)))
    return found


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody uses now."""
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Receiver:
    """Waits for a stream, and decodes it until it is stopped or the stream ends.

    Args:
        address: to receive at.
        options: of FFmpeg's.

    Attributes:
        pictures: as I420.
        times: when each is to be shown, in seconds.
        pictures_alone: which of them were key frames.
        profile: of the codec, once a picture has come.
    """

    def __init__(self, address: str, **options: str) -> None:
        self._address, self._options = address, options
        self.pictures: list[Picture] = []
        self.times: list[float] = []
        self.pictures_alone: list[bool] = []
        self.profile: str | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._receive)

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _receive(self) -> None:
        while not self._stopped.is_set():
            try:
                with av.open(self._address, options=self._options, timeout=(2, 1)) as container:
                    self._decode(container)
                return
            except (av.FFmpegError, OSError):
                continue  # nothing came yet

    def _decode(self, container: Any) -> None:
        for frame in container.decode(video=0):
            self.profile = container.streams.video[0].codec_context.profile
            if frame.time is not None:  # RTSP tells the time some packets later
                self.times.append(float(frame.time))
            self.pictures_alone.append(bool(frame.key_frame))
            self.pictures.append(frame.to_ndarray(format="yuv420p"))
            if self._stopped.is_set():
                return


def udp_receiver(port: int) -> Receiver:
    """MPEG-TS over UDP."""
    return Receiver(f"udp://127.0.0.1:{port}", analyzeduration="500000", fflags="nobuffer")


def rtmp_receiver(port: int) -> Receiver:
    """An RTMP server for one publisher."""
    return Receiver(f"rtmp://127.0.0.1:{port}/live/key", listen="1", analyzeduration="500000")


def rtsp_receiver(port: int) -> Receiver:
    """An RTSP server for one publisher."""
    return Receiver(f"rtsp://127.0.0.1:{port}/live", **RTSP_SERVER)


RTSP_SERVER = {"rtsp_flags": "listen", "listen_timeout": "5", "analyzeduration": "500000"}


class Publisher:
    """Sends quartered pictures to an address, as soon as somebody listens there."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._publish)

    def __enter__(self) -> Publisher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(10)
        assert not self._thread.is_alive()

    def _publish(self) -> None:
        while not self._stopped.wait(0.1):
            sink = StreamSink(self._address, bitrate_kbps=1000, longest_wait_s=0.3)
            try:
                sink.open(TICKS)
            except SinkRefused:
                continue
            pts = 0
            while not self._stopped.wait(0.04):
                sink.write(quartered(pts))
                pts += 1
            sink.close()


def send_until(write: Callable[[Frame], None], is_so: Callable[[], bool], *, begin: int = 0) -> int:
    """Write a picture every 40 ms until that is so; the next pts."""
    pts, deadline = begin, time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        write(quartered(pts))
        pts += 1
        time.sleep(0.04)
    return pts
