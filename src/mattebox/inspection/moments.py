"""The worst moments, apart from each other in time, with what there is to be seen of them.

What lives here: which moments are kept while a clip passes, and which of them are told. What does
not: how bad a frame is (``complaints``), and drawing (``sheet``). Fed on the matting thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.frame import Matte
from mattebox.inspection.complaints import Complaint, Reason
from mattebox.inspection.drawing import Tile, shown
from mattebox.inspection.edges import holes, islands
from mattebox.inspection.figures import Inspected, is_doubt
from mattebox.inspection.flicker import Shape, at_size
from mattebox.matting.alphas import alpha_array
from mattebox.matting.subject import Box
from mattebox.matting.temporal import Map

# So many moments are told if something shows in them, and so many even if nothing does.
TOLD, _TOLD_ANYWAY = 8, 3
# So many are kept: how far apart they should be depends on the length of the clip, which nobody
# knows before its end. Each takes up to 1.3 MB.
_KEPT = 3 * TOLD
# Moments are apart by half a second at least, and in longer clips by a share of the clip.
_APART_S, _APART_SHARE = 0.5, 1 / (4 * TOLD)
# Largest width and height that a moment is shown at.
SHOWN = 400
# What changed half as much as what changed most belongs to the same change; of changes over so many
# pixels.
_CHANGED, _TOGETHER = 0.5, (5, 5)
# How far a region reaches beyond what it is about, as a share of the frame.
_MARGIN = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A frame and its matte, small enough to keep.

    Attributes:
        picture: the frame, no larger than 400×400.
        alpha: uint8 (h, w), the matte at that size.
    """

    picture: Tile
    alpha: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """A frame that something is said against.

    Attributes:
        frame: its number, from 0, over all inputs.
        input: the file it is of.
        pts, time_base: when it is shown.
        time_s: seconds since its input's first frame.
        complaints: what is said, the worst first; at least one.
        region: where the first of them is, (left, top, right, bottom) in shares of the frame; None
            where it is about the whole frame.
        now, before: what there is to be seen, of it and of the frame before; None where that has
            nothing to do with it.
    """

    frame: int
    input: str
    pts: int
    time_base: Fraction
    time_s: float
    complaints: tuple[Complaint, ...]
    region: Box | None
    now: View
    before: View | None

    @property
    def worst(self) -> Complaint:
        """The complaint that it is told for."""
        return self.complaints[0]


class Worst:
    """Keeps the worst moments of a stream that passes once.

    Args:
        capacity: how many are kept at most.
    """

    def __init__(self, capacity: int = _KEPT) -> None:
        self._capacity = capacity
        self._kept: list[Moment] = []

    def offer(self, severity: float, input: str, time_s: float, make: Callable[[], Moment]) -> None:
        """Keep a moment if it is bad enough; only then is it made.

        Args:
            severity: of its first complaint.
            input, time_s: as in ``Moment``.
            make: makes it.
        """
        apart_s = _apart_s(time_s)  # the clip is so long at least
        near = [each for each in self._kept if _is_near(each, input, time_s, apart_s)]
        if any(each.worst.severity >= severity for each in near):
            return
        rest = [each for each in self._kept if each not in near]
        if len(rest) == self._capacity:
            rest = _thinned(rest, apart_s)
        if len(rest) == self._capacity:
            least = min(rest, key=lambda each: each.worst.severity)
            if least.worst.severity >= severity:
                return
            rest.remove(least)
        self._kept = [*rest, make()]

    def told(self, length_s: float) -> list[Moment]:
        """The worst first, no two of one input nearer than the clip's length asks for.

        At most eight, and only those in which something shows, but three at least if there are.
        """
        chosen = _thinned(self._kept, _apart_s(length_s))
        showing = sum(each.worst.shows for each in chosen)
        return chosen[: min(TOLD, max(showing, _TOLD_ANYWAY))]


def view_of(matte: Matte) -> View:
    """A matte to keep for the sheet."""
    picture = shown(matte.frame, SHOWN, SHOWN)
    alpha = at_size(alpha_array(matte.alpha), picture.shape[:2])
    return View(picture, np.rint(alpha * 255).astype(np.uint8))


def region_of(reason: Reason, seen: Inspected) -> Box | None:
    """Where in the frame the largest piece is of what a reason is about."""
    place = _about(reason, seen)
    return None if place is None or not place.any() else _around_the_largest(place)


def _about(reason: Reason, seen: Inspected) -> Shape | None:
    match reason:
        case Reason.FLICKER if seen.change.unexplained is not None:
            changed = cv2.blur(seen.change.unexplained, _TOGETHER)
            return np.asarray(changed > _CHANGED * changed.max())
        case Reason.DISAGREEMENT if (map := _saliency(seen)) is not None:
            return np.asarray((map > 0.5) != (seen.alpha > 0.5))
        case Reason.DOUBT if (map := _saliency(seen)) is not None:
            return is_doubt(map)
        case Reason.SOFT:
            return is_doubt(seen.alpha)
        case Reason.ISLANDS:
            return islands(seen.alpha)
        case Reason.HOLES:
            return holes(seen.alpha)
        case _:
            return None


def _saliency(seen: Inspected) -> Map | None:
    saliency = seen.matte.saliency
    return None if saliency is None else at_size(alpha_array(saliency), seen.alpha.shape)


def _around_the_largest(place: Shape) -> Box:
    # What is torn in small pieces that lie close belongs together.
    joined = cv2.dilate(place.view(np.uint8), np.ones((5, 5), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    left, top, width, height, _ = (int(x) for x in stats[1 + int(stats[1:, -1].argmax())])
    rows, columns = place.shape
    return (
        max(0.0, left / columns - _MARGIN),
        max(0.0, top / rows - _MARGIN),
        min(1.0, (left + width) / columns + _MARGIN),
        min(1.0, (top + height) / rows + _MARGIN),
    )


def _is_near(moment: Moment, input: str, time_s: float, apart_s: float) -> bool:
    return moment.input == input and abs(moment.time_s - time_s) < apart_s


def _apart_s(length_s: float) -> float:
    return max(_APART_S, length_s * _APART_SHARE)


def _thinned(moments: Sequence[Moment], apart_s: float) -> list[Moment]:
    """The worst first, without those that are near a worse one."""
    chosen: list[Moment] = []
    for moment in sorted(moments, key=lambda each: -each.worst.severity):
        if not any(_is_near(each, moment.input, moment.time_s, apart_s) for each in chosen):
            chosen.append(moment)
    return chosen
