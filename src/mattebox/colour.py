"""What sample values mean as light: colour tags, and the arithmetic between RGB and planes.

Tags are the code points of ITU-T H.273, which is also how FFmpeg numbers them, so that a tag this
code has never heard of still survives the way from input to output. Pure numpy; any thread.

RGB here is float32 (height, width, 3) in [0, 1], gamma-encoded, with sRGB's primaries and curve.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mattebox.pixels import Family, PixelFormat

Plane: TypeAlias = npt.NDArray[Any]  # uint8 or uint16 (height, width)
Planes: TypeAlias = tuple[Plane, ...]
Rgb: TypeAlias = npt.NDArray[np.float32]

UNSPECIFIED = 2
MATRIX_RGB, MATRIX_BT709, MATRIX_BT470BG, MATRIX_BT601, MATRIX_BT2020 = 0, 1, 5, 6, 9
PRIMARIES_BT709, PRIMARIES_BT2020 = 1, 9
TRANSFER_BT709, TRANSFER_SRGB, TRANSFER_PQ, TRANSFER_HLG = 1, 13, 16, 18

# Luma weights (Kr, Kb) by matrix code point: ITU-T H.273, table 4.
_LUMA_WEIGHTS = {
    MATRIX_BT709: (0.2126, 0.0722),
    4: (0.30, 0.11),  # FCC
    MATRIX_BT470BG: (0.299, 0.114),
    MATRIX_BT601: (0.299, 0.114),
    7: (0.212, 0.087),  # SMPTE 240M
    MATRIX_BT2020: (0.2627, 0.0593),
    10: (0.2627, 0.0593),
}

# Linear light, BT.709 primaries to BT.2020 primaries: ITU-R BT.2087, equation 3.
_BT709_TO_BT2020 = np.array(
    [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]], np.float32
)
_BT2020_TO_BT709 = np.linalg.inv(_BT709_TO_BT2020).astype(np.float32)
_BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593], np.float32)

# cd/m² of graphics white in HDR, and of HLG's nominal peak: ITU-R BT.2408, section 2.
REFERENCE_WHITE = 203.0
_HLG_PEAK = 1000.0
_HLG_GAMMA = 1.2
# Of SDR as a plain power, ITU-R BT.470; its curves have a straight part near black.
_SDR_GAMMA = 2.2


class Range(Enum):
    """How samples are scaled: H.273's VideoFullRangeFlag, and "nobody said"."""

    UNSPECIFIED = "unspecified"
    LIMITED = "limited"  # black 16, white 235 at 8 bit
    FULL = "full"  # black 0, white 255 at 8 bit


@dataclass(frozen=True, slots=True)
class Colour:
    """The colour tags of a stream, kept exactly as the input had them.

    Attributes:
        matrix, primaries, transfer: code points of ITU-T H.273; 2 is "unspecified".
        range: how samples are scaled.
    """

    matrix: int = UNSPECIFIED
    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    range: Range = Range.UNSPECIFIED

    @property
    def is_hdr(self) -> bool:
        """Whether the transfer is PQ or HLG."""
        return self.transfer in {TRANSFER_PQ, TRANSFER_HLG}

    def is_full_range(self, family: Family) -> bool:
        """Whether samples use the whole scale; untagged RGB and gray do, untagged YUV does not."""
        if self.range is Range.UNSPECIFIED:
            return family is not Family.YUV
        return self.range is Range.FULL

    def matrix_or_guess(self, height: int) -> int:
        """The matrix; untagged video is BT.601 below 720 lines, BT.709 from there."""
        if self.matrix in _LUMA_WEIGHTS:
            return self.matrix
        return MATRIX_BT709 if height >= 720 else MATRIX_BT601

    def luma_weights(self, height: int) -> tuple[float, float]:
        """(Kr, Kb) of the matrix, or of the guess where there is none."""
        return _LUMA_WEIGHTS[self.matrix_or_guess(height)]

    def is_same_light(self, other: Colour) -> bool:
        """Whether equal RGB values look the same under both tags, so that only planes differ.

        BT.709, BT.601 and sRGB are looked at through the same screens and count as one.
        """
        return self._light == other._light

    @property
    def _light(self) -> tuple[int | None, bool]:
        return self.transfer if self.is_hdr else None, self.primaries == PRIMARIES_BT2020


