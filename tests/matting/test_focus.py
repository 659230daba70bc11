"""Laws of looking closer at a small subject."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

import clips
from mattebox.assemble import matting_options
from mattebox.frame import Frame
from mattebox.matting.focus import (
    FINER,
    Box,
    Focus,
    FocusOptions,
    _pasted,
    cropped,
    subject_box,
)
from mattebox.matting.prepare import prepare, small_size
from mattebox.matting.stage import matting
from mattebox.matting.temporal import Map
from mattebox.settings import Settings
from segmenters import ThresholdSegmenter

SIZE = (640, 384)
OPTIONS = FocusOptions(size=128, recheck_s=0.5)


def _frame(*discs: tuple[float, float, float], pixels: str = "yuv420p", pts: int = 0) -> Frame:
    """Bright discs at (x, y) with a radius, on black."""
    format = clips.video_format(pixels, SIZE)
    rows, columns = np.indices((SIZE[1], SIZE[0]))
    luma = np.full((SIZE[1], SIZE[0]), 16, np.uint8)
    for x, y, radius in discs:
        luma[np.hypot(rows - y, columns - x) < radius] = 235
    neutral = [np.full(shape, 128, np.uint8) for shape in format.plane_shapes[1:]]
    return Frame((luma, *neutral), format, pts=pts)


class _Eye:
    """A network that marks what is bright; notes what it was shown."""

    def __init__(self, least: int = 0) -> None:
        self.shown: list[tuple[int, int]] = []
        self._least = least

    def __call__(self, frame: Frame) -> Map:
        self.shown.append((frame.format.width, frame.format.height))
        picture = prepare([frame], OPTIONS.size)[0, 0].numpy()
        found = (picture > 128).astype(np.float32)
        return found if found.sum() > self._least else found * 0.1


def _iou(map: Map, frame: Frame) -> float:
    found = cv2.resize(map, SIZE) > 0.5
    truth = frame.planes[0] > 128
    return float((found & truth).sum() / (found | truth).sum())


def test_a_small_subject_is_looked_at_closely_at_once() -> None:
    """The first frame already gets a map of more pixels, and everything is in its place."""
    frame, eye = _frame((500, 90, 20)), _Eye()

    map = Focus(OPTIONS).look(frame, 0.0, eye)

    assert map.shape == small_size(frame.format, FINER * OPTIONS.size)
    assert _iou(map, frame) > 0.9 > _iou(eye(frame), frame)
    whole, close, _ = eye.shown
    assert whole == SIZE
    assert close[0] < SIZE[0] / 3


@pytest.mark.parametrize("disc", [(320, 190, 170), (100, 380, 200)])
def test_a_large_subject_is_looked_at_as_a_whole(disc: tuple[float, float, float]) -> None:
    """The very map of the network, with no second look."""
    eye = _Eye()
    whole = eye(_frame(disc))
    eye.shown.clear()

    map = Focus(OPTIONS).look(_frame(disc), 0.0, eye, whole)

    assert map is whole
    assert eye.shown == []


def test_nobody_is_not_looked_for() -> None:
    """In an empty room, or in one with a faint doubt, there is nothing to look closer at."""
    eye = _Eye(least=10_000)
    focus = Focus(OPTIONS)

    for frame in (_frame(), _frame((300, 200, 20))):
        focus.look(frame, 0.0, eye)

    assert eye.shown == [SIZE] * 2
    assert not focus.is_close


def test_a_subject_is_followed_and_seen_where_a_look_at_the_whole_sees_none() -> None:
    """Who walks away gets small: what was known of them shows where to look."""
    focus, far = Focus(OPTIONS), _Eye(least=60)
    found = []
    for number in range(60):
        frame = _frame((80 + 8 * number, 100 + 3 * number, 40 - 0.5 * number))
        found.append(_iou(focus.look(frame, number / 30, far), frame))

    assert min(found) > 0.85
    assert far(frame).max() < 0.5, "else a look at the whole would have done"


def test_the_part_stands_still_while_the_subject_does_not_leave_it() -> None:
    """A part that follows every step would make the network waver."""
    focus, eye = Focus(replace(OPTIONS, recheck_s=60)), _Eye()
    parts = set()
    for number in range(20):
        focus.look(_frame((300 + 3 * (number % 5), 200, 30)), number / 30, eye)
        parts.add(focus._part)

    assert len(parts - {None}) <= 2


def test_the_whole_is_looked_at_again_from_time_to_time() -> None:
    """By time, not by frames; somebody who has come is seen then."""
    focus, eye = Focus(OPTIONS), _Eye()
    near, other = (200, 200, 25), (420, 220, 30)

    for number in range(31):
        frame = _frame(near) if number < 5 else _frame(near, other)
        map = focus.look(frame, number / 30, eye)

    assert [size for size in eye.shown if size == SIZE] == [SIZE] * 3
    assert _iou(map, frame) > 0.9


def test_who_is_followed_is_kept_when_the_whole_shows_somebody_else() -> None:
    """Far away they are not seen there; that somebody else is, is no reason to drop them."""
    focus, eye = Focus(OPTIONS), _Eye()
    both = _frame((300, 200, 12), (420, 220, 30))
    focus.look(_frame((300, 200, 12)), 0.0, eye)

    map = focus.look(both, 1.0, eye, whole=eye(_frame((420, 220, 30))))

    assert _iou(map, both) > 0.85


def test_who_is_lost_is_looked_for_in_the_whole_frame() -> None:
    """After a cut the subject is elsewhere: no frame is lost."""
    focus, eye = Focus(OPTIONS), _Eye()
    focus.look(_frame((100, 100, 20)), 0.0, eye)

    elsewhere = _frame((550, 300, 20))

    assert _iou(focus.look(elsewhere, 1 / 30, eye), elsewhere) > 0.9


@pytest.mark.parametrize("disc", [(120, 120, 110), (320, 190, 180), (160, 100, 45)])
def test_who_is_suddenly_larger_is_seen_whole_at_once(disc: tuple[float, float, float]) -> None:
    """A cut to a close-up, or a jump towards the camera, loses not one frame."""
    focus, eye = Focus(OPTIONS), _Eye()
    focus.look(_frame((100, 100, 20)), 0.0, eye)

    map = focus.look(_frame(disc), 1 / 30, eye)

    assert _iou(map, _frame(disc)) > 0.9


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv444p", "gray", "gbrp", "yuva420p"])
def test_a_part_is_the_same_picture_in_every_layout(pixels: str) -> None:
    """Views of the planes, chroma in step with luma, the aspect of the whole."""
    format = replace(clips.video_format(pixels, SIZE))
    frame = clips.pattern_frame(format)
    part = Box(100, 48, 360, 196)

    shown = cropped(frame, part)

    assert (shown.format.width, shown.format.height) == (260, 148)
    assert np.shares_memory(shown.planes[0], frame.planes[0])
    assert (shown.planes[0] == frame.planes[0][48:196, 100:360]).all()
    assert small_size(shown.format, 256) == small_size(frame.format, 256)
    whole = prepare([frame], 640)[0].numpy().astype(float)
    close = prepare([shown], 256)[0].numpy().astype(float)
    expected = cv2.resize(
        np.moveaxis(whole[:, 48:196, 100:360], 0, -1),
        close.shape[:0:-1],
        interpolation=cv2.INTER_AREA,
    )
    assert np.abs(np.moveaxis(close, 0, -1) - expected).mean() < 6


@pytest.mark.parametrize("size", [(854, 480), (1366, 768), (641, 383)])
def test_a_subject_at_the_frames_edge_is_whole(size: tuple[int, int]) -> None:
    """Sizes that are no multiple of a part's step end where the frame ends."""
    format = clips.video_format("yuv444p", size)
    luma = np.full(size[::-1], 16, np.uint8)
    luma[-60:, -60:] = 235
    neutral = np.full(size[::-1], 128, np.uint8)
    focus = Focus(OPTIONS)

    map = focus.look(Frame((luma, neutral, neutral), format, pts=0), 0.0, _Eye())

    assert focus.is_close
    assert map[-1, -1] == map[-1, -8] == map[-8, -1] == 1


