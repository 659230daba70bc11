"""Names of the arrays that travel between scenes, and the roundings between them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# uint8 (height, width, 3): RGB, gamma-encoded.
Picture = npt.NDArray[np.uint8]
# float32 (height, width) in [0, 1]: an alpha, a cover, a weight.
Share = npt.NDArray[np.float32]
# float32 (height, width, 3): RGB, gamma-encoded; the docstring says whether 1 or 255 is white.
Colours = npt.NDArray[np.float32]
Size = tuple[int, int]


def as_picture(colours: Colours) -> Picture:
    """The nearest uint8 picture of colours in [0, 255]; what is beyond is clipped."""
    return np.asarray(np.clip(colours + np.float32(0.5), 0, 255), np.uint8)


def as_bytes(share: Share) -> npt.NDArray[np.uint8]:
    """A share of [0, 1] in 255 steps."""
    return np.asarray(np.clip(share * np.float32(255) + np.float32(0.5), 0, 255), np.uint8)


def as_share(grey: npt.NDArray[np.uint8]) -> Share:
    """What ``as_bytes`` was made of."""
    return np.asarray(grey, np.float32) * np.float32(1 / 255)
