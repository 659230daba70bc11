"""Mattes without a network: the matting stage that asks a key instead.

The keys themselves live in ``chroma_key`` and ``threshold``. A generator: it runs on the matting
thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from torch import Tensor

from mattebox.frame import Frame, Matte
from mattebox.matting.chroma_key import ChromaKey, ChromaKeyOptions
from mattebox.matting.resample import within_own_alpha
from mattebox.matting.threshold import LuminanceThreshold, ThresholdOptions

__all__ = [
    "ChromaKey",
    "ChromaKeyOptions",
    "Key",
    "LuminanceThreshold",
    "ThresholdOptions",
    "keying",
]


class Key(Protocol):
    """What tells the foreground from its ground without a network."""

    def cut(self, frame: Frame) -> Matte | None:
        """The frame, its colours cleaned where the key can, and its alpha on the CPU.

        Called with frames in order of pts. None: it is not known yet what to key; the frame will be
        given again as soon as it is.

        Raises:
            FrameError: frames of that format cannot be keyed.
            SettingsError: the key's options do not fit what the frames show.
        """
        ...

    def end(self) -> None:
        """Called once after the last frame.

        Raises:
            SettingsError: nothing in all the frames could be keyed.
        """
        ...


def keying(
    batches: Iterator[list[Frame]],
    key: Key,
    finish: Callable[[Tensor, Frame], Tensor] | None = None,
) -> Iterator[Matte]:
    """One matte for each frame, in order.

    Args:
        batches: lists of frames, as the matting stage gets them.
        key: makes the mattes.
        finish: what is done to each alpha, float32 (height, width) in [0, 1], before it leaves.

    Yields:
        one matte per frame; where the frame has alpha of its own, the matte is nowhere above it.

    Raises:
        FrameError, SettingsError: as ``Key.cut`` and ``Key.end``.
    """
    held: list[Frame] = []
    for batch in batches:
        for frame in batch:
            held.append(frame)
            if (matte := key.cut(frame)) is None:
                continue
            for earlier in held[:-1]:
                if (late := key.cut(earlier)) is not None:
                    yield _finished(late, earlier, finish)
            held.clear()
            yield _finished(matte, frame, finish)
    key.end()


def _finished(
    matte: Matte, frame: Frame, finish: Callable[[Tensor, Frame], Tensor] | None
) -> Matte:
    alpha = finish(matte.alpha, frame) if finish else matte.alpha
    return Matte(matte.frame, within_own_alpha(alpha, frame))
