"""An X11 screen in memory, through Xvfb."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from places import skip_or_fail


@contextmanager
def x11_screen(size: str = "1280x800") -> Iterator[str]:
    """The name of a screen, as for ``DISPLAY``; the test skips where there is no Xvfb."""
    if shutil.which("Xvfb") is None:
        skip_or_fail("xvfb", "no Xvfb is installed")
    reading, writing = os.pipe()
    words = ["-displayfd", str(writing), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
    with subprocess.Popen(
        ["Xvfb", *words], pass_fds=[writing], stderr=subprocess.DEVNULL
    ) as server:
        os.close(writing)
        try:
            with os.fdopen(reading) as said:
                yield f":{said.readline().strip()}"
        finally:
            server.terminate()
