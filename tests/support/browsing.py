"""``mattebox studio`` as a process, and what tests do with its page in a real browser."""

from __future__ import annotations

import json
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


Box = tuple[float, float, float, float]


def drag(page: Any, box: Box, *, let_go: bool = True) -> None:
    """Over the preview with the mouse, from (left, top) to (right, bottom), in shares of it."""
    page.locator("#stage").scroll_into_view_if_needed()
    stage = page.locator("#stage").bounding_box()
    places = [
        (stage["x"] + across * stage["width"], stage["y"] + down * stage["height"])
        for across, down in (box[:2], box[2:])
    ]
    page.mouse.move(*places[0])
    page.mouse.down()
    page.mouse.move(*places[1], steps=5)
    if let_go:
        page.mouse.up()


def settings_of(page: Any) -> dict[str, Any]:
    """Those in effect, as the API tells them."""
    return dict(page.evaluate("fetch('/api/state').then(a => a.json())")["settings"])


def patch(page: Any, change: dict[str, Any]) -> None:
    """Change settings as a script does."""
    script = "body => fetch('/api/settings', {method: 'PATCH', body}).then(a => a.status)"
    assert page.evaluate(script, json.dumps(change)) == 200
