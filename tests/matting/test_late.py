"""Laws of the matting stage that does not wait for the network."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import pytest
import torch

from mattebox.errors import SegmenterError
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.matting import late
from mattebox.matting.carry import CarryOptions
from mattebox.matting.late import Past, matting_late
from mattebox.matting.stage import MattingOptions, matting
from mattebox.matting.subject import SubjectOptions
from mattebox.matting.temporal import TemporalOptions
from mattebox.pixels import pixel_format
from refining import REFINE
from segmenters import BrightnessSegmenter

Result = TypeVar("Result")

PLAIN = replace(REFINE, radius_px=0, fill_holes=0.0, remove_specks=0.0)
OPTIONS = MattingOptions(
    size=96, focus=None, temporal=None, subject=SubjectOptions("all", (), ()), refine=PLAIN
)
CARRYING = CarryOptions(half_life_s=0.2, certainty=0.5, scene_cut=0.5, gap_s=0.5, longest_s=0.3)
FORMAT = VideoFormat(192, 96, pixel_format("gbrp"), Fraction(1, 25), Fraction(25))


class Answering(Future[Any]):
    """Work that is done when it is waited for, or when its turn has come."""

    def __init__(self, desk: Desk, work: Callable[[], Any]) -> None:
        super().__init__()
        self._desk, self._work, self._due = desk, work, desk.number + desk.delay

    def done(self) -> bool:
        """Whether so many frames have come since."""
        return self._desk.number >= self._due

    def result(self, timeout: float | None = None) -> Any:
        """What the work returns; noted if that had to be waited for."""
        if not self.done():
            self._desk.waited.append(self._desk.number)
        try:
            self.set_result(self._work())
        except SegmenterError as error:
            self.set_exception(error)
        try:
            return super().result(timeout)
        finally:
            del self  # as there: the error holds this frame


@dataclass
class Desk:
    """A thread that is none: what it is given is answered so many frames later.

    Attributes:
        delay: how many.
        number: of the newest frame.
        asked: at which frames the network was asked.
        waited: at which it was waited for.
    """

    delay: int
    number: int = -1
    asked: list[int] = field(default_factory=list)
    waited: list[int] = field(default_factory=list)

    def submit(self, work: Callable[[], Result], /) -> Future[Result]:
        """See ``Submit``."""
        self.asked.append(self.number)
        return Answering(self, work)


@pytest.fixture(autouse=True)
def never_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The segmenters of tests answer at once."""
    monkeypatch.setattr(late, "_QUICK_S", -1.0)


def frame(number: int, x: int, *, seed: int = 0) -> Frame:
    """Somebody bright, textured and 48 pixels wide, so far from the left of a dark room."""
    generator = np.random.default_rng(seed)
    room = np.kron(generator.integers(0, 60, (12, 24)), np.ones((8, 8))).astype(np.uint8)
    body = np.kron(np.random.default_rng(9).integers(195, 255, (6, 6)), np.ones((8, 8)))
    room[24:72, x : x + 48] = body
    return Frame((room, room, room), FORMAT, number)


def turned(frame: Frame) -> Frame:
    """With left and right exchanged."""
    return replace(frame, planes=tuple(np.ascontiguousarray(p[:, ::-1]) for p in frame.planes))


def run(
    desk: Desk,
    frames: list[Frame],
    past: Past | None = None,
    segmenter: BrightnessSegmenter | None = None,
) -> list[Matte]:
    def feed() -> Iterator[list[Frame]]:
        for each in frames:
            desk.number = each.pts
            yield [each]

    past = past or Past(desk.submit)
    network = segmenter or BrightnessSegmenter(4)
    return list(matting_late(feed(), network, OPTIONS, CARRYING, past))


def error(matte: Matte, x: int) -> float:
    """How much of somebody there is amiss."""
    truth = np.zeros((96, 192), np.float32)
    truth[24:72, x : x + 48] = 1
    return float(np.abs(matte.alpha.numpy() - truth).sum() / truth.sum())


def test_every_frame_has_a_matte_of_its_own_and_the_network_looks_at_some() -> None:
    """Whenever it is free, at the newest; only the first is waited for."""
    desk = Desk(delay=3)
    frames = [frame(number, 40 + 4 * number) for number in range(13)]
    past = Past(desk.submit)
    mattes = run(desk, frames, past)
    assert [matte.frame for matte in mattes] == frames
    assert past.answers == 4  # the last one has not come yet
    assert desk.asked == [0, 1, 4, 7, 10]
    assert desk.waited == [0]
    for number, matte in enumerate(mattes):
        assert error(matte, 40 + 4 * number) < 0.2
    assert error(mattes[3], 40) > 0.4  # so far is what was asked about


def test_a_network_that_answers_in_time_gives_what_the_other_stage_gives() -> None:
    """Each frame has its own map, steadied as by ``steadied``."""
    frames = [frame(number, 40 + 4 * number) for number in range(8)]
    mattes = run(Desk(delay=0), frames)
    temporal = TemporalOptions(
        half_life_s=0.2, certainty=0.5, scene_cut=0.5, gap_s=0.5, look_ahead=0, block=1
    )
    steady = replace(OPTIONS, temporal=temporal)
    expected = matting(iter([each] for each in frames), BrightnessSegmenter(4), steady)
    for mine, other in zip(mattes, expected, strict=True):
        assert float((mine.alpha - other.alpha).abs().mean()) < 0.02


