"""The laws of the data path when all goes well: conservation, order, overlap, memory, ends."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator

import pytest

from fakes import ALPHA, Journal, PlainLayer, RecordingSink, Rig
from mattebox.channel import Overflow
from mattebox.errors import DecodeError, PipelineError, StageHung
from mattebox.frame import Frame, Matte
from mattebox.pipeline import Output, Pipeline
from mattebox.report import Progress


def released_once(journal: Journal, end: str) -> bool:
    """Whether everything was released exactly once, the sink as ``end`` says."""
    other = "aborted" if end == "closed" else "closed"
    return (
        journal.count("source closed") == 1
        and journal.count("layer closed") == 1
        and journal.count(f"sink {end}") == 1
        and journal.count(f"sink {other}") == 0
    )


@pytest.mark.parametrize("count", [1, 2, 7, 40])
@pytest.mark.parametrize("at_most", [1, 5])
def test_every_frame_is_written_once_and_in_order(count: int, at_most: int) -> None:
    """Frames in = frames out, and everything is released once."""
    rig = Rig(count, at_most=at_most)
    report = rig.build().run()
    assert rig.sink.written == list(range(count))
    assert (report.captured, report.written, report.dropped) == (count, count, 0)
    assert report.unfinished == 0
    assert released_once(rig.journal, "closed")


def test_outputs_are_opened_before_the_first_frame_is_read() -> None:
    """What is refused is refused before any work."""
    rig = Rig(3)
    rig.build().run()
    assert rig.journal.place("sink opened") < rig.journal.place("capture 0 begins")


def test_every_output_gets_every_frame() -> None:
    """Several outputs of one run do not share layers or sinks."""
    rig = Rig(5)
    second = RecordingSink(rig.journal, name="second")
    rig.outputs.append(Output(PlainLayer(rig.journal), second))
    report = rig.build().run()
    assert second.written == rig.sink.written == list(range(5))
    assert report.written == 5
    assert rig.journal.count("second closed") == 1


def test_the_stages_overlap() -> None:
    """The next frames are read and matted while one is being written."""
    reached = {2: threading.Event(), 3: threading.Event()}

    def matte(index: int) -> None:
        if index in reached:
            reached[index].set()

    def write(index: int) -> None:
        if index == 0:  # frames 2 and 3 can only come while this write goes on
            assert all(event.wait(10) for event in reached.values())

    rig = Rig(6, matte=matte, write=write, at_most=1)
    rig.build().run()
    assert rig.journal.place("capture 3 begins") < rig.journal.place("write 0 ends")


@pytest.mark.parametrize(("capacity", "at_most"), [(1, 1), (2, 3), (4, 8)])
def test_memory_is_bounded_by_capacity(capacity: int, at_most: int) -> None:
    """However slow the sink: 2 × capacity + at_most + 3 frames at most are alive."""
    rig = Rig(80, capacity=capacity, at_most=at_most, write=lambda _: time.sleep(0.001))
    rig.build().run()
    assert 1 < rig.source.most_alive <= 2 * capacity + at_most + 3
    gc.collect()
    assert rig.source.alive == 0


def waiting_for_no_frame_alive(rig: Rig, alive: list[int]) -> None:
    """From now on the source waits, before every frame but the first, until no frame is alive."""

    def capture(index: int) -> None:
        if index:
            end = time.monotonic() + 5
            while rig.source.alive and time.monotonic() < end:
                time.sleep(0.001)
            alive.append(rig.source.alive)

    rig.source.before = capture


def test_no_frame_is_kept_while_the_next_one_is_waited_for() -> None:
    """Between two frames of a slow source nothing is alive but what is in somebody's hands."""
    rig, alive = Rig(4), list[int]()
    waiting_for_no_frame_alive(rig, alive)
    rig.build().run()
    assert alive == [0, 0, 0]


def test_pairs_keep_no_picture_that_the_caller_let_go_of() -> None:
    """Nor does the iterator that hands pictures to a caller."""
    rig, alive = Rig(4), list[int]()
    waiting_for_no_frame_alive(rig, alive)
    rig.outputs.clear()
    for pair in rig.build().pairs(rig.layer):
        del pair
    assert alive == [0, 0, 0]


