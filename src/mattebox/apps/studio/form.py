"""The settings form: a widget for every field, which follows the settings and changes them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from nicegui import ui
from nicegui.events import GenericEventArguments

from mattebox.apps.studio.fields import Field, quality_field, sections
from mattebox.settings import Settings

# Puts what was entered into effect; where it is refused the page tells why, and nothing changes.
Enter: TypeAlias = Callable[[Field, object], Awaitable[None]]
Show: TypeAlias = Callable[[Any], object]


class Form:
    """Draws every section, closed but the first.

    Args:
        settings: gives those in effect.
        enter: puts others into effect.
    """

    def __init__(self, settings: Callable[[], Settings], enter: Enter) -> None:
        self._settings, self._enter = settings, enter
        self._shows: list[tuple[Field, Show]] = []

    def draw(self) -> None:
        """In the current place."""
        with _block("form"):
            self._draw_field(quality_field())
            for section in sections():
                with ui.expansion(section.name.capitalize(), caption=section.help).classes(
                    "w-full"
                ):
                    for field in section.fields:
                        self._draw_field(field)

    def follow(self) -> None:
        """Show the settings in effect in every field."""
        settings = self._settings()
        for field, show in self._shows:
            show(field.value_in(settings))

    def _draw_field(self, field: Field) -> None:
        with _block("field"):
            with _block("row1"):
                ui.label(field.title).classes("title")
                self._draw_small(field)
            if field.kind == "number" and field.low is not None and field.high is not None:
                self._draw_slider(field, field.low, field.high)
            elif field.kind in {"text", "list"}:
                self._draw_text(field)
            ui.label(field.help).classes("quiet")

    def _draw_small(self, field: Field) -> None:
        """What fits beside the title."""
        if field.kind == "switch":
            self._follow_value(field, ui.switch().props("dense"))
        elif field.kind == "choice":
            select = ui.select(list(field.choices))
            self._follow_value(field, select.props("dense borderless options-dense"))
        elif field.kind == "number":
            number = ui.number().classes("exact").props("dense outlined step=any")
            self._follow_end(field, number)

    def _draw_slider(self, field: Field, low: float, high: float) -> None:
        slider = ui.slider(min=low, max=high, step=field.step)
        slider.props(f'aria-label="{field.title}" data-key="{field.key}"')

        async def released(event: GenericEventArguments) -> None:
            await self._changed(field, event.args)

        # Only when it is let go: a network is not loaded for every pixel of the way.
        slider.on("change", released, args=[None])
        self._show(field, slider.set_value)

    def _draw_text(self, field: Field) -> None:
        self._follow_end(field, ui.input().classes("w-full").props("dense outlined"))

    def _follow_value(self, field: Field, widget: ui.switch | ui.select) -> None:
        """For what is decided with one click."""

        async def entered() -> None:
            # Also called when the widget follows the settings: then there is nothing to change.
            if widget.value != field.value_in(self._settings()):
                await self._changed(field, widget.value)

        self._keep(field, widget)
        widget.on_value_change(entered)

    def _follow_end(self, field: Field, widget: ui.number | ui.input) -> None:
        """For what is typed: it counts when it is left, or with Enter."""

        async def left() -> None:
            if widget.value is not None and widget.value != field.value_in(self._settings()):
                await self._changed(field, widget.value)
            else:
                self.follow()

        widget.on("blur", left)
        widget.on("keydown.enter", left)
        self._keep(field, widget)

    def _keep(self, field: Field, widget: ui.switch | ui.select | ui.number | ui.input) -> None:
        widget.props(f'aria-label="{field.title}" data-key="{field.key}"')
        self._show(field, widget.set_value)

    def _show(self, field: Field, show: Show) -> None:
        """Let a widget follow the settings, from now on."""
        show(field.value_in(self._settings()))
        self._shows.append((field, show))

    async def _changed(self, field: Field, value: object) -> None:
        await self._enter(field, value)
        self.follow()


def _block(kind: str) -> ui.element:
    return ui.element("div").classes(kind)
