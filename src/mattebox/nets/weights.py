"""Finds, verifies, loads and imports checkpoints.

What lives here: where the files of named models lie, and which bytes are trusted. What does not:
the table of names (``known_models.py``), what is in a file (``state_files.py``), the network
(``u2net.py``), devices (the engines). Nothing is ever downloaded. Called on the caller's thread,
before a pipeline starts.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import torch
from platformdirs import user_cache_path

from mattebox.errors import WeightsError
from mattebox.nets.known_models import EMBEDDED, KNOWN_MODELS, KnownModel
from mattebox.nets.state_files import SUFFIXES, architecture_of, read_state, unreadable
from mattebox.nets.u2net import Architecture, U2Net, fold_batch_norm

_EMBEDDED_FOLDER = Path(__file__).with_name("checkpoints")
_OWN_LICENCE = "not stated (your own file)"
# The weights in the package, and the mattes that need none: see model.name in the settings.
_TAKEN = (EMBEDDED, "chroma", "threshold", "none")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A file of weights whose structure has been verified.

    Attributes:
        name: of the known model, or the file's name without its suffix.
        path: where the file is.
        architecture: the network that it fits.
        sha256: of the file's bytes, in hexadecimal.
        size: of the file, in bytes.
        licence: of the weights, as far as it is known.
    """

    name: str
    path: Path
    architecture: Architecture
    sha256: str
    size: int
    licence: str


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A line of the list of models.

    Attributes:
        name, description, licence, source, figures: as in ``KnownModel``.
        path: where the file is, or where it would be looked for.
        present: whether it is there.
        size: in bytes; None where the file is not there.
        sha256: of the file as it is now; None where it is not there.
    """

    name: str
    description: str
    licence: str
    source: str
    figures: str
    path: Path
    present: bool
    size: int | None
    sha256: str | None


def cache_folder() -> Path:
    """Where checkpoints of the user lie: ``weights`` in ``MATTEBOX_CACHE`` or the user's cache."""
    chosen = os.environ.get("MATTEBOX_CACHE")
    return (Path(chosen) if chosen else user_cache_path("mattebox")) / "weights"


def known() -> list[ModelInfo]:
    """The known models, then what else was imported, present or not; nothing is validated."""
    models = {model.name: model for model in KNOWN_MODELS}
    for path in _imported_files():
        models.setdefault(path.stem, _described_as_own(path))
    return [_inform(model) for model in models.values()]


def find(name_or_path: str) -> Checkpoint:
    """Find a checkpoint, check its hash where one is known, and see which network it fits.

    Args:
        name_or_path: a name of ``known()``, or a path to a .safetensors, .pth or .pt file.

    Raises:
        WeightsError: it is not there, not readable, not what it was, or of another network.
    """
    model = _known_model(name_or_path)
    if model is None and _is_path(name_or_path):
        path = Path(name_or_path).expanduser()
    else:
        path = _file_of(name_or_path, model)
    return _checked(path, model or _described_as_own(path))


def load(checkpoint: Checkpoint) -> U2Net:
    """The network with those weights: float32, on the CPU, in eval mode, batch norm folded.

    Raises:
        WeightsError: the file changed since ``find``, or holds infinities or not-a-numbers.
    """
    state = read_state(checkpoint.path)
    if _sha256(checkpoint.path) != checkpoint.sha256:
        raise WeightsError(f"{checkpoint.path} has changed since it was looked at.", "Try again.")
    network = U2Net(checkpoint.architecture)
    try:
        network.load_state_dict(state, strict=True)  # copies into float32
    except RuntimeError as error:  # sparse, quantized or without data
        raise unreadable(checkpoint.path, "its tensors are of a kind that holds no weights") from (
            error
        )
    folded = fold_batch_norm(network)
    if not all(bool(torch.isfinite(parameter).all()) for parameter in folded.parameters()):
        raise WeightsError(
            f"{checkpoint.path} holds weights that are infinite or no numbers.",
            advice="The file is damaged: get it again from where it came from.",
        )
    return folded


def verify(name_or_path: str) -> Checkpoint:
    """Everything that ``find`` and ``load`` check, for a person who asks.

    Raises:
        WeightsError: something does not hold.
    """
    checkpoint = find(name_or_path)
    load(checkpoint)
    return checkpoint


def import_file(path: Path, name: str) -> Path:
    """Copy a checkpoint into the user's cache, where ``name`` then finds it.

    It is verified before anything is copied, and appears in the cache whole or not at all; a
    file imported under the same name before is replaced. Its SHA-256 is written beside it, in
    the format of ``sha256sum``, and checked whenever it is found.

    Args:
        path: a .safetensors, .pth or .pt file.
        name: ``u2netp``, ``u2net``, or a new name of letters, digits, hyphens and underscores.

    Returns:
        Where the copy is.

    Raises:
        WeightsError: the file or the name will not do, or the cache cannot be written.
    """
    if name in _TAKEN or not _NAME.fullmatch(name):
        raise WeightsError(
            f"cannot import weights under the name {name!r}: a name has letters, digits, hyphens "
            f"and underscores, and {', '.join(_TAKEN)} stand for something else.",
            advice="Choose another name.",
        )
    checkpoint = verify(str(path.expanduser().absolute()))
    model = _known_model(name)
    if model is not None and model.architecture != checkpoint.architecture.name:
        raise WeightsError(
            f"cannot import {path} as {name}: it is a {checkpoint.architecture.name}.",
            advice=f"Import it under the name {checkpoint.architecture.name!r} or a new one.",
        )
    try:
        return _place(checkpoint, name)
    except OSError as error:
        raise WeightsError(
            f"cannot copy {path} into {cache_folder()}: {error.strerror or error}.",
            advice="Make room there, or set MATTEBOX_CACHE to a folder that can be written.",
        ) from error


