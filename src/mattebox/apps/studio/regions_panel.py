"""Regions that are drawn on the picture, and the window that follows the subject.

``assets/studio.js`` lets them be drawn and emits ``drawn``; the outlines lie over the picture, and
a list beside it removes them. Regions are of the camera's whole picture: while the window of
framing shows a part of it they are neither shown nor drawn. On the event loop.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from typing import Any, cast

from nicegui import ui

from mattebox.apps.studio.controls import Attempt
from mattebox.apps.studio.director import Director
from mattebox.apps.studio.lending import Kind
from mattebox.settings import Box

_KINDS: dict[Kind, tuple[str, str]] = {
    "keep_out": ("Keep out", "block"),
    "keep_in": ("Keep in", "add_task"),
}
_FRAMED = (
    "Regions are of the camera's whole picture: switch “Follow the subject” off to see and draw "
    "them. They are in effect all the same."
)
_STOPPED = "Start, then draw on the picture what is always kept out or in: a doorway, a desk."
_NONE = (
    "Press a button and drag over the picture: a doorway to keep out, a desk to keep in. It is "
    "remembered for this camera."
)
_REMEMBERED = "Remembered for this camera; mattebox live uses them too."
_OWN = "From the settings, not remembered: used instead of what is remembered for a camera."


class RegionsPanel:
    """The outlines, the buttons and the list.

    Args:
        director: whose regions they are.
        attempt: see ``page``.
    """

    def __init__(self, director: Director, attempt: Attempt) -> None:
        self._director, self._attempt = director, attempt
        self._seen: tuple[object, ...] = ()

    def draw_outlines(self) -> None:
        """In the stage, over the picture."""
        self._outlines = ui.element("div").classes("regions")
        ui.element("div").classes("region draft").props("id=draft")
        hint = ui.label("Drag over the picture. Escape, or the button again, cancels.")
        hint.classes("draw-hint").props("role=status")

    def draw(self) -> None:
        """In the current place."""
        ui.on("drawn", lambda event: self._drawn(event.args))
        with ui.element("section").classes("regions-bar").props('aria-label="Regions"'):
            with ui.element("div").classes("row"):
                self._buttons = [_draw_pen(kind) for kind in _KINDS]
                ui.element("div").classes("space")
                self._framing = ui.switch("Follow the subject").props("dense")
                self._framing.on_value_change(self._switch_framing)
            self._note = ui.label().classes("quiet")
            self._list = ui.element("ul").classes("region-list").props('aria-label="Drawn regions"')
            self._keep = ui.button("Remember for this camera", on_click=self._remember)
            self._keep.props("flat no-caps dense")
        self.follow()

    def follow(self) -> None:
        """Show the regions in effect."""
        director = self._director
        settings, is_running = director.settings, director.state == "running"
        is_own = director.names_regions
        # What is there is built anew only when it has changed: a button in focus stays in focus.
        seen = (settings.subject, settings.framing.auto, is_running, is_own)
        if seen == self._seen:
            return
        self._seen = seen
        is_framed = settings.framing.auto
        self._framing.set_value(is_framed)
        for button in self._buttons:
            button.set_enabled(is_running and not is_framed)
        self._outlines.set_visibility(not is_framed)
        self._keep.set_visibility(is_own and is_running)
        regions = list(self._regions())
        self._note.set_text(_note(is_running, is_framed, is_own, bool(regions)))
        self._fill(regions)

    def _fill(self, regions: list[tuple[Kind, str, Box]]) -> None:
        self._outlines.clear()
        self._list.clear()
        for kind, name, box in regions:
            with self._outlines:
                _draw_outline(kind, name, box)
            with self._list, ui.element("li").classes(f"chip {kind}"):
                ui.label(name)
                away = ui.button(on_click=self._removing(kind, box))
                away.props(f'icon=close flat round dense size=sm aria-label="Remove {name}"')

    def _regions(self) -> Iterator[tuple[Kind, str, Box]]:
        """(kind, name, box) of each, in the picture as it is shown."""
        for kind, (text, _) in _KINDS.items():
            boxes: tuple[Box, ...] = getattr(self._director.settings.subject, kind)
            for number, box in enumerate(boxes, 1):
                yield kind, f"{text} {number}", box

    async def _drawn(self, facts: Mapping[str, Any]) -> None:
        box = cast(Box, facts.get("box"))
        for kind in _KINDS:
            if kind == facts.get("kind") and not self._director.settings.framing.auto:
                await self._attempt(partial(self._director.mark, kind, box))

    def _removing(self, kind: Kind, box: Box) -> Callable[[], Awaitable[None]]:
        async def remove() -> None:
            await self._attempt(lambda: self._director.unmark(kind, box))

        return remove

    async def _remember(self) -> None:
        if await self._attempt(self._director.remember_regions):
            ui.notify("Remembered for this camera.")

    async def _switch_framing(self) -> None:
        wanted = bool(self._framing.value)
        # Also called when the switch follows the settings: then there is nothing to change.
        if wanted == self._director.settings.framing.auto:
            return
        if not await self._attempt(lambda: self._director.adjust({"framing": {"auto": wanted}})):
            self._framing.set_value(not wanted)


def _draw_pen(kind: Kind) -> ui.button:
    """What is pressed before something is drawn; the script knows it by its attribute."""
    text, icon = _KINDS[kind]
    button = ui.button(text, icon=icon).classes("pen").props("outline no-caps dense")
    return button.props(f'data-draw={kind} aria-pressed=false padding="4px 10px"')


def _draw_outline(kind: Kind, name: str, box: Box) -> None:
    left, top, right, bottom = (100 * share for share in box)
    place = f"left:{left:g}%;top:{top:g}%;width:{right - left:g}%;height:{bottom - top:g}%"
    with ui.element("div").classes(f"region {kind}").style(place):
        ui.label(name)


def _note(is_running: bool, is_framed: bool, is_own: bool, has_any: bool) -> str:
    if is_framed:
        return _FRAMED
    if has_any:
        return _OWN if is_own else _REMEMBERED
    return _NONE if is_running else _STOPPED
