"""Looking at a picture through a box: crop, squash, mirror and turn in one resampling.

Boxes are in source pixels, x and y of their upper left corner, edges between pixels (a picture's
own box is 0, 0, width, height). A box may reach beyond the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mattebox_lab.train.scenes.arrays import Picture, Share, Size

Matrix = npt.NDArray[np.float64]

# cv2.warpAffine takes the nearest four pixels: below this scale it would skip some.
SMALLEST_DIRECT_SCALE = 0.7


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a picture."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        """Its middle as (x, y)."""
        return self.x + self.width / 2, self.y + self.height / 2


@dataclass(frozen=True, slots=True)
class View:
    """A way of looking at a picture.

    Attributes:
        box: what is seen.
        size: the (height, width) it is shown at.
        mirrored: left and right change places.
        degrees: the picture turns so far, counter-clockwise, about the middle of the box.
    """

    box: Box
    size: Size
    mirrored: bool = False
    degrees: float = 0.0

    @property
    def scale(self) -> float:
        """Pixels shown per source pixel, the mean of both directions."""
        height, width = self.size
        return float(np.sqrt(height / self.box.height * width / self.box.width))

    def matrix(self) -> Matrix:
        """Float64 (2, 3): from source positions to shown ones, with edges between pixels."""
        height, width = self.size
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), self.degrees, 1.0)
        across = width / self.box.width * (-1 if self.mirrored else 1)
        down = height / self.box.height
        x, y = self.box.centre
        place = np.array([[across, 0, width / 2 - across * x], [0, down, height / 2 - down * y]])
        return composed(np.asarray(turn, np.float64), place)

    def of(self, picture: Picture, border: int = cv2.BORDER_REFLECT) -> Picture:
        """The picture as it is seen; ``border`` says what lies beyond it (cv2.BORDER_…)."""
        return np.asarray(_warped(picture, self, border), np.uint8)

    def of_share(self, share: Share, border: int = cv2.BORDER_CONSTANT) -> Share:
        """The same for an alpha; by default nothing lies beyond it."""
        return np.asarray(_warped(share, self, border), np.float32)


def composed(outer: Matrix, inner: Matrix) -> Matrix:
    """The affine map (2, 3) that does ``inner`` first, then ``outer``."""
    return np.asarray(outer @ np.vstack([inner, [0, 0, 1]]), np.float64)


def warped(array: npt.NDArray[Any], matrix: Matrix, size: Size, border: int) -> npt.NDArray[Any]:
    """The array moved by an affine map of positions whose edges lie between pixels.

    Args:
        array: (height, width) or (height, width, channels), uint8 or float32.
        matrix: float64 (2, 3), from positions in the array to positions in the result.
        size: (height, width) of the result.
        border: cv2.BORDER_…; beyond a constant border all is 0.
    """
    middle = matrix.copy()
    # OpenCV's positions are those of pixels' middles.
    middle[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5
    shown = cv2.warpAffine(array, middle, size[::-1], flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(shown)


def _warped(array: npt.NDArray[Any], view: View, border: int) -> npt.NDArray[Any]:
    matrix = view.matrix()
    if view.scale < SMALLEST_DIRECT_SCALE:
        height, width = array.shape[:2]
        small = max(1, round(width * view.scale)), max(1, round(height * view.scale))
        array = np.asarray(cv2.resize(array, small, interpolation=cv2.INTER_AREA))
        matrix = matrix @ np.diag([width / small[0], height / small[1], 1])
    return warped(array, matrix, view.size, border)
