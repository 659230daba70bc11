"""Pictures for a person to look at, small and as RGB: of a frame, of a matte.

For previews only: sizes are rounded as ``matting.prepare`` rounds them. Any thread; never the data
path's.
"""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.frame import Frame, Matte
from mattebox.matting.prepare import prepare

Small: TypeAlias = npt.NDArray[np.uint8]


def small_rgb(frame: Frame, width: int) -> Small:
    """A frame as uint8 (h, w, 3) RGB whose longer side is about ``width``; HDR mapped to SDR."""
    longer = max(frame.format.width, frame.format.height)
    return np.ascontiguousarray(prepare([frame], min(width, longer))[0].permute(1, 2, 0).numpy())


def small_matte(matte: Matte, size: tuple[int, int]) -> Small:
    """Alpha as uint8 gray of this (height, width)."""
    alpha = matte.alpha.detach().cpu().numpy()
    shrunk = cv2.resize(alpha, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(np.clip(np.rint(shrunk * 255), 0, 255), np.uint8)
