"""The data path: source → matting → layers → sinks, on three threads; start, finish, abort.

``capture`` reads the source, ``matting`` runs the matting generator, and the caller's thread makes
the pictures and writes them. What a layer or a sink does, and which ones there are, lives in the
doors; how a thread hands over lives in ``stages``.

Whatever happens, and in this order: the threads are told to stop, every sink is closed or aborted
once, the threads are waited for from the far end up (``capture`` closes the source), and the layers
are closed. The first error is the one that is raised; later ones become notes on it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

from mattebox.channel import ChannelCancelled, Overflow
from mattebox.errors import DecodeError, PipelineError
from mattebox.frame import Frame, Matte
from mattebox.outputs import FarEnd, Handover
from mattebox.outputs import Output as Output  # given on: who builds a pipeline needs it
from mattebox.ports import Layer, Source
from mattebox.report import (
    CAPTURE,
    MATTING,
    Clock,
    Progress,
    Report,
    StageReport,
)
from mattebox.stages import Deferred, Headline, Stage, on_thread

_WHEN_CAPTURE_HANGS = (
    "Unplug and replug the camera or check the disk or network that the input is on; "
    "for an input that only is slow, raise pipeline.stop_timeout_s."
)
_WHEN_MATTING_HANGS = (
    "Check the device with `mattebox doctor`; "
    "for a network that only is slow, raise pipeline.stop_timeout_s."
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How the data path runs; live and offline differ in these values only.

    Attributes:
        capacity: how many frames may wait between two stages, at least 1.
        at_most: how many frames the matting stage gets at once, at least 1.
        overflow: what capture does while ``capacity`` frames wait.
        stop_timeout_s: how long a stage may take to stop before its thread is given up.
    """

    capacity: int
    at_most: int
    overflow: Overflow
    stop_timeout_s: float


