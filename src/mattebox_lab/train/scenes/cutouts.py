"""Cutting a subject out of its picture: a soft edge, and no colour of the old background on it."""

from __future__ import annotations

import cv2
import numpy as np

from mattebox_lab.train.scenes.arrays import Colours, Picture, Share, as_picture
from mattebox_lab.train.scenes.layers import Layer, Moves
from mattebox_lab.train.scenes.pairs import Pair
from mattebox_lab.train.scenes.views import View

# Above this the subject's colour is its own; below the other, the background's is.
SURELY_INSIDE, SURELY_OUTSIDE = 0.95, 0.03
# Fainter parts hold nothing together.
FAINTEST = 0.1
# Coarser levels trust what few pixels they have soon: colours then come from near by.
TRUST_GROWTH = np.float32(4)
LEAST_WEIGHT = np.float32(1e-6)


def cut_out(pair: Pair, view: View) -> Layer:
    """The pair's subject as a foreground layer, seen through a view.

    Edges of binary masks are moved half a pixel inwards and made soft; colours of partial pixels
    are those of the inside, spread outwards, so that no fringe of the old background gives the
    edge away. The pair has to have a mask.
    """
    cover = _largest_part(matte(pair, view, inwards=True))
    colours = decontaminated(view.of(pair.picture), cover)
    return Layer(colours, cover, cover, Moves.BY_ITSELF)


def matte(pair: Pair, view: View, *, inwards: bool, border: int = cv2.BORDER_CONSTANT) -> Share:
    """The pair's alpha through a view: enlarged masks get smooth edges instead of stairs.

    Args:
        pair: where it has no mask the alpha is 0.
        view: how it is seen.
        inwards: pull the edge half a source pixel towards the subject: right for a cut-out, where
            the rim still shows the old background; wrong for the truth of the picture itself.
        border: what lies beyond the picture (cv2.BORDER_…).
    """
    if pair.alpha is None:
        return np.zeros(view.size, np.float32)
    share = view.of_share(pair.alpha, border)
    if pair.soft:
        return share
    sigma = 0.6 * max(1.0, view.scale)
    smooth = np.asarray(cv2.GaussianBlur(share, (0, 0), sigma), np.float32)
    middle = 0.62 if inwards else 0.5
    # Twice the contrast: the blur has made the edge wider than a lens would.
    return np.asarray(np.clip((smooth - np.float32(middle)) * 2 + np.float32(0.5), 0, 1))


def _largest_part(alpha: Share) -> Share:
    """Without strangers at the edge, and without crumbs that a bad mask leaves in the air."""
    solid = (alpha > FAINTEST).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(solid)
    if count <= 2:
        return alpha
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return np.asarray(alpha * (labels == largest), np.float32)


def decontaminated(picture: Picture, alpha: Share) -> Picture:
    """The subject's own colours, also where the picture shows a mixture.

    Only where the alpha is not 0: the rest of the picture is as it was.
    """
    x, y, width, height = cv2.boundingRect((alpha > 0).astype(np.uint8))
    part = slice(y, y + height), slice(x, x + width)
    inside = (alpha[part] > SURELY_INSIDE).astype(np.float32)
    result = picture.copy()
    result[part] = as_picture(spread(np.asarray(picture[part], np.float32), inside))
    return result


def without_subject(picture: Picture, alpha: Share) -> Picture:
    """The picture with its subject painted over by the smooth continuation of what is around it.

    The mask is widened first: shadows and loose hair just outside of it would show.
    """
    reach = max(3, round(0.03 * min(alpha.shape))) | 1
    hidden = cv2.dilate(alpha, np.ones((reach, reach), np.uint8)) > SURELY_OUTSIDE
    return as_picture(spread(np.asarray(picture, np.float32), (~hidden).astype(np.float32)))


def spread(colours: Colours, weight: Share) -> Colours:
    """Keep the colours where the weight is 1, and continue them smoothly to where it is 0.

    Args:
        colours: float32 (height, width, 3).
        weight: float32 (height, width) in [0, 1]; 0 everywhere leaves nothing to continue, and
            gives the colours back.

    Source: push-pull, Gortler et al., "The Lumigraph", SIGGRAPH 1996.
    """
    if not weight.any():
        return colours
    return _pushed_and_pulled(colours * weight[..., None], weight)


def _pushed_and_pulled(weighted: Colours, weight: Share) -> Colours:
    """From colours times weight to colours everywhere: what lacks comes from half the size."""
    height, width = weight.shape
    if max(height, width) <= 2:
        return np.full_like(weighted, weighted.sum((0, 1)) / np.maximum(weight.sum(), LEAST_WEIGHT))
    half = (width + 1) // 2, (height + 1) // 2
    small = np.asarray(cv2.resize(weighted, half, interpolation=cv2.INTER_AREA), np.float32)
    known = np.asarray(cv2.resize(weight, half, interpolation=cv2.INTER_AREA), np.float32)
    trust = np.minimum(TRUST_GROWTH, 1 / np.maximum(known, LEAST_WEIGHT))
    coarse = _pushed_and_pulled(small * trust[..., None], np.asarray(known * trust, np.float32))
    grown = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR))
    return np.asarray(weighted + (1 - weight)[..., None] * grown, np.float32)
