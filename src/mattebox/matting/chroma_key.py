"""The chroma key: alpha from the distance to a screen's colour, and the screen's tint taken out.

What is measured is how much of the screen each pixel shows. The screen is not one colour: it has
shadows and falls off towards its edges. So first its colour is found everywhere, also behind the
subject (a clean plate), from the pixels that are surely screen; then each pixel's chroma is
compared with the plate at that place. On the CPU; the matting thread.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import NoReturn, TypeAlias, cast

import cv2
import numpy as np
import numpy.typing as npt
import torch

from mattebox.colour import Plane, Planes, planes_from_rgb, scale_and_offset
from mattebox.errors import FrameError, SettingsError
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.matting.alphas import Alpha, plane_alphas
from mattebox.matting.foreground import black_samples
from mattebox.matting.grid import Grid, extend, shrink_to_grid, surer
from mattebox.pixels import Family

log = logging.getLogger(__name__)

Samples: TypeAlias = npt.NDArray[np.float32]  # (channels,), one sample of each colour plane

# Rows at a time: what they need stays in a core's cache.
_STRIP = 64

# How often the frame is halved to the grid of the clean plate: cells of 16 pixels follow shadows
# and are wide enough to average noise away.
_PLATE_HALVINGS = 4

# How much chroma across the screen's hue speaks against the screen. At 0.5 a pixel whose hue is
# more than 63° away shows none of it: skin, red and blue before green; yellow and cyan nearly.
_ACROSS = 0.5

# A pixel belongs surely to the screen from this share of the key's chroma on, in about its hue, and
# if it is not this much lighter than a shadow that leaves so much chroma would make it.
_SURE_SHARE = 0.25
_SURE_ACROSS = 0.35
_SURE_VEIL = 0.25

# Where less of the foreground shows than this, its colour is not magnified to full strength.
_LEAST_SHARE = np.float32(0.1)

# Frames in which no screen is found before the key gives up: about a second, for cameras that
# start dark.
_PATIENCE = 30

# Green screens lie between −109° (#00b140) and −130° (pure green) in the (Cb, Cr) plane, blue ones
# between −5° and −33°. They are looked for within 30° of the middle, from this much chroma on, on
# at least this share of the border.
_SCREEN_ANGLES = np.deg2rad([-118.0, -20.0])
_SCREEN_SPREAD = np.deg2rad(30.0)
_SCREEN_CHROMA = 0.06
_SCREEN_BORDER = 0.15


@dataclass(frozen=True, slots=True)
class ChromaKeyOptions:
    """How the screen is told from the subject.

    Attributes:
        colour: (R, G, B), 0 to 255, of the screen; None finds the green or blue on the frame's
            border and keeps it.
        tolerance: distance from the screen's chroma up to which a pixel is wholly background, as
            a share of the screen's own distance from gray: 0 is the screen, 1 is gray.
        softness: width of the ramp from background to foreground beyond the tolerance. With
            tolerance + softness = 1 the ramp is the share of the foreground itself.
        despill: how much of the screen's tint is taken out of the foreground, 0 to 1.
    """

    colour: tuple[int, int, int] | None
    tolerance: float
    softness: float
    despill: float


class ChromaKey:
    """Cuts frames out from a green, blue or other coloured screen.

    It remembers the screen's colour once it was found, and nothing else.

    Args:
        options: see ``ChromaKeyOptions``.
    """

    def __init__(self, options: ChromaKeyOptions) -> None:
        self._options = options
        self._key: Samples | None = None
        self._frames_without = 0

    def cut(self, frame: Frame) -> Matte | None:
        """The frame without the screen's tint, and its alpha; None until a screen was found.

        Raises:
            FrameError: the frame is gray.
            SettingsError: the colour is gray, or no screen was found in the first frames.
        """
        if frame.format.pixels.family is Family.GRAY:
            raise FrameError(
                f"cannot key {frame.format.pixels.name}: it has no colour.",
                'Use model.name = "threshold" for gray pictures.',
            )
        small = _at_chroma_size(frame)
        key = self._find_key(small, frame.format)
        if key is None:
            return None
        plate = _clean_plate(small, key, frame.format)
        share = _screen_share(small, plate, frame.format)
        shares = _at_plane_sizes(frame, share)
        alpha = _ramp(1 - shares[0], self._options)
        if self._options.despill > 0:
            colour = _despilled(frame, alpha, shares, plate, self._options.despill)
            frame = replace(frame, planes=(*colour, *frame.planes[len(colour) :]))
        return Matte(frame, torch.from_numpy(alpha))

    def _find_key(self, small: Grid, format: VideoFormat) -> Samples | None:
        """The screen's samples: as told, as found before, or as found now."""
        if self._key is None and self._options.colour is not None:
            self._key = _samples_of(self._options.colour, format)
        if self._key is None:
            self._key = _screen_on_border(small, format)
            self._frames_without += self._key is None
        if self._key is None and self._frames_without > _PATIENCE:
            self._give_up()
        return self._key

    def end(self) -> None:
        """After the last frame: an empty matte for want of a screen is an error, not a result.

        Raises:
            SettingsError: no screen was found.
        """
        if self._key is None and self._frames_without:
            self._give_up()

    def _give_up(self) -> NoReturn:
        raise SettingsError(
            f"no green or blue screen on the border of the first {self._frames_without} frames.",
            "Name its colour, for example --set chroma.colour=#00b140.",
        )


