"""The flicker index, and the motion that it rests on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from mattebox.inspection.flicker import Motion, consistent, flicker, motion_between
from mattebox.matting.temporal import Map

SIZE = (96, 128)
ZEROS = np.zeros(SIZE, np.float32)
HALF = np.full(SIZE, 0.5, np.float32)


def _moved(columns: float, rows: float, size: tuple[int, int] = SIZE) -> Motion:
    """Everything was so many pixels to the right and below."""
    back = np.broadcast_to(np.array([columns, rows], np.float32), (*size, 2)).copy()
    return Motion(back, consistent(back, -back))


def _texture() -> np.ndarray:
    noise = np.random.default_rng(0).random(SIZE).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.asarray(255 * (soft - soft.min()) / np.ptp(soft), np.uint8)


def _disc(left: int) -> Map:
    rows, columns = np.indices(SIZE)
    return (np.hypot(rows - 48, columns - left) < 20).astype(np.float32)


def test_flicker_of_a_map_that_moves_with_the_flow_is_zero() -> None:
    """What was 3 to the right and 2 above is here now, in the map as in the picture."""
    before = np.random.default_rng(0).random(SIZE).astype(np.float32)
    now = np.roll(before, (2, -3), (0, 1))

    assert flicker(now, before, _moved(3, -2)) == 0
    assert flicker(now, before, _moved(0, 0)) != 0


def test_flicker_of_a_blinking_map() -> None:
    """By ½ everywhere while nothing moves: 500, in either direction."""
    assert flicker(HALF, ZEROS, _moved(0, 0)) == pytest.approx(500)
    assert flicker(ZEROS, HALF, _moved(0, 0)) == pytest.approx(500)


def test_flicker_counts_only_where_motion_is_certain() -> None:
    """A blink in what was just uncovered is no flicker."""
    motion = _moved(0, 0)
    motion.certain[:, 64:] = False
    now = ZEROS.copy()
    now[:, 64:] = 1

    assert flicker(now, ZEROS, motion) == 0
    motion.certain[:] = False
    assert flicker(now, ZEROS, motion) is None


def test_flicker_takes_maps_of_any_size() -> None:
    """A network's map and a frame's matte are compared at the motion's size."""
    large = np.full((400, 300), 0.5, np.float32)

    assert flicker(large, large[:32, :32], _moved(0, 0)) == pytest.approx(0, abs=1e-4)


def test_a_standing_picture_has_no_motion_at_all() -> None:
    """So that a standing map has exactly no flicker."""
    motion = motion_between(_texture(), _texture())

    assert (motion.back == 0).all()
    assert motion.certain.all()
    assert flicker(_disc(60), _disc(60), motion) == 0


def test_the_motion_of_a_moving_texture_is_found() -> None:
    """A disc that goes with it hardly flickers, one that stays or blinks does."""
    texture = _texture()

    motion = motion_between(texture, np.roll(texture, 3, axis=1))

    assert np.median(motion.back, axis=(0, 1)) == pytest.approx([-3, 0], abs=0.2)
    assert motion.certain.mean() > 0.8
    figures = [flicker(now, _disc(60), motion) for now in (_disc(63), _disc(60), ZEROS)]
    with_it, standing, blinking = (figure or 0 for figure in figures)
    assert with_it < 3 < 15 < standing < blinking


@pytest.mark.parametrize(
    ("back", "forth", "agrees"),
    [
        (2.0, -2.0, True),
        (2.0, -1.5, True),  # 0.25 < 0.01 · 6.25 + 0.5
        (2.0, 0.0, False),  # 4 > 0.01 · 4 + 0.5
        (20.0, -19.0, True),  # 1 < 0.01 · 761 + 0.5: a long way may be less exact
        (20.0, -16.0, False),  # 16 > 0.01 · 656 + 0.5
    ],
)
def test_the_way_there_and_back_has_to_end_where_it_began(
    back: float, forth: float, agrees: bool
) -> None:
    """Within the tolerance of Sundaram, Brox and Keutzer."""
    ways = [np.zeros((*SIZE, 2), np.float32) for _ in range(2)]
    ways[0][..., 0], ways[1][..., 0] = back, forth

    certain = consistent(ways[0], ways[1])

    assert certain[:, : 128 - 20].all() == agrees


def test_what_comes_from_outside_the_frame_is_not_certain() -> None:
    """Nobody knows what was there."""
    certain = _moved(5, 0).certain

    assert certain[:, :123].all()
    assert not certain[:, 123:].any()
