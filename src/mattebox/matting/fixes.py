"""Mattes that a user has corrected, and what they mean for the frames around theirs.

What lives here: a matting stage around another one, whichever it is: it knows which frames are
corrected, keeps those before them waiting, and draws their neighbours' mattes towards what was
corrected. What does not: carrying a matte along (``trail``), reading it (``assemble``). A
generator; runs on the matting thread.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from torch import Tensor

from mattebox.colour import Plane
from mattebox.errors import SourceError
from mattebox.frame import Frame, Matte
from mattebox.matting.motion import MotionFinder, Picture
from mattebox.matting.prepare import prepare
from mattebox.matting.refine import RefineOptions, refine
from mattebox.matting.resample import within_own_alpha
from mattebox.matting.stage import with_regions
from mattebox.matting.subject import SubjectOptions
from mattebox.matting.temporal import Map
from mattebox.matting.trail import Said, Trail
from mattebox.timing import seconds

_log = logging.getLogger(__name__)

# A matte whose edge lies within a pixel of the map from the corrected one has found it for itself,
# and finer: only what differs beyond that is drawn towards the correction, with so much around it:
# by no more than a twentieth not at all, and wholly from a tenth more on.
_OWN_EDGE = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
_AROUND = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
_TOLERATED, _STEEPNESS = 0.05, 10.0
# Where motion is not believed, as at the rim of what moves, so large a square of the map says what
# its foreground, or background, is to be: else a bright ring stays of who is taken out. On three
# fast clips IoU is a point higher; half or twice as large a square does not matter.
_NEIGHBOURS = (9, 9)
# What is believed by nine tenths is done wholly, and by one tenth not at all: no ghost stays.
_DOUBT, _CERTAIN = 0.1, 0.9
# Less than half a level of eight bits is no change.
_NO_CHANGE = 0.5 / 255
# So little does a frame's own matte say where a correction is carried to: just enough to have
# something where there is none.
_FAINT = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Fix:
    """The matte of one frame as the user wants it.

    Attributes:
        number: of the frame, in the order of the clip; the first is 0.
        alpha: uint8 or uint16 (height, width).
        peak: the sample that means 1.
        name: where it is from, for messages.
    """

    number: int
    alpha: Plane
    peak: int
    name: str

    @property
    def shares(self) -> Map:
        """Float32 (height, width) in [0, 1]."""
        return self.alpha.astype(np.float32) / np.float32(self.peak)


@dataclass(frozen=True, slots=True)
class FixOptions:
    """How corrections are carried.

    Attributes:
        size: the long side of the small picture that motion is found on, in pixels.
        reach_s: seconds, above 0, after which a correction says nothing; frames of that long wait
            while one lies ahead.
        scene_cut, gap_s: where they end at once, see ``TemporalOptions``.
        refine: how a carried map becomes a matte at full size.
        subject: the regions that decide alone.
        privacy: alpha up to here becomes 0 where a carried correction has changed it.
    """

    size: int
    reach_s: float
    scene_cut: float
    gap_s: float
    refine: RefineOptions
    subject: SubjectOptions
    privacy: float


def fixing(
    batches: Iterator[list[Frame]],
    stage: Callable[[Iterator[list[Frame]]], Iterator[Matte]],
    fixes: Sequence[Fix],
    options: FixOptions,
) -> Iterator[Matte]:
    """The mattes of a stage, corrected.

    A corrected frame's alpha is the correction, but within the frame's own alpha and the regions.
    Up to ``reach_s`` before and after it, a matte is drawn towards it, as far as ``Trail`` believes
    it; between two corrections each counts by its weight, and none reaches beyond the next.

    Args:
        batches: as for the stage, which gets the very same lists: while a correction lies ahead,
            ``reach_s`` later.
        stage: gives one matte for each frame, in order; each keeps its frame's size.
        fixes: of different frames.
        options: see there.

    Raises:
        SourceError: a correction is not of the frames' size; before the first matte.
        MatteboxError: whatever the stage raises.
    """
    told: deque[_Told] = deque()
    mattes = stage(_Waiting(fixes, options).told_ahead(batches, told))
    try:
        for matte in mattes:
            yield _fixed(matte, told.popleft(), options)
    finally:
        # What the stage has opened is released with it.
        close = getattr(mattes, "close", None)
        if close is not None:
            close()


@dataclass(slots=True, eq=False)
class _Told:
    """A frame and what corrections say of it.

    Attributes:
        picture: the frame, small; None until somebody has needed it.
        fix: of this very frame.
        said: of neighbours, their sum.
    """

    number: int
    frame: Frame
    moment: float
    picture: Picture | None = None
    fix: Fix | None = None
    said: Said | None = field(default=None)

    def seen(self, size: int) -> Picture:
        """The small picture."""
        if self.picture is None:
            small = prepare([self.frame], size)[0].numpy()
            self.picture = np.ascontiguousarray(small.transpose(1, 2, 0))
        return self.picture

    def hear(self, said: Said) -> None:
        """Add what another correction says."""
        self.said = said if self.said is None else self.said + said


class _Waiting:
    """Keeps frames back for as long as a correction may still reach back to them."""

    def __init__(self, fixes: Sequence[Fix], options: FixOptions) -> None:
        self._fixes, self._options = {fix.number: fix for fix in fixes}, options
        self._finder = MotionFinder(fine=True)
        self._within_reach: deque[_Told] = deque()
        self._forwards: Trail | None = None
        self._latest: _Told | None = None

    def told_ahead(
        self, batches: Iterator[list[Frame]], told: deque[_Told]
    ) -> Iterator[list[Frame]]:
        """The batches as they come, later; each frame's ``_Told`` is in ``told`` by then."""
        held: deque[tuple[list[Frame], list[_Told]]] = deque()
        failure: Exception | None = None
        while failure is None:
            try:
                batch = next(batches)
            except StopIteration:
                self._warn_of_unused()
                break
            except Exception as error:  # whatever it is: it is raised after what came before it
                failure = error
                break
            held.append((batch, [self._tell(frame) for frame in batch]))
            while held and not self._waits(held[0][1][-1]):
                yield _released(held, told)
        while held:
            yield _released(held, told)
        if failure is not None:
            raise failure

    def _waits(self, told: _Told) -> bool:
        return bool(self._within_reach) and told.number >= self._within_reach[0].number

    def _tell(self, frame: Frame) -> _Told:
        """Take the next frame in."""
        last, moment = self._latest, seconds(frame.pts, frame.format.time_base)
        told = _Told(0 if last is None else last.number + 1, frame, moment)
        if last is None:
            self._refuse_other_sizes(frame)
        elif not 0 < moment - last.moment <= self._options.gap_s:
            self._within_reach.clear()
            self._forwards = None
        self._latest = told
        self._carry_forwards(told)
        if (fix := self._fixes.pop(told.number, None)) is not None:
            told.fix, told.said = fix, None
            self._carry_backwards(fix, told)
            self._forwards = self._trail(fix, told)
        elif self._fixes:
            self._within_reach.append(told)
        self._let_go(moment)
        return told

    def _let_go(self, moment: float) -> None:
        """Forget the frames that no correction to come can reach."""
        past = self._within_reach
        while past and (not self._fixes or moment - past[0].moment >= self._options.reach_s):
            past.popleft()

    def _carry_forwards(self, told: _Told) -> None:
        if self._forwards is None:
            return
        said = self._forwards.onto(told.seen(self._options.size), told.moment)
        if said is None:
            self._forwards = None
        else:
            told.hear(said)

    def _carry_backwards(self, fix: Fix, told: _Told) -> None:
        trail = self._trail(fix, told)
        for earlier in reversed(self._within_reach):
            said = trail.onto(earlier.seen(self._options.size), earlier.moment)
            if said is None:
                break
            earlier.hear(said)
        self._within_reach.clear()

    def _trail(self, fix: Fix, told: _Told) -> Trail:
        picture = told.seen(self._options.size)
        alpha = _resized(fix.shares, picture.shape[:2])
        reach_s, scene_cut = self._options.reach_s, self._options.scene_cut
        finder = self._finder
        return Trail(alpha, picture, told.moment, finder, reach_s=reach_s, scene_cut=scene_cut)

    def _refuse_other_sizes(self, frame: Frame) -> None:
        expected = (frame.format.height, frame.format.width)
        for fix in self._fixes.values():
            if fix.alpha.shape != expected:
                height, width = fix.alpha.shape
                raise SourceError(
                    f"the matte {fix.name} for frame {fix.number} is {width}×{height}, and the "
                    f"frames are {expected[1]}×{expected[0]}.",
                    "Save it at the size of the frame, upright as the frame is shown.",
                )

    def _warn_of_unused(self) -> None:
        count = 0 if self._latest is None else self._latest.number + 1
        for number in sorted(self._fixes):
            _log.warning(
                "the matte %s was not used: there is no frame %d, the last of %d is %d",
                self._fixes[number].name,
                number,
                count,
                count - 1,
            )


