"""What mattebox itself needs: packages, devices of the network, weights, folders."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mattebox.apps.doctor.finding import Finding, ok, problem
from mattebox.errors import MatteboxError

_PACKAGES = ("torch", "numpy", "opencv-python", "av", "pydantic", "safetensors", "pysdl2-dll")


def look_at_versions() -> Iterator[Finding]:
    """The system, Python, and the packages."""
    yield ok("system", f"{platform.platform()}, Python {platform.python_version()}")
    for package in _PACKAGES:
        try:
            yield ok(package, version(package))
        except PackageNotFoundError:
            yield problem(package, "not installed", f"pip install {package}")


def look_at_devices() -> Iterator[Finding]:
    """What the network can run on."""
    from mattebox.nets.torch_engine import torch_devices

    for device in torch_devices():
        yield ok(f"device {device.name}", device.description)


def look_at_weights() -> Iterator[Finding]:
    """The default checkpoint, whole."""
    from mattebox.nets import weights

    try:
        checkpoint = weights.find("mattebox")
        weights.load(checkpoint)
    except MatteboxError as error:
        yield problem("weights", error.message, error.advice or "Reinstall mattebox.")
    else:
        yield ok("weights", f"mattebox, SHA-256 {checkpoint.sha256[:12]}…, verified")


def look_at_folders() -> Iterator[Finding]:
    """Where files are put."""
    from mattebox.nets import weights

    yield writable("folder of weights", weights.cache_folder(), "Set MATTEBOX_CACHE to another.")
    yield writable("temporary folder", Path(tempfile.gettempdir()), "Set TMPDIR to another.")


def writable(topic: str, folder: Path, fix: str) -> Finding:
    """Whether files can be made in the folder, or in the nearest one above it that exists."""
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return ok(topic, f"{folder}, writable")
    return problem(topic, f"{folder} cannot be written", fix)
