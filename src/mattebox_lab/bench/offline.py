"""Where the time of a file-to-file run goes: FFmpeg's part, the network's part, and ours.

Everything is CPU time of the whole process per frame, so that threads of x264 and torch count.
What is ours is measured with the network left out: a stand-in gives the maps that the network gave
before, and what FFmpeg's decoder and encoder take alone is subtracted. These three run on the clip
several times over, so that opening files does not count as the work of a frame. Runs of the parts
and of the whole take turns within the same minute, and medians are given: other programs on the
machine disturb all of them alike.
"""

from __future__ import annotations

import io
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np
import torch
from torch import Tensor

from mattebox.assemble import (
    Matting,
    assemble,
    matting_options,
    open_layer,
    open_matting,
    open_source,
)
from mattebox.frame import Frame, Matte
from mattebox.jobs import Job
from mattebox.matting import prepare, refine, stage, temporal
from mattebox.nets import weights
from mattebox.nets.torch_engine import TorchSegmenter
from mattebox.report import COMPOSITING, ENCODING
from mattebox.settings import Settings, resolve
from mattebox.timing import seconds

_T = TypeVar("_T")

# What sink.speed = "fast" and sink.quality = 75 mean for x264.
_X264 = {"preset": "veryfast", "crf": "18"}
# How often the clip is played where the network does not take its time.
_TIMES = 4
# Sound would be copied by the whole and not by the parts.
_SINK = {"overwrite": True, "audio": "none"}


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds of CPU time per frame, and wall time against its two lower bounds.

    Attributes:
        parts_ms: FFmpeg's decoder and encoder and the network, each alone.
        ours_ms: what a run without the network takes beyond FFmpeg's parts.
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

    def table(self) -> str:
        """The figures as lines for a terminal."""
        rows = [
            *((f"{name} alone", value) for name, value in self.parts_ms.items()),
            ("everything of ours together", self.ours_ms),
            *((f"  of it, alone: {name}", value) for name, value in self.steps_ms.items()),
            ("wall time", self.wall_ms),
            ("busiest thread, wall time", self.slowest_stage_ms),
            ("all CPU time over the cores", self.cores_ms),
        ]
        lines = [f"{name:44} {value:8.2f} ms" for name, value in rows]
        return "\n".join([*lines, f"{'wall over its larger lower bound':44} {self.overlap:8.2f}"])

    @property
    def overlap(self) -> float:
        """Wall time over the larger of its lower bounds; 1 is perfect."""
        return self.wall_ms / max(self.slowest_stage_ms, self.cores_ms)


def measure(
    clip: Path, backdrop: str, quality: str, runs: int, changes: Mapping[str, object]
) -> Figures:
    """Run the parts and the whole in turns, ``runs`` times each, and take medians.

    Args:
        clip: a video of yuv420p.
        backdrop, quality: as -b and -q.
        runs: how often, at least 1.
        changes: other settings, nested.
    """
    settings = resolve(
        {"quality": quality, "backdrop": {"source": backdrop}, "sink": _SINK}, changes
    )
    network = _Network(clip, settings)
    with tempfile.TemporaryDirectory() as folder:
        output, longer = Path(folder) / "out.mp4", Path(folder) / "longer.mp4"
        whole = _Whole(clip, output, settings, open_matting(settings))
        repeated(clip, longer, _TIMES)
        ours = _Whole(longer, output, settings, network.replaying())
        whole.run()  # warms caches, allocators and the network up
        ours.run()
        encoding = _Encoding(output)
        frames = {"network": network.count, "whole": network.count}
        parts: dict[str, Callable[[], object]] = {
            "decode": lambda: _decode(longer),
            "network": network.run,
            "encode": encoding.run,
            "ours": ours.run,
            "whole": whole.run,
        }
        samples: dict[str, list[float]] = {name: [] for name in (*parts, "wall", "stage")}
        for _ in range(runs):
            for name, part in parts.items():
                samples[name].append(_cpu_ms(part) / frames.get(name, encoding.count))
            samples["wall"].append(whole.wall_s * 1000 / network.count)
            samples["stage"].append(whole.slowest_stage_s * 1000 / network.count)
    middle = {name: statistics.median(values) for name, values in samples.items()}
    return Figures(
        parts_ms={name: middle[name] for name in ("decode", "network", "encode")},
        ours_ms=middle["ours"] - middle["decode"] - middle["encode"],
        steps_ms=_steps(clip, settings),
        wall_ms=middle["wall"],
        slowest_stage_ms=middle["stage"],
        cores_ms=middle["whole"] / (os.cpu_count() or 1),
    )


