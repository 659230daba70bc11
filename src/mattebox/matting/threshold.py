"""The luminance threshold: alpha from light against dark, for things on a plain ground.

``otsu`` and ``fixed`` compare with one level for the whole frame; ``adaptive`` first finds how the
ground's brightness changes over the frame (a lamp on one side, a vignette) and compares with that.
On the CPU; the matting thread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, cast

import cv2
import numpy as np
import numpy.typing as npt
import torch

from mattebox.colour import scale_and_offset
from mattebox.frame import Frame, Matte
from mattebox.matting.alphas import Alpha
from mattebox.matting.grid import Grid, extend, shrink_to_grid, surer
from mattebox.pixels import Family
from mattebox.timing import seconds

# The longer side of the picture on which levels are judged, within a factor of √2: enough for a
# histogram, and noise averages out.
_JUDGED_SIZE = 320

# Time in which a measured level moves half the way to a new measurement, so that noise in the
# histogram does not make edges flicker. A change of the light, or another ground, is no noise.
_HALF_LIFE_S = 0.25
_LEVEL_JUMP = 0.06
_SIDE_JUMP = 0.5

# What differs from an uneven ground by less is taken for paper grain, folds and noise.
_LEAST_CONTRAST = 0.05


@dataclass(frozen=True, slots=True)
class ThresholdOptions:
    """How a thing is told from its ground by luminance.

    Attributes:
        method: ``otsu`` finds one level for the frame, ``adaptive`` one for every place, ``fixed``
            takes ``level``.
        level: luma in [0, 1] between ground and thing, for ``fixed``.
        window: how wide a neighbourhood of ground is averaged for ``adaptive``, as a share of the
            frame's longer side, in (0, 1].
        foreground: whether the thing is lighter or darker than its ground; ``auto`` takes what
            most of the border is for ground.
        softness: width of the ramp from ground to thing, in luma; 0 is a hard edge.
    """

    method: Literal["otsu", "adaptive", "fixed"]
    level: float
    window: float
    foreground: Literal["auto", "light", "dark"]
    softness: float


class LuminanceThreshold:
    """Cuts out what is lighter or darker than its ground.

    Between frames it remembers the level and on which side the thing is, and eases towards what
    the next frame says.

    Args:
        options: see ``ThresholdOptions``.
    """

    def __init__(self, options: ThresholdOptions) -> None:
        self._options = options
        self._level = _Eased(jump=_LEVEL_JUMP)
        self._lightness = _Eased(jump=_SIDE_JUMP)

    def end(self) -> None:
        """Nothing to say: every picture has a luminance."""

    def cut(self, frame: Frame) -> Matte:
        """The frame and its alpha."""
        luma = _luma(frame)
        small = _judged(luma)
        if self._options.method == "adaptive":
            ground = _ground(small, self._options.window)
            alpha = self._against_ground(luma - _enlarged(ground, luma), small - ground, frame)
        else:
            alpha = self._against_level(luma, small, frame)
        return Matte(frame, torch.from_numpy(alpha))

    def _against_level(self, luma: Alpha, small: Alpha, frame: Frame) -> Alpha:
        level = self._options.level
        if self._options.method == "otsu":
            level = self._level.towards(otsu_level(small), frame)
        # What most of the border is, is ground.
        light = self._is_light(float(np.mean(_border(small) < level)), frame)
        sign = np.float32(1 if light else -1)
        return _ramp(sign * luma, float(sign) * level, self._options.softness)

    def _against_ground(self, contrast: Alpha, small: Alpha, frame: Frame) -> Alpha:
        lighter, darker = (float(np.sum(np.maximum(side, 0) ** 2)) for side in (small, -small))
        light = self._is_light(lighter / max(lighter + darker, 1e-9), frame)
        sign = np.float32(1 if light else -1)
        measured = max(otsu_level(np.maximum(sign * small, 0)), _LEAST_CONTRAST)
        return _ramp(sign * contrast, self._level.towards(measured, frame), self._options.softness)

    def _is_light(self, evidence: float, frame: Frame) -> bool:
        """Whether the thing is the lighter side; ``evidence`` for that is in [0, 1]."""
        if self._options.foreground != "auto":
            return self._options.foreground == "light"
        return self._lightness.towards(evidence, frame) > 0.5


class _Eased:
    """A measured number that follows its measurements without trembling.

    Args:
        jump: a change beyond it is taken at once.
    """

    def __init__(self, jump: float) -> None:
        self._jump = jump
        self._value: float | None = None
        self._time = 0.0

    def towards(self, measured: float, frame: Frame) -> float:
        """The number at the time of ``frame``, given what that frame says."""
        now = seconds(frame.pts, frame.format.time_base)
        elapsed, self._time = now - self._time, now
        if self._value is None or elapsed < 0 or abs(measured - self._value) > self._jump:
            self._value = measured
        else:
            self._value += (measured - self._value) * (1 - 0.5 ** (elapsed / _HALF_LIFE_S))
        return self._value


def otsu_level(values: Alpha) -> float:
    """The level that parts values in [0, 1] into two classes, each as alike as can be.

    It lies in the middle between the means of the classes, so that it moves evenly when they do.

    Source: Otsu, "A Threshold Selection Method from Gray-Level Histograms", 1979; the best level
    is the middle of the means: his equation 15 with its derivative set to 0.
    """
    levels = cv2.convertScaleAbs(np.clip(values, 0, 1), alpha=255.0)
    border, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    upper = levels > border
    if upper.all() or not upper.any():
        return float(values.mean())
    return float(values[upper].mean() + values[~upper].mean()) / 2


def _luma(frame: Frame) -> Alpha:
    """Luma of each pixel, float32 (height, width), 0 is black and 1 is white."""
    pixels, format = frame.format.pixels, frame.format
    scale, offset = scale_and_offset(pixels, format.is_full_range, chroma=False)
    samples: Alpha = frame.planes[0].astype(np.float32)
    if pixels.family is Family.RGB:
        kr, kb = format.colour.luma_weights(format.height)
        green, blue, red = frame.colour_planes
        luma = (1 - kr - kb) * green + kb * blue + kr * red
        samples = luma.astype(np.float32)
    return (samples - np.float32(offset)) / np.float32(scale)


def _judged(luma: Alpha) -> Alpha:
    """Luma at the size on which levels are judged."""
    halvings = max(0, round(math.log2(max(luma.shape) / _JUDGED_SIZE)))
    return shrink_to_grid(luma, (-(-luma.shape[0] >> halvings), -(-luma.shape[1] >> halvings)))


def _border(small: Alpha) -> Alpha:
    """The values on the rim."""
    return small[_rim(small.shape)]


def _rim(shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Which pixels are within a sixteenth of the shorter side from the edge."""
    width = max(1, min(shape) // 16)
    rim = np.ones(shape, bool)
    rim[width:-width, width:-width] = False
    return rim


def _ground(small: Alpha, window: float) -> Alpha:
    """How light the ground is in each place, also behind the thing.

    At first the ground is what continues the border smoothly; what differs from that is the thing;
    then the ground is the mean of what is no thing, in windows, continued behind the thing.
    """
    ground = _smooth_surface(small)
    size = max(1, round(window * max(small.shape)))
    for _ in range(2):
        difference = np.abs(small - ground)
        thing = difference > max(otsu_level(difference), _LEAST_CONTRAST)
        # Edges are a mixture of both: keep away from them by one pixel.
        seen = 1 - cv2.dilate(thing.astype(np.float32), np.ones((3, 3), np.uint8))
        known: Grid = np.stack([cv2.blur(part, (size, size)) for part in (small * seen, seen)])
        ground = extend(surer(known, 4.0), np.full((1, 1, 1), ground.mean(), np.float32))[0]
    return ground


def _smooth_surface(small: Alpha) -> Alpha:
    """The quadratic surface through the border, with little regard to what stands out from it."""
    rows, columns = np.meshgrid(*(np.linspace(-1, 1, size) for size in small.shape), indexing="ij")
    terms = np.stack([np.ones_like(rows), rows, columns, rows**2, rows * columns, columns**2], -1)
    rim = _rim(small.shape)
    # Six factors need no more points than this: a smooth surface, noise already averaged out.
    points, values = terms[rim][::8], small[rim][::8]
    weights = np.ones(len(values))
    for _ in range(4):
        scaled = np.sqrt(weights)
        factors = np.linalg.lstsq(points * scaled[:, None], values * scaled, rcond=None)[0]
        # Cauchy weights: what is off by more than the least contrast hardly counts.
        weights = 1 / (1 + ((points @ factors - values) / _LEAST_CONTRAST) ** 2)
    surface: Alpha = (terms @ factors).astype(np.float32)
    return surface


def _enlarged(small: Alpha, like: Alpha) -> Alpha:
    return cast(Alpha, cv2.resize(small, like.shape[::-1]))


def _ramp(values: Alpha, level: float, softness: float) -> Alpha:
    """0 below the level, 1 above it, rising over the softness around it."""
    if softness == 0:
        return (values > level).astype(np.float32)
    rising: Alpha = (values - np.float32(level)) / np.float32(softness) + np.float32(0.5)
    return np.clip(rising, 0, 1, out=rising)
