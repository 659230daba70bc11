"""Photographing a scene with a bad camera: light, lens, sensor, processing and compression.

``AugmentOptions`` says how often and how much; ``drawn_look`` draws one camera and its light, and
the ``Look`` photographs one picture, or all frames of a clip, each with noise of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from mattebox_lab.train.scenes import effects
from mattebox_lab.train.scenes.arrays import Picture, Share, as_picture
from mattebox_lab.train.scenes.effects import Seen

Effect = Callable[[Seen, np.random.Generator], Seen]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class AugmentOptions:
    """How often (a share of the samples) and how much each effect is applied.

    Attributes:
        tone: share; exposure_stops, contrast, gamma and saturation_deviation are the deviations
            of normal distributions about no change.
        cast: share; cast_deviation of each channel's gain.
        back_light: share; back_light_gain brightens the background up to so much.
        vignette: share; vignette_strength darkens the corners up to so much.
        focus: share; focus_radius_px of a disc, at 192 lines; blurs the alpha too.
        motion: share; motion_length_px of a line, at 192 lines; blurs the alpha too.
        low_light: share; low_light_gain is what is left before the sensor amplifies it again.
        noise: share; shot_noise and read_noise are deviations at white and at black.
        rescale: share; rescale_factor is the size of the picture in between.
        sharpen: share; sharpen_amount of the difference to the blurred picture is added.
        jpeg: share; jpeg_quality of libjpeg.
        h264: share; h264_crf of x264, and only the first frame: what a call's key frames look like.
        grey: share of pictures without colour.
        flicker_deviation: of each frame's exposure, in stops; clips only.
    """

    tone: float = 0.8
    exposure_stops: float = 0.35
    contrast_deviation: float = 0.15
    gamma_deviation: float = 0.12
    saturation_deviation: float = 0.25
    cast: float = 0.4
    cast_deviation: float = 0.08
    back_light: float = 0.08
    back_light_gain: Range = (1.2, 2.2)
    vignette: float = 0.15
    vignette_strength: Range = (0.1, 0.5)
    focus: float = 0.15
    focus_radius_px: Range = (0.7, 2.5)
    motion: float = 0.08
    motion_length_px: Range = (2.0, 9.0)
    low_light: float = 0.12
    low_light_gain: Range = (0.15, 0.5)
    noise: float = 0.45
    shot_noise: Range = (0.0, 0.04)
    read_noise: Range = (0.0, 0.025)
    rescale: float = 0.2
    rescale_factor: Range = (0.4, 0.9)
    sharpen: float = 0.2
    sharpen_amount: Range = (0.3, 1.5)
    jpeg: float = 0.3
    jpeg_quality: Range = (25, 92)
    h264: float = 0.1
    h264_crf: Range = (26, 40)
    grey: float = 0.03
    flicker_deviation: float = 0.04

    @classmethod
    def none(cls) -> AugmentOptions:
        """No effect at all."""
        return cls(
            tone=0, cast=0, back_light=0, vignette=0, focus=0, motion=0, low_light=0, noise=0,
            rescale=0, sharpen=0, jpeg=0, h264=0, grey=0, flicker_deviation=0,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Look:
    """A camera and its light: effects in the order in which light meets them."""

    steps: tuple[Effect, ...]

    def photographed(
        self, picture: Picture, alpha: Share, rng: np.random.Generator
    ) -> tuple[Picture, Share]:
        """The picture as this camera takes it, and its alpha, which only blurs change."""
        if not self.steps:
            return picture, alpha
        seen = Seen(np.asarray(picture, np.float32) * np.float32(1 / 255), alpha)
        for step in self.steps:
            seen = step(seen, rng)
        return as_picture(seen.colours * np.float32(255)), seen.alpha


def drawn_look(
    options: AugmentOptions, lines: int, rng: np.random.Generator, *, flickering: bool = False
) -> Look:
    """Draw a camera; blurs given at 192 lines grow with the picture's ``lines``."""
    drawn = (
        *_flicker(options, flickering),
        *_light(options, rng),
        *_lens(options, lines / 192, rng),
        *_sensor(options, rng),
        *_processing(options, rng),
        *_compression(options, rng),
    )
    return Look(drawn)


def _flicker(options: AugmentOptions, flickering: bool) -> Iterator[Effect]:
    if flickering and options.flicker_deviation:
        yield partial(effects.flickering, deviation_stops=options.flicker_deviation)


def _light(options: AugmentOptions, rng: np.random.Generator) -> Iterator[Effect]:
    if rng.random() < options.back_light:
        gain = rng.uniform(*options.back_light_gain)
        yield partial(effects.back_lit, gain=gain, veil=rng.uniform(0, 0.15))
    if rng.random() < options.cast:
        gains = np.exp(rng.normal(0, options.cast_deviation, 3))
        yield partial(effects.tinted, gains=gains)


def _lens(options: AugmentOptions, scale: float, rng: np.random.Generator) -> Iterator[Effect]:
    if rng.random() < options.vignette:
        centre = (rng.uniform(0.35, 0.65), rng.uniform(0.35, 0.65))
        strength = rng.uniform(*options.vignette_strength)
        yield partial(effects.vignetted, strength=strength, centre=centre)
    if rng.random() < options.focus:
        yield partial(effects.out_of_focus, radius_px=rng.uniform(*options.focus_radius_px) * scale)
    if rng.random() < options.motion:
        length = rng.uniform(*options.motion_length_px) * scale
        yield partial(effects.moved, length_px=length, degrees=rng.uniform(0, 180))


def _sensor(options: AugmentOptions, rng: np.random.Generator) -> Iterator[Effect]:
    shot, read = rng.uniform(*options.shot_noise), rng.uniform(*options.read_noise)
    if rng.random() < options.low_light:
        gain = rng.uniform(*options.low_light_gain)
        # Only some of the light that is missing is made up for.
        amplified = gain ** -rng.uniform(0.3, 1.0)
        yield partial(effects.dim, gain=gain)
        # Fewer photons: their noise grows with the root of what is missing.
        yield partial(effects.noisy, shot=shot * gain**0.5, read=read * 0.5, grain_px=0.0)
        yield partial(effects.dim, gain=amplified)
    if rng.random() < options.noise:
        grain = rng.choice([0.0, 0.6, 1.0])
        yield partial(effects.noisy, shot=shot, read=read, grain_px=grain)


def _processing(options: AugmentOptions, rng: np.random.Generator) -> Iterator[Effect]:
    if rng.random() < options.tone:
        yield partial(
            effects.toned,
            gain=2 ** rng.normal(0, options.exposure_stops),
            contrast=np.exp(rng.normal(0, options.contrast_deviation)),
            gamma=np.exp(rng.normal(0, options.gamma_deviation)),
            saturation=np.exp(rng.normal(0, options.saturation_deviation)),
        )
    if rng.random() < options.grey:
        yield effects.without_colour
    if rng.random() < options.rescale:
        yield partial(effects.rescaled, factor=rng.uniform(*options.rescale_factor))
    if rng.random() < options.sharpen:
        yield partial(effects.sharpened, amount=rng.uniform(*options.sharpen_amount))


def _compression(options: AugmentOptions, rng: np.random.Generator) -> Iterator[Effect]:
    if rng.random() < options.jpeg:
        yield partial(effects.through_jpeg, quality=int(rng.uniform(*options.jpeg_quality)))
    if rng.random() < options.h264:
        yield partial(effects.through_h264, crf=int(rng.uniform(*options.h264_crf)))
