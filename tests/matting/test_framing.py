"""Laws of the window that follows the subject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.matting.cells import coverage_of
from mattebox.matting.framing import (
    WHOLE,
    Follower,
    Framed,
    FramingOptions,
    SubjectBox,
    Window,
    seen_through,
    subject_box,
    wanted_window,
)
from mattebox.matting.layers import Cutout
from mattebox.pixels import pixel_format

SIZE = (360, 640)
OPTIONS = FramingOptions(True, zoom_max=1.5, dead_zone=0.06, half_life_s=0.5, headroom=0.12)
Alpha = npt.NDArray[np.float32]


def standing(x: float, y: float = 0.5, scale: float = 1.0) -> Alpha:
    """Somebody whole, with the middle at a place in shares of the frame."""
    alpha = np.zeros(SIZE, np.float32)
    middle = round(x * SIZE[1] * 16), round(y * SIZE[0] * 16)
    axes = round(40 * scale * 16), round(110 * scale * 16)
    cv2.ellipse(alpha, middle, axes, 0, 0, 360, 1.0, -1, cv2.LINE_AA, 4)
    return alpha


def sitting(x: float) -> Alpha:
    """Somebody whom the lower edge cuts off."""
    alpha = np.zeros(SIZE, np.float32)
    at = round(x * SIZE[1])
    cv2.circle(alpha, (at, 130), 50, 1.0, -1, cv2.LINE_AA)
    cv2.ellipse(alpha, (at, 360), (130, 190), 0, 180, 360, 1.0, -1, cv2.LINE_AA)
    return alpha


def box_of(alpha: Alpha) -> SubjectBox | None:
    return subject_box(coverage_of(alpha), SIZE)


def box_in(alpha: Alpha) -> SubjectBox:
    box = box_of(alpha)
    assert box is not None
    return box


def followed(
    alphas: Sequence[Alpha], rate: float = 30.0, options: FramingOptions = OPTIONS
) -> list[Window]:
    follower = Follower()
    return [
        follower.follow(box_of(alpha), index / rate, options) for index, alpha in enumerate(alphas)
    ]


def walk(rate: int, seconds: float = 6.0) -> list[Alpha]:
    """From left to right within two seconds, after one of standing; then standing again."""
    times = np.arange(round(seconds * rate)) / rate
    return [standing(0.3 + 0.4 * min(max((time - 1) / 2, 0), 1)) for time in times]


def test_a_box_holds_the_subject_closely() -> None:
    """To within a cell, at any place: not from cell to cell."""
    places = np.linspace(0.3, 0.7, 41)
    boxes = [box_in(standing(x)) for x in places]
    for x, box in zip(places, boxes, strict=True):
        assert abs(box.left - (x - 40 / 640)) < 8 / 640
        assert abs(box.right - (x + 40 / 640)) < 8 / 640
        assert abs(box.top - (0.5 - 110 / 360)) < 8 / 360
        assert abs(box.bottom - (0.5 + 110 / 360)) < 8 / 360
        assert box.cut_off == 0
    steps = np.diff([box.left for box in boxes])
    assert np.all(np.abs(steps - 0.01) < 0.008)  # a cell is 0.0125


def test_specks_do_not_move_the_box() -> None:
    """Neither one far away nor noise everywhere; a second person does."""
    alone = standing(0.6)
    specked = alone.copy()
    specked[20:40, 20:40] = 1
    assert box_in(specked) == box_in(alone)
    noise = np.random.default_rng(0).uniform(0, 0.2, SIZE).astype(np.float32)
    assert box_in(np.maximum(alone, noise)).left == pytest.approx(box_in(alone).left, abs=0.01)
    assert box_in(np.maximum(alone, standing(0.2))).left < 0.2


def test_nobody_has_no_box() -> None:
    """Also where a speck is all there is."""
    empty = np.zeros(SIZE, np.float32)
    assert box_of(empty) is None
    empty[100:116, 100:116] = 1
    assert box_of(empty) is None
    assert wanted_window(None, OPTIONS) == WHOLE


@pytest.mark.parametrize("x", [0.1, 0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("y", [0.35, 0.5, 0.65])
@pytest.mark.parametrize("scale", [0.4, 0.8, 1.0, 1.3])
def test_a_subject_seen_whole_is_inside_the_window(x: float, y: float, scale: float) -> None:
    """As far as it is inside the frame, with headroom, and the window is inside the frame too."""
    box = box_in(standing(x, y, scale))
    window = wanted_window(box, OPTIONS)
    assert window == window.inside()
    assert window.size >= 1 / 1.5 - 1e-9
    left, right = window.x - window.size / 2, window.x + window.size / 2
    top, bottom = window.y - window.size / 2, window.y + window.size / 2
    assert left <= box.left + 1e-9
    assert box.right <= right + 1e-9
    assert box.bottom <= bottom + 1e-9 or box.cut_off > 0
    assert box.top - top >= min(0.12 * window.size, box.top) - 1e-9


def test_who_is_cut_off_by_the_lower_edge_may_be_cut_off_higher_up() -> None:
    """Head and shoulders come closer, with exactly the headroom above."""
    box = box_in(sitting(0.42))
    window = wanted_window(box, OPTIONS)
    assert box.cut_off == 1
    assert window.size < 0.9
    assert window.x == pytest.approx(0.42, abs=0.01)
    assert box.top - (window.y - window.size / 2) == pytest.approx(0.12 * window.size)


def test_a_window_moves_softly() -> None:
    """No step is large, no step differs much from the one before, and it gets there."""
    windows = followed(walk(30))
    places = np.array([(window.x, window.y, window.size) for window in windows])
    steps = np.diff(places, axis=0)
    assert np.abs(steps).max() < 0.02
    assert np.abs(np.diff(steps, axis=0)).max() < 0.003
    # The frame ends 0.3 from the subject's middle: that is as far as a window of 2/3 goes.
    assert windows[-1].x == pytest.approx(wanted_window(box_of(walk(30)[-1]), OPTIONS).x, abs=0.02)


@pytest.mark.parametrize("rate", [10, 15, 60])
def test_the_same_motion_at_any_frame_rate(rate: int) -> None:
    """Wherever both have a frame."""
    slow, fast = followed(walk(rate), rate), followed(walk(120), 120)
    for mine, other in zip(slow, fast[:: 120 // rate], strict=True):
        assert mine.x == pytest.approx(other.x, abs=0.25 / rate)


def test_half_of_the_way_takes_the_half_life() -> None:
    """To a subject that jumps, counted from the frame that sees it."""
    windows = followed([standing(0.35)] + [standing(0.6)] * 16)
    begin, middle = windows[0].x, windows[15].x
    end = wanted_window(box_of(standing(0.6)), OPTIONS).x
    assert (middle - begin) / (end - begin) == pytest.approx(0.5, abs=0.01)


def test_a_mirrored_scene_has_a_mirrored_window() -> None:
    """At every frame."""
    scene = walk(15)
    for one, other in zip(
        followed(scene, 15), followed([alpha[:, ::-1] for alpha in scene], 15), strict=True
    ):
        assert other.x == pytest.approx(1 - one.x, abs=1e-6)
        assert (other.y, other.size) == pytest.approx((one.y, one.size), abs=1e-6)


def test_a_still_scene_has_a_still_window() -> None:
    """From the first picture on, which suits at once; breathing does not move it either."""
    assert len(set(followed([standing(0.4)] * 20))) == 1
    breathing = [
        standing(0.4 + 0.01 * np.sin(i / 5), scale=1 + 0.01 * np.sin(i)) for i in range(60)
    ]
    assert len(set(followed(breathing))) == 1


def test_a_window_comes_to_rest() -> None:
    """And not only nearly."""
    windows = followed([standing(0.3)] + [standing(0.6)] * 300)
    assert len(set(windows[-60:])) == 1


def test_when_nobody_is_left_the_whole_frame_comes_back_slowly() -> None:
    """Slower than the window follows, and in the end exactly."""
    empty = np.zeros(SIZE, np.float32)
    windows = followed([standing(0.4)] + [empty] * 900)
    sizes = [window.size for window in windows]
    assert sizes == sorted(sizes)
    gone = [(size - sizes[0]) / (1 - sizes[0]) for size in sizes]
    assert gone[15] < 0.1
    assert gone[60] == pytest.approx(0.5, abs=0.02)
    assert windows[-1] == WHOLE


def test_a_window_never_leaves_the_frame() -> None:
    """Whatever comes, also times that go backwards and pauses."""
    random = np.random.default_rng(1)
    follower, moment = Follower(), 0.0
    for _ in range(500):
        moment += float(random.choice([-3, 0, 0.02, 0.04, 100]))
        left, top = random.uniform(0, 0.9, 2)
        right, bottom = random.uniform((left, top), 1.0)
        box = SubjectBox(left, top, right, bottom, random.uniform())
        window = follower.follow(None if random.uniform() < 0.1 else box, moment, OPTIONS)
        half = window.size / 2
        assert 1 / 1.5 - 0.05 < window.size <= 1
        assert half - 1e-9 <= window.x <= 1 - half + 1e-9
        assert half - 1e-9 <= window.y <= 1 - half + 1e-9


def test_without_a_half_life_the_window_jumps() -> None:
    """As soon as the dead zone is left."""
    windows = followed([standing(0.35), standing(0.6)], options=replace(OPTIONS, half_life_s=0.0))
    assert windows[1] == wanted_window(box_of(standing(0.6)), OPTIONS)


def ramp(pixels: str, size: tuple[int, int] = SIZE) -> tuple[VideoFormat, Callable[..., Frame]]:
    """A format, and frames of it whose samples grow from left to right."""
    format = VideoFormat(size[1], size[0], pixel_format(pixels), Fraction(1, 30), Fraction(30))

    def frame(pts: int = 0) -> Frame:
        planes = []
        for height, width in format.plane_shapes:
            row = (np.arange(width) + 0.5) / width * format.pixels.peak
            planes.append(np.tile(row.astype(format.pixels.dtype), (height, 1)))
        return Frame(tuple(planes), format, pts)

    return format, frame


@pytest.mark.parametrize(
    "pixels", ["yuv420p", "yuv422p10le", "yuv444p", "gbrp", "yuva420p", "gray"]
)
@pytest.mark.parametrize("size", [(90, 160), (91, 161)])
def test_every_plane_shows_the_same_part(pixels: str, size: tuple[int, int]) -> None:
    """A ramp in each plane becomes the ramp that is inside the window.

    The last chroma samples of an odd side reach beyond the frame, and cover as much as the others.
    """
    format, frame = ramp(pixels, size)
    window = Window(0.4, 0.55, 0.7)
    seen = seen_through(window, Matte(frame(), torch.rand(size)))
    for index, (plane, source) in enumerate(zip(seen.frame.planes, frame().planes, strict=True)):
        width = plane.shape[1]
        covers = format.pixels.size_multiple[1] if index in (1, 2) else 1
        place = (window.x - 0.35) * size[1] / covers + 0.7 * (np.arange(width) + 0.5) - 0.5
        expected = np.interp(place, np.arange(width), source[0])
        assert np.abs(plane[5] - expected).max() <= 1.5 + format.pixels.peak / width / 8
    assert seen.coverage is None


def test_what_privacy_has_cut_away_stays_so() -> None:
    """Between a pixel of nothing and one of something, the half that is the first one's."""
    _, frame = ramp("gray")
    alpha, window = torch.zeros(SIZE), Window(0.4, 0.55, 0.7)
    alpha[:, 300:] = 0.4
    framed = [
        seen_through(window, Matte(frame(), alpha), stays_cut=cut).alpha for cut in (False, True)
    ]
    soft, hard = (seen[0].numpy() for seen in framed)
    place = (window.x - window.size / 2) * SIZE[1] + window.size * (np.arange(SIZE[1]) + 0.5)
    assert (soft[place < 299.9] > 0).any()
    assert not hard[place < 299.9].any()
    assert np.array_equal(hard[place > 300.1], soft[place > 300.1])


