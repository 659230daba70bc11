"""What is measured of one matte, and of its change from the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import clips
from mattebox.colour import Planes
from mattebox.frame import Frame
from mattebox.inspection.figures import Figures, Inspector
from mattebox.matting.stage import MattingOptions, matting
from mattebox.matting.subject import SubjectOptions
from mattebox.matting.temporal import TemporalOptions
from passing import OPTIONS, box, matte
from refining import REFINE
from segmenters import BrightnessSegmenter

AREA = 160 * 96


def test_a_still_clip_has_no_flicker_at_all() -> None:
    """Equal pictures with equal mattes: exactly 0 from the second frame on."""
    inspector = Inspector(OPTIONS)
    flicker = [inspector.inspect(matte(n, box())).figures.flicker for n in range(4)]
    assert flicker == [None, 0, 0, 0]


def test_a_blink_on_a_still_picture_is_the_share_that_blinks() -> None:
    """In thousandths of the frame; thumbnails are of another size, so within a tenth."""
    inspector = Inspector(OPTIONS)
    inspector.inspect(matte(0, box()))
    seen = inspector.inspect(matte(1, 0 * box()))
    assert seen.figures.flicker == pytest.approx(1000 * box().mean(), rel=0.1)


def test_a_cut_is_not_flicker() -> None:
    """Another scene has another matte, and nobody minds."""
    inspector = Inspector(OPTIONS)
    inspector.inspect(matte(0, box(), scene=0))
    unlike = matte(1, 0 * box(), scene=1)
    planes: Planes = tuple(np.ascontiguousarray(255 - p[:, ::-1]) for p in unlike.frame.planes)
    seen = inspector.inspect(replace(unlike, frame=replace(unlike.frame, planes=planes)))
    assert seen.change.is_cut
    assert seen.figures.flicker is None


@pytest.mark.parametrize("number", [14, 0, -1])
def test_after_a_gap_and_when_time_runs_back_nothing_is_compared(number: int) -> None:
    """More than half a second without a frame: who knows what was there. It is no cut either."""
    inspector = Inspector(OPTIONS)
    inspector.inspect(matte(0, box()))
    seen = inspector.inspect(matte(number, 0 * box()))
    assert not seen.change.is_cut
    assert seen.figures.flicker is None


def _figures(alpha: np.ndarray, saliency: np.ndarray | None = None) -> Figures:
    return Inspector(OPTIONS).inspect(matte(0, alpha, saliency=saliency)).figures


def test_coverage_is_the_mean_of_alpha() -> None:
    """Half transparent counts half."""
    assert _figures(box() * 0.5).coverage == pytest.approx(box().mean() / 2, rel=1e-3)


def test_nobody_is_found_where_nothing_is_covered() -> None:
    """A speck of two pixels is nobody."""
    assert _figures(0 * box()).is_empty
    assert _figures(box(4, 4, 6, 5)).is_empty
    assert not _figures(box()).is_empty


def test_softness_is_the_share_strictly_between() -> None:
    """0 and 1 themselves are not soft."""
    alpha = box()
    alpha[30:40, 50:60] = 0.5
    assert _figures(alpha).soft == pytest.approx(100 / AREA)
    assert _figures(box()).soft == 0


def test_borders_are_left_top_and_right() -> None:
    """A talking head that the lower edge cuts off touches none of them."""
    assert _figures(box(40, 20, 100, 96)).borders == 0
    rows, columns = 160, 256  # of the thumbnail
    assert _figures(box(0, 0, 80, 96)).borders == pytest.approx(
        (rows + columns / 2) / (2 * rows + columns), abs=0.01
    )


def test_doubt_and_disagreement_are_the_networks() -> None:
    """What it is not sure of, and where the matte is on the other side of ½."""
    saliency = np.zeros((32, 64), np.float32)
    saliency[:, :16] = 0.6
    figures = _figures(box(0, 0, 20, 96), saliency)
    assert figures.doubt == pytest.approx(0.25)
    # The map says the left quarter, the matte the left eighth.
    assert figures.disagreement == pytest.approx(0.125, abs=0.02)


def test_without_a_network_there_is_neither() -> None:
    """Keys and saved mattes have no map."""
    figures = _figures(box())
    assert figures.doubt is None
    assert figures.disagreement is None


def test_islands_and_holes_are_shares_of_the_frame() -> None:
    """To the precision of thumbnails."""
    alpha = box()
    alpha[40:60, 60:80] = 0
    alpha[4:12, 140:156] = 1
    figures = _figures(alpha)
    assert figures.holes == pytest.approx(400 / AREA, rel=0.1)
    assert figures.islands == pytest.approx(128 / AREA, rel=0.1)


def test_where_a_user_had_a_say_the_network_is_not_asked() -> None:
    """Somebody taken out, or a corrected frame, is not a fault of steadying; doubt stays one."""

    def seen(has_users_word: bool) -> Figures:
        inspector = Inspector(replace(OPTIONS, has_users_word=has_users_word))
        network = np.full((96, 160), 0.6, np.float32)
        return inspector.inspect(matte(0, 0 * box(), saliency=network)).figures

    assert (seen(False).disagreement, seen(False).doubt) == (1, 1)
    assert (seen(True).disagreement, seen(True).doubt) == (None, 1)


STEADY = MattingOptions(
    size=96,
    focus=None,
    temporal=TemporalOptions(0.4, 0.9, 0.5, 0.5, look_ahead=2, block=4),
    subject=SubjectOptions("all", (), ()),
    refine=REFINE,
)


@pytest.mark.parametrize("batch_size", [3, 8])
def test_a_frame_has_the_same_figures_in_any_company(batch_size: int) -> None:
    """How many frames the network takes at once changes nothing of what is told of them."""
    format = clips.video_format("yuv420p", (160, 96))
    frames = [clips.pattern_frame(format, index) for index in range(8)]

    def figures(size: int) -> list[Figures]:
        inspector = Inspector(OPTIONS)
        mattes = matting(_batches(frames, size), BrightnessSegmenter(3), STEADY)
        return [inspector.inspect(matte).figures for matte in mattes]

    assert figures(batch_size) == figures(1)


def _batches(frames: list[Frame], size: int) -> Iterator[list[Frame]]:
    for start in range(0, len(frames), size):
        yield frames[start : start + size]
