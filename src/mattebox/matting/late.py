"""The matting stage of live pictures, which does not wait for the network.

While the network looks at one frame, those that come meanwhile get the newest map there is, carried
along their motion. What lives here: when the network is asked, and when its answer is waited for.
What does not: the thread that asks it, which the caller brings along. Runs on the thread that
iterates it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor

from mattebox.colour import Plane
from mattebox.errors import MatteboxError
from mattebox.frame import Frame, Matte
from mattebox.matting.asking import Asked, Asking
from mattebox.matting.carry import Carrier, CarryOptions
from mattebox.matting.motion import Picture
from mattebox.matting.prepare import prepare_with_guides
from mattebox.matting.stage import Finishing, MattingOptions, torch_threads, usual_threads
from mattebox.ports import Segmenter
from mattebox.timing import seconds

Result = TypeVar("Result")

# A network that answers within this time is waited for: its map is of the frame itself.
_QUICK_S = 0.02


class Submit(Protocol):
    """Gives work to another thread, which does one piece after the other."""

    def __call__(self, work: Callable[[], Result], /) -> Future[Result]:
        """Return at once; the future has what the work returns or raises."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What the network said.

    Attributes:
        asked: the frame, and its map.
        took_s: seconds of asking.
    """

    asked: Asked
    took_s: float


# Asks the network about a frame; whether nothing else is done meanwhile.
Ask: TypeAlias = Callable[[Frame, bool], Answer]


class Past:
    """What is known of one stream; a stage that is exchanged leaves it to the one after it.

    Args:
        submit: asks the network on a thread of its own.

    Attributes:
        answers: how many the network has given.
    """

    def __init__(self, submit: Submit) -> None:
        self._submit = submit
        self.answers = 0
        self._carrier = Carrier()
        self._pending: Future[Answer] | None = None
        self._asked_by: Ask | None = None
        self._size: int | None = None
        self._is_quick = False

    def look(self, frame: Frame, size: int, ask: Ask, options: CarryOptions) -> Asked:
        """What is known of a frame by now; its map is on the CPU.

        Args:
            frame: the next one, in order.
            size: the long side of the first map, in pixels.
            ask: asks the network, on the other thread; one for each stage.
            options: how long what was seen counts.

        Raises:
            SegmenterError: the network failed, now or in the meantime.
        """
        moment = seconds(frame.pts, frame.format.time_base)
        small = _Small.of(frame, self._size or size)
        goes_on = self._carrier.arrive(small.picture, moment, options)
        is_answered = False
        while not is_answered:
            has_to_wait = self._has_to_wait(moment, options)
            if self._pending is None:
                self._pending = self._submit(partial(ask, frame, has_to_wait))
                self._asked_by = ask
                self._carrier.ask()
            if not (self._pending.done() or has_to_wait):
                break
            if (answer := self._answer(ask)) is not None:
                small = self._believe(answer, small, options)
                is_answered = answer.asked.frame is frame
        map = torch.from_numpy(self._carrier.map())
        return Asked(frame, small.tensor, small.guide, map, begins=not goes_on)

    def forget(self) -> None:
        """Keep no picture; the thread that asks has ended."""
        self._carrier, self._pending = Carrier(), None

    def is_of(self, submit: Submit) -> bool:
        """Whether the network is asked by that."""
        return self._submit == submit

    def expect_turn(self) -> None:
        """Frames soon come with left and right exchanged. Any thread."""
        self._carrier.expect_turn()

    def _has_to_wait(self, moment: float, options: CarryOptions) -> bool:
        answered_at = self._carrier.answered_at
        is_old = answered_at is None or moment - answered_at > options.longest_s
        return is_old or self._is_quick

    def _answer(self, ask: Ask) -> Answer | None:
        """What was asked last; None where that failed and was asked by a stage before this one."""
        assert self._pending is not None, "something was asked"
        pending, self._pending = self._pending, None
        try:
            return pending.result()
        except MatteboxError:
            if self._asked_by is ask:
                raise
            return None
        finally:
            del pending  # an error holds this frame, and so what it holds

    def _believe(self, answer: Answer, small: _Small, options: CarryOptions) -> _Small:
        """Take in an answer; the newest frame at the size of its map."""
        asked = answer.asked
        self.answers += 1
        self._is_quick = answer.took_s <= _QUICK_S
        self._size = max(asked.saliency.shape)
        if small.picture.shape[:2] != tuple(asked.saliency.shape):
            small = _Small.of(small.frame, self._size)
        shown = np.ascontiguousarray(asked.picture.numpy().transpose(1, 2, 0))
        self._carrier.answer(shown, asked.saliency.numpy(), small.picture, options)
        return small


def matting_late(
    batches: Iterator[list[Frame]],
    segmenter: Segmenter,
    options: MattingOptions,
    carrying: CarryOptions,
    past: Past,
) -> Iterator[Matte]:
    """Give every frame its matte, in order, without waiting for the network wherever that can be.

    The network is asked about the newest frame whenever it is free. It is waited for where nothing
    is known (at the start, in a new scene), where what is known is older than
    ``carrying.longest_s``, and where it is quick.

    Args:
        batches: lists of frames; whoever made them closes them.
        segmenter: the network; called on the thread of ``past``.
        options: see there; ``temporal`` is not used.
        carrying: how long what was seen counts.
        past: what is known already.

    Yields:
        one matte per frame, with the steadied map.

    Raises:
        SegmenterError: the network failed.
    """
    asking = Asking(segmenter, options.size, options.focus, sees_cuts=False)
    finishing = Finishing(options, segmenter.device)

    def ask(frame: Frame, alone: bool) -> Answer:
        # Otherwise one is left to what goes on meanwhile.
        with torch_threads(usual_threads() if alone else max(1, usual_threads() - 1)):
            return _answered(asking, frame)

    for batch in batches:
        for frame in batch:
            asked = past.look(frame, options.size, ask, carrying)
            yield finishing.matte(asked, asked.saliency)
            del frame, asked  # or they would live on while the next one is waited for
        del batch


def _answered(asking: Asking, frame: Frame) -> Answer:
    began = time.perf_counter()
    (asked,) = asking.ask([frame])
    asked = replace(asked, saliency=asked.saliency.cpu())
    return Answer(asked, time.perf_counter() - began)


@dataclass(frozen=True, slots=True, eq=False)
class _Small:
    """A frame at the size of a map.

    Attributes:
        tensor: uint8 (3, h, w), RGB.
        guide: its first plane.
        picture: ``tensor`` as (h, w, 3).
    """

    frame: Frame
    tensor: Tensor
    guide: Plane
    picture: Picture

    @classmethod
    def of(cls, frame: Frame, size: int) -> _Small:
        (tensor,), (guide,) = prepare_with_guides([frame], size)
        return cls(frame, tensor, guide, np.ascontiguousarray(tensor.numpy().transpose(1, 2, 0)))