_SRGB = Colour(primaries=PRIMARIES_BT709, transfer=TRANSFER_SRGB)


def scale_and_offset(pixels: PixelFormat, full_range: bool, chroma: bool) -> tuple[float, float]:
    """(scale, offset) such that sample = scale × value + offset, unrounded.

    ``value`` is [0, 1] for luma, RGB and gray and [−0.5, 0.5] for chroma. Source: H.273, 8.3.
    """
    if full_range:
        return float(pixels.peak), float(1 << (pixels.depth - 1)) if chroma else 0.0
    step = float(1 << (pixels.depth - 8))
    return (224 * step, 128 * step) if chroma else (219 * step, 16 * step)


def planes_from_rgb(rgb: Rgb, pixels: PixelFormat, colour: Colour) -> Planes:
    """Turn an RGB picture into the planes of a format, chroma by area average.

    Args:
        rgb: float32 (height, width, 3), see the module's docstring; values outside [0, 1] clip.
        pixels: the layout to make; an alpha plane, if it has one, comes out opaque.
        colour: the tags to make it for; for PQ and HLG white lands at 203 cd/m².

    Returns:
        One contiguous uint8 or uint16 array per plane.
    """
    height, width, _ = rgb.shape
    rgb = _to_tagged_light(np.clip(rgb, 0, 1), colour)
    values = _components(rgb, pixels, colour)
    full_range = colour.is_full_range(pixels.family)
    planes = []
    for index, value in enumerate(values):
        is_chroma = pixels.family is Family.YUV and index > 0
        scale, offset = scale_and_offset(pixels, full_range, is_chroma)
        log2 = pixels.log2_chroma if is_chroma else (0, 0)
        samples = _area_average(value, log2) * scale + offset
        planes.append(np.rint(samples).clip(0, pixels.peak).astype(pixels.dtype))
    if pixels.has_alpha:
        planes.append(np.full((height, width), pixels.peak, pixels.dtype))
    return tuple(planes)


def rgb_from_planes(planes: Planes, pixels: PixelFormat, colour: Colour) -> Rgb:
    """Turn planes into an RGB picture, chroma repeated to full size.

    Args:
        planes: as ``pixels.plane_shapes`` says; an alpha plane is ignored.
        pixels: their layout.
        colour: their tags; PQ and HLG are mapped so that 203 cd/m² is white and brighter clips.

    Returns:
        float32 (height, width, 3) in [0, 1].
    """
    height, width = planes[0].shape
    full_range = colour.is_full_range(pixels.family)
    values = []
    for index, plane in enumerate(planes[: pixels.colour_planes]):
        is_chroma = pixels.family is Family.YUV and index > 0
        scale, offset = scale_and_offset(pixels, full_range, is_chroma)
        value = (plane.astype(np.float32) - offset) / scale
        values.append(_repeat(value, pixels.log2_chroma, (height, width)) if is_chroma else value)
    if pixels.family is Family.GRAY:
        rgb = np.stack(values * 3, axis=-1)
    elif pixels.family is Family.RGB:
        green, blue, red = values
        rgb = np.stack((red, green, blue), axis=-1)
    else:
        rgb = rgb_from_yuv(np.stack(values, axis=-1), colour.luma_weights(height))
    return np.clip(_from_tagged_light(rgb, colour), 0, 1)


def rgb_from_yuv(yuv: npt.NDArray[np.float32], luma_weights: tuple[float, float]) -> Rgb:
    """(…, 3) of luma in [0, 1] and chroma in [−0.5, 0.5] to RGB, unclipped. Source: H.273, 8.3."""
    return yuv @ yuv_to_rgb_matrix(luma_weights).T


