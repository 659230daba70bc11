"""From the network's small map to an alpha matte at full size, along the picture's own edges.

What lives here: cleaning the map, enlarging it under the guidance of the full-resolution luma, and
shaping the result: levels, sharpening, gamma, feather. What does not: how hard an edge is
(``edge_model``), time (``temporal``), colour (``foreground``). Tensors on the segmenter's device;
called on the matting thread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mattebox.colour import Plane
from mattebox.frame import Coverage, Frame
from mattebox.matting.cells import SIDE, Enlarging, as_cells, gather
from mattebox.matting.edge_model import DOUBT, EdgeModel
from mattebox.matting.prepare import resize_plane
from mattebox.matting.resample import box_mean, enlarge, plane_tensor, shrink, soften, to_grid

# Interpolation may miss 0 and 1 by a rounding error; what is this close to them becomes exact.
_ROUNDING = 1e-6
# At sharpen = 1 an edge becomes twenty times as steep; more would be a staircase.
_STEEPEST = 20.0
# Levels up to this steep may be enlarged with an overshoot: steeper ones would make rings of it.
_GENTLE = 1.5
# A speck is what stands out from nothing by this much; a hole, what is missing from all.
_STANDS_OUT = 0.25
_SQUARE = np.ones((3, 3), np.uint8)
_DIAMOND = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
# In the mean over all directions a diamond moves an edge by 0.90 of a pixel and a square by 1.27:
# so mixed it is one pixel, and within a tenth of that in every direction.
_STEPS = (_DIAMOND, _SQUARE, _DIAMOND, _DIAMOND)
# How far the soft rim of a speck or hole reaches, in pixels of the map.
_RIM = 2


@dataclass(frozen=True, slots=True)
class RefineOptions:
    """How the map becomes a matte. Steps run in this order.

    Attributes:
        edges: what says how hard each edge is, and how far it follows the picture; None: all are
            alike, as ``radius_px``, ``epsilon``, ``low`` and ``high`` say.
        fill_holes: holes smaller than this share of the frame's area become foreground; 0: none.
        remove_specks: islands smaller than this share of the area become background; 0: none.
        radius_px: how far around a pixel its guidance looks, in pixels of the map; 0: bilinear, no
            guidance. 1 measured best.
        epsilon: the variance of luma, in [0, 1]², that counts as an edge; the larger, the flatter.
        low, high: saliency up to ``low`` becomes exactly 0, from ``high`` on exactly 1, the rest
            is spread evenly between; 0 ≤ low < high ≤ 1. With ``edges`` soft ones get less of it.
        privacy: alpha up to here becomes exactly 0, and stays so whatever choke and feather do.
        sharpen: contrast around one half, from 0 (as it is) to 1 (nearly a cut with scissors).
        gamma: above 0; alpha becomes alpha^gamma: above 1 soft parts get thinner, below 1 fuller.
        choke_px: how far the edge moves inwards, in pixels of the frame; below 0: outwards.
        feather_px: width of the soft edge that is added, in pixels of the frame; 0: none.
    """

    edges: EdgeModel | None
    radius_px: int
    epsilon: float
    low: float
    high: float
    gamma: float
    choke_px: float
    feather_px: float
    privacy: float
    sharpen: float
    fill_holes: float
    remove_specks: float


def refine(saliency: Tensor, frame: Frame, options: RefineOptions) -> Tensor:
    """Make the alpha matte of a frame.

    Args:
        saliency: float32 (h, w) in [0, 1], of the whole picture.
        frame: the very frame that the map belongs to; its first plane (luma, or green) guides.
        options: see there.

    Returns:
        float32 (height, width) in [0, 1] on the map's device, a new tensor. Where the map is 0 all
        around, or 1, alpha is exactly that.
    """
    return refine_in_cells(saliency, frame, options)[0]


def refine_in_cells(
    saliency: Tensor, frame: Frame, options: RefineOptions, guide: Plane | None = None
) -> tuple[Tensor, Coverage | None]:
    """``refine``, and what it knows of each cell: see ``Matte.coverage``; None off the CPU.

    Args:
        saliency, frame, options: see ``refine``.
        guide: the frame's first plane at the map's size, if somebody has it already.
    """
    size = frame.format.height, frame.format.width
    saliency = clean(saliency, options.fill_holes, options.remove_specks)
    coverage: Coverage | None = None
    is_guided = options.edges is not None or options.radius_px > 0
    if is_guided and size[0] > saliency.shape[0] and size[1] > saliency.shape[1]:
        if guide is None:
            guide = resize_plane(frame.planes[0], (saliency.shape[0], saliency.shape[1]))
        alpha, coverage = _guided(saliency, (frame, guide), options)
    else:
        gain, offset = _levels(options)
        alpha = _any_size(saliency * gain + offset, size).clamp_(0, 1)
    if options.gamma == 1 and options.choke_px == 0 and options.feather_px == 0:
        return alpha, coverage
    return _shaped(alpha, options), None


def reshape(alpha: Tensor, options: RefineOptions) -> Tensor:
    """The steps that need no guidance, on a matte that is at full size already, such as a key's.

    Args:
        alpha: float32 (H, W) in [0, 1].
        options: see there; ``radius_px`` and ``epsilon`` have nothing to guide.

    Returns:
        float32 (H, W) in [0, 1].
    """
    gain, offset = _levels(options)
    cleaned = clean(alpha, options.fill_holes, options.remove_specks)
    return _shaped((cleaned * gain).add_(offset).clamp_(0, 1), options)


def clean(saliency: Tensor, fill_holes: float, remove_specks: float) -> Tensor:
    """Fill small holes and drop small islands of a map.

    Args:
        saliency: float32 (h, w) in [0, 1].
        fill_holes, remove_specks: shares of the map's area in [0, 1); 0 leaves them.

    Returns:
        The map itself where there was nothing to do. Holes at the picture's border stay: they
        may go on outside.
    """
    if fill_holes == 0 and remove_specks == 0:
        return saliency
    values = saliency.cpu().numpy()
    specks = _small_regions(values > _STANDS_OUT, remove_specks, holes=False)
    holes = _small_regions(values > 1 - _STANDS_OUT, fill_holes, holes=True)
    if specks is None and holes is None:
        return saliency
    values = values.copy()
    if specks is not None:
        values[specks] = 0
    if holes is not None:
        values[holes] = 1
    return torch.from_numpy(values).to(saliency.device)


def feather(alpha: Tensor, width_px: float) -> Tensor:
    """Soften the edges of a matte.

    Args:
        alpha: float32 (H, W) in [0, 1].
        width_px: about how wide an edge of no width becomes, above 0.

    Returns:
        float32 (H, W) in [0, 1]; what is 0 or 1 all around stays exactly that.
    """
    # Of a blurred step, this many deviations hold the nine tenths in the middle.
    sigma = width_px / 3.3
    # A wide blur has no detail left: it is made of a smaller matte.
    factor = max(1, int(sigma / 2))
    height, width = alpha.shape
    small = shrink(alpha, (-(-height // factor), -(-width // factor)))
    soft = enlarge(soften(small, sigma / factor), (height, width))
    return soft.sub_(0.5).mul_(1 + 4 * _ROUNDING).add_(0.5).clamp_(0, 1)


def choke(alpha: Tensor, distance_px: float) -> Tensor:
    """Move the edges of a matte inwards.

    Args:
        alpha: float32 (H, W) in [0, 1].
        distance_px: how far, in pixels; below 0 outwards. Between whole pixels it is in between.

    Returns:
        float32 (H, W) in [0, 1]. What the frame cuts off does not count as an edge.
    """
    move = cv2.erode if distance_px > 0 else cv2.dilate
    values, whole = alpha.cpu().numpy(), int(abs(distance_px))
    for step in range(whole):
        values = np.asarray(move(values, _STEPS[step % len(_STEPS)]))
    if rest := abs(distance_px) - whole:
        further = np.asarray(move(values, _STEPS[whole % len(_STEPS)]))
        values = cv2.addWeighted(values, 1 - rest, further, rest, 0)
    return torch.from_numpy(np.asarray(values, np.float32)).to(alpha.device)


def _shaped(alpha: Tensor, options: RefineOptions) -> Tensor:
    """Gamma, choke and feather; may change ``alpha`` itself."""
    cut = alpha == 0 if options.privacy > 0 else None
    if options.gamma != 1:
        alpha.pow_(options.gamma)
    if options.choke_px != 0:
        alpha = choke(alpha, options.choke_px)
    if options.feather_px > 0:
        alpha = feather(alpha, options.feather_px)
    return alpha if cut is None else alpha.masked_fill(cut, 0)


def _levels(options: RefineOptions) -> tuple[float, float]:
    """(gain, offset) of levels and sharpening together: both are straight lines, then clipped."""
    bottom, top = _ends(options)
    further, shift = _sharpening(options)
    gain = further / (top - bottom)
    return gain, shift - bottom * gain


def _ends(options: RefineOptions) -> tuple[float, float]:
    """What becomes 0, and what becomes 1."""
    low = max(options.low, options.privacy)
    return max(low, _ROUNDING), min(options.high, 1 - _ROUNDING)


def _sharpening(options: RefineOptions) -> tuple[float, float]:
    """(gain, offset) of contrast around one half."""
    steeper = 1 / (1 - options.sharpen * (1 - 1 / _STEEPEST))
    return steeper, 0.5 * (1 - steeper)


def _guided(
    saliency: Tensor, picture: tuple[Frame, Plane], options: RefineOptions
) -> tuple[Tensor, Coverage | None]:
    """The map at full size plus what the luma's fine detail says, in [0, 1].

    alpha = value↑ + slope↑ × luma − (slope × small luma)↑, where the value is the map through the
    levels, and the slope what alpha gains per luma, both for each pixel of the map. The arrows go
    by way of a grid whose pixels are a power of two wide: cubic up to there where levels are
    gentle, bilinear from there, so that single cells can be worked out.

    Args:
        picture: the frame, and its first plane at the map's size.
    """
    frame, small = picture
    luma, peak = frame.planes[0], frame.format.pixels.peak
    guide = plane_tensor(small).to(saliency.device).to(torch.float32).div_(peak)
    value, slope = _line(saliency, guide, options)
    line = value.sub_(slope * guide), slope.div_(peak)
    smooth = options.edges is None and _levels(options)[0] <= _GENTLE
    span = _span((saliency.shape[0], saliency.shape[1]), luma.shape)
    if saliency.device.type == "cpu" and span > 1:
        alpha, coverage = _in_cells(line, luma, span, smooth=smooth)
        return torch.from_numpy(alpha), coverage
    return _everywhere(line, luma, span, smooth=smooth), None


def _line(saliency: Tensor, guide: Tensor, options: RefineOptions) -> tuple[Tensor, Tensor]:
    """Value and slope, float32 (h, w) each: learnt, or fitted around each pixel."""
    if options.edges is None:
        return _fitted_line(saliency, guide, options)
    value, slope = options.edges.line(saliency, guide, options.low, options.high)
    gain, offset = _sharpening(options)
    if options.privacy > 0:
        # The model may have been gentler than its levels: this is the last word.
        rest = 1 - options.privacy
        gain, offset = gain / rest, offset - gain * options.privacy / rest
    return value.mul_(gain).add_(offset), slope.mul_(gain)


def _fitted_line(saliency: Tensor, guide: Tensor, options: RefineOptions) -> tuple[Tensor, Tensor]:
    """The map through the levels, and its slope where it will be in doubt.

    Around each pixel of the map, saliency is fitted as a line of luma, as in the fast guided
    filter (He, Sun and Tang, "Guided image filtering", ECCV 2010; He and Sun, "Fast guided
    filter", arXiv 1505.00996). That filter then puts the line in the place of the map, and so
    loses what the map knew: with a true map at a quarter of the size it is worse than bilinear.
    Here only the line's slope is used, on what the full luma has more than the small one.
    """
    gain, offset = _levels(options)
    levelled = (saliency * gain).add_(offset)
    radius = options.radius_px
    mean, mean_guide = box_mean(saliency, radius), box_mean(guide, radius)
    covariance = box_mean(saliency * guide, radius).sub_(mean * mean_guide)
    variance = box_mean(guide * guide, radius).sub_(mean_guide * mean_guide)
    slope = box_mean(covariance.div_(variance.clamp_(min=0).add_(options.epsilon)), radius)
    certain = levelled.clamp(0, 1)
    # Full guidance from 0.016 to 0.984. Doubt in the place itself, not around it, and after the
    # slope's own mean: on true maps the error is 4 % less, and a third fewer cells are in doubt.
    doubt = (certain - certain * certain).mul_(DOUBT).clamp_(max=1)
    return levelled, slope.mul_(doubt).mul_(gain)


def _everywhere(line: tuple[Tensor, Tensor], luma: Plane, span: int, *, smooth: bool) -> Tensor:
    """Offset + slope × luma at the luma's size, in [0, 1]: (H, W), on the device of the line.

    Args:
        line: float32 (h, w) each: offset and slope.
        luma: uint8 or uint16 (H, W).
        span: see ``_span``.
        smooth: see ``to_grid``.
    """
    height, width = luma.shape
    offset, slope = (
        enlarge(grid, (grid.shape[0] * span, grid.shape[1] * span))[:height, :width]
        for grid in (to_grid(part, luma.shape, span, smooth=smooth) for part in line)
    )
    samples = plane_tensor(luma).to(slope.device).to(torch.float32)
    return torch.addcmul(offset, slope, samples).clamp_(0, 1)


def _in_cells(
    line: tuple[Tensor, Tensor], luma: Plane, span: int, *, smooth: bool
) -> tuple[npt.NDArray[np.float32], Coverage]:
    """The same on the CPU, worked out only where it is neither 0 nor 1: a tenth of most frames."""
    height, width = luma.shape
    cells, side = (-(-height // SIDE), -(-width // SIDE)), (SIDE, SIDE)
    grids = [to_grid(part, luma.shape, span, smooth=smooth).numpy() for part in line]
    offset, slope = grids
    clear, solid = _certain_cells(offset, slope, cells, span)
    rows, columns = np.nonzero(~(clear | solid))
    patches = Enlarging(grids, (span, span), cells).at((rows, columns))
    mixed = patches.enlarged(1, side)
    mixed *= gather(luma, side, (rows, columns))
    mixed += patches.enlarged(0, side)
    np.clip(mixed, 0, 1, out=mixed)
    coverage = solid.astype(np.float32)
    alpha = coverage.repeat(SIDE, 1).repeat(SIDE, 0)
    as_cells(alpha, side)[rows, columns] = mixed
    coverage[rows, columns] = mixed.reshape(-1, SIDE * SIDE).mean(1)
    return np.ascontiguousarray(alpha[:height, :width]), coverage


def _certain_cells(
    offset: npt.NDArray[np.float32],
    slope: npt.NDArray[np.float32],
    cells: tuple[int, int],
    span: int,
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Bool (rows, columns) each: the cells that come out 0 throughout, and those that come out 1.

    Args:
        offset, slope: float32 (h, w) on a grid.
        cells: how many rows and columns of them there are.
        span: pixels of the frame across one of the grid.
    """
    is_flat = slope == 0
    marked = cv2.merge(
        [((offset <= 0) & is_flat).view(np.uint8), ((offset >= 1) & is_flat).view(np.uint8)]
    )
    # Interpolation looks one pixel of the grid further.
    inner = cv2.erode(marked * 255, np.ones((3, 3), np.uint8))
    across = SIDE // span
    below, right = (
        max(0, count * across - size) for count, size in zip(cells, offset.shape, strict=True)
    )
    if below or right:
        inner = cv2.copyMakeBorder(inner, 0, below, 0, right, cv2.BORDER_REPLICATE)
    shares = np.asarray(cv2.resize(inner, cells[::-1], interpolation=cv2.INTER_AREA))
    clear, solid = np.moveaxis(shares == 255, -1, 0)
    return clear, solid


def _span(small: tuple[int, int], large: tuple[int, int]) -> int:
    """Pixels across one of the grid by way of which a map is enlarged: a power of two up to 8."""
    ratio = min(of / size for size, of in zip(small, large, strict=True))
    return min(SIDE, 1 << max(0, math.floor(math.log2(ratio))))


def _any_size(values: Tensor, size: tuple[int, int]) -> Tensor:
    """A map at another size, larger or smaller in either direction."""
    height, width = values.shape
    smaller = shrink(values, (min(height, size[0]), min(width, size[1])))
    return enlarge(smaller, size)


def _small_regions(
    mask: npt.NDArray[np.bool_], share: float, *, holes: bool
) -> npt.NDArray[np.bool_] | None:
    """Islands (or the holes) of a mask of less than a share of the area; None if there are none.

    Found by their outlines, ten times faster than by labelling every pixel. Points inside an
    outline are counted by Pick's theorem: area = inside + on it / 2 − 1.
    """
    if share == 0:
        return None
    outlines, tree = cv2.findContours(mask.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    small = []
    for number, outline in enumerate(outlines):
        is_hole = tree[0, number, 3] >= 0
        # An island's outline is made of its own pixels, a hole's of those around it.
        side = -1 if is_hole else 1
        area = cv2.contourArea(outline) + side * len(outline) / 2 + 1
        if is_hole == holes and area < share * mask.size:
            small.append(outline)
    if not small:
        return None
    found = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(found, small, -1, 1, cv2.FILLED)
    rim = np.ones((2 * _RIM + 1, 2 * _RIM + 1), np.uint8)
    others = mask & (found == 0)
    grown: npt.NDArray[np.bool_] = cv2.dilate(found, rim).view(np.bool_)
    return grown if holes else grown & ~others
