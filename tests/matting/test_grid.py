"""Laws of coarse grids."""

from __future__ import annotations

import numpy as np
import pytest

from mattebox.matting.grid import extend, extended_means, halve, shrink_to_grid, surer

NOTHING = np.zeros((1, 1, 1), np.float32)


def test_a_grid_is_filled_from_its_surroundings() -> None:
    """What is known stays, and holes lie between what surrounds them."""
    known = np.zeros((2, 33, 20), np.float32)
    known[:, :, :4], known[:, :, 16:] = 1, 1
    known[0, :, 16:] = 3

    filled = extend(known, NOTHING)[0]

    assert (filled[:, :4] == 1).all()
    assert (filled[:, 16:] == 3).all()
    assert ((filled[:, 4:16] >= 1) & (filled[:, 4:16] <= 3)).all()
    assert 1.5 < filled[:, 9:11].mean() < 2.5


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (40, 3), (33, 65)])
@pytest.mark.parametrize("channels", [1, 3])
def test_one_known_cell_colours_everything(shape: tuple[int, int], channels: int) -> None:
    """However far away; and where nothing is known there is the colour for that."""
    colour = np.arange(1, channels + 1, dtype=np.float32)
    known = np.zeros((channels + 1, *shape), np.float32)
    nothing = np.full((channels, 1, 1), 9, np.float32)
    assert (extend(known, nothing) == 9).all()

    known[:, 0, -1] = [*colour, 1]

    expected = np.broadcast_to(colour[:, None, None], (channels, *shape))
    np.testing.assert_allclose(extend(known, nothing), expected, rtol=1e-5)


def test_certainties_rise_together_with_their_colours() -> None:
    """What is a quarter certain is certain at a gain of four, in the same colour."""
    known = np.array([[[0.5, 3.0]], [[0.25, 0.75]]], np.float32)

    raised = surer(known, 4)

    np.testing.assert_allclose(raised, [[[2, 4]], [[1, 1]]])


def test_means_count_only_what_weighs() -> None:
    """A cell of weight 0 does not stain its neighbours."""
    colour = np.full((12, 12), 5, np.float32)
    colour[:, 6:] = 100
    weight = np.ones((12, 12), np.float32)
    weight[:, 6:] = 0

    found = extended_means([colour], weight, 3, 8.0, NOTHING)[0]

    np.testing.assert_allclose(found, 5, rtol=1e-5)


@pytest.mark.parametrize("size", [(16, 24), (15, 23), (1, 1)])
def test_a_cell_is_certain_only_where_all_of_it_is(size: tuple[int, int]) -> None:
    """Halving a plane of shares again and again neither loses nor makes 0 and 1."""
    shape = -(-size[0] // 8), -(-size[1] // 8)
    for value in (0, 1):
        plane = np.full(size, value, np.float32)
        assert (shrink_to_grid(plane, shape) == value).all()
        plane[size[0] // 2, size[1] // 2] = 0.5
        assert (shrink_to_grid(plane, shape) != value).sum() == 1


def test_an_odd_edge_counts_twice() -> None:
    """The mean of what is there, not of nothing."""
    plane = np.array([[1, 3, 5]], np.uint8)

    assert halve(plane, rows=False, columns=True).tolist() == [[2, 5]]
