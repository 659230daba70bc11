"""Laws of corrected mattes and of their neighbours."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

import clips
from mattebox.assemble import matting_options
from mattebox.colour import planes_from_rgb
from mattebox.errors import SourceError
from mattebox.frame import Frame, Matte
from mattebox.matting.fixes import Fix, FixOptions, fixing
from mattebox.matting.subject import SubjectOptions
from mattebox.matting.temporal import Map
from mattebox.settings import Settings

OPTIONS = FixOptions(
    size=128,
    reach_s=1.0,
    scene_cut=0.5,
    gap_s=0.5,
    refine=replace(
        matting_options(Settings()).refine, fill_holes=0.0, remove_specks=0.0, feather_px=0.0
    ),
    subject=SubjectOptions("all", (), ()),
    privacy=0.0,
)
HEIGHT, WIDTH = SIZE = (192, 256)
COUNT, MIDDLE = 21, 10

Shape = Callable[[int], Map]  # of a frame's number


def _texture(seed: int) -> Map:
    """Something that motion can be found on, (HEIGHT, WIDTH, 3) in [0, 1]."""
    coarse = np.random.default_rng(seed).random((HEIGHT // 16 + 1, WIDTH // 16 + 1, 3))
    fine = np.kron(coarse, np.ones((16, 16, 1))).astype(np.float32)
    return np.asarray(cv2.blur(fine, (9, 9))[:HEIGHT, :WIDTH], np.float32)


def _disc(x: float, y: float, radius: float) -> Map:
    rows, columns = np.indices(SIZE, np.float32)
    return np.asarray(np.clip(radius - np.hypot(rows - y, columns - x) + 0.5, 0, 1), np.float32)


def _subject(number: int) -> Map:
    """Somebody who stands still; the number is every frame's."""
    return _disc(70 + 0 * number, 96, 40)


def _other(number: int) -> Map:
    """What passes beside them: an arm, or somebody else."""
    return _disc(150 + 3 * number, 60 + 2 * number, 25)


def _both(number: int) -> Map:
    return np.maximum(_subject(number), _other(number))


def _frame(number: int, *, seed: int = 0, pixels: str = "yuv420p") -> Frame:
    picture = _texture(seed)
    for shape, own, shift in ((_subject, seed + 1, (0, 0)), (_other, seed + 2, (2, 3))):
        moved = np.roll(_texture(own), (shift[0] * number, shift[1] * number), (0, 1))
        alpha = shape(number)[..., None]
        picture = picture * (1 - alpha) + moved * alpha
    format = clips.video_format(pixels, (WIDTH, HEIGHT))
    planes = planes_from_rgb(picture, format.pixels, format.colour)
    return Frame(planes, format, pts=number * 40)


@pytest.fixture(scope="module")
def scene() -> list[Frame]:
    return [_frame(number) for number in range(COUNT)]


