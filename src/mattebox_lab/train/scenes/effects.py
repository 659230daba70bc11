"""Each thing that a bad camera does to a picture, as a function of one picture.

Every function takes the picture seen so far and a source of chance, which only noise and flicker
use, and gives a new one. Colours are float32 RGB, gamma-encoded; 1 is white, and they may overshoot
until a compressor or the end clips them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from mattebox_lab.train.scenes.arrays import Colours, Picture, Share, as_picture
from mattebox_lab.train.scenes.h264 import through_encoder

# A display's gamma: a gain of light is this power of it in encoded samples.
GAMMA = 2.2
# BT.601 luma.
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture on its way through the camera.

    Attributes:
        colours: float32 (height, width, 3), 1 is white.
        alpha: float32 (height, width) in [0, 1].
    """

    colours: Colours
    alpha: Share


def tinted(seen: Seen, _: np.random.Generator, *, gains: npt.NDArray[np.float64]) -> Seen:
    """A white balance that is off: one gain per channel, of encoded samples."""
    return replace(seen, colours=seen.colours * np.asarray(gains, np.float32))


def dim(seen: Seen, _: np.random.Generator, *, gain: float) -> Seen:
    """More or less light, the same everywhere."""
    return replace(seen, colours=seen.colours * np.float32(gain ** (1 / GAMMA)))


def flickering(seen: Seen, rng: np.random.Generator, *, deviation_stops: float) -> Seen:
    """An exposure that is set anew for every frame."""
    return dim(seen, rng, gain=2 ** rng.normal(0, deviation_stops))


def back_lit(seen: Seen, _: np.random.Generator, *, gain: float, veil: float) -> Seen:
    """A bright background: it outshines the subject, and some of it strays over all."""
    soft = _blurred(seen.alpha, 0.02 * seen.alpha.shape[0])
    brighter = np.float32(gain ** (1 / GAMMA))
    gains = brighter + soft * (1 / brighter - brighter)
    lit = seen.colours * gains[..., None] * np.float32(1 - veil) + np.float32(veil)
    return replace(seen, colours=lit)


def vignetted(
    seen: Seen, _: np.random.Generator, *, strength: float, centre: tuple[float, float]
) -> Seen:
    """Corners darker than the middle, by ``strength`` at the far end of a half diagonal."""
    height, width = seen.alpha.shape
    across = (np.linspace(0, 1, width, dtype=np.float32) - np.float32(centre[0])) ** 2
    down = (np.linspace(0, 1, height, dtype=np.float32) - np.float32(centre[1])) ** 2
    falloff = 1 - np.float32(2 * strength) * (across + down[:, None])
    return replace(seen, colours=seen.colours * np.maximum(falloff, 0)[..., None])


def out_of_focus(seen: Seen, _: np.random.Generator, *, radius_px: float) -> Seen:
    """Everything blurred by a lens's disc, the alpha as well."""
    return _filtered(seen, disc(radius_px))


def moved(seen: Seen, _: np.random.Generator, *, length_px: float, degrees: float) -> Seen:
    """The camera moved while the shutter was open: everything smeared along a line."""
    return _filtered(seen, line(length_px, degrees))


def noisy(
    seen: Seen, rng: np.random.Generator, *, shot: float, read: float, grain_px: float
) -> Seen:
    """Noise of photons, whose variance grows with the light, and of the sensor, which has its own.

    Args:
        seen: the picture.
        rng: makes the noise.
        shot: deviation at white.
        read: deviation at black.
        grain_px: how far a denoiser has spread the grains, as a Gaussian's deviation.
    """
    grains = rng.standard_normal(seen.colours.shape, np.float32)
    if grain_px > 0:
        # A blur of white noise divides its deviation by 2 sigma root pi.
        grains = _blurred(grains, grain_px) * np.float32(max(1.0, 2 * grain_px * np.pi**0.5))
    variance = np.float32(shot**2) * np.maximum(seen.colours, 0) + np.float32(read**2)
    return replace(seen, colours=seen.colours + grains * np.sqrt(variance))


