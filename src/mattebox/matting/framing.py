"""A window that follows the subject, and pictures of what is inside it.

What lives here: where the subject is, on the coarse grid of its coverage; which window would suit
it; how the window moves there; and the frame and its alpha seen through it. The window has the
frame's own aspect and never reaches outside. All of it is in shares of the frame, so that it is
the same for every size. Arithmetic on the CPU; the caller's thread, once for each frame in order.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt
import torch

from mattebox.frame import Coverage, Frame, Matte, VideoFormat
from mattebox.matting.alphas import alpha_array
from mattebox.matting.cells import SIDE, coverage_of
from mattebox.ports import Layer

# A cell less covered than this is no part of an island: soft edges do not join two of them.
_STANDS_OUT = 0.25
# An island with a smaller share of the largest one's area is a speck.
_SPECK = 0.1
# Somebody who covers less of the frame is nobody.
_NOBODY = 0.003
# So much of the subject may lie beyond each side of its box: a finger does not move the window.
_BEYOND = 0.002
# Room left and right of the subject, and below one whose feet are seen, in shares of the window.
_SIDE_ROOM, _FOOT_ROOM = 0.08, 0.04
# How much of somebody whom the frame's lower edge cuts off may be cut off besides; and which share
# of the box's width has to touch the edge for all of that.
_CUT_BESIDES, _TOUCHING = 0.5, 0.25
# How much slower the window opens again when nobody is there.
_SLOWER = 4.0
# A window that follows stops doing so at this share of the dead zone.
_SETTLED = 0.25
# Nearer than this to where it should be, in shares, the window is there: a thirtieth of a pixel
# of 1600, which is as fine as OpenCV places samples.
_THERE = 2e-5
# A longer time between two frames counts as this: after a pause the window does not leap.
_LONGEST_S = 1.0
# (1 + x) exp(−x) is one half here: what is left of the way of a critically damped spring.
_HALFWAY = 1.678347


@dataclass(frozen=True, slots=True)
class FramingOptions:
    """How the window follows.

    Attributes:
        auto: whether it follows at all; otherwise it goes back to the whole frame.
        zoom_max: at most so many times larger than in the frame is the subject shown; 1 or more.
        dead_zone: how far what would suit may be from what is, in shares of the window, before
            the window moves.
        half_life_s: time in which half of the way is done.
        headroom: room above the subject, in shares of the window's height.
        stays_cut: whether alpha between a pixel where it is 0 and one where it is not is 0 on the
            first one's side, so that nothing comes back that privacy has cut away.
    """

    auto: bool
    zoom_max: float
    dead_zone: float
    half_life_s: float
    headroom: float
    stays_cut: bool = False


@dataclass(frozen=True, slots=True)
class SubjectBox:
    """Where the subject is, in shares of the frame.

    Attributes:
        left, right: its sides; where the frame cuts it off below, those of its upper half.
        top, bottom: its ends.
        cut_off: whether the frame's lower edge cuts it off: 0 not at all, 1 surely.
    """

    left: float
    top: float
    right: float
    bottom: float
    cut_off: float


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the frame with the frame's aspect.

    Attributes:
        x, y: its middle, in shares of the frame's width and height.
        size: its width and height, in shares of the frame's.
    """

    x: float = 0.5
    y: float = 0.5
    size: float = 1.0

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the frame is outside."""
        return self.size >= 1

    def inside(self) -> Window:
        """The nearest one that does not reach out of the frame."""
        size = min(self.size, 1.0)
        half = size / 2
        return Window(_between(self.x, half, 1 - half), _between(self.y, half, 1 - half), size)

    def distance(self, other: Window) -> float:
        """How different two windows are: the largest difference, in shares of the smaller one."""
        apart = max(abs(self.x - other.x), abs(self.y - other.y), abs(self.size - other.size))
        return apart / min(self.size, other.size)


WHOLE = Window()


def subject_box(coverage: Coverage, size: tuple[int, int]) -> SubjectBox | None:
    """Where the subject is; None: nobody is there.

    Its sides move as smoothly as the subject does, not from cell to cell.

    Args:
        coverage: see ``Matte.coverage``.
        size: (height, width) of the frame in pixels.
    """
    kept = _without_specks(coverage)
    total = float(kept.sum())
    if total < _NOBODY * kept.size:
        return None
    height, width = size
    left, right = _ends(kept.sum(0), width)
    top, bottom = _ends(kept.sum(1), height)
    touching = float(kept[-1].sum()) * SIDE / width
    cut_off = min(1.0, touching / (_TOUCHING * (right - left)))
    # What may be cut off besides counts less: elbows on a desk do not push the head aside.
    lowest = bottom - _CUT_BESIDES * cut_off * (bottom - top)
    counting = np.clip(lowest * height / SIDE - np.arange(len(kept)), 0, 1)
    left, right = _ends(counting @ kept, width)
    return SubjectBox(left, top, right, bottom, cut_off)


def _without_specks(coverage: Coverage) -> Coverage:
    found = (coverage > _STANDS_OUT).view(np.uint8)
    count, labels = cv2.connectedComponents(found)
    areas = np.bincount(labels.ravel(), coverage.ravel(), minlength=count)
    areas[0] = 0
    kept = areas >= _SPECK * areas.max(initial=0)
    kept[0] = False
    return np.where(kept[labels], coverage, np.float32(0))


def _ends(profile: Coverage, size: int) -> tuple[float, float]:
    """Between which shares of the side all but a little lies, with places inside of cells."""
    summed = np.concatenate(([0.0], np.cumsum(profile, dtype=np.float64)))
    edges = np.minimum(np.arange(len(summed)) * SIDE, size) / size
    return (
        float(np.interp(_BEYOND * summed[-1], summed, edges)),
        float(np.interp((1 - _BEYOND) * summed[-1], summed, edges)),
    )


def wanted_window(box: SubjectBox | None, options: FramingOptions) -> Window:
    """The window that suits a subject: all of it inside, with room around it.

    Whom the frame's lower edge cuts off already may be cut off higher up.
    """
    if box is None or not options.auto:
        return WHOLE
    foot_room = _FOOT_ROOM * (1 - box.cut_off)
    tall = (box.bottom - box.top) * (1 - _CUT_BESIDES * box.cut_off)
    high = tall / (1 - options.headroom - foot_room)
    wide = (box.right - box.left) / (1 - 2 * _SIDE_ROOM)
    size = min(max(high, wide, 1 / options.zoom_max), 1.0)
    # Where there is room to spare, whoever is seen whole stands in the middle of it.
    spare = (1 - box.cut_off) * max(0.0, size - high) / 2
    top = box.top - options.headroom * size - spare
    return Window((box.left + box.right) / 2, top + size / 2, size).inside()


class Follower:
    """Moves a window towards what suits; remembers where it is, so every stream gets its own.

    The first picture is shown through the window that suits it. From then on the window is a
    critically damped spring: it starts and stops softly, and where it is depends on the time that
    has passed and not on how many frames there were.
    """

    def __init__(self) -> None:
        self._target = WHOLE
        self._springs: tuple[_Spring, ...] | None = None
        self._is_following = False
        self._moment = 0.0

    @property
    def is_resting(self) -> bool:
        """Whether the window is the whole frame and does not move."""
        return self._springs is not None and self._at == self._target == WHOLE

    def follow(self, box: SubjectBox | None, moment: float, options: FramingOptions) -> Window:
        """The window for the next frame.

        Args:
            box: where the subject is in it.
            moment: when the frame is shown, in seconds.
            options: may differ from frame to frame.
        """
        wanted = wanted_window(box, options)
        if self._springs is None:
            self._target, self._moment = wanted, moment
            self._springs = tuple(map(_Spring, (wanted.x, wanted.y, wanted.size)))
            return wanted
        passed_s = _between(moment - self._moment, 0.0, _LONGEST_S)
        self._moment = moment
        self._aim(wanted, options)
        slower = _SLOWER if box is None and options.auto else 1.0
        self._move(passed_s, slower * options.half_life_s)
        return self._at.inside()

    @property
    def _at(self) -> Window:
        assert self._springs is not None, "there was a frame"
        x, y, size = (spring.at for spring in self._springs)
        return Window(x, y, size)

    def _aim(self, wanted: Window, options: FramingOptions) -> None:
        """Keep the target, or take another one."""
        if self._target.distance(wanted) > options.dead_zone or wanted == WHOLE:
            self._is_following = True
        if self._is_following:
            self._target = wanted
            self._is_following = self._at.distance(wanted) > _SETTLED * options.dead_zone

    def _move(self, passed_s: float, half_life_s: float) -> None:
        assert self._springs is not None, "there was a frame"
        target = self._target
        for spring, to in zip(self._springs, (target.x, target.y, target.size), strict=True):
            spring.move(to, passed_s, half_life_s)


class _Spring:
    """A number that is drawn to another one, without swinging past it."""

    def __init__(self, at: float) -> None:
        self.at = at
        self._speed = 0.0

    def move(self, to: float, passed_s: float, half_life_s: float) -> None:
        """Let time pass: the exact solution, for a target that stays while it passes."""
        if half_life_s == 0:
            self.at, self._speed = to, 0.0
            return
        stiffness = _HALFWAY / half_life_s
        away = self.at - to
        drawn = self._speed + stiffness * away
        left = math.exp(-stiffness * passed_s)
        self._speed = (self._speed - stiffness * drawn * passed_s) * left
        away = (away + drawn * passed_s) * left
        is_there = abs(away) < _THERE and abs(self._speed) < _THERE * stiffness
        self.at = to if is_there else to + away
        if is_there:
            self._speed = 0.0


class Framed:
    """Another layer's picture of what the window shows; what stands behind it stays still.

    Args:
        layer: it is this one's from now on.
        options: how the window follows.
        follower: where the window is, if it was somewhere before.
    """

    def __init__(
        self, layer: Layer, options: FramingOptions, follower: Follower | None = None
    ) -> None:
        self._layer, self._options = layer, options
        self._follower = follower or Follower()

    def open(self, format: VideoFormat) -> VideoFormat:
        """See ``Layer``."""
        return self._layer.open(format)

    def render(self, matte: Matte) -> Frame:
        """See ``Layer``."""
        if self._follower.is_resting and not self._options.auto:
            return self._layer.render(matte)
        format = matte.frame.format
        coverage = matte.coverage
        if coverage is None:
            coverage = coverage_of(alpha_array(matte.alpha))
        box = subject_box(coverage, (format.height, format.width))
        moment = float(matte.frame.pts * format.time_base)
        window = self._follower.follow(box, moment, self._options)
        if window.is_whole:
            return self._layer.render(matte)
        return self._layer.render(seen_through(window, matte, stays_cut=self._options.stays_cut))

    def close(self) -> None:
        """See ``Layer``."""
        self._layer.close()


def seen_through(window: Window, matte: Matte, *, stays_cut: bool = False) -> Matte:
    """The frame and its alpha inside a window, at the frame's size; without map and coverage.

    Args:
        window: what is shown.
        matte: of the whole frame.
        stays_cut: see ``FramingOptions``.
    """
    frame = matte.frame
    format = frame.format
    planes = tuple(
        _enlarged(plane, window, format, format.pixels.log2_chroma if index in (1, 2) else (0, 0))
        for index, plane in enumerate(frame.planes)
    )
    alpha = alpha_array(matte.alpha)
    seen = _enlarged(alpha, window, format)
    if stays_cut:
        nearest = _enlarged(alpha, window, format, kernel=cv2.INTER_NEAREST)
        seen[nearest == 0] = 0
    return Matte(replace(frame, planes=planes), torch.from_numpy(seen))


_Samples = TypeVar("_Samples", bound=npt.NDArray[Any])


def _enlarged(
    plane: _Samples,
    window: Window,
    format: VideoFormat,
    log2: tuple[int, int] = (0, 0),
    kernel: int = cv2.INTER_LINEAR,
) -> _Samples:
    """A plane inside the window, at its own size, to a part of a sample.

    A chroma sample is taken for the mean of the pixels that it covers, as everywhere here. Where
    it was sited at their left edge instead, colour comes out displaced by (1 − size) / 2 pixels: a
    sixth of one for a zoom of 1.5. Linear: cubic is ten times slower, and swings beyond 0 and 1.

    Args:
        plane: of the whole frame.
        window: what is shown.
        format: of the frame, whose sides may be no multiple of what a chroma sample covers.
        log2: how often the plane's height and width are halved.
        kernel: OpenCV's number of the interpolation.
    """
    left = (window.x - window.size / 2) * format.width / (1 << log2[1])
    top = (window.y - window.size / 2) * format.height / (1 << log2[0])
    # Sample k is centred at k + ½: size · (k + ½) + left − ½ is where to look for it.
    rest = (window.size - 1) / 2
    turned = np.array([[window.size, 0, left + rest], [0, window.size, top + rest]], np.float64)
    found = cv2.warpAffine(
        np.ascontiguousarray(plane),
        turned,
        plane.shape[::-1],
        flags=kernel | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cast(_Samples, found)


def _between(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)
