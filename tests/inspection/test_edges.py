"""Where a matte's edges lie, and its holes and islands."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mattebox.inspection.edges import edge_alignment, holes, islands
from mattebox.matting.temporal import Map

SIZE = (60, 80)


def box() -> Map:
    """1 in a box of 20 by 40."""
    alpha = np.zeros(SIZE, np.float32)
    alpha[20:40, 20:60] = 1
    return alpha


def with_faults() -> Map:
    """The box with a hole of 24 pixels, and an island of 16 beside it."""
    alpha = box()
    alpha[2:6, 2:6] = 1
    alpha[28:32, 30:36] = 0
    return alpha


def test_edges_on_the_pictures_edges_are_aligned() -> None:
    """The figures of the docstring."""
    noise = np.random.default_rng(0).random(SIZE, np.float32)
    smeared = np.asarray(cv2.GaussianBlur(box(), (0, 0), 3), np.float32)
    figures: list[tuple[Map, Map, float]] = [
        (box(), box(), 0.86),
        (np.roll(box(), (3, 3), (0, 1)), box(), 0.21),
        (smeared, box(), 0.54),
        (box(), noise, 0.45),
    ]
    for alpha, luma, expected in figures:
        assert edge_alignment(alpha, luma) == pytest.approx(expected, abs=0.006)


def test_without_edges_there_is_nothing_to_align() -> None:
    """Neither a matte of nothing nor a picture of nothing has any."""
    nothing = np.zeros(SIZE, np.float32)
    assert edge_alignment(nothing, box()) is None
    assert edge_alignment(box(), nothing) is None


def test_holes_are_enclosed_and_islands_apart() -> None:
    """The background around is no hole, and the largest piece no island."""
    assert not holes(box()).any()
    assert not islands(box()).any()
    assert holes(with_faults()).sum() == 24
    assert islands(with_faults()).sum() == 16


@pytest.mark.parametrize("value", [0, 1])
def test_an_even_matte_has_neither(value: float) -> None:
    """Nothing, and all."""
    even = np.full(SIZE, value, np.float32)
    assert not holes(even).any()
    assert not islands(even).any()
