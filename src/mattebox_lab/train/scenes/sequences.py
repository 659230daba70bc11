"""Short clips made of stills: layers that move, and the exact way back from frame to frame.

What flickers in a network's answer is what changes from frame to frame without meaning anything:
noise, exposure and where the subject falls on the pixel grid. All three change here, and the flow
is known, so that a loss can ask for the same answer on the same surface.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mattebox_lab.train.scenes.arrays import Picture, Share, Size, as_bytes, as_share
from mattebox_lab.train.scenes.degrade import Look
from mattebox_lab.train.scenes.layers import Layer, Moves, flattened
from mattebox_lab.train.scenes.motion import IDENTITY, Bend, Field, Motion, Path, dense, drawn_waves

# Layers are this much larger than the frame on every side, so that moving shows no edge.
MARGIN = 0.12
# A difference of the truth along the flow that is no rounding: something has come in between.
LARGEST_CHANGE = 0.1
# Cycles per frame: at 30 fps people sway once in half a second to six seconds; hands shake faster.
SWAY, SHAKE = (0.005, 0.07), (0.02, 0.15)


@dataclass(frozen=True, slots=True, eq=False)
class SequenceFrame:
    """A frame of a clip, and where its surfaces were in the frame before.

    Attributes:
        picture: uint8 (height, width, 3) RGB.
        alpha: uint8 (height, width); 255 is foreground.
        back_flow: float32 (height, width, 2): what to add to a pixel's (x, y) to find its surface
            in the frame before. 0 in the first frame.
        valid: bool (height, width): whether that surface was visible there, and its truth was the
            same. False everywhere in the first frame.
        kind: the scene's name.
        taught: whether a teacher has a say about it.
    """

    picture: Picture
    alpha: npt.NDArray[np.uint8]
    back_flow: Field
    valid: npt.NDArray[np.bool_]
    kind: str = ""
    taught: bool = False

    def __repr__(self) -> str:
        height, width = self.alpha.shape
        return f"SequenceFrame({self.kind}, {height}×{width}, valid {self.valid.mean():.0%})"


def with_margin(size: Size) -> Size:
    """How large the layers of a clip of this size have to be."""
    height, width = (length + 2 * round(MARGIN * length) for length in size)
    return height, width


def moving(
    layers: Sequence[Layer], size: Size, length: int, look: Look, rng: np.random.Generator
) -> list[SequenceFrame]:
    """A clip of layers that are ``with_margin(size)`` large.

    The camera moves in one of two clips; subjects always do, and bend a little. The look is that
    of one camera, its noise new in every frame.
    """
    motions = _drawn_motions(layers, size, rng)
    frames = [_frame(layers, motions, time, size) for time in range(length)]
    return photographed(_followed(frames, motions), look, rng)


def jitter_pair(
    layer: Layer, size: Size, look: Look, rng: np.random.Generator
) -> list[SequenceFrame]:
    """Two frames of one picture that moves a little as a whole: the cheapest sequence."""
    return moving([layer], size, 2, look, rng)


def photographed(
    frames: Sequence[SequenceFrame], look: Look, rng: np.random.Generator
) -> list[SequenceFrame]:
    """The same frames as one camera takes them: one look, new noise in each."""
    taken = []
    for frame in frames:
        picture, alpha = look.photographed(frame.picture, as_share(frame.alpha), rng)
        taken.append(replace(frame, picture=picture, alpha=as_bytes(alpha)))
    return taken


@dataclass(frozen=True, slots=True, eq=False)
class _Instant:
    """What a frame shows before the camera's look.

    Attributes:
        surface: uint8 (height, width), the number of the layer that is seen most.
    """

    picture: Picture
    alpha: Share
    surface: npt.NDArray[np.uint8]


def _drawn_motions(layers: Sequence[Layer], size: Size, rng: np.random.Generator) -> list[Motion]:
    camera = _drawn_camera(size, rng)
    motions: list[Motion] = []
    for layer in layers:
        if layer.moves is Moves.WITH_LAST and motions:
            motions.append(motions[-1])
        elif layer.moves is Moves.BY_ITSELF:
            motions.append(Motion(camera, _drawn_path(size, rng), _drawn_bend(size, rng)))
        else:
            motions.append(Motion(camera))
    return motions


def _drawn_camera(size: Size, rng: np.random.Generator) -> Path:
    height, width = size
    # One layer alone has nothing else that could move.
    strength = rng.choice([0.0, rng.uniform(0.1, 1.0)])
    most = (0.05 * width, 0.05 * height, 2.0, 0.03)
    frequencies = SHAKE if rng.random() < 0.3 else SWAY
    waves = drawn_waves(tuple(strength * value for value in most), rng, frequencies)
    return Path(waves, (width / 2, height / 2))


def _drawn_path(size: Size, rng: np.random.Generator) -> Path:
    height, width = size
    strength = rng.uniform(0.1, 1.0)
    most = (0.06 * width, 0.03 * height, 4.0, 0.04)
    waves = drawn_waves(tuple(strength * value for value in most), rng, SWAY)
    # People sway about their seat, not about their nose.
    return Path(waves, (width / 2, height * rng.uniform(0.7, 1.1)))


def _drawn_bend(size: Size, rng: np.random.Generator) -> Bend:
    lines = min(size)
    waves = drawn_waves((0.008 * lines, 0.008 * lines), rng, SWAY)
    cycles = rng.uniform(0.7, 1.6, (2, 1)) / lines
    angles = rng.uniform(0, 2 * np.pi, (2, 2))
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return Bend(waves, cycles * directions[0], directions[1])


def _frame(layers: Sequence[Layer], motions: Sequence[Motion], time: float, size: Size) -> _Instant:
    shown = [
        _shown(layer, motion.sources(time, size))
        for layer, motion in zip(layers, motions, strict=True)
    ]
    picture, alpha = flattened(shown)
    surface = np.zeros(size, np.uint8)
    for number, layer in enumerate(shown[1:], start=1):
        surface[slice(None) if layer.cover is None else layer.cover > 0.5] = number
    return _Instant(picture, alpha, surface)


def _shown(layer: Layer, sources: Field) -> Layer:
    """A still layer, ``with_margin`` of the field's size, sampled at positions of the frame."""
    height, width = sources.shape[:2]
    margin = ((layer.colours.shape[1] - width) / 2, (layer.colours.shape[0] - height) / 2)
    places = sources + np.array(margin, np.float32)
    return replace(
        layer,
        colours=np.asarray(_sampled(layer.colours, places), np.uint8),
        cover=None if layer.cover is None else _sampled_share(layer.cover, places),
        truth=None if layer.truth is None else _sampled_share(layer.truth, places),
    )


