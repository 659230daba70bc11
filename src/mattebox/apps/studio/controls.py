"""Start and stop, and what from and whereto. On the event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import platformdirs
from nicegui import ui

from mattebox.apps.studio.director import Director

# Does what blocks on a thread, tells what is wrong; whether it was done.
Attempt: TypeAlias = Callable[[Callable[[], object]], Awaitable[bool]]

_ADDRESS, _RECORDING, _GIVEN = "address", "recording", "given"
_INPUTS = {
    "camera:0": "Camera 0",
    _ADDRESS: "A network address",
    "screen": "The screen",
    "synthetic": "A test picture",
}
_OUTPUTS = {
    "": "Only this page",
    "virtual": "Virtual camera",
    _RECORDING: "A recording",
}
_HINTS = {
    "idle": "No picture yet.\nChoose an input below and press Start.",
    "starting": "The input is being opened.",
    "running": "Waiting for a picture with a matte.\nUntil then others see the placeholder.",
    "stopping": "Stopping. A recording is being completed.",
}
_STATES = {
    "idle": "Stopped",
    "starting": "Starting …",
    "running": "Running",
    "stopping": "Stopping …",
}


class Controls:
    """The bar below the preview, and the state above it.

    Args:
        director: what is steered.
        attempt: see ``page``.
    """

    def __init__(self, director: Director, attempt: Attempt) -> None:
        self._director, self._attempt = director, attempt
        # What the command line or the last start named; offered as it is.
        self._given = list(director.outputs)

    def draw_state(self) -> None:
        """The pill in the head of the page."""
        self._pill = ui.label().classes("pill").props("role=status")

    def draw_hint(self) -> None:
        """What stands where the picture will be."""
        self._hint = ui.label().classes("hint")

    def draw(self) -> None:
        """In the current place."""
        with ui.element("div").classes("bar"):
            self._button = ui.button("Start", on_click=self._pressed).classes("go")
            self._button.props("unelevated no-caps color=primary")
            self._draw_input()
            self._draw_output()
            view = ui.toggle({"both": "Before / after", "matte": "Matte"}, value="both")
            view.props("no-caps dense unelevated toggle-color=primary padding='4px 10px'")
            view.on_value_change(lambda event: ui.run_javascript(f"studio.show('{event.value}')"))
        self.follow()

    def follow(self) -> None:
        """Show what the session does."""
        state = self._director.state
        mode = f" · {self._director.mode}" if state == "running" else ""
        self._hint.set_text(_HINTS[state])
        self._pill.set_text(_STATES[state] + mode)
        self._pill.classes(remove="running", add="running" if state == "running" else "")
        self._button.set_text("Start" if state in {"idle", "starting"} else "Stop")
        self._button.props(f"color={'primary' if state in {'idle', 'starting'} else 'blue-grey-8'}")
        self._button.set_enabled(state in {"idle", "running"})

    def _draw_input(self) -> None:
        known = dict(_INPUTS)
        now = self._director.input
        self._input = ui.select(
            known | ({} if now in known else {now: now}), value=now, label="Input"
        )
        self._input.classes("grow").props("dense outlined options-dense")
        look = ui.button(on_click=self._look_for_cameras)
        look.props('icon=refresh flat round dense color=grey-7 aria-label="Look for cameras"')
        look.props('title="Look for cameras"')
        self._address = ui.input("Address", placeholder="rtsp://…").classes("grow")
        self._address.props("dense outlined")
        self._address.bind_visibility_from(self._input, "value", value=_ADDRESS)

    def _draw_output(self) -> None:
        chosen = self._first_output()
        given = {_GIVEN: ", ".join(self._given)} if chosen == _GIVEN else {}
        self._output = ui.select(_OUTPUTS | given, value=chosen, label="Output")
        self._output.classes("grow").props("dense outlined options-dense")
        self._file = ui.input("File", value=str(_recording())).classes("grow")
        self._file.props("dense outlined")
        self._file.bind_visibility_from(self._output, "value", value=_RECORDING)

    def _first_output(self) -> str:
        if not self._given:
            return ""
        is_listed = len(self._given) == 1 and self._given[0] in _OUTPUTS
        return self._given[0] if is_listed else _GIVEN

    async def _pressed(self) -> None:
        director = self._director
        self._button.disable()
        if director.state == "running":
            await self._attempt(director.stop)
            return
        input, outputs = self._chosen_input(), self._chosen_outputs()
        await self._attempt(lambda: director.start(input, outputs))

    def _chosen_input(self) -> str:
        value = str(self._input.value)
        return str(self._address.value or "").strip() if value == _ADDRESS else value

    def _chosen_outputs(self) -> list[str]:
        value = str(self._output.value)
        if value == _GIVEN:
            return self._given
        if value != _RECORDING:
            return [value] if value else []
        name = str(self._file.value or "").strip() or str(_recording())
        self._file.set_value(str(_recording()))  # the next one is another
        return [name]

    async def _look_for_cameras(self) -> None:
        from mattebox.sources.camera import find_cameras

        found = await asyncio.to_thread(find_cameras)
        cameras = {f"camera:{c.index}": f"Camera {c.index}, {c.width}×{c.height}" for c in found}
        others = {key: text for key, text in _INPUTS.items() if not key.startswith("camera:")}
        options = cameras | others
        value = self._input.value if self._input.value in options else next(iter(options))
        self._input.set_options(options, value=value)
        if not cameras:
            ui.notify("No camera found: none is connected, or another program holds it.")


def _recording() -> Path:
    """A new name in the user's folder of videos."""
    folder = Path(platformdirs.user_videos_dir())
    return folder / f"mattebox {time.strftime('%Y-%m-%d %H-%M-%S')}.mp4"