def yuv_to_rgb_matrix(luma_weights: tuple[float, float]) -> npt.NDArray[np.float32]:
    """The 3×3 matrix from (Y, Cb, Cr) to (R, G, B). Source: H.273, equations 38 to 40 inverted."""
    kr, kb = luma_weights
    kg = 1 - kr - kb
    red, blue = 2 * (1 - kr), 2 * (1 - kb)
    return np.array([[1, 0, red], [1, -blue * kb / kg, -red * kr / kg], [1, blue, 0]], np.float32)


def white_signal(colour: Colour) -> float:
    """Where in [0, 1] graphics white lies in gamma-encoded R, G, B and luma of those tags."""
    return float(_to_tagged_light(np.ones((1, 1, 3), np.float32), colour)[0, 0, 0])


def brightened(signal: Rgb, stops: float, colour: Colour) -> Rgb:
    """What gamma-encoded samples become when the light on the scene is changed.

    Args:
        signal: float32 of any shape in [0, 1]: R, G, B, or the luma of grays.
        stops: by how many doublings, in [-2, 2].
        colour: the tags, for their transfer.

    Returns:
        Like ``signal``, never falling where it rises; black stays black. More light leaves SDR's
        white where it is and squeezes what is near it, as film does, so that no highlight burns
        out; PQ and HLG have room above white.
    """
    if stops == 0:
        return signal
    factor = np.float32(2**stops)
    if colour.transfer == TRANSFER_PQ:
        return np.minimum(_linear_to_pq(_pq_to_linear(signal) * factor), np.float32(1))
    if colour.transfer == TRANSFER_HLG:
        return np.minimum(_hlg_from_scene(_hlg_to_scene(signal) * factor), np.float32(1))
    # As a power, whatever the curve says of near black: there a factor is a factor.
    gain = np.float32(2 ** (stops / _SDR_GAMMA))
    brighter: Rgb = gain * signal
    if gain > 1:
        # Slope `gain` at 0, through (1, 1), rising all the way as long as it is below 2.
        brighter /= 1 + (gain - 1) * signal * signal
    return brighter


def _components(
    rgb: Rgb, pixels: PixelFormat, colour: Colour
) -> tuple[npt.NDArray[np.float32], ...]:
    """The float components of a layout's colour planes, at full size."""
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    if pixels.family is Family.RGB:
        return green, blue, red
    kr, kb = colour.luma_weights(rgb.shape[0])
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    if pixels.family is Family.GRAY:
        return (luma,)
    return luma, (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))


