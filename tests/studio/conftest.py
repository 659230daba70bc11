"""The studio's tests need its extra."""

from __future__ import annotations

from importlib.util import find_spec

from places import skip_or_fail


def pytest_runtest_setup() -> None:
    if find_spec("nicegui") is None:
        skip_or_fail("studio", "nicegui is not installed")
