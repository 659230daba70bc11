"""Any frame as I420, the layout that virtual cameras and windows take: 8 bit, chroma halved.

Arithmetic on planes; any thread.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from mattebox.colour import Plane, Planes
from mattebox.frame import Frame
from mattebox.pixels import Family


def i420(frame: Frame) -> Plane:
    """One uint8 array (height × 3/2, width): Y, then Cb and Cr in half of each direction.

    An odd line or column at the end is left out. RGB is converted by ITU-R BT.601 in limited range.
    """
    height, width = frame.format.height // 2 * 2, frame.format.width // 2 * 2
    planes = _at_8_bit(frame)
    if frame.format.pixels.family is Family.RGB:
        green, blue, red = (plane[:height, :width] for plane in planes)
        converted: Any = cv2.cvtColor(cv2.merge((blue, green, red)), cv2.COLOR_BGR2YUV_I420)
        return np.asarray(converted, np.uint8)
    picture = np.full((height * 3 // 2, width), 128, np.uint8)  # gray, where there is no chroma
    picture[:height] = planes[0][:height, :width]
    chroma = picture[height:].reshape(2, height // 2, width // 2)
    for place, plane in zip(chroma, planes[1:], strict=False):
        place[:] = _halved(plane, (height // 2, width // 2))
    return picture


def _at_8_bit(frame: Frame) -> Planes:
    shift = frame.format.pixels.depth - 8
    if shift == 0:
        return frame.colour_planes
    return tuple((plane >> shift).astype(np.uint8) for plane in frame.colour_planes)


def _halved(plane: Plane, shape: tuple[int, int]) -> Plane:
    if plane.shape[0] // shape[0] == 1 and plane.shape[1] // shape[1] == 1:
        return plane[: shape[0], : shape[1]]
    return np.asarray(cv2.resize(plane, shape[::-1], interpolation=cv2.INTER_AREA), np.uint8)
