"""A virtual camera in memory, for pyvirtualcam: it judges each picture and notes when it came."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import pyvirtualcam

ROOM, PLACEHOLDER, COMPOSITE = 0, 1, 2
# The room of ``sender`` in Cb and Cr; nothing else that is shown comes near.
_MARKER = 185
# Chroma of the placeholder, which is gray, and how far from gray it may be after rounding.
_GRAY, _NEAR = 128, 6


class Device:
    """Takes I420 pictures.

    Attributes:
        moments: ``time.monotonic()`` of each picture.
        kinds: what each was: ROOM, PLACEHOLDER or COMPOSITE.
    """

    def __init__(self, width: int, height: int, **_asked: object) -> None:
        self._luma = width * height
        self.moments, self.kinds = array("d"), array("b")
        _opened.append(self)

    def send(self, frame: npt.NDArray[np.uint8]) -> None:
        """Judge one picture."""
        self.moments.append(time.monotonic())
        self.kinds.append(_kind(*frame[self._luma :].reshape(2, -1)))

    def close(self) -> None:
        """There is nothing to give back."""

    def device(self) -> str:
        """Its name."""
        return "memory"

    def native_fourcc(self) -> int | None:
        """Any."""
        return None


_opened: list[Device] = []


@contextmanager
def devices() -> Iterator[list[Device]]:
    """Let pyvirtualcam find it while the block runs; gives those that were opened."""
    _opened.clear()
    pyvirtualcam.register_backend("memory", Device)
    try:
        yield _opened
    finally:
        pyvirtualcam.camera.BACKENDS.pop("memory")


def _kind(blue: npt.NDArray[np.uint8], red: npt.NDArray[np.uint8]) -> int:
    if ((blue > _MARKER) & (red > _MARKER)).any():
        return ROOM
    distance = max(abs(int(extreme) - _GRAY) for c in (blue, red) for extreme in (c.min(), c.max()))
    return PLACEHOLDER if distance <= _NEAR else COMPOSITE
