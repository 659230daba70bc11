"""The HTTP API and uploads, asked as a script asks them, with the guard before them."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from starlette.applications import Starlette

from mattebox.apps.studio.director import Director
from mattebox.apps.studio.gallery import PICTURE_LIMIT
from mattebox.apps.studio.guard import Guard
from mattebox.apps.studio.rooms import Folders, Rooms
from mattebox.apps.studio.routes import Routes
from mattebox.settings import Settings
from web import Glance, Opening, listening, serving

TOKEN = "a-token-of-this-test"


@dataclass(frozen=True)
class Site:
    """A page that is served, with a fake session behind it."""

    port: int
    rooms: Rooms
    opening: Opening

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """(status, body) of one request with the token; JSON is read, and written from dicts."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        data = json.dumps(body).encode() if isinstance(body, dict | list) else body
        connection.request(method, path, data, {"Authorization": f"Bearer {TOKEN}"})  # type: ignore[arg-type]
        answer = connection.getresponse()
        read = answer.read()
        connection.close()
        is_json = answer.headers.get("content-type", "") == "application/json"
        return answer.status, json.loads(read) if is_json else read


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folders = Folders(*(tmp_path / name for name in ("backdrops", "presets", "work", "videos")))
    opening = Opening()
    rooms = Rooms(folders, Director(opening, Settings()))
    app = Starlette(routes=Routes(rooms).table())
    listener, port = listening()
    with serving(Guard(app, token=TOKEN, names=set(), port=port), listener):
        yield Site(port, rooms, opening)
    rooms.close()