def _at_chroma_size(frame: Frame) -> Grid:
    """All colour planes at the size of chroma, as float samples (channels, h, w)."""
    shape = frame.planes[1].shape
    return np.stack([shrink_to_grid(plane, shape) for plane in frame.colour_planes])


def _signals(samples: Grid, format: VideoFormat) -> Grid:
    """(3, …) of Y in [0, 1] and Cb, Cr in [−0.5, 0.5] from (3, …) of samples."""
    pixels, full = format.pixels, format.is_full_range
    factors = [
        scale_and_offset(pixels, full, pixels.family is Family.YUV and index > 0)
        for index in range(3)
    ]
    scale, offset = np.array(factors, np.float32).T.reshape(2, 3, *[1] * (samples.ndim - 1))
    values: Grid = (samples - offset) / scale
    if pixels.family is Family.YUV:
        return values
    green, blue, red = values
    kr, kb = format.colour.luma_weights(format.height)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    return np.stack([luma, (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))])


def _along_and_across(signals: Grid, screen: Grid) -> tuple[Alpha, Alpha]:
    """Chroma as shares of the screen's: in its hue's direction, and (absolute) across it."""
    (_, cb, cr), (_, screen_cb, screen_cr) = signals, screen
    power = np.maximum(screen_cb**2 + screen_cr**2, np.float32(1e-6))
    along = (cb * screen_cb + cr * screen_cr) / power
    across = (cb * screen_cr - cr * screen_cb) / power
    return along, np.abs(across)


def _clean_plate(small: Grid, key: Samples, format: VideoFormat) -> Grid:
    """The screen as it would look without a subject, in cells of 16 pixels of the frame."""
    column = key[:, None, None]
    signals, screen = _signals(small, format), _signals(column, format)
    along, across = _along_and_across(signals, screen)
    sure = (along > _SURE_SHARE) & (across < np.float32(_SURE_ACROSS) * along)
    # A shadow darkens as much as it takes chroma away; a veil or a reflection does not.
    sure &= signals[0] < (along + np.float32(_SURE_VEIL)) * screen[0]
    weight = sure.astype(np.float32)
    shape = (-(-format.height >> _PLATE_HALVINGS), -(-format.width >> _PLATE_HALVINGS))
    weighted = [shrink_to_grid(channel, shape) for channel in (*(small * weight), weight)]
    # A quarter of a cell is enough to know the screen there.
    return extend(surer(np.stack(weighted), 4.0), column)


def _screen_share(small: Grid, plate: Grid, format: VideoFormat) -> Alpha:
    """How much of the screen each pixel of chroma shows: 1 is the plate, 0 is gray or another hue.

    Source: the difference of chroma along and across the key's hue, as in Jack, "Video
    Demystified", 5th edition, chapter 7 ("Chroma keying"), here relative to the plate.
    """
    height, width = small.shape[1:]
    screen = np.stack([cv2.resize(c, (width, height)) for c in _signals(plate, format)])
    along, across = _along_and_across(_signals(small, format), screen)
    share: Alpha = np.clip(along - np.float32(_ACROSS) * across, 0, 1)
    return share


