"""Settings under a name, as a panel. On the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from nicegui import ui

from mattebox.apps.studio.controls import Attempt
from mattebox.apps.studio.rooms import Rooms


class PresetsPanel:
    """Saves, loads and removes.

    Args:
        rooms: the presets, and what is steered.
        attempt: see ``page``.
    """

    def __init__(self, rooms: Rooms, attempt: Attempt) -> None:
        self._rooms, self._attempt = rooms, attempt

    def draw(self) -> None:
        """In the current place."""
        with ui.element("div").classes("row"):
            self._name = ui.input("Name").classes("grow").props("dense outlined")
            self._name.on("keydown.enter", self._save)
            ui.button("Save these settings", on_click=self._save).props("flat no-caps")
        self._list = ui.element("div")
        self._fill()

    def _fill(self) -> None:
        self._list.clear()
        with self._list:
            for name, is_own in self._rooms.presets.names().items():
                self._draw_preset(name, is_own=is_own)

    def _draw_preset(self, name: str, *, is_own: bool) -> None:
        with ui.element("div").classes("preset"):
            ui.label(name).classes("grow")
            ui.label("" if is_own else "shipped").classes("quiet")
            ui.button("Use", on_click=self._using(name)).props("flat no-caps dense")
            if is_own:
                away = ui.button(on_click=self._removing(name))
                away.props('icon=delete_outline flat round dense color=grey-7 aria-label="Remove"')

    async def _save(self) -> None:
        name = str(self._name.value or "")
        settings = self._rooms.director.own_settings
        if await self._attempt(lambda: self._rooms.presets.save(name, settings)):
            self._name.set_value("")
            self._fill()

    def _using(self, name: str) -> Callable[[], Awaitable[None]]:
        def load() -> None:
            self._rooms.director.apply(self._rooms.presets.load(name))

        async def use() -> None:
            if await self._attempt(load):
                ui.notify(f"{name} is in effect.")

        return use

    def _removing(self, name: str) -> Callable[[], Awaitable[None]]:
        async def remove() -> None:
            await self._attempt(lambda: self._rooms.presets.remove(name))
            self._fill()

        return remove
