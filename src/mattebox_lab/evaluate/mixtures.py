"""Mixtures of a foreground and an old room that are both known everywhere, and composites of them.

What lives here: making pictures whose foreground's own colour is known under soft edges, and how
far composites of them are from the true ones. What does not: which figures are wanted
(``defaults.py``). Pictures are float32 (height, width, 3) in [0, 1], RGB, gamma-encoded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mattebox.assemble import Matting, open_matting
from mattebox.backdrops.colour import parse_colour
from mattebox.colour import Colour, Rgb, planes_from_rgb, rgb_from_planes
from mattebox.errors import DecodeError
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.matting.composite import composite
from mattebox.matting.foreground import ForegroundOptions
from mattebox.pixels import pixel_format
from mattebox.settings import resolve
from mattebox_lab.evaluate.material import Alpha, Example, alpha_at_lines, at_lines

# A true composite's backdrop, and what is measured where.
BACKDROPS = ("white", "black", "lime")
BAND = (0.02, 0.98)
# The sizes at which heads are mixed: their own, and so many lines.
LINES = (None, 720)
_PIXELS, _COLOUR = pixel_format("yuv420p"), Colour()
# What is this solid is foreground and nothing else, a pixel away from what is not.
_SOLID, _AWAY = 0.995, np.ones((3, 3), np.uint8)
# How often a mirrored place is brought half way back to the edge until it is within the foreground.
_HALVINGS = 6
# With which alpha composites are made, and what they are compared with.
_KINDS = ("true alpha", "network's alpha", "network's alpha, colour alone")

# Mean absolute and squared differences without and with estimating, per backdrop.
_Errors: TypeAlias = npt.NDArray[np.float64]  # (backdrops, 2, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """A frame made of a foreground and a room, α F + (1 − α) B.

    Attributes:
        frame: yuv420p.
        own: the foreground alone, everywhere.
        alpha: float32 (height, width) in [0, 1].
    """

    frame: Frame
    own: Rgb
    alpha: Alpha


def mixture(own: Rgb, room: Rgb, alpha: Alpha) -> Mixture:
    """Lay a foreground over a room of the same size."""
    return Mixture(_frame_of(_over(own, alpha, room)), own, alpha)


def continued(picture: Rgb, alpha: Alpha) -> Rgb:
    """What is solid in a picture, mirrored at its own edge over all the rest.

    So the foreground is known under soft edges, with all the detail that it has inside: hair goes
    on as hair. No estimate of colours has a part in it.
    """
    solid = cv2.erode((alpha >= _SOLID).view(np.uint8), _AWAY)
    if not solid.any():
        return picture
    _, labels = cv2.distanceTransformWithLabels(
        1 - solid, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    rows, columns = np.nonzero(solid)
    edges = np.zeros((int(labels.max()) + 1, 2), np.float32)
    edges[labels[rows, columns]] = np.stack([columns, rows], -1)
    edge = edges[labels]
    down, across = np.indices(alpha.shape, np.float32)
    here = np.stack([across, down], -1)
    there = 2 * edge - here
    for _ in range(_HALVINGS):
        is_inside = _at(solid, there, cv2.INTER_NEAREST)[..., None] > 0
        there = np.where(is_inside, there, (there + edge) / 2)
    mirrored = _at(picture, there, cv2.INTER_LINEAR)
    return np.asarray(np.where(solid[..., None] > 0, picture, mirrored), np.float32)


def composites(model: str, material: Sequence[Example], rooms: Sequence[Path]) -> Iterator[str]:
    """A line for each clip, size and alpha: composites' error in soft edges, by backdrop.

    Heads of the material are continued beyond their edges and laid over rooms; these are composed
    anew, with their true alpha and with the network's, without and with the foreground's own
    colour, and compared with the true foreground over that backdrop, with the true alpha. Most of
    what the network's alpha is wrong by is no fault of colours: so its composites are also compared
    with the true foreground laid over with the very same alpha. Errors are mean absolute
    differences × 255 where the alpha compared with is between 0.02 and 0.98; RMS is of the same.

    Raises:
        DecodeError: a room cannot be read.
    """
    matting = open_matting(resolve({"model": {"name": model}, "temporal": {"half_life_s": 0}}))
    heads = [each for each in material if each.set == "clip" or each.set.startswith("head-")]
    sums: dict[str, list[_Errors]] = {kind: [] for kind in _KINDS}
    for name in dict.fromkeys(each.set for each in heads):
        frames = [each for each in heads if each.set == name]
        for lines in LINES:
            found = _of_clip(frames, lines, rooms, matting)
            for kind, errors in zip(_KINDS, found, strict=True):
                sums[kind].append(errors)
                yield f"{name}, {lines or frames[0].alpha.shape[0]} lines, {kind}: {_told(errors)}"
    for kind, all_of_them in sums.items():
        yield f"mean, {kind}: {_told(np.mean(all_of_them, 0))}"


def _of_clip(
    frames: Sequence[Example], lines: int | None, rooms: Sequence[Path], matting: Matting
) -> npt.NDArray[np.float64]:
    """The mean errors of each of ``_KINDS``."""
    found = []
    for example in frames:
        frame, alpha = at_lines(example.frame, lines), alpha_at_lines(example.alpha, lines)
        picture = rgb_from_planes(frame.planes, frame.format.pixels, frame.format.colour)
        own = continued(picture, alpha)
        for room in rooms:
            mixed = mixture(own, _room(room, alpha.shape), alpha)
            [matte] = matting.stage(iter([[mixed.frame]]))
            true, networks = torch.from_numpy(alpha), matte.alpha.cpu()
            pairs = (true, alpha), (networks, alpha), (networks, networks.numpy())
            found.append([_errors(mixed, *pair) for pair in pairs])
    return np.asarray(np.mean(found, 0))


def _errors(mixed: Mixture, alpha: Tensor, wanted: Alpha) -> _Errors:
    """Of the composites that one alpha makes, against those of the true colour with another."""
    estimate = ForegroundOptions(resolve().foreground.radius_px)
    band = (wanted > BAND[0]) & (wanted < BAND[1])
    errors = np.empty((len(BACKDROPS), 2, 2))
    for name, of_backdrop in zip(BACKDROPS, errors, strict=True):
        flat = np.asarray(parse_colour(name), np.float32) / 255
        backdrop: Rgb = np.full(mixed.own.shape, flat, np.float32)
        behind = _frame_of(backdrop).planes
        true = _picture(_frame_of(_over(mixed.own, wanted, backdrop)))
        for options, place in ((None, 0), (estimate, 1)):
            made = _picture(composite(Matte(mixed.frame, alpha), behind, options))
            difference = (made - true)[band]
            of_backdrop[place] = np.abs(difference).mean(), np.square(difference).mean()
    return errors


def _told(errors: _Errors) -> str:
    cells = []
    for name, ((off, off_squared), (on, on_squared)) in zip(BACKDROPS, errors, strict=True):
        rms = np.sqrt(on_squared / off_squared)
        cells.append(
            f"{name} {255 * off:.2f} → {255 * on:.2f} ({100 * (on / off - 1):+.0f} %, "
            f"RMS {100 * (rms - 1):+.0f} %)"
        )
    return "  ".join(cells)


def _at(picture: npt.NDArray[Any], places: npt.NDArray[np.float32], how: int) -> npt.NDArray[Any]:
    """What is at places (height, width, 2), column and row; 0 outside."""
    columns, rows = np.ascontiguousarray(np.moveaxis(places, -1, 0), np.float32)
    return np.asarray(cv2.remap(picture, columns, rows, how, borderValue=(0, 0, 0)))


def _room(path: Path, size: tuple[int, ...]) -> Rgb:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise DecodeError(f"cannot read the room {path}.", "It has to be a picture.")
    room = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(room, np.float32) / np.float32(255)


def _over(own: Rgb, alpha: Alpha, backdrop: Rgb) -> Rgb:
    share = alpha[..., None]
    return np.asarray(share * own + (1 - share) * backdrop, np.float32)


def _frame_of(picture: Rgb) -> Frame:
    height, width, _ = picture.shape
    format = VideoFormat(width, height, _PIXELS, Fraction(1, 25), colour=_COLOUR)
    return Frame(planes_from_rgb(picture, _PIXELS, _COLOUR), format, pts=0)


def _picture(frame: Frame) -> Rgb:
    return rgb_from_planes(frame.planes, _PIXELS, _COLOUR)
