"""The segmenter that runs a network in PyTorch: device, precision, memory, warm-up.

What lives here: which devices there are, which precision suits each, the normalisation that the
network was trained with, and what happens when memory runs out. What does not: the network
(``u2net.py``), its weights (``weights.py``), resizing (the workshop). Called on the matting thread.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from mattebox.errors import SegmenterError
from mattebox.nets.u2net import fold_batch_norm

_log = logging.getLogger(__name__)

DTYPES: Final = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}

# Mean and deviation of ImageNet's pictures, on a scale of 0 to 255: what U²-Net was trained with.
MEAN = (255 * 0.485, 255 * 0.456, 255 * 0.406)
DEVIATION = (255 * 0.229, 255 * 0.224, 255 * 0.225)

# A convolution whose bias is far larger than what it gives subtracts large numbers from each
# other, and there the eight bits of bfloat16 are not enough. The authors' U²-NetP has four such
# (biases from 53 to 1361; all others stay below 11). With these four in float32 its maps agree
# with float32's at a mean IoU of 0.998 over the golden stills; without, at 0.961.
_LARGE_BIAS = 16.0


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device that PyTorch can compute on.

    Attributes:
        name: what to call it in settings, such as ``cpu`` or ``cuda:0``.
        description: its maker's name for it, and what matters about it here.
        memory: its own memory in bytes; None where it shares the computer's.
        precision: what ``auto`` means on it.
        preferred: whether ``auto`` chooses it.
    """

    name: str
    description: str
    memory: int | None
    precision: str
    preferred: bool


class TorchSegmenter:
    """A ``Segmenter`` in PyTorch. Keeps its own folded copy of the network.

    Args:
        network: maps float (N, 3, h, w), normalised as ImageNet's pictures, to saliency (N, 1, h,
            w) in [0, 1]; a ``U2Net``, with or without batch norms.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        precision: ``auto``, ``fp32``, ``bf16``, ``fp16``. CUDA computes fp32 convolutions in
            TF32, as PyTorch does by default.
        pictures_at_once: how much of a batch goes through the network together, as long as memory
            suffices; None for what suits the device.

    Raises:
        SegmenterError: the device is not there, or the precision is unknown.
    """

    def __init__(
        self,
        network: nn.Module,
        *,
        device: str,
        precision: str,
        pictures_at_once: int | None = None,
    ) -> None:
        self._device = choose_device(device)
        self.precision = choose_precision(precision, self._device)
        self._dtype = DTYPES[self.precision]
        self._network = prepared(network, self._device, self._dtype)
        self._mean = torch.tensor(MEAN, device=self._device).view(1, 3, 1, 1)
        self._scale = 1 / torch.tensor(DEVIATION, device=self._device).view(1, 3, 1, 1)
        # One on a CPU: its caches hold one picture's maps, and of four each takes an eighth longer.
        usual = 1 if self._device.type == "cpu" else sys.maxsize
        self._at_once = pictures_at_once or usual

    @property
    def device(self) -> torch.device:
        """Where the maps come out."""
        return self._device

    def saliency(self, batch: Tensor) -> Tensor:
        """Judge each picture by itself. See ``mattebox.ports.Segmenter``.

        Args:
            batch: uint8 (N, 3, h, w), N ≥ 1, full-range RGB, on any device.

        Returns:
            float32 (N, 1, h, w) in [0, 1] on ``device``.

        Raises:
            SegmenterError: the batch is none, the device failed, or memory ran out at N = 1.
        """
        _check_batch(batch)
        at_once_before = self._at_once
        maps: list[Tensor] = []
        done = 0
        while done < len(batch):
            part = batch[done : done + self._at_once]
            saliency = self._judge(part)
            if saliency is None:
                self._halve(part)
                continue
            maps.append(saliency)
            done += len(part)
        if self._at_once != at_once_before:
            _log.warning(
                "%s is short of memory: from now on %d pictures at a time go through the network.",
                self._device,
                self._at_once,
            )
        return maps[0] if len(maps) == 1 else torch.cat(maps)

    def warm_up(self, size: tuple[int, int], batch: int) -> None:
        """Let kernels be chosen and memory be taken before the first frame is waiting.

        Args:
            size: (height, width) of the pictures to come.
            batch: how many come at once.

        Raises:
            SegmenterError: as ``saliency``; or the maps are no numbers in this precision.
        """
        gray = torch.full((batch, 3, *size), 128, dtype=torch.uint8)
        for _ in range(2):
            saliency = self.saliency(gray)
        if not torch.isfinite(saliency).all():
            raise SegmenterError(
                f"the network gives no numbers in {self.precision} on {self._device}; "
                "its weights need more range than that precision has.",
                advice='Set the precision to "fp32".',
            )

    @torch.inference_mode()
    def _judge(self, part: Tensor) -> Tensor | None:
        """The maps, or None where memory ran out."""
        try:
            pictures = part.to(self._device, torch.float32, memory_format=torch.channels_last)
            normalised = pictures.sub_(self._mean).mul_(self._scale)
            maps: Tensor = self._network(normalised.to(self._dtype))
            return maps.float()
        except torch.OutOfMemoryError:
            # Not handled here: while the error is alive its frames hold on to the memory.
            return None
        except RuntimeError as error:
            raise SegmenterError(
                f"the network failed on {self._device} for pictures of {tuple(part.shape)}: {error}"
            ) from error

    def _halve(self, part: Tensor) -> None:
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        if len(part) == 1:
            height, width = part.shape[2:]
            raise SegmenterError(
                f"{self._device} has too little free memory for one picture of {width}×{height}.",
                advice="Choose a smaller network size or model, close what else uses the device, "
                "or pass -d cpu.",
            )
        self._at_once = len(part) // 2