def test_an_untagged_part_means_what_the_whole_means() -> None:
    """Above 720 lines untagged is BT.709, also where fewer lines of it are looked at."""
    frame = clips.pattern_frame(clips.video_format("yuv420p", (1280, 720)))

    shown = cropped(frame, Box(0, 0, 640, 360))

    assert shown.format.colour.luma_weights(360) == frame.format.colour.luma_weights(720)


@pytest.mark.parametrize("pixels", ["yuv411p", "yuv410p", "yuv440p"])
@pytest.mark.parametrize("size", [(9, 33), (5, 5), (33, 6), (50, 50)])
def test_parts_of_narrow_pictures_with_coarse_chroma_can_be_taken(
    pixels: str, size: tuple[int, int]
) -> None:
    """Whatever layout a stream has."""
    frame = clips.pattern_frame(clips.video_format(pixels, size))

    shown = cropped(frame, Box(0, 0, min(4, size[0]), size[1]))

    assert shown.planes[0].shape == (size[1], min(4, size[0]))


def test_a_map_of_a_part_lies_exactly_in_its_place() -> None:
    """A ramp across the part goes on as the ramp across the frame, to a hundredth of a pixel."""
    format, part = clips.video_format("yuv420p", SIZE), Box(100, 48, 360, 204)
    columns = part.left + (np.arange(128) + 0.5) * part.width / 128
    ramp = np.tile((columns / SIZE[0]).astype(np.float32), (96, 1))

    pasted = _pasted(ramp, part, format, 128)

    inside = pasted[30:75, 44:140]
    expected = (np.arange(44, 140) + 0.5) / 256
    assert np.abs(inside - expected).max() < 0.01 / 256 * 4
    assert pasted[:, :38].max() == pasted[:, 146:].max() == 0