def _released(held: deque[tuple[list[Frame], list[_Told]]], told: deque[_Told]) -> list[Frame]:
    batch, told_of = held.popleft()
    told.extend(told_of)
    return batch


def _fixed(matte: Matte, told: _Told, options: FixOptions) -> Matte:
    if told.fix is not None:
        alpha = torch.from_numpy(told.fix.shares).to(matte.alpha.device)
    elif told.said is not None:
        alpha = _drawn(matte, told.said, options)
    else:
        return matte
    if alpha is matte.alpha:
        return matte
    finished = within_own_alpha(with_regions(alpha, options.subject), told.frame)
    return Matte(matte.frame, finished, matte.saliency)


def _drawn(matte: Matte, said: Said, options: FixOptions) -> Tensor:
    """Alpha with what corrections say; the matte's own where that is nothing new."""
    alpha = matte.alpha.cpu().numpy()
    own = _resized(alpha, said.shape[:2])
    weighted, weight = cv2.split(_with_neighbours(said, own))
    corrected = np.asarray((weighted + _FAINT * own) / (weight + _FAINT), np.float32)
    believed = np.clip((weight / (weight + 1) - _DOUBT) / (_CERTAIN - _DOUBT), 0, 1)
    share = np.asarray(_beyond(own, corrected) * believed, np.float32)
    if share.max() < _NO_CHANGE:
        return matte.alpha
    target = refine(torch.from_numpy(corrected), matte.frame, options.refine)
    shares = torch.from_numpy(_resized(share, alpha.shape))
    drawn = torch.lerp(torch.from_numpy(alpha), target, shares)
    if options.privacy > 0:
        # Only what is drawn: a saved matte elsewhere is as it was saved, here as in other frames.
        drawn = drawn.masked_fill((drawn <= options.privacy) & (shares > 0), 0)
    return drawn.to(matte.alpha.device)


