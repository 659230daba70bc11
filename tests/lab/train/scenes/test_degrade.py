"""Laws of bad cameras: what they may change, and that the truth stays true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mattebox_lab.train.scenes import effects
from mattebox_lab.train.scenes.arrays import Picture, Share
from mattebox_lab.train.scenes.degrade import AugmentOptions, drawn_look
from mattebox_lab.train.scenes.effects import Seen
from mattebox_lab.train.scenes.h264 import through_encoder

NONE = AugmentOptions.none()
PHOTOMETRIC = {
    "tone": replace(NONE, tone=1),
    "cast": replace(NONE, cast=1),
    "back_light": replace(NONE, back_light=1),
    "vignette": replace(NONE, vignette=1),
    "low_light": replace(NONE, low_light=1),
    "noise": replace(NONE, noise=1, read_noise=(0.02, 0.02)),
    "rescale": replace(NONE, rescale=1),
    "sharpen": replace(NONE, sharpen=1),
    "jpeg": replace(NONE, jpeg=1),
    "h264": replace(NONE, h264=1),
    "grey": replace(NONE, grey=1),
}
BLURS = {"focus": replace(NONE, focus=1), "motion": replace(NONE, motion=1)}


def scene() -> tuple[Picture, Share]:
    """A disc with a soft rim, in another colour than what is around it."""
    rows, columns = np.mgrid[0:64, 0:80]
    alpha = np.clip(20.5 - np.hypot(rows - 32, columns - 40), 0, 1).astype(np.float32)
    texture = np.random.default_rng(0).integers(0, 40, (64, 80, 1))
    disc, around = np.array([190, 120, 90]), np.array([60, 90, 140])
    return (around + alpha[..., None] * (disc - around) + texture).astype(np.uint8), alpha


def taken(options: AugmentOptions, seed: int = 1) -> tuple[Picture, Share]:
    rng = np.random.default_rng(seed)
    return drawn_look(options, 192, rng).photographed(*scene(), rng)


@pytest.mark.parametrize("name", PHOTOMETRIC)
def test_light_and_compression_leave_the_alpha_alone(name: str) -> None:
    """They change the picture, and do not move its subject."""
    picture, alpha = taken(PHOTOMETRIC[name])
    assert np.array_equal(alpha, scene()[1])
    assert picture.dtype == np.uint8
    assert picture.shape == scene()[0].shape
    assert not np.array_equal(picture, scene()[0])


@pytest.mark.parametrize("name", BLURS)
def test_a_blur_blurs_the_alpha_as_it_does_the_picture(name: str) -> None:
    """A white disc on black, blurred, is its own blurred alpha."""
    _, alpha = scene()
    white = np.repeat((alpha * 255).round().astype(np.uint8)[..., None], 3, axis=2)
    rng = np.random.default_rng(1)
    picture, blurred = drawn_look(BLURS[name], 192, rng).photographed(white, alpha, rng)
    np.testing.assert_allclose(picture[..., 1] / 255, blurred, atol=0.01)
    assert not np.allclose(blurred, alpha)
    assert blurred.sum() == pytest.approx(alpha.sum(), rel=1e-4)


def test_no_effect_is_no_change() -> None:
    """Not even a rounding."""
    picture, alpha = taken(NONE)
    assert np.array_equal(picture, scene()[0])
    assert np.array_equal(alpha, scene()[1])


def test_a_look_has_new_noise_in_every_frame() -> None:
    """The same camera, but never the same grain: that is what makes networks flicker."""
    rng = np.random.default_rng(2)
    look = drawn_look(PHOTOMETRIC["noise"], 192, rng)
    first, second = (look.photographed(*scene(), rng)[0] for _ in range(2))
    assert not np.array_equal(first, second)
    assert abs(first.mean() - second.mean()) < 0.5


def test_exposure_flickers_in_clips_only() -> None:
    """A still has one exposure."""
    options = replace(NONE, flicker_deviation=0.2)
    rng = np.random.default_rng(3)
    look = drawn_look(options, 192, rng, flickering=True)
    means = [look.photographed(*scene(), rng)[0].mean() for _ in range(4)]
    assert len(set(means)) == 4
    assert not drawn_look(options, 192, rng).steps


@pytest.mark.parametrize("grain_px", [0.0, 1.0])
def test_noise_has_the_deviation_it_says(grain_px: float) -> None:
    """Read noise at black, both together at white."""
    for level, expected in ((0.0, 0.02), (1.0, np.hypot(0.03, 0.02))):
        flat = Seen(np.full((128, 128, 3), level, np.float32), np.zeros((128, 128), np.float32))
        rng = np.random.default_rng(4)
        noisy = effects.noisy(flat, rng, shot=0.03, read=0.02, grain_px=grain_px)
        assert noisy.colours.std() == pytest.approx(expected, rel=0.05)


def test_back_light_is_behind_the_subject() -> None:
    """The background gains, the subject loses."""
    flat = Seen(np.full((64, 80, 3), 0.5, np.float32), scene()[1])
    lit = effects.back_lit(flat, np.random.default_rng(0), gain=2.0, veil=0.0).colours
    assert lit[32, 40].max() < 0.5 < lit[2, 2].min()


@pytest.mark.parametrize("size", [(32, 48), (33, 47)])
def test_h264_keeps_the_picture_and_its_size(size: tuple[int, int]) -> None:
    """Blocky, but the same picture: 4:2:0's even sizes are nobody's concern."""
    rows = np.linspace(40, 200, size[0])[:, None, None]
    picture = (rows + np.zeros((*size, 3))).astype(np.uint8)
    coded = through_encoder(picture, 28)
    assert coded.shape == picture.shape
    assert np.abs(coded.astype(int) - picture).mean() < 6
