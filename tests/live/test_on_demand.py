"""While nobody looks, nothing is filmed; and still never the room."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mattebox.errors import SourceNotFound
from mattebox.live.on_demand import OnDemand
from mattebox.sinks.readers import ReaderWatch
from rooms import Room, Stage
from sessions import wait_until

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="inotify is Linux's")


class Rooms:
    """Opens one room after the other and remembers them."""

    def __init__(self) -> None:
        self.opened: list[Room] = []

    def __call__(self) -> Room:
        """Another one."""
        self.opened.append(Room())
        return self.opened[-1]


def test_a_source_that_rests_is_released_and_wakes_with_its_first_picture(
    record_property: Callable[[str, object], None],
) -> None:
    """The placeholder in between, no outage, and the room never."""
    rooms = Rooms()
    with Stage(rooms) as stage:
        began = stage.sink.wait_for("composite")
        stage.supervisor.rest()
        resting = stage.sink.wait_for("placeholder", after=began)
        assert rooms.opened[0].closed.wait(5)
        time.sleep(0.3)
        assert len(rooms.opened) == 1
        assert {kind for at, kind in stage.sink.seen if at > resting} == {"placeholder"}
        woken = time.monotonic()
        stage.supervisor.wake()
        back = stage.sink.wait_for("composite", after=woken)
    record_property("woke after", f"{1000 * (back - woken):.0f} ms")
    assert len(rooms.opened) == 2
    assert "room" not in stage.sink.kinds
    assert not stage.supervisor.outages
    assert stage.error is None


def test_a_pause_shows_the_placeholder_at_once_while_the_camera_takes_its_time() -> None:
    """Not only when the driver has let go; nor do frames that still come show."""
    hanging = threading.Event()

    def hang(index: int) -> None:
        if index == 20:
            hanging.wait(5)

    room = Room(before=hang)
    with Stage(lambda: room, lost_after_s=20.0, frozen_after_s=20.0, stop_timeout_s=20.0) as stage:
        stage.sink.wait_for("composite")
        wait_until(lambda: stage.supervisor.report is not None)
        time.sleep(0.6)  # the source hangs now
        stage.supervisor.rest()
        resting = time.monotonic()
        began = stage.sink.wait_for("placeholder", after=resting)
        assert not room.closed.is_set()
        time.sleep(0.2)
        assert {kind for at, kind in stage.sink.seen if at > began} == {"placeholder"}
        hanging.set()


def test_a_rest_during_an_outage_is_no_part_of_it() -> None:
    """Hours may pass."""
    tries: list[float] = []

    def open_source() -> Room:
        tries.append(time.monotonic())
        if 1 < len(tries) < 5:
            raise SourceNotFound("there is no camera 0.")
        return Room(frames=10 if len(tries) == 1 else 10**6)

    with Stage(open_source) as stage:
        wait_until(lambda: len(tries) >= 3)
        stage.supervisor.rest()
        time.sleep(1.0)
        stage.supervisor.wake()
        stage.sink.wait_for("composite", after=time.monotonic())
    assert all(outage.lasted_s < 0.9 for outage in stage.supervisor.outages)


def test_resting_and_waking_at_once_and_stopping_at_rest() -> None:
    """In any order, as fast as can be; the end comes also while it rests."""
    with Stage() as stage:
        stage.supervisor.rest()
        stage.supervisor.wake()
        stage.sink.wait_for("composite")
        for _ in range(10):
            stage.supervisor.rest()
            stage.supervisor.wake()
        stage.sink.wait_for("composite", after=time.monotonic())
        assert not stage.supervisor.outages
        stage.supervisor.rest()
        wait_until(lambda: stage.sink.seen[-1][1] == "placeholder")
    assert "room" not in stage.sink.kinds
    assert stage.error is None


class Readers:
    """So many look as a test says."""

    def __init__(self, count: int = 0) -> None:
        self.count, self.closed = count, False

    def readers(self) -> int:
        """How many."""
        return self.count

    def close(self) -> None:
        """Remember it."""
        self.closed = True


def resting(stage: Stage) -> bool:
    return stage.supervisor.is_resting


def test_it_rests_some_time_after_the_last_reader_and_wakes_for_the_first() -> None:
    """And for somebody who looks without being a reader; not while it is paused."""
    readers = Readers()
    with Stage() as stage:
        on_demand = OnDemand(stage.supervisor, [readers], rest_after_s=0.2)
        on_demand.check()
        assert not resting(stage)
        time.sleep(0.3)
        on_demand.check()
        assert resting(stage)
        readers.count = 1
        on_demand.check()
        assert not resting(stage)
        on_demand.pause(True)
        on_demand.check()
        assert resting(stage)
        on_demand.pause(False)
        readers.count = 0
        on_demand.check()
        assert not resting(stage)
        time.sleep(0.3)
        on_demand.look()
        on_demand.check()
        assert not resting(stage)
        on_demand.close()
    assert readers.closed


def test_where_nobody_can_tell_it_films_until_it_is_paused() -> None:
    """A recording, or another system."""
    with Stage() as stage:
        on_demand = OnDemand(stage.supervisor, [], rest_after_s=0.01)
        time.sleep(0.05)
        on_demand.check()
        assert not resting(stage)


@contextmanager
def another_program(path: Path, *, times: int = 1) -> Iterator[None]:
    """Another process that has a file open so many times while the block runs."""
    code = f"import sys; f = [open(sys.argv[1]) for _ in range({times})]; print(); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdout is not None
        program.stdout.readline()
        yield
        program.communicate(b"\n")


@linux
def test_readers_are_counted_as_they_come_and_go(tmp_path: Path) -> None:
    """Those that were there before, too; what this program has open is nobody."""
    path = tmp_path / "device"
    path.touch()
    with path.open(), another_program(path):
        watch = ReaderWatch(path)
        assert watch.readers() == 1
        with another_program(path, times=3):
            wait_until(lambda: watch.readers() == 4)
        wait_until(lambda: watch.readers() == 1)
    wait_until(lambda: watch.readers() == 0)
    for _ in range(200):
        path.read_bytes()
    assert watch.readers() == 1  # somebody was there
    assert watch.readers() == 0
    watch.close()
    watch.close()
    assert watch.readers() == 0


@linux
def test_another_users_reader_counts_until_somebody_leaves(tmp_path: Path) -> None:
    """What it has open is not for us to see."""
    path = tmp_path / "device"
    path.touch()
    (tmp_path / "proc").mkdir()
    watch = ReaderWatch(path, tmp_path / "proc")
    with another_program(path):
        wait_until(lambda: watch.readers() == 1)
        assert [watch.readers() for _ in range(5)] == [1] * 5
    wait_until(lambda: watch.readers() == 0)
    watch.close()


@linux
def test_what_the_system_does_not_tell_is_no_reader(tmp_path: Path) -> None:
    """Another user's processes, and those that have just gone."""
    path = tmp_path / "device"
    path.touch()
    for number in ("10", "11"):
        (tmp_path / "proc" / number / "fd").mkdir(parents=True)
    (tmp_path / "proc" / "10" / "fd" / "3").symlink_to(path)
    (tmp_path / "proc" / "10" / "fd" / "4").touch()  # no link: it has gone
    (tmp_path / "proc" / "12").mkdir()
    (tmp_path / "proc" / "self").mkdir()
    watch = ReaderWatch(path, tmp_path / "proc")
    assert watch.readers() == 1
    watch.close()
