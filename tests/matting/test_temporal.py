"""Laws of steadying saliency over time."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mattebox.matting.temporal import TemporalOptions, TemporalState, steady

OPTIONS = TemporalOptions(half_life_s=0.1, certainty=1.0, scene_cut=0.35, gap_s=0.5)
SIZE = (48, 64)


def _still(value: int = 128) -> Tensor:
    return torch.full((3, *SIZE), value, dtype=torch.uint8)


def _run(
    maps: list[Tensor], pictures: list[Tensor], step_s: float, options: TemporalOptions = OPTIONS
) -> list[Tensor]:
    state: TemporalState | None = None
    steadied = []
    for index, (saliency, picture) in enumerate(zip(maps, pictures, strict=True)):
        one, state = steady(saliency, picture, index * step_s, state, options)
        steadied.append(one)
    return steadied


def _disc(x: float, soft: float = 2.0) -> Tensor:
    """A soft-edged disc of 8 pixels' radius in the middle row, at column x."""
    rows, columns = torch.meshgrid(torch.arange(48.0), torch.arange(64.0), indexing="ij")
    distance = ((rows - 24) ** 2 + (columns - x) ** 2).sqrt()
    return ((8 - distance) / soft + 0.5).clamp(0, 1)


def test_no_half_life_changes_nothing() -> None:
    """Off is off, bit for bit."""
    maps = [torch.rand(SIZE) for _ in range(4)]

    result = _run(maps, [_still()] * 4, 0.04, replace(OPTIONS, half_life_s=0))

    assert all((one == other).all() for one, other in zip(result, maps, strict=True))


def test_flicker_on_a_still_picture_is_halved() -> None:
    """Where the picture stands still and the network wavers, the matte must not."""
    generator = torch.Generator().manual_seed(1)
    maps = [0.5 + 0.2 * (torch.rand(SIZE, generator=generator) - 0.5) for _ in range(30)]
    noisy = [
        (_still() + torch.randint(0, 5, (3, *SIZE), generator=generator)).to(torch.uint8)
        for _ in maps
    ]

    result = _run(maps, noisy, 1 / 30)

    def flicker(frames: list[Tensor]) -> float:
        tail = torch.stack(frames[10:])
        return float((tail[1:] - tail[:-1]).abs().mean())

    assert flicker(result) <= flicker(maps) / 2


def test_a_moving_disc_leaves_no_trail() -> None:
    """What a hand has left is background at once, not after a half-life."""
    positions = [10.0 + 3 * index for index in range(14)]
    maps = [_disc(x) for x in positions]
    pictures = [(_disc(x) * 120 + 60).to(torch.uint8).repeat(3, 1, 1) for x in positions]

    result = _run(maps, pictures, 1 / 30)

    for steadied, saliency in zip(result, maps, strict=True):
        assert (steadied - saliency).clamp(min=0).max() <= 0.02


def test_a_certain_pixel_needs_no_past() -> None:
    """Saliency of 0 or 1 takes over at once, and the half-life is felt in between."""
    maps = [torch.full(SIZE, 0.5), torch.full(SIZE, 1.0)]
    doubtful = [torch.full(SIZE, 0.5), torch.full(SIZE, 0.7)]

    assert (_run(maps, [_still()] * 2, 0.05)[1] == 1).all()
    assert (_run(doubtful, [_still()] * 2, 0.05)[1] < 0.65).all()


def test_half_of_what_is_new_is_taken_over_in_a_half_life() -> None:
    """The setting means what its name says, for a pixel that nobody is sure of."""
    options = replace(OPTIONS, certainty=0.0)
    maps = [torch.full(SIZE, 0.2), torch.full(SIZE, 0.6)]

    assert _run(maps, [_still()] * 2, 0.1, options)[1][0, 0] == pytest.approx(0.4, abs=1e-6)


def test_the_frame_rate_does_not_matter() -> None:
    """15 or 30 frames in a second: after the same time the past weighs the same."""
    slow = _run([torch.full(SIZE, 0.3)] + [torch.full(SIZE, 0.6)] * 3, [_still()] * 4, 1 / 15)
    fast = _run([torch.full(SIZE, 0.3)] + [torch.full(SIZE, 0.6)] * 6, [_still()] * 7, 1 / 30)

    assert (slow[-1] - fast[-1]).abs().max() <= 1e-4
    assert (slow[-1] - 0.6).abs().min() > 0.005, "else nothing was steadied"


def test_the_same_motion_at_two_frame_rates_ends_alike() -> None:
    """A slow drift, with doubt everywhere, sampled twice as often gives nearly the same map."""

    def at(rate: int) -> Tensor:
        times = [index / rate for index in range(rate)]
        pictures = [(_disc(20 + 6 * t) * 100 + 60).to(torch.uint8).repeat(3, 1, 1) for t in times]
        return _run([0.3 + 0.4 * _disc(20 + 6 * t) for t in times], pictures, 1 / rate)[-1]

    assert (at(30) - at(15)).abs().mean() <= 0.005


def test_a_scene_cut_leaves_nothing_of_the_past() -> None:
    """Another scene has another foreground; not one pixel may know of the old one."""
    new, other = torch.full(SIZE, 0.5), _still(40)
    other[:, :24] = 160  # half of the picture happens to be as before

    result = _run([torch.ones(SIZE), new], [_still(40), other], 0.04)

    assert (result[1] == new).all()


@pytest.mark.parametrize("moment", [0.0, -1.0, 0.6])
def test_a_gap_or_time_running_back_forgets(moment: float) -> None:
    """After a seek or a pause the past is another story."""
    _, state = steady(torch.zeros(SIZE), _still(), 0.0, None, OPTIONS)
    doubtful = torch.full(SIZE, 0.5)

    result, state = steady(doubtful, _still(), moment, state, OPTIONS)

    assert (result == doubtful).all()
    assert state.moment == moment


def test_another_size_forgets() -> None:
    """A stream may change its size; old maps do not fit."""
    _, state = steady(torch.zeros(SIZE), _still(), 0.0, None, OPTIONS)
    larger = torch.full((96, 64), 0.5)

    result, _ = steady(larger, torch.zeros((3, 96, 64), dtype=torch.uint8), 0.04, state, OPTIONS)

    assert (result == larger).all()


def test_arguments_are_left_as_they_are() -> None:
    """State in, state out: nothing is changed behind the caller's back."""
    saliency, picture = torch.rand(SIZE), _still()
    _, state = steady(torch.rand(SIZE), _still(130), 0.0, None, OPTIONS)
    before = [saliency.clone(), picture.clone(), state.saliency.clone(), state.picture.clone()]

    steady(saliency, picture, 0.04, state, OPTIONS)

    after = [saliency, picture, state.saliency, state.picture]
    assert all((one == other).all() for one, other in zip(before, after, strict=True))
