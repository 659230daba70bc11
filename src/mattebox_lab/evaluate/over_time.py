"""What maps of consecutive frames are worth: pure functions of numpy arrays.

Maps are float32 in [0, 1]. What one frame is worth by itself is in ``stills.py``. Any thread may
call it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mattebox.matting.motion import carried
from mattebox_lab.evaluate.motion import Motion, at_size_of
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


def flicker(now: Map, before: Map, motion: Motion) -> float | None:
    """How much a map changes without the picture's moving so, of one pair of frames, ×1000.

    mean(|s(x) − s'(x + back(x))|) · 1000 in [0, 1000] over the pixels whose motion is certain, at
    the motion's size; s' is the map of the frame before. It is 0 for a map that stands still with
    the picture or moves with it, and needs no truth: a map of nothing has 0 too.

    Args:
        now, before: (h, w) of any size.
        motion: from the frame before to this one.

    Returns:
        None where no pixel's motion is certain, as at a cut.

    Source: the warping error of Lai, Huang, Wang, Shechtman, Yumer and Yang, "Learning Blind Video
    Temporal Consistency", ECCV 2018, with the absolute difference in place of the squared one, and
    ours the size and the flow.
    """
    if not motion.certain.any():
        return None
    past = carried(at_size_of(before, motion), motion.back)
    changed = np.abs(at_size_of(now, motion) - past)
    return float(changed[motion.certain].mean() * 1000)


def speed(motion: Motion, truth: Map) -> float:
    """How fast the subject moves: the mean length of the certain ways in it, in the flow's pixels.

    Args:
        motion: from the frame before.
        truth: (height, width), the true alpha; the subject is what is above one half.

    Returns:
        0 where there is no subject, or no way in it is certain.
    """
    subject = motion.certain & (at_size_of(truth, motion) > 0.5)
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