def test_alpha_and_picture_stay_together_to_a_part_of_a_pixel() -> None:
    """The middle of a disc is at one place in both, and where the window says."""
    _, frame = ramp("gray")
    alpha = np.zeros(SIZE, np.float32)
    cv2.circle(alpha, (300 * 16, 170 * 16), 60 * 16, 1.0, -1, cv2.LINE_AA, 4)
    picture = replace(frame(), planes=((alpha * 255).astype(np.uint8),))
    for x in np.linspace(0.45, 0.452, 9):
        window = Window(float(x), 0.48, 0.75)
        seen = seen_through(window, Matte(picture, torch.from_numpy(alpha)))
        expected = (300.5 / 640 - (x - 0.375)) / 0.75 * 640 - 0.5
        for found in (seen.alpha.numpy(), seen.frame.planes[0].astype(np.float32)):
            middle = (found.sum(0) @ np.arange(640)) / found.sum()
            assert middle == pytest.approx(expected, abs=0.06)


class Watching:
    """A layer that keeps the mattes that it was given."""

    def __init__(self) -> None:
        self.seen: list[Matte] = []

    def open(self, format: VideoFormat) -> VideoFormat:
        """As it is."""
        return format

    def render(self, matte: Matte) -> Frame:
        """The frame."""
        self.seen.append(matte)
        return matte.frame

    def close(self) -> None:
        """Nothing is held."""