def _with_neighbours(said: Said, own: Map) -> Said:
    """What is said of a pixel, and where that is little, of those around it that are like it.

    Of the two, the frame's own foreground and its background, each pixel asks its own kind: what
    surrounds somebody who is taken out is background already, and says nothing of their rim.
    """
    asked = np.zeros_like(said)
    for kind in (own > 0.5, own <= 0.5):
        its = kind.astype(np.float32)
        there = cv2.blur(its, _NEIGHBOURS)
        mean = cv2.blur(said * its[..., None], _NEIGHBOURS) / np.maximum(there, _FAINT)[..., None]
        asked += mean * its[..., None]
    return np.asarray(said + asked / (1 + said[..., 1:]), np.float32)


def _beyond(own: Map, corrected: Map) -> Map:
    """In [0, 1]: where two maps differ by more than where exactly the edge lies."""
    lowest, highest = cv2.erode(corrected, _OWN_EDGE), cv2.dilate(corrected, _OWN_EDGE)
    apart = cv2.absdiff(own, np.clip(own, lowest, highest))
    beyond = (cv2.dilate(apart, _AROUND) - _TOLERATED) * _STEEPNESS
    return np.asarray(np.clip(beyond, 0, 1), np.float32)


def _resized(values: Map, size: tuple[int, ...]) -> Map:
    """A map at another (height, width): area average where it shrinks, else bilinear."""
    if values.shape == size:
        return values
    how = cv2.INTER_AREA if values.shape[0] > size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(values, (size[1], size[0]), interpolation=how), np.float32)
