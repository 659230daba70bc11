"""Laws of making a full-size matte from a small map."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

import clips
from mattebox.colour import Colour, planes_from_rgb
from mattebox.frame import Frame
from mattebox.matting.cells import coverage_of
from mattebox.matting.refine import (
    RefineOptions,
    _everywhere,
    _in_cells,
    _span,
    choke,
    clean,
    feather,
    refine,
)
from mattebox.matting.resample import enlarge, shrink

PLAIN = RefineOptions(
    edges=None,
    radius_px=1,
    epsilon=2e-3,
    low=0.0,
    high=1.0,
    gamma=1.0,
    choke_px=0.0,
    feather_px=0.0,
    privacy=0.0,
    sharpen=0.0,
    fill_holes=0.0,
    remove_specks=0.0,
)
BILINEAR = replace(PLAIN, radius_px=0)
FULL = replace(
    PLAIN,
    low=0.1,
    high=0.9,
    gamma=1.4,
    feather_px=3,
    sharpen=0.5,
    fill_holes=0.01,
    remove_specks=0.01,
)
SIZE, SMALL = (144, 192), (36, 48)


def _disc(shape: tuple[int, int], radius: float = 0.3) -> npt.NDArray[np.float32]:
    """A disc in the middle, one pixel soft; the radius as a share of the height."""
    height, width = shape
    rows, columns = np.indices(shape) + 0.5
    distance = np.hypot(rows - height / 2, columns - width / 2)
    soft: npt.NDArray[np.float32] = np.clip(radius * height - distance + 0.5, 0, 1)
    return soft.astype(np.float32)


def _frame(luma: npt.NDArray[np.float32], pixels: str = "gray") -> Frame:
    format = clips.video_format(pixels, luma.shape[::-1], colour=Colour(matrix=1))
    rgb = np.repeat(luma[..., None], 3, axis=2).astype(np.float32)
    return Frame(planes_from_rgb(rgb, format.pixels, format.colour), format, pts=0)


def _error(alpha: Tensor, truth: npt.NDArray[np.float32]) -> float:
    return float(np.abs(alpha.numpy() - truth).mean())


def test_guidance_sharpens_an_edge_that_the_picture_has() -> None:
    """The map's soft edge moves onto the luma's sharp one: half the error of bilinear, or less."""
    truth = _disc(SIZE)
    small = shrink(torch.from_numpy(truth), SMALL)
    frame = _frame(0.2 + 0.6 * truth)

    guided, bilinear = refine(small, frame, PLAIN), refine(small, frame, BILINEAR)

    assert _error(guided, truth) <= 0.5 * _error(bilinear, truth)


def test_a_flat_picture_gives_plain_interpolation() -> None:
    """Where the picture says nothing, the map's own word stands."""
    small = shrink(torch.from_numpy(_disc(SIZE)), SMALL)

    alpha = refine(small, _frame(np.full(SIZE, 0.5, np.float32)), PLAIN)

    assert (alpha - enlarge(small, SIZE)).abs().max() <= 1e-4


