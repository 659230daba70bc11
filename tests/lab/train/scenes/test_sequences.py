"""Laws of clips made of stills: the way back is the way that the surface came."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mattebox.errors import SettingsError
from mattebox_lab.train.scenes.arrays import Share
from mattebox_lab.train.scenes.degrade import AugmentOptions, Look
from mattebox_lab.train.scenes.layers import Layer, Moves
from mattebox_lab.train.scenes.mixture import SCENES, Ingredient, Mixture
from mattebox_lab.train.scenes.motion import Bend, Motion, Path, Waves, applied, inverted
from mattebox_lab.train.scenes.pairs import PairSet
from mattebox_lab.train.scenes.sequences import (
    SequenceFrame,
    followed_back,
    is_inside,
    jitter_pair,
    moving,
    with_margin,
)

SIZE, LENGTH = (96, 128), 3
MADE = sorted(set(SCENES) - {"clip"})


def mixture(sets: dict[str, PairSet], scene: str, augment: AugmentOptions) -> Mixture:
    others = ("things",) if scene in {"holding", "clutter", "face-clutter"} else ()
    return Mixture(
        sets, [Ingredient(scene, 1.0, ("people",), others)], "rooms", seed=3, augment=augment
    )


def steady(x: float, y: float) -> Path:
    """A path that shifts by (x, y) pixels a frame, near time 0."""
    slow = 1e-6
    amplitudes = np.array([[x], [y], [0.0], [0.0]]) / (2 * np.pi * slow)
    return Path(Waves(amplitudes, np.full((4, 1), slow), np.zeros((4, 1))), (64, 48))


def bending() -> Bend:
    """Some pixels to and fro, in waves of a few dozen pixels."""
    waves = Waves(np.array([[2.0], [1.5]]), np.full((2, 1), 0.1), np.array([[0.9], [0.4]]))
    return Bend(waves, np.array([[0.012, 0.005], [-0.004, 0.01]]), np.eye(2))


def errors(before: SequenceFrame, now: SequenceFrame) -> Share:
    """How far the truth is from what the way back brings along, where that is valid."""
    alpha = followed_back(before.alpha.astype(np.float32), now.back_flow)
    return np.asarray(np.abs(alpha - now.alpha)[now.valid] / 255, np.float32)


@pytest.mark.parametrize("scene", MADE)
def test_the_way_back_brings_the_truth_along(
    sets: dict[str, PairSet], near: PairSet, scene: str
) -> None:
    """Alpha and colour of a frame are those of the frame before, moved; nearly everywhere."""
    people = near if "face" in scene else sets["people"]
    made = mixture({**sets, "people": people}, scene, AugmentOptions.none())
    for number in range(4):
        frames = made.sequence(number, SIZE, LENGTH)
        assert scene == "empty" or frames[0].alpha.any()
        for before, now in pairwise(frames):
            assert now.valid.mean() > 0.8
            assert errors(before, now).mean() < 0.01
            colours = followed_back(before.picture.astype(np.float32), now.back_flow)
            assert np.abs(colours - now.picture)[now.valid].mean() < 6


@pytest.mark.parametrize("scene", SCENES)
def test_a_clip_has_the_shapes_that_are_promised(sets: dict[str, PairSet], scene: str) -> None:
    """And its first frame has no frame before it."""
    frames = mixture(sets, scene, AugmentOptions()).sequence(0, SIZE, LENGTH)
    assert len(frames) == LENGTH
    for frame in frames:
        assert frame.kind == scene
        assert frame.picture.shape == (*SIZE, 3)
        assert frame.alpha.shape == frame.valid.shape == SIZE
        assert frame.back_flow.shape == (*SIZE, 2)
        assert frame.back_flow.dtype == np.float32
        assert frame.picture.dtype == frame.alpha.dtype == np.uint8
    assert not frames[0].valid.any()
    assert not frames[0].back_flow.any()


@pytest.mark.parametrize("scene", SCENES)
def test_a_clip_depends_on_seed_number_and_size_alone(sets: dict[str, PairSet], scene: str) -> None:
    """As samples do."""
    one, other = (
        mixture(sets, scene, AugmentOptions()).sequence(2, SIZE, LENGTH) for _ in range(2)
    )
    for frame, same in zip(one, other, strict=True):
        assert np.array_equal(frame.picture, same.picture)
        assert np.array_equal(frame.back_flow, same.back_flow)


def test_subjects_move_through_the_frame(sets: dict[str, PairSet]) -> None:
    """A clip in which nothing moves would teach nothing."""
    made = mixture(sets, "composite", AugmentOptions.none())
    clips = [made.sequence(number, SIZE, LENGTH) for number in range(6)]
    furthest = [max(np.abs(frame.back_flow).max() for frame in clip) for clip in clips]
    assert min(furthest) > 0.05
    assert max(furthest) > 0.5


def test_a_shift_has_the_flow_that_it_is() -> None:
    """3 to the right and 2 down: the surface was 3 to the left and 2 up."""
    motion = Motion(steady(3, 2))
    flow = motion.way_back(1, SIZE)
    np.testing.assert_allclose(flow[..., 0], -3, atol=1e-3)
    np.testing.assert_allclose(flow[..., 1], -2, atol=1e-3)
    assert not is_inside(flow)[:, :3].any()
    assert is_inside(flow)[2:, 3:].all()


@pytest.mark.parametrize("bend", [None, bending()], ids=["stiff", "bending"])
def test_sources_and_the_way_back_agree(bend: Bend | None) -> None:
    """Frame, still layer and frame before are one surface: going round brings one home."""
    motion = Motion(steady(1.5, -0.5), steady(-4, 1), bend)
    now, before = motion.sources(1, SIZE), motion.sources(0, SIZE)
    back = motion.way_back(1, SIZE)
    home = followed_back(before, back)
    inside = is_inside(back)
    assert inside.mean() > 0.8
    np.testing.assert_allclose(home[inside], now[inside], atol=0.03)


def test_a_bend_is_where_its_motion_says() -> None:
    """A frame's pixel shows the still point q + bend(q), q being where the stiff paths lead."""
    motion = Motion(steady(1.5, -0.5), steady(-4, 1), bending())
    assert motion.bend is not None
    pixel = applied(inverted(motion.matrix(1)), np.array([40.5, 20.5]))
    expected = pixel + motion.bend.at(pixel, 1)
    assert motion.sources(1, SIZE)[20, 40] == pytest.approx(expected, abs=0.03)
    assert np.abs(expected - pixel).max() > 0.5


