"""The samples: the clip is matted well, the scripts run, and are short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from clips import cut, shorten
from places import SAMPLES
from running import decoded_planes, done, look_at, read_picture

SCRIPTS = sorted(SAMPLES.glob("*.py"))


def run_script(name: str, *arguments: str | Path) -> str:
    command = [sys.executable, str(SAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=240).stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_sample_script_is_short(script: Path) -> None:
    """At most thirty lines."""
    assert len(script.read_text("utf-8").splitlines()) <= 30


def test_the_sample_clip_is_matted_well(tmp_path: Path) -> None:
    """Against its true alpha: mean IoU of at least 0.9 with the weights in the wheel.

    Its first two seconds only: she moves in them as in the four that follow.
    """
    clip = cut(SAMPLES / "clip.mp4", tmp_path / "clip.mp4", frames=49)
    matte = tmp_path / "matte.mkv"
    done("run", clip, "-o", tmp_path / "out.mp4", "--matte", matte, "-b", "navy")
    found = [planes[0] > 127 for planes in decoded_planes(matte)]
    truth = [planes[0] for planes in decoded_planes(SAMPLES / "clip.alpha.mkv")][: len(found)]
    assert len(found) == 49
    size = found[0].shape[::-1]
    overlaps = []
    for ours, true in zip(found, truth, strict=True):
        theirs = cv2.resize(true, size, interpolation=cv2.INTER_LINEAR) > 127
        overlaps.append((ours & theirs).sum() / (ours | theirs).sum())
    assert np.mean(overlaps) >= 0.9


@pytest.fixture
def short_clip(tmp_path: Path) -> Path:
    """The first second of the sample clip, small."""
    return shorten(SAMPLES / "clip.mp4", tmp_path / "short.mp4", frames=8)


def test_replace_video(tmp_path: Path, short_clip: Path) -> None:
    """The simplest script there is; it ends by naming the bottleneck."""
    output = tmp_path / "out.mp4"
    printed = run_script("replace_video.py", short_clip, "seagreen", output)
    assert "bottleneck" in printed
    assert len(look_at(output).pts) == 8


def test_cut_out_thing(tmp_path: Path) -> None:
    """A photo of a thing becomes a transparent PNG."""
    output = tmp_path / "thing.png"
    run_script("cut_out_thing.py", SAMPLES / "thing.jpg", output)
    assert read_picture(output).shape[2] == 4


def test_try_backdrops(tmp_path: Path, short_clip: Path) -> None:
    """One inference, several composites."""
    run_script("try_backdrops.py", short_clip, tmp_path, "navy", "blur")
    assert {"0.mp4", "1.mp4", "matte.mkv"} <= {path.name for path in tmp_path.iterdir()}


def test_measure_presence(short_clip: Path) -> None:
    """The generator form, a line for each frame."""
    printed = run_script("measure_presence.py", short_clip)
    assert len(printed.splitlines()) == 8


def test_before_after(tmp_path: Path, short_clip: Path) -> None:
    """The contact sheet has two rows."""
    sheet = tmp_path / "sheet.png"
    run_script("before_after.py", short_clip, short_clip, sheet)
    picture = read_picture(sheet)
    half = picture.shape[0] // 2
    assert np.array_equal(picture[:half], picture[half:])