def _is_path(name_or_path: str) -> bool:
    path = Path(name_or_path)
    return len(path.parts) != 1 or path.suffix.lower() in SUFFIXES or path.is_file()


def _known_model(name: str) -> KnownModel | None:
    return next((model for model in KNOWN_MODELS if model.name == name), None)


def _described_as_own(path: Path) -> KnownModel:
    return KnownModel(
        name=path.stem,
        file_name=path.name,
        architecture="",
        sha256=None,
        size=None,
        licence=_OWN_LICENCE,
        source="your own file",
        description="imported by you",
        figures="not measured by this project",
    )


def _imported_files() -> list[Path]:
    """Checkpoints in the cache; of several with one name, the one to use comes first."""
    folder = cache_folder()
    if not folder.is_dir():
        return []
    found = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES]
    return sorted(found, key=lambda path: (path.stem, SUFFIXES.index(path.suffix.lower())))


def _path_of(name: str) -> Path | None:
    if name == EMBEDDED:
        return _EMBEDDED_FOLDER / f"{EMBEDDED}.safetensors"
    return next((path for path in _imported_files() if path.stem == name), None)


def _file_of(name: str, model: KnownModel | None) -> Path:
    path = _path_of(name)
    if path is not None:
        return path
    if model is None:
        names = [info.name for info in known()]
        near = get_close_matches(name, names, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise WeightsError(
            f"no model {name!r}; there are {', '.join(names)}.{hint}",
            advice="Run `mattebox models`, or pass the path of a .safetensors or .pth file. "
            "chroma, threshold and none make mattes without weights.",
        )
    raise WeightsError(
        f"no weights for {name}: {model.file_name} is not in {cache_folder()}, and mattebox "
        "downloads nothing.",
        advice=f"Get {model.file_name} from its authors: the README of {model.source} links it "
        f"({model.licence}). Then run `mattebox models import {model.file_name}`.",
    )


def _inform(model: KnownModel) -> ModelInfo:
    path = _path_of(model.name)
    present = path is not None and path.is_file()
    return ModelInfo(
        name=model.name,
        description=model.description,
        licence=model.licence,
        source=model.source,
        figures=model.figures,
        path=path or cache_folder() / model.file_name,
        present=present,
        size=path.stat().st_size if path and present else None,
        sha256=_sha256(path) if path and present else None,
    )


def _checked(path: Path, model: KnownModel) -> Checkpoint:
    architecture = architecture_of(read_state(path), path)
    sha256 = _sha256(path)
    recorded = model.sha256 or _recorded_sha256(path)
    if recorded is not None and sha256 != recorded:
        raise WeightsError(
            f"{path} is not the file it was: its SHA-256 is {sha256}, and {recorded} is on record.",
            advice=f"Get it again from {model.source}"
            + (" (reinstall mattebox)." if model.name == EMBEDDED else " and import it again."),
        )
    if model.architecture not in {"", architecture.name}:
        raise WeightsError(
            f"{path} is a {architecture.name}, and {model.name} is a {model.architecture}.",
            advice=f"Run `mattebox models import` with the right {model.file_name}.",
        )
    return Checkpoint(
        name=model.name,
        path=path,
        architecture=architecture,
        sha256=sha256,
        size=path.stat().st_size,
        licence=model.licence,
    )


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from error


def _record_of(path: Path) -> Path:
    return path.with_name(path.name + ".sha256")


def _recorded_sha256(path: Path) -> str | None:
    """What ``import_file`` wrote down; None for files that were not imported."""
    if path.parent != cache_folder():
        return None
    with suppress(OSError, UnicodeDecodeError):
        words = _record_of(path).read_text(encoding="utf-8").split()
        return words[0] if words else None
    return None


def _place(checkpoint: Checkpoint, name: str) -> Path:
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}{checkpoint.path.suffix.lower()}"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".import-") as beside:
        copy = Path(beside) / target.name
        shutil.copyfile(checkpoint.path, copy)
        record = Path(beside) / _record_of(target).name
        record.write_text(f"{checkpoint.sha256}  {target.name}\n", encoding="utf-8")
        # The record goes first: a file without one would be trusted, one with a wrong one is not.
        record.replace(_record_of(target))
        copy.replace(target)
    for other in _imported_files():
        if other.stem == name and other != target:
            other.unlink()
            _record_of(other).unlink(missing_ok=True)
    return target