def _stage(shape: Shape) -> Callable[[Iterator[list[Frame]]], Iterator[Matte]]:
    """What finds in frame n whatever the shape of n is."""

    def stage(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        number = 0
        for batch in batches:
            for frame in batch:
                yield Matte(frame, torch.from_numpy(shape(number)))
                number += 1

    return stage


def _fix(number: int, alpha: Map, peak: int = 255) -> Fix:
    kind = np.uint8 if peak == 255 else np.uint16
    return Fix(number, np.rint(alpha * peak).astype(kind), peak, "matte.png")


def _run(
    frames: Sequence[Frame],
    found: Shape,
    *fixes: Fix,
    options: FixOptions = OPTIONS,
    batch: int = 1,
) -> list[Map]:
    batches = (list(frames[at : at + batch]) for at in range(0, len(frames), batch))
    return [matte.alpha.numpy() for matte in fixing(batches, _stage(found), fixes, options)]


@pytest.mark.parametrize("peak", [255, 65535])
def test_a_corrected_frame_is_as_the_user_says(scene: list[Frame], peak: int) -> None:
    """Sample for sample, whatever was found: also what no matte would be like."""
    said = np.random.default_rng(0).integers(0, peak + 1, SIZE) / np.float32(peak)

    alphas = _run(scene, _both, _fix(MIDDLE, said.astype(np.float32), peak))

    assert (np.rint(alphas[MIDDLE] * peak) == np.rint(said * peak)).all()


def test_what_is_taken_out_is_taken_out_of_its_neighbours_as_it_moves(scene: list[Frame]) -> None:
    """A passer-by goes, in both directions of time, and whoever stays is untouched."""
    alphas = _run(scene, _both, _fix(MIDDLE, _subject(MIDDLE)))

    for number in range(MIDDLE - 5, MIDDLE + 6):
        assert alphas[number][_other(number) > 0.99].mean() < 0.05
        assert alphas[number][_subject(number) > 0.99].min() > 0.999


def test_what_is_put_in_follows_its_motion(scene: list[Frame]) -> None:
    """An arm that the network misses is there where it is in each frame, and nowhere else."""
    alphas = _run(scene, _subject, _fix(MIDDLE, _both(MIDDLE)))

    for number in range(MIDDLE - 5, MIDDLE + 6):
        assert alphas[number][_other(number) > 0.99].mean() > 0.85
        assert alphas[number][_both(number) < 0.01].mean() < 0.02


def test_a_correction_that_changes_nothing_changes_nothing_around_it(scene: list[Frame]) -> None:
    """No neighbour's edge is softened by being told what it knew."""
    alphas = _run(scene, _both, _fix(MIDDLE, _both(MIDDLE)))

    for number in range(MIDDLE - 5, MIDDLE + 6):
        apart = np.abs(alphas[number] - _both(number))
        assert apart[:, :115].max() < 1 / 500
        assert apart.mean() < 0.004


def test_edges_away_from_the_correction_stay_to_the_bit(scene: list[Frame]) -> None:
    """What was right is left as it was found."""
    alphas = _run(scene, _both, _fix(MIDDLE, _subject(MIDDLE)))

    for number in range(MIDDLE - 5, MIDDLE):
        assert (alphas[number][:, :110] == _both(number)[:, :110]).all()


def test_nothing_is_carried_beyond_its_reach(scene: list[Frame]) -> None:
    """The setting means what its name says: 0.2 s are five frames, the last with no weight."""
    options = replace(OPTIONS, reach_s=0.2)

    alphas = _run(scene, _both, _fix(MIDDLE, _subject(MIDDLE)), options=options)

    changed = [n for n, alpha in enumerate(alphas) if (alpha != _both(n)).any()]
    assert changed == list(range(MIDDLE - 4, MIDDLE + 5))


def test_a_cut_ends_it_both_ways(scene: list[Frame]) -> None:
    """Another scene has another subject, however alike the mattes are."""
    first, last = MIDDLE - 2, MIDDLE + 2
    frames = [
        scene[n] if first <= n <= last else _frame(n, seed=10 + 10 * (n > last))
        for n in range(COUNT)
    ]

    alphas = _run(frames, _both, _fix(MIDDLE, _subject(MIDDLE)))

    changed = [n for n, alpha in enumerate(alphas) if (alpha != _both(n)).any()]
    assert changed == list(range(first, last + 1))


@pytest.mark.parametrize("jump_ms", [600, -2000])
def test_a_gap_or_time_running_back_ends_it(scene: list[Frame], jump_ms: int) -> None:
    """As in steadying: after a seek or a pause the past is another story."""

    def with_gaps(number: int) -> int:
        return jump_ms * ((number > MIDDLE + 1) + (number > MIDDLE - 2))

    frames = [replace(f, pts=f.pts + with_gaps(n)) for n, f in enumerate(scene)]

    alphas = _run(frames, _both, _fix(MIDDLE, _subject(MIDDLE)))

    changed = [n for n, alpha in enumerate(alphas) if (alpha != _both(n)).any()]
    assert changed == [MIDDLE - 1, MIDDLE, MIDDLE + 1]


def test_what_the_picture_no_longer_bears_out_is_given_up(scene: list[Frame]) -> None:
    """A place that looks different at once is the frame's own matter again."""
    hidden = scene[MIDDLE + 1]
    planes = [plane.copy() for plane in hidden.planes]
    changed = (slice(40, 140), slice(140, 230))
    planes[0][changed] = 255 - planes[0][changed]
    frames = [*scene[: MIDDLE + 1], replace(hidden, planes=tuple(planes)), *scene[MIDDLE + 2 :]]
    there = _other(MIDDLE + 1) > 0.99

    alphas = _run(frames, _both, _fix(MIDDLE, _subject(MIDDLE)))

    assert alphas[MIDDLE - 1][_other(MIDDLE - 1) > 0.99].mean() < 0.05
    assert alphas[MIDDLE + 1][there].mean() > 0.8


def test_between_two_corrections_both_count() -> None:
    """The nearer one more: on a still picture a matte goes from the one to the other."""
    frames = [replace(_frame(0), pts=number * 40) for number in range(COUNT)]
    none, all_ = (np.full(SIZE, value, np.float32) for value in (0, 1))

    alphas = _run(frames, lambda _: 0 * none + 0.5, _fix(2, none), _fix(18, all_))

    means = [float(alpha.mean()) for alpha in alphas[2:19]]
    assert means == sorted(means)
    assert means[8] == pytest.approx(0.5, abs=0.05)
    assert means[1] < 0.2
    assert means[-2] > 0.8


def test_no_correction_reaches_beyond_the_next() -> None:
    """The next one says what is so from there on, and the last before it what was so."""
    frames = [replace(_frame(0), pts=number * 40) for number in range(COUNT)]
    none, all_ = (np.full(SIZE, value, np.float32) for value in (0, 1))

    alphas = _run(frames, lambda _: 0 * none + 0.5, _fix(9, none), _fix(11, all_))

    assert max(float(alpha.mean()) for alpha in alphas[5:10]) < 0.1
    assert min(float(alpha.mean()) for alpha in alphas[11:16]) > 0.9


@pytest.mark.parametrize("batch", [3, 8, 50])
def test_how_frames_come_together_changes_nothing(scene: list[Frame], batch: int) -> None:
    """Batching is an optimisation."""
    fixes = _fix(6, _subject(6)), _fix(13, _subject(13))
    alone = _run(scene, _both, *fixes)

    together = _run(scene, _both, *fixes, batch=batch)

    assert all((one == two).all() for one, two in zip(alone, together, strict=True))


def test_frames_own_alpha_and_regions_stand_above_a_correction() -> None:
    """What the source calls transparent, and what is kept out or in, is so everywhere."""
    regions = SubjectOptions("all", ((0.0, 0.75, 1.0, 1.0),), ((0.0, 0.0, 1.0, 0.25),))
    options = replace(OPTIONS, subject=regions)
    frames = [_frame(number, pixels="gbrap") for number in range(3)]
    for frame in frames:
        frame.planes[-1][:] = 255
        frame.planes[-1][:, :50] = 0
    all_ = np.ones(SIZE, np.float32)

    alphas = _run(frames, lambda _: 0 * all_, _fix(1, all_), options=options)

    for alpha in alphas:
        assert (alpha[:, :50] == 0).all()
        assert (alpha[: HEIGHT // 4] == 0).all()
        assert (alpha[-HEIGHT // 4 :, 50:] == 1).all()
    assert (alphas[1][HEIGHT // 4 :, 50:] == 1).all()


def test_privacy_lets_nothing_half_believed_through() -> None:
    """Where a correction is believed a little, the room does not shine through."""
    frames = [replace(_frame(0), pts=number * 40) for number in range(COUNT)]
    all_ = np.ones(SIZE, np.float32)

    free = _run(frames, lambda _: 0 * all_, _fix(0, all_), options=replace(OPTIONS, reach_s=0.4))
    private = replace(OPTIONS, reach_s=0.4, privacy=0.95)
    closed = _run(frames, lambda _: 0 * all_, _fix(0, all_), options=private)

    assert any(0 < float(alpha.mean()) < 0.95 for alpha in free)
    assert all(((alpha == 0) | (alpha > 0.95)).all() for alpha in closed)


def test_a_correction_of_another_size_is_refused_before_the_first_matte(
    scene: list[Frame],
) -> None:
    """Also that of the last frame: nobody waits for an hour to hear it."""
    small = Fix(20, np.zeros((10, 20), np.uint8), 255, "small.png")

    with pytest.raises(SourceError, match=r"small\.png for frame 20 is 20×10.*256×192"):
        next(fixing(iter([[frame] for frame in scene]), _stage(_both), [small], OPTIONS))


def test_a_correction_of_no_frame_is_told(
    scene: list[Frame], caplog: pytest.LogCaptureFixture
) -> None:
    """The rest is as it would be."""
    with caplog.at_level(logging.WARNING):
        alphas = _run(scene, _both, _fix(COUNT, _subject(0)))

    assert "no frame 21, the last of 21 is 20" in caplog.text
    assert all((alpha == _both(number)).all() for number, alpha in enumerate(alphas))


def test_what_came_before_an_error_is_given_before_it_is_raised(scene: list[Frame]) -> None:
    """Frames that wait for a correction to come are not lost when the clip breaks off."""

    def breaking() -> Iterator[list[Frame]]:
        yield from ([frame] for frame in scene[:6])
        raise OSError("the cable")

    mattes = fixing(breaking(), _stage(_both), [_fix(MIDDLE, _subject(MIDDLE))], OPTIONS)

    assert [next(mattes).frame for _ in range(6)] == scene[:6]
    with pytest.raises(OSError, match="cable"):
        next(mattes)


def test_what_the_stage_has_opened_is_released_with_it(scene: list[Frame]) -> None:
    """A saved matte's file is closed when somebody has seen enough."""
    released = []

    def stage(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        try:
            yield from _stage(_both)(batches)
        finally:
            released.append(True)

    mattes = fixing(iter([[frame] for frame in scene]), stage, [_fix(0, _both(0))], OPTIONS)
    next(mattes)
    mattes.close()  # type: ignore[attr-defined]

    assert released


class _Watched(Frame):
    """A frame that can be watched: slots have no place for weak references."""

    __slots__ = ("__weakref__",)


def test_no_more_frames_wait_than_a_correction_reaches() -> None:
    """Memory is bounded by the reach; without a correction ahead nothing waits."""
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    plain, reach_frames, at = _frame(0), 5, 40

    def batches() -> Iterator[list[Frame]]:
        for number in range(80):
            frame = _Watched(plain.planes, plain.format, number * 40)
            alive.add(frame)
            yield [frame]

    options = replace(OPTIONS, reach_s=reach_frames * 0.04)
    counts = []
    for _ in fixing(batches(), _stage(lambda _: _both(0)), [_fix(at, _both(0))], options):
        counts.append(len(alive))

    assert max(counts) <= reach_frames + 3
    assert max(counts[at + 1 :]) <= 3


@pytest.mark.parametrize("size", [(1, 1), (7, 33), (300, 20)])
def test_pictures_of_any_size_are_corrected(size: tuple[int, int]) -> None:
    """Smaller than the map in either direction, too."""
    format = clips.video_format("yuv444p", size)
    frames = [replace(clips.pattern_frame(format), pts=number * 40) for number in range(3)]
    all_ = np.ones(size[::-1], np.float32)

    alphas = _run(frames, lambda _: 0 * all_, _fix(1, all_))

    assert (alphas[1] == 1).all()
    assert min(float(alpha.min()) for alpha in alphas) > 0.8
