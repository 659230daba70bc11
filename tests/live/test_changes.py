"""Whole sessions on a real stream, changed while they run: what is shown is what was asked for."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from mattebox.assemble.live import LiveRun, open_live
from mattebox.errors import MatteboxError, SettingsError, SourceNotFound
from mattebox.settings import adjusted, nested
from sessions import kinds, live_settings, running, wait_until
from streams import MjpegCamera

Picture = npt.NDArray[np.uint8]


def lasting(run: LiveRun, pictures: int = 4) -> None:
    """Wait for so many more pictures."""
    shown = run.presenter.figures.shown
    wait_until(lambda: run.presenter.figures.shown >= shown + pictures)


def changed(run: LiveRun, **values: object) -> list[str]:
    """Change options, a dot written as two underscores."""
    dotted = {key.replace("__", "."): value for key, value in values.items()}
    return run.change(adjusted(run.settings, nested(dotted)))


def corner(picture: Picture) -> tuple[int, ...]:
    """The colour of the corner, where the backdrop is: R, G, B."""
    return tuple(int(value) for value in np.median(picture[:8, :8], axis=(0, 1)))


def pictures(recording: Path) -> list[Picture]:
    with av.open(str(recording)) as container:
        frames = container.decode(video=0)
        return [np.asarray(frame.to_ndarray(format="rgb24"), np.uint8) for frame in frames]


def test_a_backdrop_fades_into_another_and_the_room_is_never_seen(tmp_path: Path) -> None:
    """Also an image of another size; with every frame accounted for."""
    image = tmp_path / "blue.png"
    cv2.imwrite(str(image), np.full((50, 70, 3), (200, 0, 0), np.uint8))
    recording = tmp_path / "call.mkv"
    with (
        MjpegCamera() as camera,
        running(open_live(camera.address, [str(recording)], live_settings(fade_s=0.0))) as run,
    ):
        lasting(run)
        assert changed(run, live__fade_s=3.0) == []
        assert changed(run, backdrop__source=str(image)) == []
        time.sleep(3.5)
        lasting(run, 4)
    report, figures = run.supervisor.report, run.presenter.figures
    assert report is not None
    assert report.captured == report.written + report.dropped + report.unfinished
    assert figures.offered == figures.shown + figures.superseded + figures.refused + figures.waiting
    assert "room" not in kinds(recording)
    shown = [corner(picture) for picture in pictures(recording)]
    blue = [colour[2] for colour in shown if colour[1] + colour[2] > 120]  # no placeholder
    assert min(np.diff(blue)) > -6  # what the encoder adds
    assert blue[0] < 10
    assert blue[-1] > 180
    assert len({value for value in blue if 15 < value < 180}) >= 3  # it was a fade


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"backdrop__source": "nowhere/beach.jpg"}, SourceNotFound),
        ({"backdrop__source": "transparent"}, SettingsError),
        ({"live__placeholder": "nowhere/logo.png"}, SourceNotFound),
        ({"model__name": "nowhere.safetensors"}, MatteboxError),
        ({"layer": "matte"}, SettingsError),
        ({"overlay__path": "nowhere/logo.png"}, SourceNotFound),
        ({"live__mirror": True, "backdrop__source": "no colour"}, MatteboxError),
    ],
)
def test_what_cannot_be_had_changes_nothing(
    values: dict[str, object], error: type[Exception], tmp_path: Path
) -> None:
    """Not even the part of it that could be."""
    with (
        MjpegCamera() as camera,
        running(open_live(camera.address, [], live_settings())) as run,
    ):
        lasting(run)
        before = run.settings
        with pytest.raises(error):
            changed(run, **values)
        lasting(run)
        assert run.settings is before
        glimpse = run.glimpse()
        assert glimpse is not None
    assert not run.supervisor.outages


def test_a_mirror_a_threshold_and_a_layer_change_between_two_frames() -> None:
    """Each is seen in the picture, and no frame is lost."""
    with (
        MjpegCamera(_left_square) as camera,
        running(open_live(camera.address, [], live_settings())) as run,
    ):
        lasting(run)
        assert _bright_half(run) == "left"
        changed(run, live__mirror=True)
        lasting(run)
        assert _bright_half(run) == "right"
        changed(run, threshold__foreground="dark")
        lasting(run, 8)
        assert _bright_half(run) == "none"
        changed(run, threshold__foreground="light", live__mirror=False, foreground__estimate=False)
        lasting(run)
        assert _bright_half(run) == "left"
    report = run.supervisor.report
    assert report is not None
    assert report.captured == report.written + report.dropped + report.unfinished


def test_framing_and_a_logo_come_and_go(tmp_path: Path) -> None:
    """The subject grows to the zoom and shrinks back; the logo is where it should be."""
    logo = tmp_path / "logo.png"
    cv2.imwrite(str(logo), np.full((10, 10, 3), (0, 0, 255), np.uint8))
    with (
        MjpegCamera(_left_square) as camera,
        running(open_live(camera.address, [], live_settings())) as run,
    ):
        lasting(run)
        small = _bright_share(run)
        changed(run, framing__auto=True, framing__half_life_s=0.1, overlay__path=str(logo))
        wait_until(lambda: _bright_share(run) > 1.8 * small)
        glimpse = run.glimpse()
        assert glimpse is not None
        assert glimpse.picture.planes[2][42, 70] > 220
        assert np.ptp(glimpse.picture.planes[0][:8, :8]) < 4  # the backdrop, everywhere
        changed(run, framing__auto=False, overlay__path="")
        wait_until(lambda: _bright_share(run) < 1.1 * small)
        lasting(run)
        glimpse = run.glimpse()
        assert glimpse is not None
        assert glimpse.picture.planes[2][42, 70] < 100
    assert not run.supervisor.outages


def _bright_share(run: LiveRun) -> float:
    glimpse = run.glimpse()
    assert glimpse is not None
    return float((glimpse.picture.planes[0] > 180).mean())


def test_a_change_while_the_camera_is_away_counts_when_it_is_back(tmp_path: Path) -> None:
    """And the placeholder changes at once."""
    recording = tmp_path / "call.mkv"
    with (
        MjpegCamera() as camera,
        running(open_live(camera.address, [str(recording)], live_settings())) as run,
    ):
        lasting(run)
        camera.stop()
        gone = run.presenter.figures.placeholders
        wait_until(lambda: run.presenter.figures.placeholders > gone + 3)
        changed(run, backdrop__source="#0000c0", live__placeholder="#900000")
        with pytest.raises(SourceNotFound):
            changed(run, backdrop__source="nowhere.jpg")
        gone = run.presenter.figures.placeholders
        wait_until(lambda: run.presenter.figures.placeholders > gone + 3)
        camera.start()
        lasting(run, 5)
    assert "room" not in kinds(recording)
    shown = [corner(picture) for picture in pictures(recording)]
    assert any(red > 120 and green < 30 for red, green, _ in shown)
    assert shown[-1][2] > 150
    assert shown[-1][1] < 30


def test_what_only_a_start_applies_is_told() -> None:
    """And kept for it."""
    with MjpegCamera() as camera, running(open_live(camera.address, [], live_settings())) as run:
        assert changed(run, sink__codec="ffv1", quality="fast", sink__quality=100) == ["sink.codec"]
        assert run.settings.sink.codec == "ffv1"


def test_another_camera_mode_opens_the_camera_again() -> None:
    """With the placeholder in between, and no outage told: it was asked for."""
    with MjpegCamera() as camera, running(open_live(camera.address, [], live_settings())) as run:
        lasting(run)
        placeholders = run.presenter.figures.placeholders
        changed(run, camera__width=320)
        wait_until(lambda: run.presenter.figures.placeholders > placeholders)
        lasting(run)
    assert not run.supervisor.outages


def _left_square(_index: int) -> Picture:
    picture = np.full((96, 160, 3), (255, 0, 255), np.uint8)
    picture[32:64, 16:48] = 255
    return picture


def _bright_half(run: LiveRun) -> str:
    glimpse = run.glimpse()
    assert glimpse is not None
    luma = glimpse.picture.planes[0]
    halves = {"left": luma[:, :80].max() > 180, "right": luma[:, 80:].max() > 180}
    return next((name for name, is_bright in halves.items() if is_bright), "none")


def test_a_config_file_is_followed_and_a_broken_one_is_not(tmp_path: Path) -> None:
    """Twenty edits of the command's own file, five of them broken: each does what it says."""
    config = tmp_path / "live.toml"
    config.write_text(_text("navy"))
    words = ["--config", str(config), "-o", str(tmp_path / "call.mkv"), "--json"]
    outcomes = []
    with MjpegCamera() as camera, _Program(["live", "-i", camera.address, *words]) as program:
        program.wait_for(lambda event: _shown(event) > 3)
        for text, _ in EDITS:
            config.write_text(text)
            event = program.wait_for(lambda event: str(event["event"]).startswith("settings"))
            outcomes.append(event.get("backdrop", "refused"))
        program.process.send_signal(signal.SIGINT)
        done = program.wait_for(lambda event: event["event"] == "done")
        assert program.process.wait(20) == 0
    assert outcomes == [expected for _, expected in EDITS]
    source = done["source"]
    assert isinstance(source, dict)
    assert source["captured"] == source["written"] + source["dropped"] + source["unfinished"]


