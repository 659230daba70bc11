"""The figures of one frame's matte, and of its change from the frame before.

What lives here: which measures are taken, at which size. What does not: the measures that the lab
shares (``edges``, ``flicker``), and what the figures are taken for (``moments``). Numpy arrays on
the CPU; called on the matting thread, once for each matte in order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mattebox.frame import Frame, Matte
from mattebox.inspection import edges
from mattebox.inspection.flicker import (
    Shape,
    at_size,
    in_gray,
    mean_change,
    motion_between,
    small_picture,
    unexplained_change,
)
from mattebox.matting.alphas import Alpha, alpha_array
from mattebox.matting.motion import Picture
from mattebox.matting.prepare import resize_plane
from mattebox.matting.temporal import Map, likeness
from mattebox.timing import seconds

# Edges are looked at no larger than this, so that a figure means the same at every resolution.
_EDGES_SIZE = 640
# What the network says with less certainty than this, either way, is doubt.
_DOUBT = 0.25
# Less of the frame than this is nobody: 300 pixels of 640×480.
_NOBODY = 0.001


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured of one frame; None where a figure cannot be had.

    Attributes:
        coverage: the foreground's share of the frame, the mean of alpha, in [0, 1].
        borders: the share of the frame's left, top and right border that is foreground, in [0, 1].
        soft: the share of the frame where alpha is neither 0 nor 1, in [0, 1].
        doubt: the share of the network's map between ¼ and ¾, in [0, 1].
        disagreement: the share of the frame where the network's map and the matte are on different
            sides of ½, in [0, 1]; None too where a user had a say.
        alignment: how surely the matte's edges lie on the picture's, in [0, 1]; high is good.
        islands: the share of the frame that is foreground apart from its largest piece, in [0, 1].
        holes: the share of the frame that is background enclosed by foreground, in [0, 1].
        flicker: how much the matte changes without the picture's moving so, in [0, 1000].
    """

    coverage: float
    borders: float
    soft: float
    doubt: float | None
    disagreement: float | None
    alignment: float | None
    islands: float
    holes: float
    flicker: float | None

    @property
    def is_empty(self) -> bool:
        """Whether nobody was found."""
        return self.coverage < _NOBODY


@dataclass(frozen=True, slots=True)
class InspectionOptions:
    """When two frames have nothing to do with each other, and whose word the mattes are.

    Attributes:
        scene_cut: the share of the picture in (0, 1] that motion does not account for in a new
            scene.
        gap_s: seconds without a frame after which the past is forgotten.
        has_users_word: whether a user has said who stays, or corrected mattes: where these are not
            what the network found, that is meant.
    """

    scene_cut: float
    gap_s: float
    has_users_word: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What became of a matte since the one before.

    Attributes:
        unexplained: float32 (h, w) in [0, 1], what ``flicker`` is the mean of; None where there is
            no telling: at the beginning, at a cut, after a gap.
        flicker: see ``Figures``.
        is_cut: whether the frame begins a new scene.
    """

    unexplained: Map | None = None
    flicker: float | None = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Inspected:
    """A matte that was looked at.

    Attributes:
        matte: the very one.
        figures: what was measured.
        change: from the matte before.
        alpha: float32 (h, w) in [0, 1], the matte at thumbnail size.
    """

    matte: Matte
    figures: Figures
    change: Change
    alpha: Map


@dataclass(frozen=True, slots=True, eq=False)
class _Past:
    """What is remembered of the frame before."""

    picture: Picture
    alpha: Map
    moment: float


class Inspector:
    """Measures mattes one after the other; remembers the last, so every clip gets one of its own.

    Args:
        options: see there.
    """

    def __init__(self, options: InspectionOptions) -> None:
        self._options = options
        self._past: _Past | None = None

    def inspect(self, matte: Matte) -> Inspected:
        """Measure the next matte; how mattes are grouped or timed changes nothing."""
        full = alpha_array(matte.alpha)
        picture = small_picture(matte.frame)
        alpha = at_size(full, picture.shape[:2])
        moment = seconds(matte.frame.pts, matte.frame.format.time_base)
        past, self._past = self._past, _Past(picture, alpha, moment)
        change = self._change(past, self._past)
        figures = _figures(matte, full, alpha, change)
        if self._options.has_users_word:
            figures = replace(figures, disagreement=None)
        return Inspected(matte, figures, change, alpha)

    def _change(self, past: _Past | None, now: _Past) -> Change:
        if past is None or past.picture.shape != now.picture.shape:
            return Change()
        if not 0 < now.moment - past.moment <= self._options.gap_s:
            return Change()
        motion = motion_between(in_gray(past.picture), in_gray(now.picture))
        alike = likeness(past.picture, now.picture, motion.back)
        if 1 - float(alike.mean()) >= self._options.scene_cut:
            return Change(is_cut=True)
        changed = unexplained_change(now.alpha, past.alpha, motion)
        if changed is None:
            return Change()
        return Change(changed, mean_change(changed, motion))


def _figures(matte: Matte, full: Alpha, alpha: Map, change: Change) -> Figures:
    shape = alpha > 0.5
    rim = np.concatenate([shape[:, 0], shape[0], shape[:, -1]])
    saliency = None if matte.saliency is None else alpha_array(matte.saliency)
    return Figures(
        coverage=float(alpha.mean()),
        borders=float(rim.mean()),
        soft=float(((full > 0) & (full < 1)).mean()),
        doubt=None if saliency is None else float(is_doubt(saliency).mean()),
        disagreement=None if saliency is None else _disagreement(saliency, alpha),
        alignment=_alignment(matte.frame, full),
        islands=float(edges.islands(alpha).mean()),
        holes=float(edges.holes(alpha).mean()),
        flicker=change.flicker,
    )


def is_doubt(map: Map) -> Shape:
    """Where a map is between ¼ and ¾: neither one nor the other."""
    return np.asarray(np.abs(map - 0.5) < _DOUBT)


def _disagreement(saliency: Map, alpha: Map) -> float:
    there: Shape = at_size(saliency, alpha.shape) > 0.5
    return float((there != (alpha > 0.5)).mean())


def _alignment(frame: Frame, alpha: Alpha) -> float | None:
    height, width = alpha.shape
    scale = min(1.0, _EDGES_SIZE / max(height, width))
    size = max(1, round(height * scale)), max(1, round(width * scale))
    luma = resize_plane(frame.planes[0], size).astype(np.float32)
    luma /= np.float32(frame.format.pixels.peak)
    return edges.edge_alignment(at_size(alpha, size), luma)
