"""Edge and shape measures on mattes whose figures are known."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mattebox_lab.evaluate.edges import (
    connectivity_error,
    gradient_error,
    hole_area,
    island_area,
)
from mattebox_lab.evaluate.stills import Map

SIZE = (60, 80)
PIXELS = SIZE[0] * SIZE[1]


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


def test_a_perfect_matte_has_no_error() -> None:
    """To rounding."""
    assert gradient_error(box(), box()) == pytest.approx(0, abs=1e-9)
    assert connectivity_error(box(), box()) == 0


@pytest.mark.parametrize("slope", [0.001, 0.01])
def test_the_gradient_is_in_alpha_per_pixel(slope: float) -> None:
    """A ramp against nothing: its slope squared, at every pixel but those beside the edge."""
    ramp = np.tile((np.arange(400) * slope).astype(np.float32), (30, 1))
    found = gradient_error(ramp, np.zeros_like(ramp))
    assert found == pytest.approx(30 * 400 * slope**2 / 1000, rel=0.02)


def test_the_gradient_of_an_edge_is_a_gaussians() -> None:
    """Its square across a step sums up to 1 / (2 √π σ): Rhemann et al. 2009 with σ = 1.4."""
    step = np.zeros((50, 100), np.float32)
    step[:, 50:] = 1
    expected = 50 / (2 * np.sqrt(np.pi) * 1.4) / 1000
    assert gradient_error(step, np.zeros_like(step)) == pytest.approx(expected, rel=0.03)


def test_a_blurred_edge_has_more_gradient_error_than_a_shift_of_nothing() -> None:
    """Softer is wrong where the truth is crisp, and the more so the softer."""
    soft = (np.asarray(cv2.GaussianBlur(box(), (0, 0), s), np.float32) for s in (1.0, 2.0, 4.0))
    errors = [gradient_error(each, box()) for each in soft]
    assert 0 < errors[0] < errors[1] < errors[2]


def test_what_floats_apart_is_not_connected() -> None:
    """Every pixel of the island and of the hole counts as one."""
    assert connectivity_error(with_faults(), box()) == pytest.approx((24 + 16) / 1000)


def test_a_second_piece_is_not_connected_even_where_both_have_it() -> None:
    """It hangs on to nothing: what is a little more of it counts, as on the core it would not."""
    more, truth = box(), box()
    more[2:6, 2:6], truth[2:6, 2:6] = 0.7, 0.6
    assert connectivity_error(more, truth) == pytest.approx(16 * 0.1 / 1000, rel=1e-4)


def test_a_faint_rim_that_hangs_on_is_connected() -> None:
    """Less than 0.15 above the level at which it hangs on to the subject is free."""
    rim = box()
    rim[19, 20:60] = 0.12
    truth = box()
    truth[19, 20:60] = 0.05
    assert connectivity_error(rim, truth) == 0
    rim[19, 20:60] = 0.4
    assert connectivity_error(rim, truth) == pytest.approx(40 * 0.4 / 1000, rel=1e-5)


def test_what_is_so_in_truth_is_neither_hole_nor_island() -> None:
    """The crook of an arm, and a second person."""
    assert hole_area(with_faults(), with_faults()) == 0
    assert island_area(with_faults(), with_faults()) == 0
    assert hole_area(with_faults(), box()) * PIXELS == pytest.approx(24)
    assert island_area(with_faults(), box()) * PIXELS == pytest.approx(16)


@pytest.mark.parametrize("value", [0, 1])
def test_an_even_matte_has_neither(value: float) -> None:
    """Nothing, and all."""
    even = np.full(SIZE, value, np.float32)
    assert hole_area(even, even) == island_area(even, even) == 0
    assert connectivity_error(even, even) == 0
