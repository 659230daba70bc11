"""What happens when something fails on the data path: first, in the middle and last.

In every case: the first error is raised with its stage named, what was queued before an error of
the source or the matting stage is written, every part is released exactly once, no frame is counted
twice or not at all, and no thread is left (the last is checked for every test).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from fakes import Journal, PlainLayer, RecordingSink, Rig, failing_at
from mattebox.errors import (
    DecodeError,
    PipelineError,
    SegmenterError,
    SinkError,
    SinkRefused,
    StageHung,
)
from mattebox.frame import Frame, Matte
from mattebox.pipeline import Output
from mattebox.report import Report

COUNT = 20
PLACES = pytest.mark.parametrize("place", [0, COUNT // 2, COUNT - 1])


def run_failing(rig: Rig, expected: type[BaseException]) -> tuple[BaseException, Report]:
    """Run to the failure that must come; look at what holds for every failure."""
    pipeline = rig.build()
    with pytest.raises(expected) as caught:
        pipeline.run()
    check_releases(rig.journal)
    report = pipeline.report()
    assert report.written == len(rig.sink.written)
    assert rig.sink.written == list(range(report.written))
    assert report.unfinished >= 0
    assert report.dropped == 0
    return caught.value, report


def check_releases(journal: Journal) -> None:
    assert journal.count("source closed") == 1
    assert journal.count("layer closed") == 1
    assert journal.count("sink aborted") == 1
    assert journal.count("sink closed") == 0


@PLACES
def test_a_failing_source_leaves_what_it_gave(place: int) -> None:
    """Everything before the error is written; the error names the capture stage."""
    error, report = run_failing(
        Rig(COUNT, capture=failing_at(place, DecodeError("bad packet"))), DecodeError
    )
    assert report.captured == report.written == place
    assert "raised in stage 'capture'" in error.__notes__


@PLACES
def test_a_failing_model_leaves_what_was_matted(place: int) -> None:
    """Everything matted before the error is written; the error names the matting stage."""
    rig = Rig(COUNT, matte=failing_at(place, SegmenterError("out of memory")))
    error, report = run_failing(rig, SegmenterError)
    assert report.written == place
    assert "raised in stage 'matting'" in error.__notes__


@PLACES
def test_a_failing_layer_stops_the_run(place: int) -> None:
    """The error names the compositing stage."""
    rig = Rig(COUNT, render=failing_at(place, DecodeError("backdrop ended")))
    error, report = run_failing(rig, DecodeError)
    assert report.written == place
    assert "raised in stage 'compositing'" in error.__notes__


@PLACES
def test_a_failing_sink_stops_the_run(place: int) -> None:
    """The sink's error is the headline, and the sink is told to keep what it has."""
    rig = Rig(COUNT, write=failing_at(place, SinkError("disk full")))
    error, report = run_failing(rig, SinkError)
    assert report.written == place
    assert "raised in stage 'encoding'" in error.__notes__


def test_the_message_says_what_is_kept() -> None:
    """The user learns where the partial file is."""
    error, _ = run_failing(Rig(COUNT, write=failing_at(5, SinkError("disk full"))), SinkError)
    assert "what was finished is kept in sink.partial" in error.__notes__


def test_a_failing_sink_releases_the_source_while_it_waits() -> None:
    """The capture thread, blocked by back-pressure, is woken and closes its source."""
    everything_is_full = threading.Event()

    def write(index: int) -> None:
        if index == 1:
            everything_is_full.wait(0.05)
            raise SinkError("disk full")

    run_failing(Rig(10**9, write=write, capacity=1, at_most=1), SinkError)


def test_a_source_that_fails_at_once_is_closed() -> None:
    """``frames()`` itself raises: an error of the capture stage like any other."""
    rig = Rig(COUNT)
    rig.source._fail_at_once = DecodeError("no stream")
    error, report = run_failing(rig, DecodeError)
    assert (report.captured, report.written) == (0, 0)
    assert "raised in stage 'capture'" in error.__notes__


