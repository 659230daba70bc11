"""Laying a foreground over a backdrop, plane by plane, in the frame's own layout.

What is laid over what is decided elsewhere: mattes come from ``stage`` or ``keying``, the
foreground's own colour from ``foreground``. The caller's thread. The arithmetic is on the CPU, and
only where alpha is neither 0 nor 1; elsewhere samples are copied.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mattebox.colour import Plane, Planes
from mattebox.errors import FrameError
from mattebox.frame import Frame, Matte
from mattebox.matting.alphas import Alpha, alpha_array, cell_alphas
from mattebox.matting.cells import (
    Cells,
    Partition,
    as_cells,
    coverage_of,
    gather,
    in_portions,
    partition,
    plane_side,
    whole_cells,
)
from mattebox.matting.foreground import ForegroundOptions, OwnColour
from mattebox.matting.light_wrap import LightWrap
from mattebox.matting.tone import Tone, Toning


def composite(
    matte: Matte,
    backdrop: Planes,
    estimate: ForegroundOptions | None = None,
    tone: Tone | None = None,
    wrap: LightWrap | None = None,
) -> Frame:
    """Lay the matte's frame over a backdrop.

    Args:
        matte: a frame and its alpha; an alpha plane that the frame itself may have is not looked
            at.
        backdrop: the colour planes behind, in the frame's layout, see ``ports.Backdrop``.
        estimate: how the foreground's own colour is found in its soft edges; None lays the frame
            over as it is, with what it shows of the old background there.
        tone: another light for the foreground; None leaves it in its own.
        wrap: how the backdrop's light spills over its edge; None: not at all.

    Returns:
        A frame in the same layout without alpha plane, with the frame's own time: equal to the
        backdrop where alpha is 0, and to the frame where it is 1, but for ``tone`` and ``wrap``.

    Raises:
        FrameError: the backdrop does not fit the frame.
    """
    frame = matte.frame
    _check(frame, backdrop)
    alpha = alpha_array(matte.alpha)
    coverage = coverage_of(alpha) if matte.coverage is None else matte.coverage
    parts, pixels = partition(coverage), frame.format.pixels
    own = None
    if estimate is not None and len(parts.mixed[0]):
        own = OwnColour(frame, alpha, coverage, estimate, parts.mixed)
    toning = None if tone is None or not coverage.any() else Toning(tone, frame.format)
    solid = frame.colour_planes if toning is None else toning.planes(frame, coverage)
    planes = [
        _copied(plane, behind, plane_side(index, pixels), parts)
        for index, (plane, behind) in enumerate(zip(solid, backdrop, strict=True))
    ]
    for cells in in_portions(parts.mixed):
        alphas = cell_alphas(alpha, cells, pixels)
        colours = own.at(cells, alphas) if own else _as_it_is(frame, cells)
        if toning is not None:
            colours = toning.cells(colours)
        for index, (colour, shares) in enumerate(zip(colours, alphas, strict=True)):
            mixed = as_cells(planes[index], plane_side(index, pixels))
            mixed[cells] = over(colour, shares, mixed[cells])
    if wrap is not None:
        wrap.spill(planes, alpha, coverage, backdrop)
    shapes = [plane.shape for plane in backdrop]
    planes = [plane[:height, :width] for plane, (height, width) in zip(planes, shapes, strict=True)]
    opaque = frame.format
    if pixels.has_alpha:
        opaque = opaque.with_pixels(pixels.without_alpha())
    return replace(frame, planes=tuple(planes), format=opaque)


def over(foreground: npt.NDArray[Any], alpha: Alpha, backdrop: Plane) -> Plane:
    """Lay samples of the foreground over samples of the backdrop.

    Args:
        foreground: uint8, uint16 or float32 of any shape, straight, gamma-encoded, in the plane's
            own range.
        alpha: float32 in [0, 1] of the same shape.
        backdrop: uint8 or uint16 of the same shape.

    Returns:
        New samples like ``backdrop``: equal to it where alpha is 0, to the foreground where alpha
        is 1, and the nearest in between.

    Source: Porter and Duff, "Compositing Digital Images", SIGGRAPH 1984.
    """
    share = np.subtract(foreground, backdrop, dtype=np.float32)
    share *= alpha
    share += backdrop
    result: Plane = np.rint(share, out=share).astype(backdrop.dtype)
    return result


def _copied(plane: Plane, behind: Plane, side: tuple[int, int], parts: Partition) -> Plane:
    """A plane of whole cells: the backdrop, and the frame where alpha is 1."""
    height, width = behind.shape
    whole = whole_cells(behind, side)
    result = whole.copy() if whole is behind else whole
    for region in parts.solid:
        samples = region.samples(side)
        result[:height, :width][samples] = plane[samples]
    return result


def _as_it_is(frame: Frame, cells: Cells) -> Iterator[Plane]:
    """The frame's own samples in some cells, plane by plane."""
    for index, plane in enumerate(frame.colour_planes):
        yield gather(plane, plane_side(index, frame.format.pixels), cells)


def _check(frame: Frame, backdrop: Planes) -> None:
    colours = frame.colour_planes
    if len(backdrop) != len(colours):
        raise FrameError(
            f"a backdrop of {len(backdrop)} planes does not fit {frame.format}: "
            f"that has {len(colours)} colour planes."
        )
    for plane, behind in zip(colours, backdrop, strict=True):
        if plane.shape != behind.shape:
            raise FrameError(
                f"cannot lay a plane of {plane.shape} over one of {behind.shape}: "
                "the sizes must be equal."
            )
        if plane.dtype != behind.dtype:
            raise FrameError(
                f"cannot lay {plane.dtype} samples over {behind.dtype} samples: "
                "both planes must be of one type, uint8 or uint16."
            )
