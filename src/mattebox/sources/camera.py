"""Cameras through OpenCV, as a ``Source``: by number, by path, and as a stream.

What lives here: asking a camera for a mode, and its pictures as planes. What does not: opening it
again when it is gone (``live.supervisor``). ``frames`` runs on the capture thread, ``close`` on
any.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.colour import MATRIX_BT601, Colour, Planes, Range
from mattebox.errors import DeviceLost, SourceError, SourceNotFound
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import PixelFormat, pixel_format

_log = logging.getLogger(__name__)

Samples: TypeAlias = npt.NDArray[np.uint8]  # as OpenCV gives them

# Windows and macOS have no list to read; cameras are numbered from 0 without large gaps.
_PROBED_ELSEWHERE = range(5)
# Microseconds: a moment is said exactly enough, and a day fits.
_TIME_BASE = Fraction(1, 1_000_000)
# A camera whose driver says nothing of its rate.
_USUAL_RATE = Fraction(30)
# How long a stream may take to answer, and to send its next picture.
_OPEN_TIMEOUT_MS, _READ_TIMEOUT_MS = 3000, 1500
_I420, _YUYV = pixel_format("yuv420p"), pixel_format("yuv422p")
# What OpenCV makes of BGR, and what USB cameras send: ITU-R BT.601, limited range.
_COLOUR = Colour(matrix=MATRIX_BT601, range=Range.LIMITED)


@dataclass(frozen=True, slots=True)
class CameraMode:
    """What is asked of a camera; it gives what it can.

    Attributes:
        width, height: in pixels.
        rate: pictures per second.
        codecs: what it should send, best first, as four letters each; after the last, anything.
            MJPG comes first because USB has room for few large pictures without compression.
    """

    width: int
    height: int
    rate: float
    codecs: tuple[str, ...] = ("MJPG", "YUYV")


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera that opened.

    Attributes:
        index: OpenCV's number for it.
        path: its device node where the system has one.
        width, height: the size that it starts with, in pixels.
    """

    index: int
    path: str | None
    width: int
    height: int


class CameraSource:
    """Pictures from a camera as they come, in planes.

    A picture's pts is the moment of its arrival, in microseconds after the first one.

    Attributes:
        mode: what was agreed upon, in words.

    Args:
        device: a number, a device node (links such as ``/dev/v4l/by-id/…`` stay the same after
            replugging), or an address that OpenCV opens.
        asked: the mode that is wanted.

    Raises:
        SourceNotFound: there is no such camera.
        SourceError: it is there, and gives no picture.
    """

    live = True
    frames_expected = None
    skipped = 0

    def __init__(self, device: int | str, asked: CameraMode) -> None:
        self._name = f"camera {device}"
        self._reading = threading.Lock()  # held while OpenCV works on the camera
        self._closed = False
        self._capture = _open(device, asked)
        try:
            first = self._read()
            if first is None:
                raise SourceError(
                    f"{self._name} opens and gives no picture.",
                    "Close other programs that use it, unplug it and plug it in again.",
                )
        except BaseException:
            self._capture.release()
            raise
        self._first: Samples | None = first
        self._format = VideoFormat(
            width=first.shape[1] // 2 * 2,  # an odd edge has no chroma of its own
            height=first.shape[0] // 2 * 2,
            pixels=_layout(first),
            time_base=_TIME_BASE,
            rate=self._rate(asked),
            colour=_COLOUR,
        )
        self._began: float | None = None
        self.mode = f"{self._format}, {_letters(self._capture)}"

    @property
    def format(self) -> VideoFormat:
        """What every frame is."""
        return self._format

    def frames(self) -> Iterator[Frame]:
        """The pictures as they come.

        Raises:
            DeviceLost: the camera is gone, or its pictures have another size.
        """
        while True:
            with self._reading:
                if self._closed:
                    break
                picture, self._first = self._first, None
                picture = self._read() if picture is None else picture
            if picture is None:
                raise DeviceLost(f"{self._name} gives no more pictures.", "Plug it in again.")
            yield self._frame(picture)
            del picture
        self._release()

    def close(self) -> None:
        """Let go of the camera: now, or as soon as OpenCV returns from reading it."""
        self._closed = True
        self._release()

    def _release(self) -> None:
        if not self._reading.acquire(blocking=False):
            return  # the reading thread will see that it is closed
        try:
            self._capture.release()
        finally:
            self._reading.release()

    def _read(self) -> Samples | None:
        with _quiet_opencv():
            found, picture = self._capture.read()
        return np.asarray(picture, np.uint8) if found else None

    def _frame(self, picture: Samples) -> Frame:
        now = time.monotonic()
        if self._began is None:
            self._began = now
        if _even(picture) != (self._format.height, self._format.width):
            raise DeviceLost(
                f"{self._name} now sends {picture.shape[1]}×{picture.shape[0]} pixels and no "
                f"longer {self._format.width}×{self._format.height}."
            )
        pts = round((now - self._began) / _TIME_BASE)
        return Frame(_planes(picture), self._format, pts, arrived_at=now)

    def _rate(self, asked: CameraMode) -> Fraction:
        said = self._capture.get(cv2.CAP_PROP_FPS)
        if 1 <= said <= 1000:
            return Fraction(said).limit_denominator(1001)
        return Fraction(asked.rate).limit_denominator(1001) or _USUAL_RATE


