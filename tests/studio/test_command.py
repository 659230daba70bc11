"""``mattebox studio`` before it serves anything."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

from running import mattebox


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("mattebox.apps.studio")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "nicegui", None)
    outcome = mattebox("studio", "--port", "0")
    assert outcome.code == 2
    assert "pip install 'mattebox[studio]'" in outcome.err


def test_its_help_names_the_extra() -> None:
    """Square brackets are markup to what draws the help."""
    assert "pip install 'mattebox[studio]'" in mattebox("studio", "--help").out


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        outcome = subprocess.run(
            [sys.executable, "-m", "mattebox", "studio", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert outcome.returncode == 2
    assert f"port {port}" in outcome.stderr
    assert "--port" in outcome.stderr


def test_its_help_loads_neither_the_web_nor_the_network() -> None:
    look = (
        "import sys; from mattebox.apps.cli import app\n"
        "try: app(['studio', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'nicegui', 'uvicorn', 'torch', 'cv2', 'av'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