def _at_plane_sizes(frame: Frame, share: Alpha) -> tuple[Alpha, ...]:
    """The screen's share at the size of each colour plane."""
    sizes = {plane.shape for plane in frame.colour_planes}
    made = {size: cast(Alpha, cv2.resize(share, size[::-1])) for size in sizes}
    return tuple(made[plane.shape] for plane in frame.colour_planes)


def _ramp(distance: Alpha, options: ChromaKeyOptions) -> Alpha:
    """0 up to the tolerance, then rising to 1 over the softness."""
    if options.softness == 0:
        return (distance > options.tolerance).astype(np.float32)
    alpha: Alpha = np.clip((distance - options.tolerance) / options.softness, 0, 1)
    return alpha.astype(np.float32)


def _despilled(
    frame: Frame, alpha: Alpha, shares: tuple[Alpha, ...], plate: Grid, despill: float
) -> Planes:
    """The colour planes with the screen's light taken out of the foreground.

    Where there is none the picture stays as it is: without its screen it would be black, and a
    blurred backdrop is made of it.
    """
    planes = []
    alphas = plane_alphas(frame, alpha)
    blacks = black_samples(frame.format)
    for plane, own, share, screen, black in zip(
        frame.colour_planes, alphas, shares, plate, blacks, strict=True
    ):
        light = share * np.float32(despill)
        cleaned = _subtracted(plane, light, screen, black, frame.format.pixels.peak)
        np.copyto(cleaned, plane, where=own == 0)
        planes.append(cleaned)
    return tuple(planes)


def _subtracted(plane: Plane, share: Alpha, screen: Alpha, black: int, peak: int) -> Plane:
    """One plane of the foreground, F = (I − s P) / (1 − s), all measured from black."""
    height, width = plane.shape
    light = cv2.resize(screen - np.float32(black), (width, height))
    result = np.empty(plane.shape, plane.dtype)
    for top in range(0, height, _STRIP):
        strip = slice(top, min(top + _STRIP, height))
        own = share[strip] * light[strip]
        cv2.subtract(plane[strip], own, dst=own, dtype=cv2.CV_32F)
        rest = 1 - share[strip]
        own -= black
        own /= np.maximum(rest, _LEAST_SHARE, out=rest)
        own += black
        result[strip] = np.rint(np.clip(own, 0, peak, out=own), out=own)
    return result


def _samples_of(colour: tuple[int, int, int], format: VideoFormat) -> Samples:
    """An RGB colour as samples of a format."""
    pixels = replace(format.pixels, log2_chroma=(0, 0), has_alpha=False)
    tags = format.colour
    if pixels.family is Family.YUV:
        # What an untagged matrix means depends on the height of the whole picture.
        tags = replace(tags, matrix=tags.matrix_or_guess(format.height))
    rgb = np.array([[colour]], np.float32) / np.float32(255)
    samples = np.array([plane[0, 0] for plane in planes_from_rgb(rgb, pixels, tags)], np.float32)
    if np.hypot(*_signals(samples, format)[1:]) < _SCREEN_CHROMA:
        raise SettingsError(
            f"cannot key the colour {colour}: it is too close to gray to differ from a subject.",
            "Take a saturated one, for example (0, 177, 64).",
        )
    return samples


def _screen_on_border(small: Grid, format: VideoFormat) -> Samples | None:
    """The median of the green or of the blue at the left, top and right of a picture."""
    _, height, width = small.shape
    rim = max(1, min(height, width) // 16)
    # Not the bottom: that is where people stand.
    sides = (small[:, :rim], small[:, :, :rim], small[:, :, width - rim :])
    border = np.concatenate([side.reshape(len(small), -1) for side in sides], axis=1)
    _, cb, cr = _signals(border, format)
    saturated = np.hypot(cb, cr) > _SCREEN_CHROMA
    angle = np.arctan2(cr, cb)
    found = [
        saturated & (np.abs(np.angle(np.exp(1j * (angle - hue)))) < _SCREEN_SPREAD)
        for hue in _SCREEN_ANGLES
    ]
    most = max(found, key=np.count_nonzero)
    if np.count_nonzero(most) < _SCREEN_BORDER * len(most):
        return None
    screen: Samples = np.median(border[:, most], axis=1).astype(np.float32)
    log.info("found a screen on the border: samples %s of %s", screen, format.pixels.name)
    return screen
