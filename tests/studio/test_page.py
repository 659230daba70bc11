"""The page in a real browser, with a real session on the test picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from bombs import bomb
from browsing import Program, colour_at, start, upload, wait_for_colour


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
