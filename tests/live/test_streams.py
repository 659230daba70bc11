"""Whole sessions on a real stream, into a real file: lost and found, and never the room."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest

from mattebox.assemble.live import open_live
from mattebox.assemble.live_doors import shown_output
from mattebox.errors import SettingsError
from mattebox.settings import resolve
from receivers import free_port, rtmp_receiver
from sessions import kinds, live_settings, running, wait_until
from streams import MjpegCamera


@pytest.mark.parametrize("door", ["", "camera:"], ids=["pyav", "opencv"])
def test_a_stream_that_is_killed_and_started_again(door: str, tmp_path: Path) -> None:
    """The placeholder while it is away, the subject when it is back, the room never."""
    recording = tmp_path / "call.mkv"
    with (
        MjpegCamera() as camera,
        running(open_live(door + camera.address, [str(recording)], live_settings())) as run,
    ):
        wait_until(lambda: run.presenter.figures.shown >= 5)
        camera.stop()
        gone = run.presenter.figures.placeholders
        wait_until(lambda: run.presenter.figures.placeholders > gone + 3)
        shown = run.presenter.figures.shown
        camera.start()
        wait_until(lambda: run.presenter.figures.shown > shown + 5)
    assert len(run.supervisor.outages) == 1
    assert kinds(recording)[-3:] == ["composite", "placeholder", "composite"]
    assert "room" not in kinds(recording)


def test_a_camera_that_is_not_there_yet(tmp_path: Path) -> None:
    """The placeholder, in the size that was asked for, until it comes; then fitted into that."""
    recording = tmp_path / "call.mkv"
    camera = MjpegCamera()
    run = open_live(camera.address, [str(recording)], live_settings())
    assert run.mode == "nothing yet"
    with running(run):
        wait_until(lambda: run.presenter.figures.placeholders >= 5)
        with camera:
            wait_until(lambda: run.presenter.figures.shown >= 5)
            run.session.stop()
    assert kinds(recording)[:2] == ["placeholder", "composite"]


def test_a_file_at_its_own_pace_ends_the_session(tmp_path: Path) -> None:
    """With every frame accounted for."""
    clip = tmp_path / "clip.mkv"
    from mattebox import replace_background

    replace_background(
        "synthetic", clip, backdrop="navy", model={"name": "none"}, sink={"codec": "ffv1"}
    )
    run = open_live(str(clip), [str(tmp_path / "out.mp4")], live_settings(), realtime=True)
    run.session.run()
    report, figures = run.supervisor.report, run.presenter.figures
    assert report is not None
    assert report.captured == 150 == report.written + report.dropped
    assert figures.offered == report.written
    assert (tmp_path / "out.mp4").exists()


def test_what_is_no_live_input_is_refused_with_the_next_step(tmp_path: Path) -> None:
    """A file needs --realtime; an output without a suffix is a typing error."""
    for nonsense in ("screen:1,2", "screen:0,0,0x9", "screen:-1,0,9x9", "screen:a"):
        with pytest.raises(SettingsError, match="screen:LEFT,TOP"):
            open_live(nonsense, ["virtual"], live_settings())
    with pytest.raises(SettingsError, match="--realtime"):
        open_live("clip.mp4", ["virtual"], live_settings())
    with MjpegCamera() as camera, pytest.raises(SettingsError, match="virtual, window"):
        open_live(camera.address, ["virtul"], live_settings())
    clear = resolve({"backdrop": {"source": "transparent"}})
    with pytest.raises(SettingsError, match="lime"):
        open_live("camera:0", ["virtual"], clear)


def test_a_layer_that_is_no_composite_has_a_placeholder_too(tmp_path: Path) -> None:
    """The matte itself, in gray."""
    gray = resolve({"layer": "matte"}, live_settings().model_dump(exclude={"layer"}))
    recording = tmp_path / "call.mkv"
    with (
        MjpegCamera() as camera,
        running(open_live(camera.address, [str(recording)], gray)) as run,
    ):
        wait_until(lambda: run.presenter.figures.shown >= 5)
    assert recording.exists()


def test_the_command_ends_well_at_ctrl_c(tmp_path: Path) -> None:
    """Exit code 0, a recording that plays, and the story told to a program."""
    recording = tmp_path / "call.mp4"
    words = ["-o", str(recording), "-m", "threshold", "-b", "navy", "--json"]
    events = []
    with (
        MjpegCamera() as camera,
        subprocess.Popen(
            [sys.executable, "-m", "mattebox", "live", "-i", camera.address, *words],
            stdout=subprocess.PIPE,
            text=True,
        ) as program,
    ):
        assert program.stdout is not None
        for line in program.stdout:
            events.append(json.loads(line))
            if events[-1]["event"] == "progress" and events[-1]["shown"]["shown"] >= 5:
                program.send_signal(signal.SIGINT)
    assert program.returncode == 0
    assert [events[0]["event"], events[-1]["event"]] == ["start", "done"]
    with av.open(str(recording)) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 5


def test_a_server_that_dies_gets_the_stream_again_and_holds_up_no_recording(
    tmp_path: Path,
) -> None:
    """The whole session: into a file and to an RTMP server, which is killed and started again."""
    recording, port = tmp_path / "call.mkv", free_port()
    address = f"rtmp://127.0.0.1:{port}/live/key"
    with MjpegCamera() as camera, rtmp_receiver(port) as first:
        time.sleep(0.5)  # it listens only once FFmpeg is there
        run = open_live(
            camera.address, [str(recording), address], live_settings(longest_wait_s=0.3)
        )
        with running(run):
            wait_until(lambda: len(first.pictures) >= 5)
            first.__exit__(None, None, None)
            with rtmp_receiver(port) as second:
                wait_until(lambda: len(second.pictures) >= 5)
                run.session.stop()
    assert run.presenter.figures.lateness_p95_s is not None
    assert "room" not in kinds(recording)


def test_a_stream_key_is_not_told() -> None:
    """What is written to logs and to programs is read by others."""
    assert "secret" not in shown_output("rtmp://live.example.com/app/secret")
    assert "live.example.com" in shown_output("rtmp://live.example.com/app/secret")
    assert shown_output("calls/secret.mp4") == "calls/secret.mp4"