def choose_device(name: str) -> torch.device:
    """The device of that name; ``auto`` is the first of CUDA, MPS and the CPU that is there.

    Raises:
        SegmenterError: it is not there.
    """
    if name == "auto":
        return torch.device(_preferred())
    present = _present()
    try:
        device = torch.device("cuda:0" if name == "cuda" else name)
    except RuntimeError as error:
        raise _no_such_device(name, present) from error
    if str(device) not in present:
        raise _no_such_device(name, present)
    return device


def choose_precision(name: str, device: torch.device) -> str:
    """``fp32``, ``bf16`` or ``fp16``; ``auto`` is what is fast on the device at the same quality.

    Raises:
        SegmenterError: there is no such precision.
    """
    if name in DTYPES:
        return name
    if name != "auto":
        raise SegmenterError(
            f"no precision {name!r}; there are auto, {', '.join(DTYPES)}.",
            advice='Set the precision to "auto".',
        )
    if device.type == "cuda":
        # Ten bits against bfloat16's seven. Activations stay below 300, far from fp16's 65504.
        return "fp16"
    if device.type == "cpu" and _cpu_multiplies_bf16():
        return "bf16"
    return "fp32"


def torch_devices() -> list[DeviceInfo]:
    """What PyTorch can compute on in this computer, the CPU last."""
    preferred = _preferred()
    return [_describe(torch.device(name), name == preferred) for name in _present()]


def _present() -> list[str]:
    names = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def _preferred() -> str:
    return _present()[0]


def _describe(device: torch.device, preferred: bool) -> DeviceInfo:
    description, memory = str(device.type), None
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        description, memory = properties.name, properties.total_memory
    elif device.type == "cpu":
        name = str(_cpu_capabilities().get("cpu_name", "CPU"))
        description = f"{name}, {torch.get_num_threads()} threads"
    return DeviceInfo(str(device), description, memory, choose_precision("auto", device), preferred)


def _cpu_multiplies_bf16() -> bool:
    capabilities = _cpu_capabilities()
    return any(bool(capabilities.get(name)) for name in ("avx512_bf16", "amx_bf16"))


def _cpu_capabilities() -> dict[str, object]:
    # Newer than the oldest PyTorch that is supported; without it a CPU counts as a plain one.
    ask = getattr(torch.cpu, "get_capabilities", None)
    return dict(ask()) if ask else {}


def _no_such_device(name: str, present: list[str]) -> SegmenterError:
    return SegmenterError(
        f"no device {name!r}; PyTorch sees {', '.join(present)}.",
        advice="Run `mattebox devices`, then pass one of its names, or -d auto.",
    )


def _check_batch(batch: Tensor) -> None:
    if batch.dtype != torch.uint8 or batch.ndim != 4 or batch.shape[1] != 3 or not len(batch):
        raise SegmenterError(
            f"the network takes uint8 (N, 3, h, w), not {batch.dtype} {tuple(batch.shape)}."
        )


class _InOwnPrecision(nn.Module):
    """A convolution that takes input of any precision, in a network of several."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.convolution = convolution

    def forward(self, x: Tensor) -> Tensor:
        """Compute, and give the result, in the precision of the weights."""
        result: Tensor = self.convolution(x.to(self.convolution.weight.dtype))
        return result


def prepared(network: nn.Module, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """A folded copy on the device, channels last; delicate convolutions stay float32."""
    copy = fold_batch_norm(network).float()
    if dtype != torch.float32:
        _lower(copy, dtype)
    copy = copy.to(device)
    lay_channels_last(copy)
    return copy


def lay_channels_last(network: nn.Module) -> None:
    """Put the weights of convolutions into the order in which they are fastest, in place."""
    # Tensor by tensor, because the types of Module.to do not know memory formats.
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)


def _lower(network: nn.Module, dtype: torch.dtype) -> None:
    """Put every convolution that is not delicate into ``dtype``, in place."""
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Conv2d):
                convolution = child if _is_delicate(child) else child.to(dtype)
                setattr(module, name, _InOwnPrecision(convolution))


def _is_delicate(convolution: nn.Conv2d) -> bool:
    bias = convolution.bias
    return bias is not None and float(bias.detach().abs().max()) > _LARGE_BIAS
