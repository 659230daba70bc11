"""What is judged: a checkpoint in a precision and with settings, as a generator of maps.

What lives here: the precisions there are, and showing frames to a network as the product does.
What does not: measuring (``judging.py``), truth in the place of a network (``oracle.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from typing import Protocol, TypeAlias

import numpy as np
from torch import Tensor

from mattebox.assemble import matting_options
from mattebox.errors import SettingsError
from mattebox.frame import Frame
from mattebox.matting.prepare import MULTIPLE, prepare
from mattebox.matting.stage import MattingOptions, matting
from mattebox.nets import weights
from mattebox.nets.torch_engine import DTYPES, TorchSegmenter
from mattebox.nets.weights import Checkpoint
from mattebox.ports import Segmenter
from mattebox.settings import nested, parse_assignments, resolve
from mattebox_lab.evaluate.oracle import Oracle, noise_of
from mattebox_lab.evaluate.sets import Sample
from mattebox_lab.evaluate.stills import Map

# Reads pictures such as will come, each uint8 (1, 3, h, w), anew at each call.
Pictures: TypeAlias = Callable[[], Iterable[Tensor]]
# Of a checkpoint, the name of a device, and what may be calibrated on.
MakeSegmenter: TypeAlias = Callable[[Checkpoint, str, Pictures], Segmenter]

REFERENCE_PRECISION = "fp32"


class Judgement(Protocol):
    """Makes the maps of a set."""

    def __call__(self, samples: Iterator[Sample], *, moving: bool) -> Iterator[Map]:
        """A map of each sample, in order: float32 (h, w) in [0, 1], of any size.

        Args:
            samples: of one set; may be read some samples ahead.
            moving: whether they are consecutive frames of one clip.
        """


@dataclass(frozen=True, slots=True)
class View:
    """How a network is shown a frame, and what of it is judged.

    Attributes:
        size: the longer side of the network's picture in pixels, a multiple of 32.
        squash: whether every picture is squashed to size × size, as U²-Net's authors do; the
            product keeps the aspect.
        matte: whether the product's matte at the frame's size is judged; otherwise it is the
            network's map, as it is.
        over_time: whether the mattes of a clip are made of all of its frames in order, as the
            product makes them; otherwise of each frame by itself.
        share: at which share of their size the pictures of clips are shown, amid their own mirror
            image: to see what becomes of small subjects.
        lines: the height that the pictures of clips are scaled to; None leaves them.

    Raises:
        SettingsError: the size is no multiple of 32, the share is not in (0, 1], or maps are to be
            made over time.
    """

    size: int
    squash: bool = False
    matte: bool = False
    over_time: bool = False
    share: float = 1.0
    lines: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise SettingsError(
                f"pictures cannot be shown at {self.share:g} of their size.",
                "Pass --share between 0 and 1, such as 0.6.",
            )
        if self.size < MULTIPLE or self.size % MULTIPLE:
            raise SettingsError(
                f"a network cannot be shown pictures of {self.size} pixels: U²-Net halves them "
                f"five times, so the size is a multiple of {MULTIPLE}.",
                f"Pass --size {max(1, round(self.size / MULTIPLE)) * MULTIPLE}.",
            )
        if self.over_time and not self.matte:
            raise SettingsError(
                "the network's maps are not made over time, only the product's mattes are.",
                "Pass --matte as well as --over-time.",
            )


@dataclass(frozen=True, slots=True)
class Contender:
    """One column of the table.

    Attributes:
        name: of the checkpoint.
        precision: of its arithmetic.
        sha256: of the checkpoint's file; empty for a network that is no file.
        judgement: from a set's samples to their maps.
        settings: what is not as the defaults say, as ``--with`` was given it.
    """

    name: str
    precision: str
    sha256: str
    judgement: Judgement
    settings: str = ""

    @property
    def label(self) -> str:
        """What people call it."""
        return " ".join(part for part in (self.name, self.precision, self.settings) if part)


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
    settings: Sequence[str] = ("",),
) -> list[Contender]:
    """Load every checkpoint in every precision, with all of the settings.

    Args:
        models: names or paths, as ``weights.find`` takes them; ``oracle``: see ``oracle.py``.
        precisions: keys of ``PRECISIONS``.
        device: as for ``TorchSegmenter``.
        view: how they are shown frames.
        calibration: reads the frames to calibrate on; called once for each network that needs it.
        settings: assignments with a space between them, each text for one more contender.

    Raises:
        SettingsError: there is no such precision or setting.
        SegmenterError: a checkpoint, the device or a library cannot be had.
        SourceError: there is nothing to calibrate on, or it cannot be read.
    """
    for precision in precisions:
        if precision not in PRECISIONS:
            raise SettingsError(
                f"no precision {precision!r}; there are {', '.join(PRECISIONS)}.",
                "Pass one of these to --precision.",
            )
    options = {text: options_of(view, text) for text in dict.fromkeys(settings)}
    noises = {model: noise for model in models if (noise := noise_of(model)) is not None}
    found = {each: weights.find(each) for each in dict.fromkeys(models) if each not in noises}
    names = [checkpoint.name for checkpoint in found.values()]
    pictures = partial(_shown, calibration, view)
    contenders = []
    for model in dict.fromkeys(models):
        if model in noises:
            contenders += [
                Contender(model, "", "", oracle_judgement(noises[model], view, chosen), text)
                for text, chosen in options.items()
            ]
            continue
        checkpoint = found[model]
        # Two files may have one name: then each is called by its path.
        name = checkpoint.name if names.count(checkpoint.name) == 1 else str(checkpoint.path)
        for precision in dict.fromkeys(precisions):
            segmenter = PRECISIONS[precision](checkpoint, device, pictures)
            contenders += [
                Contender(
                    name, precision, checkpoint.sha256, judgement_of(segmenter, view, chosen), text
                )
                for text, chosen in options.items()
            ]
    return contenders


def options_of(view: View, settings: str = "") -> MattingOptions:
    """The matting stage's options: the defaults but for some settings and the view's size.

    Raises:
        SettingsError: an assignment is none, or not allowed.
    """
    changes = nested(parse_assignments(settings.split()))
    options = matting_options(resolve(changes))
    focus = options.focus and replace(options.focus, size=view.size)
    return replace(options, size=view.size, focus=focus)


def judgement_of(
    segmenter: Segmenter, view: View, options: MattingOptions | None = None
) -> Judgement:
    """A segmenter as a generator of its maps, or of the product's mattes.

    Args:
        options: of the matting stage; None: the defaults. Not used for maps.
    """
    return partial(_judged, segmenter, view, options or options_of(view))


def oracle_judgement(noise: float, view: View, options: MattingOptions) -> Judgement:
    """The truth in the place of a network: see ``Oracle``. It never looks closer."""
    # It answers whole frames, one after the other: it could not tell which part a crop is.
    whole = replace(options, focus=None)

    def judgement(samples: Iterator[Sample], *, moving: bool) -> Iterator[Map]:
        oracle = Oracle(noise)
        return _judged(oracle, view, whole, oracle.watching(samples), moving=moving)

    return judgement


def _judged(
    segmenter: Segmenter,
    view: View,
    options: MattingOptions,
    samples: Iterator[Sample],
    *,
    moving: bool,
) -> Iterator[Map]:
    shown = (_squashed(each.frame) if view.squash else each.frame for each in samples)
    if not view.matte:
        for frame in shown:
            yield _as_map(segmenter.saliency(prepare([frame], view.size))[0, 0])
    elif view.over_time and moving:
        for matte in matting(([frame] for frame in shown), segmenter, options):
            yield _as_map(matte.alpha)
    else:
        for frame in shown:
            yield _as_map(next(matting(iter([[frame]]), segmenter, options)).alpha)


def _shown(frames: Callable[[], Iterable[Frame]], view: View) -> Iterator[Tensor]:
    for frame in frames():
        yield prepare([_squashed(frame) if view.squash else frame], view.size)


def _squashed(frame: Frame) -> Frame:
    """The same planes, said to fill a square on the screen: so they are prepared as one."""
    format = frame.format
    aspect = Fraction(format.height, format.width)
    return replace(frame, format=replace(format, sample_aspect=aspect))


def _as_map(tensor: Tensor) -> Map:
    return np.asarray(tensor.float().cpu().numpy(), np.float32)
