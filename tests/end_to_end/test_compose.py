"""The matte is a product: saved once, laid over any backdrop later."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from clips import write_clip
from mattebox.apps.cli.console import EXIT_INPUT
from running import SMALL_NETWORK, decoded_planes, done, look_at, mattebox, read_picture


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Uneven times in a time base that Matroska's milliseconds cannot hold."""
    pts = [0, 512, 1024, 1100, 2048, 2049 + 64]
    return write_clip(tmp_path / "in.mp4", codec="libx264", pts=pts, time_base=Fraction(1, 15360))


def test_composing_from_the_saved_matte_gives_what_run_gave(tmp_path: Path, clip: Path) -> None:
    """Up to the matte's 8 bits: no sample differs by more than one level."""
    lossless = ("-b", "teal", "--set", "sink.codec=ffv1", "--set", "foreground.estimate=false")
    one, matte, other = tmp_path / "one.mkv", tmp_path / "matte.mkv", tmp_path / "other.mkv"
    done("run", clip, "-o", one, "--matte", matte, *SMALL_NETWORK, *lossless)
    done("compose", clip, "--matte", matte, "-o", other, *lossless)
    assert look_at(one).pts == look_at(other).pts
    for a, b in zip(decoded_planes(one), decoded_planes(other), strict=True):
        for plane, again in zip(a, b, strict=True):
            assert np.abs(plane.astype(int) - again.astype(int)).max() <= 1


def test_the_matte_has_a_picture_for_every_frame_of_its_time(tmp_path: Path, clip: Path) -> None:
    """FFV1, gray, full range, times to the millisecond that Matroska has."""
    matte = tmp_path / "matte.mkv"
    done("run", clip, "-o", tmp_path / "out.mp4", "--matte", matte, *SMALL_NETWORK)
    before, after = look_at(clip), look_at(matte)
    assert len(after.pts) == len(before.pts)
    assert all(abs(a - b) <= Fraction(1, 1000) for a, b in zip(before.pts, after.pts, strict=True))
    assert after.pixels == "gray"


def test_the_matte_of_another_file_is_refused(tmp_path: Path, clip: Path) -> None:
    """The header carries the hash of the input; exit code 3 and nothing written."""
    matte, output = tmp_path / "matte.mkv", tmp_path / "composed.mp4"
    done("run", clip, "-o", tmp_path / "out.mp4", "--matte", matte, *SMALL_NETWORK)
    other = write_clip(tmp_path / "other.mp4", codec="libx264", frames=6)
    outcome = mattebox("compose", other, "--matte", matte, "-o", output, "-b", "red")
    assert outcome.code == EXIT_INPUT
    assert "another file" in outcome.err
    assert not output.exists()


def test_a_matte_that_is_not_there_is_an_input_error(tmp_path: Path, clip: Path) -> None:
    """Exit code 3."""
    matte, output = tmp_path / "none.mkv", tmp_path / "out.mp4"
    outcome = mattebox("compose", clip, "--matte", matte, "-o", output, "-b", "red")
    assert outcome.code == EXIT_INPUT


def test_a_corrected_matte_of_a_picture_is_used(tmp_path: Path) -> None:
    """Draw the matte by hand: what is white in it is kept, bit for bit."""
    picture = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    matte = np.zeros((40, 60), np.uint8)
    matte[:, :30] = 255
    paths = [tmp_path / name for name in ("in.png", "matte.png", "out.png")]
    cv2.imwrite(str(paths[0]), picture)
    cv2.imwrite(str(paths[1]), matte)
    done("compose", paths[0], "--matte", paths[1], "-o", paths[2], "-b", "#ff0000")
    result = read_picture(paths[2])
    assert np.array_equal(result[:, :30], picture[:, :30])
    assert (result[:, 30:] == (0, 0, 255)).all()
