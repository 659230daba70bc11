"""Real clips that a set holds frame by frame, with keys NAME-000, NAME-001 and so on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.errors import SettingsError
from mattebox_lab.train.scenes.arrays import Picture, as_bytes
from mattebox_lab.train.scenes.cutouts import matte
from mattebox_lab.train.scenes.draws import TRIES, Draw, measured
from mattebox_lab.train.scenes.framing import drawn_aspect, plain_box
from mattebox_lab.train.scenes.layers import Layer
from mattebox_lab.train.scenes.motion import Field
from mattebox_lab.train.scenes.pairs import Pair, PairSet
from mattebox_lab.train.scenes.plain import plain
from mattebox_lab.train.scenes.sequences import SequenceFrame, followed_back, is_inside
from mattebox_lab.train.scenes.views import View

# Two flows that should cancel out and miss by more have lost the surface.
LARGEST_MISS_PX = 1.0
LONGEST_STRIDE = 3


def clip(draw: Draw) -> list[Layer]:
    """A frame of a real clip; its sequences are the clip's own frames.

    Why: real blur, real hands and real compression move as no still does.
    """
    return plain(draw)


def clip_sequence(draw: Draw, length: int) -> list[SequenceFrame]:
    """Frames of a real clip, one to three frames apart, all through one box.

    The flow is measured, forwards and backwards, and valid where both agree.

    Raises:
        SettingsError: the sets hold no clip that is long enough.
    """
    pairs = _consecutive(draw, length)
    subject = measured(pairs[0])
    size = pairs[0].picture.shape[0], pairs[0].picture.shape[1]
    aspect = drawn_aspect(draw.size, draw.rng)
    box = plain_box(None if subject is None else subject.body, size, aspect, draw.rng)
    view = View(box, draw.size, draw.chance(0.5))
    frames = [_seen(pair, view) for pair in pairs]
    return [frames[0], *(_followed(*two) for two in pairwise(frames))]


def _consecutive(draw: Draw, length: int) -> list[Pair]:
    for _ in range(TRIES):
        pairs = draw.sets[int(draw.rng.integers(len(draw.sets)))]
        first = int(draw.rng.integers(len(pairs)))
        stride = int(draw.rng.integers(1, LONGEST_STRIDE + 1))
        for step in range(stride, 0, -1):
            numbers = _run(pairs, first, length, step)
            if numbers:
                return [pairs[number] for number in numbers]
    names = ", ".join(pairs.name for pairs in draw.sets)
    raise SettingsError(
        f"no clip of {length} frames in {names}: clips have keys NAME-000, NAME-001 and so on.",
        "Ask for shorter sequences, or name sets of clips in the ingredient.",
    )


def _run(pairs: PairSet, around: int, length: int, step: int) -> Sequence[int]:
    """Indices ``step`` apart in one clip that holds the index ``around``; none if it is shorter."""
    name = _name(pairs.keys[around])
    if name is None:
        return ()
    reach = (length - 1) * step
    for first in range(around, max(-1, around - reach - 1), -1):
        last = first + reach
        if last < len(pairs) and name == _name(pairs.keys[first]) == _name(pairs.keys[last]):
            return range(first, last + 1, step)
    return ()


def _name(key: str) -> str | None:
    found = re.fullmatch(r"(.+)-\d+", key)
    return found[1] if found else None


def _seen(pair: Pair, view: View) -> SequenceFrame:
    alpha = as_bytes(matte(pair, view, inwards=False, border=cv2.BORDER_REFLECT))
    still = np.zeros((*view.size, 2), np.float32)
    return SequenceFrame(view.of(pair.picture), alpha, still, np.zeros(view.size, np.bool_))


def _followed(before: SequenceFrame, now: SequenceFrame) -> SequenceFrame:
    back, forth = _flow(now.picture, before.picture), _flow(before.picture, now.picture)
    returned = followed_back(forth, back)
    miss = np.hypot(*cv2.split(back + returned))
    valid: npt.NDArray[np.bool_] = (miss < LARGEST_MISS_PX) & is_inside(back)
    return SequenceFrame(now.picture, now.alpha, back, valid)


def _flow(here: Picture, there: Picture) -> Field:
    """From here to there, per pixel."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (here, there)]
    start = np.zeros((*here.shape[:2], 2), np.float32)
    return np.asarray(search.calc(grey[0], grey[1], start), np.float32)
