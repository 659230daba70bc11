"""``mattebox studio`` as a process, and what tests do with its page in a real browser."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking"]
# Of a machine that does other things besides.
PATIENCE_MS = 30_000


@dataclass
class Program:
    """``mattebox studio`` as a process."""

    process: subprocess.Popen[str]
    address: str
    home: Path
    hosts: set[str] = field(default_factory=set)
    troubles: list[str] = field(default_factory=list)

    def end(self) -> tuple[int, float]:
        """Ctrl-C: (exit code, seconds that it took)."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30), time.monotonic() - began


def start(page: Any) -> None:
    page.get_by_label("Input").first.click()
    page.get_by_role("option", name="A test picture").click()
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_function("studio.drawn > 3")


def colour_at(page: Any, x: float, y: float) -> list[int]:
    """RGB of the preview at a share of its width and height."""
    script = """([x, y]) => {
        const canvas = document.getElementById('preview');
        const [column, row] = [Math.floor(x * canvas.width), Math.floor(y * canvas.height)];
        return [...canvas.getContext('2d').getImageData(column, row, 1, 1).data.slice(0, 3)];
    }"""
    return list(page.evaluate(script, [x, y]))


def wait_for_colour(page: Any, x: float, y: float, expected: tuple[int, int, int]) -> None:
    """Until the preview has about this colour there."""
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while True:
        seen = colour_at(page, x, y)
        if all(abs(a - b) < 25 for a, b in zip(seen, expected, strict=True)):
            return
        assert time.monotonic() < deadline, f"{seen} and not {expected}"
        page.wait_for_timeout(50)


def upload(page: Any, path: Path) -> None:
    page.locator('.drop[data-to="/upload/backdrop"] input').set_input_files(path)
