"""Laws of steadying saliency over time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from mattebox.matting.motion import Picture
from mattebox.matting.temporal import Look, Map, TemporalOptions, steadied

FORWARD = TemporalOptions(
    half_life_s=0.4, certainty=0.9, scene_cut=0.5, gap_s=0.5, look_ahead=0, block=1
)
BOTH_WAYS = replace(FORWARD, look_ahead=4, block=8)
EITHER = pytest.mark.parametrize("options", [FORWARD, BOTH_WAYS], ids=["forward", "both ways"])
HEIGHT, WIDTH = SIZE = (96, 128)


def _textured(seed: int, size: tuple[int, int] = SIZE) -> Picture:
    """Something that motion can be found on: soft blotches of all colours."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (size[0] // 8 + 2, size[1] // 8 + 2, 3)).astype(np.float32)
    fine = np.kron(coarse, np.ones((8, 8, 1), np.float32))
    soft = cv2.blur(fine, (7, 7), borderType=cv2.BORDER_REFLECT)
    return np.asarray(soft[: size[0], : size[1]], np.uint8)


def _disc(x: float, y: float = 48.0, radius: float = 20.0) -> Map:
    rows, columns = np.indices(SIZE, np.float32)
    inside = radius - np.hypot(rows - y, columns - x) + 0.5
    return np.asarray(np.clip(inside, 0, 1), np.float32)


def _scene(x: float) -> tuple[Picture, Map]:
    """A textured disc that moves over another texture, and the truth."""
    alpha = _disc(x)
    there = np.roll(_textured(1, (HEIGHT, 2 * WIDTH)), round(x), axis=1)[:, :WIDTH]
    return (there * alpha[..., None] + _textured(2) * (1 - alpha[..., None])).astype(
        np.uint8
    ), alpha


def _looks(count: int, at: Callable[[int], tuple[Picture, Map]], rate: float = 30.0) -> list[Look]:
    return [Look(*at(number), number / rate) for number in range(count)]


def _run(looks: Sequence[Look], options: TemporalOptions) -> list[Map]:
    return list(steadied(iter(looks), options))


def _noise(seed: int) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(-0.3, 0.3, SIZE).astype(np.float32)


@EITHER
def test_every_look_gets_one_map_in_order(options: TemporalOptions) -> None:
    """However many there are, also fewer than a block; each is its own where nothing follows."""
    for count in (0, 1, 3, 8, 12, 13, 30):
        looks = [Look(_textured(0), np.full(SIZE, n / 40, np.float32), n) for n in range(count)]

        maps = _run(looks, options)  # a second apart: each is a story of its own

        assert [float(map.mean()) for map in maps] == pytest.approx([n / 40 for n in range(count)])


@EITHER
def test_what_came_before_an_error_is_settled_before_it_is_raised(options: TemporalOptions) -> None:
    """A clip that breaks off loses no frame that was good."""

    def breaking() -> Iterator[Look]:
        yield from _looks(15, lambda _: _scene(50.0))
        raise OSError("the cable")

    maps = steadied(breaking(), options)

    assert len([next(maps) for _ in range(15)]) == 15
    with pytest.raises(OSError, match="cable"):
        next(maps)


@pytest.mark.parametrize(("ahead", "block"), [(0, 1), (1, 1), (4, 8)])
def test_no_more_is_read_ahead_than_is_said(ahead: int, block: int) -> None:
    """A live picture waits for as many frames as it was told to, and no more."""
    looks = iter(_looks(20, lambda _: _scene(50.0)))

    next(steadied(looks, replace(FORWARD, look_ahead=ahead, block=block)))

    assert len(list(looks)) == 20 - ahead - block


@EITHER
def test_flicker_on_a_still_picture_goes(options: TemporalOptions) -> None:
    """Where the picture stands still and the network wavers, the matte must not."""
    generator = np.random.default_rng(1)

    def at(number: int) -> tuple[Picture, Map]:
        noisy = _textured(3).astype(int) + generator.integers(-3, 4, (*SIZE, 3))
        return np.clip(noisy, 0, 255).astype(np.uint8), np.clip(0.5 + _noise(number), 0, 1)

    looks = _looks(40, at)

    def flicker(maps: Sequence[Map]) -> float:
        return float(np.abs(np.diff(np.stack(maps[10:30]), axis=0)).mean())

    assert flicker(_run(looks, options)) < flicker([look.saliency for look in looks]) / 4


@EITHER
def test_flicker_on_what_moves_goes_too(options: TemporalOptions) -> None:
    """The past is carried along: the doubt about a thing that walks is settled all the same."""

    def at(number: int) -> tuple[Picture, Map]:
        picture, truth = _scene(40.0 + 2 * number)
        return picture, (0.2 + 0.6 * truth + _noise(number) / 2).astype(np.float32)

    looks = _looks(20, at)
    truths = [0.2 + 0.6 * _disc(40.0 + 2 * number) for number in range(20)]

    def error(maps: Sequence[Map]) -> float:
        pairs = zip(maps[6:16], truths[6:16], strict=True)
        return float(np.mean([np.abs(map - truth).mean() for map, truth in pairs]))

    assert error(_run(looks, options)) < error([look.saliency for look in looks]) / 1.5


