"""What a run comes to: counts, times and latencies, and the sentence that names the bottleneck.

Figures, what collects them, and their words; what is measured, and where, lives in ``pipeline``.
Reports are plain values, good on any thread.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from types import TracebackType

CAPTURE, MATTING, COMPOSITING, ENCODING = "capture", "matting", "compositing", "encoding"

_ADVICE = {
    CAPTURE: "A smaller input, or one in a codec that is easier to decode, would help.",
    MATTING: (
        "A smaller picture for the network (-q fast, then --set model.size) "
        "or a GPU (-d cuda) would help."
    ),
    COMPOSITING: (
        "A colour or a still as backdrop (-b) costs less than a video or blur; "
        "so does --set foreground.estimate=false."
    ),
    ENCODING: (
        "A faster encoder would help: --set sink.speed=fast where that is not so yet, or one in "
        "hardware where there is one, for example --set sink.codec=h264_nvenc."
    ),
}
_LIVE_ADVICE = "The source sets the pace; everything behind it keeps up."
_LIVE_ADVICE_DROPPING = (
    "The source sets the pace; what is behind it falls behind in moments only, as at the start."
)

# Behind a live source: a stage that is busy for this share of the time has no time to wait.
_SATURATED = 0.85
# Below this share of the time, the busiest stage is not what held the run up.
_HELD_UP = 0.5
# A wait below this share of the time is noise.
_WORTH_TELLING = 0.01


@dataclass(frozen=True, slots=True)
class StageReport:
    """What one stage did.

    Compositing and encoding share the caller's thread, and so the time that it waited.

    Attributes:
        name: ``capture``, ``matting``, ``compositing`` or ``encoding``.
        items: how many frames came out of it.
        busy_s: seconds of wall time that it worked, or waited for its device or for a core.
        cpu_s: CPU seconds of its own thread; threads that its libraries start are not counted.
        waited_for_input_s: seconds that it had nothing to work on.
        waited_for_output_s: seconds that nobody took what it had made.
    """

    name: str
    items: int
    busy_s: float
    cpu_s: float
    waited_for_input_s: float
    waited_for_output_s: float

    @property
    def per_item_s(self) -> float:
        """Busy seconds for each frame; 0 before the first."""
        return self.busy_s / self.items if self.items else 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is.

    Attributes:
        written: frames written so far.
        expected: how many the source thinks there will be; None: no idea.
        dropped: frames given up so far, because a live source does not wait.
        elapsed_s: seconds since the start.
    """

    written: int
    expected: int | None
    dropped: int
    elapsed_s: float

    @property
    def fps(self) -> float:
        """Frames written per second of wall time."""
        return self.written / self.elapsed_s if self.elapsed_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to, or, asked while it runs, has come to so far.

    The law: ``captured == written + dropped + unfinished``, and ``unfinished == 0`` after a run
    that ended well.

    Attributes:
        stages: one report each for capture, matting, compositing and encoding.
        live: whether the source has a pace of its own.
        captured: frames that entered the data path.
        written: frames that every output has taken.
        dropped: frames given up because a live source does not wait.
        skipped: damaged packets or files that the source passed over.
        elapsed_s: seconds of wall time, from opening the outputs to the last release.
        latency_p50_s, latency_p95_s: median and 95th percentile of the seconds from a frame's
            arrival in the program until it was written; None where the source tells no arrival.
    """

    stages: tuple[StageReport, ...]
    live: bool
    captured: int
    written: int
    dropped: int
    skipped: int
    elapsed_s: float
    latency_p50_s: float | None
    latency_p95_s: float | None

    @property
    def unfinished(self) -> int:
        """Frames that were on their way when the run ended early, or are now."""
        return self.captured - self.written - self.dropped

    @property
    def fps(self) -> float:
        """Frames written per second of wall time."""
        return self.written / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def bottleneck(self) -> StageReport:
        """The stage that set the pace: the larger part of the busiest thread.

        What shares a thread adds up. A live source is always busy waiting for its next frame, so
        it is named only where nothing behind it was busy nearly all the time.
        """
        threads = self._threads()
        if self.live:
            source = threads.pop(CAPTURE)
            if max(map(_busy_s, threads.values())) < _SATURATED * self.elapsed_s:
                return source[0]
        return max(max(threads.values(), key=_busy_s), key=lambda stage: stage.busy_s)

    def sentence(self) -> str:
        """What held the run up, with its figures, and what would help."""
        if not self.written:
            return f"No frame was written in {self.elapsed_s:.1f} s."
        stage = self.bottleneck
        parts = [f"{self._verdict(stage)}{self._who_waited_for(stage)}.", self._advice(stage)]
        if self.dropped:
            parts.append(f"{self.dropped} of {self.captured} frames were dropped to keep up.")
        return " ".join(parts)

    def to_dict(self) -> dict[str, object]:
        """Everything as plain values that JSON can hold, with the derived figures."""
        return {
            **asdict(self),
            "stages": [asdict(stage) for stage in self.stages],
            "unfinished": self.unfinished,
            "fps": self.fps,
            "bottleneck": self.bottleneck.name,
            "sentence": self.sentence(),
        }

    def _threads(self) -> dict[str, list[StageReport]]:
        threads: dict[str, list[StageReport]] = {}
        for stage in self.stages:
            threads.setdefault(_thread_of(stage), []).append(stage)
        return threads

    def _verdict(self, stage: StageReport) -> str:
        thread = self._threads()[_thread_of(stage)]
        others = [
            f" (and {other.name}, on the same thread, {self._share(other.busy_s)})"
            for other in thread
            if other is not stage
        ]
        # One picture passes through the stages one after the other: none of them holds it up.
        held_up = _busy_s(thread) >= _HELD_UP * self.elapsed_s
        return (
            f"{stage.name} {'was the bottleneck' if held_up else 'took the most'}: "
            f"busy {self._share(stage.busy_s)} of {self.elapsed_s:.1f} s, "
            f"{_milliseconds(stage.per_item_s)} a frame{''.join(others)}"
        )

    def _who_waited_for(self, stage: StageReport) -> str:
        """Who waited most for the stage, and how much; empty where nobody did."""
        place = self.stages.index(stage)
        waits = [(before.waited_for_output_s, before.name) for before in self.stages[:place]] + [
            (after.waited_for_input_s, after.name)
            for after in self.stages[place + 1 :]
            if _thread_of(after) != _thread_of(stage)
        ]
        waited_s, name = max(waits, default=(0.0, ""))
        if waited_s < _WORTH_TELLING * self.elapsed_s:
            return ""
        return f"; {name} waited for it {self._share(waited_s)} of the time"

    def _advice(self, stage: StageReport) -> str:
        if stage.name == CAPTURE and self.live:
            return _LIVE_ADVICE_DROPPING if self.dropped else _LIVE_ADVICE
        return _ADVICE[stage.name]

    def _share(self, part_s: float) -> str:
        return f"{min(100.0, 100 * part_s / self.elapsed_s):.0f} %"


class Step:
    """Time spent in one kind of work on the thread that enters it; a context manager."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._busy_s = self._cpu_s = 0.0
        self._began = (0.0, 0.0)

    def __enter__(self) -> None:
        self._began = (time.perf_counter(), time.thread_time())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._busy_s += time.perf_counter() - self._began[0]
        self._cpu_s += time.thread_time() - self._began[1]

    def report(self, items: int, waited_for_input_s: float) -> StageReport:
        """The figures so far; the thread's waiting is measured where it waits."""
        return StageReport(
            self.name,
            items,
            self._busy_s,
            self._cpu_s,
            waited_for_input_s,
            waited_for_output_s=0.0,
        )


