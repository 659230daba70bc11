"""What the settings tell the matting stage."""

from __future__ import annotations

import pytest

from mattebox.assemble import matting_options
from mattebox.settings import resolve


def test_a_file_looks_ahead_and_live_use_only_as_far_as_it_may_be_late() -> None:
    """Two values differ between a file and a camera: how far, and how many at once."""
    settings = resolve({"temporal": {"look_ahead": 6, "live_delay": 1}})

    file, live = (matting_options(settings, live=live).temporal for live in (False, True))

    assert file is not None
    assert live is not None
    assert (file.look_ahead, file.block) == (6, 12)
    assert (live.look_ahead, live.block) == (1, 1)


@pytest.mark.parametrize("live", [False, True])
def test_nothing_ahead_means_at_once(live: bool) -> None:
    """One frame in, one matte out."""
    temporal = matting_options(resolve({"temporal": {"look_ahead": 0}}), live=live).temporal

    assert temporal is not None
    assert (temporal.look_ahead, temporal.block) == (0, 1)


def test_what_is_off_is_not_there() -> None:
    """So that it costs nothing."""
    options = matting_options(resolve({"temporal": {"half_life_s": 0}, "model": {"focus": False}}))

    assert options.temporal is None
    assert options.focus is None
    assert options.subject.changes_nothing


def test_edges_are_learnt_guided_or_plain() -> None:
    """One choice, and what it means for the workshop."""
    learnt, guided, plain = (
        matting_options(resolve({"refine": {"edges": how}})).refine
        for how in ("learnt", "guided", "plain")
    )

    assert learnt.edges is not None
    assert guided.edges is None
    assert guided.radius_px == 1
    assert plain.edges is None
    assert plain.radius_px == 0
