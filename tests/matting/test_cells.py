"""Laws of cutting planes into cells."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

import clips
from mattebox.frame import Frame
from mattebox.matting.alphas import cell_alphas, plane_alphas
from mattebox.matting.cells import (
    SIDE,
    Cells,
    Enlarging,
    as_cells,
    coverage_of,
    gather,
    partition,
    plane_side,
    whole_cells,
)
from mattebox.pixels import pixel_format

SIZES = [(64, 96), (63, 95), (1, 1), (8, 8), (9, 17), (40, 7)]


def _blob(shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """An alpha with much 0, much 1, and single soft pixels where cells meet."""
    rows, columns = np.indices(shape)
    inside = (rows > shape[0] // 4) & (columns > shape[1] // 3)
    alpha = inside.astype(np.float32)
    alpha[:: 2 * SIDE, :: 3 * SIDE] = 0.25
    return alpha


def _all_cells(shape: tuple[int, int]) -> Cells:
    rows, columns = np.indices((-(-shape[0] // SIDE), -(-shape[1] // SIDE)))
    return rows.ravel(), columns.ravel()


@pytest.mark.parametrize("shape", SIZES)
def test_nothing_that_is_mixed_is_left_out(shape: tuple[int, int]) -> None:
    """Solid is 1 throughout, what is named nowhere is 0 throughout, and nothing is named twice."""
    alpha = _blob(shape)
    parts = partition(coverage_of(alpha))

    named = np.zeros(shape, int)
    for region in parts.solid:
        named[region.samples((SIDE, SIDE))] += 1
        assert (alpha[region.samples((SIDE, SIDE))] == 1).all()
    for row, column in zip(*parts.mixed, strict=True):
        named[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE] += 1

    assert named.max() <= 1
    assert (alpha[named == 0] == 0).all()


def test_most_of_a_usual_matte_is_left_alone() -> None:
    """A soft disc on 720 lines: the arithmetic is in one cell of ten."""
    rows, columns = np.indices((720, 1280))
    distance = np.hypot(rows - 400, columns - 640)
    alpha = np.clip((250 - distance) / 10 + 0.5, 0, 1).astype(np.float32)

    parts = partition(coverage_of(alpha))

    assert 0 < len(parts.mixed[0]) < 0.1 * 90 * 160


@pytest.mark.parametrize("shape", SIZES)
def test_cells_are_views_and_gathering_copies(shape: tuple[int, int]) -> None:
    """Writing into cells writes into the plane; at odd edges the last samples are repeated."""
    plane = np.arange(shape[0] * shape[1], dtype=np.uint16).reshape(shape)
    side = (SIDE, SIDE)
    whole = whole_cells(plane, side)

    taken = gather(plane, side, _all_cells(shape))

    assert (taken.reshape(as_cells(whole, side).shape) == as_cells(whole, side)).all()
    np.testing.assert_array_equal(whole[: shape[0], : shape[1]], plane)
    assert (whole[shape[0] :] == whole[shape[0] - 1]).all()
    as_cells(whole, side)[0, 0] = 7
    assert (whole[:SIDE, :SIDE] == 7).all()
    assert not np.shares_memory(taken, plane)


def test_any_strides_can_be_cut() -> None:
    """A decoder pads its lines, and a mirrored plane runs backwards."""
    padded = np.random.default_rng(0).integers(0, 256, (48, 80), np.uint8)
    for plane in (padded[:, 3:67], padded[::-1, 63::-1]):
        expected = gather(np.ascontiguousarray(plane), (8, 8), _all_cells(plane.shape))
        np.testing.assert_array_equal(gather(plane, (8, 8), _all_cells(plane.shape)), expected)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv440p", "yuv411p", "yuv410p", "gbrp"])
@pytest.mark.parametrize("shape", SIZES)
def test_alphas_of_cells_are_those_of_planes(pixels: str, shape: tuple[int, int]) -> None:
    """Chroma's alpha is the same, whether worked out for whole planes or for cells."""
    alpha = np.random.default_rng(0).random(shape, np.float32)
    layout = pixel_format(pixels)
    frame = Frame(
        clips.pattern_planes(layout, *shape), clips.video_format(pixels, shape[::-1]), pts=0
    )
    cells = _all_cells(shape)

    found = cell_alphas(alpha, cells, layout)

    for index, (some, whole) in enumerate(zip(found, plane_alphas(frame, alpha), strict=True)):
        side = plane_side(index, layout)
        laid = as_cells(np.empty_like(whole_cells(whole, side)), side)
        laid[cells] = some
        back = laid.swapaxes(1, 2).reshape(whole_cells(whole, side).shape)
        np.testing.assert_allclose(back[: whole.shape[0], : whole.shape[1]], whole, atol=1e-6)


def test_no_cells_have_no_alphas() -> None:
    """A frame with nothing mixed in it is nothing special."""
    none = np.empty(0, int), np.empty(0, int)

    found = cell_alphas(np.zeros((64, 96), np.float32), none, pixel_format("yuv420p"))

    assert [part.shape for part in found] == [(0, 8, 8), (0, 4, 4), (0, 4, 4)]


@pytest.mark.parametrize("span", [1, 2, 4, 8, 16, 32])
def test_enlarging_in_cells_is_enlarging(span: int) -> None:
    """Bilinear between centres, as OpenCV does it for the whole picture."""
    shape = (96, 160)
    small = np.random.default_rng(0).random((shape[0] // span, shape[1] // span), np.float32)
    cells = _all_cells(shape)
    whole = cv2.resize(small, shape[::-1])
    if span > SIDE:  # by way of cells
        whole = cv2.resize(cv2.resize(small, (shape[1] // SIDE, shape[0] // SIDE)), shape[::-1])

    maps = Enlarging([small, -small], (span, span), (shape[0] // SIDE, shape[1] // SIDE))
    patches = maps.at(cells)

    for index, sign in enumerate((1, -1)):
        expected = gather(np.asarray(whole, np.float32), (SIDE, SIDE), cells)
        np.testing.assert_allclose(
            patches.enlarged(index, (SIDE, SIDE)), sign * expected, atol=1e-5
        )
