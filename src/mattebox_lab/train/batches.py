"""What each step of a run shows to the network: drawn from the step's number alone.

So a run that stops and goes on sees the same pictures, whatever number of processes makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from mattebox.errors import MatteboxError
from mattebox_lab.train.recipe import Phase
from mattebox_lab.train.scenes.arrays import Size
from mattebox_lab.train.scenes.mixture import Mixture
from mattebox_lab.train.scenes.sample import Sample
from mattebox_lab.train.scenes.sequences import SequenceFrame

# From a step's numbers to those that are made here, and whether they count.
Share = Callable[[tuple[int, ...]], tuple[tuple[int, ...], bool]]

# Numbers of a step's samples; more than any batch has.
_NUMBERS_OF_A_STEP = 4096

# ImageNet's, which U²-Net's pictures are given by: see ``U2Net.forward``.
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class Plan:
    """The batch of a step, not made yet.

    Attributes:
        numbers: of the samples, or of the clips.
        size: (height, width).
        length: frames of a clip; 1: pictures.
        counts: whether they count here: another process may make the same.
    """

    numbers: tuple[int, ...]
    size: Size
    length: int
    counts: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """The pictures of a step, clips frame by frame.

    Attributes:
        pictures: uint8 (N, 3, h, w) RGB.
        alpha: uint8 (N, 1, h, w).
        taught: bool (N,), where a teacher has a say.
        exact: bool (N,), where soft edges are true.
        length: frames of each clip; 1: pictures.
        back_flow, valid: float32 (N, 2, h, w) and (N, 1, h, w) of clips, see ``SequenceFrame``;
            None for pictures.
        counts: see ``Plan``.
    """

    pictures: Tensor
    alpha: Tensor
    taught: Tensor
    exact: Tensor
    length: int = 1
    back_flow: Tensor | None = None
    valid: Tensor | None = None
    counts: bool = True

    @property
    def counted(self) -> int:
        """How many pictures of it count."""
        return len(self.pictures) if self.counts else 0

    def normalised(self, device: torch.device) -> Tensor:
        """float32 (N, 3, h, w), contiguous: a network that is laid channels last lays it so."""
        pictures = self.pictures.to(device, torch.float32) / 255
        mean = torch.tensor(_MEAN, device=device).view(1, 3, 1, 1)
        deviation = torch.tensor(_DEVIATION, device=device).view(1, 3, 1, 1)
        return ((pictures - mean) / deviation).contiguous()

    def truth(self, device: torch.device) -> Tensor:
        """float32 (N, 1, h, w) in [0, 1]."""
        return self.alpha.to(device, torch.float32) / 255


def plan(phase: Phase, seed: int, step: int) -> Plan:
    """What the step of a phase will show; the seed is the phase's own."""
    rng = np.random.default_rng([seed, step, 1])
    height, width = phase.sizes[int(rng.integers(len(phase.sizes)))]
    count = max(1, round(phase.pixels / (height * width)))
    length = phase.clip_length if rng.random() < phase.clips else 1
    clips = max(1, count // length)
    first = step * _NUMBERS_OF_A_STEP
    return Plan(tuple(range(first, first + clips)), (height, width), length)


def batches(
    phase: Phase,
    mixture: Mixture,
    seed: int,
    first_step: int,
    workers: int,
    share: Share = lambda numbers: (numbers, True),
) -> Iterator[Batch]:
    """The batches of a phase from a step on; ``share`` picks those samples that are wanted here."""
    whole = [plan(phase, seed, step) for step in range(first_step, phase.steps)]
    plans = [_shared(each, share) for each in whole]
    loader = DataLoader(
        _Made(mixture, plans),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=_begin,
        multiprocessing_context="fork" if workers else None,
    )
    for each in loader:
        if isinstance(each, MatteboxError):
            raise each
        yield each


def make(mixture: Mixture, plan: Plan) -> Batch:
    """Draw the samples of a plan."""
    if plan.length == 1:
        batch = _of_pictures([mixture.sample(number, plan.size) for number in plan.numbers])
    else:
        clips = [mixture.sequence(number, plan.size, plan.length) for number in plan.numbers]
        batch = _of_clips([frame for clip in clips for frame in clip], plan.length)
    return replace(batch, counts=plan.counts)


def _shared(plan: Plan, share: Share) -> Plan:
    numbers, counts = share(plan.numbers)
    return replace(plan, numbers=numbers, counts=counts)


class _Made(Dataset[Batch | MatteboxError]):
    """Plans by number, made into batches where they are asked for.

    Errors are handed on as values: a worker's would arrive with a traceback in their words.
    """

    def __init__(self, mixture: Mixture, plans: Sequence[Plan]) -> None:
        self._mixture, self._plans = mixture, plans

    def __len__(self) -> int:
        return len(self._plans)

    def __getitem__(self, index: int) -> Batch | MatteboxError:
        try:
            return make(self._mixture, self._plans[index])
        except MatteboxError as error:
            return error


def _begin(worker: int) -> None:
    cv2.setNumThreads(1)


def _of_pictures(samples: Sequence[Sample]) -> Batch:
    return Batch(
        _pictures(samples),
        _alphas(samples),
        taught=torch.tensor([sample.taught for sample in samples]),
        exact=torch.tensor([sample.exact for sample in samples]),
    )


def _of_clips(frames: Sequence[SequenceFrame], length: int) -> Batch:
    flows = np.stack([frame.back_flow for frame in frames]).astype(np.float32)
    valid = np.stack([frame.valid for frame in frames]).astype(np.float32)
    return Batch(
        _pictures(frames),
        _alphas(frames),
        taught=torch.tensor([frame.taught for frame in frames]),
        exact=torch.zeros(len(frames), dtype=torch.bool),
        length=length,
        back_flow=torch.from_numpy(flows).permute(0, 3, 1, 2),
        valid=torch.from_numpy(valid)[:, None],
    )


def _pictures(samples: Sequence[Sample | SequenceFrame]) -> Tensor:
    stacked = np.stack([sample.picture for sample in samples])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2)


def _alphas(samples: Sequence[Sample | SequenceFrame]) -> Tensor:
    return torch.from_numpy(np.stack([sample.alpha for sample in samples]))[:, None]
