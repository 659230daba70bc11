"""Moves the cut-out as somebody moves who talks to a webcam: sway, nod, turn, blink.

Everything repeats after ``LOOP_S`` seconds, so a clip of that length loops without a seam.
Premultiplied colour and alpha are resampled together; so the alpha is exact by construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, radians, sin
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
from cutout import Cutout

Array: TypeAlias = npt.NDArray[np.floating]

LOOP_S = 6.0

# The portrait's row 330 stands at the frame's lower edge. Below it there are ten rows to spare,
# which is what swaying and tilting need.
_FEET = (214.0, 330.0)
_NECK = (222.0, 185.0)
_HEAD, _HEAD_RADIUS = (227.0, 95.0), 95.0
_EYES = ((203.5, 101.0), (247.0, 103.0))
_BLINKS_S = (1.55, 4.3)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the person stands.

    Attributes:
        width, height: of the frame, in pixels.
        centre_x: of the person, in pixels.
        scale: frame pixels per portrait pixel.
    """

    width: int
    height: int
    centre_x: float
    scale: float


def wave(time: float, beats: int, phase: float = 0.0) -> float:
    """A sine that swings ``beats`` times per loop; ``phase`` in turns."""
    return sin(2 * pi * (beats * time / LOOP_S + phase))


def act(person: Cutout, stage: Stage, time: float) -> Cutout:
    """The person as they look at ``time`` seconds, at the size of the stage."""
    x, y = _on_stage(stage, time)
    x, y = _turn_head(x, y, time)
    y = _blink(x, y, time)
    soft = np.clip(_resample(person.alpha, x, y), 0, 1)
    # Resampling leaves a hint of alpha around; what is nearly nothing or nearly all becomes so.
    # Then 256 steps, so that the matte file holds the very alpha the picture was made with.
    alpha = np.rint(np.clip((soft - 0.04) / 0.92, 0, 1) * 255) / 255
    straight = _resample(person.colour, x, y) / np.maximum(soft, 0.02)[..., None]
    return Cutout(np.clip(straight, 0, 1) * alpha[..., None], alpha)


def _resample(picture: Array, x: Array, y: Array) -> Array:
    # Beyond the lower edge the suit goes on; beside and above there is nothing to go on with.
    return cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def _on_stage(stage: Stage, time: float) -> tuple[Array, Array]:
    """For each frame pixel, where in the portrait it lies if the person were a rigid board."""
    lean = radians(0.9 * wave(time, 1, 0.1) + 0.35 * wave(time, 2, 0.35))
    scale = stage.scale * (1 + 0.012 * wave(time, 1, 0.4) + 0.004 * wave(time, 3))
    centre_x = stage.centre_x + 11 * wave(time, 1) + 4 * wave(time, 2, 0.2)
    centre_y = stage.height + 7 + 2.5 * wave(time, 2, 0.6)
    rows, columns = np.mgrid[: stage.height, : stage.width].astype(np.float32)
    across, down = (columns - centre_x) / scale, (rows - centre_y) / scale
    x = _FEET[0] + cos(lean) * across + sin(lean) * down
    y = _FEET[1] - sin(lean) * across + cos(lean) * down
    return x.astype(np.float32), y.astype(np.float32)


def _turn_head(x: Array, y: Array, time: float) -> tuple[Array, Array]:
    """Tilt the head about the neck, and turn it: what is nearer to the camera moves further."""
    tilt = radians(2.2 * wave(time, 1, 0.3) + 1.0 * wave(time, 3, 0.15))
    yaw = 3.2 * wave(time, 1, 0.12) + 1.6 * wave(time, 2, 0.4)
    pitch = 1.8 * wave(time, 3, 0.3) + 1.4 * wave(time, 2)
    distance = np.hypot(x - _HEAD[0], y - _HEAD[1]) / _HEAD_RADIUS
    share = 1 - _smoothstep(0.9, 1.5, distance)
    depth = np.sqrt(np.clip(1 - (distance / 0.9) ** 2, 0, None))
    across, down = x - _NECK[0], y - _NECK[1]
    tilted_x = _NECK[0] + cos(tilt) * across + sin(tilt) * down
    tilted_y = _NECK[1] - sin(tilt) * across + cos(tilt) * down
    return (
        (x + share * (tilted_x - x) - yaw * depth).astype(np.float32),
        (y + share * (tilted_y - y) - pitch * depth).astype(np.float32),
    )


def _blink(x: Array, y: Array, time: float) -> Array:
    """Draw the upper lids down: the skin above each eye is stretched, the eye squeezed."""
    closed = max(_lid(time - start) for start in _BLINKS_S)
    if closed == 0:
        return y
    for eye_x, eye_y in _EYES:
        top, lid, bottom = eye_y - 9, eye_y - 4.5, eye_y + 4.5
        across = _smoothstep(0, 1, 1.6 - np.abs(x - eye_x) / 10)
        lowered = lid + closed * across * 7.5
        above = top + (y - top) * (lid - top) / (lowered - top)
        below = lid + (y - lowered) * (bottom - lid) / (bottom - lowered)
        squeezed = np.where(y < lowered, above, below)
        y = np.where((y > top) & (y < bottom) & (across > 0), squeezed, y)
    return y.astype(np.float32)


def _lid(since: float) -> float:
    """How far the lids are closed, ``since`` seconds after a blink began: [0, 1]."""
    length_s = 0.24
    return sin(pi * since / length_s) if 0 < since < length_s else 0.0


def _smoothstep(low: float, high: float, value: Array) -> Array:
    x = np.clip((value - low) / (high - low), 0, 1)
    return x * x * (3 - 2 * x)
