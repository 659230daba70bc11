"""What is fetched beside the page itself: pictures, uploads, results, and the HTTP API for scripts.

Starlette alone; who may ask is the guard's business. Endpoints run on the event loop and hand what
blocks to threads.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from mattebox.apps.studio import file_job, gallery
from mattebox.apps.studio.headers import picture_size
from mattebox.apps.studio.preview import VIEWS
from mattebox.apps.studio.rooms import Rooms
from mattebox.apps.studio.uploads import TooLarge, harmless, harmless_suffix, receive
from mattebox.errors import DecodeError, MatteboxError, SettingsError, SourceError, SourceNotFound
from mattebox.files import is_picture

_JSON_LIMIT = 1 << 20
_NOTHING_NEW, _BAD, _MISSING, _TOO_LARGE = 204, 400, 404, 413
_NO_STORE = {"cache-control": "no-store"}


class Routes:
    """The endpoints of one page.

    Args:
        rooms: what they work on.
    """

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def table(self) -> list[Route]:
        """All of them."""
        return [
            Route("/preview/{view}", self.preview),
            Route("/thumbnail/{key}", self.thumbnail),
            Route("/upload/backdrop", self.upload_backdrop, methods=["POST"]),
            Route("/upload/file", self.upload_file, methods=["POST"]),
            Route("/result", self.result),
            Route("/api/state", self.state),
            Route("/api/settings", self.settings, methods=["PATCH"]),
            Route("/api/start", self.start, methods=["POST"]),
            Route("/api/stop", self.stop, methods=["POST"]),
        ]

    async def preview(self, request: Request) -> Response:
        """The newest picture; 204 where there is none, or none since number ``after``."""
        view = request.path_params["view"]
        if view not in VIEWS:
            return _refused(SourceNotFound(f"there is no view {view!r}."))
        try:
            shown = await run_in_threadpool(self._rooms.preview.newest, view)
        except MatteboxError as error:
            return _refused(error)
        if shown is None:
            return Response(status_code=_NOTHING_NEW, headers={"x-picture": "none", **_NO_STORE})
        if request.query_params.get("after") == str(shown.number):
            return Response(status_code=_NOTHING_NEW, headers=_NO_STORE)
        told = {"x-picture": str(shown.number), "x-aspect": f"{shown.aspect:.4f}"}
        return Response(shown.jpeg, media_type="image/jpeg", headers={**told, **_NO_STORE})

    async def thumbnail(self, request: Request) -> Response:
        """A backdrop, small."""
        try:
            jpeg = await run_in_threadpool(
                self._rooms.gallery.thumbnail, request.path_params["key"]
            )
        except MatteboxError as error:
            return _refused(error)
        return Response(jpeg, media_type="image/jpeg", headers={"cache-control": "max-age=60"})

    async def upload_backdrop(self, request: Request) -> Response:
        """Take a backdrop in; the body is the file, ``?name=`` its name."""
        name = request.query_params.get("name", "")
        try:
            path = await self._received(request, name, gallery.upload_limit(name))
        except MatteboxError as error:
            return _refused(error)
        try:
            entry = await run_in_threadpool(self._rooms.gallery.add, path, name)
        except MatteboxError as error:
            return _refused(error)
        finally:
            path.unlink(missing_ok=True)
        return JSONResponse({"key": entry.key, "title": entry.title})

    async def upload_file(self, request: Request) -> Response:
        """Take a file in and begin to make it."""
        name = request.query_params.get("name", "")
        try:
            path = await self._received(request, name, file_job.UPLOAD_LIMIT)
            await run_in_threadpool(self._begin_file, path, name)
        except MatteboxError as error:
            return _refused(error)
        return JSONResponse({"title": harmless(name, "file")})

    async def result(self, request: Request) -> Response:
        """The file that was made; with ``?download`` to be saved."""
        progress = self._rooms.file_job.progress
        if progress.result is None or not progress.result.is_file():
            return _refused(SourceNotFound("there is no result yet."))
        kind = "attachment" if "download" in request.query_params else "inline"
        name = re.sub(r"[^\w .()-]", "-", progress.result.name)
        return FileResponse(
            progress.result, filename=name, content_disposition_type=kind, headers=_NO_STORE
        )

    async def state(self, _request: Request) -> Response:
        """Everything there is to know, as JSON."""
        return JSONResponse(await run_in_threadpool(self._rooms.director.facts))

    async def settings(self, request: Request) -> Response:
        """Lay the nested JSON of the body over the settings in effect."""
        try:
            change = await _object(request)
            waiting = await run_in_threadpool(self._rooms.director.adjust, change)
        except MatteboxError as error:
            return _refused(error)
        return JSONResponse({"needs_start": waiting})

    async def start(self, request: Request) -> Response:
        """Start a session with ``input`` and ``outputs``; those of the last where not given."""
        director = self._rooms.director
        try:
            asked = await _object(request)
            input, outputs = asked.get("input", director.input), asked.get("outputs")
            outputs = list(director.outputs) if outputs is None else outputs
            _require_names(input, outputs)
            await run_in_threadpool(director.start, input, outputs)
        except MatteboxError as error:
            return _refused(error)
        return JSONResponse({"state": director.state, "mode": director.mode})

    async def stop(self, _request: Request) -> Response:
        """Stop the session; recordings are complete when this is answered."""
        try:
            await run_in_threadpool(self._rooms.director.stop)
        except MatteboxError as error:
            return _refused(error)
        return JSONResponse({"state": self._rooms.director.state})

    async def _received(self, request: Request, name: str, limit: int) -> Path:
        declared = request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            raise TooLarge(limit)
        suffix = harmless_suffix(name)
        if suffix not in gallery.PICTURES | gallery.VIDEOS:
            raise DecodeError(
                f"files that end in {suffix or 'nothing'} are not taken.",
                "Pictures may be JPEG, PNG or WebP; videos MP4, MOV, MKV or WebM.",
            )
        return await receive(_chunks(request), self._rooms.folders.work / "in", suffix, limit)

    def _begin_file(self, path: Path, name: str) -> None:
        try:
            if is_picture(path):
                _require_decodable(path)
            settings = self._rooms.director.own_settings
            self._rooms.file_job.start(path, name, settings, is_upload=True)
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _require_decodable(path: Path) -> None:
    gallery.require_taken_size(*picture_size(path))


def _require_names(input: object, outputs: object) -> None:
    if not isinstance(input, str) or not isinstance(outputs, list):
        raise SettingsError(
            f"cannot start with input {input!r} and outputs {outputs!r}.",
            'For example {"input": "camera:0", "outputs": ["virtual"]}.',
        )
    if not all(isinstance(output, str) for output in outputs):
        raise SettingsError(f"outputs are names, got {outputs!r}.", 'For example ["virtual"].')


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    """The body as it comes.

    Raises:
        SourceError: the other side went away before its end.
    """
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as error:
        raise SourceError("the upload broke off.", "Send it again.") from error


async def _object(request: Request) -> Mapping[str, Any]:
    """The body as a JSON object; an empty one is an empty object."""
    body = b""
    async for chunk in _chunks(request):
        body += chunk
        if len(body) > _JSON_LIMIT:
            raise TooLarge(_JSON_LIMIT)
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:  # an integer of too many digits, too
        raise SettingsError("the body is no JSON.", "Send an object.") from error
    if not isinstance(value, dict):
        raise SettingsError("the body is no JSON object.", 'For example {"refine": {"low": 0.1}}.')
    return value


def _refused(error: MatteboxError) -> Response:
    status = _BAD
    if isinstance(error, SourceNotFound):
        status = _MISSING
    elif isinstance(error, TooLarge):
        status = _TOO_LARGE
    return JSONResponse({"error": str(error)}, status_code=status, headers=_NO_STORE)