def test_the_box_is_of_the_subject_and_not_of_specks() -> None:
    """Islands of less than a twentieth are nobody."""
    map = np.zeros((96, 160), np.float32)
    map[30:60, 40:80], map[32:58, 100:120], map[5:8, 150:155] = 0.9, 0.6, 1.0

    box = subject_box(map, clips.video_format("yuv420p", SIZE))

    assert box == Box(160, 120, 480, 240)
    assert subject_box(map * 0.4, clips.video_format("yuv420p", SIZE)) is None


@pytest.mark.parametrize("batch", [3, 8])
def test_frames_are_matted_the_same_in_any_company(batch: int) -> None:
    """Where to look depends on the frames before, not on how they came."""
    frames = [_frame((80 + 20 * n, 100 + 5 * n, 30), pts=n * 40) for n in range(20)]
    options = replace(matting_options(Settings()), size=128, focus=OPTIONS)

    def alphas(size: int) -> list[torch.Tensor]:
        batches = (frames[start : start + size] for start in range(0, len(frames), size))
        return [matte.alpha for matte in matting(batches, ThresholdSegmenter(), options)]

    assert all((a == b).all() for a, b in zip(alphas(1), alphas(batch), strict=True))


def test_a_cut_ends_looking_closely() -> None:
    """Another scene has somebody where the part was, and somebody elsewhere: both are found."""
    before = [_frame((100, 100, 20), pts=number * 40) for number in range(3)]
    after = _frame((104, 104, 14), (500, 300, 16), pts=120)
    np.maximum(after.planes[0], 90, out=after.planes[0])
    options = replace(matting_options(Settings()), size=128, focus=OPTIONS, temporal=None)

    mattes = list(matting(iter([[*before, after]]), ThresholdSegmenter(), options))

    assert mattes[0].saliency is not None
    assert mattes[0].saliency.shape == small_size(after.format, FINER * 128), "looked at closely"
    assert mattes[-1].alpha[300, 500] == 1
