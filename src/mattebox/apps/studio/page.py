"""The page: what is where, and what happens when somebody touches it.

Built anew for everyone who opens it; all of them steer the one session. On the event loop; whatever
blocks is handed to threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from nicegui import ui

from mattebox.apps.studio.backdrop_panel import BackdropPanel
from mattebox.apps.studio.controls import Controls
from mattebox.apps.studio.fields import Field
from mattebox.apps.studio.file_panel import FilePanel
from mattebox.apps.studio.form import Form
from mattebox.apps.studio.meters import Meters
from mattebox.apps.studio.presets_panel import PresetsPanel
from mattebox.apps.studio.regions_panel import RegionsPanel
from mattebox.apps.studio.rooms import Rooms
from mattebox.errors import MatteboxError

_HEAD = """
<link rel="stylesheet" href="/assets/studio.css">
<script src="/assets/studio.js" defer></script>
<meta name="referrer" content="no-referrer">
"""
_TICK_S = 0.5
_LOOKS: dict[str, tuple[bool | None, str, str]] = {
    "system": (None, "brightness_auto", "As the system: switch to light"),
    "light": (False, "light_mode", "Light: switch to dark"),
    "dark": (True, "dark_mode", "Dark: switch to what the system says"),
}


def add_page(rooms: Rooms) -> None:
    """Serve the page at ``/``."""

    @ui.page("/")
    def studio() -> None:
        _Page(rooms).draw()


class _Page:
    """One opened page."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        director = rooms.director
        self._controls = Controls(director, self.attempt)
        self._regions = RegionsPanel(director, self.attempt)
        self._meters = Meters(director)
        self._form = Form(lambda: director.settings, self._enter)
        self._backdrops = BackdropPanel(rooms, self.attempt)
        self._presets = PresetsPanel(rooms, self.attempt)
        self._files = FilePanel(rooms, self.attempt)
        self._shown = director.settings

    def draw(self) -> None:
        """Everything."""
        ui.add_head_html(_HEAD)
        ui.colors(primary="#1f7a75", positive="#1f7a75", negative="#b3261e", info="#33505f")
        self._look = ui.dark_mode(self._rooms.is_dark)
        self._draw_top()
        with _block("desk"):
            with _block("left"):
                with _block("card viewer"):
                    self._draw_stage()
                    self._controls.draw()
                    self._regions.draw()
                self._meters.draw()
            with _block("right card"):
                self._draw_tabs()
        ui.on("refused", lambda event: tell(str(event.args.get("text", "")), is_bad=True))
        ui.on("uploaded", lambda event: self._uploaded(event.args))
        ui.timer(_TICK_S, self._tick)

    async def attempt(self, work: Callable[[], object]) -> bool:
        """Do what blocks on a thread; tell what is wrong where it fails; whether it was done."""
        try:
            await asyncio.to_thread(work)
        except MatteboxError as error:
            tell(str(error), is_bad=True)
            return False
        finally:
            self._tick()
        return True

    async def _enter(self, field: Field, value: object) -> None:
        await self.attempt(lambda: self._rooms.director.adjust(field.change(value)))

    async def _uploaded(self, facts: dict[str, str]) -> None:
        if facts.get("to") == "/upload/backdrop":
            await self._backdrops.choose(facts["key"])
        else:
            tell(f"{facts.get('title')} is being made.")

    def _draw_top(self) -> None:
        with ui.element("header").classes("top"):
            ui.html("<h1>mattebox studio</h1>", sanitize=False)
            self._controls.draw_state()
            _block("space")
            self._button = ui.button(on_click=self._switch_look).props("flat round dense")
            self._show_look()

    def _switch_look(self) -> None:
        names = list(_LOOKS)
        after = names[(names.index(self._look_name()) + 1) % len(names)]
        self._rooms.is_dark = _LOOKS[after][0]
        self._look.set_value(self._rooms.is_dark)
        self._show_look()

    def _show_look(self) -> None:
        _, icon, label = _LOOKS[self._look_name()]
        self._button.props(f'icon={icon} color=grey-7 aria-label="{label}" title="{label}"')

    def _look_name(self) -> str:
        return next(name for name, look in _LOOKS.items() if look[0] is self._rooms.is_dark)

    def _draw_stage(self) -> None:
        """The picture and its wipe; ``assets/studio.js`` fills it."""
        with _block("stage empty").props("id=stage"):
            ui.element("canvas").props('id=preview role=img aria-label="Preview"')
            ui.label("Before").classes("side before")
            ui.label("After").classes("side after")
            wipe = _block("wipe").props('id=wipe tabindex=0 role=slider aria-label="Wipe"')
            wipe.props("aria-valuemin=0 aria-valuemax=100 aria-valuenow=50")
            self._regions.draw_outlines()
            self._controls.draw_hint()

    def _draw_tabs(self) -> None:
        panels = {
            "Backdrop": self._backdrops.draw,
            "Settings": self._form.draw,
            "Presets": self._presets.draw,
            "File": self._files.draw,
        }
        with ui.tabs().classes("w-full").props("dense no-caps align=justify") as tabs:
            for name in panels:
                ui.tab(name)
        with ui.tab_panels(tabs, value="Backdrop", animated=False, keep_alive=True):
            for name, draw in panels.items():
                with ui.tab_panel(name), _block("panel"):
                    draw()

    def _tick(self) -> None:
        """Follow the session, and what others have changed."""
        self._controls.follow()
        self._regions.follow()
        self._meters.follow()
        self._files.follow()
        if self._rooms.director.settings is not self._shown:
            self._shown = self._rooms.director.settings
            self._form.follow()
            self._backdrops.follow()


def tell(text: str, *, is_bad: bool = False) -> None:
    """A message that goes away by itself; what is bad stays longer."""
    kind, stays_ms = ("negative", 9000) if is_bad else ("info", 3500)
    ui.notify(text, type=kind, timeout=stays_ms, multi_line=True, close_button="Close")  # type: ignore[arg-type]


def _block(kind: str) -> ui.element:
    return ui.element("div").classes(kind)
