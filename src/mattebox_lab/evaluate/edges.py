"""What a matte is worth at its edges, and in one piece: pure functions of numpy arrays.

Maps are float32 (height, width) in [0, 1]; a truth has its map's size. What is measured pixel by
pixel is in ``stills.py``. Any thread may call it.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox_lab.evaluate.stills import Map, Shape

Luma: TypeAlias = npt.NDArray[np.float32]

# Rhemann et al. 2009: the deviation of the Gaussian whose derivatives are the gradient, in pixels.
_SIGMA = 1.4
# The same: what is less than θ above the level at which it is connected counts as connected.
_THETA, _STEP = 0.15, 0.1
# Sums over a picture are given in thousands, as the benchmark does.
_THOUSAND = 1000.0
# How far from a matte's edge the picture's own edge is looked for, in pixels.
_REACH = 5
# A picture's gradient, per pixel in [0, 1], that is noise rather than an edge.
_NOISE = 0.01


def gradient_error(alpha: Map, truth: Map) -> float:
    """Σ (‖∇α‖ − ‖∇α*‖)² / 1000, from 0 (perfect) on: how unlike the edges are, sharp or soft.

    ∇ is the convolution with the first derivatives of a Gaussian of 1.4 pixels. It grows with the
    picture: compare only at one size.

    Source: Grad of Rhemann, Rother, Wang, Gelautz, Kohli and Rott, "A Perceptually Motivated Online
    Benchmark for Image Matting", CVPR 2009, summed over the whole picture.
    """
    difference = _steepness(alpha) - _steepness(truth)
    return float(np.square(difference).sum() / _THOUSAND)


def connectivity_error(alpha: Map, truth: Map) -> float:
    """Σ |φ(α) − φ(α*)| / 1000, from 0 (perfect) on: what floats apart from the subject.

    The subject's core is the largest region, four neighbours each, that both mattes have at the
    threshold 1. A pixel is connected up to the highest threshold t of 0, 0.1, … 1 at which it is in
    the largest region that both have at t; φ is 1 less how far alpha is above that, if by 0.15 or
    more. It grows with the picture: compare only at one size.

    Source: Conn of Rhemann et al. 2009 (see ``gradient_error``) with θ = 0.15 and p = 1.
    """
    connected = np.zeros_like(alpha)
    still = np.ones(alpha.shape, bool)
    for threshold in np.arange(_STEP, 1 + _STEP / 2, _STEP, dtype=np.float32):
        # Rounding must not part 0.3 from 3 × 0.1.
        level = threshold - np.float32(1e-6)
        both = (alpha >= level) & (truth >= level)
        still &= _largest_region(both)
        connected[still] = threshold
    return float(np.abs(_phi(alpha, connected) - _phi(truth, connected)).sum() / _THOUSAND)


def edge_alignment(alpha: Map, luma: Luma) -> float | None:
    """How surely the matte's edges lie on the picture's, in [0, 1]; no truth is needed.

    The mean of ‖∇I‖ over its largest value within five pixels, weighted by ‖∇α‖². A crisp box
    on its own picture has 0.86, shifted by three pixels both ways 0.21, smeared 0.54, on noise
    0.45. A wrong subject with crisp edges has 0.86 too.

    Args:
        luma: float32 (height, width) in [0, 1], the picture.

    Returns:
        None where the matte has no edge, or none beside an edge of the picture.
    """
    weight, steepness = np.square(_steepness(alpha)), _steepness(luma)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _REACH + 1, 2 * _REACH + 1))
    nearby = np.asarray(cv2.dilate(steepness, disc), np.float32)
    weight = np.where(nearby > _NOISE, weight, 0)
    total = float(weight.sum())
    if total <= 0:
        return None
    return float((weight * steepness / np.maximum(nearby, _NOISE)).sum() / total)


def hole_area(alpha: Map, truth: Map | None = None) -> float:
    """The share of the picture in [0, 1] that is background enclosed by the shape above ½.

    With a truth only those pixels count that are foreground in it: the crook of an arm is no hole.
    """
    background = alpha <= 0.5
    count, labels = cv2.connectedComponents(background.view(np.uint8), connectivity=4)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    is_outside = np.zeros(count, bool)
    is_outside[rim] = True
    enclosed = background & ~is_outside[labels]
    if truth is not None:
        enclosed &= truth > 0.5
    return float(enclosed.mean())


def island_area(alpha: Map, truth: Map | None = None) -> float:
    """The share of the picture in [0, 1] that is foreground apart from the largest piece of it.

    With a truth only those pixels count that are background in it: a second person is no island.
    """
    shape = alpha > 0.5
    apart = shape & ~_largest_region(shape)
    if truth is not None:
        apart &= truth <= 0.5
    return float(apart.mean())


def _steepness(map: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """‖∇‖ by the first derivatives of a Gaussian; edges continue beyond the picture."""
    radius = int(np.ceil(3 * _SIGMA))
    at = np.arange(-radius, radius + 1, dtype=np.float32)
    smooth = np.exp(-np.square(at) / (2 * _SIGMA**2))
    smooth /= smooth.sum()
    slope = -at * smooth
    # So that a ramp of one per pixel has a gradient of exactly one.
    slope /= -(slope * at).sum()
    across = cv2.sepFilter2D(map, cv2.CV_32F, slope, smooth, borderType=cv2.BORDER_REPLICATE)
    down = cv2.sepFilter2D(map, cv2.CV_32F, smooth, slope, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.magnitude(across, down), np.float32)


def _phi(alpha: Map, connected: Map) -> Map:
    above = alpha - connected
    return np.where(above >= _THETA, 1 - above, 1).astype(np.float32)


def _largest_region(shape: Shape) -> Shape:
    """The largest piece of a shape, four neighbours each; nothing where there is nothing."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(shape.view(np.uint8), connectivity=4)
    if count == 1:
        return np.zeros_like(shape)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return np.asarray(labels == largest)
