"""Mattes of still or changing pictures, made on the spot, for what looks at mattes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

import clips
from mattebox.frame import Frame, Matte
from mattebox.inspection.figures import InspectionOptions
from mattebox.inspection.inspecting import Inspection

SIZE = (160, 96)
OPTIONS = InspectionOptions(scene_cut=0.5, gap_s=0.5)
Alpha = npt.NDArray[np.float32]


def box(left: int = 40, top: int = 20, right: int = 100, bottom: int = 80) -> Alpha:
    """Foreground in a box, in pixels of 160×96."""
    alpha = np.zeros(SIZE[::-1], np.float32)
    alpha[top:bottom, left:right] = 1
    return alpha


def frame(number: int, scene: int = 0) -> Frame:
    """The picture of a scene, which stands still, 40 ms after the one before."""
    picture = clips.pattern_frame(clips.video_format("yuv420p", SIZE), scene)
    return replace(picture, pts=number * 40)


def matte(number: int, alpha: Alpha, *, scene: int = 0, saliency: Alpha | None = None) -> Matte:
    """A matte of a frame."""
    said = None if saliency is None else torch.from_numpy(saliency)
    return Matte(frame(number, scene), torch.from_numpy(alpha), said)


def mattes(alphas: Iterable[Alpha]) -> Iterator[Matte]:
    """Mattes of a picture that stands still."""
    for number, alpha in enumerate(alphas):
        yield matte(number, alpha)


def inspected(passing: Iterator[Matte], input: str = "clip.mp4") -> Inspection:
    """All of them looked at."""
    inspection = Inspection(OPTIONS)
    for _ in inspection.inspecting(passing, input):
        pass
    return inspection
