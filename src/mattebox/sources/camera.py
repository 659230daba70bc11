"""Cameras that OpenCV sees. Capturing from them belongs to live use and is not here yet."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import cv2

# Windows and macOS have no list to read; cameras are numbered from 0 without large gaps.
_PROBED_ELSEWHERE = range(5)


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


def find_cameras() -> list[CameraInfo]:
    """Every camera that opens, in order; takes up to a second for each.

    A camera that another program holds does not open and is not listed.
    """
    with _quiet_opencv():
        return [camera for index in _candidates() if (camera := _probe(index)) is not None]


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
