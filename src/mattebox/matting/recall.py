"""Mattes that were made before: pairs frames with the pictures of a saved matte, by time.

No network and no files: the pictures of the matte come as an iterator of frames. Called on the
matting thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction

import numpy as np
import torch

from mattebox.errors import SourceError
from mattebox.frame import Frame, Matte


def recalling(
    batches: Iterator[list[Frame]], saved: Iterator[Frame], shift_s: Fraction
) -> Iterator[Matte]:
    """Give every frame the saved matte of its own moment.

    A container may have rounded the times of the matte to its own ticks (Matroska: milliseconds),
    so two moments are the same when they differ by at most half a tick of the coarser time base.

    Args:
        batches: the frames, in order of pts.
        saved: the matte's pictures, in order of pts; the first plane is alpha over its full scale.
        shift_s: how much later than the frames the pictures were stored, in seconds: a container
            may have no times before 0.

    Raises:
        SourceError: the sizes differ, or a frame has no matte.
    """
    upcoming = _Upcoming(saved, shift_s)
    with closing(upcoming):
        for batch in batches:
            for frame in batch:
                yield Matte(frame, _alpha_of(upcoming.at(frame), frame))


class _Upcoming:
    """The saved pictures, read only as far as the frames have come, each given once."""

    def __init__(self, saved: Iterator[Frame], shift_s: Fraction) -> None:
        self._saved, self._shift_s = saved, shift_s
        self._next = next(saved, None)

    def at(self, frame: Frame) -> Frame:
        """The picture of that frame's moment; earlier ones are passed over."""
        moment = frame.pts * frame.format.time_base
        while (picture := self._next) is not None:
            tolerance = max(frame.format.time_base, picture.format.time_base) / 2
            late = picture.pts * picture.format.time_base - self._shift_s - moment
            if late > tolerance:
                break
            self._next = next(self._saved, None)
            if late >= -tolerance:
                return picture
        raise SourceError(
            f"the matte has no picture for the frame at {float(moment):.3f} s.",
            "Make it again from this very file: mattebox run INPUT --matte MATTE.mkv -o OUTPUT.",
        )

    def close(self) -> None:
        """Let the pictures' own generator release what it holds."""
        close = getattr(self._saved, "close", None)
        if close is not None:
            close()


def _alpha_of(picture: Frame, frame: Frame) -> torch.Tensor:
    """float32 (height, width) in [0, 1] from the picture's first plane."""
    plane = picture.planes[0]
    expected = (frame.format.height, frame.format.width)
    if plane.shape != expected:
        raise SourceError(
            f"the matte is {plane.shape[1]}×{plane.shape[0]} and the frame "
            f"{expected[1]}×{expected[0]}: it belongs to another file.",
            "Make the matte again from this very file.",
        )
    return torch.from_numpy(plane.astype(np.float32)).div_(picture.format.pixels.peak)
