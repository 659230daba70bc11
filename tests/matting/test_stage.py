"""Laws of the matting stage."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch

import clips
from mattebox.colour import Planes, planes_from_rgb
from mattebox.frame import Frame, VideoFormat
from mattebox.matting.stage import MattingOptions, matting, solid
from mattebox.matting.subject import SubjectOptions
from mattebox.matting.temporal import TemporalOptions
from refining import REFINE
from segmenters import BrightnessSegmenter, ThresholdSegmenter

TEMPORAL = TemporalOptions(
    half_life_s=0.4, certainty=0.9, scene_cut=0.5, gap_s=0.5, look_ahead=2, block=4
)
EVERYBODY = SubjectOptions("all", (), ())
OPTIONS = MattingOptions(size=96, focus=None, temporal=None, subject=EVERYBODY, refine=REFINE)
STEADY = replace(OPTIONS, temporal=TEMPORAL)


def _frames(count: int, pixels: str = "yuv420p") -> list[Frame]:
    format = clips.video_format(pixels, (160, 96))
    return [clips.pattern_frame(format, index) for index in range(count)]


def _batches(frames: list[Frame], size: int) -> Iterator[list[Frame]]:
    for start in range(0, len(frames), size):
        yield frames[start : start + size]


@pytest.mark.parametrize("options", [OPTIONS, STEADY], ids=["each for itself", "steadied"])
@pytest.mark.parametrize("batch_size", [1, 3, 8])
def test_a_frame_is_matted_the_same_in_any_company(
    batch_size: int, options: MattingOptions
) -> None:
    """Batching is an optimisation: it may not change a single frame's matte."""
    frames = _frames(8)
    alone = list(matting(_batches(frames, 1), BrightnessSegmenter(3), options))

    together = list(matting(_batches(frames, batch_size), BrightnessSegmenter(3), options))

    for one, other in zip(alone, together, strict=True):
        assert (one.alpha == other.alpha).all()


def test_every_frame_comes_out_once_and_in_order() -> None:
    """Conservation: frames in = mattes out, each with its own frame; one call for each batch."""
    frames, segmenter = _frames(7), BrightnessSegmenter()

    mattes = list(matting(_batches(frames, 3), segmenter, STEADY))

    assert [matte.frame for matte in mattes] == frames
    assert segmenter.batches == [3, 3, 1]


@pytest.mark.parametrize(("look_ahead", "block"), [(0, 1), (2, 4)])
def test_no_more_frames_are_kept_than_wait(look_ahead: int, block: int) -> None:
    """Memory is bounded by what is looked ahead to, not by how long the clip is."""
    alive: weakref.WeakSet[Frame] = weakref.WeakSet()
    most = 0

    def batches() -> Iterator[list[Frame]]:
        for number in range(80):
            frame = _Watched(*_parts_of(_frames(1)[0], number))
            alive.add(frame)
            yield [frame]

    steady = replace(TEMPORAL, look_ahead=look_ahead, block=block)
    for _ in matting(batches(), BrightnessSegmenter(), replace(OPTIONS, temporal=steady)):
        most = max(most, len(alive))

    assert most <= look_ahead + block + 2


class _Watched(Frame):
    """A frame that can be watched: slots have no place for weak references."""

    __slots__ = ("__weakref__",)


def _parts_of(frame: Frame, number: int) -> tuple[Planes, VideoFormat, int]:
    return frame.planes, frame.format, number * 40


def test_regions_are_drawn_after_everything_else() -> None:
    """No choke, feather or filled hole reaches into what is kept out, or takes from what stays."""
    regions = SubjectOptions("all", ((0.0, 0.9, 0.1, 1.0),), ((0.0, 0.0, 1.0, 0.25),))
    shaped = replace(REFINE, choke_px=-5.0, feather_px=8.0, fill_holes=0.9)
    options = replace(OPTIONS, subject=regions, refine=shaped)

    (matte,) = matting(iter([_gradient("yuv420p")]), BrightnessSegmenter(), options)

    assert matte.alpha[:24].max() == 0
    assert matte.alpha[24:30, 80:].max() > 0.5
    assert matte.alpha[87:, :16].min() == 1


def test_a_subject_is_chosen_anew_after_a_cut() -> None:
    """Somebody else at another place, from the first frame on."""
    first, second = (_disc_at(x, number) for number, x in enumerate((40, 120)))
    options = replace(OPTIONS, subject=SubjectOptions("largest", (), ()))

    mattes = list(matting(iter([[first], [second]]), ThresholdSegmenter(), options))

    assert mattes[0].alpha[48, 40] == 1
    assert mattes[1].alpha[48, 120] == 1


def _disc_at(x: int, number: int) -> Frame:
    """A bright disc before a ground that is different in every scene."""
    rows, columns = np.indices((96, 160))
    ground = 30 + 70 * number
    luma = np.where(np.hypot(rows - 48, columns - x) < 20, 220, ground).astype(np.uint8)
    chroma = np.full((48, 80), 128, np.uint8)
    return Frame((luma, chroma, chroma), clips.video_format("yuv420p", (160, 96)), pts=number * 40)


def test_the_matte_follows_the_picture() -> None:
    """A bright disc on black is cut out where it is, at full size."""
    format = clips.video_format("yuv420p", (160, 96))
    rows, columns = np.indices((96, 160))
    inside = np.hypot(rows - 40, columns - 100) < 25
    luma = np.where(inside, 220, 30).astype(np.uint8)
    chroma = np.full((48, 80), 128, np.uint8)
    frame = Frame((luma, chroma, chroma), format, pts=0)

    (matte,) = matting(iter([[frame]]), ThresholdSegmenter(), OPTIONS)

    assert ((matte.alpha > 0.5).numpy() == inside).mean() > 0.99


