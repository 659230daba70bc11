"""Steadies saliency over time: state in, state out, nothing hidden.

What lives here: one blend of the new map with the past. What does not: carrying the past along
with motion, which needs the motion. Tensors on the segmenter's device; called on the matting
thread, once per frame, in order.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mattebox.matting.resample import box_mean

# How much a pixel of the small picture differs (largest of R, G and B, of 255) until it counts as
# changed. A webcam's noise, averaged down to 320 lines and over 3×3 pixels, stays below the first.
_UNCHANGED, _CHANGED = 0.015 * 255, 0.05 * 255


@dataclass(frozen=True, slots=True)
class TemporalOptions:
    """How the past steadies the present.

    Attributes:
        half_life_s: seconds until an uncertain pixel has taken over half of what is new; 0 gives
            every map back as it is.
        certainty: in [0, 1]: how much a pixel that the network is sure of escapes the past; 1:
            saliency of 0 and 1 takes over at once, 0: it makes no difference.
        scene_cut: the share of the picture in (0, 1] that must have changed for a new scene. On
            nine clips of people frames differ from the one before by at most 0.27 (children
            jumping), and cuts from one clip to another by at least 0.47 (the same office).
        gap_s: seconds without a frame after which the past is forgotten.
    """

    half_life_s: float
    certainty: float
    scene_cut: float
    gap_s: float


@dataclass(frozen=True, slots=True, eq=False)
class TemporalState:
    """What is remembered: a map, the picture that it belongs to, and when.

    Attributes:
        saliency: float32 (h, w) in [0, 1], steadied.
        picture: float32 (3, h, w) in [0, 255], blended with the same weights as the map, so that
            both are of the same age.
        moment: seconds.
    """

    saliency: Tensor
    picture: Tensor
    moment: float


def steady(
    saliency: Tensor,
    picture: Tensor,
    moment: float,
    state: TemporalState | None,
    options: TemporalOptions,
) -> tuple[Tensor, TemporalState]:
    """Blend a map with the past, only where the present needs it.

    What is kept of the past halves every half-life, however many frames that takes. The half-life
    of a pixel is the shorter, the more certain its new saliency is and the more its picture has
    changed: where either is complete the new map takes over at once, and nothing trails behind a
    moving hand.

    Args:
        saliency: float32 (h, w) in [0, 1], of the frame.
        picture: uint8 (3, h, w), the frame as the network saw it, on the same device.
        moment: when the frame is shown, in seconds.
        state: what the call for the frame before returned; None for the first.
        options: see there.

    Returns:
        the steadied map, and the state for the next frame. Past is forgotten after a gap, when
        time stands still or runs back, at a new scene, and when the size changes.
    """
    colours = picture.to(torch.float32)
    fresh = TemporalState(saliency, colours, moment)
    if options.half_life_s == 0 or state is None or state.saliency.shape != saliency.shape:
        return saliency, fresh
    elapsed = moment - state.moment
    if not 0 < elapsed <= options.gap_s:
        return saliency, fresh
    unchanged = _unchanged(colours, state.picture)
    if 1 - float(unchanged.mean()) >= options.scene_cut:
        return saliency, fresh
    doubt = (saliency - 0.5).abs_().mul_(-2 * options.certainty).add_(1)
    # A half-life of nothing makes the exponent −∞: nothing is kept.
    kept = torch.exp2(-elapsed / options.half_life_s / doubt.mul_(unchanged))
    steadied = torch.lerp(saliency, state.saliency, kept)
    return steadied, TemporalState(steadied, torch.lerp(colours, state.picture, kept), moment)


def _unchanged(picture: Tensor, past: Tensor) -> Tensor:
    """float32 (h, w) in [0, 1]: how surely each pixel's surroundings are as they were."""
    difference = box_mean((picture - past).abs_().amax(0), 1)
    return difference.sub_(_CHANGED).div_(_UNCHANGED - _CHANGED).clamp_(0, 1)
