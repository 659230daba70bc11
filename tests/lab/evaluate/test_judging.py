"""From maps to figures: what is measured of what, and how it is averaged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import clips
from mattebox.errors import SettingsError
from mattebox.inspection.flicker import Motion
from mattebox_lab.evaluate.contenders import Contender, Judgement, View, judgement_of
from mattebox_lab.evaluate.judging import Scores, SetScores, compare, judge
from mattebox_lab.evaluate.sets import MaterialSet, Sample, Showing, find_sets
from mattebox_lab.evaluate.stills import Map
from segmenters import BrightnessSegmenter, ThresholdSegmenter

VIEW = View(96)


class ShapesSegmenter(ThresholdSegmenter):
    """Notes the shapes that it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[tuple[int, ...]] = []

    def saliency(self, batch: Tensor) -> Tensor:
        """As the threshold does."""
        self.shapes.append(tuple(batch.shape[2:]))
        return super().saliency(batch)


class FlashSegmenter(BrightnessSegmenter):
    """Finds everything, then nothing, in turns, whatever it is shown."""

    def saliency(self, batch: Tensor) -> Tensor:
        """All 1 or all 0."""
        self.batches.append(len(batch))
        return torch.full((1, 1, *batch.shape[2:]), float(len(self.batches) % 2))


def always(map: Map) -> Judgement:
    """The same map of every sample."""

    def judgement(samples: Iterator[Sample], *, moving: bool) -> Iterator[Map]:
        return (map for _ in samples)

    return judgement


def test_a_perfect_network_is_perfect_everywhere(material: Path) -> None:
    """White squares on black, and what is white is foreground."""
    scores = judge(ThresholdSegmenter(), find_sets([material]), VIEW)

    for name in ("dev-people-a", "walk"):
        each = scores.of(name)
        assert each.mae == each.mse == 0
        assert each.iou == each.boundary_f == each.max_f == 1
    assert scores.of("walk").dtssd == 0


def test_an_empty_room_has_no_max_f_and_the_share_of_empty_maps_as_iou(material: Path) -> None:
    """Nothing is there to be recalled."""
    room = judge(ThresholdSegmenter(), find_sets([material], ["dev-rooms"]), VIEW).of("dev-rooms")

    assert room == SetScores(
        "dev-rooms", 1, 0, saliency=0, mae=0, mse=0, iou=1, boundary_f=1, max_f=None
    )


def test_a_clip_without_truth_is_judged_by_flicker_alone(material: Path) -> None:
    """And by how much was found."""
    blink = judge(FlashSegmenter(), find_sets([material], ["blink"]), VIEW).of("blink")

    assert (blink.pictures, blink.pairs) == (4, 3)
    assert blink.saliency == 0.5
    assert blink.flicker == pytest.approx(1000)
    assert blink.mae is blink.iou is blink.max_f is blink.boundary_f is blink.dtssd is None


def test_flashing_is_measured_against_truth_as_well(material: Path) -> None:
    """The map changes by 1 everywhere; the truth with it in 1 / 48, and against it in as much."""
    walk = judge(FlashSegmenter(), find_sets([material], ["walk"]), VIEW).of("walk")

    # The square of 32 lines of 64 gains 4 columns of 96 and loses 4: differences of 0 and 2.
    share = 4 * 32 / (96 * 64)
    assert walk.dtssd == pytest.approx(100 * np.sqrt(1 - 2 * share + share * 2**2), rel=1e-4)


def test_each_frame_is_judged_once(material: Path) -> None:
    """Also where it is both a still and one of two pairs."""
    segmenter = BrightnessSegmenter()

    judge(segmenter, find_sets([material], ["walk"], showing=Showing(1)), VIEW)

    assert segmenter.batches == [1] * 7


def test_frames_that_only_follow_do_not_count_as_stills(material: Path) -> None:
    """Pictures and pairs are counted apart."""
    walk = judge(
        ThresholdSegmenter(), find_sets([material], ["walk"], showing=Showing(3)), VIEW
    ).of("walk")

    assert (walk.pictures, walk.pairs) == (3, 2)


def test_the_mean_of_people_weighs_sets_alike(material: Path) -> None:
    """Three right pictures in one set, a wrong one in the other: the mean of 1 and 0."""
    scores = judge(ThresholdSegmenter(), find_sets([material]), VIEW)

    people = scores.people
    assert people is not None
    assert (people.set, people.pictures, people.pairs) == ("mean of dev-people-*", 4, 0)
    assert (scores.of("dev-people-a").iou, scores.of("dev-people-b").iou) == (1, 0)
    assert people.iou == 0.5
    assert people.flicker is None
    assert Scores((scores.of("walk"),)).people is None


def test_agreement_is_with_fp32_of_the_same_checkpoint(material: Path) -> None:
    """A third of what either finds, in every picture; fp32 itself and loners have none."""

    def found(left: int, right: int) -> Judgement:
        map = np.zeros((32, 32), np.float32)
        map[:, left:right] = 1
        return always(map)

    contenders = [
        Contender("one", "bf16", "", found(8, 24)),
        Contender("one", "fp32", "", found(0, 16)),
        Contender("other", "bf16", "", found(0, 16)),
    ]

    scores = compare(contenders, find_sets([material], ["walk"])[0])

    assert scores[0].agreement == pytest.approx(1 / 3)
    assert scores[1].agreement is None
    assert scores[2].agreement is None


