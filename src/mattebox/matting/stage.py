"""The matting stage: a generator from lists of frames to mattes.

What lives here: the order of the steps. What does not: threads, queues
(``stages``) and the arithmetic (the other files of this folder). Runs on the thread that iterates
it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor

from mattebox.frame import Coverage, Frame, Matte
from mattebox.matting.asking import Asked, Asking
from mattebox.matting.focus import FocusOptions
from mattebox.matting.refine import RefineOptions, refine_in_cells
from mattebox.matting.resample import within_own_alpha
from mattebox.matting.subject import Chooser, SubjectOptions, draw_regions
from mattebox.matting.temporal import Look, TemporalOptions, steadied
from mattebox.ports import Segmenter
from mattebox.timing import seconds


@dataclass(frozen=True, slots=True)
class MattingOptions:
    """How frames become mattes.

    Attributes:
        size: the long side of the network's picture in pixels, a multiple of 32.
        focus: how the network looks closer at a small subject; None: always at the whole frame.
        temporal: how other frames steady a frame; None where each stands for itself.
        subject: who stays.
        refine: how the map becomes a matte.
    """

    size: int
    focus: FocusOptions | None
    temporal: TemporalOptions | None
    subject: SubjectOptions
    refine: RefineOptions


def matting(
    batches: Iterator[list[Frame]], segmenter: Segmenter, options: MattingOptions
) -> Iterator[Matte]:
    """Give every frame its matte, in order; a batch is one call of the network, or each frame is.

    How frames are grouped changes nothing: steadying over time goes frame by frame. Frames wait
    here for those that ``temporal`` looks ahead to.

    Args:
        batches: lists of one or more frames of one format, in order of pts; whoever
            made them closes them.
        segmenter: the network.
        options: see there.

    Yields:
        one matte per frame, with the map before steadying. Where the frame has alpha of its
        own, the matte is nowhere above it.

    Raises:
        FrameError: a batch of several formats.
        SegmenterError: the network failed.
    """
    waiting: deque[Asked] = deque()
    asking = asking_for(options, segmenter)
    asked = _noted((each for batch in batches for each in asking.ask(batch)), waiting)
    finishing = Finishing(options, segmenter.device)
    for saliency in _maps(asked, options.temporal):
        yield finishing.matte(waiting.popleft(), saliency)


class Finishing:
    """The steps from a steadied map to a matte; remembers who was chosen, so one for each stream.

    Args:
        options: of the stage.
        device: where maps are refined.
    """

    def __init__(self, options: MattingOptions, device: torch.device) -> None:
        self._device, self._refine = device, _on_device(options.refine, device)
        self._subject, self._chooser = options.subject, Chooser(options.subject)

    def matte(self, asked: Asked, saliency: Tensor) -> Matte:
        """The matte of a frame, whose map is ``saliency`` now, float32 (h, w) in [0, 1]."""
        frame = asked.frame
        if asked.begins:
            self._chooser.forget()
        with torch_threads(1):
            kept = kept_by(self._chooser, saliency, frame).to(self._device)
            alpha, coverage = refine_in_cells(kept, frame, self._refine, asked.guide)
            alpha, coverage = _within_limits(alpha, coverage, frame, self._subject)
        return Matte.covered(frame, alpha, asked.saliency, coverage)


def asking_for(options: MattingOptions, segmenter: Segmenter) -> Asking:
    """What asks the network about one stream's frames."""
    sees_cuts = options.subject.choose != "all"
    return Asking(segmenter, options.size, options.focus, sees_cuts=sees_cuts)


def solid(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
    """Keep everything: alpha is 1, or the frame's own alpha where it has any.

    Args:
        batches: lists of frames.
    """
    for batch in batches:
        for frame in batch:
            alpha = torch.ones(frame.format.height, frame.format.width)
            yield Matte(frame, within_own_alpha(alpha, frame))


def _on_device(options: RefineOptions, device: torch.device) -> RefineOptions:
    """The options with what is learnt where maps are refined, whoever made them."""
    if options.edges is None or device.type == "cpu":
        return options
    return replace(options, edges=options.edges.to(device))


def _noted(asked: Iterator[Asked], waiting: deque[Asked]) -> Iterator[Asked]:
    for each in asked:
        waiting.append(each)
        yield each


def _within_limits(
    alpha: Tensor, coverage: Coverage | None, frame: Frame, options: SubjectOptions
) -> tuple[Tensor, Coverage | None]:
    """Alpha with the regions in it, and nowhere above the frame's own."""
    drawn = with_regions(alpha, options)
    if frame.format.pixels.has_alpha:
        return within_own_alpha(drawn, frame), None
    return drawn, coverage if drawn is alpha else None


def with_regions(alpha: Tensor, options: SubjectOptions) -> Tensor:
    """``draw_regions`` of a tensor; the tensor itself where there are none."""
    if not options.keep_in and not options.keep_out:
        return alpha
    return torch.from_numpy(draw_regions(alpha.cpu().numpy(), options)).to(alpha.device)


def kept_by(chooser: Chooser, saliency: Tensor, frame: Frame) -> Tensor:
    """A map, or alpha, with nobody in it but who is chosen; the tensor itself if all are."""
    if chooser.options.choose == "all":
        return saliency
    moment = seconds(frame.pts, frame.format.time_base)
    return torch.from_numpy(chooser.keep(saliency.cpu().numpy(), moment))


def _maps(asked: Iterator[Asked], options: TemporalOptions | None) -> Iterator[Tensor]:
    """Each frame's map, steadied; may read ahead."""
    if options is None:
        return (each.saliency for each in asked)
    return (torch.from_numpy(each) for each in steadied(map(_look, asked), options))


def _look(asked: Asked) -> Look:
    frame = asked.frame
    picture = np.ascontiguousarray(asked.picture.numpy().transpose(1, 2, 0))
    moment = seconds(frame.pts, frame.format.time_base)
    return Look(picture, asked.saliency.cpu().numpy(), moment)


@cache
def usual_threads() -> int:
    """How many threads PyTorch takes in this program where nobody says otherwise.

    Asked once: a thread begins with the number that was set last, and another one may be in
    between.
    """
    return torch.get_num_threads()


@contextmanager
def torch_threads(number: int) -> Iterator[None]:
    """Run what follows on so many threads, then go back to as many as usual.

    One is for small steps, of well under a millisecond each. Shared among threads they cost several
    times as much: the helpers stay awake between steps, waiting for the next one. On one thread a
    1280×720 frame took 3 ms of CPU time, on two threads of a busy machine of two cores 40.
    """
    usual = usual_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(usual)
