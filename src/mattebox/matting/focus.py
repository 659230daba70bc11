"""Looking closer at a small subject: the network is shown the part of the frame that it is in.

What lives here: where to look, from what was seen before, and putting what the network says of a
part into a map of the whole. What does not: the network, and time (``temporal``). Called on the
matting thread, once for each frame in order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import cv2
import numpy as np

from mattebox.frame import Frame, VideoFormat
from mattebox.matting.prepare import small_size
from mattebox.matting.temporal import Map
from mattebox.pixels import Family

# Asks the network about a picture: a map of any size of all that it shows.
Ask: TypeAlias = Callable[[Frame], Map]

# Somebody is there where this much saliency is reached; what has half as much belongs to them, in
# islands of at least a twentieth of the largest one.
_FOUND, _BELONGS, _ISLAND = 0.5, 0.25, 0.05
# Room around the subject on each side, of its own size, and how much of that has to be left before
# the part moves: one that follows every step makes the network waver.
_MARGIN, _LEAST_MARGIN = 0.25, 0.1
# This close to the part's border, of the part's size, a subject is taken to go on outside.
_BORDER = 0.01
# A part that could be smaller by this factor becomes smaller.
_TOO_LARGE = 0.7
# Shares of the frame's width and height: no smaller part, and no part that is nearly all of it.
_SMALLEST, _LARGEST = 0.2, 0.7
# A map of a frame that was looked at closely is so many times as large in each direction.
FINER = 2
# Parts begin and end on whole samples of any chroma.
_STEP = 4
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class FocusOptions:
    """How the network looks closer.

    Attributes:
        size: the long side of what the network is shown, in pixels.
        recheck_s: seconds between looks at the whole frame while it is shown a part.
    """

    size: int
    recheck_s: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of a frame; right and bottom are just outside of it."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """How wide it is."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """How high it is."""
        return self.bottom - self.top

    def around(self, other: Box) -> Box:
        """The smallest box with both in it."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


class Focus:
    """Looks at the whole of a frame or at the part that matters; one for each stream."""

    def __init__(self, options: FocusOptions) -> None:
        self._options = options
        self._part: Box | None = None
        self._whole_at = -math.inf

    @property
    def is_close(self) -> bool:
        """Whether the next frame is looked at in part."""
        return self._part is not None

    def forget(self) -> None:
        """Begin anew, as at a cut."""
        self._part = None
        self._whole_at = -math.inf

    def look(self, frame: Frame, moment: float, ask: Ask, whole: Map | None = None) -> Map:
        """What the network says of a frame, looked at closely where the subject is small.

        Args:
            frame: the picture.
            moment: when it is shown, in seconds.
            ask: the network.
            whole: its map of the whole frame, where that is known already; what it is worth does
                not depend on who asked for it.

        Returns:
            float32 (h, w) in [0, 1], of the whole frame: as the network gave it; or, looked at
            closely, ``FINER`` times as large, and 0 outside of the part that was looked at.
        """
        due = not 0 <= moment - self._whole_at < self._options.recheck_s
        known = None if self._part is None else _inner(self._part)
        if self._part is not None and not due:
            close, known = self._close(frame, self._part, ask)
            if known is not None and not _is_cut(known, self._part, frame.format):
                self._part = _following(self._part, known, frame.format)
                return close
            # Gone, or more of it is outside: a step aside, or another scene.
            self._part = None
        whole = ask(frame) if whole is None else whole
        self._whole_at = moment
        seen = subject_box(whole, frame.format)
        if seen is not None and known is not None:
            seen = seen.around(known)
        self._part = _next_part(self._part, seen or known, frame.format)
        if self._part is None:
            return whole
        close, known = self._close(frame, self._part, ask)
        if known is None or _is_cut(known, self._part, frame.format):
            self._part = None  # what only a closer look sees, and cannot take in
            return whole
        self._part = _following(self._part, known, frame.format)
        return close

    def _close(self, frame: Frame, part: Box, ask: Ask) -> tuple[Map, Box | None]:
        """A map of the whole frame, looked at in part, and whom it shows."""
        close = _pasted(ask(cropped(frame, part)), part, frame.format, self._options.size)
        return close, subject_box(close, frame.format)


