"""A video or picture file, made with the settings of the page. On the event loop."""

from __future__ import annotations

from pathlib import Path

from nicegui import ui

from mattebox.apps.studio import file_job
from mattebox.apps.studio.backdrop_panel import draw_drop_zone
from mattebox.apps.studio.controls import Attempt
from mattebox.apps.studio.file_job import JobProgress
from mattebox.apps.studio.gallery import PICTURES, VIDEOS
from mattebox.apps.studio.rooms import Rooms
from mattebox.files import is_picture

_QUALITIES = {"": "As on this page", "fast": "fast", "balanced": "balanced", "best": "best"}


class FilePanel:
    """The panel, and how far the file is.

    Args:
        rooms: the job, and the settings.
        attempt: see ``page``.
    """

    def __init__(self, rooms: Rooms, attempt: Attempt) -> None:
        self._rooms, self._attempt = rooms, attempt
        self._shown: JobProgress | None = None

    def draw(self) -> None:
        """In the current place."""
        ui.label("Made with the settings of this page, while a session may go on.").classes("quiet")
        kinds = ",".join(sorted(PICTURES | VIDEOS))
        draw_drop_zone(
            "/upload/file", file_job.UPLOAD_LIMIT, kinds, "Drop a video or picture here, or click"
        )
        with ui.element("div").classes("row"):
            self._path = ui.input("Or its path on this machine").classes("grow")
            self._path.props("dense outlined")
            ui.button("Make", on_click=self._make).props("flat no-caps")
        quality = ui.select(_QUALITIES, label="Quality of files")
        quality.props("dense outlined options-dense")
        job = self._rooms.file_job
        quality.bind_value(
            job, "quality", forward=lambda name: name or None, backward=lambda name: name or ""
        )
        self._bar = ui.linear_progress(value=0, show_value=False).props("rounded color=primary")
        with ui.element("div").classes("row"):
            self._text = ui.label().classes("quiet grow")
            self._cancel = ui.button("Cancel", on_click=self._end).props("flat no-caps dense")
        self._result = ui.element("div").classes("result")
        self.follow()

    def follow(self) -> None:
        """Show how far it is."""
        progress = self._rooms.file_job.progress
        if progress is self._shown:
            return
        self._shown = progress
        is_running = progress.state == "running"
        self._bar.set_visibility(is_running)
        self._cancel.set_visibility(is_running)
        self._bar.set_value(progress.frames / progress.expected if progress.expected else 0)
        self._text.set_text(_said(progress))
        self._result.clear()
        if progress.result is not None:
            self._draw_result(progress.result)

    def _draw_result(self, result: Path) -> None:
        address = f"/result?of={result.stat().st_mtime_ns}"
        with self._result:
            if is_picture(result):
                ui.element("img").props(f'src="{address}" alt="The result"')
            else:
                ui.element("video").props(f'src="{address}" controls playsinline')
            ui.link("Download", f"{address}&download=1")

    async def _make(self) -> None:
        path = Path(str(self._path.value or "").strip()).expanduser()
        settings = self._rooms.director.own_settings
        await self._attempt(lambda: self._rooms.file_job.start(path, path.name, settings))

    async def _end(self) -> None:
        await self._attempt(self._rooms.file_job.cancel)


def _said(progress: JobProgress) -> str:
    match progress.state:
        case "running" if progress.frames:
            of = f" of {progress.expected}" if progress.expected else ""
            return f"{progress.input}: {progress.frames}{of} frames, {progress.fps:.1f} fps"
        case "running":
            return f"{progress.input}: beginning"
        case "done":
            return f"{progress.input} is made. {progress.text}"
        case "failed":
            return f"{progress.input} could not be made: {progress.text}"
        case "cancelled":
            return f"{progress.input} was cancelled."
    return ""
