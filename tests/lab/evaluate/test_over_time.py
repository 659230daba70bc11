"""Measures of consecutive frames against truth."""

from __future__ import annotations

import numpy as np
import pytest

from mattebox.inspection.flicker import Motion
from mattebox_lab.evaluate.over_time import after_fast, dtssd, speed

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


def test_the_speed_is_that_of_the_subject() -> None:
    """However fast the room goes by; a way that is not certain says nothing."""
    back = np.zeros((*SIZE, 2), np.float32)
    back[:, 64:] = (3, 4)
    left = np.zeros(SIZE, np.float32)
    left[:, :64] = 1
    certain = Motion(back, np.ones(SIZE, bool))
    nowhere = Motion(back, np.zeros(SIZE, bool))

    assert speed(certain, 1 - left) == pytest.approx(5)
    assert speed(certain, left) == 0
    assert speed(certain, ZEROS) == speed(nowhere, 1 - left) == 0


def test_what_comes_after_fast_motion() -> None:
    """Ten frames from the fastest one on, and the next moment is none of theirs."""
    speeds = np.zeros(60)
    # The two moments of sixty frames; what is fast right after one of them is no third.
    speeds[[20, 21, 40]] = 9, 8, 7
    marked = np.zeros(60)
    marked[20:30] = marked[40:50] = 1

    assert after_fast(marked.tolist(), speeds.tolist()) == 1
    assert after_fast((1 - marked).tolist(), speeds.tolist()) == 0


def test_a_clip_may_end_soon_after_its_fastest_moment() -> None:
    """Then there are fewer frames."""
    assert after_fast([0, 0, 3, 5], [0, 0, 1, 0]) == 4
    assert after_fast([2], [0]) == 2
