"""What a map is worth against the truth of a still: pure functions of numpy arrays.

Maps are float32 (height, width) in [0, 1]; a truth has its map's size. Where a measure is about
shapes, both are cut at ½. What changes over time is in ``over_time.py``. Any thread may call it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Map: TypeAlias = npt.NDArray[np.float32]
Shape: TypeAlias = npt.NDArray[np.bool_]

# Precision counts more than recall: Achanta et al. 2009.
BETA_SQUARED = 0.3
# Of the picture's diagonal: the DAVIS benchmark's own.
BOUNDARY_TOLERANCE = 0.008
_LEVELS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Precision and recall of one picture at each of 255 thresholds, the lowest first.

    Attributes:
        precision: float64 (255,) in [0, 1]: the share of what was found that is right.
        recall: float64 (255,) in [0, 1]: the share of what is there that was found.
    """

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]


def mean_absolute_error(alpha: Map, truth: Map) -> float:
    """The mean of |α − α*| over all pixels, in [0, 1]; 0 is perfect.

    Source: Perazzi, Krähenbühl, Pritch and Hornung, "Saliency Filters: Contrast Based Filtering for
    Salient Region Detection", CVPR 2012. In matting it is called MAD.
    """
    return float(np.abs(alpha - truth).mean())


def mean_squared_error(alpha: Map, truth: Map) -> float:
    """The mean of (α − α*)² over all pixels, in [0, 1]; 0 is perfect.

    Source: Rhemann, Rother, Wang, Gelautz, Kohli and Rott, "A Perceptually Motivated Online
    Benchmark for Image Matting", CVPR 2009.
    """
    return float(np.square(alpha - truth).mean())


def mean_saliency(saliency: Map) -> float:
    """The mean of the map, in [0, 1]: in an empty room every bit of it is wrong."""
    return float(saliency.mean())


def iou(alpha: Map, truth: Map) -> float:
    """|A ∩ A*| / |A ∪ A*| of the shapes above ½, in [0, 1]; 1 is perfect, also for two empty ones.

    Source: Jaccard, "The Distribution of the Flora in the Alpine Zone", New Phytologist 11, 1912;
    J of Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object
    Segmentation", CVPR 2016.
    """
    ours, theirs = alpha > 0.5, truth > 0.5
    union = np.count_nonzero(ours | theirs)
    return np.count_nonzero(ours & theirs) / union if union else 1.0


def precision_and_recall(saliency: Map, truth: Map) -> Curve | None:
    """The curve that ``max_f`` averages; None where the truth is empty and recall means nothing.

    The map is rounded to 8 bits and never stretched; threshold k of 1 to 255 takes what is k / 255
    or more. Where nothing is found precision is 0. The truth is cut at ½.
    """
    there = truth > 0.5
    if not there.any():
        return None
    levels = np.rint(saliency * (_LEVELS - 1)).astype(np.uint8)
    found, right = _at_least(levels.ravel()), _at_least(levels[there])
    return Curve(right / np.maximum(found, 1), right / np.count_nonzero(there))


def _at_least(levels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """(255,): how many levels are at least 1, 2, … 255."""
    counts = np.bincount(levels, minlength=_LEVELS)
    return np.asarray(counts[::-1].cumsum()[::-1][1:], np.int64)


def max_f(curves: Sequence[Curve]) -> float:
    """The largest F of a set's mean precision and mean recall over the thresholds, in [0, 1].

    F = (1 + β²) · P · R / (β² · P + R) with β² = 0.3; P and R are averaged over pictures first.

    Args:
        curves: one or more.

    Source: Achanta, Hemami, Estrada and Süsstrunk, "Frequency-tuned Salient Region Detection",
    CVPR 2009; over all thresholds as in Borji, Cheng, Jiang and Li, "Salient Object Detection: A
    Benchmark", IEEE Transactions on Image Processing 24, 2015.
    """
    precision = np.mean([curve.precision for curve in curves], axis=0)
    recall = np.mean([curve.recall for curve in curves], axis=0)
    weighted = BETA_SQUARED * precision + recall
    product = (1 + BETA_SQUARED) * precision * recall
    return float((product / np.where(weighted > 0, weighted, 1)).max())


def boundary_f(alpha: Map, truth: Map) -> float:
    """How well the outlines of the shapes above ½ meet, in [0, 1]; 1 is perfect.

    F = 2 · P · R / (P + R): P is the share of our outline within 0.008 of the picture's diagonal,
    rounded up to whole pixels, of the true one; R the share of the true one as near to ours. It is
    1 where neither has an outline and 0 where only one has.

    Source: F of Perazzi, Pont-Tuset, McWilliams, Van Gool, Gross and Sorkine-Hornung, "A Benchmark
    Dataset and Evaluation Methodology for Video Object Segmentation", CVPR 2016, in the form of
    the benchmark's own program: dilation in place of a one-to-one match.
    """
    ours, theirs = _outline(alpha > 0.5), _outline(truth > 0.5)
    if not ours.any() or not theirs.any():
        return 0.0 if ours.any() or theirs.any() else 1.0
    reach_px = math.ceil(BOUNDARY_TOLERANCE * math.hypot(*truth.shape))
    precision = float(_near(theirs, reach_px)[ours].mean())
    recall = float(_near(ours, reach_px)[theirs].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _outline(shape: Shape) -> Shape:
    """The pixels that differ from the one to the right, below, or both; none beyond the edge."""
    padded = np.pad(shape, ((0, 1), (0, 1)), mode="edge")
    right, below, both = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    return (shape ^ right) | (shape ^ below) | (shape ^ both)


def _near(outline: Shape, reach_px: int) -> Shape:
    """Within a disc of that radius: what dilation by it gives."""
    away = (~outline).astype(np.uint8)
    distance = cv2.distanceTransform(away, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance <= reach_px)