def scaled(clip: Path, to: Path, height: int) -> Path:
    """The clip at another height, as H.264 with the colour tags of HD; itself where it fits."""
    with av.open(str(clip)) as source:
        video = source.streams.video[0]
        if video.height == height:
            return clip
        width = round(video.width * height / video.height / 2) * 2
        frames = (each.reformat(width, height, "yuv420p") for each in source.decode(video))
        _encode(frames, str(to), video.average_rate)
    return to


def repeated(clip: Path, to: Path, times: int) -> None:
    """The clip some times over."""
    with av.open(str(clip)) as source:
        frames = list(source.decode(video=0))
        _encode(frames * times, str(to), source.streams.video[0].average_rate)


def _encode(frames: Iterable[av.VideoFrame], to: str | io.BytesIO, rate: Fraction | None) -> None:
    """H.264 in mp4 with the options that the product uses, at a constant rate."""
    with av.open(to, "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=rate, options=_X264)
        # Threads by frames, like FFmpeg's own tool and the product; PyAV's default is slices.
        stream.codec_context.thread_type = "AUTO"
        for number, frame in enumerate(frames):
            if number == 0:
                stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
            frame.pict_type = av.video.frame.PictureType.NONE
            frame.pts, frame.time_base = number, 1 / (rate or Fraction(25))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _cpu_ms(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def _decode(clip: Path) -> int:
    """FFmpeg alone."""
    with av.open(str(clip)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for _ in container.decode(video=0))


class _Network:
    """The network alone, on the pictures of every frame, and its maps as a stand-in for it."""

    def __init__(self, clip: Path, settings: Settings) -> None:
        model = settings.model
        network = weights.load(weights.find(model.name))
        self._segmenter = TorchSegmenter(network, device=model.device, precision=model.precision)
        self._settings = settings
        frames = _frames(clip, settings)
        self._pictures = [prepare.prepare([frame], model.size) for frame in frames]
        self._maps = [self._segmenter.saliency(picture) for picture in self._pictures]
        self.count = len(self._maps)

    def run(self) -> None:
        """Judge every picture again."""
        for picture in self._pictures:
            self._segmenter.saliency(picture)

    def replaying(self) -> Matting:
        """The matting stage with the maps of before in the place of the network."""
        options = replace(matting_options(self._settings), focus=None)  # one map for each frame
        batch = self._settings.model.batch
        return Matting(lambda frames: stage.matting(frames, _Replay(self._maps), options), batch)


class _Replay:
    """A segmenter that gives stored maps in their order, over and over."""

    device = torch.device("cpu")

    def __init__(self, maps: Sequence[Tensor]) -> None:
        self._upcoming = itertools.cycle(maps)

    def saliency(self, batch: Tensor) -> Tensor:
        """The next maps, whatever the pictures."""
        return torch.cat([next(self._upcoming) for _ in batch])


class _Encoding:
    """x264 alone, with the options that the run uses, on the pictures that the run makes."""

    def __init__(self, clip: Path) -> None:
        with av.open(str(clip)) as container:
            self._rate = container.streams.video[0].average_rate
            self._frames = [frame.reformat(format="yuv420p") for frame in container.decode(video=0)]
        self.count = len(self._frames)

    def run(self) -> None:
        """Encode all the frames into memory."""
        _encode(self._frames, io.BytesIO(), self._rate)


class _Whole:
    """The product's own run."""

    def __init__(self, clip: Path, output: Path, settings: Settings, matting: Matting) -> None:
        self._job = Job(str(clip), (str(output),))
        self._settings, self._matting = settings, matting
        self.wall_s = self.slowest_stage_s = 0.0

    def run(self) -> None:
        began = time.perf_counter()
        source = open_source(self._job.input, self._settings)
        report = assemble(self._job, source, self._settings, self._matting).run()
        self.wall_s = time.perf_counter() - began
        busy = {stage.name: stage.busy_s for stage in report.stages}
        caller = busy.pop(COMPOSITING) + busy.pop(ENCODING)  # one thread
        self.slowest_stage_s = max(caller, *busy.values())


def _steps(clip: Path, settings: Settings) -> dict[str, float]:
    """Medians of each step of ours on one frame after the other, on one thread."""
    whole = settings.model.model_copy(update={"focus": False})
    settings = settings.model_copy(update={"model": whole})
    options = matting_options(settings)
    estimate = settings.foreground.model_copy(update={"estimate": False})
    plain = settings.model_copy(update={"foreground": estimate})
    over, unmixed = (open_layer(each, transparent=False) for each in (plain, settings))
    step = _Steps()
    frames = list(_frames(clip, settings))[:60]
    over.open(frames[0].format)
    unmixed.open(frames[0].format)
    looks, guides = [], []
    for matte in list(open_matting(settings).stage(iter([frame] for frame in frames))):
        frame, saliency = matte.frame, matte.saliency
        assert saliency is not None
        pictures, (guide,) = step("prepare", prepare.prepare_with_guides, [frame], options.size)
        picture = np.ascontiguousarray(pictures[0].numpy().transpose(1, 2, 0))
        moment = seconds(frame.pts, frame.format.time_base)
        looks.append(temporal.Look(picture, saliency.numpy(), moment))
        guides.append(guide)
    maps = [look.saliency for look in looks]
    if options.temporal is not None:
        maps = step.together("temporal", temporal.steadied, iter(looks), options.temporal)
    for frame, map, guide in zip(frames, maps, guides, strict=True):
        alpha, coverage = step(
            "refine", refine.refine_in_cells, torch.from_numpy(map), frame, options.refine, guide
        )
        cut = Matte.covered(frame, alpha, None, coverage)
        step("backdrop and composite", over.render, cut)
        if settings.foreground.estimate:
            step("the same with the foreground's colour", unmixed.render, cut)
    over.close()
    unmixed.close()
    return step.medians()


class _Steps:
    """Calls functions and notes the milliseconds of CPU time that each took on this thread."""

    def __init__(self) -> None:
        self._taken: dict[str, list[float]] = {}

    def __call__(self, name: str, function: Callable[..., _T], *arguments: object) -> _T:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # as the matting stage does around these steps
        began = time.thread_time()
        result = function(*arguments)
        self._taken.setdefault(name, []).append((time.thread_time() - began) * 1000)
        torch.set_num_threads(threads)
        return result

    def together(
        self, name: str, function: Callable[..., Iterator[_T]], *arguments: object
    ) -> list[_T]:
        """What a generator gives; each of it counts as a call that took its even share."""
        began = time.thread_time()
        results = list(function(*arguments))
        each = (time.thread_time() - began) * 1000 / len(results)
        self._taken.setdefault(name, []).append(each)
        return results

    def medians(self) -> dict[str, float]:
        return {name: statistics.median(values) for name, values in self._taken.items()}


def _frames(clip: Path, settings: Settings) -> Iterator[Frame]:
    source = open_source(str(clip), settings)
    try:
        yield from source.frames()
    finally:
        source.close()