def _sampled_share(share: Share, places: Field) -> Share:
    return np.asarray(_sampled(share, places), np.float32)


def _sampled(
    array: npt.NDArray[Any],
    places: Field,
    *,
    filter: int = cv2.INTER_LINEAR,
) -> npt.NDArray[Any]:
    """Values at positions with edges between pixels; remap counts pixels' middles."""
    x, y = cv2.split(places - np.float32(0.5))
    return np.asarray(cv2.remap(array, x, y, filter, borderMode=cv2.BORDER_REPLICATE))


def _followed(instants: Sequence[_Instant], motions: Sequence[Motion]) -> list[SequenceFrame]:
    size = instants[0].alpha.shape[0], instants[0].alpha.shape[1]
    still = np.zeros((*size, 2), np.float32)
    first = instants[0]
    never = np.zeros(size, np.bool_)
    frames = [SequenceFrame(first.picture, as_bytes(first.alpha), still, never)]
    for time, (before, now) in enumerate(pairwise(instants), start=1):
        flow = _visible_flow(now, motions, time)
        frames.append(
            SequenceFrame(now.picture, as_bytes(now.alpha), flow, _valid(before, now, flow))
        )
    return frames


def _visible_flow(now: _Instant, motions: Sequence[Motion], time: int) -> Field:
    size = now.alpha.shape[0], now.alpha.shape[1]
    flow = motions[0].way_back(time, size)
    for number, motion in enumerate(motions[1:], start=1):
        seen = now.surface == number
        if seen.any():
            flow[seen] = motion.way_back(time, size)[seen]
    return flow


def _valid(before: _Instant, now: _Instant, flow: Field) -> npt.NDArray[np.bool_]:
    places = _positions_before(flow)
    surface = _sampled(before.surface, places, filter=cv2.INTER_NEAREST)
    change = np.abs(followed_back(before.alpha, flow) - now.alpha)
    is_same = (surface == now.surface) & (change < LARGEST_CHANGE)
    return np.asarray(is_same & is_inside(flow), np.bool_)


def followed_back(before: npt.NDArray[np.float32], flow: Field) -> npt.NDArray[np.float32]:
    """The earlier frame's values, brought to where this frame shows their surface."""
    return np.asarray(_sampled(before, _positions_before(flow)), np.float32)


def is_inside(flow: Field) -> npt.NDArray[np.bool_]:
    """Where the surface was inside of the earlier frame, by half a pixel at least."""
    height, width = flow.shape[:2]
    x, y = cv2.split(_positions_before(flow))
    is_across = (x >= 0.5) & (x <= width - 0.5)
    return np.asarray(is_across & (y >= 0.5) & (y <= height - 0.5), np.bool_)


def _positions_before(flow: Field) -> Field:
    return dense(IDENTITY, (flow.shape[0], flow.shape[1])) + flow
