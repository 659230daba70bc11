"""Which light a subject needs to look as if it stood in the backdrop.

What lives here: measuring the subject and the backdrop, and following both over time. What does
not: what another light does to samples (``tone``). Arithmetic on pictures of a few thousand pixels;
state in one object for each stream, on the caller's thread.

After Reinhard, Ashikhmin, Gooch and Shirley, "Color transfer between images", IEEE CG&A 21(5),
2001: means are moved towards those of the other picture. Three things differ. Only means are moved:
a subject's contrast is its own. They are moved as light, by factors. And the subject's mean colour
is skin and clothes, not the light that fell on them: its tint is taken from what of it is nearly
gray, and bounds keep skin the colour of skin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.colour import Planes
from mattebox.frame import Coverage, Frame, Matte, VideoFormat
from mattebox.matting.cuts import CutFinder
from mattebox.matting.prepare import prepare
from mattebox.matting.tone import Tone
from mattebox.timing import seconds

_Picture: TypeAlias = npt.NDArray[np.uint8]  # (h, w, 3), R, G and B
_Weights: TypeAlias = npt.NDArray[np.float32]  # (h, w)
# (3,) in stops: how bright, how much from blue to amber, how much from magenta to green.
_Light: TypeAlias = npt.NDArray[np.float64]

# The long side of what is measured.
_GLANCE = 64

# The most that light is changed at a share of 1. Between daylight and light bulbs there is twice
# the second; a third larger than this makes skin look ill.
_MOST = np.array([1.5, 0.5, 0.1])

# ITU-R BT.709, on gamma-encoded values; and stops of light for each doubling of such a value.
_LUMA = np.array([0.2126, 0.7152, 0.0722])
_GAMMA = 2.2
# Darker than this counts as this: a logarithm of nothing says nothing.
_DARK = 0.02

# (max − min) / max of R, G and B from which on a colour is the subject's own and says little of the
# light on it; skin has 0.3 to 0.5.
_COLOURFUL = 0.15
# Share of the subject that has to be nearly gray for its tint to count half.
_SOME_GRAY = 0.05
# Share of the frame that a subject has to fill for a change of it to count half as fast.
_SMALL = 0.005


@dataclass(frozen=True, slots=True)
class MatchOptions:
    """How far the light on the subject is brought to that of the backdrop.

    Attributes:
        brightness: share of the difference in [0, 1]; the whole of it counts 1.5 stops at most.
        colour: share of the difference in tint in [0, 1]; the whole of it counts half a stop of red
            and blue against each other at most, and a tenth of green.
        half_life_s: seconds in which half of a change is followed; 0 follows at once.
    """

    brightness: float
    colour: float
    half_life_s: float


class ToneMatcher:
    """Follows what the subject and the backdrop of one stream look like.

    By the time that passes and not by frames. At a cut in the input, and where time runs back, it
    begins anew; a cut in the backdrop is followed as slowly as everything else.

    Args:
        options: see there.
    """

    def __init__(self, options: MatchOptions) -> None:
        self._options = options
        self._shares = np.array([options.brightness, options.colour, options.colour])
        self._cuts = CutFinder()
        self._light: _Light | None = None  # None: nobody was there yet
        self._moment = 0.0
        self._measured: tuple[Planes, _Light] | None = None

    def tone(self, matte: Matte, backdrop: Planes) -> Tone | None:
        """How light has to change for one frame; to be asked for every frame, in order.

        Args:
            matte: the frame, its alpha and the coverage of it.
            backdrop: what it will be laid over, see ``ports.Backdrop``.

        Returns:
            None where nothing has to be changed.
        """
        assert matte.coverage is not None
        picture = _small(matte.frame)
        before, self._moment = self._moment, _moment(matte.frame)
        if self._cuts.is_another(picture) or self._moment < before:
            self._light = None
        weights = _weights(matte.coverage, picture.shape[:2])
        present = float(weights.mean())
        if present > 0:
            behind = self._light_of(backdrop, matte.frame.format)
            wanted = np.clip(behind - _light_on(picture, weights), -_MOST, _MOST) * self._shares
            self._follow(wanted, (self._moment - before) * present / (present + _SMALL))
        return None if self._light is None else _tone(self._light)

    def _follow(self, wanted: _Light, elapsed_s: float) -> None:
        if self._light is None or self._options.half_life_s == 0:
            self._light = wanted
            return
        left = 2 ** (-elapsed_s / self._options.half_life_s)
        self._light = wanted + (self._light - wanted) * left

    def _light_of(self, backdrop: Planes, format: VideoFormat) -> _Light:
        """The light of a backdrop: measured once as long as it is the same."""
        if self._measured is None or self._measured[0] is not backdrop:
            opaque = format.with_pixels(format.pixels.without_alpha())
            picture = _small(Frame(backdrop, opaque, pts=0))
            everywhere = np.ones(picture.shape[:2], np.float32)
            self._measured = backdrop, _light(picture, everywhere, everywhere)
        return self._measured[1]


def _moment(frame: Frame) -> float:
    return seconds(frame.pts, frame.format.time_base)


def _small(frame: Frame) -> _Picture:
    picture = prepare([frame], _GLANCE)[0].numpy()
    return np.ascontiguousarray(picture.transpose(1, 2, 0))


def _weights(coverage: Coverage, shape: tuple[int, ...]) -> _Weights:
    """How much of each place is surely subject: its edges show the old background too."""
    how = cv2.INTER_AREA if coverage.shape >= shape else cv2.INTER_LINEAR
    share = np.asarray(cv2.resize(coverage, shape[::-1], interpolation=how), np.float32)
    return share**8


def _light_on(picture: _Picture, weights: _Weights) -> _Light:
    """The light on a subject, as far as it can be told from the subject's own colour."""
    most, least = picture.max(2).astype(np.float32), picture.min(2).astype(np.float32)
    colourful = (most - least) / (most + np.float32(255 * _DARK))
    grays = weights * np.exp(-np.square(colourful / np.float32(_COLOURFUL)))
    light = _light(picture, weights, grays)
    share = float(grays.sum() / weights.sum())
    light[1:] *= share / (share + _SOME_GRAY)
    return light


def _light(picture: _Picture, bright: _Weights, grays: _Weights) -> _Light:
    """The light in a picture.

    Args:
        picture: see there.
        bright: what each place counts for how bright it is.
        grays: and for its tint; light places count more, because so does their light.
    """
    values = picture.reshape(-1, 3) / 255
    luma = float(bright.ravel() @ (values @ _LUMA)) / float(bright.sum())
    square = grays.ravel() @ np.square(values) / max(float(grays.sum()), 1e-9)
    red, green, blue = _GAMMA * np.log2(np.maximum(np.sqrt(square), _DARK))
    exposure = _GAMMA * np.log2(max(luma, _DARK))
    return np.array([exposure, (red - blue) / 2, green - (red + blue) / 2])


def _tone(light: _Light) -> Tone | None:
    """A change of light, by channel, if it is one; its tint leaves the luma of a gray as it is."""
    exposure, warmth, green = light
    tint = np.array([warmth - green / 3, green * 2 / 3, -warmth - green / 3])
    tint -= _GAMMA * np.log2(2 ** (tint / _GAMMA) @ _LUMA)
    tone = Tone(*(float(each) for each in np.clip(exposure + tint, -2, 2)))
    return None if tone.changes_nothing else tone
