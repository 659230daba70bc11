"""Stages and layers are exchanged between two frames, and no frame is lost or matted twice."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
import torch

from mattebox.backdrops.colour import ColourBackdrop
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.live.exchange import ExchangeableLayer, MattingStage, following
from mattebox.pixels import pixel_format

FORMAT = VideoFormat(4, 2, pixel_format("gray"), Fraction(1, 25), Fraction(25))


def frame(pts: int) -> Frame:
    return Frame((np.zeros((2, 4), np.uint8),), FORMAT, pts)


def marking(level: float, delay: int = 0) -> MattingStage:
    """A stage whose mattes are all one level, and come so many frames later."""

    def stage(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        waiting: list[Frame] = []
        for batch in batches:
            waiting += batch
            while len(waiting) > delay:
                yield Matte(waiting.pop(0), torch.full((2, 4), level))
        for each in waiting:
            yield Matte(each, torch.full((2, 4), level))

    return stage


@pytest.mark.parametrize("delay", [0, 2])
def test_every_frame_has_one_matte_across_a_change(delay: int) -> None:
    """By the stage that was current when it came, in order, also where some come later."""
    first, second = marking(0.25, delay), marking(0.75, delay)
    current = first

    def batches() -> Iterator[list[Frame]]:
        nonlocal current
        for pts in range(10):
            if pts == 4:
                current = second
            yield [frame(pts)]

    mattes = list(following(batches(), lambda: current))
    assert [matte.frame.pts for matte in mattes] == list(range(10))
    assert [float(matte.alpha[0, 0]) for matte in mattes] == [0.25] * 4 + [0.75] * 6


def test_an_error_of_a_stage_is_the_callers() -> None:
    """Nothing is swallowed."""

    def failing(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        for _ in batches:
            raise ValueError("no")
        yield from ()

    with pytest.raises(ValueError, match="no"):
        list(following(iter([[frame(0)]]), lambda: failing))


class Level:
    """A layer of one gray level; counts how often it was closed."""

    def __init__(self, level: int) -> None:
        self.level, self.closed = level, 0

    def open(self, format: VideoFormat) -> VideoFormat:
        """As it is."""
        return format

    def render(self, matte: Matte) -> Frame:
        """The level."""
        return Frame((np.full((2, 4), self.level, np.uint8),), FORMAT, matte.frame.pts)

    def close(self) -> None:
        """Count."""
        self.closed += 1


def test_a_layer_is_exchanged_between_two_pictures_and_closed_once() -> None:
    """The one that waits too, if it never came to be used."""
    layers = [Level(level) for level in (1, 2, 3, 4)]
    shown = ExchangeableLayer(layers[0], ColourBackdrop((0, 0, 0)))
    shown.open(FORMAT)
    matte = Matte(frame(0), torch.zeros(2, 4))
    assert shown.render(matte).planes[0][0, 0] == 1
    shown.exchange(layers[1])
    shown.exchange(layers[2])
    assert shown.render(matte).planes[0][0, 0] == 3
    assert shown.glimpse is not None
    assert shown.glimpse.matte is matte
    shown.exchange(layers[3])
    shown.close()
    assert [layer.closed for layer in layers] == [1, 1, 1, 1]
