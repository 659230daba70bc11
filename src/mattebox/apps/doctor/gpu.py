"""The GPU, and why it is not used where one is there.

Source: PCI vendor 10de is NVIDIA, class 03 is a display controller (the PCI ID repository).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mattebox.apps.doctor.finding import Finding, System, ok, warning

_TOPIC = "GPU"
_NVIDIA, _DISPLAY = "0x10de", "0x03"
_CUDA_BUILD = (
    "pip install --force-reinstall torch (on Windows with the --index-url that "
    "pytorch.org/get-started names)"
)


@dataclass(frozen=True, slots=True)
class TorchBuild:
    """What PyTorch says of itself.

    Attributes:
        cuda: the version of CUDA that it was built for; None: a build for CPUs.
        devices: how many CUDA devices it sees.
        has_mps: whether it sees Apple's GPU.
    """

    cuda: str | None
    devices: int
    has_mps: bool

    @classmethod
    def here(cls) -> TorchBuild:
        """The one that is installed."""
        import torch

        has_mps = torch.backends.mps.is_available()
        return cls(torch.version.cuda, torch.cuda.device_count(), has_mps)


def look_at_gpu(system: System, torch: TorchBuild) -> Iterator[Finding]:
    """Whether a GPU is used; if not, what stands in the way."""
    driver = nvidia_driver(system)
    hidden = system.environment.get("CUDA_VISIBLE_DEVICES")
    if torch.devices or torch.has_mps:
        yield ok(_TOPIC, "used")
    elif not _has_nvidia(system) and driver is None:
        yield ok(_TOPIC, "none that PyTorch could use: the CPU computes")
    elif driver is None and system.platform == "linux":
        yield warning(_TOPIC, "NVIDIA, but without its driver", "sudo ubuntu-drivers install")
    elif torch.cuda is None:
        yield warning(_TOPIC, "NVIDIA, but this PyTorch is a build for CPUs", _CUDA_BUILD)
    elif hidden is not None:
        what = f"NVIDIA, hidden by CUDA_VISIBLE_DEVICES={hidden!r}"
        yield warning(_TOPIC, what, "unset CUDA_VISIBLE_DEVICES")
    else:
        yield warning(
            _TOPIC,
            f"NVIDIA with driver {driver}, but PyTorch (CUDA {torch.cuda}) sees no device",
            "nvidia-smi must name the GPU, with at least that CUDA; else update the driver.",
        )


def nvidia_driver(system: System) -> str | None:
    """The version of NVIDIA's driver; None where there is none."""
    if (system.root / "Windows/System32/nvcuda.dll").is_file():
        return "of an unknown version"
    told = system.text("proc/driver/nvidia/version")
    if told is None:
        return None
    version = re.search(r"\b\d+\.\d+(?:\.\d+)?\b", told)
    return version.group() if version else "of an unknown version"


def _has_nvidia(system: System) -> bool:
    return any(
        (system.text(f"sys/bus/pci/devices/{device.name}/vendor") or "") == _NVIDIA
        and (system.text(f"sys/bus/pci/devices/{device.name}/class") or "").startswith(_DISPLAY)
        for device in system.found("sys/bus/pci/devices", "*")
    )
