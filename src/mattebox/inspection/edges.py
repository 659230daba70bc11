"""Where a matte's edges lie, and whether it is in one piece; no truth is needed.

Maps are float32 (height, width) in [0, 1]. Pure functions of numpy arrays; any thread.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.inspection.flicker import Shape
from mattebox.matting.temporal import Map

Luma: TypeAlias = npt.NDArray[np.float32]

# Rhemann et al. 2009: the deviation of the Gaussian whose derivatives are the gradient, in pixels.
_SIGMA = 1.4
# How far from a matte's edge the picture's own edge is looked for, in pixels.
_REACH = 5
# A picture's gradient, per pixel in [0, 1], that is noise rather than an edge.
_NOISE = 0.01


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
    weight, steep = np.square(steepness(alpha)), steepness(luma)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _REACH + 1, 2 * _REACH + 1))
    nearby = np.asarray(cv2.dilate(steep, disc), np.float32)
    weight = np.where(nearby > _NOISE, weight, 0)
    total = float(weight.sum())
    if total <= 0:
        return None
    return float((weight * steep / np.maximum(nearby, _NOISE)).sum() / total)


def holes(alpha: Map) -> Shape:
    """Background that the shape above ½ encloses, bool (height, width).

    The crook of an arm is one too: nobody says here which holes are meant.
    """
    background = alpha <= 0.5
    count, labels = cv2.connectedComponents(background.view(np.uint8), connectivity=4)
    rim = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    is_outside = np.zeros(count, bool)
    is_outside[rim] = True
    return np.asarray(background & ~is_outside[labels])


def islands(alpha: Map) -> Shape:
    """Foreground, above ½, that is apart from the largest piece of it, bool (height, width).

    A second person is one too: nobody says here who is meant.
    """
    shape = alpha > 0.5
    return np.asarray(shape & ~largest_region(shape))


def steepness(map: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
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


def largest_region(shape: Shape) -> Shape:
    """The largest piece of a shape, four neighbours each; nothing where there is nothing."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(shape.view(np.uint8), connectivity=4)
    if count == 1:
        return np.zeros_like(shape)
    largest = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    return np.asarray(labels == largest)
