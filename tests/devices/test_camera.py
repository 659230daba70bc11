"""A real device node: formats and sizes, names that last, a cable that is pulled."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from devices import PullableCamera, wait_until
from mattebox.assemble.live import open_live
from mattebox.errors import DeviceLost, SourceError, SourceNotFound
from mattebox.sources.camera import CameraMode, CameraSource, find_cameras, stable_path
from sessions import live_settings, running

pytestmark = pytest.mark.camera


def test_it_is_found_and_has_a_name_that_lasts(camera: PullableCamera) -> None:
    """By its place, as nothing tells it from another of its kind."""
    assert [each.index for each in find_cameras()][:1] == [0]
    assert stable_path(0) == camera.path
    assert stable_path(77) is None


@pytest.mark.parametrize(
    ("asked", "given"), [((320, 180), (320, 180)), ((640, 360), (640, 360)), ((650, 365), None)]
)
def test_sizes(asked: tuple[int, int], given: tuple[int, int] | None) -> None:
    """What it has is given as asked; else the nearest that it has, and said so."""
    with contextlib.closing(CameraSource(0, CameraMode(*asked, rate=30))) as source:
        size = source.format.width, source.format.height
        assert size == given or (given is None and size != asked)
        assert f"{size[0]}×{size[1]}" in source.mode
        frame = next(source.frames())
    assert frame.format == source.format
    assert frame.planes[0].std() > 10  # colour bars


def test_a_camera_without_jpeg_sends_yuyv_as_it_is() -> None:
    """The next in the list; its planes are the camera's own, at 4:2:2."""
    with contextlib.closing(CameraSource(0, CameraMode(320, 180, 30))) as source:
        assert source.format.pixels.name == "yuv422p"
        assert "YUYV" in source.mode


def test_by_its_path_and_by_none(camera: PullableCamera) -> None:
    """A path that is no camera's is told with what to do."""
    with contextlib.closing(CameraSource(camera.path, CameraMode(320, 180, 30))) as source:
        next(source.frames())
    with pytest.raises(SourceNotFound, match="mattebox devices"):
        CameraSource("/dev/v4l/by-path/nothing", CameraMode(320, 180, 30))
    with pytest.raises(SourceNotFound, match="camera 55 does not open"):
        CameraSource(55, CameraMode(320, 180, 30))


def test_a_camera_that_somebody_else_holds_says_so() -> None:
    """Two programs cannot have it at once."""
    mode = CameraMode(320, 180, 30)
    with contextlib.closing(CameraSource(0, mode)), pytest.raises(SourceError, match="other"):
        CameraSource(0, mode)


def test_a_pulled_cable_ends_the_frames(camera: PullableCamera) -> None:
    """And the camera is there again when it is back."""
    source = CameraSource(0, CameraMode(320, 180, 30))
    frames = source.frames()
    next(frames)
    camera.unplug()
    with pytest.raises(DeviceLost):
        for _ in frames:
            pass
    source.close()
    camera.plug_in()
    with contextlib.closing(CameraSource(0, CameraMode(320, 180, 30))) as again:
        next(again.frames())


def test_a_session_goes_on_when_it_is_plugged_in_again(
    camera: PullableCamera, tmp_path: Path
) -> None:
    """Found by its lasting name, into a recording that plays."""
    recording = tmp_path / "call.mkv"
    settings = live_settings(longest_wait_s=0.5, lost_after_s=2.0, reopen_after_s=20.0)
    with running(open_live("camera:0", [str(recording)], settings)) as run:
        wait_until(lambda: run.presenter.figures.shown >= 3)
        camera.unplug()
        gone = run.presenter.figures.placeholders
        wait_until(lambda: run.presenter.figures.placeholders > gone + 2)
        shown = run.presenter.figures.shown
        camera.plug_in()
        wait_until(lambda: run.presenter.figures.shown >= shown + 3)
    assert len(run.supervisor.outages) == 1
    assert recording.exists()
