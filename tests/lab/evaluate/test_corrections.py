"""Laws of measuring what a corrected frame does to others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import clips
from mattebox.assemble import fix_options
from mattebox.settings import Settings
from mattebox_lab.evaluate.corrections import corrected, iou, worst

NOTHING, ALL = (np.full((64, 96), value, np.float32) for value in (0, 1))
HALF = np.repeat([[0.0, 1.0]], 48, 1).repeat(64, 0).astype(np.float32)


def test_the_worst_frame_is_the_one_least_like_the_truth() -> None:
    """By IoU; nothing where nothing is to be found is right."""
    assert worst([ALL, HALF, NOTHING], [ALL, ALL, NOTHING]) == 1
    assert iou(HALF, ALL) == 0.5
    assert iou(NOTHING, NOTHING) == 1


def test_the_truth_of_one_frame_is_carried_to_the_others() -> None:
    """On a still picture all of it."""
    frame = clips.pattern_frame(clips.video_format())
    shown = [replace(frame, pts=40 * number) for number in range(5)]

    alphas = corrected(shown, [NOTHING] * 5, 2, HALF, fix_options(Settings()))

    assert min(iou(alpha, HALF) for alpha in alphas) > 0.95
