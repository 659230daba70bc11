"""How much a matte changes without the picture's moving so, at thumbnail size.

What lives here: dense optical flow both ways, finer than the one that mattes are steadied along,
where the two agree, and the flicker index that rests on it. Any thread may call it; how DIS splits
its work, and with it the last digits of a flow, depends on OpenCV's number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.frame import Frame
from mattebox.matting.motion import Picture, carried
from mattebox.matting.prepare import prepare
from mattebox.matting.temporal import Map

Shape: TypeAlias = npt.NDArray[np.bool_]
Gray: TypeAlias = npt.NDArray[np.uint8]
Flow: TypeAlias = npt.NDArray[np.float32]

# The longer side: here people move by a few pixels a frame, and noise is averaged away.
SIZE = 256


@dataclass(frozen=True, slots=True, eq=False)
class Motion:
    """The way back from one frame to the frame before.

    Attributes:
        back: float32 (h, w, 2), in pixels: what is at (x, y) was at (x, y) + back[y, x].
        certain: bool (h, w): where the way there and back ends where it began.
    """

    back: Flow
    certain: Shape


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
    changed = unexplained_change(now, before, motion)
    return None if changed is None else mean_change(changed, motion)


def unexplained_change(now: Map, before: Map, motion: Motion) -> Map | None:
    """What ``flicker`` is the mean of: float32 (h, w) in [0, 1], 0 where motion is uncertain.

    Returns:
        None where no pixel's motion is certain.
    """
    if not motion.certain.any():
        return None
    size = motion.certain.shape
    past = carried(at_size(before, size), motion.back)
    changed = np.abs(at_size(now, size) - past)
    return np.where(motion.certain, changed, np.float32(0))


def mean_change(changed: Map, motion: Motion) -> float:
    """``flicker`` of what ``unexplained_change`` gave."""
    return float(changed[motion.certain].mean() * 1000)


def thumbnail(frame: Frame) -> Gray:
    """The frame in gray, uint8 (h, w), its longer side 256 pixels, both multiples of 32."""
    return in_gray(small_picture(frame))


def small_picture(frame: Frame) -> Picture:
    """The frame in RGB, uint8 (h, w, 3), its longer side 256 pixels, both multiples of 32."""
    return np.ascontiguousarray(prepare([frame], SIZE)[0].numpy().transpose(1, 2, 0))


def in_gray(picture: Picture) -> Gray:
    """The luma of an RGB picture, uint8 (h, w)."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.uint8)


def motion_between(before: Gray, now: Gray) -> Motion:
    """The motion from one thumbnail to the next.

    Source: Kroeger, Timofte, Dai and Van Gool, "Fast Optical Flow using Dense Inverse Search", ECCV
    2016, as in OpenCV with its medium preset.
    """
    back, forth = _flow(now, before), _flow(before, now)
    return Motion(back, consistent(back, forth))


def consistent(back: Flow, forth: Flow) -> Shape:
    """Where |f + b|² < 0.01 · (|f|² + |b|²) + 0.5, in pixels, and the way back stays inside.

    f is the way back from a pixel and b the way forth from where that ends. Elsewhere something was
    covered, uncovered, or not recognised.

    Source: Sundaram, Brox and Keutzer, "Dense Point Trajectories by GPU-Accelerated Large
    Displacement Optical Flow", ECCV 2010.
    """
    there = carried(forth, back)
    missed = np.square(back + there).sum(-1)
    lengths = np.square(back).sum(-1) + np.square(there).sum(-1)
    return np.asarray((missed < 0.01 * lengths + 0.5) & _stays_inside(back))


def at_size(map: Map, size: tuple[int, ...]) -> Map:
    """A map of (height, width): by area where it shrinks, bilinear where it grows."""
    if map.shape == size:
        return map
    shrinks = map.shape[0] > size[0] or map.shape[1] > size[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(map, (size[1], size[0]), interpolation=how), np.float32)


def _flow(start: Gray, end: Gray) -> Flow:
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # The stubs do not know that there need be no flow to begin with.
    return np.asarray(dis.calc(start, end, None), np.float32)  # type: ignore[call-overload]


def _ends(back: Flow) -> tuple[Map, Map]:
    """float32 (h, w) each: the columns and the rows that the ways end in."""
    rows, columns = np.indices(back.shape[:2], np.float32)
    return columns + back[..., 0], rows + back[..., 1]


def _stays_inside(back: Flow) -> Shape:
    columns, rows = _ends(back)
    height, width = rows.shape
    across, down = (columns >= 0) & (columns <= width - 1), (rows >= 0) & (rows <= height - 1)
    return np.asarray(across & down)