def test_a_new_scene_waits_for_the_network() -> None:
    """An answer about the old one counts for nothing in it."""
    desk = Desk(delay=3)
    scenes = [frame(n, 40) for n in range(6)] + [frame(n, 100, seed=5) for n in range(6, 12)]
    for each in scenes[6:]:
        object.__setattr__(each, "planes", tuple(255 - plane for plane in each.planes))
    mattes = run(desk, scenes)
    assert desk.waited == [0, 6, 6]
    assert mattes[6].alpha[40, 120] < 0.05 < 0.95 < mattes[6].alpha[10, 10]


def test_nothing_is_carried_longer_than_that() -> None:
    """0.3 s are seven and a half frames; then answers are waited for, until one is of these."""
    desk = Desk(delay=100)
    run(desk, [frame(number, 40) for number in range(20)])
    assert desk.waited == [0, 8, 9, 16, 17]


def test_an_error_of_the_network_is_raised_once_it_is_known() -> None:
    """And not before: the frames until then have their mattes."""

    class Failing(BrightnessSegmenter):
        def saliency(self, batch: torch.Tensor) -> torch.Tensor:
            if len(self.batches) == 1:
                raise SegmenterError("the device is gone.")
            return super().saliency(batch)

    desk = Desk(delay=3)

    def feed() -> Iterator[list[Frame]]:
        for number in range(9):
            desk.number = number
            yield [frame(number, 40)]

    mattes = matting_late(feed(), Failing(4), OPTIONS, CARRYING, Past(desk.submit))
    assert [next(mattes).frame.pts for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(SegmenterError, match="gone"):
        next(mattes)


def test_a_stage_goes_on_where_another_one_was() -> None:
    """With its past it waits for nothing."""
    desk = Desk(delay=3)
    past = Past(desk.submit)
    run(desk, [frame(number, 40) for number in range(5)], past)
    mattes = run(desk, [frame(number, 40) for number in range(5, 9)], past)
    assert desk.waited == [0]
    assert max(error(matte, 40) for matte in mattes) < 0.2


def test_a_picture_that_is_turned_waits_for_nothing() -> None:
    """Nor does one from before that was on its way, nor an answer about one."""
    desk = Desk(delay=3)
    past = Past(desk.submit)
    run(desk, [frame(number, 30) for number in range(6)], past)
    past.expect_turn()
    frames = [frame(6, 30), *(turned(frame(number, 30)) for number in range(7, 13))]
    mattes = run(desk, frames, past)
    assert desk.waited == [0]
    assert error(mattes[0], 30) < 0.2
    assert max(error(matte, 192 - 48 - 30) for matte in mattes[1:]) < 0.2


def test_a_quick_network_is_asked_about_every_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting for it costs less than carrying."""
    monkeypatch.setattr(late, "_QUICK_S", 1.0)
    desk = Desk(delay=3)
    run(desk, [frame(number, 40 + 4 * number) for number in range(6)])
    assert desk.asked == list(range(6))


def test_an_error_of_a_network_that_is_no_longer_used_is_nobodys() -> None:
    """It is asked by a stage that another has replaced: the new one asks its own."""

    class Broken(BrightnessSegmenter):
        def saliency(self, batch: torch.Tensor) -> torch.Tensor:
            if self.batches:
                raise SegmenterError("the device is gone.")
            return super().saliency(batch)

    desk = Desk(delay=3)
    past = Past(desk.submit)
    run(desk, [frame(number, 40) for number in range(3)], past, Broken(4))
    mattes = run(desk, [frame(number, 40) for number in range(3, 8)], past)
    assert max(error(matte, 40) for matte in mattes) < 0.2


def test_a_failure_keeps_no_picture() -> None:
    """Else every outage would keep one until cycles are collected."""

    class Failing(BrightnessSegmenter):
        def saliency(self, batch: torch.Tensor) -> torch.Tensor:
            raise SegmenterError("the device is gone.")

    gc.collect()
    gc.disable()
    try:
        only = frame(0, 40)
        kept = weakref.ref(only.planes[0])
        with pytest.raises(SegmenterError):
            run(Desk(delay=0), [only], segmenter=Failing(4))
        del only
        assert kept() is None
    finally:
        gc.enable()


def test_what_is_no_number_is_nobody_and_is_forgotten() -> None:
    """A network that fails once does not spoil the session."""

    class Spotted(BrightnessSegmenter):
        def saliency(self, batch: torch.Tensor) -> torch.Tensor:
            map = super().saliency(batch)
            if len(self.batches) == 1:
                map[..., 20, 40] = torch.nan
            return map

    mattes = run(Desk(delay=0), [frame(n, 40) for n in range(6)], segmenter=Spotted(4))
    assert all(torch.isfinite(matte.alpha).all() for matte in mattes)
    assert error(mattes[-1], 40) < 0.2


def test_a_past_that_is_forgotten_holds_no_picture() -> None:
    """Nor does it know anything."""
    desk = Desk(delay=3)
    past = Past(desk.submit)
    last = frame(4, 40)
    kept = weakref.ref(last.planes[0])
    run(desk, [*(frame(number, 40) for number in range(4)), last], past)
    past.forget()
    del last
    gc.collect()
    assert kept() is None
    assert past.is_of(desk.submit)
    assert not past.is_of(Desk(delay=0).submit)
