"""One backdrop fades into another."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import torch

from mattebox.backdrops.switch import LentBackdrop, SwitchBackdrop
from mattebox.colour import Planes
from mattebox.errors import DecodeError
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.pixels import pixel_format

FORMAT = VideoFormat(4, 2, pixel_format("gray"), Fraction(1, 100), Fraction(25))


class Flat:
    """One level everywhere; counts what is done to it."""

    def __init__(self, level: int, *, fails: bool = False) -> None:
        self.level, self.fails = level, fails
        self.opened = self.closed = 0

    def open(self, format: VideoFormat) -> None:
        """Count."""
        self.opened += 1

    def render(self, matte: Matte) -> Planes:
        """The level."""
        assert self.opened == 1
        assert not self.closed
        if self.fails:
            raise DecodeError("the file has gone.")
        return (np.full((2, 4), self.level, np.uint8),)

    def close(self) -> None:
        """Count."""
        self.closed += 1


def level(switch: SwitchBackdrop, ticks: int) -> int:
    """What is shown at a moment, in hundredths of a second."""
    matte = Matte(Frame((np.zeros((2, 4), np.uint8),), FORMAT, ticks), torch.zeros(2, 4))
    (plane,) = switch.render(matte)
    assert np.unique(plane).size == 1
    return int(plane[0, 0])


def opened(backdrop: Flat) -> Flat:
    backdrop.open(FORMAT)
    return backdrop


def switching(first: Flat) -> SwitchBackdrop:
    switch = SwitchBackdrop(first)
    switch.open(FORMAT)
    return switch


def test_a_change_is_a_fade_in_the_frames_own_time() -> None:
    """It begins at nothing, is half way in the middle, never goes back, and ends on the new one."""
    dark, light = Flat(0), opened(Flat(200))
    switch = switching(dark)
    assert level(switch, 0) == 0
    switch.switch(light, fade_s=0.4)
    seen = [level(switch, ticks) for ticks in range(4, 60, 4)]
    assert seen[0] == 0
    assert seen[5] == 100
    assert seen == sorted(seen)
    assert max(np.diff(seen)) < 40
    assert seen[10:] == [200] * 4
    assert dark.closed == 1
    switch.close()
    assert light.closed == 1


def test_of_several_that_wait_the_newest_is_taken_and_none_is_left_open() -> None:
    """Somebody clicks through the gallery."""
    many = [opened(Flat(each)) for each in (50, 100, 150, 200)]
    switch = switching(Flat(0))
    level(switch, 0)
    switch.switch(many[0], fade_s=0.4)
    level(switch, 4)  # the first fades in
    for backdrop in many[1:]:
        switch.switch(backdrop, fade_s=0.4)
    assert level(switch, 44) == 50
    assert level(switch, 48) == 50
    assert level(switch, 100) == 200
    switch.close()
    assert [each.closed for each in many] == [1, 1, 1, 1]


def test_no_time_to_fade_is_a_cut() -> None:
    """fade_s = 0."""
    switch = switching(Flat(0))
    switch.switch(opened(Flat(200)), fade_s=0)
    assert level(switch, 0) == 200
    switch.close()


def test_what_leaves_may_fail_and_a_clock_may_be_set_back() -> None:
    """Neither stops what comes."""
    leaving = Flat(0)
    switch = switching(leaving)
    switch.switch(opened(Flat(200)), fade_s=0.4)
    assert level(switch, 10) == 0
    leaving.fails = True
    assert level(switch, 14) == 200
    third = opened(Flat(90))
    switch.switch(third, fade_s=0.4)
    assert level(switch, 20) == 200
    assert level(switch, 3) == 90
    switch.close()


def test_what_comes_after_the_end_is_closed() -> None:
    """The camera went away while a backdrop was loaded."""
    switch = switching(Flat(0))
    switch.close()
    late = opened(Flat(1))
    switch.switch(late, fade_s=0.4)
    assert late.closed == 1


def test_a_lent_backdrop_is_neither_opened_nor_closed() -> None:
    """It is another's."""
    own = opened(Flat(7))
    lent = LentBackdrop(own)
    lent.open(FORMAT)
    lent.close()
    assert (own.opened, own.closed) == (1, 0)
