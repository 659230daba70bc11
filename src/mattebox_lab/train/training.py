"""The loop: phases one after the other, resumed to the bit.

A run is a folder: ``recipe.json``, ``state.pt`` to go on from, ``weights.safetensors`` to use,
``metrics.jsonl``, and a contact sheet per epoch. Everything random comes from the recipe's seed and
the step's number, so a run that was stopped gives the same weights as one that was not, on the same
machine with the same number of threads and processes. Not so on a GPU, where PyTorch adds up some
gradients (of bilinear interpolation) in any order.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from mattebox.errors import SegmenterError, SettingsError, SourceError, WeightsError
from mattebox.nets import weights
from mattebox.nets.torch_engine import choose_precision, lay_channels_last, prepared
from mattebox.nets.u2net import U2Net
from mattebox_lab.files import write_whole
from mattebox_lab.train import checkpoints
from mattebox_lab.train.batches import Batch, batches
from mattebox_lab.train.blocks import BlockLoss, chosen_stages
from mattebox_lab.train.eight_bits import in_eight_bits
from mattebox_lab.train.muon import optimisers
from mattebox_lab.train.peers import Peers
from mattebox_lab.train.preview import contact_sheet, preview_batch
from mattebox_lab.train.recipe import Phase, Recipe, mixture
from mattebox_lab.train.scenes.pairs import PairSet
from mattebox_lab.train.whole import WholeLoss, as_u2net

# What a run may go on with that was otherwise when it began.
_FREE = {"device", "workers", "report"}
STATE, WEIGHTS, METRICS, RECIPE = "state.pt", "weights.safetensors", "metrics.jsonl", "recipe.json"
# Steps whose gradient is longer are shortened to it: one odd batch shall not undo a hundred others.
_LONGEST_GRADIENT = 5.0

Metrics = Mapping[str, float | int | str]
Tell = Callable[[Metrics], None]


class Loss(Protocol):
    """What a phase minimises: the sum of the terms."""

    def __call__(self, batch: Batch, device: torch.device, dtype: torch.dtype) -> dict[str, Tensor]:
        """The terms by name, already times their weights."""


def training_dtype(precision: str, device: torch.device) -> torch.dtype:
    """What convolutions compute in; ``auto``: bf16 where the device multiplies in it, else fp32.

    A CPU that emulates bf16 takes nine times as long as in fp32, and GPUs older than Ampere emulate
    it as well. fp16 is no choice: gradients underflow in it.
    """
    if precision == "auto" and device.type == "cuda":
        precision = "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp32"
    elif precision == "auto":
        precision = choose_precision(precision, device)
    return torch.float32 if precision == "fp32" else torch.bfloat16


def is_faster_channels_last(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether the network learns faster with each pixel's channels side by side.

    On the CPU in fp32 it does not: oneDNN's gradients took a quarter longer (2.5 s against 2.0 s a
    picture of 256 px on one core with AVX2).
    """
    return device.type != "cpu" or dtype != torch.float32


@dataclass(slots=True)
class Progress:
    """Where a run stands.

    Attributes:
        phase: number of the phase, from 0.
        step: steps of that phase that are done.
    """

    phase: int = 0
    step: int = 0


