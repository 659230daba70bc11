"""Regions drawn on the preview in a real browser, and the window that follows the subject."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from browsing import Box, Program, drag, patch, settings_of, start, wait_for_colour
from mattebox.assemble.regions import place_of

# In the test picture: the bright wall, which the threshold takes for ground, and the dark table.
WALL, TABLE = (0.95, 0.1), (0.95, 0.95)
AROUND_WALL: Box = (0.88, 0.02, 0.99, 0.3)
AROUND_TABLE: Box = (0.88, 0.9, 0.99, 1.0)
GREEN, BRIGHT = (0, 177, 64), (140, 131, 114)


def pen(page: Any, name: str) -> Any:
    """The button that is pressed before a region is drawn."""
    return page.get_by_role("button", name=name, exact=True)


def remembered(camera: str = "synthetic") -> dict[str, Any]:
    """What the file says."""
    return tomllib.loads(place_of(camera).read_text("utf-8"))


@pytest.mark.slow
def test_a_region_is_drawn_in_effect_remembered_and_removed(page: Any, program: Program) -> None:
    """Of either kind. The wipe stays where it was, and is dragged afterwards as before."""
    start(page)
    wait_for_colour(page, *WALL, GREEN)
    pen(page, "Keep in").click()
    drag(page, AROUND_WALL)
    wait_for_colour(page, *WALL, BRIGHT)
    pen(page, "Keep out").click()
    drag(page, AROUND_TABLE)
    wait_for_colour(page, *TABLE, GREEN)
    page.locator(".region.keep_out").wait_for()
    subject = settings_of(page)["subject"]
    assert subject["keep_in"] == [pytest.approx(AROUND_WALL, abs=0.01)]
    assert subject["keep_out"] == [pytest.approx(AROUND_TABLE, abs=0.01)]
    assert remembered().items() >= {name: subject[name] for name in ("keep_in", "keep_out")}.items()
    page.get_by_text("Remembered for this camera").wait_for()
    assert page.evaluate("studio.position") == 50
    drag(page, (0.5, 0.5, 0.25, 0.5))
    assert page.evaluate("studio.position") == pytest.approx(25, abs=1)
    assert settings_of(page)["subject"] == subject

    page.get_by_role("button", name="Remove Keep in 1").focus()
    page.keyboard.press("Enter")
    wait_for_colour(page, *WALL, GREEN)
    page.get_by_role("button", name="Remove Keep out 1").click()
    page.locator(".region.keep_out").wait_for(state="detached")
    assert not place_of("synthetic").exists()
    assert program.troubles == []


@pytest.mark.slow
def test_escape_and_a_second_press_put_the_pen_down(page: Any) -> None:
    """In the middle of a drag too; a click is too small to be a region."""
    start(page)
    pen(page, "Keep out").click()
    assert pen(page, "Keep out").get_attribute("aria-pressed") == "true"
    drag(page, AROUND_WALL, let_go=False)
    assert page.locator("#draft").is_visible()
    page.keyboard.press("Escape")
    page.mouse.up()
    assert not page.locator("#draft").is_visible()
    pen(page, "Keep out").click()
    drag(page, (0.5, 0.5, 0.5, 0.5))
    page.get_by_text("That was too small").wait_for()
    pen(page, "Keep out").click()
    assert page.locator("#stage.drawing").count() == 0
    page.wait_for_timeout(600)
    assert settings_of(page)["subject"]["keep_out"] == []
    assert not place_of("synthetic").exists()


@pytest.mark.slow
def test_a_finger_draws_on_the_mirrored_picture(page: Any) -> None:
    """What is remembered is of the camera's own."""
    start(page)
    patch(page, {"live": {"mirror": True}})
    pen(page, "Keep out").click()
    stage = page.locator("#stage").bounding_box()
    touch = page.context.new_cdp_session(page)
    for kind, share in (("touchStart", 0.05), ("touchMove", 0.1), ("touchMove", 0.25)):
        point = {
            "x": stage["x"] + share * stage["width"],
            "y": stage["y"] + 2 * share * stage["height"],
        }
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.locator(".region.keep_out").wait_for()
    assert settings_of(page)["subject"]["keep_out"] == [
        pytest.approx([0.05, 0.1, 0.25, 0.5], abs=0.01)
    ]
    assert remembered()["keep_out"] == [pytest.approx([0.75, 0.1, 0.95, 0.5], abs=0.01)]


@pytest.mark.slow
def test_while_the_window_follows_the_subject_nothing_can_be_drawn(page: Any) -> None:
    """Regions are of the whole picture: they are in effect, and not shown over a part of it."""
    start(page)
    patch(page, {"subject": {"keep_out": [list(AROUND_TABLE)]}})
    page.get_by_role("button", name="Remember for this camera").wait_for()
    assert not place_of("synthetic").exists()
    switch = page.get_by_role("switch", name="Follow the subject")
    switch.click()
    page.get_by_text("Regions are of the camera's whole picture").wait_for()
    assert settings_of(page)["framing"]["auto"] is True
    assert pen(page, "Keep out").is_disabled()
    assert page.locator(".region.keep_out").is_hidden()
    switch.click()
    page.locator(".region.keep_out").wait_for()
    assert settings_of(page)["framing"]["auto"] is False
    page.get_by_role("button", name="Remember for this camera").click()
    page.get_by_text("mattebox live uses them too").wait_for()
    assert remembered()["keep_out"] == [list(AROUND_TABLE)]


def test_where_regions_are_written_is_the_tests_own(config: Path) -> None:
    """And not the user's."""
    assert place_of("synthetic").is_relative_to(config)
