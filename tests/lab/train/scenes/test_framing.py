"""Laws of bodies and boxes: heads are found, portraits show them, cuts stay out of sight."""

from __future__ import annotations

import numpy as np
import pytest

from mattebox_lab.train.scenes.arrays import Share
from mattebox_lab.train.scenes.body import Body, body_of
from mattebox_lab.train.scenes.framing import (
    cut_box,
    kept_inside,
    plain_box,
    portrait_box,
    standing_box,
    thing_box,
    within_picture,
)
from mattebox_lab.train.scenes.pairs import PairSet
from mattebox_lab.train.scenes.views import Box, View

SEEDS = range(20)
# Of the people in conftest.py.
HAIR, HEAD, FEET, MIDDLE, STREET = 20, 26, 228, 60, (240, 140)


@pytest.fixture
def body(sets: dict[str, PairSet]) -> Body:
    alpha = sets["people"][0].alpha
    assert alpha is not None
    found = body_of(alpha)
    assert found is not None
    return found


def bust() -> Share:
    """Somebody whom the picture's lower edge cuts."""
    alpha = np.zeros((100, 100), np.float32)
    alpha[20:60, 35:65] = 1
    alpha[60:, 15:85] = 1
    return alpha


def test_a_standing_persons_head_is_found(body: Body) -> None:
    """To three lines of 240."""
    assert body.is_upright
    assert body.is_whole
    assert abs(body.top - HAIR) < 3
    assert abs(body.bottom - FEET) < 3
    assert abs(body.head - HEAD) < 8
    assert abs(body.head_x - MIDDLE) < 3


def test_crumbs_do_not_move_the_head(sets: dict[str, PairSet]) -> None:
    """Only the largest connected part is measured."""
    alpha = np.array(sets["people"][0].alpha)
    expected = body_of(alpha)
    alpha[:6, :6] = 1
    found = body_of(alpha)
    assert found is not None
    assert expected is not None
    assert (found.top, found.left) == (expected.top, expected.left)


def test_nobody_has_no_body() -> None:
    """None for an alpha of zeros, and for a few pixels."""
    alpha = np.zeros((60, 60), np.float32)
    assert body_of(alpha) is None
    alpha[3, 3] = 1
    assert body_of(alpha) is None


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("aspect", [9 / 16, 1.0, 16 / 9])
def test_a_portrait_shows_the_face_and_hides_the_feet(body: Body, seed: int, aspect: float) -> None:
    """The body runs out of the bottom; the middle of the head is in the upper two thirds."""
    rng = np.random.default_rng(seed)
    for box in (
        portrait_box(body, aspect, rng),
        within_picture(portrait_box(body, aspect, rng), body, STREET),
    ):
        assert box.y + box.height < body.bottom
        assert box.x < body.head_x < box.x + box.width
        assert box.y < body.top + body.head / 2 < box.y + box.height * 0.67


@pytest.mark.parametrize("seed", SEEDS)
def test_beyond_the_picture_nobody_is_mirrored(body: Body, seed: int) -> None:
    """A box may reach beyond an edge, but not so far as to the mirrored subject."""
    rng = np.random.default_rng(seed)
    for aspect in (0.7, 1.0, 1.8):
        box = plain_box(body, STREET, aspect, rng)
        assert -box.x < body.left
        assert -box.y < body.top
        assert box.x + box.width - STREET[1] < STREET[1] - body.right
        assert box.y + box.height - STREET[0] < STREET[0] - body.bottom


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cut_of_a_bust_stays_at_the_frames_edge(seed: int) -> None:
    """Otherwise half a person would float."""
    body = body_of(bust())
    assert body is not None
    assert body.touches_bottom
    box = cut_box(body, (100, 100), 1.3, np.random.default_rng(seed))
    assert box.y + box.height <= 100 + 1e-6


@pytest.mark.parametrize("x", [-40.0, 10.0, 60.0])
def test_a_box_is_moved_until_no_cut_is_seen(x: float) -> None:
    """At the left, at the right, or at both, where the box has to shrink as well."""
    alpha = np.zeros((100, 100), np.float32)
    for left, right in ((0, 40), (60, 100), (0, 100)):
        alpha[:] = 0
        alpha[20:80, left:right] = 1
        body = body_of(alpha)
        assert body is not None
        box = kept_inside(Box(x, 0, 120, 60), body, (100, 100))
        assert left > 0 or box.x >= 0
        assert right < 100 or box.x + box.width <= 100 + 1e-6
        assert box.width / box.height == pytest.approx(2)


@pytest.mark.parametrize("seed", SEEDS)
def test_things_are_seen_whole_and_people_stand(body: Body, seed: int) -> None:
    """A thing is nowhere cut; a standing person's head is in sight."""
    rng = np.random.default_rng(seed)
    whole = thing_box(body, 1.5, rng)
    assert whole.x <= body.left
    assert whole.x + whole.width >= body.right
    assert whole.y <= body.top
    assert whole.y + whole.height >= body.bottom
    stands = standing_box(body, 1.5, rng)
    assert stands.y <= body.top + body.head / 2


def test_looking_at_all_of_a_picture_gives_the_picture(sets: dict[str, PairSet]) -> None:
    """The identity is exact, and a mirrored one is mirrored."""
    picture = sets["people"][0].picture
    height, width = picture.shape[:2]
    box = Box(0, 0, width, height)
    assert np.array_equal(View(box, (height, width)).of(picture), picture)
    mirrored = View(box, (height, width), mirrored=True).of(picture)
    assert np.array_equal(mirrored, picture[:, ::-1])


@pytest.mark.parametrize("scale", [0.25, 0.5, 2.0])
def test_a_scaled_view_stays_in_place(scale: float) -> None:
    """Shrinking first may not shift anything: the middle of mass stays where it was."""
    alpha = np.zeros((80, 80), np.float32)
    alpha[16:48, 32:56] = 1
    size = round(80 * scale), round(80 * scale)
    seen = View(Box(0, 0, 80, 80), size).of_share(alpha)
    rows, columns = np.indices(size) + 0.5
    assert abs((rows * seen).sum() / seen.sum() / scale - 32) < 0.2
    assert abs((columns * seen).sum() / seen.sum() / scale - 44) < 0.2
