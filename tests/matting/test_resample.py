"""Laws of making planes and maps smaller and larger."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mattebox.matting.resample import (
    _box_mean_with_torch,
    _enlarge_with_torch,
    _gaussian,
    _shrink_with_torch,
    _soften_with_torch,
    _to_grid_with_torch,
    box_mean,
    enlarge,
    plane_tensor,
    shrink,
    soften,
    to_grid,
)

SIZES = [((64, 96), (16, 24)), ((37, 53), (11, 20)), ((5, 1), (2, 1)), ((48, 48), (48, 7))]


@pytest.mark.parametrize(("large", "small"), SIZES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_both_ways_of_shrinking_agree(
    large: tuple[int, int], small: tuple[int, int], dtype: type
) -> None:
    """Which device averages the area may not show in the result."""
    peak = 1.0 if dtype is np.float32 else float(np.iinfo(dtype).max)
    plane = torch.from_numpy((np.random.default_rng(1).random(large) * peak).astype(dtype))

    one, other = shrink(plane, small), _shrink_with_torch(plane, small)

    assert one.dtype == other.dtype == plane.dtype
    tolerance = 1e-5 if dtype is np.float32 else 1.0
    assert (one.float() - other.float()).abs().max() <= tolerance


@pytest.mark.parametrize(("large", "small"), SIZES)
def test_both_ways_of_enlarging_agree(large: tuple[int, int], small: tuple[int, int]) -> None:
    """Which device interpolates may not show in the result."""
    values = torch.rand(small, generator=torch.Generator().manual_seed(1))

    difference = enlarge(values, large) - _enlarge_with_torch(values, large)

    assert difference.abs().max() <= 1e-5


@pytest.mark.parametrize("shape", [(20, 31), (20, 31, 4), (1, 1), (2, 9)])
@pytest.mark.parametrize("radius", [0, 1, 3])
def test_both_ways_of_averaging_a_neighbourhood_agree(shape: tuple[int, ...], radius: int) -> None:
    """Which device averages may not show in the result, least of all at the picture's edges."""
    values = torch.rand(shape, generator=torch.Generator().manual_seed(1))

    difference = box_mean(values, radius) - _box_mean_with_torch(values, radius)

    assert difference.abs().max() <= 1e-5


@pytest.mark.parametrize("sigma", [0.3, 1.0, 4.5])
@pytest.mark.parametrize("shape", [(20, 31), (1, 1), (2, 9)])
def test_both_ways_of_softening_agree(shape: tuple[int, int], sigma: float) -> None:
    """Which device blurs may not show in the result."""
    values = torch.rand(shape, generator=torch.Generator().manual_seed(1))

    difference = soften(values, sigma) - _soften_with_torch(values, _gaussian(sigma))

    assert difference.abs().max() <= 1e-5


@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize(
    ("small", "size", "span"),
    [
        ((40, 64), (180, 256), 1),
        ((160, 256), (720, 1280), 4),
        ((192, 320), (768, 1366), 4),
        ((96, 224), (480, 920), 4),
        ((32, 256), (300, 2000), 4),
    ],
)
def test_both_ways_to_a_grid_agree(
    small: tuple[int, int], size: tuple[int, int], span: int, smooth: bool
) -> None:
    """Which device enlarges may not show, at odd edges neither."""
    values = torch.rand(small, generator=torch.Generator().manual_seed(1))
    shape = -(-size[0] // span), -(-size[1] // span)
    scale = size[0] / span / small[0], size[1] / span / small[1]

    grid = to_grid(values, size, span, smooth=smooth)

    assert grid.shape == shape
    assert (
        grid - _to_grid_with_torch(values, (shape[0], shape[1]), scale, smooth)
    ).abs().max() <= 2e-4


def test_shrinking_keeps_the_mean() -> None:
    """An area average neither adds light nor takes it away, whatever the sizes."""
    plane = torch.rand((90, 130), generator=torch.Generator().manual_seed(2))

    assert shrink(plane, (32, 37)).mean() == pytest.approx(float(plane.mean()), abs=1e-5)


def test_a_constant_stays_exactly_constant() -> None:
    """Certain regions must stay certain: 0 and 1 survive both ways bit for bit."""
    for value in (0.0, 1.0):
        assert (enlarge(torch.full((9, 7), value), (100, 64)) == value).all()
        assert (shrink(torch.full((100, 64), value), (9, 7)) - value).abs().max() <= 1e-6


@pytest.mark.parametrize("turn", ["as it is", "read-only", "mirrored", "every second row"])
def test_any_plane_becomes_a_tensor(turn: str) -> None:
    """Frames may be read-only, turned or cut; torch may complain about none of them."""
    plane = np.arange(60, dtype=np.uint8).reshape(6, 10)
    if turn == "read-only":
        plane.flags.writeable = False
    elif turn == "mirrored":
        plane = plane[::-1, ::-1]
    elif turn == "every second row":
        plane = plane[::2]

    assert (plane_tensor(plane).numpy() == plane).all()
