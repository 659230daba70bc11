"""A camera that is released while nobody reads the virtual one, on real nodes of both."""

from __future__ import annotations

import time
from collections.abc import Callable

import cv2
import pytest

from devices import PullableCamera, wait_until
from mattebox.assemble.live import open_live
from mattebox.sources.camera import CameraMode, CameraSource
from sessions import live_settings, running

pytestmark = pytest.mark.camera


def test_it_is_released_for_others_and_wakes_for_a_reader(
    camera: PullableCamera, record_property: Callable[[str, object], None]
) -> None:
    """Another program can have the camera meanwhile; a reader of the virtual one has pictures."""
    settings = live_settings(rest_after_s=1.0, lost_after_s=5.0, reopen_after_s=30.0)
    with running(open_live(f"camera:{camera.path}", ["virtual:/dev/video9"], settings)) as run:
        wait_until(lambda: run.supervisor.is_resting)
        wait_until(_camera_is_free)
        shown = run.presenter.figures.shown
        reader, opened = cv2.VideoCapture(9, cv2.CAP_V4L2), time.monotonic()
        assert reader.isOpened()
        wait_until(lambda: run.presenter.figures.shown > shown)
        record_property("woke after", f"{1000 * (time.monotonic() - opened):.0f} ms (emulated)")
        assert reader.read()[0]
        reader.release()
        wait_until(lambda: run.supervisor.is_resting)
    assert not run.supervisor.outages


def _camera_is_free() -> bool:
    try:
        CameraSource(0, CameraMode(320, 180, 30)).close()
    except Exception:
        return False
    return True
