"""The doctor on a system that has a camera and a virtual camera."""

from __future__ import annotations

import os

import pytest

from mattebox.apps.doctor.finding import System
from mattebox.apps.doctor.loopback import look_at_loopback
from mattebox.apps.doctor.video_nodes import look_at_video_nodes

pytestmark = pytest.mark.camera
CAMERA, VIRTUAL = "/dev/video0", "/dev/video9"


def test_the_module_that_is_loaded_is_found() -> None:
    """As Chrome and Teams want it."""
    found = {finding.topic: finding for finding in look_at_loopback(System.here())}
    assert found["v4l2loopback"].what == "loaded, devices: 1"
    assert found["exclusive_caps"].state == "ok"


def test_who_holds_a_camera_is_found() -> None:
    """This process, as long as it has the node open; the virtual camera is known as one."""

    def told() -> dict[str, str]:
        return {finding.topic: finding.what for finding in look_at_video_nodes(System.here())}

    assert told()[CAMERA].endswith(", free")
    assert told()[VIRTUAL] == "mattebox, virtual, free"
    node = os.open(CAMERA, os.O_RDWR)
    try:
        assert f"(pid {os.getpid()})" in told()[CAMERA]
    finally:
        os.close(node)
    assert told()[CAMERA].endswith(", free")
