"""Laws of cutting out and painting over."""

from __future__ import annotations

import numpy as np
import pytest

from mattebox_lab.train.scenes.cutouts import cut_out, matte, spread, without_subject
from mattebox_lab.train.scenes.pairs import Pair, PairSet
from mattebox_lab.train.scenes.views import Box, View

WHOLE = View(Box(0, 0, 140, 240), (240, 140))


def test_known_colours_stay_and_unknown_ones_are_between_them() -> None:
    """Spreading invents no colour."""
    rng = np.random.default_rng(0)
    colours = rng.uniform(50, 200, (37, 53, 3)).astype(np.float32)
    weight = (rng.random((37, 53)) < 0.1).astype(np.float32)
    filled = spread(colours, weight)
    known = weight == 1
    np.testing.assert_allclose(filled[known], colours[known], rtol=1e-5)
    assert filled.min() >= colours[known].min() - 0.01
    assert filled.max() <= colours[known].max() + 0.01


def test_nothing_known_changes_nothing() -> None:
    """A subject without a solid inside keeps the colours it has."""
    colours = np.full((8, 8, 3), 77, np.float32)
    assert np.array_equal(spread(colours, np.zeros((8, 8), np.float32)), colours)


def test_a_binary_mask_gets_a_soft_edge_inside_of_the_old_one(sets: dict[str, PairSet]) -> None:
    """The rim of a hand-made mask shows the old background: it is given up."""
    pair = sets["people"][0]
    cover = cut_out(pair, WHOLE).cover
    assert cover is not None
    assert ((cover > 0.05) & (cover < 0.95)).any()
    assert cover.sum() < np.asarray(pair.alpha).sum()
    assert cover.sum() > 0.93 * np.asarray(pair.alpha).sum()


def test_a_soft_alpha_is_kept_as_it_is() -> None:
    """Hair is what soft mattes are for."""
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))
    pair = Pair("ramp", np.zeros((64, 64, 3), np.uint8), ramp, soft=True)
    view = View(Box(0, 0, 64, 64), (64, 64))
    np.testing.assert_allclose(matte(pair, view, inwards=True), ramp, atol=1e-6)


@pytest.mark.parametrize("enlarged", [1, 3])
def test_the_truth_of_a_photograph_is_not_shrunk(sets: dict[str, PairSet], enlarged: int) -> None:
    """Smoothing a mask's stairs moves its edge by less than a tenth of a pixel on average."""
    pair = sets["people"][0]
    view = View(Box(0, 0, 140, 240), (240 * enlarged, 140 * enlarged))
    share = matte(pair, view, inwards=False).mean()
    assert abs(share / np.asarray(pair.alpha).mean() - 1) < 0.01


def test_only_the_largest_part_is_cut_out(sets: dict[str, PairSet]) -> None:
    """A stranger at the edge of the mask does not come along."""
    pair = sets["people"][0]
    alpha = np.array(pair.alpha)
    alpha[100:220, 125:138] = 1
    crowded = Pair(pair.key, pair.picture, alpha)
    cover = cut_out(crowded, WHOLE).cover
    assert cover is not None
    assert not cover[:, 125:].any()


def test_a_place_without_its_subject_is_all_place(sets: dict[str, PairSet]) -> None:
    """No red is left of the red people in the green street."""
    pair = sets["people"][0]
    assert pair.alpha is not None
    place = without_subject(pair.picture, pair.alpha).astype(int)
    assert (place[..., 1] > place[..., 0]).all()
