"""A steady pace, exact counts, and sinks that fail alone."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest

from fakes import failing_at
from mattebox.errors import FrameError, SinkClosed, SinkError
from mattebox.frame import Frame
from mattebox.live.pace import Pacer
from mattebox.live.presenter import Presenter
from rooms import FORMAT, PLACEHOLDER, Room, Stage, Watching, planes_of


def picture(arrived_at: float | None = None) -> Frame:
    at = time.monotonic() if arrived_at is None else arrived_at
    planes = planes_of((1, 2, 3))
    planes[0][0, 0] = planes[2][0, 0] = 9
    return Frame(planes, FORMAT, 0, arrived_at=at)


def test_a_tick_that_was_slept_through_is_left_out() -> None:
    """Errors do not add up, and there is no burst to catch up."""
    now = [10.0]
    pacer = Pacer(Fraction(10), lambda: now[0])
    assert pacer.take() == (0, 0.0)
    assert pacer.due_in_s == pytest.approx(0.1)
    now[0] = 10.35
    assert pacer.due_in_s == 0
    tick, late_s = pacer.take()
    assert tick == 3
    assert late_s == pytest.approx(0.05)
    assert pacer.due_in_s == pytest.approx(0.05)


def test_every_picture_and_every_tick_is_accounted_for() -> None:
    """The conservation law, at the end and on the way."""
    with Stage() as stage:
        stage.sink.wait_for("composite")
        for _ in range(20):
            time.sleep(0.02)
            figures = stage.presenter.figures
            assert figures.offered == (
                figures.shown + figures.superseded + figures.refused + figures.waiting
            )
            assert figures.ticks == figures.shown + figures.repeated + figures.placeholders
    figures, report = stage.presenter.figures, stage.supervisor.report
    assert report is not None
    assert figures.offered == report.written
    assert figures.ticks == len(stage.sink.seen)
    assert stage.sink.pts == sorted(set(stage.sink.pts))


def test_a_picture_of_another_size_is_refused() -> None:
    """A camera may come back in another mode."""
    presenter = Presenter([Watching()], rate=Fraction(50), frozen_after_s=1)
    presenter.open(FORMAT, planes_of(PLACEHOLDER))
    small = Frame(
        tuple(plane[:4] for plane in planes_of(PLACEHOLDER)),
        type(FORMAT)(16, 4, FORMAT.pixels, FORMAT.time_base),
        0,
    )
    with pytest.raises(FrameError, match="16×4"):
        presenter.offer(small)


def test_a_sink_that_fails_is_left_out_and_the_others_go_on() -> None:
    """A full disk does not end a meeting."""
    bad, good = Watching(failing_at(5, SinkError("disk full."))), Watching()
    with Stage(sinks=[bad, good]) as stage:
        good.wait_for("composite")
        deadline = time.monotonic() + 5
        while len(good.seen) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert bad.aborted
    assert not bad.closed
    assert good.closed
    assert [error.message for error in stage.failed] == ["disk full."]
    assert stage.error is None


def test_the_last_sinks_error_ends_the_session_and_releases_the_source() -> None:
    """There is nobody left to show anything to."""
    rooms: list[Room] = []

    def open_source() -> Room:
        rooms.append(Room())
        return rooms[-1]

    bad = Watching(failing_at(20, SinkError("window closed.")))
    with Stage(open_source, sinks=[bad]) as stage:
        stage.join()
    assert isinstance(stage.error, SinkError)
    assert all(room.closed.is_set() for room in rooms)


def test_a_source_that_ends_can_be_the_end() -> None:
    """A file played in real time."""
    with Stage(lambda: Room(frames=20), ends_with_source=True) as stage:
        stage.join()
    assert stage.error is None
    assert stage.sink.closed
    assert "composite" in stage.sink.kinds


def test_a_window_that_is_closed_is_an_end_and_no_fault() -> None:
    """The recording beside it goes on; without one, that is all."""
    closed, recording = Watching(failing_at(5, SinkClosed("closed."))), Watching()
    with Stage(sinks=[closed, recording]) as stage:
        recording.wait_for("composite")
    assert closed.closed
    assert recording.closed
    assert stage.failed == []
    alone = Watching(failing_at(5, SinkClosed("closed.")))
    with Stage(sinks=[alone]) as stage:
        stage.join()
    assert alone.closed
    assert stage.error is None