def test_a_matting_stage_that_fails_at_once_is_an_error_of_its_stage() -> None:
    """The callable raises before it gives an iterator."""
    rig = Rig(COUNT)

    def broken(_batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        raise SegmenterError("no device")

    rig.matting = broken
    error, _ = run_failing(rig, SegmenterError)
    assert "raised in stage 'matting'" in error.__notes__


def test_a_source_without_frames_is_an_error() -> None:
    """An empty file is not a finished job."""
    error, report = run_failing(Rig(0), DecodeError)
    assert "no frame" in str(error)
    assert report.captured == 0
    assert report.sentence().startswith("No frame was written")


@pytest.mark.parametrize("refused", ["first", "second"])
def test_a_refused_output_leaves_nothing_open_and_starts_nothing(refused: str) -> None:
    """Both sinks are aborted, both layers closed, the source closed; no frame was read."""
    rig = Rig(COUNT)
    refusal = SinkRefused("4:2:0 needs even sizes")
    rig.sink = RecordingSink(rig.journal, refuse=refusal if refused == "first" else None)
    second = RecordingSink(
        rig.journal, name="second", refuse=refusal if refused == "second" else None
    )
    rig.outputs = [Output(rig.layer, rig.sink), Output(PlainLayer(rig.journal), second)]
    with pytest.raises(SinkRefused):
        rig.build().run()
    for event in ("source closed", "sink aborted", "second aborted"):
        assert rig.journal.count(event) == 1
    assert rig.journal.count("layer closed") == 2
    assert not any(event.startswith("capture") for event in rig.journal.events)


def test_a_layer_that_cannot_open_leaves_nothing_open() -> None:
    """The backdrop is missing: known before anything is written."""
    rig = Rig(COUNT)
    rig.layer = PlainLayer(rig.journal, refuse=DecodeError("no backdrop"))
    rig.outputs = [Output(rig.layer, rig.sink)]
    error, report = run_failing(rig, DecodeError)
    assert report.captured == 0
    assert "raised in stage 'compositing'" in error.__notes__


def test_a_sink_that_cannot_be_finished_keeps_no_other_from_it() -> None:
    """Every sink has all frames, so every sink is closed; the first error is raised."""
    rig = Rig(COUNT)
    rig.sink = RecordingSink(rig.journal, fail_close=SinkError("disk full"))
    second = RecordingSink(rig.journal, name="second")
    rig.outputs = [Output(rig.layer, rig.sink), Output(PlainLayer(rig.journal), second)]
    with pytest.raises(SinkError, match="disk full"):
        rig.build().run()
    assert rig.journal.count("second closed") == rig.journal.count("sink closed") == 1
    assert rig.journal.count("sink aborted") == rig.journal.count("second aborted") == 0
    assert rig.journal.count("source closed") == 1


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), ZeroDivisionError()])
def test_a_sink_interrupted_in_its_close_is_aborted(fault: BaseException) -> None:
    """Only a SinkError says that the sink has kept what it had."""
    rig = Rig(COUNT)
    rig.sink = RecordingSink(rig.journal, fail_close=fault)
    rig.outputs = [Output(rig.layer, rig.sink)]
    with pytest.raises(type(fault)):
        rig.build().run()
    assert rig.journal.count("sink aborted") == 1


