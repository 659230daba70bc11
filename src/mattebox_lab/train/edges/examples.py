"""What the model of edges learns from: maps, and the mattes that they should have become.

Maps are a network's, of single pictures and steadied over a clip, and true mattes averaged down,
sharp and softened: so the model sees soft edges whose map is right beside hard ones whose map is
soft. Nothing is trained here.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import cv2
import numpy as np
import torch
from torch import Tensor

from mattebox.matting.temporal import Look, TemporalOptions, steadied
from mattebox.ports import Segmenter
from mattebox_lab.train.scenes.arrays import Picture, Share
from mattebox_lab.train.scenes.pairs import Pair, PairSet

# Longer sides of the network's picture: the pictures of the sets are 384 to 448 pixels long, and a
# video is enlarged by two to five.
_SIZES = (128, 160, 192, 256)
_TO_SHARES = (0.25, 0.33, 0.5)
# How far a picture is made smaller and larger again, to be soft.
_SOFTER = (0.3, 0.4, 0.5, 0.7)
_BLUR = (0.5, 4.0)
# Where the network is lost there is nothing to learn of edges.
_FOUND = 0.85
# As the product steadies files by default; clips are taken for 25 frames a second.
_STEADIED = TemporalOptions(
    half_life_s=0.2, certainty=0.5, scene_cut=0.5, gap_s=0.5, look_ahead=4, block=8
)
_RATE = 25
# Of each clip, every so many-th frame, steadied, and the one after it as it came.
_EVERY = 4


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A map and what it should become.

    Attributes:
        kind: where it came from, for the figures.
        saliency: float32 (h, w) in [0, 1].
        guide: float32 (h, w) in [0, 1], luma at the map's size.
        luma: float32 (H, W) in [0, 1].
        alpha: float32 (H, W) in [0, 1].
    """

    kind: str
    saliency: Tensor
    guide: Tensor
    luma: Tensor
    alpha: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class _Shown:
    """A pair, the small picture that the network saw of it, and its map."""

    kind: str
    picture: Picture
    alpha: Share
    small: Picture
    saliency: Share


def examples(
    clips: PairSet, stills: Sequence[tuple[PairSet, int]], segmenter: Segmenter, seed: int
) -> list[Example]:
    """Make all examples, in an order that depends on the seed alone.

    Args:
        clips: pairs whose keys are NAME-NNN, consecutive frames of each name.
        stills: sets, and how many pairs are taken of each.
        segmenter: the network whose maps they will be.
        seed: of sizes, choices and softness.
    """
    chance = random.Random(seed)
    shown = [*_of_clips(clips, segmenter, chance)]
    for pairs, count in stills:
        shown += _of_stills(pairs, count, segmenter, chance)
    shown = [each for each in shown if _is_found(each)]
    soft = [each for each in shown if _is_soft(each.alpha)]
    made = [_oracle(each, chance) for each in soft if chance.random() < 0.5]
    made += [_softened(each, chance) for each in soft]
    return [_example(each) for each in (*shown, *made)]


def _of_clips(clips: PairSet, segmenter: Segmenter, chance: random.Random) -> Iterator[_Shown]:
    numbers = range(len(clips))
    for _, group in groupby(numbers, lambda number: clips.keys[number].rpartition("-")[0]):
        size = chance.choice(_SIZES)
        shown = [_shown("frame", clips[number], size, segmenter) for number in group]
        looks = (Look(each.small, each.saliency, at / _RATE) for at, each in enumerate(shown))
        steady = [*steadied(looks, _STEADIED)]
        for at in range(1, len(shown) - 1, _EVERY):
            of = shown[at]
            yield _Shown("steadied", of.picture, of.alpha, of.small, steady[at])
            yield shown[at + 1]


def _of_stills(
    pairs: PairSet, count: int, segmenter: Segmenter, chance: random.Random
) -> Iterator[_Shown]:
    for number in chance.sample(range(len(pairs)), min(count, len(pairs))):
        yield _shown(pairs.name, pairs[number], chance.choice(_SIZES), segmenter)


def _shown(kind: str, pair: Pair, size: int, segmenter: Segmenter) -> _Shown:
    assert pair.alpha is not None, "every pair of these sets has a mask"
    small = _smaller(pair.picture, _network_size(pair.picture, size))
    batch = torch.from_numpy(small.transpose(2, 0, 1).copy())[None]
    saliency = segmenter.saliency(batch)[0, 0].cpu().numpy()
    return _Shown(kind, pair.picture, pair.alpha, small, saliency)


def _network_size(picture: Picture, longer: int) -> tuple[int, int]:
    height, width, _ = picture.shape
    scale = longer / max(height, width)
    return max(32, 32 * round(height * scale / 32)), max(32, 32 * round(width * scale / 32))


def _oracle(of: _Shown, chance: random.Random) -> _Shown:
    """The truth, averaged down, in the place of the map."""
    share = chance.choice(_TO_SHARES)
    size = round(of.alpha.shape[0] * share), round(of.alpha.shape[1] * share)
    small, saliency = _smaller(of.picture, size), _smaller_share(of.alpha, size)
    return _Shown("oracle", of.picture, of.alpha, small, saliency)


def _softened(of: _Shown, chance: random.Random) -> _Shown:
    """An oracle of a soft picture with soft edges."""
    height, width = of.alpha.shape
    share = chance.choice(_SOFTER)
    size = int(height * share), int(width * share)
    picture, alpha = (
        cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
        for small in (_smaller(of.picture, size), _smaller_share(of.alpha, size))
    )
    if chance.random() < 0.5:
        alpha = cv2.GaussianBlur(alpha, (0, 0), chance.uniform(*_BLUR))
    soft = _Shown(
        of.kind, np.asarray(picture, np.uint8), np.asarray(alpha, np.float32), of.small, of.saliency
    )
    made = _oracle(soft, chance)
    return _Shown("softened", made.picture, made.alpha, made.small, made.saliency)


def _is_found(shown: _Shown) -> bool:
    height, width = shown.alpha.shape
    found = cv2.resize(shown.saliency, (width, height), interpolation=cv2.INTER_LINEAR) > 0.5
    true = shown.alpha > 0.5
    either = np.count_nonzero(found | true)
    return bool(np.count_nonzero(found & true) > _FOUND * (either + 1))


def _is_soft(alpha: Share) -> bool:
    return bool(((alpha > 0.08) & (alpha < 0.92)).any())


def _example(shown: _Shown) -> Example:
    return Example(
        shown.kind,
        torch.from_numpy(shown.saliency),
        _luma(shown.small),
        _luma(shown.picture),
        torch.from_numpy(shown.alpha),
    )


def _luma(picture: Picture) -> Tensor:
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return torch.from_numpy(np.asarray(gray, np.float32) / np.float32(255))


def _smaller(picture: Picture, size: tuple[int, int]) -> Picture:
    return np.asarray(cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def _smaller_share(alpha: Share, size: tuple[int, int]) -> Share:
    return np.asarray(cv2.resize(alpha, size[::-1], interpolation=cv2.INTER_AREA), np.float32)