class Run:
    """A run of a recipe.

    Args:
        recipe: see there.
        sets: the recipe's sets.
        folder: of the run; made if need be.
        tell: is given each line of metrics.

    Raises:
        WeightsError: the start or the teacher cannot be had.
        SegmenterError: the device is not there.
        SettingsError: the recipe asks for what does not exist.
    """

    def __init__(
        self, recipe: Recipe, sets: Mapping[str, PairSet], folder: Path, tell: Tell
    ) -> None:
        self._recipe, self._sets, self._folder, self._tell = recipe, sets, folder, tell
        self._peers = Peers()
        self._device = self._peers.device(recipe.device)
        self._dtype = training_dtype(recipe.precision, self._device)
        self.network = checkpoints.starting_network(recipe.start, recipe.seed).to(self._device)
        if is_faster_channels_last(self._device, self._dtype):
            lay_channels_last(self.network)
        self._teacher = self._loaded_teacher()
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self._averaged = 0
        self._progress = Progress()
        self._optimisers: list[torch.optim.Optimizer] = []
        self._trained: list[nn.Parameter] = []
        self._lines: list[str] = []
        self._stop_wanted, self.is_stopped = False, False
        for phase in recipe.phases:
            chosen_stages(phase.stages)
        self._mixtures = [
            mixture(recipe, phase, sets, self._seed(number))
            for number, phase in enumerate(recipe.phases)
        ]

    @property
    def is_first(self) -> bool:
        """Whether this process writes the run's files."""
        return self._peers.is_first

    @property
    def precision(self) -> str:
        """What convolutions compute in: bf16 or fp32."""
        return "fp32" if self._dtype == torch.float32 else "bf16"

    @property
    def device(self) -> str:
        """The name of the device."""
        return str(self._device)

    def stop(self) -> None:
        """End ``go`` after the step that is on. Callable from a signal's handler."""
        self._stop_wanted = True

    def _seed(self, phase: int) -> int:
        return self._recipe.seed + 1000 * phase

    def _loaded_teacher(self) -> U2Net | None:
        """The recipe's teacher.

        Raises:
            WeightsError: its stages cannot teach the student's.
        """
        if self._recipe.teacher is None:
            return None
        loaded = weights.load(weights.find(self._recipe.teacher))
        ours, theirs = self.network.architecture, loaded.architecture
        if ours != theirs and any(phase.teaches_stages for phase in self._recipe.phases):
            raise WeightsError(
                f"{self._recipe.teacher} is a {theirs.name}, and its stages cannot teach those of "
                f"a {ours.name}.",
                "Take a teacher of the same network, or set features to 0 and leave out blocks.",
            )
        return as_u2net(prepared(loaded, self._device, self._dtype))

    def begin(self) -> None:
        """Start a new run.

        Raises:
            SettingsError: the folder holds one.
        """
        if (self._folder / STATE).exists():
            raise SettingsError(
                f"cannot begin a run in {self._folder}: it holds one already.",
                "Pass --resume to go on with it, or another --out.",
            )
        if self._peers.is_first:
            self._start_files()
        self._optimisers = self._new_optimisers()

    def _start_files(self) -> None:
        recipe = self._recipe.model_dump_json(indent=1)
        write_whole(self._folder / RECIPE, recipe.encode(), checkpoints.ADVICE)
        self._write_metrics()

    def resume(self) -> None:
        """Take up a run where it was saved last.

        Raises:
            SourceError: there is none.
            SettingsError: it was begun with another recipe.
        """
        path = self._folder / STATE
        if not path.exists():
            raise SourceError(
                f"cannot resume in {self._folder}: there is no {STATE}.", "Leave out --resume."
            )
        state = checkpoints.read_state(path, self._device)
        begun, wanted = json.loads(state["recipe"]), json.loads(self._recipe.model_dump_json())
        begun["precision"], wanted["precision"] = (
            state.get("precision", self.precision),
            self.precision,
        )
        other = [key for key in wanted if key not in _FREE and begun.get(key) != wanted[key]]
        if other:
            raise SettingsError(
                f"cannot resume in {self._folder}: it was begun with another recipe, or as another "
                f"command said: {', '.join(other)} differ from {RECIPE} there.",
                "Pass what it was begun with, or begin a new run with another --out.",
            )
        self._progress = Progress(*state["progress"])
        self._averaged = state["averaged"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimisers = self._new_optimisers()
        for optimiser, saved in zip(self._optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(saved)
        if self._peers.is_first:
            self._forget_metrics_after()

    def _forget_metrics_after(self) -> None:
        done = (self._progress.phase, self._progress.step)
        with suppress(FileNotFoundError):
            lines = (self._folder / METRICS).read_text("utf-8", "replace").splitlines()
            self._lines = [line for line in lines if _place(line) <= done]
        self._write_metrics()

    def _write_metrics(self) -> None:
        text = "".join(f"{line}\n" for line in self._lines)
        write_whole(self._folder / METRICS, text.encode(), checkpoints.ADVICE)

    def go(self, at_most: int | None = None) -> None:
        """Train what is left, or so many steps of it; saves at each epoch and at the end."""
        left = at_most if at_most is not None else self._recipe.steps
        while left > 0 and self._progress.phase < len(self._recipe.phases) and not self.is_stopped:
            left -= self._train_phase(left)
            self.save()

    def save(self) -> None:
        """Write the state and the weights.

        Raises:
            SinkError: they cannot be written.
            WeightsError: the run has diverged.
        """
        if not self._peers.is_first:
            return
        checkpoints.write_weights(self.average, self._folder / WEIGHTS)
        state = {
            "recipe": self._recipe.model_dump_json(),
            "precision": self.precision,
            "progress": (self._progress.phase, self._progress.step),
            "averaged": self._averaged,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimisers": [optimiser.state_dict() for optimiser in self._optimisers],
        }
        checkpoints.write_state(state, self._folder / STATE)

    def _new_optimisers(self) -> list[torch.optim.Optimizer]:
        """Of the phase that is on; none after the last."""
        if self._progress.phase == len(self._recipe.phases):
            return []
        phase = self._recipe.phases[self._progress.phase]
        self._trained = self._parameters_of(phase)
        return optimisers(self._trained, phase.learning_rate, phase.learning_rate_of_the_rest)

    def _parameters_of(self, phase: Phase) -> list[nn.Parameter]:
        if phase.kind == "whole":
            return list(self.network.parameters())
        stages = chosen_stages(phase.stages)
        return [each for name in stages for each in self.network.get_submodule(name).parameters()]

    def _loss(self, phase: Phase) -> Loss:
        if phase.kind == "whole":
            return WholeLoss(self.network, self._teacher, phase.losses)
        assert self._teacher is not None, "recipes are checked for it"
        return BlockLoss(self.network, self._teacher, phase.stages)

    def _train_phase(self, at_most: int) -> int:
        """Train a phase to its end, or so many steps; gives the number of steps."""
        number, begun = self._progress.phase, self._progress.step
        phase, loss = self._recipe.phases[number], self._loss(self._recipe.phases[number])
        shown = preview_batch(phase, self._mixtures[number])
        stretch = _Stretch()
        coming = batches(
            phase,
            self._mixtures[number],
            self._seed(number),
            begun,
            -(-self._recipe.workers // self._peers.count),  # rounded up
            self._peers.share,
        )
        for batch in coming:
            stretch.add(batch.counted, self._step(phase, loss, batch))
            self._progress.step += 1
            self._report(phase, stretch)
            if self._progress.step % self._recipe.epoch == 0:
                self._end_epoch(phase, shown)
            self.is_stopped = self._peers.agree(self._stop_wanted)
            if self.is_stopped or self._progress.step - begun == at_most:
                break
        done = self._progress.step - begun
        if self._progress.step == phase.steps:
            self._end_epoch(phase, shown)
            self._progress = Progress(number + 1, 0)
            self._optimisers = self._new_optimisers()
        return done

    def _step(self, phase: Phase, loss: Loss, batch: Batch) -> dict[str, float]:
        """One step of every optimiser; gives the terms of the loss."""
        share = rate_share(phase, self._progress.step)
        for optimiser in self._optimisers:
            for group in optimiser.param_groups:
                group.setdefault("peak", group["lr"])
                group["lr"] = group["peak"] * share
        terms = self._descended(phase, loss, batch)
        self._peers.average_gradients(self._trained, batch.counted)
        nn.utils.clip_grad_norm_(self._trained, _LONGEST_GRADIENT)
        for optimiser in self._optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self._take_average()
        return terms

    def _descended(self, phase: Phase, loss: Loss, batch: Batch) -> dict[str, float]:
        """Gradients of a batch, and the terms of its loss.

        Raises:
            SegmenterError: the device has too little memory.
            WeightsError: the loss is no number.
        """
        eight_bits = self._is_in_eight_bits(phase)
        try:
            with in_eight_bits(self.network) if eight_bits else nullcontext():
                terms = loss(batch, self._device, self._dtype)
            torch.autograd.backward(torch.stack(list(terms.values())).sum())
        except torch.OutOfMemoryError as error:
            count, _, height, width = batch.pictures.shape
            raise SegmenterError(
                f"{self._device} has no memory for {count} pictures of {width}×{height}.",
                f"Lower pixels in the phase {phase.name}.",
            ) from error
        values = {name: float(term.detach()) for name, term in terms.items()}
        wrong = [name for name, value in values.items() if not math.isfinite(value)]
        if wrong:
            raise WeightsError(
                f"the loss {wrong[0]} of the phase {phase.name} is {values[wrong[0]]} at step "
                f"{self._progress.step + 1}: the run has diverged.",
                "Go on from the last save with a lower learning rate.",
            )
        return values

    def _is_in_eight_bits(self, phase: Phase) -> bool:
        if not phase.eight_bits:
            return False
        rng = np.random.default_rng([self._seed(self._progress.phase), self._progress.step, 2])
        return bool(rng.random() < phase.eight_bits)

    @torch.no_grad()
    def _take_average(self) -> None:
        """An exponential average that forgets the first steps sooner than the later ones."""
        self._averaged += 1
        kept = min(self._recipe.average, self._averaged / (self._averaged + 9))
        pairs = zip(self.average.parameters(), self.network.parameters(), strict=True)
        for mean, newest in pairs:
            mean.lerp_(newest, 1 - kept)

    def _report(self, phase: Phase, stretch: _Stretch) -> None:
        at_end = self._progress.step == phase.steps
        if self._progress.step % self._recipe.report and not at_end:
            return
        means = stretch.means(self._peers.total(stretch.pictures))
        stretch.begin()
        if not self._peers.is_first:
            return
        line: dict[str, float | int | str] = {
            "phase": self._progress.phase,
            "name": phase.name,
            "step": self._progress.step,
            "of": phase.steps,
            **means,
        }
        self._lines.append(json.dumps(line))
        self._write_metrics()
        self._tell(line)

    def _end_epoch(self, phase: Phase, shown: Batch) -> None:
        if not self._peers.is_first:
            return
        sheet = contact_sheet(self.average, shown, self._device)
        name = f"sheet-{self._progress.phase}-{self._progress.step:06}.png"
        _, data = cv2.imencode(".png", sheet)
        write_whole(self._folder / name, data.tobytes(), checkpoints.ADVICE)
        if self._progress.step < phase.steps:
            self.save()


class _Stretch:
    """Means of what happened since the last line of metrics."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.pictures, self._since = 0, time.monotonic()
        self._sums: dict[str, float] = defaultdict(float)
        self._counts: dict[str, int] = defaultdict(int)

    def add(self, pictures: int, terms: Mapping[str, float]) -> None:
        self.pictures += pictures
        for name, value in (*terms.items(), ("loss", sum(terms.values()))):
            self._sums[name] += value
            self._counts[name] += 1

    def means(self, pictures: float) -> dict[str, float]:
        """Each term's mean over the steps that had it here, and all processes' images a second."""
        passed = max(1e-9, time.monotonic() - self._since)
        means = {name: round(total / self._counts[name], 5) for name, total in self._sums.items()}
        return {**means, "images": int(pictures), "images_per_second": round(pictures / passed, 2)}


def rate_share(phase: Phase, step: int) -> float:
    """The share of the learning rates at a step: a rise, then a cosine down to ``final_share``."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / phase.steps))
    return min(1.0, (step + 1) / phase.warm_up) * (
        phase.final_share + (1 - phase.final_share) * cosine
    )


def shortened(recipe: Recipe, share: float) -> Recipe:
    """The same recipe with so much of every phase's steps, at least two: to try it out."""
    if share == 1:
        return recipe
    phases = [
        phase.model_copy(update={"steps": max(2, round(phase.steps * share))})
        for phase in recipe.phases
    ]
    return recipe.model_copy(update={"phases": tuple(phases)})


def _place(line: str) -> tuple[float, float]:
    """Where a line of metrics was written; a damaged one nowhere that counts."""
    try:
        read = json.loads(line)
        return read["phase"], read["step"]
    except (ValueError, KeyError, TypeError):
        return math.inf, math.inf
