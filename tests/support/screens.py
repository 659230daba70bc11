"""An X11 screen in memory, through Xvfb."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from places import skip_or_fail

# Told to find a number by itself, Xvfb takes no lock: of two that run at once, one program may see
# the one and another program the other.
_FIRST = 100


@contextmanager
def x11_screen(size: str = "1280x800") -> Iterator[str]:
    """The name of a screen, as for ``DISPLAY``; the test skips where there is no Xvfb."""
    if shutil.which("Xvfb") is None:
        skip_or_fail("xvfb", "no Xvfb is installed")
    for number in range(_FIRST + os.getpid() % 1000, _FIRST + 2000):
        reading, writing = os.pipe()
        words = [f":{number}", "-displayfd", str(writing), "-screen", "0", f"{size}x24"]
        with subprocess.Popen(
            ["Xvfb", *words, "-nolisten", "tcp"], pass_fds=[writing], stderr=subprocess.DEVNULL
        ) as server:
            os.close(writing)
            try:
                with os.fdopen(reading) as said:
                    if said.readline():
                        yield f":{number}"
                        return
            finally:
                server.terminate()