def toned(
    seen: Seen,
    _: np.random.Generator,
    *,
    gain: float,
    contrast: float,
    gamma: float,
    saturation: float,
) -> Seen:
    """What a camera's processor sets: exposure, gamma, contrast about mid-grey, saturation."""
    exposed = np.clip(seen.colours * np.float32(gain ** (1 / GAMMA)), 0, 1)
    curved = cv2.pow(exposed, float(gamma))
    greyed = np.tile((1 - saturation) * LUMA, (3, 1)) + saturation * np.eye(3)
    # (c − ½) · contrast + ½, then towards grey: one matrix with an offset, since greys stay.
    offset = np.full((3, 1), 0.5 - 0.5 * contrast)
    toned = cv2.transform(curved, np.hstack([greyed * contrast, offset]))
    return replace(seen, colours=np.asarray(toned, np.float32))


def without_colour(seen: Seen, _: np.random.Generator) -> Seen:
    """A night camera: luma only."""
    grey = np.asarray(seen.colours @ LUMA, np.float32)
    return replace(seen, colours=np.repeat(grey[..., None], 3, axis=2))


def rescaled(seen: Seen, _: np.random.Generator, *, factor: float) -> Seen:
    """A camera with fewer pixels: down and up again."""
    height, width = seen.alpha.shape
    small = max(8, round(width * factor)), max(8, round(height * factor))
    shrunk = cv2.resize(seen.colours, small, interpolation=cv2.INTER_AREA)
    grown = cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR)
    return replace(seen, colours=np.asarray(grown, np.float32))


def sharpened(seen: Seen, _: np.random.Generator, *, amount: float) -> Seen:
    """Halos along edges, as webcams make them."""
    difference = seen.colours - _blurred(seen.colours, 1.0)
    return replace(seen, colours=seen.colours + np.float32(amount) * difference)


def through_jpeg(seen: Seen, _: np.random.Generator, *, quality: int) -> Seen:
    """Compressed as a picture: what motion-JPEG webcams send."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    # JPEG's channel order only matters for its chroma, so the order has to be OpenCV's.
    bgr = cv2.cvtColor(_as_bytes(seen.colours), cv2.COLOR_RGB2BGR)
    data = cv2.imencode(".jpg", bgr, options)[1]
    return replace(seen, colours=_as_colours(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB)))


def through_h264(seen: Seen, _: np.random.Generator, *, crf: int) -> Seen:
    """Compressed as a video's first frame."""
    return replace(seen, colours=_as_colours(through_encoder(_as_bytes(seen.colours), crf)))


def disc(radius_px: float) -> npt.NDArray[np.float32]:
    """A filter that is even inside a circle, its rim softened, with a sum of 1."""
    reach = int(np.ceil(radius_px))
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    kernel = np.clip(radius_px + 0.5 - np.hypot(across, down), 0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def line(length_px: float, degrees: float) -> npt.NDArray[np.float32]:
    """A filter that is even along a line through the middle, with a sum of 1."""
    reach = int(np.ceil(length_px / 2)) + 1
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    along, aside = across * cosine + down * sine, across * -sine + down * cosine
    kernel = np.clip(length_px / 2 + 0.5 - abs(along), 0, 1) * np.clip(1 - abs(aside), 0, 1)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _filtered(seen: Seen, kernel: npt.NDArray[np.float32]) -> Seen:
    colours = cv2.filter2D(seen.colours, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    alpha = cv2.filter2D(seen.alpha, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return Seen(np.asarray(colours, np.float32), np.clip(np.asarray(alpha, np.float32), 0, 1))


def _blurred(array: npt.NDArray[np.float32], sigma_px: float) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(array, (0, 0), max(0.3, sigma_px)), np.float32)


def _as_bytes(colours: Colours) -> Picture:
    return as_picture(colours * np.float32(255))


def _as_colours(picture: npt.ArrayLike | None) -> Colours:
    assert picture is not None, "a picture just encoded can be decoded"
    return np.asarray(picture, np.float32) * np.float32(1 / 255)
