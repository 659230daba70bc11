"""Only where there are devices that may be played with: ``make test-devices`` has them."""

from __future__ import annotations

import pytest

from devices import DRIVER, PullableCamera
from places import REQUIRED, skip_or_fail


@pytest.fixture(autouse=True)
def _devices() -> None:
    if "devices" not in REQUIRED:
        pytest.skip("no devices of our own: `make test-devices` boots a system that has them")
    if not DRIVER.is_dir():
        skip_or_fail("devices", "the test camera vivid is not loaded")


@pytest.fixture
def camera() -> PullableCamera:
    """Plugged in."""
    return PullableCamera()
