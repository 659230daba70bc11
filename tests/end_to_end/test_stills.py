"""Pictures: of things and people, one or a folder full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from mattebox.apps.cli.console import EXIT_INPUT, EXIT_OUTPUT
from places import SAMPLES
from running import SMALL_NETWORK, done, mattebox, read_picture


def draw(path: Path, depth: type = np.uint8) -> Path:
    """A bright disc on a dark ground."""
    peak = np.iinfo(depth).max
    picture: npt.NDArray[Any] = np.full((90, 120, 3), peak // 10, depth)
    cv2.circle(picture, (60, 45), 25, (int(peak * 0.2), int(peak * 0.5), int(peak * 0.9)), -1)
    cv2.imwrite(str(path), picture)
    return path


def test_a_thing_is_cut_out_of_a_photo(tmp_path: Path) -> None:
    """The sample still: the corners are transparent and the middle is not."""
    output = tmp_path / "thing.png"
    done("run", SAMPLES / "thing.jpg", "-o", output)
    alpha = read_picture(output)[..., 3]
    assert alpha[0, 0] == alpha[0, -1] == 0
    assert 0.05 < (alpha > 127).mean() < 0.8


def test_a_threshold_keeps_the_thing_bit_for_bit(tmp_path: Path) -> None:
    """What is foreground in a picture comes out as it went in, at 16 bit too."""
    picture = draw(tmp_path / "in.png", np.uint16)
    output = tmp_path / "out.png"
    done("run", picture, "-o", output, "-b", "blue", "-m", "threshold")
    before = read_picture(picture)
    after = read_picture(output)
    assert after.dtype == np.uint16
    assert np.array_equal(after[45, 50:70], before[45, 50:70])
    assert tuple(after[2, 2]) == (65535, 0, 0)


def test_every_picture_of_a_folder_is_done_and_a_broken_one_is_told(tmp_path: Path) -> None:
    """The others are made; exit code 3 names the one that could not be read."""
    folder, output = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    draw(folder / "1.png")
    draw(folder / "2.jpg")
    (folder / "3.png").write_text("no picture")
    outcome = mattebox("run", folder, "-o", output, "-m", "threshold")
    assert outcome.code == EXIT_INPUT
    assert "3.png" in outcome.err
    assert {path.name for path in output.iterdir()} == {"1.png", "2.png"}


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_a_picture_can_be_written_as_each_kind(tmp_path: Path, suffix: str) -> None:
    """With a backdrop any kind will do."""
    output = tmp_path / f"out{suffix}"
    done("run", draw(tmp_path / "in.png"), "-o", output, "-b", "white", *SMALL_NETWORK)
    assert read_picture(output).shape == (90, 120, 3)


def test_jpeg_cannot_be_transparent(tmp_path: Path) -> None:
    """Refused, with kinds that can."""
    picture = draw(tmp_path / "in.png")
    outcome = mattebox("run", picture, "-o", tmp_path / "out.jpg", "-b", "transparent")
    assert outcome.code == EXIT_OUTPUT
    assert ".png" in outcome.err


def test_what_is_transparent_already_never_becomes_foreground(tmp_path: Path) -> None:
    """A picture's own alpha is a hint."""
    picture = np.full((64, 64, 4), 255, np.uint8)
    picture[:, 32:, 3] = 0
    path, output = tmp_path / "in.png", tmp_path / "out.png"
    cv2.imwrite(str(path), picture)
    done("run", path, "-o", output, "-b", "red", "-m", "none")
    after = read_picture(output)
    assert (after[:, 32:] == (0, 0, 255)).all()
    assert (after[:, :32] == 255).all()
