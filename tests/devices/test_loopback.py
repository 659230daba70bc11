"""A real virtual camera: what is sent is what a program that opens it reads."""

from __future__ import annotations

import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from devices import wait_until
from mattebox.errors import SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import pixel_format
from mattebox.sinks.virtual_camera import VirtualCameraSink

pytestmark = pytest.mark.camera
DEVICE = "/dev/video9"
FORMAT = VideoFormat(320, 180, pixel_format("yuv420p"), Fraction(1, 30), Fraction(30))


def picture() -> Frame:
    """Quadrants, so that a plane in the wrong place is seen: reddish above, bluish below."""
    luma = np.full((180, 320), 120, np.uint8)
    luma[:, 160:] = 200
    blue, red = np.full((90, 160), 100, np.uint8), np.full((90, 160), 200, np.uint8)
    blue[45:], red[45:] = 200, 100
    return Frame((luma, blue, red), FORMAT, 0)


class Sending:
    """Sends one picture again and again while the block runs."""

    def __init__(self, sink: VirtualCameraSink) -> None:
        self._sink, self._over = sink, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._over.wait(0.03):
            self._sink.write(picture())

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._sink.close()


@pytest.mark.parametrize("wanted", [None, DEVICE])
def test_what_is_sent_is_what_is_read(wanted: str | None) -> None:
    """By name, or the first that is free; every plane in its place."""
    sink = VirtualCameraSink(wanted)
    sink.open(FORMAT)
    assert sink.device == DEVICE
    with Sending(sink):
        wait_until(_is_camera)
        reader = cv2.VideoCapture(9, cv2.CAP_V4L2)
        found, seen = False, np.zeros((1, 1, 3), np.uint8)
        for _ in range(5):
            found, seen = reader.read()  # type: ignore[assignment]
        reader.release()
    assert found
    assert seen.shape == (180, 320, 3)
    blue, _green, red = (seen[..., index].astype(int) for index in range(3))
    assert (red[20:70, 20:140] > blue[20:70, 20:140] + 40).all()
    assert (blue[110:160, 20:140] > red[110:160, 20:140] + 40).all()
    assert seen[20:160, 180:300].mean() > seen[20:160, 20:140].mean() + 30


def test_with_exclusive_caps_it_is_a_camera_only_while_somebody_sends() -> None:
    """What Chrome and Teams ask for before they list it."""
    assert Path("/sys/module/v4l2loopback/parameters/exclusive_caps").read_text().startswith("Y")
    assert not _is_camera()
    sink = VirtualCameraSink(DEVICE)
    sink.open(FORMAT)
    with Sending(sink):
        wait_until(_is_camera)


def _is_camera() -> bool:
    told = subprocess.run(
        ["v4l2-ctl", "-d", DEVICE, "--info"], capture_output=True, text=True, check=True
    ).stdout
    own = told.partition("Device Caps")[2]
    return "Video Capture" in own


def test_a_program_that_was_killed_leaves_a_device_that_can_be_had_again() -> None:
    """Version 0.12 of the module would offer it to nobody until it is loaded again."""
    code = (
        "import os, numpy, pyvirtualcam as p\n"
        "c = p.Camera(320, 180, 30, fmt=p.PixelFormat.I420)\n"
        "c.send(numpy.zeros((270, 320), numpy.uint8))\n"
        "os._exit(0)\n"
    )
    for wanted in (None, DEVICE):
        subprocess.run([sys.executable, "-c", code], check=True)
        sink = VirtualCameraSink(wanted)
        sink.open(FORMAT)
        sink.write(picture())
        sink.close()


def test_a_device_that_somebody_writes_to_is_left_to_them() -> None:
    """Two would show each other's pictures in turn."""
    first = VirtualCameraSink(DEVICE)
    first.open(FORMAT)
    with Sending(first):
        wait_until(_is_camera)
        with pytest.raises(SinkRefused, match="no other program sends"):
            VirtualCameraSink(DEVICE).open(FORMAT)


def test_a_device_that_is_not_there_is_refused_with_the_steps() -> None:
    """And with what goes without one."""
    with pytest.raises(SinkRefused, match=r"(?s)/dev/video77.*modprobe"):
        VirtualCameraSink("/dev/video77").open(FORMAT)
