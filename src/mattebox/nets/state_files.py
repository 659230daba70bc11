"""Reads a file of weights, and tells which network they fit.

What lives here: files to tensors by name, with everything that can be wrong with such a file. What
does not: where files lie (``weights.py``). Files are data: a pickle is read with ``weights_only``,
so that code in it is refused and never run. Called on the caller's thread.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TypeAlias

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mattebox.errors import WeightsError
from mattebox.nets.u2net import ARCHITECTURES, Architecture, U2Net

SUFFIXES = (".safetensors", ".pth", ".pt")

Shape: TypeAlias = tuple[int, ...]


def read_state(path: Path) -> dict[str, Tensor]:
    """The tensors of a file by name, whatever wrote it.

    Raises:
        WeightsError: it is not there, or is anything but a mapping from names to tensors.
    """
    _check_file(path)
    content = _read_safetensors(path) if path.suffix.lower() == ".safetensors" else _unpickle(path)
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in content.items()
    ):
        raise unreadable(path, "it holds something else than tensors by name")
    # DataParallel puts this before every name.
    return {name.removeprefix("module."): tensor for name, tensor in content.items()}


def _check_file(path: Path) -> None:
    if not path.exists():
        raise WeightsError(
            f"no weights at {path}: there is no such file.",
            advice="Check the path, or run `mattebox models` for what is there by name.",
        )
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        raise unreadable(path, "it is not a .safetensors, .pth or .pt file")
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error
    if not start:
        raise unreadable(path, "it is empty")
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise unreadable(path, "it is a web page, saved in place of the file it links")


def _read_safetensors(path: Path) -> object:
    try:
        return load_file(path, device="cpu")
    except (SafetensorError, OSError, ValueError) as error:
        raise unreadable(path, f"it is damaged or no safetensors file ({error})") from error


def _unpickle(path: Path) -> object:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about old protocols; what comes out is checked
            loaded: object = torch.load(path, map_location="cpu", weights_only=True)
            return loaded
    # Anything can come out of bytes that only claim to be a pickle: KeyError, EOFError, ….
    except Exception as error:
        raise unreadable(
            path, "it is damaged, or holds code or objects, which are refused, beside tensors"
        ) from error


def unreadable(path: Path, why: str) -> WeightsError:
    """The error for a file whose bytes cannot be had, or are no weights."""
    return WeightsError(
        f"cannot read weights from {path}: {why}.",
        advice="Pass a state dict of U²-Net or U²-NetP as .safetensors, .pth or .pt; if this "
        "should be one, get it again from where it came from.",
    )


@cache
def _shapes_of(architecture: Architecture) -> dict[str, Shape]:
    with torch.device("meta"):
        state = U2Net(architecture).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def architecture_of(state: Mapping[str, Tensor], path: Path) -> Architecture:
    """The network whose names and shapes are exactly the state's.

    Raises:
        WeightsError: there is none; says what does not fit the nearest.
    """
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    misfits: dict[Architecture, list[str]] = {}
    for architecture in ARCHITECTURES:
        misfits[architecture] = _misfits(_shapes_of(architecture), found)
        if not misfits[architecture]:
            return architecture
    nearest = min(ARCHITECTURES, key=lambda architecture: len(misfits[architecture]))
    raise _misfit(path, nearest, found, misfits[nearest])


def _misfits(expected: Mapping[str, Shape], found: Mapping[str, Shape]) -> list[str]:
    """The names that are missing, surplus or of another shape."""
    return [
        name
        for name in sorted(expected.keys() | found.keys())
        if expected.get(name) != found.get(name)
        # How many batches were seen plays no part in inference, and old files do not say it.
        and not (name.endswith("num_batches_tracked") and name not in found)
    ]


def _misfit(
    path: Path,
    architecture: Architecture,
    found: Mapping[str, Shape],
    misfits: list[str],
) -> WeightsError:
    expected = _shapes_of(architecture)
    shown = "; ".join(
        f"{name} is {found.get(name, 'missing')}, not {expected.get(name, 'expected')}"
        for name in misfits[:3]
    )
    return WeightsError(
        f"{path} does not fit {architecture.name}: {len(misfits)} tensors differ "
        f"({shown}). Known networks: {', '.join(a.name for a in ARCHITECTURES)}.",
        advice="Pass a checkpoint of one of these networks, with the names its authors gave.",
    )
