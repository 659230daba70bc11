"""Mixtures whose foreground is known."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

import clips
from mattebox.colour import planes_from_rgb, rgb_from_planes
from mattebox.errors import DecodeError
from mattebox.frame import Frame
from mattebox_lab.evaluate.material import Example
from mattebox_lab.evaluate.mixtures import composites, continued, mixture


def _edge(width: int = 96, height: int = 64) -> clips.Array:
    """1 up to column 40, then a ramp of 16 pixels to 0."""
    columns = np.indices((height, width))[1]
    return np.asarray(np.clip((56 - columns) / 16, 0, 1), np.float32)


def _stripes(width: int = 96, height: int = 64) -> clips.Array:
    light = (np.indices((height, width))[1] % 7 / 7).astype(np.float32)
    return np.stack([light, 0.5 * light, 1 - light], -1)


def test_a_foreground_goes_on_as_its_own_mirror_image() -> None:
    """What is solid stays; beyond it one sees it again, and nothing of the room."""
    alpha, picture = _edge(), _stripes()
    picture[:, 41:] = (0, 1, 0)

    own = continued(picture, alpha)

    np.testing.assert_array_equal(own[:, :39], picture[:, :39])
    # The last solid column that is a pixel away from the others is 39.
    np.testing.assert_allclose(own[:, 40:70], picture[:, 38:8:-1], atol=1e-5)
    assert (own != (0, 1, 0)).any(-1).all()


def test_without_anything_solid_a_picture_stays_as_it_is() -> None:
    """There is nothing to mirror."""
    picture = _stripes()

    assert continued(picture, np.full((64, 96), 0.5, np.float32)) is picture


def test_a_mixture_is_what_a_camera_sees() -> None:
    """α F + (1 − α) B, in planes."""
    alpha = _edge()
    own, room = (np.full((64, 96, 3), tint, np.float32) for tint in ((0.8, 0.4, 0.2), (0, 0.2, 1)))

    mixed = mixture(own, room, alpha)

    seen = rgb_from_planes(mixed.frame.planes, mixed.frame.format.pixels, mixed.frame.format.colour)
    np.testing.assert_allclose(seen[:, :38], own[:, :38], atol=0.02)
    np.testing.assert_allclose(seen[:, 58:], room[:, 58:], atol=0.02)
    np.testing.assert_allclose(seen[:, 48], (own + room)[:, 48] / 2, atol=0.05)


def _examples() -> list[Example]:
    alpha = np.tile(_edge(), (2, 2))
    alpha[:, 96:] = alpha[:, 95::-1]
    tint = np.full((128, 192, 3), (0.7, 0.3, 0.2), np.float32)
    format = clips.video_format("yuv420p", (192, 128))
    frame = Frame(planes_from_rgb(tint, format.pixels, format.colour), format, pts=0)
    return [Example("head-red", frame, alpha), Example("scooter", frame, alpha)]


def test_composites_are_nearer_to_the_truth_with_the_foregrounds_own_colour(
    tmp_path: Path,
) -> None:
    """A flat red head before a blue room: nearly nothing is left; other clips are left out."""
    room = tmp_path / "room.png"
    cv2.imwrite(str(room), np.full((50, 70, 3), (250, 80, 20), np.uint8))

    lines = [*composites("mattebox", _examples(), [room])]

    assert len(lines) == 2 * 3 + 3
    assert {line.split(",")[0] for line in lines[:6]} == {"head-red"}
    true = [line for line in lines if "true alpha" in line]
    figures = re.findall(r"([\d.]+) → ([\d.]+) \(([+-]\d+) %", " ".join(true))
    assert len(figures) == 3 * 3
    for before, after, change in figures:
        assert float(before) > 20
        assert float(after) < 0.2 * float(before)
        assert int(change) <= -80


def test_a_room_that_is_no_picture_is_an_error_of_ours(tmp_path: Path) -> None:
    """It is named."""
    with pytest.raises(DecodeError, match=r"cannot read the room .*nothing\.png"):
        [*composites("mattebox", _examples(), [tmp_path / "nothing.png"])]