class Pipeline:
    """One run of one source through the matting stage into any number of outputs.

    From ``run`` or ``pairs`` on, the source, the layers and the sinks belong to the pipeline, which
    releases each of them exactly once, however the run ends.

    At most ``2 × capacity + at_most + 3`` frames are alive at once, beside what the matting stage,
    the layers and the sinks keep.

    Args:
        source: where frames come from.
        matting: the matting stage: gives one matte for each frame, in order. Called, and iterated,
            on the matting thread.
        outputs: what is made of the mattes.
        plan: how it runs.
    """

    def __init__(
        self,
        source: Source,
        matting: Callable[[Iterator[list[Frame]]], Iterator[Matte]],
        outputs: Sequence[Output],
        *,
        plan: Plan,
    ) -> None:
        self._source, self._outputs = source, tuple(outputs)
        frames = on_thread(
            Deferred(source.frames, source.close),
            name=CAPTURE,
            capacity=plan.capacity,
            overflow=plan.overflow,
            at_most=plan.at_most,
            stop_timeout_s=plan.stop_timeout_s,
            when_hung=_WHEN_CAPTURE_HANGS,
        )
        self._frames: Stage[Frame] = frames
        self._mattes: Stage[Matte] = on_thread(
            Deferred(lambda: matting(frames)),
            name=MATTING,
            capacity=plan.capacity,
            overflow=Overflow.BLOCK,
            at_most=1,
            stop_timeout_s=plan.stop_timeout_s,
            when_hung=_WHEN_MATTING_HANGS,
        )
        self._far_end = FarEnd(self._outputs)
        self._clock = Clock()
        self._taken = threading.Lock()
        self._finishing = False

    def run(self, on_progress: Callable[[Progress], None] | None = None) -> Report:
        """Run from the first frame to the last; return when everything is released.

        Args:
            on_progress: called on this thread after every frame that was written.

        Raises:
            SourceError, SegmenterError: reading or matting failed. What was matted before is
                written, then the sinks are aborted, as for every error.
            SinkError, FrameError: a sink or a layer refused or failed.
            DecodeError: the source gave no frame at all.
            PipelineError: the run was aborted, a stage hung, or the pipeline was run before.
            KeyboardInterrupt: Ctrl-C, as any error.
        """
        with self._journey(self._outputs):
            for [matte] in self._mattes:
                self._far_end.write(matte)
                del matte  # or it would live on while the next one is waited for
                if on_progress is not None:
                    on_progress(self.progress())
        return self.report()

    def pairs(self, layer: Layer) -> Pairs:
        """Give the pictures of one layer to the caller, each with the matte it was made of.

        Opens everything at once, so that what is refused is refused here; nothing moves before the
        first picture is asked for. The pipeline's own outputs are written beside it.

        Raises:
            As ``run``; what fails after the opening is raised by the iterator.
        """
        picture = Handover()
        return Pairs(self._pairs([*self._outputs, Output(layer, picture)], picture))

    def finish(self) -> None:
        """End well and early: take no more from the source, write what waits, close the sinks.

        For recordings from live sources. Returns at once; ``run`` returns its report as usual. May
        be called from any thread, from a signal handler and more than once.
        """
        self._finishing = True
        self._frames.finish()

    def abort(self) -> None:
        """Give up what waits: ``run`` raises ``PipelineError``, and the sinks are aborted.

        Returns at once. May be called from any thread; a signal handler raises
        ``KeyboardInterrupt`` instead, which also interrupts a sink that is writing.
        """
        self._mattes.cancel()
        self._frames.cancel()

    def progress(self) -> Progress:
        """How far the run is; any thread may ask."""
        return Progress(
            written=self._far_end.written,
            expected=self._source.frames_expected,
            dropped=self._frames.figures.channel.dropped,
            elapsed_s=self._clock.elapsed_s,
        )

    def report(self) -> Report:
        """What the run came to, also after an error, or has come to so far; any thread may ask."""
        # The written first: whatever moves meanwhile counts as on its way.
        latency, written = self._far_end.latency, self._far_end.written
        stages = self._stage_reports(written)
        frames = self._frames.figures.channel
        return Report(
            stages=stages,
            live=self._source.live,
            captured=frames.sent,
            written=written,
            dropped=frames.dropped,
            skipped=self._source.skipped,
            elapsed_s=self._clock.elapsed_s,
            latency_p50_s=latency.quantile(0.50),
            latency_p95_s=latency.quantile(0.95),
        )

    def _pairs(
        self, outputs: Sequence[Output], picture: Handover
    ) -> Generator[Pair | None, None, None]:
        with self._journey(outputs):
            yield None  # opened; from here on, closing this generator reaches the releases
            for [matte] in self._mattes:
                self._far_end.write(matte)
                yield Pair(picture.take(), matte)
                del matte

    @contextmanager
    def _journey(self, outputs: Sequence[Output]) -> Iterator[None]:
        """Open the outputs before the block, and release everything after it, in every case."""
        if not self._taken.acquire(blocking=False):
            raise PipelineError("this pipeline has been run: it runs once.", "Make another one.")
        self._far_end = FarEnd(outputs)
        self._clock.start()
        headline, complete = Headline(), False
        try:
            self._far_end.open(self._source.format)
            yield
            self._check_that_nothing_is_lost()
            complete = True
        except ChannelCancelled:
            headline.add(PipelineError(f"aborted after {self._far_end.written} frames."))
        except GeneratorExit:
            pass  # the caller of `pairs` has seen enough
        except BaseException as error:  # also Ctrl-C: all of it is raised again below
            headline.add(error)
        self._release(headline, complete=complete)
        headline.raise_if_any()

    def _release(self, headline: Headline, *, complete: bool) -> None:
        if complete:
            self._far_end.close(headline)
        else:
            self.abort()
            self._far_end.abort(headline)
        headline.attempt(self._mattes.close)
        headline.attempt(self._frames.close)
        self._far_end.close_layers(headline)
        self._clock.stop()

    def _check_that_nothing_is_lost(self) -> None:
        frames, written = self._frames.figures.channel, self._far_end.written
        if frames.sent == 0 and self._finishing:
            raise PipelineError("finished before the first frame came: there is nothing to keep.")
        if frames.sent == 0:
            raise DecodeError("the input gave no frame.", "Check it with a player.")
        if frames.sent != written + frames.dropped:
            raise PipelineError(
                f"took {frames.sent} frames, wrote {written} and dropped {frames.dropped}: "
                "the matting stage must give one matte for each frame."
            )

    def _stage_reports(self, written: int) -> tuple[StageReport, ...]:
        capture, matting, far = self._frames.figures, self._mattes.figures, self._far_end
        first, second = capture.channel, matting.channel
        return (
            StageReport(
                CAPTURE,
                items=first.sent,
                busy_s=max(0.0, capture.alive_s - first.send_wait_s),
                cpu_s=capture.cpu_s,
                waited_for_input_s=0.0,
                waited_for_output_s=first.send_wait_s,
            ),
            StageReport(
                MATTING,
                items=second.sent,
                busy_s=max(0.0, matting.alive_s - first.receive_wait_s - second.send_wait_s),
                cpu_s=matting.cpu_s,
                waited_for_input_s=first.receive_wait_s,
                waited_for_output_s=second.send_wait_s,
            ),
            far.compositing.report(written, second.receive_wait_s),
            far.encoding.report(written, second.receive_wait_s),
        )


class Pair(NamedTuple):
    """A picture and the matte it was made of."""

    picture: Frame
    matte: Matte


class Pairs(Iterator[Pair]):
    """What ``Pipeline.pairs`` gives: pictures with their mattes; closing it ends the run.

    An early ``close`` releases everything, as the end and every error do by themselves; sinks are
    then aborted. One thread at a time.
    """

    def __init__(self, journey: Generator[Pair | None, None, None]) -> None:
        next(journey)
        self._journey = journey

    def __next__(self) -> Pair:
        pair = next(self._journey)
        assert pair is not None, "only the opening gives None"
        return pair

    def close(self) -> None:
        """End the run and release everything. More than once does nothing more.

        Raises:
            StageHung: a thread did not stop and was given up.
        """
        self._journey.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        headline = Headline(error)
        headline.attempt(self.close)
        if headline.error is not error:
            headline.raise_if_any()
