"""A camera that is released while nobody reads the virtual one, on real nodes of both."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

import pytest

from devices import PullableCamera, wait_until
from mattebox.assemble.live import open_live
from mattebox.sources.camera import CameraMode, CameraSource
from sessions import live_settings, running

pytestmark = pytest.mark.camera
# Another program: what this one has open does not count.
READER = ["v4l2-ctl", "-d", "/dev/video9", "--stream-mmap", "--stream-count=0"]


def test_it_is_released_for_others_and_wakes_for_a_reader(
    camera: PullableCamera, record_property: Callable[[str, object], None]
) -> None:
    """Another program can have the camera meanwhile; a reader of the virtual one has pictures."""
    settings = live_settings(rest_after_s=1.0, lost_after_s=5.0, reopen_after_s=30.0)
    with running(open_live(f"camera:{camera.path}", ["virtual:/dev/video9"], settings)) as run:
        wait_until(lambda: run.supervisor.is_resting)
        wait_until(_camera_is_free)
        shown = run.presenter.figures.shown
        woken = time.monotonic()
        with subprocess.Popen(READER, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as reader:
            wait_until(lambda: run.presenter.figures.shown >= shown + 3)
            record_property("woke after", f"{1000 * (time.monotonic() - woken):.0f} ms (emulated)")
            assert reader.poll() is None
            reader.terminate()
        wait_until(lambda: run.supervisor.is_resting)
    assert not run.supervisor.outages


def _camera_is_free() -> bool:
    try:
        CameraSource(0, CameraMode(320, 180, 30)).close()
    except Exception:
        return False
    return True
