"""The whole data path of a job, and the place for what it writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.assemble.inputs import open_source
from mattebox.assemble.layers import is_transparent, open_layer
from mattebox.assemble.mattes import Matting
from mattebox.assemble.quality import QualityReport
from mattebox.assemble.results import files_read, matte_output, open_sink, together
from mattebox.channel import Overflow
from mattebox.errors import SinkRefused
from mattebox.jobs import STANDARD_STREAM, Job
from mattebox.pipeline import Output, Pairs, Pipeline, Plan
from mattebox.settings import Settings

if TYPE_CHECKING:
    from mattebox.ports import Layer, Sink, Source


def assemble(
    job: Job,
    source: Source,
    settings: Settings,
    matting: Matting,
    quality: QualityReport | None = None,
) -> Pipeline:
    """The whole data path of one job, ready to run.

    Args:
        job: what is made of what.
        source: the job's input, opened; the pipeline's from now on, and closed if this raises.
        settings, matting: how.
        quality: looks at the mattes as they pass; None: nobody does.

    Raises:
        MatteboxError: a backdrop or output cannot be had; nothing is left open.
    """
    with ExitStack() as undo:
        undo.callback(source.close)
        outputs = _outputs(job, settings, matting)
        undo.pop_all()
    stage = matting.stage_for(source)
    if quality is not None:
        stage = quality.watching(stage, job.input)
    return Pipeline(source, stage, outputs, plan=_plan(source, settings, matting))


def open_pairs(input: str, settings: Settings, matting: Matting, layer: Layer) -> Pairs:
    """The pictures of one layer with their mattes, opened and ready to iterate.

    Raises:
        MatteboxError: the input or the backdrop cannot be had; nothing is left open.
    """
    source = open_source(input, settings)
    pipeline = Pipeline(
        source, matting.stage_for(source), (), plan=_plan(source, settings, matting)
    )
    return pipeline.pairs(layer)


def make_room(jobs: Sequence[Job], settings: Settings) -> None:
    """Check all the files that many jobs will write, before the first job takes its time.

    The folders of a folder's many pictures are made; a single output's folder has to be there.

    Raises:
        SinkRefused: a file is there already and may not be replaced, two outputs are one file, or
            a folder cannot be made.
    """
    places = [Path(name) for job in jobs for name in _written(job)]
    for path, times in Counter(place.resolve() for place in places).items():
        if times > 1:
            raise SinkRefused(
                f"{path} would be written {times} times.", "Give each output a name of its own."
            )
    read = {Path(job.input).resolve() for job in jobs}
    for path in places:
        if path.resolve() in read:
            raise SinkRefused(
                f"cannot write {path}: that is an input itself.", "Choose another output."
            )
        if path.is_file() and not settings.sink.overwrite:
            raise SinkRefused(
                f"{path} is there already.", "Pass --overwrite, or choose another name."
            )
    for folder in {folder for job in jobs for folder in job.folders}:
        _make_folder(folder)


def _written(job: Job) -> list[str]:
    names = [*job.outputs, *([job.matte] if job.matte else [])]
    return [name for name in names if name != STANDARD_STREAM]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkRefused(
            f"cannot make the folder {folder}: {error.strerror}.", "Choose another output."
        ) from error


def _outputs(job: Job, settings: Settings, matting: Matting) -> list[Output]:
    """One output for the files with a backdrop, one for the transparent ones, one for the matte."""
    read = files_read(settings, job.input, matting.saved_matte, *matting.pictures_read)
    opaque: list[Sink] = []
    transparent: list[Sink] = []
    for name in job.outputs:
        place = transparent if is_transparent(name, settings) else opaque
        place.append(open_sink(name, settings, input=job.input, forbidden=read))
    outputs: list[Output] = []
    for sinks, see_through in ((opaque, False), (transparent, True)):
        if sinks:
            layer = open_layer(settings, transparent=see_through)
            outputs.append(Output(layer, together(sinks)))
    if job.matte is not None:
        outputs.append(matte_output(job, settings, matting, read))
    return outputs


def _plan(source: Source, settings: Settings, matting: Matting) -> Plan:
    return Plan(
        capacity=settings.pipeline.capacity,
        at_most=1 if source.live else matting.batch,
        overflow=Overflow.DROP_OLDEST if source.live else Overflow.BLOCK,
        stop_timeout_s=settings.pipeline.stop_timeout_s,
    )
