"""The drawn scene and its truth."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from mattebox.errors import FrameError
from mattebox.sources.synthetic import SyntheticSource

RATE = Fraction(25)


@pytest.mark.parametrize(
    "pixels", ["yuv420p", "yuv422p10le", "yuva444p", "gbrp", "gray", "yuv410p"]
)
@pytest.mark.parametrize("size", [(96, 64), (37, 51), (1, 1)])
def test_any_layout_and_size_can_be_drawn(pixels: str, size: tuple[int, int]) -> None:
    """The frame itself checks that its planes fit."""
    source = SyntheticSource(width=size[0], height=size[1], frames=3, rate=RATE, pixels=pixels)
    assert len(list(source.frames())) == 3
    assert source.truth(2).shape == size[::-1]


def test_it_is_the_same_every_time() -> None:
    """A picture depends on its number and on nothing else."""
    first, second = (
        list(SyntheticSource(width=96, height=64, frames=4, rate=RATE).frames()) for _ in range(2)
    )
    for one, other in zip(first, second, strict=True):
        for plane, same in zip(one.planes, other.planes, strict=True):
            np.testing.assert_array_equal(plane, same)


def test_without_a_number_of_frames_it_does_not_end() -> None:
    """Until it is closed."""
    source = SyntheticSource(width=16, height=16, frames=None, rate=RATE, live=True)
    assert source.live
    assert source.frames_expected is None
    assert [frame.pts for frame in islice(source.frames(), 50)] == list(range(50))
    source.close()
    assert list(source.frames()) == []


def test_the_truth_is_soft_alpha_of_somebody_in_the_picture() -> None:
    """Mostly ground, a good part figure, an edge between them, bottom row included."""
    truth = SyntheticSource(width=320, height=180, frames=1, rate=RATE).truth(0)
    assert truth.dtype == np.float32
    assert truth.min() == 0
    assert truth.max() == 1
    assert 0.15 < truth.mean() < 0.5
    assert ((truth > 0) & (truth < 1)).sum() > 300
    assert truth[-1].max() == 1


def test_where_the_truth_is_nothing_the_room_stands_still() -> None:
    """And where the figure is, something moves."""
    source = SyntheticSource(width=320, height=180, frames=40, rate=RATE, pixels="gbrp")
    frames = list(source.frames())
    outside = (source.truth(0) == 0) & (source.truth(20) == 0)
    assert 0.3 < outside.mean() < 0.9
    for early, late in zip(frames[0].planes, frames[20].planes, strict=True):
        np.testing.assert_array_equal(early[outside], late[outside])
        assert (early != late).any()


def test_the_picture_is_the_figure_over_the_room_by_the_truth() -> None:
    """Known pictures of figure and room, put together by hand, give the frame."""
    source = SyntheticSource(width=320, height=180, frames=60, rate=RATE, pixels="gbrp")
    frames = list(source.frames())
    room = _room(source, [frame.planes[0] for frame in frames])
    known = room >= 0
    assert known.mean() > 0.75
    alpha = source.truth(7)
    green = frames[7].planes[0].astype(np.float32)
    edge = known & (alpha > 0.3) & (alpha < 0.9)
    figure = (green - (1 - alpha) * room)[edge] / alpha[edge]
    assert edge.sum() > 100
    assert figure.min() > -3
    assert figure.max() < 258


def _room(source: SyntheticSource, planes: list[np.ndarray]) -> np.ndarray:
    """The room's green plane as seen whenever the figure is elsewhere; −1 where it never is."""
    room = np.full(planes[0].shape, -1, np.float32)
    for index, plane in enumerate(planes):
        free = source.truth(index) == 0
        room[free] = plane[free]
    return room


def test_an_unknown_layout_is_refused() -> None:
    """By the same words as everywhere."""
    with pytest.raises(FrameError, match="nv12"):
        SyntheticSource(width=16, height=16, frames=1, rate=RATE, pixels="nv12")