def _area_average(value: npt.NDArray[np.float32], log2: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Halve height and width so many times; an odd edge repeats its last row or column first."""
    if log2 == (0, 0):
        return value
    height, width = value.shape
    rows, columns = 1 << log2[0], 1 << log2[1]
    padded = np.pad(value, ((0, -height % rows), (0, -width % columns)), mode="edge")
    # Strided sums: eight times faster than a mean over the axes of blocks.
    offsets = [(row, column) for row in range(rows) for column in range(columns)]
    total = sum(padded[row::rows, column::columns] for row, column in offsets)
    return np.asarray(total / np.float32(rows * columns), np.float32)


def _repeat(
    value: npt.NDArray[np.float32], log2: tuple[int, int], shape: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Enlarge by whole powers of two and cut to ``shape``."""
    tall = value.repeat(1 << log2[0], axis=0)[: shape[0]]
    return tall.repeat(1 << log2[1], axis=1)[:, : shape[1]]


def _to_tagged_light(rgb: Rgb, colour: Colour) -> Rgb:
    """From sRGB to the primaries and transfer of the tags, for those that differ visibly."""
    if colour.is_same_light(_SRGB):
        return rgb
    wide = colour.primaries == PRIMARIES_BT2020
    light = _srgb_to_linear(rgb)
    if wide:
        light = light @ _BT709_TO_BT2020.T
    if colour.transfer == TRANSFER_PQ:
        return _linear_to_pq(light * REFERENCE_WHITE)
    if colour.transfer == TRANSFER_HLG:
        return _display_to_hlg(light * REFERENCE_WHITE)
    return _linear_to_srgb(light)


def _from_tagged_light(rgb: Rgb, colour: Colour) -> Rgb:
    """The inverse of ``_to_tagged_light``; light above reference white clips."""
    if colour.is_same_light(_SRGB):
        return rgb
    wide = colour.primaries == PRIMARIES_BT2020
    if colour.transfer == TRANSFER_PQ:
        light = _pq_to_linear(np.clip(rgb, 0, 1)) / REFERENCE_WHITE
    elif colour.transfer == TRANSFER_HLG:
        light = _hlg_to_display(np.clip(rgb, 0, 1)) / REFERENCE_WHITE
    else:
        light = _srgb_to_linear(np.clip(rgb, 0, 1))
    if wide:
        light = light @ _BT2020_TO_BT709.T
    return _linear_to_srgb(np.clip(light, 0, 1))


def _srgb_to_linear(rgb: Rgb) -> Rgb:
    """IEC 61966-2-1."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


def _linear_to_srgb(light: Rgb) -> Rgb:
    """IEC 61966-2-1, inverted."""
    light = np.maximum(light, 0)
    encoded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return encoded.astype(np.float32)


# SMPTE ST 2084.
_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 4096 * 128
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32


def _linear_to_pq(nits: Rgb) -> Rgb:
    """Display light in cd/m² to a PQ signal in [0, 1]. Source: SMPTE ST 2084."""
    power = (np.maximum(nits, 0) / 10000) ** _PQ_M1
    signal = ((_PQ_C1 + _PQ_C2 * power) / (1 + _PQ_C3 * power)) ** _PQ_M2
    return signal.astype(np.float32)


def _pq_to_linear(signal: Rgb) -> Rgb:
    """A PQ signal in [0, 1] to display light in cd/m². Source: SMPTE ST 2084."""
    power = signal ** (1 / _PQ_M2)
    ratio = np.maximum(power - _PQ_C1, 0) / (_PQ_C2 - _PQ_C3 * power)
    nits: Rgb = (10000 * ratio ** (1 / _PQ_M1)).astype(np.float32)
    return nits


# ITU-R BT.2100, table 5.
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073


def _display_to_hlg(nits: Rgb) -> Rgb:
    """Display light with BT.2020 primaries to an HLG signal: inverse OOTF, then OETF (BT.2100)."""
    relative = np.maximum(nits, 0) / _HLG_PEAK
    luminance = np.maximum(relative @ _BT2020_LUMA, 1e-6)[..., None]
    scene = relative * luminance ** ((1 - _HLG_GAMMA) / _HLG_GAMMA)
    return _hlg_from_scene(scene.astype(np.float32))


def _hlg_to_display(signal: Rgb) -> Rgb:
    """An HLG signal to display light in cd/m² on a 1000 cd/m² display: BT.2100."""
    scene = _hlg_to_scene(signal)
    luminance = np.maximum(scene @ _BT2020_LUMA, 1e-6)[..., None]
    nits: Rgb = (_HLG_PEAK * scene * luminance ** (_HLG_GAMMA - 1)).astype(np.float32)
    return nits


def _hlg_from_scene(scene: Rgb) -> Rgb:
    """HLG's OETF: scene light in [0, 1] to a signal."""
    low = np.sqrt(3 * scene)
    high = _HLG_A * np.log(np.maximum(12 * scene - _HLG_B, 1e-6)) + _HLG_C
    return np.where(scene <= 1 / 12, low, high).astype(np.float32)


def _hlg_to_scene(signal: Rgb) -> Rgb:
    """HLG's OETF, inverted."""
    low = signal**2 / 3
    high = (np.exp((signal - _HLG_C) / _HLG_A) + _HLG_B) / 12
    scene: Rgb = np.where(signal <= 0.5, low, high).astype(np.float32)
    return scene
