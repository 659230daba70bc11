"""The README's commands work as they are printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from clips import cut
from places import ROOT

_BLOCK = re.compile(r"```(sh|python)\n(.*?)```", re.DOTALL)
# Whether a command works takes no more: longer than the mattes' look ahead and than the time after
# which the whole frame is looked at again.
FRAMES = 17
# These set the machine up, which the test run itself has just done.
_SET_UP = ("git clone", "cd mattebox", "make ", "pip install", ". .venv", "python3 -m venv")


def blocks(language: str) -> list[str]:
    text = (ROOT / "README.md").read_text("utf-8")
    return [code for kind, code in _BLOCK.findall(text) if kind == language]


def commands() -> list[str]:
    lines = [line for block in blocks("sh") for line in block.replace("\\\n", " ").splitlines()]
    lines = [line.split("  #")[0].strip() for line in lines]
    return [line for line in lines if line and not line.startswith((*_SET_UP, "#"))]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the README's commands find where they are typed; of the clip, the first ``FRAMES``."""
    folder = tmp_path_factory.mktemp("clone")
    shutil.copytree(ROOT / "samples", folder / "samples")
    cut(ROOT / "samples" / "clip.mp4", folder / "samples" / "clip.mp4", frames=FRAMES)
    shutil.copytree(ROOT / "configs", folder / "configs")
    return folder


def test_there_are_commands_to_test() -> None:
    """A README without commands would pass everything below."""
    assert len(commands()) >= 8


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_command_of_the_readme_works_as_printed(clone: Path) -> None:
    """One after the other, as a reader types them."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for command in commands():
        outcome = subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=clone,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert outcome.returncode == 0, f"{command}\n{outcome.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(blocks("python"))))
def test_every_python_example_of_the_readme_runs(clone: Path, number: int) -> None:
    """As printed."""
    code = blocks("python")[number]
    subprocess.run([sys.executable, "-c", code], cwd=clone, check=True, timeout=300)
