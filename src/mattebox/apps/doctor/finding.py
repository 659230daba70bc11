"""What the doctor looks at, and how it tells what it found."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report.

    Attributes:
        topic: what was looked at.
        state: ``ok``; ``warning`` where something that not everybody needs does not work;
            ``problem`` where mattebox itself does not.
        what: how it is.
        fix: the command, or the steps, that mend it; empty where nothing is wrong.
    """

    topic: str
    state: State
    what: str
    fix: str = ""


def ok(topic: str, what: str) -> Finding:
    """Nothing is wrong."""
    return Finding(topic, "ok", what)


def warning(topic: str, what: str, fix: str) -> Finding:
    """Something that not everybody needs does not work."""
    return Finding(topic, "warning", what, fix)


def problem(topic: str, what: str, fix: str) -> Finding:
    """Mattebox itself does not work."""
    return Finding(topic, "problem", what, fix)


def _may_use(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK)


def _is_installed(module: str) -> bool:
    return find_spec(module) is not None


@dataclass(frozen=True, slots=True)
class System:
    """What the doctor may look at; a test gives a small tree of its own.

    Attributes:
        root: the folder that stands for ``/``.
        platform: as ``sys.platform``.
        kernel: its release, as ``uname -r``.
        environment: the variables.
        may_use: whether a device may be read and written.
        is_installed: whether a module of Python can be found.
    """

    root: Path
    platform: str = "linux"
    kernel: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    may_use: Callable[[Path], bool] = _may_use
    is_installed: Callable[[str], bool] = _is_installed

    @classmethod
    def here(cls) -> System:
        """This computer."""
        root = Path(os.environ.get("SystemDrive", "") + "/")  # noqa: SIM112 (Windows writes it so)
        return cls(root, sys.platform, platform.release(), dict(os.environ))

    def text(self, path: str) -> str | None:
        """What a small file says, stripped; None where there is none or it cannot be read."""
        try:
            return (self.root / path).read_text("utf-8", "replace").strip()
        except OSError:
            return None

    def found(self, folder: str, pattern: str) -> list[Path]:
        """What matches below a folder, in order; nothing where it cannot be read."""
        try:
            return sorted((self.root / folder).glob(pattern))
        except OSError:
            return []
