"""The panels beside the preview in a real browser: files, presets, settings; light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from browsing import Program, patch, settings_of, start, wait_for_colour
from clips import write_clip

DROP = '.drop[data-to="/upload/file"] input'


@pytest.mark.slow
def test_a_file_is_made_played_and_downloaded(page: Any, program: Program, tmp_path: Path) -> None:
    """With the settings of the page: its green is behind whatever the threshold leaves out."""
    clip = write_clip(tmp_path / "short clip.mkv", size=(96, 64), frames=8)
    page.get_by_role("tab", name="File").click()
    quality = page.get_by_label("Quality of files")
    assert quality.input_value() == "As on this page"
    quality.click()
    page.get_by_role("option", name="best").click()
    page.locator(DROP).set_input_files(clip)
    page.get_by_text("short clip.mkv is made.").wait_for()
    video = page.locator(".result video")
    video.wait_for()
    page.wait_for_function("document.querySelector('.result video').readyState >= 2")
    assert video.evaluate("v => [v.videoWidth, v.videoHeight]") == [96, 64]
    assert video.evaluate("v => v.play().then(() => true)")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download").click()
    download = downloading.value
    assert download.suggested_filename == "short clip-mattebox.mp4"
    download.save_as(tmp_path / "saved.mp4")
    capture = cv2.VideoCapture(str(tmp_path / "saved.mp4"))
    count = 0
    while capture.read()[0]:
        count += 1
    capture.release()
    assert count == 8
    assert program.troubles == []


@pytest.mark.slow
def test_a_file_that_is_none_is_told_in_its_place(page: Any, tmp_path: Path) -> None:
    """And nothing is offered."""
    (tmp_path / "broken.mp4").write_bytes(b"no video at all")
    page.get_by_role("tab", name="File").click()
    page.locator(DROP).set_input_files(tmp_path / "broken.mp4")
    page.get_by_text("broken.mp4 could not be made").wait_for()
    assert page.locator(".result video").count() == 0


@pytest.mark.slow
def test_a_preset_is_saved_loaded_and_removed(page: Any, program: Program) -> None:
    """It brings the settings back, on the page and in the session."""
    start(page)
    patch(page, {"backdrop": {"source": "#e8e4dc"}})
    page.get_by_role("tab", name="Presets").click()
    page.get_by_label("Name").fill("Paper wall")
    page.get_by_role("button", name="Save these settings").click()
    row = page.locator(".preset").filter(has_text="Paper wall")
    row.wait_for()
    assert (program.home / "config" / "mattebox" / "presets" / "Paper wall.toml").is_file()
    patch(page, {"backdrop": {"source": "#00b140"}})
    wait_for_colour(page, 0.95, 0.1, (0, 177, 64))
    row.get_by_role("button", name="Use").click()
    page.get_by_text("Paper wall is in effect").wait_for()
    wait_for_colour(page, 0.95, 0.1, (232, 228, 220))
    assert settings_of(page)["backdrop"]["source"] == "#e8e4dc"
    row.get_by_role("button", name="Remove").click()
    row.wait_for(state="detached")
    assert not [*(program.home / "config" / "mattebox" / "presets").glob("*.toml")]
    assert program.troubles == []


@pytest.mark.slow
def test_a_picture_is_laid_over_the_result_by_its_path(page: Any, tmp_path: Path) -> None:
    """Typed into the form; one that is not there is told, and the old one stays."""
    cv2.imwrite(str(tmp_path / "logo.png"), np.full((40, 40, 3), (200, 40, 20), np.uint8))
    start(page)
    page.get_by_role("tab", name="Settings").click()
    page.get_by_text("Overlay", exact=True).click()
    path = page.locator('input[data-key="overlay.path"]')
    path.fill(str(tmp_path / "logo.png"))
    path.press("Enter")
    wait_for_colour(page, 0.9, 0.85, (20, 40, 200))
    path.fill(str(tmp_path / "gone.png"))
    path.press("Enter")
    page.locator(".q-notification").filter(has_text="gone.png").first.wait_for()
    page.wait_for_function(
        "document.querySelector('input[data-key=\"overlay.path\"]').value.endsWith('logo.png')"
    )
    assert settings_of(page)["overlay"]["path"] == str(tmp_path / "logo.png")


@pytest.mark.slow
def test_light_and_dark_are_chosen_or_follow_the_system(page: Any) -> None:
    """Whatever is chosen, text can be told from its ground, and a page opened anew has it too."""
    looks = {"light": (244, 245, 246), "dark": (20, 25, 29)}
    page.emulate_media(color_scheme="dark")
    wait_for_ground(page, looks["dark"])
    page.get_by_role("button", name="As the system: switch to light").click()
    wait_for_ground(page, looks["light"])
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Light: switch to dark").click()
    wait_for_ground(page, looks["dark"])
    page.reload()
    wait_for_ground(page, looks["dark"])
    page.get_by_role("button", name="Dark: switch to what the system says").click()
    wait_for_ground(page, looks["light"])


def wait_for_ground(page: Any, ground: tuple[int, int, int]) -> None:
    """Until the page has this colour, and the text of its panels is far from the panels' own."""
    wanted = f"rgb({', '.join(map(str, ground))})"
    page.wait_for_function(f"getComputedStyle(document.body).backgroundColor === '{wanted}'")
    is_readable = """selector => {
        const style = getComputedStyle(document.querySelector(selector));
        const parts = (colour) => colour.match(/[\\d.]+/g).slice(0, 3);
        const mean = (colour) => parts(colour).reduce((a, b) => a + Number(b), 0) / 3;
        const card = getComputedStyle(document.querySelector('.card')).backgroundColor;
        return Math.abs(mean(style.color) - mean(card)) > 75;
    }"""
    for selector in (".pill", ".regions-bar .quiet", ".figure b", ".q-tab__label"):
        page.wait_for_function(is_readable, arg=selector)  # colours fade into each other