@EITHER
def test_what_moves_leaves_no_trail(options: TemporalOptions) -> None:
    """What a hand has left is background at once, and what it reaches is foreground at once."""
    looks = _looks(20, lambda number: _scene(20.0 + 5 * number))

    for look, map in zip(looks, _run(looks, options), strict=True):
        inside = look.saliency > 0.99
        outside = look.saliency < 0.01
        assert map[outside].mean() < 0.01
        assert map[inside].mean() > 0.95


def test_the_future_mends_the_past() -> None:
    """A scene that begins with a mistake is right from its first frame on."""

    def at(number: int) -> tuple[Picture, Map]:
        picture, truth = _scene(60.0)
        return picture, truth if number > 1 else np.full(SIZE, 0.5, np.float32)

    looks = _looks(20, at)

    assert _run(looks, FORWARD)[0][0, 0] == 0.5
    assert _run(looks, BOTH_WAYS)[0][0, 0] < 0.1


@EITHER
def test_a_torso_does_not_blink(options: TemporalOptions) -> None:
    """A part that is missing from two frames of a still scene stays a part."""

    def at(number: int) -> tuple[Picture, Map]:
        picture, truth = _scene(60.0)
        return picture, truth if number not in (9, 10) else 0 * truth

    maps = _run(_looks(20, at), options)

    assert min(float(map[48, 60]) for map in maps) > 0.5


def test_half_of_what_was_seen_is_forgotten_in_a_half_life() -> None:
    """The setting means what its name says."""
    options = replace(FORWARD, certainty=0.0)
    looks = [
        Look(_textured(0), np.full(SIZE, value, np.float32), moment)
        for value, moment in ((0.2, 0.0), (0.8, 0.4))
    ]

    expected = (0.2 * 0.5 + 0.8) / 1.5

    assert _run(looks, options)[1] == pytest.approx(expected, abs=1e-5)


def test_a_certain_map_counts_more() -> None:
    """One clear look outweighs a few that were in doubt."""
    values = [0.5, 0.5, 0.5, 1.0]
    looks = [Look(_textured(0), np.full(SIZE, v, np.float32), i / 30) for i, v in enumerate(values)]

    even = _run(looks, replace(FORWARD, certainty=0.0))[-1]
    weighed = _run(looks, replace(FORWARD, certainty=0.9))[-1]

    assert even.max() < 0.65
    assert weighed.min() > 0.85


@EITHER
def test_the_frame_rate_hardly_matters(options: TemporalOptions) -> None:
    """15 or 30 frames in a second: a change takes as long to be believed."""

    def at(rate: int) -> Map:
        count = rate * 2
        looks = _looks(
            count,
            lambda n: (_textured(0), np.full(SIZE, 0.3 if n < rate else 0.7, np.float32)),
            rate,
        )
        return _run(looks, replace(options, block=1, look_ahead=0))[rate + rate // 3]

    assert at(15) == pytest.approx(at(30), abs=0.03)


@EITHER
def test_a_scene_cut_leaves_nothing_of_the_past(options: TemporalOptions) -> None:
    """Another scene has another foreground; neither may know of the other's."""
    looks = _looks(
        16,
        lambda n: (_textured(4 if n < 8 else 5), np.full(SIZE, n < 8, np.float32) * 0.6 + 0.2),
    )

    maps = _run(looks, options)

    assert [float(map.min()) for map in maps[:8]] == pytest.approx([0.8] * 8)
    assert [float(map.max()) for map in maps[8:]] == pytest.approx([0.2] * 8)


@EITHER
@pytest.mark.parametrize("moment", [0.0, -1.0, 0.6])
def test_a_gap_or_time_running_back_forgets(moment: float, options: TemporalOptions) -> None:
    """After a seek or a pause the past is another story."""
    looks = [
        Look(_textured(0), np.full(SIZE, 0.2, np.float32), 0.0),
        Look(_textured(0), np.full(SIZE, 0.8, np.float32), moment),
    ]

    assert [float(m.mean()) for m in _run(looks, options)] == pytest.approx([0.2, 0.8])


@EITHER
def test_another_size_forgets(options: TemporalOptions) -> None:
    """A stream may change its size; old maps do not fit."""
    looks = [
        Look(_textured(0, size), np.full(size, value, np.float32), moment)
        for size, value, moment in (((96, 128), 0.2, 0.0), ((64, 64), 0.8, 0.04))
    ]

    maps = _run(looks, options)

    assert [map.shape for map in maps] == [(96, 128), (64, 64)]
    assert [float(map.mean()) for map in maps] == pytest.approx([0.2, 0.8])


@EITHER
def test_looks_are_left_as_they_are(options: TemporalOptions) -> None:
    """Nothing is changed behind the caller's back: the raw map travels on with the matte."""
    looks = _looks(10, lambda number: _scene(40.0 + number))
    copies = [(look.picture.copy(), look.saliency.copy()) for look in looks]

    _run(looks, options)

    for look, (picture, saliency) in zip(looks, copies, strict=True):
        assert (look.picture == picture).all()
        assert (look.saliency == saliency).all()


@EITHER
@pytest.mark.parametrize("size", [(32, 32), (32, 320), (64, 32)])
def test_small_and_thin_pictures_are_steadied(
    size: tuple[int, int], options: TemporalOptions
) -> None:
    """The network's picture may be as small as it gets."""
    looks = [Look(_textured(n, size), np.full(size, 0.5, np.float32), n / 30) for n in range(14)]

    assert all(np.isfinite(map).all() for map in _run(looks, options))
