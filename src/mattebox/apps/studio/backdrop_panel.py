"""Choosing what stands behind: the gallery, a colour, blur, an upload. On the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from nicegui import ui

from mattebox.apps.studio.controls import Attempt
from mattebox.apps.studio.gallery import PICTURES, VIDEO_LIMIT, VIDEOS, Entry
from mattebox.apps.studio.rooms import Rooms

_COLOURS = {"#00b140": "Green", "#2f4858": "Slate", "#e8e4dc": "Paper", "#16191c": "Night"}


class BackdropPanel:
    """The first panel.

    Args:
        rooms: the gallery, and what is steered.
        attempt: see ``page``.
    """

    def __init__(self, rooms: Rooms, attempt: Attempt) -> None:
        self._rooms, self._attempt = rooms, attempt
        self._tiles: dict[str, ui.element] = {}

    def draw(self) -> None:
        """In the current place."""
        self._draw_zone()
        self._gallery = ui.element("div").classes("gallery").props('aria-label="Backdrops"')
        ui.timer(0, self._fill, once=True)
        with ui.element("div").classes("row"):
            self._colour = ui.color_input("Colour", value="#2f4858").classes("grow")
            self._colour.props("dense outlined")
            ui.button("Use", on_click=lambda: self._use(self._colour.value)).props("flat no-caps")
        ui.label("Blur radius").classes("quiet")
        with ui.element("div").classes("row"):
            radius = self._rooms.director.settings.backdrop.blur_px
            self._radius = ui.slider(min=2, max=120, step=1, value=radius).classes("grow")
            self._radius.props('label aria-label="Blur radius" data-key="blur"')
            self._radius.on("change", self._blur)
            ui.button("Blur", on_click=self._blur).props("flat no-caps")

    def follow(self) -> None:
        """Show which one is in effect."""
        source = self._rooms.director.settings.backdrop.source
        for name, tile in self._tiles.items():
            is_chosen = name == source or (name == "blur" and source.startswith("blur"))
            tile.classes(remove="chosen", add="chosen" if is_chosen else "")
            tile.props(f"aria-pressed={'true' if is_chosen else 'false'}")

    async def choose(self, key: str) -> None:
        """Use an entry of the gallery, also one that has just been added."""
        await self._fill()
        entries = await asyncio.to_thread(self._rooms.gallery.entries)
        for entry in entries:
            if entry.key == key:
                await self._use(str(entry.path))

    def _draw_zone(self) -> None:
        kinds = ",".join(sorted(PICTURES | VIDEOS))
        draw_drop_zone(
            "/upload/backdrop", VIDEO_LIMIT, kinds, "Drop a picture or video here, or click"
        )

    async def _fill(self) -> None:
        entries = await asyncio.to_thread(self._rooms.gallery.entries)
        self._gallery.clear()
        self._tiles = {}
        with self._gallery:
            for entry in entries:
                self._draw_entry(entry)
            self._draw_swatch("blur", "Blur", "blurred", "")
            for colour, name in _COLOURS.items():
                self._draw_swatch(colour, name, "", f"background: {colour}")
        self.follow()

    def _draw_entry(self, entry: Entry) -> None:
        with ui.element("div").classes("tile"):
            with self._tile(str(entry.path), entry.title):
                ui.element("img").props(f'src="/thumbnail/{entry.key}" alt="" loading=lazy')
                ui.label(entry.title).classes("name")
            if entry.is_own:
                away = ui.button(on_click=self._removing(entry)).classes("away")
                away.props(
                    f'icon=close round dense size=xs flat aria-label="Remove {_plain(entry.title)}"'
                )

    def _draw_swatch(self, source: str, name: str, kind: str, style: str) -> None:
        with ui.element("div").classes("tile"), self._tile(source, name):
            ui.element("div").classes(f"swatch {kind}").style(style)
            ui.label(name).classes("name")

    def _tile(self, source: str, title: str) -> ui.element:
        tile = ui.element("button").props(f'type=button aria-label="{_plain(title)}"')
        tile.on("click", self._using(source))
        self._tiles[source] = tile
        return tile

    def _using(self, source: str) -> Callable[[], Awaitable[None]]:
        async def use() -> None:
            await (self._blur() if source == "blur" else self._use(source))

        return use

    def _removing(self, entry: Entry) -> Callable[[], Awaitable[None]]:
        async def remove() -> None:
            if str(entry.path) == self._rooms.director.settings.backdrop.source:
                await self._blur()
            await self._attempt(lambda: self._rooms.gallery.remove(entry.key))
            await self._fill()

        return remove

    async def _blur(self) -> None:
        radius = float(self._radius.value)
        change: dict[str, object] = {"backdrop": {"source": "blur", "blur_px": radius}}
        await self._attempt(lambda: self._rooms.director.adjust(change))
        self.follow()

    async def _use(self, source: str) -> None:
        change: dict[str, object] = {"backdrop": {"source": source}}
        await self._attempt(lambda: self._rooms.director.adjust(change))
        self.follow()


def draw_drop_zone(to: str, limit: int, kinds: str, text: str) -> None:
    """A place to drop a file, or to click; ``assets/studio.js`` sends it."""
    zone = ui.element("div").classes("drop")
    zone.props(f'data-to="{to}" data-limit={limit} tabindex=0 role=button aria-label="{text}"')
    with zone:
        ui.label(text).classes("note")
        ui.element("input").props(f'type=file accept="{kinds}" tabindex=-1 aria-hidden=true')


def _plain(text: str) -> str:
    """Fit for an attribute."""
    return text.replace('"', "'").replace("\\", "/")