def begin_broken_off(port: int, path: str) -> None:
    """Send the beginning of a body, wait until it is being received, and go away."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\n"
    with socket.create_connection(("127.0.0.1", port)) as talking:
        talking.sendall(f"{head}Content-Length: 3000\r\n\r\nabc".encode())
        time.sleep(0.3)


def png(side: int = 20) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    return cv2.imencode(".png", noise)[1].tobytes()


def test_a_script_starts_changes_and_stops(site: Site) -> None:
    assert site.ask("GET", "/api/state")[1]["state"] == "idle"
    started = site.ask("POST", "/api/start", {"input": "synthetic", "outputs": []})
    assert started == (200, {"state": "running", "mode": "64×32, fake"})
    assert site.ask("PATCH", "/api/settings", {"refine": {"low": 0.2}}) == (
        200,
        {"needs_start": []},
    )
    told = site.ask("GET", "/api/state")[1]
    assert (told["input"], told["settings"]["refine"]["low"]) == ("synthetic", 0.2)
    assert told["settings"]["refine"]["high"] == 0.9  # all else stays
    assert site.ask("POST", "/api/stop") == (200, {"state": "idle"})


@pytest.mark.parametrize(
    "body",
    [{"refine": {"low": 7}}, {"nothing": 1}, [1], b"{", b"\xff", b"[" * 100_000, b"1" * 5000],
)
def test_a_change_that_cannot_be_is_refused_in_words(site: Site, body: object) -> None:
    status, told = site.ask("PATCH", "/api/settings", body)
    assert status == 400
    assert told["error"]
    assert site.rooms.director.settings == Settings()


@pytest.mark.parametrize("body", [{"input": 3}, {"outputs": "virtual"}, {"outputs": [1]}])
def test_a_start_of_another_shape_is_refused(site: Site, body: dict[str, object]) -> None:
    assert site.ask("POST", "/api/start", body)[0] == 400
    assert site.opening.opened == []


def test_a_source_that_is_not_there_is_told(site: Site) -> None:
    status, told = site.ask("POST", "/api/start", {"input": "nothing", "outputs": []})
    assert status == 404
    assert "Take something" in told["error"]


def test_the_newest_picture_is_given_once(site: Site) -> None:
    assert site.ask("GET", "/preview/both")[0] == 204
    site.ask("POST", "/api/start", {"input": "synthetic", "outputs": []})
    site.opening.opened[0].seen = Glance(10, 200)
    status, jpeg = site.ask("GET", "/preview/both")
    assert (status, jpeg[:2]) == (200, b"\xff\xd8")
    shown = site.rooms.preview.newest("both")
    assert shown is not None
    assert site.ask("GET", f"/preview/both?after={shown.number}")[0] == 204
    assert site.ask("GET", "/preview/elsewhere")[0] == 404


def test_nothing_is_kept_of_a_session_that_is_over(site: Site) -> None:
    """A picture of a room that nobody looked at since."""
    site.ask("POST", "/api/start", {"input": "synthetic", "outputs": []})
    site.opening.opened[0].seen = Glance(10, 200)
    assert site.ask("GET", "/preview/both")[0] == 200
    site.ask("POST", "/api/stop")
    assert site.rooms.preview._last == {}


def test_an_upload_becomes_a_backdrop(site: Site) -> None:
    status, told = site.ask("POST", "/upload/backdrop?name=..%2F..%2Fmine.png", png())
    assert (status, told["title"]) == (200, "mine")
    assert [path.name for path in site.rooms.folders.backdrops.iterdir()] == ["mine.jpg"]
    assert [*(site.rooms.folders.work / "in").iterdir()] == []
    assert site.ask("GET", f"/thumbnail/{told['key']}")[1][:2] == b"\xff\xd8"


def test_an_upload_that_is_too_large_is_refused(site: Site) -> None:
    """By what it says, and, where it says nothing, by what comes."""
    status, told = site.ask("POST", "/upload/backdrop?name=a.png", bytes(PICTURE_LIMIT + 1))
    assert status == 413
    assert "larger than" in told["error"]
    pieces = iter([bytes(1_000_000)] * (PICTURE_LIMIT // 1_000_000 + 1))
    assert site.ask("POST", "/upload/backdrop?name=a.png", pieces)[0] == 413
    assert not site.rooms.folders.backdrops.exists()


def test_an_upload_of_nothing_is_no_large_one(site: Site) -> None:
    status, told = site.ask("POST", "/upload/backdrop?name=a.png", b"")
    assert status == 400
    assert "empty" in told["error"]


@pytest.mark.parametrize("path", ["/upload/backdrop?name=a.png", "/api/start"])
def test_what_breaks_off_is_no_fault_and_leaves_nothing(
    site: Site, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    received = site.rooms.folders.work / "in"
    begin_broken_off(site.port, path)
    site.ask("GET", "/api/state")
    deadline = time.monotonic() + 10
    while received.exists() and [*received.iterdir()]:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "Traceback" not in caplog.text
    assert site.opening.opened == []


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.mp4", "a.exe", "", "a.svg"])
def test_an_upload_that_is_no_picture_is_refused(site: Site, name: str) -> None:
    status, told = site.ask("POST", f"/upload/backdrop?name={name}", b"no picture at all")
    assert status == 400
    assert told["error"]
    assert not any(entry.is_own for entry in site.rooms.gallery.entries())


def test_there_is_no_result_before_there_is_one(site: Site) -> None:
    assert site.ask("GET", "/result")[0] == 404


def test_a_file_is_made_by_a_process_of_its_own(site: Site, tmp_path: Path) -> None:
    site.ask("PATCH", "/api/settings", {"model": {"name": "threshold"}})
    assert site.ask("POST", "/upload/file?name=thing.png", png(64))[0] == 200
    job = site.rooms.file_job
    assert job._reader is not None
    job._reader.join(60)
    assert job.progress.state == "done", job.progress.text
    status, made = site.ask("GET", "/result")
    assert (status, made[:4]) == (200, b"\x89PNG")
    assert [*(site.rooms.folders.work / "in").iterdir()] == []  # the upload is not needed any more


def test_a_file_of_the_user_stays_and_the_last_result_goes(site: Site, tmp_path: Path) -> None:
    site.ask("PATCH", "/api/settings", {"model": {"name": "threshold"}})
    results = []
    for name in ("one.png", "two.png"):
        (own := tmp_path / name).write_bytes(png(64))
        job = site.rooms.file_job
        job.start(own, name, site.rooms.director.settings)
        assert job._reader is not None
        job._reader.join(60)
        assert own.exists()
        assert job.progress.result is not None, job.progress.text
        results.append(job.progress.result)
    assert [result.exists() for result in results] == [False, True]


def test_a_file_that_cannot_be_made_says_why(site: Site, tmp_path: Path) -> None:
    assert site.ask("POST", "/upload/file?name=broken.mp4", b"no video")[0] == 200
    job = site.rooms.file_job
    assert job._reader is not None
    job._reader.join(60)
    assert job.progress.state == "failed"
    assert "broken" in job.progress.input
    assert [*(site.rooms.folders.work / "in").iterdir()] == []
    assert job.progress.text


def test_a_file_is_cancelled(site: Site) -> None:
    from places import SAMPLES

    job = site.rooms.file_job
    job.start(SAMPLES / "clip.mp4", "clip.mp4", site.rooms.director.settings)
    job.cancel()
    assert job.progress.state == "cancelled"
    assert site.ask("GET", "/result")[0] == 404
