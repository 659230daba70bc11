"""What a matte is worth at its edges, and in one piece, against truth: pure functions of arrays.

Maps are float32 (height, width) in [0, 1]; a truth has its map's size. What needs no truth is the
product's: ``mattebox.inspection.edges``. What is measured pixel by pixel is in ``stills.py``. Any
thread may call it.
"""

from __future__ import annotations

import numpy as np

from mattebox.inspection.edges import holes, islands, largest_region, steepness
from mattebox_lab.evaluate.stills import Map

# Rhemann et al. 2009: what is less than θ above the level at which it is connected counts as
# connected.
_THETA, _STEP = 0.15, 0.1
# Sums over a picture are given in thousands, as the benchmark does.
_THOUSAND = 1000.0


def gradient_error(alpha: Map, truth: Map) -> float:
    """Σ (‖∇α‖ − ‖∇α*‖)² / 1000, from 0 (perfect) on: how unlike the edges are, sharp or soft.

    ∇ is the convolution with the first derivatives of a Gaussian of 1.4 pixels. It grows with the
    picture: compare only at one size.

    Source: Grad of Rhemann, Rother, Wang, Gelautz, Kohli and Rott, "A Perceptually Motivated Online
    Benchmark for Image Matting", CVPR 2009, summed over the whole picture.
    """
    difference = steepness(alpha) - steepness(truth)
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
        still &= largest_region(both)
        connected[still] = threshold
    return float(np.abs(_phi(alpha, connected) - _phi(truth, connected)).sum() / _THOUSAND)


def hole_area(alpha: Map, truth: Map) -> float:
    """The share of the picture in [0, 1] that is a hole in the shape above ½, and none in truth.

    Only those pixels count that are foreground in the truth: the crook of an arm is no hole.
    """
    return float((holes(alpha) & (truth > 0.5)).mean())


def island_area(alpha: Map, truth: Map) -> float:
    """The share of the picture in [0, 1] that is foreground apart from the largest piece of it.

    Only those pixels count that are background in the truth: a second person is no island.
    """
    return float((islands(alpha) & (truth <= 0.5)).mean())


def _phi(alpha: Map, connected: Map) -> Map:
    above = alpha - connected
    return np.where(above >= _THETA, 1 - above, 1).astype(np.float32)
