"""The unit for systemd that is shipped beside the configs."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mattebox.apps.cli import app
from mattebox.settings import presets_folder

UNIT = presets_folder() / "mattebox-live.service"


def command(home: Path) -> list[str]:
    """What the unit starts, for somebody who lives there."""
    unit = ConfigParser(interpolation=None, strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # as configparser documents
    unit.read(UNIT, "utf-8")
    return shlex.split(unit["Service"]["ExecStart"].replace("%h", str(home)))


def test_the_command_of_the_unit_is_one_that_mattebox_has(tmp_path: Path) -> None:
    """All its options are taken; what is missing on this computer is the config alone."""
    program, *arguments = command(tmp_path)
    assert Path(program).name == "mattebox"
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 2
    assert str(tmp_path / ".config/mattebox/live.toml") in told.output


def test_the_config_of_the_steps_is_one_that_the_unit_takes(tmp_path: Path) -> None:
    """`mattebox config show --preset meeting` writes what --config reads, with privacy on."""
    shown = CliRunner().invoke(app, ["config", "show", "--preset", "meeting"])
    config = tmp_path / "live.toml"
    config.write_text(shown.stdout, "utf-8")
    again = CliRunner().invoke(app, ["config", "show", "--config", str(config)])
    assert again.exit_code == 0
    assert again.stdout == shown.stdout
    assert "privacy = 0.5" in shown.stdout


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    """Every key is known; only the program is put where this test can have it."""
    unit = tmp_path / UNIT.name
    program = shutil.which("true")
    text = UNIT.read_text("utf-8").replace("%h/.local/bin/mattebox", str(program))
    unit.write_text(text, "utf-8")
    judged = subprocess.run(
        ["systemd-analyze", "verify", "--user", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        timeout=60,
    )
    assert unit.name not in judged.stderr
    assert judged.returncode == 0, judged.stderr
