"""Where the time of a file-to-file run goes: FFmpeg's part, the network's part, and ours.

Everything is CPU time of the whole process per frame, so that threads of x264 and torch count.
Runs of the parts and of the whole take turns within the same minute, and medians are given: other
programs on the machine disturb all of them alike.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from mattebox.assemble import Matting, assemble, open_matting, open_source
from mattebox.frame import Frame
from mattebox.jobs import Job
from mattebox.report import Report
from mattebox.settings import Settings, resolve


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds of CPU time per frame, and wall time against its two lower bounds.

    Attributes:
        parts_ms: FFmpeg's decoder and encoder and the network, each alone.
        ours_ms: what the whole run takes beyond them.
        steps_ms: our steps one by one, on one thread; they explain ``ours_ms``, roughly.
        wall_ms: wall time of the whole run.
        slowest_stage_ms: busy wall time of the busiest thread.
        cores_ms: the run's CPU time divided by the number of cores.
    """

    parts_ms: Mapping[str, float]
    ours_ms: float
    steps_ms: Mapping[str, float]
    wall_ms: float
    slowest_stage_ms: float
    cores_ms: float

    @property
    def overlap(self) -> float:
        """Wall time over the larger of its lower bounds; 1 is perfect."""
        return self.wall_ms / max(self.slowest_stage_ms, self.cores_ms)


def measure(clip: Path, backdrop: str, quality: str, runs: int) -> Figures:
    """Run the parts and the whole in turns, ``runs`` times each, and take medians."""
    settings = resolve({"quality": quality, "backdrop": {"source": backdrop}})
    matting = open_matting(settings)
    encoding = _Encoding(clip, settings)
    parts: dict[str, Callable[[], object]] = {
        "decode": lambda: _decode(clip),
        "network": _network(clip, settings),
        "encode": encoding.run,
    }
    samples: dict[str, list[float]] = {name: [] for name in (*parts, "whole", "wall", "stage")}
    with tempfile.TemporaryDirectory() as folder:
        whole = _Whole(clip, Path(folder) / "out.mp4", settings, matting)
        whole.run()  # warms caches, allocators and the network up
        for _ in range(runs):
            for name, part in parts.items():
                samples[name].append(_cpu_ms(part) / encoding.count)
            began = time.perf_counter()
            samples["whole"].append(_cpu_ms(whole.run) / encoding.count)
            samples["wall"].append((time.perf_counter() - began) * 1000 / encoding.count)
            samples["stage"].append(whole.slowest_stage_s * 1000 / encoding.count)
    middle = {name: statistics.median(values) for name, values in samples.items()}
    return Figures(
        parts_ms={name: middle[name] for name in parts},
        ours_ms=middle["whole"] - sum(middle[name] for name in parts),
        steps_ms=_steps(clip, settings),
        wall_ms=middle["wall"],
        slowest_stage_ms=middle["stage"],
        cores_ms=middle["whole"] / (os.cpu_count() or 1),
    )


def _cpu_ms(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000
