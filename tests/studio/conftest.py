"""The studio's tests need its extra, and remember no regions but their own."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from places import skip_or_fail


def pytest_runtest_setup() -> None:
    if find_spec("nicegui") is None:
        skip_or_fail("studio", "nicegui is not installed")


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where regions of cameras are remembered."""
    folder = tmp_path / "remembered"
    monkeypatch.setenv("MATTEBOX_CONFIG", str(folder))
    return folder
