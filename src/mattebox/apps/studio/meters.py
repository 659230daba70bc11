"""How the session does: figures, how busy each stage is, messages. On the event loop."""

from __future__ import annotations

import time
from typing import Any

from nicegui import ui

from mattebox.apps.studio.director import Director
from mattebox.report import CAPTURE, COMPOSITING, ENCODING, MATTING

_FIGURES = {
    "fps": "new pictures a second",
    "p50": "latency, median",
    "p95": "latency, 95 of 100",
    "delay": "delay the microphone by",
    "drops": "pictures dropped",
    "outages": "outages",
}
_STAGES = (CAPTURE, MATTING, COMPOSITING, ENCODING)
_NOTHING = "–"
# Over how long the rate is measured.
_WINDOW_S = 2.0


class Meters:
    """The cards below the preview.

    Args:
        director: what is looked at.
    """

    def __init__(self, director: Director) -> None:
        self._director = director
        self._labels: dict[str, ui.label] = {}
        self._bars: dict[str, tuple[ui.label, ui.element]] = {}
        self._seen: list[tuple[float, int]] = []
        self._said: tuple[float, int] = (0.0, 0)

    def draw(self) -> None:
        """In the current place."""
        with ui.element("section").classes("card").props('aria-label="Figures"'):
            with ui.element("div").classes("figures"):
                for name, text in _FIGURES.items():
                    self._draw_figure(name, text)
            with ui.element("div").classes("stages"):
                for stage in _STAGES:
                    self._draw_stage(stage)
        with ui.element("section").classes("card"):
            ui.html("<h2>Messages</h2>", sanitize=False)
            self._needs = ui.label().classes("quiet needs")
            self._messages = ui.element("div").classes("messages").props("role=log tabindex=0")
        self.follow()

    def follow(self) -> None:
        """Show what is so now."""
        facts = self._director.facts()
        live = facts["live"] or {}
        self._show_figures(live.get("shown"), live.get("source"), live.get("outages"))
        self._show_stages(live.get("source"))
        self._show_messages()
        waiting = ", ".join(facts["needs_start"])
        self._needs.set_text(f"With the next start: {waiting}." if waiting else "")
        self._needs.set_visibility(bool(waiting))

    def _draw_figure(self, name: str, text: str) -> None:
        with ui.element("div").classes("figure"):
            with ui.element("b"):
                self._labels[name] = ui.label(_NOTHING).props(f"id=figure-{name}")
            with ui.element("span"):
                ui.label(text)

    def _draw_stage(self, stage: str) -> None:
        with ui.element("div"):
            with ui.element("label"):
                ui.label(stage)
                share = ui.label(_NOTHING)
            with ui.element("div").classes("meter"):
                self._bars[stage] = share, ui.element("i")

    def _show_figures(
        self, shown: dict[str, Any] | None, source: dict[str, Any] | None, outages: int | None
    ) -> None:
        median, late = (shown or {}).get("latency_p50_s"), (shown or {}).get("latency_p95_s")
        fps = self._rate(None if shown is None else shown["shown"])
        texts = {
            "fps": _NOTHING if fps is None else f"{fps:.1f}",
            "p50": _milliseconds(median),
            "p95": _milliseconds(late),
            "delay": _milliseconds(median),
            "drops": _NOTHING if source is None else str(source["dropped"]),
            "outages": _NOTHING if outages is None else str(outages),
        }
        for name, text in texts.items():
            self._labels[name].set_text(text)

    def _rate(self, count: int | None) -> float | None:
        """Pictures a second over the last two seconds; None where nothing is shown."""
        now = time.monotonic()
        if count is None or (self._seen and count < self._seen[-1][1]):
            self._seen = []
        if count is None:
            return None
        self._seen = [seen for seen in self._seen if now - seen[0] <= _WINDOW_S]
        self._seen.append((now, count))
        first_at, first = self._seen[0]
        return (count - first) / (now - first_at) if now > first_at else None

    def _show_stages(self, source: dict[str, Any] | None) -> None:
        elapsed_s = 0.0 if source is None else source["elapsed_s"]
        busy = {} if source is None else {s["name"]: s["busy_s"] for s in source["stages"]}
        for name, (label, bar) in self._bars.items():
            share = min(1.0, busy[name] / elapsed_s) if elapsed_s > 0 and name in busy else None
            label.set_text(_NOTHING if share is None else f"{100 * share:.0f} %")
            bar.style(f"width: {100 * (share or 0):.0f}%")

    def _show_messages(self) -> None:
        said = tuple(self._director.said)
        newest = (said[-1].at, len(said)) if said else (0.0, 0)
        if newest == self._said:
            return
        self._said = newest
        self._messages.clear()
        with self._messages:
            for each in reversed(said):
                at = time.strftime("%H:%M:%S", time.localtime(each.at))
                with ui.element("p").classes(each.kind):
                    ui.label(f"{at}  {each.text}")


def _milliseconds(seconds: float | None) -> str:
    return _NOTHING if seconds is None else f"{1000 * seconds:.0f} ms"
