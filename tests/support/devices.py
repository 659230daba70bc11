"""The test camera of the kernel's driver vivid, and patience for an emulated machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

DRIVER = Path("/sys/bus/platform/drivers/vivid")


class PullableCamera:
    """The camera of the driver vivid: its cable can be pulled.

    Attributes:
        path: a name that stays the same.
    """

    path = "/dev/v4l/by-path/platform-vivid.0-video-index0"

    def unplug(self) -> None:
        """Pull the cable, whoever uses it."""
        (DRIVER / "unbind").write_text("vivid.0")

    def plug_in(self) -> None:
        """Put it back, and wait until the system has named it."""
        (DRIVER / "bind").write_text("vivid.0")
        wait_until(Path(self.path).exists)


def wait_until(is_so: Callable[[], bool], timeout_s: float = 120.0) -> None:
    """Wait until it is so; everything takes twenty times as long in an emulated machine."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)