def test_what_is_held_moves_with_who_holds_it() -> None:
    """A thing that hides somebody exactly hides them in every frame."""
    rng = np.random.default_rng(6)
    large = with_margin(SIZE)
    cover = np.zeros(large, np.float32)
    cover[30:80, 40:110] = 1
    dark, bright = (np.full((*large, 3), value, np.uint8) for value in (10, 250))
    person = Layer(dark, cover, cover, Moves.BY_ITSELF)
    held = Layer(bright, cover, cover, Moves.WITH_LAST)
    frames = moving([Layer(bright), person, held], SIZE, 5, Look(()), rng)
    # At the soft edge one of 250 and one of 10 mix; a move of its own would show 10.
    assert min(frame.picture[frame.alpha == 255].min() for frame in frames) > 200


def test_what_comes_in_from_outside_was_not_there_before(sets: dict[str, PairSet]) -> None:
    """Valid pixels have their surface inside of the frame before."""
    made = mixture(sets, "plain", AugmentOptions.none())
    frames = [frame for number in range(8) for frame in made.sequence(number, SIZE, 3)]
    assert not any((frame.valid & ~is_inside(frame.back_flow)).any() for frame in frames)
    assert any((~is_inside(frame.back_flow)).any() for frame in frames)


def test_two_frames_of_one_picture_are_a_pair() -> None:
    """The cheapest sequence: the picture moves as a whole."""
    rng = np.random.default_rng(5)
    large = with_margin(SIZE)
    alpha = np.zeros(large, np.float32)
    alpha[30:80, 40:110] = 1
    colours = rng.integers(0, 255, (*large, 3), np.uint8)
    before, now = jitter_pair(Layer(colours, None, alpha), SIZE, Look(()), rng)
    assert errors(before, now).mean() < 0.01


def test_stills_are_no_clip(sets: dict[str, PairSet]) -> None:
    """Pictures whose keys have no number of a frame do not follow each other."""
    made = mixture({**sets, "people": sets["things"]}, "clip", AugmentOptions())
    with pytest.raises(SettingsError, match="no clip of 2 frames in things"):
        made.sequence(0, SIZE, 2)


def test_a_clip_too_short_is_refused(sets: dict[str, PairSet]) -> None:
    """Three frames cannot give five."""
    made = mixture(sets, "clip", AugmentOptions())
    with pytest.raises(SettingsError, match="no clip of 5 frames in people"):
        made.sequence(0, SIZE, 5)
