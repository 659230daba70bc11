"""Laws of seeing a cut at a glance."""

from __future__ import annotations

import numpy as np
import pytest

import clips
from mattebox.frame import Frame
from mattebox.matting.cuts import CutFinder


def _room(seed: int, shift: int = 0, size: tuple[int, int] = (320, 180)) -> Frame:
    """Large patches of gray, moved to the side."""
    patches = np.random.default_rng(seed).integers(16, 235, (6, 10)).astype(np.uint8)
    luma = np.kron(patches, np.ones((size[1] // 6, size[0] // 10), np.uint8))
    format = clips.video_format("yuv420p", size)
    neutral = np.full(format.plane_shapes[1], 128, np.uint8)
    return Frame((np.roll(luma, shift, axis=1), neutral, neutral), format, pts=0)


def test_another_room_is_another_scene_and_a_moving_camera_is_not() -> None:
    """The first frame begins nothing that somebody would have to forget."""
    finder = CutFinder()
    frames = [_room(1), _room(1, 4), _room(1, 8), _room(2), _room(2, 3)]

    assert [finder.is_cut(frame) for frame in frames] == [False, False, False, True, False]


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (640, 6)])
def test_pictures_of_any_size_can_be_compared(size: tuple[int, int]) -> None:
    """Glances have one size."""
    finder = CutFinder()
    frame = clips.pattern_frame(clips.video_format("yuv420p", size))

    assert not finder.is_cut(frame)
    assert not finder.is_cut(frame)
