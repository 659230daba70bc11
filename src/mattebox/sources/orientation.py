"""The eight ways a picture can lie, how files say so, and turning planes upright.

Pure arithmetic on arrays; reading the metadata itself lives in the doors. Any thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mattebox.colour import Plane, Planes
from mattebox.pixels import Family, PixelFormat, pixel_format

# The digits in a layout's name by how often (height, width) of chroma are halved.
_DIGITS = {
    (1, 1): "420",
    (0, 1): "422",
    (0, 0): "444",
    (1, 0): "440",
    (0, 2): "411",
    (2, 2): "410",
}

# What a quarter turn may end in. The rest becomes 4:4:4: out of 4:2:2 would come 4:4:0, which
# x264, ProRes and most players refuse.
_GOOD_ENDS = {(1, 1), (0, 1), (0, 0), (2, 2)}

# How much of the other axis a display matrix may mix in: tan of about 3 degrees.
_SKEW = 0.05


@dataclass(frozen=True, slots=True)
class Orientation:
    """What to do to stored planes so that they stand upright, in this order.

    Attributes:
        transposed: swap rows and columns first.
        mirrored: then swap left and right.
        flipped: then swap top and bottom.
    """

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False

    def turned(self, pixels: PixelFormat) -> PixelFormat:
        """The layout that planes of ``pixels`` have once they stand upright."""
        if not self.transposed or pixels.family is not Family.YUV:
            return pixels
        down, across = pixels.log2_chroma
        end = (across, down) if (across, down) in _GOOD_ENDS else (0, 0)
        return pixel_format(pixels.name.replace(_DIGITS[down, across], _DIGITS[end], 1))

    def turn(self, planes: Planes, pixels: PixelFormat) -> Planes:
        """Upright, contiguous copies of planes; the planes themselves where nothing is to do.

        Args:
            planes: a picture laid out as ``pixels`` says.
            pixels: the stored layout; ``turned(pixels)`` is the layout of the result.

        Every sample is kept; where the result is 4:4:4 and the input was not, chroma is repeated.
        An odd-sized picture with subsampled chroma keeps its chroma to within one luma sample.
        """
        if self == UPRIGHT:
            return planes
        if self.transposed and self.turned(pixels).log2_chroma != pixels.log2_chroma[::-1]:
            planes = _full_chroma(planes, pixels)
        return tuple(self._turn_plane(plane) for plane in planes)

    def _turn_plane(self, plane: Plane) -> Plane:
        plane = plane.T if self.transposed else plane
        plane = plane[:, ::-1] if self.mirrored else plane
        plane = plane[::-1] if self.flipped else plane
        return np.ascontiguousarray(plane)


UPRIGHT = Orientation()

# Tag 0x0112 of Exif 2.32 and of TIFF 6.0: where row 0 and column 0 of the stored picture lie.
_EXIF = {
    1: UPRIGHT,
    2: Orientation(mirrored=True),
    3: Orientation(mirrored=True, flipped=True),
    4: Orientation(flipped=True),
    5: Orientation(transposed=True),
    6: Orientation(transposed=True, mirrored=True),
    7: Orientation(transposed=True, mirrored=True, flipped=True),
    8: Orientation(transposed=True, flipped=True),
}


def from_exif(value: int) -> Orientation:
    """What Exif's orientation tag asks for; values it does not define ask for nothing."""
    return _EXIF.get(value, UPRIGHT)


def from_degrees(clockwise: int) -> Orientation | None:
    """A turn clockwise; None where it is not a multiple of 90 degrees."""
    return {0: UPRIGHT, 90: _EXIF[6], 180: _EXIF[3], 270: _EXIF[8]}.get(clockwise % 360)


def from_display_matrix(matrix: Sequence[int]) -> Orientation | None:
    """What the display matrix of a video track asks for; None where it is no such turn.

    Args:
        matrix: nine numbers, row by row; a point (x, y) of the stored picture, y downwards, is
            shown at (a·x + c·y, b·x + d·y) with a, b = matrix[0:2] and c, d = matrix[3:5].

    Source: ISO/IEC 14496-12, 8.3.2 (track header box).
    """
    a, b, c, d = (float(matrix[index]) for index in (0, 1, 3, 4))
    if max(abs(b), abs(c)) <= _SKEW * min(abs(a), abs(d)):
        return Orientation(mirrored=a < 0, flipped=d < 0)
    if max(abs(a), abs(d)) <= _SKEW * min(abs(b), abs(c)):
        return Orientation(transposed=True, mirrored=c < 0, flipped=b < 0)
    return None


def _full_chroma(planes: Planes, pixels: PixelFormat) -> Planes:
    """The same picture with chroma repeated to full size."""
    height, width = planes[0].shape
    down, across = pixels.size_multiple
    chroma = (
        plane.repeat(down, axis=0)[:height].repeat(across, axis=1)[:, :width]
        for plane in planes[1:3]
    )
    return (planes[0], *chroma, *planes[3:])
