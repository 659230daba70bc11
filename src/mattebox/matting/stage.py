"""The matting stage: a generator from lists of frames to mattes.

What lives here: the order of the steps, and the state over time. What does not: threads, queues
(``stages``) and the arithmetic (the other files of this folder). Runs on the thread that iterates
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from mattebox.frame import Frame, Matte
from mattebox.matting.prepare import prepare_with_guides
from mattebox.matting.refine import RefineOptions, refine_in_cells
from mattebox.matting.resample import within_own_alpha
from mattebox.matting.temporal import TemporalOptions, TemporalState, steady
from mattebox.ports import Segmenter
from mattebox.timing import seconds


@dataclass(frozen=True, slots=True)
class MattingOptions:
    """How frames become mattes.

    Attributes:
        size: the long side of the network's picture in pixels, a multiple of 32.
        temporal: how the past steadies the present; None where each frame stands for itself.
        refine: how the map becomes a matte.
    """

    size: int
    temporal: TemporalOptions | None
    refine: RefineOptions


def matting(
    batches: Iterator[list[Frame]], segmenter: Segmenter, options: MattingOptions
) -> Iterator[Matte]:
    """Give every frame its matte, in order; each batch is one call of the network.

    How frames are grouped changes nothing: steadying over time goes frame by frame.

    Args:
        batches: lists of one or more frames of one format, in order of pts; whoever
            made them closes them.
        segmenter: the network.
        options: see there.

    Yields:
        one matte per frame, with the map as the network gave it. Where the frame has alpha of its
        own, the matte is nowhere above it.

    Raises:
        FrameError: a batch of several formats.
        SegmenterError: the network failed.
    """
    state: TemporalState | None = None
    threads = torch.get_num_threads()
    for batch in batches:
        pictures, guides = prepare_with_guides(batch, options.size)
        maps = segmenter.saliency(pictures)
        for frame, picture, guide, saliency in zip(
            batch, pictures, guides, maps[:, 0], strict=True
        ):
            with _one_torch_thread(threads):
                steadied, state = _steadied(frame, picture, saliency, state, options.temporal)
                alpha, coverage = refine_in_cells(steadied, frame, options.refine, guide)
                if frame.format.pixels.has_alpha:
                    alpha, coverage = within_own_alpha(alpha, frame), None
            yield Matte.covered(frame, alpha, saliency, coverage)


def solid(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
    """Keep everything: alpha is 1, or the frame's own alpha where it has any.

    Args:
        batches: lists of frames.
    """
    for batch in batches:
        for frame in batch:
            alpha = torch.ones(frame.format.height, frame.format.width)
            yield Matte(frame, within_own_alpha(alpha, frame))


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


def _steadied(
    frame: Frame,
    picture: Tensor,
    saliency: Tensor,
    state: TemporalState | None,
    options: TemporalOptions | None,
) -> tuple[Tensor, TemporalState | None]:
    if options is None:
        return saliency, None
    moment = seconds(frame.pts, frame.format.time_base)
    return steady(saliency, picture.to(saliency.device), moment, state, options)
