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
from mattebox.matting.cells import plane_side, shrink_cells
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
        tints: what Cb and Cr then get, in samples: float32 (peak + 1,) each; none but in YUV.
    """

    levels: tuple[Plane, ...]
    slope: _Floats
    tints: tuple[_Floats, ...]


class Toning:
    """One tone for frames of one format.

    Args:
        tone: the change of light.
        format: of the frames.
    """

    def __init__(self, tone: Tone, format: VideoFormat) -> None:
        self._pixels = format.pixels
        self._middle = np.float32(1 << (format.pixels.depth - 1))
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
        parts = [*map(window, frame.colour_planes, range(3))]
        for to, samples in zip(
            map(window, toned, range(3)), self._toned(parts, self._at_chroma(parts[0])), strict=True
        ):
            to[:] = samples
        return toned

    def cells(self, colours: Iterable[npt.NDArray[Any]]) -> Iterator[Plane]:
        """The same for some cells (n, h, w) of each colour plane, which may be no whole numbers."""
        parts = [self._rounded(each) for each in colours]
        luma = shrink_cells(parts[0], plane_side(1, self._pixels))
        return self._toned(parts, luma)

    def _toned(self, parts: Sequence[Plane], luma: Plane) -> Iterator[Plane]:
        """Parts of each plane; ``luma`` is what belongs to the samples of chroma."""
        tables = self._tables
        for part, table in zip(parts, tables.levels, strict=False):
            yield _looked_up(table, part)
        if not tables.tints:
            return
        slope = _looked_up(tables.slope, luma)
        for part, table in zip(parts[1:], tables.tints, strict=True):
            shift = np.subtract(part, self._middle, dtype=np.float32)
            shift *= slope
            shift += _looked_up(table, luma)
            shift += self._middle
            yield self._rounded(shift)

    def _at_chroma(self, luma: Plane) -> Plane:
        rows, columns = self._pixels.log2_chroma
        for step in range(max(rows, columns)):
            luma = halve(luma, step < rows, step < columns)
        return luma

    def _rounded(self, values: npt.NDArray[Any]) -> Plane:
        """Samples of the layout's type; what is one already is given back."""
        if values.dtype == self._pixels.dtype:
            return values
        whole = np.rint(values)
        return np.clip(whole, 0, self._pixels.peak, out=whole).astype(self._pixels.dtype)


def _window(plane: Plane, index: int, pixels: PixelFormat, coverage: Coverage) -> Plane:
    """A view of the rectangle around what is covered."""
    rows, columns = (np.flatnonzero(coverage.any(axis)) for axis in (1, 0))
    height, width = plane_side(index, pixels)
    return plane[
        rows[0] * height : (rows[-1] + 1) * height, columns[0] * width : (columns[-1] + 1) * width
    ]


def _looked_up(table: npt.NDArray[Any], samples: Plane) -> npt.NDArray[Any]:
    if samples.dtype == np.uint8:
        found: npt.NDArray[Any] = cv2.LUT(samples, table)
        return found.reshape(samples.shape)
    # Numbers beyond the table are clipped, because looking for them first takes longer.
    return np.asarray(table.take(samples, mode="clip"))


@lru_cache(maxsize=8)
def _tables(red: int, green: int, blue: int, format: VideoFormat) -> _Tables:
    """The tables of a tone in steps."""
    pixels = format.pixels
    scale, offset = scale_and_offset(pixels, format.is_full_range, chroma=False)
    samples = np.arange(pixels.peak + 1, dtype=np.float32)
    values = (samples - np.float32(offset)) / np.float32(scale)
    inside = np.clip(values, 0, 1)
    lights = {
        name: brightened(inside, steps / _STEPS, format.colour)
        for name, steps in (("g", green), ("b", blue), ("r", red))
    }
    kr, kb = format.colour.luma_weights(format.height)
    luma = kr * lights["r"] + (1 - kr - kb) * lights["g"] + kb * lights["b"]
    curves = [*lights.values()] if pixels.family is Family.RGB else [luma]
    # Below black and above white of a limited range there is room, which stays what it was.
    levels = tuple(
        np.rint((curve + values - inside) * scale + offset)
        .clip(0, pixels.peak)
        .astype(pixels.dtype)
        for curve in curves
    )
    if pixels.family is not Family.YUV:
        return _Tables(levels, np.zeros(0, np.float32), ())
    chroma_scale = scale_and_offset(pixels, format.is_full_range, chroma=True)[0]
    slope = np.gradient(luma, values).clip(0, _STEEPEST).astype(np.float32)
    tints = tuple(
        ((lights[name] - luma) * chroma_scale / (2 * (1 - weight))).astype(np.float32)
        for name, weight in (("b", kb), ("r", kr))
    )
    return _Tables(levels, slope, tints)