@pytest.mark.parametrize("name", ["head-hair", "head-curly", "head-office"])
def test_guidance_is_closer_to_the_truth_than_interpolation(shared: Path, name: str) -> None:
    """On real hair, a true map at a quarter of the size comes out better than bilinear."""
    frame, truth = _real(shared, name)
    height, width = truth.shape
    small = shrink(torch.from_numpy(truth), (height // 4, width // 4))

    guided, bilinear = refine(small, frame, PLAIN), refine(small, frame, BILINEAR)

    assert _error(guided, truth) <= 0.8 * _error(bilinear, truth)


def _real(shared: Path, name: str) -> tuple[Frame, npt.NDArray[np.float32]]:
    """The first frame of a clip with truth, gray, and its true alpha."""
    planes = []
    for suffix in (".mp4", ".alpha.mkv"):
        with av.open(str(shared / "truth" / f"{name}{suffix}")) as container:
            planes.append(next(container.decode(video=0)).to_ndarray(format="gray"))
    picture, alpha = planes
    format = clips.video_format("gray", picture.shape[::-1])
    return Frame((picture,), format, pts=0), (alpha / 255).astype(np.float32)


@pytest.mark.parametrize("options", [PLAIN, BILINEAR, FULL], ids=["plain", "bilinear", "full"])
@pytest.mark.parametrize("size", [(144, 192), (145, 191), (37, 49), (36, 48), (20, 30), (300, 20)])
@pytest.mark.parametrize("value", [0.0, 1.0])
def test_certainty_stays_exact(value: float, size: tuple[int, int], options: RefineOptions) -> None:
    """All background is exactly 0, all foreground exactly 1: the composite copies planes there."""
    noise = np.random.default_rng(1).random(size, np.float32)

    alpha = refine(torch.full(SMALL, value), _frame(noise), options)

    assert alpha.shape == size
    assert (alpha == value).all()


def test_certain_parts_of_a_picture_are_exact_too() -> None:
    """Away from the edge, nothing of the luma's noise gets into the matte."""
    noise = np.random.default_rng(1).random(SIZE, np.float32)
    small = torch.zeros(SMALL)
    small[6:30, 8:40] = 1

    alpha = refine(small, _frame(noise), PLAIN)

    assert (alpha[10 * 4 : 26 * 4, 12 * 4 : 36 * 4] == 1).all()
    assert (alpha[:, : 4 * 4] == 0).all()
    assert (alpha[: 2 * 4] == 0).all()


@pytest.mark.parametrize("options", [PLAIN, BILINEAR, FULL], ids=["plain", "bilinear", "full"])
def test_alpha_is_a_share(options: RefineOptions) -> None:
    """Whatever the map and the picture, alpha is in [0, 1], finite, and a tensor of its own."""
    noise = np.random.default_rng(1).random(SIZE, np.float32)
    small = torch.rand(SMALL, generator=torch.Generator().manual_seed(1))
    before = small.clone()

    alpha = refine(small, _frame(noise), options)

    assert alpha.dtype == torch.float32
    assert torch.isfinite(alpha).all()
    assert 0 <= alpha.min() <= alpha.max() <= 1
    assert (small == before).all()


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le", "yuv444p16le", "gbrp", "gbrp12le"])
def test_every_layout_guides_alike(pixels: str) -> None:
    """Depth and layout are how a picture is stored; its edges are where they are."""
    truth = _disc(SIZE)
    small, luma = shrink(torch.from_numpy(truth), SMALL), 0.2 + 0.6 * truth

    difference = refine(small, _frame(luma, pixels), PLAIN) - refine(small, _frame(luma), PLAIN)

    # Limited range has a little less contrast, which epsilon feels.
    assert difference.abs().mean() <= 0.002


@pytest.mark.parametrize("size", [(144, 192), (145, 191), (83, 300), (400, 500)])
def test_working_in_cells_does_not_show(size: tuple[int, int]) -> None:
    """What is left out on a CPU is exactly what would have come out 0 or 1."""
    noise = np.random.default_rng(1).integers(0, 256, size, np.uint8)
    generator = torch.Generator().manual_seed(1)
    offset = enlarge(torch.rand((9, 12), generator=generator) * 6 - 2.5, SMALL)
    slope = (torch.rand(SMALL, generator=generator) - 0.5) * (offset > 0.5) / 255
    span = _span(SMALL, size)

    sparse, coverage = _in_cells((offset, slope), noise, span, smooth=True)

    assert span > 1
    everywhere = _everywhere((offset, slope), noise, span, smooth=True).numpy()
    assert ((everywhere > 0) & (everywhere < 1)).any()
    np.testing.assert_allclose(sparse, everywhere, atol=1e-5)
    for certain in (0, 1):
        assert (everywhere == certain).mean() > 0.1
    np.testing.assert_allclose(coverage, coverage_of(sparse), atol=0.1)
    for certain in (0, 1):
        assert ((coverage == certain) <= (coverage_of(sparse) == certain)).all()


@pytest.mark.parametrize("sharpen", [0.5, 1.0])
@pytest.mark.parametrize(("left", "right", "certain"), [(0.55, 1.0, 1.0), (0.0, 0.45, 0.0)])
def test_a_steep_map_has_no_rings(
    sharpen: float, left: float, right: float, certain: float
) -> None:
    """A cubic step overshoots; levels that are steep would make a ring of that."""
    small = torch.full((48, 64), left)
    small[:, 32:] = right
    options = replace(PLAIN, low=0.02, high=0.98, sharpen=sharpen)

    alpha = refine(small, _frame(np.full((216, 288), 0.5, np.float32)), options)

    assert (alpha.diff(dim=1) >= -1e-5).all()
    if sharpen == 1:
        assert (alpha == certain).all()


def test_levels_round_the_ends_away() -> None:
    """Up to low is exactly 0, from high on exactly 1, halfway stays halfway."""
    small = torch.tensor([[0.1, 0.5, 0.9]]).repeat(3, 1)
    frame = _frame(np.full((3, 3), 0.5, np.float32))

    alpha = refine(small, frame, replace(PLAIN, low=0.1, high=0.9))

    assert alpha[0].tolist() == pytest.approx([0, 0.5, 1], abs=1e-6)
    assert refine(small - 0.01, frame, replace(PLAIN, low=0.1, high=0.9))[0, 0] == 0
    assert refine(small + 0.01, frame, replace(PLAIN, low=0.1, high=0.9))[0, 2] == 1


def test_gamma_and_sharpen_shape_the_middle_and_leave_the_ends() -> None:
    """Gamma is a power; sharpening turns around one half and cuts at its strongest."""
    small = torch.tensor([[0.0, 0.4, 0.5, 0.6, 1.0]]).repeat(3, 1)
    frame = _frame(np.full((3, 5), 0.5, np.float32))

    def shaped(gamma: float, sharpen: float) -> list[float]:
        options = replace(PLAIN, gamma=gamma, sharpen=sharpen)
        row: list[float] = refine(small, frame, options)[0].tolist()
        return row

    assert shaped(2, 0) == pytest.approx([0, 0.16, 0.25, 0.36, 1], abs=1e-5)
    assert shaped(1, 1) == pytest.approx([0, 0, 0.5, 1, 1], abs=1e-4)
    soft, harder = shaped(1, 0.2), shaped(1, 0.6)
    assert 0.6 < soft[3] < harder[3] < 1


def test_options_that_are_off_change_nothing() -> None:
    """With everything off the matte is the map, interpolated, to within a rounding error."""
    small = torch.rand(SMALL, generator=torch.Generator().manual_seed(1))
    frame = _frame(np.full(SIZE, 0.5, np.float32))

    assert (refine(small, frame, BILINEAR) - enlarge(small, SIZE)).abs().max() <= 1e-5


@pytest.mark.parametrize("width_px", [2.0, 5.0, 12.0, 40.0])
def test_a_feather_is_as_wide_as_it_says(width_px: float) -> None:
    """From 5 % to 95 % of a hard edge takes the width asked for, and its middle stays."""
    alpha = torch.zeros(64, 256)
    alpha[:, 128:] = 1

    row = feather(alpha, width_px)[32]

    ramp = int(((row > 0.05) & (row < 0.95)).sum())
    assert abs(ramp - width_px) <= 1 + 0.15 * width_px
    assert float(row[127] + row[128]) == pytest.approx(1, abs=0.02)
    assert row[:40].max() == 0
    assert row[216:].min() == 1


@pytest.mark.parametrize("distance_px", [-6.5, -2.0, 0.4, 3.0, 10.0])
def test_a_choke_moves_the_edge_as_far_as_it_says(distance_px: float) -> None:
    """In every direction, to within an octagon's error; a body that the frame cuts stays cut."""
    rows, columns = np.indices((128, 128), np.float32)
    disc = torch.from_numpy(np.clip(40 - np.hypot(rows - 64, columns - 64) + 0.5, 0, 1))
    cut = torch.ones(32, 64)
    cut[:, 32:] = 0

    radius = float(choke(disc, distance_px).sum() / np.pi) ** 0.5

    assert radius == pytest.approx(40 - distance_px, abs=0.15 + 0.06 * abs(distance_px))
    widths = choke(cut, distance_px).sum(1)
    assert widths.tolist() == pytest.approx([32 - distance_px] * 32, abs=1e-4)


@pytest.mark.parametrize("change", [{"feather_px": 20.0}, {"choke_px": -6.0}])
def test_what_privacy_has_cut_stays_cut(change: dict[str, float]) -> None:
    """Neither feather nor choke bring back what was not mostly the subject."""
    ramp = torch.linspace(0, 1, SMALL[1]).expand(SMALL).contiguous()
    frame = _frame(np.full(SIZE, 0.5, np.float32))
    private = replace(PLAIN, radius_px=0, low=0.5, privacy=0.5)

    alpha = refine(ramp, frame, replace(private, **change))  # type: ignore[arg-type]

    assert alpha[:, : SIZE[1] // 2 - 2].max() == 0
    assert alpha[:, -30:].min() > 0.5
    open_to_all = replace(private, privacy=0.0, **change)  # type: ignore[arg-type]
    assert refine(ramp, frame, open_to_all)[:, : SIZE[1] // 2 - 2].max() > 0


def test_choke_is_part_of_refining() -> None:
    """With everything else as it is; by nothing it is off to the bit."""
    saliency, frame = torch.from_numpy(_disc(SMALL)), _frame(np.full(SIZE, 0.5, np.float32))

    plain = refine(saliency, frame, PLAIN)

    assert refine(saliency, frame, replace(PLAIN, choke_px=3.0)).sum() < plain.sum() * 0.95
    assert refine(saliency, frame, replace(PLAIN, choke_px=-3.0)).sum() > plain.sum() * 1.05


def test_small_specks_go_and_large_islands_stay() -> None:
    """An island below its share of the area vanishes with its rim; nothing else changes."""
    small = torch.zeros(100, 100)
    small[10:50, 10:50] = 1
    small[70:73, 70:73] = 0.9  # nine pixels: 0.0009 of the area
    small[69:74, 69:74].clamp_(min=0.1)

    assert (clean(small, 0, 0.0008) == small).all()
    cleaned = clean(small, 0, 0.0010)

    assert cleaned[60:, 60:].max() == 0
    assert (cleaned[:60] == small[:60]).all()


def test_small_holes_are_filled_and_large_ones_stay() -> None:
    """A hole below its share of the area closes; one at the border is no hole."""
    small = torch.ones(100, 100)
    small[20:23, 20:23] = 0.2  # nine pixels
    small[40:70, 40:70] = 0
    small[97:, 50:53] = 0

    assert (clean(small, 0.0008, 0) == small).all()
    cleaned = clean(small, 0.0010, 0)

    assert (cleaned[:30, :30] == 1).all()
    assert (cleaned[30:] == small[30:]).all()


def test_cleaning_leaves_the_map_it_was_given() -> None:
    """The raw map is a product of its own (--layer saliency)."""
    small = torch.zeros(50, 50)
    small[10, 10] = 1

    cleaned = clean(small, 0.1, 0.1)

    assert cleaned.max() == 0
    assert small[10, 10] == 1
