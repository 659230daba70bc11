"""The segmenter that runs a network in eight-bit integers: quantised by NNCF, run by OpenVINO.

What lives here: plain post-training quantisation, with NNCF's own defaults, and keeping two noisy
libraries quiet. What does not: which pictures it is calibrated on (``sets.py``). Loaded when int8
is chosen, and the two libraries when a network is quantised. Called on one thread.
"""

from __future__ import annotations

import io
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from mattebox.errors import SegmenterError
from mattebox.nets.torch_engine import DEVIATION, MEAN

Floats: TypeAlias = npt.NDArray[np.float32]
# An OpenVINO model as it is called: float32 (1, 3, h, w), normalised, to the list of its outputs.
Compiled: TypeAlias = Callable[[Floats], Any]

# Neither library has types: what comes from them is Any until it is checked.
Model: TypeAlias = Any

_TELEMETRY = "openvino_telemetry"
# By default OpenVINO takes bfloat16 where the CPU has it, for what is not quantised: then a figure
# would depend on whose computer it is from.
_AS_WRITTEN = {"INFERENCE_PRECISION_HINT": "f32"}


class Int8Segmenter:
    """A ``Segmenter`` of a network that was quantised after training, and plainly.

    Weights and activations are symmetric, weights per channel, activations per tensor; biases are
    corrected: all as NNCF does when nothing is asked of it. NNCF's progress goes to stderr.

    Args:
        network: maps float (N, 3, h, w), normalised as ImageNet's pictures, to saliency (N, 1, h,
            w) in [0, 1]; h and w are multiples of 32. In eval mode.
        pictures: uint8 (1, 3, h, w) each, such as will come: ranges are taken from them.
        device: ``auto`` or ``cpu``.

    Raises:
        SegmenterError: a library is missing, there are no pictures, the device is another, or the
            network cannot be quantised.
    """

    device = torch.device("cpu")

    def __init__(self, network: nn.Module, pictures: Iterable[Tensor], device: str) -> None:
        if device not in ("auto", "cpu"):
            raise SegmenterError(
                f"int8 is computed on the CPU, not on {device!r}.",
                "Pass -d cpu, or -d auto to have the other precisions where they are fast.",
            )
        with _without_telemetry(), redirect_stdout(io.StringIO()):
            openvino, nncf = library("openvino"), library("nncf")
        samples = [_normalised(picture) for picture in pictures]
        if not samples:
            raise SegmenterError(
                "int8 cannot be calibrated: there are no pictures.", "Give one or more."
            )
        try:
            model = _quantised(nncf, _converted(openvino, network), samples)
            self._compiled: Compiled = openvino.Core().compile_model(model, "CPU", _AS_WRITTEN)
        except RuntimeError as error:
            raise SegmenterError(f"the network cannot be quantised: {error}") from error

    def saliency(self, batch: Tensor) -> Tensor:
        """Judge each picture by itself. See ``mattebox.ports.Segmenter``.

        Args:
            batch: uint8 (N, 3, h, w), N ≥ 1, full-range RGB, h and w multiples of 32.

        Returns:
            float32 (N, 1, h, w) in [0, 1].

        Raises:
            SegmenterError: OpenVINO failed.
        """
        try:
            # OpenVINO uses an output's memory again: a copy is kept.
            maps = [np.array(self._compiled(_normalised(each[None]))[0]) for each in batch]
        except RuntimeError as error:
            raise SegmenterError(
                f"the network failed in int8 for pictures of {tuple(batch.shape)}: {error}"
            ) from error
        return torch.from_numpy(np.concatenate(maps))


def library(name: str) -> ModuleType:
    """The module of that name, of those that the extra ``int8`` installs.

    Raises:
        SegmenterError: it is not installed, or does not work here.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise SegmenterError(
            f"int8 needs NNCF and OpenVINO, and {name} cannot be loaded: {error}.",
            'Run `pip install "mattebox[int8]"`.',
        ) from error


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """Keep both libraries from reporting each use to their maker, as they do unless refused.

    They do without the module that reports, if it cannot be imported when they are.
    """
    before = {name: module for name, module in sys.modules.items() if name == _TELEMETRY}
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # Python's way to forbid an import
    try:
        yield
    finally:
        del sys.modules[_TELEMETRY]
        sys.modules.update(before)


def _converted(openvino: ModuleType, network: nn.Module) -> Model:
    """The network as an OpenVINO model of any height and width that are multiples of 32."""
    sides = {axis: 32 * torch.export.Dim(name) for axis, name in ((2, "rows"), (3, "columns"))}
    # Two sides that are neither equal nor 32, or they would be taken for constants.
    example = torch.zeros(1, 3, 64, 96)
    with warnings.catch_warnings():
        # PyTorch and OpenVINO call what they themselves have deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        program = torch.export.export(network, (example,), dynamic_shapes=(sides,))
        return openvino.convert_model(program)


def _quantised(nncf: ModuleType, model: Model, samples: list[Floats]) -> Model:
    with redirect_stdout(sys.stderr):  # standard output is the caller's
        return nncf.quantize(model, nncf.Dataset(samples), subset_size=len(samples))


def _normalised(picture: Tensor) -> Floats:
    """uint8 (1, 3, h, w) to float32, as the network was trained."""
    mean, deviation = (torch.tensor(each).view(1, 3, 1, 1) for each in (MEAN, DEVIATION))
    return np.asarray(((picture.cpu() - mean) / deviation).numpy(), np.float32)
