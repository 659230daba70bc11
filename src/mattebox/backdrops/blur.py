"""The scene behind the foreground, out of focus.

The foreground is left out of the blur, so that it casts no halo of its own colours; what is behind
it is made up from what is around it. Nothing is remembered from frame to frame. Called on the
caller's thread.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.colour import Plane, Planes
from mattebox.frame import Matte, VideoFormat

_Floats = npt.NDArray[np.float32]

# The foreground is taken this much wider than the matte: mattes often run a little inside the
# subject, and its shine on the wall is not the wall's colour.
_MARGIN_PX = 4

# The blur is worked out on no fewer rows or columns than this, if the frame has them.
_FEWEST = 32

# A block of pixels counts as foreground from this share of it on.
_SHARE = 1 / 8

# How much a coarser level is trusted beside a pixel that is known fully: small enough that no
# foreground leaks in where the scene is known, large enough that no edge shows where it is not.
_FILL = 1 / 64

# What weighs if nothing else does: a little for what is partly seen, less for what is not seen at
# all, so that no division is by zero and a frame that is all foreground gets its own mean.
_PARTLY, _UNSEEN = 1e-4, 1e-6


class BlurBackdrop:
    """The frame itself, blurred without its foreground.

    Args:
        radius_px: of the blur in pixels of the frame; 0 for none, less than 2 counts as 2. The blur
            is Gaussian, as wide as that of a lens that spreads a point over a disc of this radius:
            the standard deviation is half of it.
    """

    def __init__(self, radius_px: float) -> None:
        self._sigma_px = radius_px / 2
        self._noise: _Floats = np.zeros((0, 0), np.float32)
        self._scratch: _Floats = np.zeros(0, np.float32)

    def open(self, format: VideoFormat) -> None:
        """Make the noise that keeps smooth walls free of bands, and room to work in."""
        # The same in every frame, so that it neither crawls nor costs the encoder much. Below 1, so
        # that what is flat stays exactly what it was.
        noise = np.random.default_rng(0).random((format.height, format.width), np.float32)
        self._noise = noise * np.float32(0.98)
        self._scratch = np.empty(format.height * format.width, np.float32)

    def render(self, matte: Matte) -> Planes:
        """The blurred scene; the frame's own planes where the radius is 0."""
        planes = matte.frame.colour_planes
        if self._sigma_px == 0:
            return planes
        height, width = matte.frame.format.height, matte.frame.format.width
        factor = _shrink_factor(self._sigma_px, min(height, width))
        size = max(1, round(height / factor)), max(1, round(width / factor))
        alpha = _shrunk(matte.alpha.detach().cpu().numpy(), size)
        # A chroma sample holds some subject as soon as one of its pixels does.
        margin_px = _MARGIN_PX + max(matte.frame.format.pixels.size_multiple) - 1
        weights = _scene_weights(alpha, math.ceil(margin_px / factor))
        small = [_shrunk(plane, size).astype(np.float32) for plane in planes]
        scene = _blurred(small, weights, self._sigma_px / factor)
        return tuple(
            self._enlarged(values, plane) for values, plane in zip(scene, planes, strict=True)
        )

    def close(self) -> None:
        """Nothing to release but memory."""
        self._noise = np.zeros((0, 0), np.float32)
        self._scratch = np.zeros(0, np.float32)

    def _enlarged(self, values: _Floats, like: Plane) -> Plane:
        """To the shape and type of a plane, rounded up or down by chance."""
        height, width = like.shape
        # In memory that is kept: fresh megabytes from the system cost more than the arithmetic.
        full = self._scratch[: height * width].reshape(height, width)
        cv2.resize(values, (width, height), full, interpolation=cv2.INTER_LINEAR)
        full += self._noise[:height, :width]
        rounded: Plane = full.astype(like.dtype)
        return rounded


def _shrink_factor(sigma_px: float, shorter_side: int) -> int:
    """How much smaller the blur is worked out: so that 1.2 to 2.4 small pixels of it are left.

    But never so small that the gaps beside the foreground, which the scene is known from, are lost.
    """
    wanted = math.log2(max(sigma_px, 1) / 1.2)
    most = math.log2(max(shorter_side, _FEWEST) / _FEWEST)
    return 1 << max(1, math.floor(min(wanted, most)))


def _shrunk(plane: Plane, size: tuple[int, int]) -> Plane:
    """To (height, width) by area; linear in the odd case that chroma has to grow."""
    height, width = plane.shape
    if height >= 4 * size[0] and width >= 4 * size[1] and height % 2 == width % 2 == 0:
        # Halving is several times faster than shrinking by any other factor.
        half = cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        return _shrunk(half, size)
    shrinks = height >= size[0] and width >= size[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, size[::-1], interpolation=how))


def _scene_weights(alpha: _Floats, margin: int) -> _Floats:
    """How far each small pixel is known to be scene: 1 wholly, almost 0 not at all."""
    side = 2 * margin + 1
    foreground = cv2.dilate(alpha, np.ones((side, side), np.uint8))
    known = np.clip(1 - foreground / _SHARE, 0, 1)
    return np.asarray(known + _PARTLY * (1 - alpha) + _UNSEEN, np.float32)


def _blurred(scene: list[_Floats], weights: _Floats, sigma: float) -> list[_Floats]:
    """Planes of (h, w) blurred by ``sigma`` as far as weights go, made up where they vanish.

    Source: Knutsson and Westin, "Normalized and differential convolution", CVPR 1993.
    """
    # Shrinking by area and enlarging linearly blur as well: by 1/12 and 1/6 of a small pixel².
    rest = math.sqrt(max(sigma**2 - 1 / 4, 0.04))
    side = 2 * math.ceil(3 * rest) + 1
    weighted = [*(plane * weights for plane in scene), weights]
    *values, shares = (
        _array(cv2.GaussianBlur(plane, (side, side), rest, borderType=cv2.BORDER_REFLECT))
        for plane in weighted
    )
    return _filled(values, shares)


def _filled(values: list[_Floats], weights: _Floats) -> list[_Floats]:
    """Weighted planes of (h, w) divided by their weights, gaps filled from coarser levels.

    Source: Gortler et al., "The Lumigraph", SIGGRAPH 1996, section 3.4 (push-pull).
    """
    height, width = weights.shape
    if height == width == 1:
        return [plane / weights for plane in values]
    half = (height + 1) // 2, (width + 1) // 2
    coarse = _filled([_shrunk(plane, half) for plane in values], _shrunk(weights, half))
    gap = np.float32(_FILL) * np.maximum(np.float32(1) - weights, np.float32(0))
    share = np.float32(1) / (weights + gap)
    gap *= share
    return [
        plane * share + gap * _array(cv2.resize(around, (width, height)))
        for plane, around in zip(values, coarse, strict=True)
    ]


def _array(picture: npt.NDArray[Any]) -> _Floats:
    return np.asarray(picture, np.float32)
