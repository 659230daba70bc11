"""At no moment does a pixel of a frame without its matte reach a sink.

The room is painted in a colour that nothing else has; whatever goes wrong, it is never seen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from fakes import Hook, failing_at, nothing
from mattebox.errors import DeviceLost, FrameError, SegmenterError, SourceNotFound, WeightsError
from mattebox.frame import Frame, Matte
from rooms import Room, Stage, Watching, left_half


class Once:
    """A hook that raises at its n-th call and never again."""

    def __init__(self, at: int, error: Exception) -> None:
        self._left, self._error = at, error

    def __call__(self, _index: int) -> None:
        """Count, and raise if it is time."""
        self._left -= 1
        if self._left == -1:
            raise self._error


def waiting(event: threading.Event, at: int | None = None) -> Hook:
    """The hook that hangs, at one item or at each, until the event."""

    def hook(index: int) -> None:
        if at is None or index == at:
            event.wait(5)

    return hook


def safe(sink: Watching) -> bool:
    """Whether the room was never seen, and something was."""
    return bool(sink.seen) and "room" not in sink.kinds


def test_the_judge_sees_a_room() -> None:
    """A test that cannot fail proves nothing: with a matte of everything, the room is seen."""

    def everything() -> object:
        stage = left_half()

        def keeping(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
            for matte in stage(batches):
                yield Matte(matte.frame, matte.alpha * 0 + 1)

        return keeping

    with Stage(matting=everything) as stage:  # type: ignore[arg-type]
        stage.sink.wait_for("room")


def test_before_the_first_matte_the_placeholder_is_shown() -> None:
    """Start-up and the loading of a model take seconds."""
    loaded = threading.Event()
    with Stage(matting=lambda: left_half(waiting(loaded))) as stage:
        stage.sink.wait_for("placeholder")
        time.sleep(0.2)
        assert stage.sink.kinds == ["placeholder"]
        loaded.set()
        stage.sink.wait_for("composite")
    assert safe(stage.sink)


def test_a_model_that_takes_long_to_load_is_no_fault_of_the_source() -> None:
    """Nobody reads the source meanwhile: it is neither lost nor opened again."""
    opened: list[Room] = []

    def open_source() -> Room:
        opened.append(Room())
        return opened[-1]

    def loading() -> Callable[[Iterator[list[Frame]]], Iterator[Matte]]:
        time.sleep(1.0)  # twice as long as a source may be silent
        return left_half()

    with Stage(open_source, loading) as stage:
        stage.sink.wait_for("composite")
    assert len(opened) == 1
    assert not stage.supervisor.outages
    assert safe(stage.sink)


@pytest.mark.parametrize(
    "error", [DeviceLost("unplugged."), RuntimeError("a fault of a driver's")], ids=["lost", "bug"]
)
def test_a_lost_source_shows_the_placeholder_and_comes_back(error: Exception) -> None:
    """Unplugged and plugged in again."""
    hook = Once(15, error)
    with Stage(lambda: Room(before=hook)) as stage:
        began = stage.sink.wait_for("composite")
        lost = stage.sink.wait_for("placeholder", after=began)
        stage.sink.wait_for("composite", after=lost)
    assert safe(stage.sink)
    assert stage.sink.kinds[:4] == ["placeholder", "composite", "placeholder", "composite"]
    assert len(stage.supervisor.outages) == 1
    assert stage.error is None


def test_a_source_that_is_not_there_yet_is_waited_for() -> None:
    """The camera is plugged in after the start."""
    tries: list[float] = []

    def open_source() -> Room:
        tries.append(time.monotonic())
        if len(tries) < 5:
            raise SourceNotFound("there is no camera 0.")
        return Room()

    with Stage(open_source) as stage:
        stage.sink.wait_for("composite")
    waits = [later - earlier for earlier, later in pairwise(tries)]
    # More and more slowly, at least: no busy loop.
    assert all(
        wait >= 0.9 * least for wait, least in zip(waits, (0.02, 0.04, 0.08, 0.16), strict=True)
    )
    assert safe(stage.sink)


def test_a_source_that_stalls_shows_the_placeholder_and_is_opened_again() -> None:
    """A driver that gives no frame and no error."""
    hanging = threading.Event()
    rooms: list[Room] = []

    def open_source() -> Room:
        first = not rooms
        room = Room(before=waiting(hanging, 15) if first else nothing)
        rooms.append(room)
        return room

    with Stage(open_source) as stage:
        began = stage.sink.wait_for("composite")
        lost = stage.sink.wait_for("placeholder", after=began)
        stage.sink.wait_for("composite", after=lost)
        hanging.set()
    assert safe(stage.sink)
    assert len(rooms) == 2


@pytest.mark.parametrize("stuck", ["matting", "compositing"])
def test_a_stage_that_fails_shows_the_placeholder_and_is_built_again(stuck: str) -> None:
    """Out of GPU memory, a backdrop that went away."""
    error = SegmenterError("no memory.") if stuck == "matting" else FrameError("no backdrop.")
    hook: Hook = Once(10, error)
    matting_hook = hook if stuck == "matting" else failing_at(-1, error)
    render_hook = hook if stuck == "compositing" else failing_at(-1, error)
    with Stage(matting=lambda: left_half(matting_hook), before_render=render_hook) as stage:
        began = stage.sink.wait_for("composite")
        lost = stage.sink.wait_for("placeholder", after=began)
        stage.sink.wait_for("composite", after=lost)
    assert safe(stage.sink)


def test_a_network_that_hangs_freezes_for_a_moment_and_then_shows_the_placeholder() -> None:
    """A picture that was matted may stand; not for ever."""
    hanging = threading.Event()
    stuck = left_half(waiting(hanging, 10))
    with Stage(matting=lambda: stuck, frozen_after_s=0.3) as stage:
        began = stage.sink.wait_for("composite")
        stage.sink.wait_for("placeholder", after=began)
        hanging.set()
    assert safe(stage.sink)


def test_an_overloaded_network_shows_each_matte_with_its_own_frame() -> None:
    """Late frames are given up, never shown without a matte."""
    slow = left_half(lambda _n: time.sleep(0.15))
    with Stage(matting=lambda: slow, lost_after_s=5.0, frozen_after_s=5.0) as stage:
        began = stage.sink.wait_for("composite")
        time.sleep(1.0)
        assert not [kind for at, kind in stage.sink.seen if at > began and kind != "composite"]
    assert safe(stage.sink)
    report = stage.supervisor.report
    assert report is not None
    assert report.dropped > 0
    assert report.captured == report.written + report.dropped + report.unfinished


def test_what_was_filmed_before_an_outage_does_not_come_back_after_it() -> None:
    """A late picture of a lost camera would flash up between two placeholders."""
    hook = Once(15, DeviceLost("unplugged."))
    slow = left_half(lambda _n: time.sleep(0.1))
    with Stage(lambda: Room(before=hook), lambda: slow) as stage:
        began = stage.sink.wait_for("composite")
        lost = stage.sink.wait_for("placeholder", after=began)
        stage.sink.wait_for("composite", after=lost)
    assert stage.sink.kinds == ["placeholder", "composite", "placeholder", "composite"]


def test_an_end_does_not_wait_for_a_model_that_is_being_loaded() -> None:
    """Nothing interrupts it; it is not the camera that hangs."""
    loaded = threading.Event()

    def loading() -> Callable[[Iterator[list[Frame]]], Iterator[Matte]]:
        loaded.wait(20)
        return left_half()

    with Stage(matting=loading) as stage:
        stage.sink.wait_for("placeholder")
        stage.session.stop()
        stage.join()
        assert not loaded.is_set()
    loaded.set()
    assert stage.error is None
    assert stage.sink.closed


def test_what_no_waiting_mends_ends_the_session() -> None:
    """A model that is not there is told, and not tried again for ever behind a placeholder."""

    def missing() -> object:
        raise WeightsError("no weights of that name.")

    with Stage(matting=missing) as stage:  # type: ignore[arg-type]
        stage.join()
    assert isinstance(stage.error, WeightsError)
    assert stage.sink.kinds in ([], ["placeholder"])
