"""A picture as if other light fell on it: brighter or darker, warmer or cooler.

What lives here: what that does to the samples of planes. What does not: which light it is
(``tone_match``). Pure functions on the CPU; any thread.

Light is changed in R, G and B, each by its own factor, as a camera's exposure and white balance do
(von Kries). In a plane of R, G, B or gray that is one table from sample to sample. In YUV it is one
for luma; chroma is scaled as much as luma's table is steep there, and gets the tint that a gray of
that luma gets, so that black stays black and nothing goes through RGB.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.colour import Plane, Planes, brightened, scale_and_offset
from mattebox.frame import Coverage, Frame, VideoFormat
from mattebox.matting.cells import plane_side, rounded_sum, shrink_cells
from mattebox.matting.grid import halve
from mattebox.pixels import Family, PixelFormat

_Floats = npt.NDArray[np.float32]

# To which part of a stop a tone is rounded, so that tables serve many frames: one moves mid-gray by
# less than a tenth of an 8-bit sample.
_STEPS = 512

# Chroma is never scaled by more: PQ's and HLG's curves are without bounds near black.
_STEEPEST = 2.0


@dataclass(frozen=True, slots=True)
class Tone:
    """By how many stops (doublings) light is changed; 0 leaves it, at most 2 either way."""

    red: float
    green: float
    blue: float

    @property
    def changes_nothing(self) -> bool:
        """Whether all of it is rounded away."""
        return all(round(each * _STEPS) == 0 for each in (self.red, self.green, self.blue))


@dataclass(frozen=True, slots=True, eq=False)
class _Tables:
    """What becomes of samples.

    Attributes:
        levels: of luma, of gray, or of G, B and R: uint8 or uint16 (peak + 1,) each.
        slope: what chroma is multiplied with where luma is so much: float32 (peak + 1,).
        shifts: what Cb and Cr then get, in samples: float32 (peak + 1,) each; none but in YUV.
    """

    levels: tuple[Plane, ...]
    slope: _Floats
    shifts: tuple[_Floats, ...]


class Toning:
    """One tone for frames of one format.

    Args:
        tone: the change of light.
        format: of the frames.
    """

    def __init__(self, tone: Tone, format: VideoFormat) -> None:
        self._pixels = format.pixels
        steps = (round(stops * _STEPS) for stops in (tone.red, tone.green, tone.blue))
        self._tables = _tables(*steps, format)

    def planes(self, frame: Frame, coverage: Coverage) -> Planes:
        """The colour planes of a frame in that light.

        Args:
            frame: as it was taken.
            coverage: see ``Matte``; not 0 everywhere.

        Returns:
            New planes that are valid in the rectangle around all that is covered.
        """
        toned = tuple(np.empty_like(plane, order="C") for plane in frame.colour_planes)
        window = partial(_window, pixels=self._pixels, coverage=coverage)
        parts = [window(plane, index) for index, plane in enumerate(frame.colour_planes)]
        for index, samples in enumerate(self._toned(parts, self._at_chroma(parts[0]))):
            window(toned[index], index)[:] = samples
        return toned

    def cells(self, colours: Iterable[npt.NDArray[Any]]) -> Iterator[Plane]:
        """The same for some cells (n, h, w) of each colour plane, which may be no whole numbers."""
        parts = [self._rounded(each) for each in colours]
        return self._toned(parts, shrink_cells(parts[0], plane_side(1, self._pixels)))

    def _toned(self, parts: Sequence[Plane], luma: Plane) -> Iterator[Plane]:
        """Parts of each plane; ``luma`` is what belongs to the samples of chroma."""
        tables = self._tables
        for part, table in zip(parts, tables.levels, strict=False):
            yield _looked_up(table, part)
        if not tables.shifts:
            return
        slope = _looked_up(tables.slope, luma)
        for part, table in zip(parts[1:], tables.shifts, strict=True):
            scaled = np.asarray(cv2.multiply(part, slope, dtype=cv2.CV_32F))
            yield rounded_sum(scaled, _looked_up(table, luma), self._pixels)

    def _at_chroma(self, luma: Plane) -> Plane:
        rows, columns = self._pixels.log2_chroma
        for step in range(max(rows, columns)):
            luma = halve(luma, step < rows, step < columns)
        return luma

    def _rounded(self, values: npt.NDArray[Any]) -> Plane:
        """Samples of the layout's type; what is one already is given back."""
        if values.dtype == self._pixels.dtype:
            return values
        whole = np.rint(values).clip(0, self._pixels.peak)
        return np.asarray(whole, self._pixels.dtype)


def _window(plane: Plane, index: int, pixels: PixelFormat, coverage: Coverage) -> Plane:
    """A view of the rectangle around what is covered."""
    rows, columns = (np.flatnonzero(coverage.any(axis)) for axis in (1, 0))
    height, width = plane_side(index, pixels)
    return plane[
        rows[0] * height : (rows[-1] + 1) * height, columns[0] * width : (columns[-1] + 1) * width
    ]


def _looked_up(table: npt.NDArray[Any], samples: Plane) -> npt.NDArray[Any]:
    if samples.dtype == np.uint8:
        return np.asarray(cv2.LUT(samples, table)).reshape(samples.shape)
    # Numbers beyond the table are clipped, because looking for them first takes longer.
    found: npt.NDArray[Any] = np.take(table, samples, mode="clip")
    return found


@lru_cache(maxsize=8)
def _tables(red: int, green: int, blue: int, format: VideoFormat) -> _Tables:
    """The tables of a tone in steps."""
    pixels = format.pixels
    scale, offset = scale_and_offset(pixels, format.is_full_range, chroma=False)
    samples = np.arange(pixels.peak + 1, dtype=np.float32)
    values = (samples - np.float32(offset)) / np.float32(scale)
    inside = np.clip(values, 0, 1)
    # Below black and above white of a limited range there is room, which stays what it was.
    green_light, blue_light, red_light = (
        brightened(inside, steps / _STEPS, format.colour) + values - inside
        for steps in (green, blue, red)
    )
    kr, kb = format.colour.luma_weights(format.height)
    luma = kr * red_light + (1 - kr - kb) * green_light + kb * blue_light
    is_rgb = pixels.family is Family.RGB
    levels = tuple(
        np.rint(curve * scale + offset).clip(0, pixels.peak).astype(pixels.dtype)
        for curve in ((green_light, blue_light, red_light) if is_rgb else (luma,))
    )
    slope = np.gradient(luma, values).clip(0, _STEEPEST).astype(np.float32)
    if pixels.family is not Family.YUV:
        return _Tables(levels, slope, ())
    chroma_scale, middle = scale_and_offset(pixels, format.is_full_range, chroma=True)
    tints = (blue_light - luma) / (2 * (1 - kb)), (red_light - luma) / (2 * (1 - kr))
    shifts = tuple(
        (tint * chroma_scale + middle * (1 - slope)).astype(np.float32) for tint in tints
    )
    return _Tables(levels, slope, shifts)