def find_cameras() -> list[CameraInfo]:
    """Every camera that opens, in order; takes up to a second for each.

    A camera that another program holds does not open and is not listed.
    """
    with _quiet_opencv():
        return [camera for index in _candidates() if (camera := _probe(index)) is not None]


def stable_path(index: int) -> str | None:
    """The link that goes on naming this camera after replugging; None where there is none."""
    node = f"/dev/video{index}"
    for folder in (Path("/dev/v4l/by-id"), Path("/dev/v4l/by-path")):
        for link in sorted(folder.glob("*")) if folder.is_dir() else ():
            if os.path.realpath(link) == node:
                return str(link)
    return None


def _open(device: int | str, asked: CameraMode) -> cv2.VideoCapture:
    if isinstance(device, str) and "://" not in device:
        device = _node_index(device)
    with _quiet_opencv():
        capture = _capture(device)
        if not capture.isOpened():
            capture.release()
            raise _not_there(device)
        if isinstance(device, int):
            _negotiate(capture, asked)
    return capture


def _capture(device: int | str) -> cv2.VideoCapture:
    if isinstance(device, str):
        timeouts = [
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_TIMEOUT_MS),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_TIMEOUT_MS),
        ]
        return cv2.VideoCapture(device, cv2.CAP_FFMPEG, timeouts)
    backend = cv2.CAP_V4L2 if sys.platform.startswith("linux") else cv2.CAP_ANY
    return cv2.VideoCapture(device, backend)


def _negotiate(capture: cv2.VideoCapture, asked: CameraMode) -> None:
    """Ask for codec, size and rate, in that order: a codec decides which sizes there are."""
    for codec in asked.codecs:
        fourcc = cv2.VideoWriter.fourcc(*codec)
        capture.set(cv2.CAP_PROP_FOURCC, fourcc)
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, asked.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, asked.height)
        capture.set(cv2.CAP_PROP_FPS, asked.rate)
        if int(capture.get(cv2.CAP_PROP_FOURCC)) == fourcc:
            break
    if _letters(capture) == "YUYV":
        capture.set(cv2.CAP_PROP_CONVERT_RGB, 0)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what waits in the driver is old


def _letters(capture: cv2.VideoCapture) -> str:
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    letters = bytes((code >> shift) & 0xFF for shift in (0, 8, 16, 24))
    return letters.decode("ascii", "replace").strip("\0 ") or "unknown codec"


def _node_index(path: str) -> int:
    node = Path(os.path.realpath(path)).name
    number = node.removeprefix("video")
    if not Path(path).exists() or not number.isdigit():
        raise SourceNotFound(
            f"there is no camera at {path}.", "Plug it in, or run `mattebox devices`."
        )
    return int(number)


def _not_there(device: int | str) -> SourceNotFound:
    if isinstance(device, str):
        return SourceNotFound(f"nothing answers at {device}.", "Start the camera, or check it.")
    present = ", ".join(str(index) for index in _candidates())
    seen = f"The system has {present}" if present else "The system has none"
    return SourceNotFound(
        f"camera {device} does not open. {seen}.",
        "Close other programs that use it, or run `mattebox devices` and pass -i camera:N.",
    )


def _layout(picture: Samples) -> PixelFormat:
    return _YUYV if picture.shape[2:] == (2,) else _I420


def _planes(picture: Samples) -> Planes:
    """The planes of what OpenCV gave: YUYV as it is, BGR converted."""
    height, width = _even(picture)
    if picture.shape[2:] == (2,):
        luma, chroma = picture[:height, :width, 0], picture[:height, :width, 1]
        return luma, chroma[:, ::2], chroma[:, 1::2]
    stacked: Any = cv2.cvtColor(picture[:height, :width], cv2.COLOR_BGR2YUV_I420)
    chroma = stacked[height:].reshape(2, height // 2, width // 2)
    return stacked[:height], chroma[0], chroma[1]


def _even(picture: Samples) -> tuple[int, int]:
    """(height, width) without an odd line or column at the end."""
    return picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2


def _candidates() -> Sequence[int]:
    if not sys.platform.startswith("linux"):
        return _PROBED_ELSEWHERE
    numbers = (path.name.removeprefix("video") for path in Path("/dev").glob("video*"))
    return sorted(int(number) for number in numbers if number.isdigit())


def _probe(index: int) -> CameraInfo | None:
    capture = cv2.VideoCapture(index)
    try:
        if not capture.isOpened():
            return None
        width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
        height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    finally:
        capture.release()
    path = f"/dev/video{index}" if sys.platform.startswith("linux") else None
    return CameraInfo(index, path, width, height)


@contextmanager
def _quiet_opencv() -> Iterator[None]:
    """A camera that does not open is an answer here, not a line on stderr."""
    before = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(before)
