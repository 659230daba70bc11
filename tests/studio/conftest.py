"""The studio's tests need its extra, and remember no regions but their own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from browsing import ARGUMENTS, CHROMIUM, PATIENCE_MS, Program
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
