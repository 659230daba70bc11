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
from itertools import zip_longest

import numpy as np
import torch
from torch import Tensor

from mattebox.colour import Plane
from mattebox.frame import Coverage, Frame, Matte
from mattebox.matting.cuts import CutFinder
from mattebox.matting.focus import FINER, Focus, FocusOptions
from mattebox.matting.prepare import prepare, prepare_with_guides, small_size
from mattebox.matting.refine import RefineOptions, refine_in_cells
from mattebox.matting.resample import within_own_alpha
from mattebox.matting.subject import Chooser, SubjectOptions, draw_regions
from mattebox.matting.temporal import Look, Map, TemporalOptions, steadied
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
    threads = torch.get_num_threads()
    refining = _on_device(options.refine, segmenter.device)
    waiting: deque[_Asked] = deque()
    asked = _noted(_asked(batches, segmenter, options), waiting)
    chooser = Chooser(options.subject)
    for saliency in _maps(asked, options.temporal):
        asked_of = waiting.popleft()
        frame = asked_of.frame
        if asked_of.begins:
            chooser.forget()
        with _one_torch_thread(threads):
            kept = kept_by(chooser, saliency, frame).to(asked_of.saliency.device)
            alpha, coverage = refine_in_cells(kept, frame, refining, asked_of.guide)
            alpha, coverage = _within_limits(alpha, coverage, frame, options.subject)
        yield Matte.covered(frame, alpha, asked_of.saliency, coverage)


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


def _noted(asked: Iterator[_Asked], waiting: deque[_Asked]) -> Iterator[_Asked]:
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


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A frame, what the network was shown of it, and what it said.

    Attributes:
        picture: uint8 (3, h, w).
        guide: the frame's first plane at that size.
        saliency: float32 (h, w) in [0, 1], on the segmenter's device.
        begins: whether the frame begins another scene, as far as a glance tells; only where the
            subject is chosen, which excludes focus.
    """

    frame: Frame
    picture: Tensor
    guide: Plane
    saliency: Tensor
    begins: bool = False


def _asked(
    batches: Iterator[list[Frame]], segmenter: Segmenter, options: MattingOptions
) -> Iterator[_Asked]:
    cuts = CutFinder()
    if options.focus is None:
        for batch in batches:
            for asked in _asked_together(batch, segmenter, options.size):
                begins = options.subject.choose != "all" and cuts.is_cut(asked.frame)
                yield replace(asked, begins=begins)
        return
    focus = Focus(options.focus)
    for batch in batches:
        # While it looks closely, where it looks next depends on what it has seen.
        wholes = [] if focus.is_close else [*_asked_together(batch, segmenter, options.size)]
        for frame, whole in zip_longest(batch, wholes):
            was_close = focus.is_close
            if was_close and cuts.is_cut(frame):
                focus.forget()
            asked = _asked_closely(frame, whole, focus, segmenter, options.size)
            if focus.is_close and not was_close:
                cuts.is_cut(frame)  # what the next one is compared with
            yield asked


def _asked_together(batch: list[Frame], segmenter: Segmenter, size: int) -> Iterator[_Asked]:
    pictures, guides = prepare_with_guides(batch, size)
    maps = segmenter.saliency(pictures)[:, 0]
    for each in zip(batch, pictures, guides, maps, strict=True):
        yield _Asked(*each)


def _asked_closely(
    frame: Frame, whole: _Asked | None, focus: Focus, segmenter: Segmenter, size: int
) -> _Asked:
    def ask(shown: Frame) -> Map:
        return segmenter.saliency(prepare([shown], size))[0, 0].cpu().numpy()

    known = None if whole is None else whole.saliency.cpu().numpy()
    map = focus.look(frame, seconds(frame.pts, frame.format.time_base), ask, known)
    if whole is not None and map is known:
        return whole
    longer = size if map.shape == small_size(frame.format, size) else FINER * size
    (picture,), (guide,) = prepare_with_guides([frame], longer)
    return _Asked(frame, picture, guide, torch.from_numpy(map).to(segmenter.device))


def _maps(asked: Iterator[_Asked], options: TemporalOptions | None) -> Iterator[Tensor]:
    """Each frame's map, steadied; may read ahead."""
    if options is None:
        return (each.saliency for each in asked)
    return (torch.from_numpy(each) for each in steadied(map(_look, asked), options))


def _look(asked: _Asked) -> Look:
    frame = asked.frame
    picture = np.ascontiguousarray(asked.picture.numpy().transpose(1, 2, 0))
    moment = seconds(frame.pts, frame.format.time_base)
    return Look(picture, asked.saliency.cpu().numpy(), moment)


@contextmanager
def _one_torch_thread(otherwise: int) -> Iterator[None]:
    """Run small steps on one thread and go back to ``otherwise`` many for the network.

    Each step takes well under a millisecond. Shared among threads it costs several times as much:
    the helpers stay awake between steps, waiting for the next one. On one thread a 1280×720 frame
    took 3 ms of CPU time, on two threads of a busy machine of two cores 40. The number counts for
    the whole process, so it is not read again here: another stage may be in between.
    """
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(otherwise)