def test_a_slow_matting_stage_drops_the_oldest_frames_of_a_live_source() -> None:
    """Frames in = frames out + frames dropped; the newest arrives, and it is not old."""
    first_is_matted, all_read = threading.Event(), threading.Event()

    def capture(index: int) -> None:
        if index == 1:
            assert first_is_matted.wait(10)
        if index == 29:
            all_read.set()

    def matte(index: int) -> None:
        if index == 0:
            first_is_matted.set()
            assert all_read.wait(10)

    rig = Rig(
        30,
        capture=capture,
        matte=matte,
        capacity=2,
        at_most=1,
        overflow=Overflow.DROP_OLDEST,
        live=True,
    )
    report = rig.build().run()
    assert report.dropped > 20
    assert report.captured == 30 == report.written + report.dropped
    assert rig.sink.written[0] == 0
    assert rig.sink.written[-1] == 29
    assert rig.sink.written == sorted(rig.sink.written)


def test_progress_counts_what_is_written() -> None:
    """Called after every frame, on the caller's thread."""
    seen, threads = list[Progress](), set[str]()

    def on_progress(progress: Progress) -> None:
        seen.append(progress)
        threads.add(threading.current_thread().name)

    Rig(4).build().run(on_progress)
    assert [(p.written, p.expected, p.dropped) for p in seen] == [(n, 4, 0) for n in (1, 2, 3, 4)]
    assert threads == {threading.current_thread().name}
    assert all(p.fps > 0 for p in seen)


def test_a_report_may_be_asked_for_at_any_time() -> None:
    """While it runs, frames on their way are unfinished: never negative, never lost."""
    rig, seen = Rig(30, write=lambda _: time.sleep(0.0005)), list[int]()
    pipeline = rig.build()
    assert pipeline.report().captured == 0
    pipeline.run(lambda _: seen.append(pipeline.report().unfinished))
    assert min(seen) >= 0
    assert max(seen) <= 2 * 4 + 2 + 3
    assert pipeline.report() == pipeline.report()


def test_the_report_tells_latency_and_skipped_packets() -> None:
    """From arrival to written, for a source that says when frames arrived."""
    rig = Rig(5)
    rig.source.skipped = 3
    report = rig.build().run()
    assert report.skipped == 3
    assert report.latency_p50_s is not None
    assert report.latency_p95_s is not None
    assert 0 < report.latency_p50_s <= report.latency_p95_s <= report.elapsed_s


def test_the_time_of_every_stage_is_where_it_was_spent() -> None:
    """Each stage sleeps for its own time; the report finds it there."""
    naps = {"capture": 0.004, "matting": 0.008, "compositing": 0.001, "encoding": 0.002}
    rig = Rig(
        10,
        capture=lambda _: time.sleep(naps["capture"]),
        matte=lambda _: time.sleep(naps["matting"]),
        render=lambda _: time.sleep(naps["compositing"]),
        write=lambda _: time.sleep(naps["encoding"]),
    )
    report = rig.build().run()
    for stage in report.stages:
        assert stage.items == 10
        assert stage.busy_s >= 10 * naps[stage.name]
        assert stage.cpu_s < stage.busy_s
        assert stage.busy_s + stage.waited_for_input_s <= report.elapsed_s * 1.01
    assert report.bottleneck.name == "matting"


def test_a_pipeline_runs_once() -> None:
    """Its source is used up; nothing is released twice."""
    rig = Rig(2)
    pipeline = rig.build()
    pipeline.run()
    with pytest.raises(PipelineError, match="runs once"):
        pipeline.run()
    with pytest.raises(PipelineError, match="runs once"):
        pipeline.pairs(rig.layer)
    assert released_once(rig.journal, "closed")


# Ending early, and well.


def test_finishing_from_another_thread_completes_the_files() -> None:
    """What was taken is written, the sink is closed, a report comes back."""
    begun = threading.Event()
    rig = Rig(
        10**9,
        capture=lambda _: time.sleep(0.0005),
        write=lambda index: begun.set() if index == 5 else None,
    )
    pipeline = rig.build()

    def finish() -> None:
        begun.wait(60)
        pipeline.finish()

    other = threading.Thread(target=finish)
    other.start()
    report = pipeline.run()
    other.join()
    assert report.written > 5
    assert report.captured == report.written
    assert rig.sink.written == list(range(report.written))
    assert released_once(rig.journal, "closed")


