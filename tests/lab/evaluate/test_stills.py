"""Measures of stills, on cases whose figures can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mattebox_lab.evaluate import stills
from mattebox_lab.evaluate.stills import Map


def _box(top: int, left: int, height: int, width: int, *, value: float = 1.0) -> Map:
    """0 on 100×100 but for a box."""
    map = np.zeros((100, 100), np.float32)
    map[top : top + height, left : left + width] = value
    return map


NOTHING = np.zeros((100, 100), np.float32)


def test_errors_are_means_over_every_pixel() -> None:
    """A quarter of the picture wrong by ½: 0.125, and squared 0.0625."""
    alpha = _box(0, 0, 50, 50, value=0.5)

    assert stills.mean_absolute_error(alpha, NOTHING) == 0.125
    assert stills.mean_squared_error(alpha, NOTHING) == 0.0625
    assert stills.mean_saliency(alpha) == 0.125
    assert stills.mean_absolute_error(alpha, alpha) == stills.mean_squared_error(alpha, alpha) == 0


def test_iou_of_two_rectangles() -> None:
    """Two of 10×10, half over each other: 50 of 150."""
    assert stills.iou(_box(0, 0, 10, 10), _box(0, 5, 10, 10)) == pytest.approx(1 / 3)


def test_iou_where_there_is_nothing() -> None:
    """Nothing found where nothing is, is right; one half exactly is not found yet."""
    assert stills.iou(NOTHING, NOTHING) == 1
    assert stills.iou(_box(0, 0, 10, 10, value=0.5), NOTHING) == 1
    assert stills.iou(_box(0, 0, 10, 10, value=0.51), NOTHING) == 0
    assert stills.iou(NOTHING, _box(0, 0, 10, 10)) == 0


def test_max_f_of_a_map_with_two_levels() -> None:
    """Sure of half of it (P 1, R ½), unsure of the rest and of as much beside it (P ½, R 1)."""
    truth = _box(0, 0, 10, 10)
    map = np.maximum(_box(0, 0, 10, 5), _box(0, 0, 10, 20, value=0.4))

    curve = stills.precision_and_recall(map, truth)

    assert curve is not None
    assert curve.precision.shape == curve.recall.shape == (255,)
    assert (curve.precision[0], curve.recall[0]) == (0.5, 1.0)
    assert (curve.precision[-1], curve.recall[-1]) == (1.0, 0.5)
    assert stills.max_f([curve]) == pytest.approx(1.3 * 1 * 0.5 / (0.3 * 1 + 0.5))


def test_max_f_averages_pictures_before_it_looks_for_the_best_threshold() -> None:
    """Two pictures that are perfect at different thresholds are not perfect at any one."""
    truth = _box(0, 0, 10, 10)
    faint = _box(0, 0, 10, 10, value=0.4)
    framed = np.maximum(_box(0, 0, 10, 20, value=0.4), truth)
    curves = [stills.precision_and_recall(map, truth) for map in (faint, framed)]

    kept = [curve for curve in curves if curve is not None]

    assert [stills.max_f([curve]) for curve in kept] == pytest.approx([1, 1])
    assert stills.max_f(kept) == pytest.approx(1.3 * 0.75 / (0.3 * 0.75 + 1))


def test_a_map_is_not_stretched() -> None:
    """At 51 of 255 a map of 0.2 is found, at 52 it is not, and then its precision is 0."""
    curve = stills.precision_and_recall(_box(0, 0, 10, 10, value=0.2), _box(0, 0, 10, 10))

    assert curve is not None
    assert (curve.recall[50], curve.precision[50]) == (1, 1)
    assert (curve.recall[51], curve.precision[51]) == (0, 0)


def test_a_picture_of_nothing_has_no_recall() -> None:
    """It is left out of max F instead of counting as 0 or 1."""
    assert stills.precision_and_recall(_box(0, 0, 10, 10), NOTHING) is None


def test_max_f_of_maps_of_nothing_is_zero() -> None:
    """No division by zero."""
    curve = stills.precision_and_recall(NOTHING, _box(0, 0, 10, 10))

    assert curve is not None
    assert stills.max_f([curve]) == 0


@pytest.mark.parametrize(("shift_px", "expected"), [(0, 1.0), (1, 1.0), (2, 1.0), (3, 0.0)])
def test_outlines_meet_within_the_tolerance(shift_px: int, expected: float) -> None:
    """0.008 of a diagonal of 141 pixels is 1.13, so 2 pixels: a straight edge is in it or not."""
    truth, alpha = _box(0, 0, 100, 50), _box(0, 0, 100, 50 + shift_px)

    assert stills.boundary_f(alpha, truth) == expected


def test_outlines_far_apart_do_not_meet() -> None:
    """Every pixel of either outline is far from the other."""
    assert stills.boundary_f(_box(10, 10, 20, 20), _box(60, 60, 20, 20)) == 0


def test_half_an_outline_too_much() -> None:
    """One of two edges is true: P ½, R 1, F ⅔."""
    truth, alpha = _box(0, 0, 100, 30), _box(0, 0, 100, 30) + _box(0, 70, 100, 30)

    assert stills.boundary_f(alpha, truth) == pytest.approx(2 / 3)


def test_outlines_of_nothing() -> None:
    """Two empty shapes meet, an empty one and another do not; the frame's edge is no outline."""
    assert stills.boundary_f(NOTHING, NOTHING) == 1
    assert stills.boundary_f(_box(0, 0, 10, 10), NOTHING) == 0
    assert stills.boundary_f(NOTHING, _box(0, 0, 10, 10)) == 0
    assert stills.boundary_f(_box(0, 0, 100, 100), NOTHING) == 1
