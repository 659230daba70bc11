"""What maps of consecutive frames are worth against truth: pure functions of numpy arrays.

Maps are float32 in [0, 1]. What needs no truth, the flicker index, is the product's:
``mattebox.inspection.flicker``. What one frame is worth by itself is in ``stills.py``. Any thread
may call it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mattebox.inspection.flicker import Motion, at_size
from mattebox_lab.evaluate.stills import Map

# One fast moment for each so many frames, and the frames after each that are looked at.
MOMENT_EVERY, FRAMES_AFTER = 50, 10


def dtssd(now: Map, before: Map, truth_now: Map, truth_before: Map) -> float:
    """How far the map's change is from the truth's, of one pair of frames, ×100; 0 is perfect.

    √ mean((Δα − Δα*)²) · 100 in [0, 200], with Δ the difference to the frame before. A map that is
    wrong by the same in both frames has 0.

    Args:
        now, before, truth_now, truth_before: (height, width) each, of one size.

    Source: dtSSD of Erofeev, Gitman, Vatolin, Fedorov and Wang, "Perceptually Motivated Benchmark
    for Video Matting", BMVC 2015; the mean over pixels and the factor as in Lin, Yang, Saleemi and
    Sengupta, "Robust High-Resolution Video Matting with Temporal Guidance", WACV 2022.
    """
    difference = (now - before) - (truth_now - truth_before)
    return float(np.sqrt(np.square(difference).mean()) * 100)


def speed(motion: Motion, truth: Map) -> float:
    """How fast the subject moves: the mean length of the certain ways in it, in the flow's pixels.

    Args:
        motion: from the frame before.
        truth: (height, width), the true alpha; the subject is what is above one half.

    Returns:
        0 where there is no subject, or no way in it is certain.
    """
    subject = motion.certain & (at_size(truth, motion.certain.shape) > 0.5)
    if not subject.any():
        return 0.0
    return float(np.linalg.norm(motion.back[subject], axis=-1).mean())


def after_fast(values: Sequence[float], speeds: Sequence[float]) -> float:
    """The mean of a measure over the ten frames after the fastest motion.

    The fastest frame of a clip is looked for, then the fastest of those that are not among its ten,
    nor it among theirs, and so on: one moment for each fifty frames or part of fifty. A moment's
    first frame is the one that the motion led to.

    Args:
        values: of each frame, one or more.
        speeds: at each frame, of the motion that led to it.
    """
    begins: list[int] = []
    for frame in np.argsort(-np.asarray(speeds), kind="stable").tolist():
        if all(abs(frame - other) >= FRAMES_AFTER for other in begins):
            begins.append(frame)
        if len(begins) * MOMENT_EVERY >= len(values):
            break
    frames = [f for begin in begins for f in range(begin, begin + FRAMES_AFTER) if f < len(values)]
    return float(np.mean([values[frame] for frame in frames]))
