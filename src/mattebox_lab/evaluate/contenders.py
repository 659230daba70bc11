"""What is judged: a checkpoint in a precision, as a function from a frame to a map.

What lives here: the precisions there are, and showing a frame to a network as the product does.
What does not: measuring (``judging.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import TypeAlias

import numpy as np
from torch import Tensor

from mattebox.errors import SettingsError
from mattebox.frame import Frame
from mattebox.matting.prepare import MULTIPLE, prepare
from mattebox.matting.refine import RefineOptions
from mattebox.matting.stage import MattingOptions, matting
from mattebox.nets import weights
from mattebox.nets.torch_engine import DTYPES, TorchSegmenter
from mattebox.nets.weights import Checkpoint
from mattebox.ports import Segmenter
from mattebox.settings import Settings
from mattebox_lab.evaluate.stills import Map

Judgement: TypeAlias = Callable[[Frame], Map]
# Reads pictures such as will come, each uint8 (1, 3, h, w), anew at each call.
Pictures: TypeAlias = Callable[[], Iterable[Tensor]]
# Of a checkpoint, the name of a device, and what may be calibrated on.
MakeSegmenter: TypeAlias = Callable[[Checkpoint, str, Pictures], Segmenter]

REFERENCE_PRECISION = "fp32"


@dataclass(frozen=True, slots=True)
class View:
    """How a network is shown a frame, and what of it is judged.

    Attributes:
        size: the longer side of the network's picture in pixels, a multiple of 32.
        squash: whether every picture is squashed to size × size, as U²-Net's authors do; the
            product keeps the aspect.
        matte: whether the product's matte at the frame's size is judged, not steadied over time,
            with the default levels; otherwise it is the network's map, as it is.

    Raises:
        SettingsError: the size is no multiple of 32.
    """

    size: int
    squash: bool = False
    matte: bool = False

    def __post_init__(self) -> None:
        if self.size < MULTIPLE or self.size % MULTIPLE:
            raise SettingsError(
                f"a network cannot be shown pictures of {self.size} pixels: U²-Net halves them "
                f"five times, so the size is a multiple of {MULTIPLE}.",
                f"Pass --size {max(1, round(self.size / MULTIPLE)) * MULTIPLE}.",
            )


@dataclass(frozen=True, slots=True)
class Contender:
    """One column of the table.

    Attributes:
        name: of the checkpoint.
        precision: of its arithmetic.
        sha256: of the checkpoint's file; empty for a network that is no file.
        judgement: frame to float32 (h, w) in [0, 1], of any size.
    """

    name: str
    precision: str
    sha256: str
    judgement: Judgement

    @property
    def label(self) -> str:
        """What people call it."""
        return f"{self.name} {self.precision}"


def _in_torch(precision: str, checkpoint: Checkpoint, device: str, _: Pictures) -> Segmenter:
    return TorchSegmenter(weights.load(checkpoint), device=device, precision=precision)


def _in_int8(checkpoint: Checkpoint, device: str, pictures: Pictures) -> Segmenter:
    from mattebox_lab.evaluate.int8 import Int8Segmenter

    return Int8Segmenter(weights.load(checkpoint), pictures(), device)


# A precision that needs another engine is one more line.
PRECISIONS: Mapping[str, MakeSegmenter] = {
    **{name: partial(_in_torch, name) for name in DTYPES},
    "int8": _in_int8,
}


def load_contenders(
    models: Sequence[str],
    precisions: Sequence[str],
    device: str,
    view: View,
    calibration: Callable[[], Iterable[Frame]],
) -> list[Contender]:
    """Load every checkpoint in every precision.

    Args:
        models: names or paths, as ``weights.find`` takes them.
        precisions: keys of ``PRECISIONS``.
        device: as for ``TorchSegmenter``.
        view: how they are shown frames.
        calibration: reads the frames to calibrate on; called once for each network that needs it.

    Raises:
        SettingsError: there is no such precision.
        SegmenterError: a checkpoint, the device or a library cannot be had.
        SourceError: there is nothing to calibrate on, or it cannot be read.
    """
    for precision in precisions:
        if precision not in PRECISIONS:
            raise SettingsError(
                f"no precision {precision!r}; there are {', '.join(PRECISIONS)}.",
                "Pass one of these to --precision.",
            )
    found = [weights.find(model) for model in dict.fromkeys(models)]
    names = [checkpoint.name for checkpoint in found]
    pictures = partial(_shown, calibration, view)
    return [
        Contender(
            # Two files may have one name: then each is called by its path.
            checkpoint.name if names.count(checkpoint.name) == 1 else str(checkpoint.path),
            precision,
            checkpoint.sha256,
            judgement_of(PRECISIONS[precision](checkpoint, device, pictures), view),
        )
        for checkpoint in found
        for precision in dict.fromkeys(precisions)
    ]


def _shown(frames: Callable[[], Iterable[Frame]], view: View) -> Iterator[Tensor]:
    for frame in frames():
        yield prepare([_squashed(frame) if view.squash else frame], view.size)


def judgement_of(segmenter: Segmenter, view: View) -> Judgement:
    """A segmenter as a function from a frame to its map, or its matte."""
    whole: Callable[[Frame], Tensor] = (
        partial(_matte, segmenter, _matting_options(view.size))
        if view.matte
        else partial(_saliency, segmenter, view.size)
    )
    return lambda frame: _as_map(whole(_squashed(frame) if view.squash else frame))


def _saliency(segmenter: Segmenter, size: int, frame: Frame) -> Tensor:
    return segmenter.saliency(prepare([frame], size))[0, 0]


def _matte(segmenter: Segmenter, options: MattingOptions, frame: Frame) -> Tensor:
    alone: Iterator[list[Frame]] = iter([[frame]])
    return next(matting(alone, segmenter, options)).alpha


def _matting_options(size: int) -> MattingOptions:
    refine = RefineOptions(**Settings().refine.model_dump())
    return MattingOptions(size=size, temporal=None, refine=refine)


def _squashed(frame: Frame) -> Frame:
    """The same planes, said to fill a square on the screen: so they are prepared as one."""
    format = frame.format
    aspect = Fraction(format.height, format.width)
    return replace(frame, format=replace(format, sample_aspect=aspect))


def _as_map(tensor: Tensor) -> Map:
    return np.asarray(tensor.float().cpu().numpy(), np.float32)
