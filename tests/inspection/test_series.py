"""Figures over time, in bounded memory."""

from __future__ import annotations

import pytest

from mattebox.inspection.figures import Figures
from mattebox.inspection.series import Series, row_of


def _series(count: int, most_rows: int = 8) -> Series:
    series = Series(most_rows)
    for number in range(count):
        flicker = None if number % 2 else float(number)
        figures = Figures(number / 100, 0, 0, None, None, 0.5, 0, 0, flicker)
        series.add(row_of(number, "clip.mp4", number / 25, is_cut=number == 3, figures=figures))
    return series


@pytest.mark.parametrize(
    ("count", "per_row", "rows"),
    [(1, 1, 1), (8, 1, 8), (9, 2, 5), (16, 2, 8), (17, 4, 5), (100, 16, 7)],
)
def test_rows_grow_and_their_number_does_not(count: int, per_row: int, rows: int) -> None:
    """Rows are halved whenever there are too many; none is lost."""
    series = _series(count)
    assert (series.frames_per_row, len(series.rows)) == (per_row, rows)
    assert [row.frame for row in series.rows] == [per_row * n for n in range(rows)]
    assert sum(row.frames for row in series.rows) == count
    assert sum(row.cuts for row in series.rows) == (count > 3)


def test_a_row_has_the_least_the_mean_and_the_most_of_its_frames() -> None:
    """Of those of which the figure is known."""
    row = _series(17).rows[1]  # frames 4 to 7
    coverage, flicker, doubt = (row.figures[name] for name in ("coverage", "flicker", "doubt"))
    assert (coverage.least, coverage.mean, coverage.most) == pytest.approx((0.04, 0.055, 0.07))
    assert (flicker.least, flicker.mean, flicker.most) == (4, 5, 6)
    assert (doubt.least, doubt.mean, doubt.most) == (None, None, None)