@pytest.mark.parametrize("written", [1, COUNT])
def test_a_failing_progress_callback_is_an_error_like_any_other(written: int) -> None:
    """The caller's own fault does not leave a thread or a file behind."""
    rig = Rig(COUNT)
    hook = failing_at(written, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        rig.build().run(lambda progress: hook(progress.written))
    check_releases(rig.journal)


class UnclosableMatting:
    """A matting stage that fails to release what it holds."""

    def __init__(self, batches: Iterator[list[Frame]], rig: Rig) -> None:
        self._mattes = rig.plain_matting(batches)

    def __iter__(self) -> Iterator[Matte]:
        return self

    def __next__(self) -> Matte:
        return next(self._mattes)

    def close(self) -> None:
        """Fail."""
        raise OSError("release failed")


def test_a_failing_release_after_a_good_run_is_raised_and_the_file_is_complete() -> None:
    """All frames are written; what failed is behind them."""
    rig = Rig(COUNT)
    rig.matting = lambda batches: UnclosableMatting(batches, rig)
    with pytest.raises(OSError, match="release failed") as caught:
        rig.build().run()
    assert "raised in stage 'matting'" in caught.value.__notes__
    assert rig.journal.count("sink closed") == 1
    assert rig.journal.count("source closed") == rig.journal.count("layer closed") == 1


def test_a_failing_release_after_a_failure_is_a_note() -> None:
    """The sink's error stays the headline."""
    rig = Rig(COUNT, write=failing_at(3, SinkError("disk full")))
    rig.matting = lambda batches: UnclosableMatting(batches, rig)
    error, _ = run_failing(rig, SinkError)
    assert "then, on the way out: OSError: release failed" in error.__notes__


def test_a_source_that_hangs_is_given_up_by_name_when_the_sink_fails() -> None:
    """Not the matting stage, which only waits for it; the sink's error is the headline."""
    release = threading.Event()

    def capture(index: int) -> None:
        if index == 3:
            release.wait(30)

    rig = Rig(
        COUNT,
        capture=capture,
        write=failing_at(2, SinkError("disk full")),
        stop_timeout_s=0.05,
    )
    with pytest.raises(SinkError) as caught:
        rig.build().run()
    notes = " ".join(caught.value.__notes__)
    assert "StageHung: stage 'capture'" in notes
    assert "replug" in notes
    assert "matting" not in notes
    assert rig.journal.count("sink aborted") == 1
    assert rig.journal.count("source closed") == 0  # it still reads
    release.set()
    wait_for(lambda: rig.journal.count("source closed") == 1)


def test_a_model_that_hangs_is_given_up_by_name() -> None:
    """The source is released all the same."""
    release = threading.Event()

    def matte(index: int) -> None:
        if index == 3:
            release.wait(30)

    rig = Rig(COUNT, matte=matte, stop_timeout_s=0.05)
    rig.outputs.clear()
    pairs = rig.build().pairs(rig.layer)
    next(pairs)
    with pytest.raises(StageHung, match="'matting'"):
        pairs.close()
    assert rig.journal.count("source closed") == 1
    release.set()


def test_aborting_from_another_thread_ends_the_run_with_an_error() -> None:
    """Nobody may take an aborted run for a finished one."""
    rig = Rig(10**9, capture=lambda _: time.sleep(0.0005))
    pipeline = rig.build()
    timer = threading.Timer(0.05, pipeline.abort)
    timer.start()
    with pytest.raises(PipelineError, match="aborted after"):
        pipeline.run()
    timer.join()
    check_releases(rig.journal)


@pytest.mark.parametrize("seed", range(30))
def test_an_abort_is_never_taken_for_the_end(seed: int) -> None:
    """Whichever thread hears of it first."""
    rig = Rig(10**9)
    pipeline = rig.build()

    def abort_at(at: int) -> None:
        if at == 5 + seed:
            aborting.append(threading.Thread(target=pipeline.abort))
            aborting[0].start()

    aborting: list[threading.Thread] = []
    with pytest.raises(PipelineError, match="aborted"):
        pipeline.run(lambda p: abort_at(p.written))
    aborting[0].join()
    check_releases(rig.journal)


def test_an_interrupt_while_a_sink_writes_aborts_it() -> None:
    """Ctrl-C is raised inside the write: the sinks keep what they have."""
    error, report = run_failing(
        Rig(COUNT, write=failing_at(7, KeyboardInterrupt())), KeyboardInterrupt
    )
    assert report.written == 7
    assert error.__notes__ == ["what was finished is kept in sink.partial"]


def test_frames_on_their_way_are_counted_when_a_run_fails() -> None:
    """Captured = written + unfinished, and no more is unfinished than fits on the way."""
    rig = Rig(10**9, write=failing_at(10, SinkError("disk full")), capacity=3, at_most=2)
    _, report = run_failing(rig, SinkError)
    assert report.captured == report.written + report.unfinished
    assert 1 <= report.unfinished <= 2 * 3 + 2 + 3


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_hung_source_can_be_interrupted_by_an_abort() -> None:
    """The caller waits for a frame that never comes; another thread sets it free."""
    release = threading.Event()
    rig = Rig(COUNT, capture=lambda _: assert_set(release), stop_timeout_s=0.05)
    pipeline = rig.build()
    timer = threading.Timer(0.05, pipeline.abort)
    timer.start()
    with pytest.raises(PipelineError, match="aborted after 0 frames") as caught:
        pipeline.run()
    assert "'capture' did not stop" in caught.value.__notes__[0]
    timer.join()
    release.set()


def assert_set(event: threading.Event) -> None:
    assert event.wait(30)