def test_pictures_keep_their_aspect_unless_they_are_squashed(material: Path) -> None:
    """96×64 shown as the product shows it, or as U²-Net's authors do."""
    (rooms,) = find_sets([material], ["dev-rooms"])
    segmenter = ShapesSegmenter()

    judge(segmenter, [rooms], View(96))
    judge(segmenter, [rooms], View(96, squash=True))

    assert segmenter.shapes == [(64, 96), (96, 96)]


@pytest.mark.parametrize("squash", [False, True])
def test_the_products_matte_can_be_judged_in_place_of_the_map(squash: bool) -> None:
    """It has the frame's size."""
    frame = clips.pattern_frame(clips.video_format("yuv420p", (160, 90)))

    def made(*, matte: bool) -> Map:
        judgement = judgement_of(BrightnessSegmenter(), View(64, squash, matte))
        return next(judgement(iter([Sample(frame, None)]), moving=False))

    map, alpha = made(matte=False), made(matte=True)
    assert map.shape == ((64, 64) if squash else (32, 64))
    assert alpha.shape == (90, 160)
    assert map.dtype == alpha.dtype == np.float32


def test_a_map_is_enlarged_between_the_centres_of_pixels(material: Path) -> None:
    """A coarse map meets a fine truth without steps and without a shift."""
    (walk,) = find_sets([material], ["walk"], showing=Showing(100))
    left = np.array([[1, 0.25], [1, 0.25]], np.float32)

    (scores,) = compare([Contender("half", "fp32", "", always(left))], walk)

    # From 1 at 23.5 to ¼ at 71.5 it is ½ at 55.5, so 56 columns are above; the square, of 32 by
    # 32, lies within them.
    assert scores.iou == pytest.approx(32 * 32 / (56 * 64))


@pytest.mark.parametrize("size", [0, 16, 300, -32])
def test_sizes_that_the_network_cannot_halve_are_refused(size: int) -> None:
    """Rounding them in silence would report another size than was judged."""
    with pytest.raises(SettingsError, match="a multiple of 32"):
        View(size)


def test_mattes_are_measured_at_their_edges_as_well(material: Path) -> None:
    """Of a perfect one Grad and Conn are small; of a map nobody asks."""
    (walk,) = find_sets([material], ["walk"])
    (of_matte,) = judge(ThresholdSegmenter(), [walk], View(96, matte=True)).sets
    (of_map,) = judge(ThresholdSegmenter(), [walk], VIEW).sets

    assert of_matte.gradient is not None
    assert of_matte.gradient < 0.2
    assert of_matte.connectivity == of_matte.holes == of_matte.islands == 0
    assert of_matte.alignment is not None
    assert of_matte.alignment > 0.7
    assert of_map.gradient is of_map.alignment is of_map.holes is None


def test_over_time_every_frame_is_matted_in_order_and_few_count(material: Path) -> None:
    """The past that steadies a judged frame is that of the product: all frames before it."""
    segmenter = BrightnessSegmenter()
    view = View(96, matte=True, over_time=True)

    (walk,) = judge(
        segmenter, find_sets([material], ["walk"], showing=Showing(3, whole=True)), view
    ).sets

    assert segmenter.batches == [1] * 7
    assert (walk.pictures, walk.pairs) == (3, 2)


@pytest.mark.parametrize(("every", "is_known"), [(1, True), (2, False), (3, False)])
def test_what_comes_after_fast_motion_needs_every_frame(
    material: Path, every: int, is_known: bool
) -> None:
    """With frames left out nobody knows which ten follow."""
    showing = Showing(every, whole=True)
    view = View(96, matte=True, over_time=True)

    sets = find_sets([material], ["walk"], showing=showing)
    (walk,) = judge(BrightnessSegmenter(), sets, view).sets

    assert (walk.after_fast is not None) == is_known


def test_the_error_after_fast_motion_is_that_of_those_frames() -> None:
    """The motion that leads to the fourth frame: from that one on ten count, and no others."""
    fast, wrong = 3, range(3, 13)

    def samples() -> Iterator[Sample]:
        for number in range(20):
            back = np.full((64, 96, 2), 9 if number == fast else 1, np.float32)
            motion = Motion(back, np.ones((64, 96), bool)) if number else None
            frame = clips.pattern_frame(clips.video_format("yuv420p"), number)
            yield Sample(frame, np.ones((64, 96), np.float32), motion=motion)

    def judgement(samples: Iterator[Sample], *, moving: bool) -> Iterator[Map]:
        for number, _ in enumerate(samples):
            yield np.full((2, 3), float(number not in wrong), np.float32)

    (scores,) = compare([Contender("x", "fp32", "", judgement)], MaterialSet("x", samples, True))

    assert scores.after_fast == 1
    assert scores.mae == 0.5


def test_maps_cannot_be_made_over_time() -> None:
    """The network sees each frame by itself."""
    with pytest.raises(SettingsError, match="not made over time"):
        View(96, over_time=True)
