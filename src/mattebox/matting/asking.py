"""Frames shown to the network, whole or closely: the first step of every stage that has one.

What lives here: what the network is shown, and where it looks. What does not: what becomes of its
maps (``stage``, ``late``). Called on one thread, with frames in order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

import torch
from torch import Tensor

from mattebox.colour import Plane
from mattebox.frame import Frame
from mattebox.matting.cuts import CutFinder
from mattebox.matting.focus import FINER, Focus, FocusOptions
from mattebox.matting.prepare import prepare, prepare_with_guides, small_size
from mattebox.matting.temporal import Map
from mattebox.ports import Segmenter
from mattebox.timing import seconds


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A frame, what the network was shown of it, and what it said.

    Attributes:
        picture: uint8 (3, h, w), the frame at the map's size, RGB.
        guide: the frame's first plane at that size.
        saliency: float32 (h, w) in [0, 1], on the segmenter's device.
        begins: whether the frame begins another scene, as far as a glance tells; only where that
            was asked for, and there is no focus.
    """

    frame: Frame
    picture: Tensor
    guide: Plane
    saliency: Tensor
    begins: bool = False


class Asking:
    """Asks the network about the frames of one stream.

    Args:
        segmenter: the network.
        size: the long side of what it is shown, in pixels.
        focus: how it looks closer at a small subject; None: always at the whole frame.
        sees_cuts: whether ``Asked.begins`` is to be told.
    """

    def __init__(
        self, segmenter: Segmenter, size: int, focus: FocusOptions | None, *, sees_cuts: bool
    ) -> None:
        self._segmenter, self._size = segmenter, size
        self._focus = None if focus is None else Focus(focus)
        self._cuts, self._sees_cuts = CutFinder(), sees_cuts

    def ask(self, batch: list[Frame]) -> Iterator[Asked]:
        """Ask about a few frames together, or, while the network looks closely, one by one."""
        if self._focus is not None:
            yield from self._through(self._focus, batch)
            return
        for asked in self._together(batch):
            begins = self._sees_cuts and self._cuts.is_cut(asked.frame)
            yield replace(asked, begins=begins)

    def _through(self, focus: Focus, batch: list[Frame]) -> Iterator[Asked]:
        # While it looks closely, where it looks next depends on what it has seen.
        wholes = [] if focus.is_close else [*self._together(batch)]
        for frame, whole in zip_longest(batch, wholes):
            was_close = focus.is_close
            if was_close and self._cuts.is_cut(frame):
                focus.forget()
            asked = self._closely(frame, whole, focus)
            if focus.is_close and not was_close:
                self._cuts.is_cut(frame)  # what the next one is compared with
            yield asked

    def _together(self, batch: list[Frame]) -> Iterator[Asked]:
        pictures, guides = prepare_with_guides(batch, self._size)
        maps = self._segmenter.saliency(pictures)[:, 0]
        for each in zip(batch, pictures, guides, maps, strict=True):
            yield Asked(*each)

    def _closely(self, frame: Frame, whole: Asked | None, focus: Focus) -> Asked:
        def ask(shown: Frame) -> Map:
            return self._segmenter.saliency(prepare([shown], self._size))[0, 0].cpu().numpy()

        known = None if whole is None else whole.saliency.cpu().numpy()
        map = focus.look(frame, seconds(frame.pts, frame.format.time_base), ask, known)
        if whole is not None and map is known:
            return whole
        is_whole = map.shape == small_size(frame.format, self._size)
        (picture,), (guide,) = prepare_with_guides(
            [frame], self._size if is_whole else FINER * self._size
        )
        return Asked(frame, picture, guide, torch.from_numpy(map).to(self._segmenter.device))
