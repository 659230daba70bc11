"""Measures of consecutive frames against truth."""

from __future__ import annotations

import numpy as np
import pytest

from mattebox_lab.evaluate.over_time import dtssd

SIZE = (96, 128)
ZEROS = np.zeros(SIZE, np.float32)
HALF = np.full(SIZE, 0.5, np.float32)


def test_dtssd_takes_no_offence_at_a_constant_error() -> None:
    """Wrong by the same in both frames is not a matter of time."""
    generator = np.random.default_rng(0)
    now, before = (generator.random(SIZE, np.float32) for _ in range(2))
    error = generator.random(SIZE, np.float32)

    assert dtssd(now + error, before + error, now, before) == pytest.approx(0, abs=1e-4)


def test_dtssd_of_a_jump() -> None:
    """All pixels by ½: 50. A quarter of them by 1: √¼, 50 again."""
    quarter = ZEROS.copy()
    quarter[:48, :64] = 1

    assert dtssd(HALF, ZEROS, ZEROS, ZEROS) == pytest.approx(50)
    assert dtssd(quarter, ZEROS, ZEROS, ZEROS) == pytest.approx(50)
    assert dtssd(ZEROS, ZEROS, quarter, ZEROS) == pytest.approx(50)