def test_without_framing_mattes_pass_as_they_are() -> None:
    """The very objects; also where the whole frame suits."""
    _, frame = ramp("yuv420p")
    for options, alpha in (
        (replace(OPTIONS, auto=False), standing(0.4)),
        (OPTIONS, np.ones(SIZE, np.float32)),
        (OPTIONS, np.zeros(SIZE, np.float32)),
    ):
        inner = Watching()
        layer = Framed(inner, options)
        mattes = [Matte(frame(pts), torch.from_numpy(alpha)) for pts in range(3)]
        for matte in mattes:
            layer.render(matte)
        assert all(one is other for one, other in zip(inner.seen, mattes, strict=True))


def test_another_layer_goes_on_where_the_window_is() -> None:
    """Switched off, the window opens in time; then everything passes as it is."""
    _, frame = ramp("yuv420p")
    alpha = torch.from_numpy(standing(0.4))
    follower, inner = Follower(), Watching()
    Framed(inner, OPTIONS, follower).render(Matte(frame(0), alpha))
    off = Framed(inner, replace(OPTIONS, auto=False), follower)
    for pts in range(1, 300):
        off.render(Matte(frame(pts), alpha))
    areas = [float(matte.alpha.mean()) for matte in inner.seen]
    assert areas == sorted(areas, reverse=True)
    assert areas[1] > 0.98 * areas[0]
    assert inner.seen[-1].alpha is alpha


def test_a_cutout_is_framed_with_its_alpha() -> None:
    """The subject is larger in it by the zoom."""
    format, frame = ramp("yuv420p")
    layer = Framed(Cutout(None), OPTIONS)
    layer.open(format)
    alpha = standing(0.4, scale=0.5)
    picture = layer.render(Matte(frame(), torch.from_numpy(alpha)))
    grown = picture.planes[-1].sum() / 255 / alpha.sum()
    assert grown == pytest.approx(1.5**2, rel=0.01)
