"""The page in a real browser, with a real session on the test picture."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from bombs import bomb
from places import skip_or_fail

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


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    for name, folder in {"HOME": ".", "XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config"}.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    command = [sys.executable, "-m", "mattebox", "studio", "--port", "0", "--json"]
    options = ["-m", "threshold", "-b", "#00b140", "--set", "temporal.half_life_s=0"]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    assert process.stdout is not None
    try:
        address = json.loads(process.stdout.readline())["address"]
        yield Program(process, address, tmp_path)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def browser() -> Iterator[Any]:
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        skip_or_fail("browser", "playwright is not installed")
    if not CHROMIUM.exists():
        skip_or_fail("browser", f"there is no browser at {CHROMIUM}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any, program: Program) -> Any:
    """The page, opened by the printed address; every request it makes is noted."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("request", lambda request: program.hosts.add(urlsplit(request.url).hostname or ""))
    page.on("websocket", lambda socket: program.hosts.add(urlsplit(socket.url).hostname or ""))
    page.on("pageerror", lambda error: program.troubles.append(str(error)))
    page.goto(program.address)
    page.wait_for_function("window.studio && document.querySelector('.tile')")
    return page


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


@pytest.mark.slow
def test_a_session_from_start_to_stop(page: Any, program: Program, tmp_path: Path) -> None:
    """The preview moves, backdrops change, the wipe is dragged, a slider moves, and it stops."""
    start(page)
    drawn = page.evaluate("studio.drawn")
    page.wait_for_function(f"studio.drawn > {drawn + 5}")
    # The wall behind on the right is bright: what the threshold takes for ground.
    wait_for_colour(page, 0.95, 0.1, (0, 177, 64))

    page.get_by_role("button", name="Paper").click()
    wait_for_colour(page, 0.95, 0.1, (232, 228, 220))

    plain = np.full((90, 160, 3), (200, 40, 20), np.uint8)
    cv2.imwrite(str(tmp_path / "deep blue.png"), plain)
    upload(page, tmp_path / "deep blue.png")
    wait_for_colour(page, 0.95, 0.1, (20, 40, 200))
    assert (
        page.get_by_role("button", name="deep blue", exact=True).get_attribute("aria-pressed")
        == "true"
    )

    drag_the_wipe(page)
    move_a_slider(page)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.wait_for_function("document.getElementById('stage').classList.contains('empty')")
    assert program.hosts <= {"127.0.0.1", ""}
    assert program.troubles == []


def drag_the_wipe(page: Any) -> None:
    """With the mouse and with the keyboard; the camera's picture is on its left."""
    stage = page.locator("#stage").bounding_box()
    middle = stage["y"] + stage["height"] / 2
    page.mouse.move(stage["x"] + stage["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] * 0.98, middle, steps=5)
    page.mouse.up()
    assert page.evaluate("studio.position") > 97
    assert colour_at(page, 0.95, 0.1)[0] > 120  # the wall, and not the blue backdrop
    page.keyboard.press("Home")
    assert page.locator("#wipe").get_attribute("aria-valuenow") == "0"
    wait_for_colour(page, 0.95, 0.1, (20, 40, 200))
    page.keyboard.press("ArrowRight")
    assert page.locator("#wipe").get_attribute("aria-valuenow") == "2"


def move_a_slider(page: Any) -> None:
    """And see that it counts."""
    page.get_by_role("tab", name="Settings").click()
    page.get_by_text("Refine", exact=True).click()
    slider = page.locator('.q-slider[data-key="refine.feather_px"]')
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_function(
        "fetch('/api/state').then(a => a.json()).then(s => s.settings.refine.feather_px > 50)"
    )
    # A bad value is told, and the old one stays.
    low = page.locator('input[data-key="refine.low"]')
    low.fill("0.95")
    low.press("Enter")
    page.get_by_text("must be below high").first.wait_for()
    page.wait_for_function(
        "document.querySelector('input[data-key=\"refine.low\"]').value === '0.1'"
    )


@pytest.mark.slow
def test_uploads_that_are_refused_are_told(page: Any, program: Program, tmp_path: Path) -> None:
    upload(page, bomb(tmp_path / "bomb.png"))
    page.get_by_text("50000×50000").wait_for()
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    upload(page, tmp_path / "broken.jpg")
    page.get_by_text("no picture that is taken here").wait_for()
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(65 << 20)
    upload(page, tmp_path / "huge.png")
    page.get_by_text("larger than 64 MB").wait_for()
    assert not (tmp_path / "data" / "mattebox" / "backdrops").exists() or not [
        *(tmp_path / "data" / "mattebox" / "backdrops").iterdir()
    ]
    assert program.troubles == []


@pytest.mark.slow
def test_a_browser_without_the_token_sees_nothing(browser: Any, program: Program) -> None:
    root = program.address.partition("?")[0]
    stranger = browser.new_context().new_page()
    for address in (root, f"{root}?token=wrong", f"{root}preview/both", f"{root}api/state"):
        answer = stranger.goto(address)
        assert answer.status == 403
    assert stranger.locator("#stage").count() == 0


@pytest.mark.slow
def test_ctrl_c_ends_a_session_that_runs_and_its_recording_is_complete(
    page: Any, program: Program
) -> None:
    recording = program.home / "talk.mp4"
    body = json.dumps({"input": "synthetic", "outputs": [str(recording)]})
    page.evaluate(f"fetch('/api/start', {{method: 'POST', body: {body!r}}})")
    page.wait_for_function("studio.drawn > 10")
    code, _seconds = program.end()
    assert code == 0
    capture = cv2.VideoCapture(str(recording))
    assert capture.read()[0]
    capture.release()
    assert [path.name for path in program.home.glob("talk*")] == ["talk.mp4"]


@pytest.mark.slow
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits(page: Any, width: int) -> None:
    """Nothing sticks out to the side."""
    page.set_viewport_size({"width": width, "height": 760})
    for tab in ("Backdrop", "Settings", "Presets", "File"):
        page.get_by_role("tab", name=tab).click()
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
