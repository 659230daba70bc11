"""The laws of the thread boundary."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from mattebox.channel import Overflow
from mattebox.errors import StageHung
from mattebox.stages import Deferred, Stage, on_thread


def stage(
    upstream: Iterator[int],
    *,
    name: str = "test",
    capacity: int = 4,
    overflow: Overflow = Overflow.BLOCK,
    at_most: int = 1,
    stop_timeout_s: float = 5.0,
) -> Stage[int]:
    return on_thread(
        upstream,
        name=name,
        capacity=capacity,
        overflow=overflow,
        at_most=at_most,
        stop_timeout_s=stop_timeout_s,
        when_hung="Replug it.",
    )


class Upstream(Iterator[int]):
    """Numbers, with the threads on which they were made and closed."""

    def __init__(self, count: int, fail_close: Exception | None = None) -> None:
        self._items, self._fail_close = iter(range(count)), fail_close
        self.made_on: set[str] = set()
        self.closed_on: list[str] = []

    def __next__(self) -> int:
        self.made_on.add(threading.current_thread().name)
        return next(self._items)

    def close(self) -> None:
        """Tell where it was closed."""
        self.closed_on.append(threading.current_thread().name)
        if self._fail_close is not None:
            raise self._fail_close


def failing(count: int, error: BaseException) -> Iterator[int]:
    yield from range(count)
    raise error


def flat(batches: Iterator[list[int]]) -> list[int]:
    return [item for batch in batches for item in batch]


def wait_for_end_of(name: str) -> None:
    end = time.monotonic() + 10
    while any(thread.name == name for thread in threading.enumerate()):
        assert time.monotonic() < end, f"thread {name} never ended"
        time.sleep(0.001)


@pytest.mark.parametrize("at_most", [1, 3, 100])
def test_every_item_arrives_once_and_in_order(at_most: int) -> None:
    """The boundary changes when things happen, not what comes out."""
    with stage(iter(range(50)), at_most=at_most) as batches:
        got = list(batches)
    assert [item for batch in got for item in batch] == list(range(50))
    assert all(1 <= len(batch) <= at_most for batch in got)


def test_upstream_runs_and_is_closed_on_the_thread_of_the_stage() -> None:
    """What opened a device on a thread closes it there."""
    upstream = Upstream(3)
    with stage(upstream) as batches:
        flat(batches)
    assert upstream.made_on == {"test"}
    assert upstream.closed_on == ["test"]


def test_a_stage_that_is_never_asked_starts_no_thread_and_closes_upstream_once() -> None:
    """Closed before its first item, by whoever has it."""
    upstream = Upstream(3)
    batches = stage(upstream)
    assert "test" not in {thread.name for thread in threading.enumerate()}
    batches.close()
    batches.close()
    assert upstream.made_on == set()
    assert upstream.closed_on == [threading.current_thread().name]


def test_a_stage_closed_early_stops_its_thread_and_closes_upstream_once() -> None:
    """However much upstream would still have given."""
    upstream = Upstream(10**9)
    with closing(stage(upstream)) as batches:
        assert next(batches) == [0]
    assert upstream.closed_on == ["test"]
    assert list(batches) == []


def test_a_stage_that_is_forgotten_ends_its_thread() -> None:
    """Nobody closed it, nobody holds it: the thread must not wait for ever."""
    batches = stage(Upstream(10**9))
    next(batches)
    del batches
    gc.collect()
    wait_for_end_of("test")


@pytest.mark.parametrize("count", [0, 1, 20])
def test_an_error_arrives_after_the_items_before_it_and_names_the_stage(count: int) -> None:
    """What was made is delivered; then the very exception is raised."""
    error, got = OSError("decode failed"), list[int]()
    with (
        pytest.raises(OSError, match="decode failed") as caught,
        stage(failing(count, error)) as batches,
    ):
        got.extend(item for batch in batches for item in batch)
    assert caught.value is error
    assert got == list(range(count))
    assert error.__notes__ == ["raised in stage 'test'"]


def test_the_innermost_stage_names_itself() -> None:
    """An error that passes through two stages is named after where it came from."""
    error = OSError("decode failed")
    error.add_note("a note of the door's own")
    inner = stage(failing(3, error), name="inner")
    with (
        pytest.raises(OSError, match="decode failed"),
        inner,
        stage((item for batch in inner for item in batch), name="outer") as outer,
    ):
        flat(outer)
    assert error.__notes__ == ["a note of the door's own", "raised in stage 'inner'"]


def test_an_error_that_is_no_exception_is_carried_too() -> None:
    """Whatever ends the thread ends the consumer."""
    with pytest.raises(SystemExit), stage(failing(1, SystemExit(3))) as batches:
        flat(batches)


def test_finishing_gives_what_is_queued_and_ends_well() -> None:
    """No item that the channel accepted is lost."""
    upstream = Upstream(10**9)
    with stage(upstream) as batches:
        got = next(batches)
        batches.finish()
        got += flat(batches)
    sent = batches.figures.channel.sent
    assert got == list(range(sent))
    assert upstream.closed_on == ["test"]


@pytest.mark.parametrize("count", [0, 5])
def test_a_failing_close_is_raised_when_the_stage_is_closed(count: int) -> None:
    """The items are all good; what failed is the release."""
    error = OSError("release failed")
    batches = stage(Upstream(count, fail_close=error))
    assert flat(batches) == list(range(count))
    with pytest.raises(OSError, match="release failed"):
        batches.close()
    assert error.__notes__ == ["raised in stage 'test'"]


def test_a_failing_close_is_a_note_on_what_failed_first() -> None:
    """The first error is the headline."""
    first = ValueError("consumer failed")
    with (
        pytest.raises(ValueError, match="consumer failed"),
        stage(Upstream(5, fail_close=OSError("release failed"))),
    ):
        raise first
    assert first.__notes__ == ["then, on the way out: OSError: release failed"]


def hanging(release: threading.Event) -> Iterator[int]:
    yield 1
    release.wait(30)


def test_a_thread_that_does_not_stop_is_given_up_by_name_with_advice() -> None:
    """The caller gets its own thread back, and learns which one it lost."""
    release = threading.Event()
    batches = stage(hanging(release), name="camera", stop_timeout_s=0.05)
    next(batches)
    with pytest.raises(StageHung, match=r"'camera'.*0\.05 s") as caught:
        batches.close()
    assert caught.value.advice == "Replug it."
    release.set()
    wait_for_end_of("camera")


def test_a_thread_that_does_not_stop_is_a_note_on_what_failed_first() -> None:
    """The first error is the headline."""
    release, first = threading.Event(), ValueError("consumer failed")

    def explode(_batch: list[int]) -> None:
        raise first

    with (
        pytest.raises(ValueError, match="consumer failed"),
        stage(hanging(release), name="camera", stop_timeout_s=0.05) as batches,
    ):
        list(map(explode, batches))
    assert "StageHung: stage 'camera' did not stop" in first.__notes__[0]
    release.set()
    wait_for_end_of("camera")


def test_a_close_that_hangs_keeps_nobody_from_the_end_of_the_stream() -> None:
    """The items are delivered; only the release is reported as hung."""
    release = threading.Event()

    class SlowToClose(Upstream):
        def close(self) -> None:
            """Hang."""
            release.wait(30)

    batches = stage(SlowToClose(3), name="camera", stop_timeout_s=0.05)
    assert flat(batches) == [0, 1, 2]
    with pytest.raises(StageHung, match="'camera'"):
        batches.close()
    release.set()
    wait_for_end_of("camera")


def test_a_thread_that_comes_back_after_it_was_given_up_closes_upstream() -> None:
    """Late is better than never, and it happens where the device is used."""
    release, closed = threading.Event(), list[str]()

    def upstream() -> Iterator[int]:
        try:
            yield 1
            release.wait(30)
            yield 2
        finally:
            closed.append(threading.current_thread().name)

    batches = stage(upstream(), name="camera", stop_timeout_s=0.02)
    next(batches)
    with pytest.raises(StageHung):
        batches.close()
    assert closed == []
    release.set()
    wait_for_end_of("camera")
    assert closed == ["camera"]


def test_what_is_dropped_is_counted_and_the_newest_comes_out() -> None:
    """A slow consumer of a live stage sees the present."""
    made = threading.Event()

    def live() -> Iterator[int]:
        yield 0
        yield from range(1, 50)
        made.set()

    with stage(live(), capacity=3, overflow=Overflow.DROP_OLDEST) as batches:
        first = next(batches)
        made.wait(10)
        rest = flat(batches)
    stats = batches.figures.channel
    assert (first + rest)[-3:] == [47, 48, 49]
    assert stats.sent == 50
    assert stats.sent == stats.received + stats.dropped
    assert len(first + rest) == stats.received


def test_a_stage_counts_its_threads_time() -> None:
    """A thread that computes has CPU time, and it is no more than the thread's life."""

    def work() -> Iterator[int]:
        for index in range(5):
            sum(range(20_000))
            yield index

    with stage(work()) as batches:
        assert batches.figures.alive_s == 0
        flat(batches)
    figures = batches.figures
    assert 0 < figures.cpu_s <= figures.alive_s + 0.05
    assert figures == batches.figures


def test_at_least_one_item_is_given_at_once() -> None:
    """Zero at a time would never end."""
    with pytest.raises(ValueError, match="'test'"):
        stage(iter(range(3)), at_most=0)


def test_a_deferred_iterator_is_made_where_it_is_asked_for() -> None:
    """What fails in the making fails in the stage."""

    def make() -> Iterator[int]:
        raise OSError("cannot open")

    released: list[str] = []
    with (
        pytest.raises(OSError, match="cannot open") as caught,
        stage(Deferred(make, lambda: released.append(threading.current_thread().name))) as batches,
    ):
        flat(batches)
    assert caught.value.__notes__ == ["raised in stage 'test'"]
    assert released == ["test"]


def test_a_deferred_iterator_releases_also_when_its_own_close_fails() -> None:
    """One failure must not leave a device open."""
    released: list[int] = []
    deferred = Deferred(
        lambda: Upstream(1, fail_close=OSError("close failed")), lambda: released.append(1)
    )
    next(deferred)
    with pytest.raises(OSError, match="close failed"):
        deferred.close()
    assert released == [1]