def test_finishing_from_within_the_run_completes_the_files() -> None:
    """A progress callback, like a signal handler, runs on the caller's thread."""
    rig = Rig(10**9)
    pipeline = rig.build()
    report = pipeline.run(lambda p: pipeline.finish() if p.written == 5 else None)
    assert report.captured == report.written == len(rig.sink.written) >= 5
    assert released_once(rig.journal, "closed")


def test_finishing_does_not_wait_for_a_source_that_hangs() -> None:
    """The files are complete; then the lost thread is reported."""
    release = threading.Event()

    def capture(index: int) -> None:
        if index == 3:
            release.wait(30)

    rig = Rig(10, capture=capture, stop_timeout_s=0.05)
    pipeline = rig.build()
    with pytest.raises(StageHung, match="'capture'"):
        pipeline.run(lambda p: pipeline.finish() if p.written == 3 else None)
    assert rig.sink.written == [0, 1, 2]
    assert rig.journal.count("sink closed") == 1
    release.set()


def test_finishing_before_the_first_frame_keeps_nothing() -> None:
    """A file without a picture is no file."""
    rig = Rig(5)
    pipeline = rig.build()
    pipeline.finish()
    with pytest.raises(PipelineError, match="before the first frame"):
        pipeline.run()
    assert released_once(rig.journal, "aborted")


# Pictures for the caller.


def test_pairs_gives_every_picture_with_its_matte() -> None:
    """The frame of the matte is the one that the picture was made of."""
    rig = Rig(6)
    rig.outputs.clear()
    pairs = list(rig.build().pairs(rig.layer))
    assert [picture.pts for picture, _ in pairs] == list(range(6))
    assert all(matte.frame.pts == picture.pts for picture, matte in pairs)
    assert rig.journal.count("source closed") == rig.journal.count("layer closed") == 1


def test_pairs_writes_the_outputs_too() -> None:
    """Who looks on does not take anything away from the files."""
    rig = Rig(4)
    for _ in rig.build().pairs(PlainLayer(Journal())):
        pass
    assert rig.sink.written == [0, 1, 2, 3]
    assert released_once(rig.journal, "closed")


@pytest.mark.parametrize("taken", [0, 1, 5])
def test_closing_pairs_early_releases_everything(taken: int) -> None:
    """Before the first picture, after it, or on the way."""
    rig = Rig(10**9)
    pairs = rig.build().pairs(PlainLayer(Journal()))
    for _ in range(taken):
        next(pairs)
    pairs.close()
    pairs.close()
    assert released_once(rig.journal, "aborted")
    assert list(pairs) == []


def test_pairs_that_are_forgotten_release_everything() -> None:
    """A loop that is left with ``break`` needs no close."""
    rig = Rig(10**9)

    def look_at_one(pipeline: Pipeline) -> None:
        for _ in pipeline.pairs(PlainLayer(Journal())):
            break

    look_at_one(rig.build())
    assert released_once(rig.journal, "aborted")


def test_pairs_refuse_at_once_what_cannot_be_made() -> None:
    """Opening happens in the call, not at the first picture; everything is released."""
    rig = Rig(3)
    with pytest.raises(DecodeError, match="no backdrop"):
        rig.build().pairs(PlainLayer(rig.journal, refuse=DecodeError("no backdrop")))
    assert rig.journal.count("source closed") == 1
    assert rig.journal.count("sink aborted") == 1
    assert rig.journal.count("layer closed") == 2


def test_the_callers_error_is_the_headline_of_a_with_block() -> None:
    """What fails later on the way out is a note."""
    release, first = threading.Event(), KeyError("the caller's own")

    def capture(index: int) -> None:
        if index == 2:
            release.wait(30)

    def explode(_: object) -> None:
        raise first

    rig = Rig(10, capture=capture, stop_timeout_s=0.05)
    with pytest.raises(KeyError), rig.build().pairs(PlainLayer(Journal())) as pairs:
        list(map(explode, pairs))
    assert "StageHung" in first.__notes__[0]
    release.set()


def test_a_matting_stage_that_loses_a_frame_is_found_out() -> None:
    """One matte for each frame, or the run has failed."""
    rig = Rig(10)

    def lossy(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        frames = (frame for batch in batches for frame in batch)
        return (Matte(frame, ALPHA) for frame in frames if frame.pts != 4)

    rig.matting = lossy
    with pytest.raises(PipelineError, match=r"took 10 frames, wrote 9 and dropped 0"):
        rig.build().run()
    assert released_once(rig.journal, "aborted")
