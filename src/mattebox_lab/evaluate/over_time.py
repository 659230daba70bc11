"""What maps of consecutive frames are worth against truth: pure functions of numpy arrays.

Maps are float32 in [0, 1]. What needs no truth, the flicker index, is the product's:
``mattebox.inspection.flicker``. What one frame is worth by itself is in ``stills.py``. Any thread
may call it.
"""

from __future__ import annotations

import numpy as np

from mattebox_lab.evaluate.stills import Map


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
