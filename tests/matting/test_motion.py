"""Laws of finding motion between small pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mattebox.matting.motion import MotionFinder, Picture, Way, carried, reverse

HEIGHT, WIDTH = 96, 160


def _texture() -> Picture:
    rng = np.random.default_rng(7)
    coarse = rng.integers(0, 256, (24, 40, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.uint8)


def _moved(picture: Picture, right: float, down: float) -> Picture:
    shift = np.array([[1, 0, right], [0, 1, down]], np.float32)
    moved = cv2.warpAffine(picture, shift, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


@pytest.mark.parametrize(("right", "down"), [(0, 0), (2.5, 0), (-4, 3), (9, -6)])
def test_the_way_is_found(right: float, down: float) -> None:
    """What is here was so far to the left, and up, there."""
    before = _texture()

    way = MotionFinder().way(_moved(before, right, down), before)

    inner = way[20:-20, 20:-20]
    assert inner[..., 0].mean() == pytest.approx(-right, abs=0.3)
    assert inner[..., 1].mean() == pytest.approx(-down, abs=0.3)


def test_what_is_carried_arrives() -> None:
    """The picture before, carried along, is the picture now."""
    before = _texture()
    now = _moved(before, 5, -3)

    arrived = carried(before, MotionFinder().way(now, before))

    inside = np.s_[16:-16, 16:-16]
    apart = np.abs(arrived[inside].astype(int) - now[inside]).mean()
    assert apart < np.abs(before[inside].astype(int) - now[inside]).mean() / 8


def test_carrying_interpolates() -> None:
    """Half a pixel to the side is half of each of two, in every channel."""
    values = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    values[10, 10] = 1
    way = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    way[..., 0] = 0.5

    arrived = carried(values, way)

    assert (arrived[10, 9:11] == 0.5).all()
    assert arrived.sum() == 2


def test_the_reverse_leads_back() -> None:
    """There and back is where one was, for a motion that differs from place to place."""
    rows, columns = np.indices((HEIGHT, WIDTH), np.float32)
    way = np.dstack((5 * np.sin(columns / 15), 5 * np.cos(rows / 15))).astype(np.float32)

    def missed(back: Way) -> float:
        return float(np.abs(back + carried(way, back))[12:-12, 12:-12].max())

    assert missed(reverse(way)) < 0.4
    assert missed(np.negative(way)) > 0.8, "else there was nothing to reverse"


def test_pictures_too_small_for_motion_stand_still() -> None:
    """No error, no guess."""
    small = np.zeros((16, 64, 3), np.uint8)

    assert (MotionFinder().way(small, small) == 0).all()
