"""One session is steered: started, changed, stopped, and what is told of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

from mattebox.apps.studio.director import Director
from mattebox.apps.studio.preview import Preview
from mattebox.apps.studio.sessions import Tell, rehearse
from mattebox.errors import MatteboxError, PipelineError, SettingsError, SinkError, SourceNotFound
from mattebox.settings import Settings
from web import FakeSession, Glance, Opening


@pytest.fixture
def opening() -> Opening:
    return Opening()


@pytest.fixture
def director(opening: Opening) -> Iterator[Director]:
    director = Director(opening, Settings())
    yield director
    director.stop()


class Slow(Opening):
    """A source that takes its time."""

    def __init__(self, opened: threading.Event) -> None:
        super().__init__()
        self._opened = opened

    @contextmanager
    def __call__(
        self, input: str, outputs: Sequence[str], settings: Settings, tell: Tell
    ) -> Iterator[FakeSession]:
        """When it is told to."""
        self._opened.wait(30)
        with super().__call__(input, outputs, settings, tell) as session:
            yield session


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def test_a_session_runs_from_start_to_stop(director: Director, opening: Opening) -> None:
    director.start("camera:0", ["virtual"])
    assert director.state == "running"
    assert director.mode == opening.opened[0].mode
    director.stop()
    assert (director.state, opening.opened[0].is_over) == ("idle", True)
    assert director.said[-1].text == "It is over."


def test_a_new_start_ends_the_session_before(director: Director, opening: Opening) -> None:
    director.start("one", [])
    director.start("two", [])
    first, second = opening.opened
    assert (first.is_over, second.is_over) == (True, False)


def test_what_cannot_be_opened_leaves_nothing_running(director: Director) -> None:
    with pytest.raises(SourceNotFound):
        director.start("nothing", [])
    assert director.state == "idle"


def test_a_change_reaches_the_session_that_runs(director: Director, opening: Opening) -> None:
    director.start("camera:0", [])
    assert director.adjust({"refine": {"low": 0.2}}) == []
    assert opening.opened[0].changes[-1].refine.low == 0.2
    assert director.settings.refine.low == 0.2


def test_a_change_waits_for_the_start_where_nothing_runs(
    director: Director, opening: Opening
) -> None:
    director.adjust({"refine": {"low": 0.2}})
    director.start("camera:0", [])
    assert opening.opened[0].settings.refine.low == 0.2


@pytest.mark.parametrize("bad", [{"refine": {"low": 7}}, {"refine": {"lo": 0.1}}, {"refine": 3}])
def test_a_bad_value_keeps_the_old_one(
    director: Director, opening: Opening, bad: dict[str, object]
) -> None:
    director.start("camera:0", [])
    before = director.settings
    with pytest.raises(SettingsError):
        director.adjust(bad)
    assert director.settings is before
    assert opening.opened[0].changes == []


def test_what_the_session_refuses_keeps_the_old_settings(
    director: Director, opening: Opening
) -> None:
    director.start("camera:0", [])
    opening.opened[0].refusal = SourceNotFound("there is no such backdrop.")
    before = director.settings
    with pytest.raises(SourceNotFound):
        director.adjust({"backdrop": {"source": "gone.jpg"}})
    assert director.settings is before


def test_what_needs_a_new_start_is_told_until_there_is_one(
    director: Director, opening: Opening
) -> None:
    director.start("camera:0", [])
    opening.opened[0].waiting = ["camera.width"]
    assert director.adjust({"camera": {"width": 640}}) == ["camera.width"]
    assert director.facts()["needs_start"] == ["camera.width"]
    director.start("camera:0", [])
    assert director.facts()["needs_start"] == []


def test_a_quality_brings_all_that_it_sets(director: Director) -> None:
    director.adjust({"quality": "fast"})
    assert (director.settings.model.size, director.settings.foreground.estimate) == (192, False)


@pytest.mark.parametrize("error", [SinkError("the disk is full."), ZeroDivisionError("oh")])
def test_how_a_session_failed_is_told(
    director: Director, opening: Opening, error: Exception
) -> None:
    director.start("camera:0", [])
    opening.opened[0].ending = error
    opening.opened[0].stop()
    wait_until(lambda: director.state == "idle")
    told = [said.text for said in director.said if said.kind == "error"]
    assert len(told) == 1
    assert str(error) in told[0]


def test_the_preview_shows_the_newest_and_encodes_it_once(
    director: Director, opening: Opening
) -> None:
    preview = Preview(director.glimpse)
    assert preview.newest("both") is None
    director.start("camera:0", [])
    opening.opened[0].seen = Glance(20, 200)
    first = preview.newest("both")
    assert first is not None
    assert preview.newest("both") is first
    time.sleep(0.1)
    opening.opened[0].seen = Glance(20, 100)
    second = preview.newest("both")
    assert second is not None
    assert second.number > first.number
    opening.opened[0].seen = None
    assert preview.newest("both") is None


def test_the_preview_is_before_above_after(director: Director, opening: Opening) -> None:
    import cv2
    import numpy as np

    director.start("camera:0", [])
    opening.opened[0].seen = Glance(20, 200)
    preview = Preview(director.glimpse)
    both, matte = preview.newest("both"), preview.newest("matte")
    assert both is not None
    assert matte is not None
    assert both.aspect == pytest.approx(2.0)
    picture = cv2.imdecode(np.frombuffer(both.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    half = picture.shape[0] // 2
    assert abs(int(picture[:half].mean()) - 20) < 4
    assert abs(int(picture[half:].mean()) - 200) < 4
    gray = cv2.imdecode(np.frombuffer(matte.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert gray is not None
    assert gray[:, :8].max() < 10
    assert gray[:, -8:].min() > 245


def test_pictures_are_made_no_more_often_than_the_page_asks_for(
    director: Director, opening: Opening
) -> None:
    """However many watch, and however fast the session is."""
    director.start("camera:0", [])
    preview = Preview(director.glimpse)
    numbers = set()
    began = time.monotonic()
    for value in range(200):
        opening.opened[0].seen = Glance(value, value)
        shown = preview.newest("both")
        assert shown is not None
        numbers.add(shown.number)
    assert len(numbers) <= 2 + 14 * (time.monotonic() - began)


def test_errors_of_ours_are_all_that_a_start_raises(director: Director) -> None:
    with pytest.raises(MatteboxError):
        director.start("nothing", ["virtual"])


def test_the_end_waits_for_no_source_that_is_being_opened() -> None:
    """Whoever asked for the start is told so; else the program's end would wait with them."""
    opened, told = threading.Event(), list[MatteboxError]()
    slow = Slow(opened)
    director = Director(slow, Settings())

    def start() -> None:
        try:
            director.start("rtsp://silent", [])
        except MatteboxError as error:
            told.append(error)

    asking = threading.Thread(target=start)
    asking.start()
    wait_until(lambda: director.state == "starting")
    director.close()
    asking.join(5)
    assert not asking.is_alive()
    assert "ends" in str(told[0])
    with pytest.raises(PipelineError):
        director.adjust({"refine": {"low": 0.2}})
    opened.set()
    wait_until(lambda: bool(slow.opened) and slow.opened[0].is_over)


def test_a_recording_is_completed_though_a_change_is_under_way(
    director: Director, opening: Opening
) -> None:
    director.start("camera:0", [])
    with director._steering:
        director.close()
    assert opening.opened[0].is_over


@pytest.mark.parametrize(
    "change",
    [
        {"backdrop": {"source": "/etc/passwd"}},
        {"backdrop": {"source": "gone.jpg"}},
        {"backdrop": {"source": "transparent"}},
        {"overlay": {"path": "/etc/passwd"}},
        {"overlay": {"path": "a\0b"}},
        {"model": {"name": "a\0b"}},
        {"live": {"placeholder": "/etc/passwd"}},
        {"live": {"placeholder": "no colour"}},
    ],
    ids=str,
)
def test_what_cannot_be_had_is_refused_while_nothing_runs(
    opening: Opening, change: dict[str, object]
) -> None:
    director = Director(opening, Settings(), rehearse)
    before = director.settings
    with pytest.raises(MatteboxError):
        director.adjust(change)
    assert director.settings is before
    director.adjust({"backdrop": {"source": "lime"}, "live": {"placeholder": "navy"}})
    assert director.settings.backdrop.source == "lime"