class Clock:
    """Seconds from start to stop; 0 before the start."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._ended: float | None = None

    def start(self) -> None:
        """Begin to count."""
        self._began = time.perf_counter()

    def stop(self) -> None:
        """Count no further."""
        self._ended = time.perf_counter()

    @property
    def elapsed_s(self) -> float:
        """Seconds so far."""
        if self._began is None:
            return 0.0
        return (self._ended or time.perf_counter()) - self._began


class Reservoir:
    """A fair sample of any number of values, in bounded memory.

    Source: J. Vitter, "Random Sampling with a Reservoir", 1985, algorithm R. Seeded, so that equal
    runs give equal figures.
    """

    def __init__(self, size: int) -> None:
        self._size, self._seen = size, 0
        self._values: list[float] = []
        self._random = random.Random(0)

    def add(self, value: float) -> None:
        """Count in one value."""
        self._seen += 1
        if len(self._values) < self._size:
            self._values.append(value)
            return
        place = self._random.randrange(self._seen)
        if place < self._size:
            self._values[place] = value

    def quantile(self, share: float) -> float | None:
        """The smallest sampled value with at least that share at or below it; None: no value."""
        ordered = sorted(self._values.copy())
        if not ordered:
            return None
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _thread_of(stage: StageReport) -> str:
    return "caller" if stage.name in {COMPOSITING, ENCODING} else stage.name


def _busy_s(stages: Iterable[StageReport]) -> float:
    return sum(stage.busy_s for stage in stages)


def _milliseconds(seconds: float) -> str:
    value = 1000 * seconds
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