@pytest.mark.parametrize(
    "pixels", ["yuv420p", "yuv420p10le", "yuv444p", "gbrp", "gray", "gbrap16le"]
)
def test_every_layout_is_matted_alike(pixels: str) -> None:
    """Saliency depends on what is seen, not on how it is stored."""
    expected = next(matting(iter([_gradient("yuv420p")]), BrightnessSegmenter(), OPTIONS)).alpha

    alpha = next(matting(iter([_gradient(pixels)]), BrightnessSegmenter(), OPTIONS)).alpha

    assert (alpha - expected).abs().max() <= 0.02


def _gradient(pixels: str) -> list[Frame]:
    format: VideoFormat = clips.video_format(pixels, (160, 96))
    ramp = np.broadcast_to(np.linspace(0, 1, 160, dtype=np.float32)[None, :, None], (96, 160, 3))
    return [Frame(planes_from_rgb(ramp, format.pixels, format.colour), format, pts=0)]


@pytest.mark.parametrize("pixels", ["yuva420p", "gbrap16le"])
def test_what_the_source_calls_transparent_is_never_foreground(pixels: str) -> None:
    """A picture's own alpha is an upper bound, exact at both ends; the frame stays as it is."""
    frame = _gradient(pixels)[0]
    own = np.zeros((96, 160), frame.planes[-1].dtype)
    own[:48] = frame.format.pixels.peak
    own[40:48] = frame.format.pixels.peak // 2
    hinted = replace(frame, planes=(*frame.planes[:-1], own))

    (matte,) = matting(iter([[hinted]]), BrightnessSegmenter(), OPTIONS)
    (free,) = matting(iter([[frame]]), BrightnessSegmenter(), OPTIONS)

    assert matte.frame is hinted
    assert (matte.alpha[48:] == 0).all()
    assert matte.alpha[40:48].max() <= 0.5
    assert (matte.alpha[:40] == free.alpha[:40]).all()
    assert free.alpha.max() == 1


def test_state_is_not_shared_between_runs() -> None:
    """Two streams at once know nothing of each other."""
    frames = _frames(6)
    expected = [m.alpha for m in matting(_batches(frames, 1), BrightnessSegmenter(), STEADY)]
    other = matting(_batches(_frames(6, "gbrp"), 1), BrightnessSegmenter(), STEADY)

    alphas = []
    for matte in matting(_batches(frames, 1), BrightnessSegmenter(), STEADY):
        next(other)
        alphas.append(matte.alpha)

    assert all((one == two).all() for one, two in zip(alphas, expected, strict=True))


class _Wavering(BrightnessSegmenter):
    """0.4 and 0.6 in turn, whatever it sees."""

    def saliency(self, batch: torch.Tensor) -> torch.Tensor:
        return super().saliency(batch) * 0 + (0.4 if len(self.batches) % 2 else 0.6)


def _still(count: int) -> list[Frame]:
    frame = clips.pattern_frame(clips.video_format("yuv420p", (160, 96)))
    return [replace(frame, pts=index * 40) for index in range(count)]


def test_the_past_is_used_where_it_is_asked_for() -> None:
    """Steadying calms mattes on a still picture with a wavering network, and only then."""

    def levels(options: MattingOptions) -> list[float]:
        mattes = matting(_batches(_still(6), 1), _Wavering(), options)
        return [float(matte.alpha.mean()) for matte in mattes]

    assert np.ptp(levels(OPTIONS)) > 2 * np.ptp(levels(STEADY)[3:]) > 0


def test_the_raw_map_rides_along() -> None:
    """What the network said is kept, before any smoothing and shaping."""
    mattes = list(matting(_batches(_still(4), 1), _Wavering(), STEADY))

    for matte, expected in zip(mattes, [0.4, 0.6, 0.4, 0.6], strict=True):
        assert matte.saliency is not None
        assert matte.saliency.shape == (64, 96)
        assert (matte.saliency == torch.tensor(expected)).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 1000), (1000, 1), (33, 7), (2000, 30)])
def test_pictures_of_any_size_are_matted(size: tuple[int, int]) -> None:
    """Tiny, long and thin pictures get a matte of their size, whatever is switched on."""
    frame = clips.pattern_frame(clips.video_format("yuv420p", size))
    options = replace(STEADY, refine=replace(REFINE, feather_px=3.0, gamma=1.2))

    (matte,) = matting(iter([[frame]]), BrightnessSegmenter(), options)

    assert matte.alpha.shape == size[::-1]
    assert torch.isfinite(matte.alpha).all()


def test_a_solid_matte_is_one_everywhere() -> None:
    """What -m none promises: the foreground is the whole picture, untouched."""
    frames = _frames(5, "yuv420p")

    mattes = list(solid(_batches(frames, 2)))

    assert [matte.frame for matte in mattes] == frames
    assert all((matte.alpha == 1).all() for matte in mattes)


def test_a_solid_matte_is_the_alpha_that_the_frame_brings() -> None:
    """What the source calls transparent is never foreground."""
    [frame] = _frames(1, "gbrap")

    [matte] = solid(_batches([frame], 1))

    assert np.allclose(matte.alpha.numpy(), frame.planes[3] / 255)