def subject_box(map: Map, format: VideoFormat) -> Box | None:
    """What a map shows, in pixels of the frame; None where it shows nothing."""
    if float(map.max()) < _FOUND:
        return None
    found = (map >= _BELONGS).view(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(found)
    areas = stats[1:, cv2.CC_STAT_AREA]
    islands = stats[1:][areas >= _ISLAND * areas.max()]
    left, top = islands[:, cv2.CC_STAT_LEFT], islands[:, cv2.CC_STAT_TOP]
    right, bottom = left + islands[:, cv2.CC_STAT_WIDTH], top + islands[:, cv2.CC_STAT_HEIGHT]
    across, down = format.width / map.shape[1], format.height / map.shape[0]
    return Box(
        float(left.min()) * across,
        float(top.min()) * down,
        float(right.max()) * across,
        float(bottom.max()) * down,
    )


def cropped(frame: Frame, part: Box) -> Frame:
    """A part of a frame, as views of its planes, said to be of the same aspect as the frame.

    Args:
        part: in whole pixels, on whole samples of chroma.
    """
    left, top, right, bottom = (int(x) for x in (part.left, part.top, part.right, part.bottom))
    planes = []
    for index, plane in enumerate(frame.planes):
        down, across = frame.format.pixels.steps(index)
        planes.append(plane[top // down : -(-bottom // down), left // across : -(-right // across)])
    format, width, height = frame.format, right - left, bottom - top
    aspect = format.sample_aspect * Fraction(format.width, format.height) * Fraction(height, width)
    # What an untagged matrix means depends on the height of the whole picture.
    colour = format.colour
    if format.pixels.family is Family.YUV:
        colour = replace(colour, matrix=colour.matrix_or_guess(format.height))
    shown = replace(format, width=width, height=height, sample_aspect=aspect, colour=colour)
    return replace(frame, planes=tuple(planes), format=shown)


def _pasted(map: Map, part: Box, format: VideoFormat, size: int) -> Map:
    """A map of a part in its place on a map of the whole frame."""
    height, width = small_size(format, FINER * size)
    # Pixels of the map of the part for one of the whole, and where the part begins.
    across = map.shape[1] / part.width * format.width / width
    down = map.shape[0] / part.height * format.height / height
    left, top = part.left * width / format.width, part.top * height / format.height
    to_part = np.array(
        [
            [across, 0, (0.5 - left) * across - 0.5],
            [0, down, (0.5 - top) * down - 0.5],
        ]
    )
    flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
    pasted = cv2.warpAffine(map, to_part, (width, height), flags=flags, borderMode=border)
    rows, columns = (
        slice(int(start), math.ceil(end - _ROUNDING))
        for start, end in (
            (top, part.bottom * height / format.height),
            (left, part.right * width / format.width),
        )
    )
    placed = np.zeros((height, width), np.float32)
    placed[rows, columns] = pasted[rows, columns]
    return placed


def _part_around(subject: Box, format: VideoFormat) -> Box | None:
    """A subject with room around it, in the frame's aspect; None where that is most of it."""
    roomy = 1 + 2 * _MARGIN
    side = max(
        subject.width * roomy / format.width, subject.height * roomy / format.height, _SMALLEST
    )
    if side > _LARGEST:
        return None
    left, width = _placed(subject.left, subject.right, side, format.width)
    top, height = _placed(subject.top, subject.bottom, side, format.height)
    if width < _STEP or height < _STEP:
        return None
    return Box(left, top, left + width, top + height)


def _placed(start: float, end: float, side: float, length: int) -> tuple[int, int]:
    """Where a part begins along one direction, and how long it is; the frame's end is an end."""
    whole = length // _STEP
    steps = min(whole, round(side * length / _STEP))
    first = min(max(round(((start + end) / 2) / _STEP - steps / 2), 0), whole - steps)
    end_of_part = length if first + steps == whole else _STEP * (first + steps)
    return _STEP * first, end_of_part - _STEP * first


def _following(part: Box, subject: Box, format: VideoFormat) -> Box | None:
    """The same part as long as it fits the subject, else another."""
    room = _LEAST_MARGIN * subject.width, _LEAST_MARGIN * subject.height
    fits = (
        (part.left <= max(0, subject.left - room[0]))
        and (part.top <= max(0, subject.top - room[1]))
        and (part.right >= min(format.width, subject.right + room[0]))
        and (part.bottom >= min(format.height, subject.bottom + room[1]))
    )
    best = _part_around(subject, format)
    if best is None or (fits and best.width > _TOO_LARGE * part.width):
        return part if fits else best
    return best


def _next_part(part: Box | None, subject: Box | None, format: VideoFormat) -> Box | None:
    """Where to look for a subject: where one looked before, if it is still there."""
    if subject is None:
        return None
    return _part_around(subject, format) if part is None else _following(part, subject, format)


def _is_cut(subject: Box, part: Box, format: VideoFormat) -> bool:
    """Whether a subject reaches the border of the part where the frame goes on."""
    across, down = part.width * _BORDER, part.height * _BORDER
    return (
        subject.left - across < part.left > 0
        or subject.top - down < part.top > 0
        or subject.right + across > part.right < format.width
        or subject.bottom + down > part.bottom < format.height
    )


def _inner(part: Box) -> Box:
    """A part without the room around the subject."""
    across, down = (x * _MARGIN / (1 + 2 * _MARGIN) for x in (part.width, part.height))
    return Box(part.left + across, part.top + down, part.right - across, part.bottom - down)