class _Program:
    """The command as a process whose events are read."""

    def __init__(self, words: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mattebox", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def wait_for(
        self, is_it: Callable[[dict[str, object]], bool], timeout_s: float = 30.0
    ) -> dict[str, object]:
        """The next event that is it."""
        assert self.process.stdout is not None
        began = time.monotonic()
        for line in self.process.stdout:
            event: dict[str, object] = json.loads(line)
            if is_it(event):
                return event
            assert time.monotonic() - began < timeout_s, "it never came to that"
        raise AssertionError("the program has ended")

    def __enter__(self) -> _Program:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)


def _shown(event: dict[str, object]) -> int:
    """How many pictures were shown, as a progress event tells."""
    figures = event.get("shown")
    return int(figures["shown"]) if isinstance(figures, dict) else 0


def _text(backdrop: str) -> str:
    return f'[model]\nname = "threshold"\n[backdrop]\nsource = "{backdrop}"\n'


def _edit(number: int) -> tuple[str, str]:
    """A file's text, and the backdrop after it or "refused"."""
    broken = {
        3: "[backdrop\n",
        7: '[backdrop]\nsurce = "red"\n',
        11: '[backdrop]\nsource = "nowhere/beach.jpg"\n',
        15: "[live]\nfrozen_after_s = -1\n",
        19: '[model]\nname = "nowhere.safetensors"\n',
    }
    if number in broken:
        return broken[number], "refused"
    colour = f"#{number:02x}8040"
    return _text(colour), colour


EDITS = [_edit(number) for number in range(20)]
