"""Settings in, objects out: the only file that knows all the doors.

A door's library is imported in the branch that chooses the door, so that a program that uses none
of them loads none of them.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from mattebox.channel import Overflow
from mattebox.errors import SettingsError, SinkRefused, SourceError, SourceNotFound
from mattebox.files import is_picture
from mattebox.frame import Frame, Matte
from mattebox.jobs import STANDARD_STREAM, Job, Kind, input_kind, output_kind
from mattebox.pipeline import Output, Pairs, Pipeline, Plan
from mattebox.settings import BackdropSettings, Settings

if TYPE_CHECKING:
    from mattebox.matting.foreground import ForegroundOptions
    from mattebox.matting.keying import Key
    from mattebox.matting.refine import RefineOptions
    from mattebox.matting.temporal import TemporalOptions
    from mattebox.ports import Backdrop, Layer, Sink, Source

_log = logging.getLogger(__name__)

MattingStage = Callable[[Iterator[list[Frame]]], Iterator[Matte]]

# Enough to look at and to test with; the synthetic source has no end of its own.
_SYNTHETIC_FRAMES, _SYNTHETIC_SIZE, _SYNTHETIC_RATE = 150, (1280, 720), Fraction(30)

# What can show through: where "auto" means no backdrop at all.
_TRANSPARENT_SUFFIXES = {".png", ".webp", ".webm"}

HEADER_INPUT, HEADER_SETTINGS = "MATTEBOX_INPUT_SHA256", "MATTEBOX_SETTINGS"
HEADER_WEIGHTS, HEADER_VERSION = "MATTEBOX_WEIGHTS_SHA256", "MATTEBOX_VERSION"


@dataclass(frozen=True, slots=True)
class Matting:
    """What makes mattes, loaded once and good for any number of jobs.

    Attributes:
        stage: the generator from lists of frames to mattes; each call starts with no past.
        batch: how many frames it likes to take at once.
        header: what a saved matte says of how it was made.
        saved_matte: the file that the mattes come from, where they were made before.
    """

    stage: MattingStage
    batch: int
    header: Mapping[str, str] = field(default_factory=dict)
    saved_matte: str | None = None


def open_matting(settings: Settings) -> Matting:
    """Load what makes mattes: a network and its weights, a key, or nothing.

    Raises:
        SettingsError: a colour that is none.
        SegmenterError: the weights or the device cannot be had.
    """
    name = settings.model.name
    if name == "none":
        from mattebox.matting.stage import solid

        return Matting(solid, batch=1, header=_header(settings))
    if name in {"chroma", "threshold"}:
        return Matting(_keying_stage(settings), batch=1, header=_header(settings))
    return _network(settings)


def open_saved_matte(path: Path, input: str) -> Matting:
    """What gives the frames of ``input`` the mattes that were saved in ``path``.

    Raises:
        SourceError: there is no such matte, or it was made from another file.
    """
    refuse_a_matte_of_another_file(path, input)
    shift_s = _shift_of(path)

    def stage(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        from mattebox.matting.recall import recalling

        saved = _picture_source(path) if is_picture(path) else _file_source(path, corrupt_limit=0)
        try:
            yield from recalling(batches, saved.frames(), shift_s)
        finally:
            saved.close()

    return Matting(stage, batch=1, saved_matte=str(path))


def refuse_a_matte_of_another_file(matte: Path, input: str) -> None:
    """Compare the hash in the matte's header with the input's; a matte with no header passes.

    Raises:
        SourceError: they differ, there is no such matte or input, or the input has no hash.
    """
    if not matte.exists():
        raise SourceNotFound(f"there is no matte {matte}.", "Make one with mattebox run --matte.")
    if input_kind(input) not in {Kind.VIDEO, Kind.PICTURE}:
        raise SourceError(
            f"cannot compose {input}: a saved matte belongs to one video or picture.",
            "Give the file that the matte was made from.",
        )
    if not Path(input).exists():
        raise SourceNotFound(f"there is no input {input}.", "Check the name.")
    recorded = _read_header(matte).get(HEADER_INPUT)
    if recorded is None:
        _log.warning("%s does not say which file it was made from: matching by time alone", matte)
    elif recorded != sha256(Path(input)):
        raise SourceError(
            f"the matte {matte} was made from another file than {input} "
            f"(SHA-256 {recorded[:12]}…).",
            "Give the file it was made from, or make the matte again with mattebox run --matte.",
        )


def assemble(job: Job, source: Source, settings: Settings, matting: Matting) -> Pipeline:
    """The whole data path of one job, ready to run.

    Args:
        job: what is made of what.
        source: the job's input, opened; the pipeline's from now on, and closed if this raises.
        settings, matting: how.

    Raises:
        MatteboxError: a backdrop or output cannot be had; nothing is left open.
    """
    with ExitStack() as undo:
        undo.callback(source.close)
        outputs = _outputs(job, settings, matting)
        undo.pop_all()
    return Pipeline(source, matting.stage, outputs, plan=_plan(source, settings, matting))


def open_source(name: str, settings: Settings) -> Source:
    """The source that an INPUT names.

    Raises:
        SourceError: it is not there or cannot be read.
        SettingsError: it is a live source.
    """
    kind = input_kind(name)
    limit = settings.input.corrupt_limit
    if kind is Kind.SYNTHETIC:
        from mattebox.sources.synthetic import SyntheticSource

        width, height = _SYNTHETIC_SIZE
        return SyntheticSource(
            width=width, height=height, frames=_SYNTHETIC_FRAMES, rate=_SYNTHETIC_RATE
        )
    if kind is Kind.FOLDER:
        from mattebox.sources.images import FolderSource

        rate = Fraction(settings.input.folder_rate).limit_denominator(1001)
        return FolderSource(Path(name), rate=rate, corrupt_limit=limit)
    if kind is Kind.PICTURE:
        return _picture_source(Path(name))
    if kind is Kind.STREAM:
        from mattebox.sources.file import FileSource

        return FileSource(
            sys.stdin.buffer,
            name="standard input",
            container="yuv4mpegpipe",
            corrupt_limit=limit,
        )
    return _file_source(Path(name), corrupt_limit=limit)


def open_backdrop(name: str, settings: Settings) -> Backdrop:
    """The backdrop that a BACKDROP names; not ``auto`` and not ``transparent``.

    Raises:
        SourceNotFound: it is neither a colour, nor blur, nor a file.
        SettingsError: a radius that is no number.
    """
    options = settings.backdrop
    kind, _, argument = name.partition(":")
    if kind == "blur" and not Path(name).exists():
        from mattebox.backdrops.blur import BlurBackdrop

        return BlurBackdrop(_blur_radius(argument) if argument else options.blur_px)
    path = Path(name)
    if not path.exists():
        from mattebox.backdrops.colour import ColourBackdrop, parse_colour

        _refuse_what_looks_like_a_file(name)
        return ColourBackdrop(parse_colour(name))
    if is_picture(path):
        from mattebox.backdrops.still import StillBackdrop

        return StillBackdrop(path, fit=options.fit, anchor=options.anchor)
    from mattebox.backdrops.moving import MovingBackdrop

    return MovingBackdrop(
        path,
        fit=options.fit,
        anchor=options.anchor,
        start_s=options.start_s,
        crossfade_s=options.crossfade_s,
    )


def sha256(path: Path) -> str:
    """The SHA-256 of an input, in hexadecimal.

    Raises:
        SourceError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        raise SourceNotFound(f"there is no input {path}.", "Check the name.") from error
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error.strerror}.", "Check it.") from error


def _file_source(path: Path, *, corrupt_limit: int) -> Source:
    from mattebox.sources.file import FileSource

    return FileSource(path, corrupt_limit=corrupt_limit)


def _picture_source(path: Path) -> Source:
    from mattebox.sources.images import ImageSource

    return ImageSource(path)


def _network(settings: Settings) -> Matting:
    from mattebox.matting.stage import MattingOptions, matting
    from mattebox.nets import weights
    from mattebox.nets.torch_engine import TorchSegmenter

    model = settings.model
    checkpoint = weights.find(model.name)
    segmenter = TorchSegmenter(
        weights.load(checkpoint), device=model.device, precision=model.precision
    )
    options = MattingOptions(
        size=model.size, temporal=_temporal(settings), refine=_refinement(settings)
    )
    return Matting(
        lambda batches: matting(batches, segmenter, options),
        batch=model.batch,
        header={**_header(settings), HEADER_WEIGHTS: checkpoint.sha256},
    )


def open_layer(settings: Settings, *, transparent: bool) -> Layer:
    """The layer that the settings name; ``transparent`` turns a composite into a cut-out.

    A backdrop of ``auto`` is blur here.
    """
    settings = _with_backdrop_settled(settings)
    from mattebox.matting import layers

    if settings.layer == "saliency":
        return layers.Saliency(heat=settings.sink.heat)
    if settings.layer == "foreground":
        return layers.Foreground(_foreground(settings))
    estimate = _foreground(settings) if settings.foreground.estimate else None
    if settings.layer == "cutout" or transparent:
        return layers.Cutout(estimate)
    return layers.Composite(open_backdrop(settings.backdrop.source, settings), estimate)


def open_sink(name: str, settings: Settings, *, input: str, forbidden: Sequence[Path] = ()) -> Sink:
    """The sink that an OUTPUT names, with the sound of ``input`` where it can hold any.

    Args:
        name: a path or ``-``.
        settings: how it is written.
        input: what is read.
        forbidden: files that are being read, and must never be replaced.
    """
    options = settings.sink
    kind = output_kind(name)
    if kind is Kind.STREAM:
        from mattebox.sinks.yuv4mpeg import Yuv4MpegSink

        return Yuv4MpegSink(sys.stdout.buffer)
    if kind is Kind.PICTURE:
        return _picture_sink(Path(name), settings, forbidden)
    if kind is Kind.FOLDER:
        from mattebox.sinks.images import FolderSink

        return FolderSink(
            Path(name),
            suffix=options.picture_suffix,
            quality=options.quality,
            overwrite=options.overwrite,
            forbidden=forbidden,
        )
    from mattebox.sinks.codecs import Encoding
    from mattebox.sinks.file import FileSink

    return FileSink(
        Path(name),
        encoding=Encoding(
            codec=options.codec,
            quality=options.quality,
            speed=options.speed,
            pixel_format=options.pixel_format,
            options=options.options,
        ),
        companion=Path(input) if input_kind(input) is Kind.VIDEO else None,
        sound=options.audio,
        overwrite=options.overwrite,
        metadata={},
        forbidden=forbidden,
    )


def open_pairs(input: str, settings: Settings, matting: Matting, layer: Layer) -> Pairs:
    """The pictures of one layer with their mattes, opened and ready to iterate.

    Raises:
        MatteboxError: the input or the backdrop cannot be had; nothing is left open.
    """
    source = open_source(input, settings)
    pipeline = Pipeline(source, matting.stage, (), plan=_plan(source, settings, matting))
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
    read = _files_read(job, settings, matting)
    opaque: list[Sink] = []
    transparent: list[Sink] = []
    for name in job.outputs:
        place = transparent if _is_transparent(name, settings) else opaque
        place.append(open_sink(name, settings, input=job.input, forbidden=read))
    outputs: list[Output] = []
    for sinks, see_through in ((opaque, False), (transparent, True)):
        if sinks:
            layer = open_layer(settings, transparent=see_through)
            outputs.append(Output(layer, _together(sinks)))
    if job.matte is not None:
        outputs.append(_matte_output(job, settings, matting, read))
    return outputs


def _is_transparent(name: str, settings: Settings) -> bool:
    if settings.backdrop.source != "auto":
        return settings.backdrop.source == "transparent"
    return Path(name).suffix.lower() in _TRANSPARENT_SUFFIXES


def _with_backdrop_settled(settings: Settings) -> Settings:
    """The settings with ``auto`` as what it means for an opaque output."""
    if settings.backdrop.source != "auto":
        return settings
    backdrop = settings.backdrop.model_copy(update={"source": "blur"})
    return settings.model_copy(update={"backdrop": backdrop})


def _together(sinks: Sequence[Sink]) -> Sink:
    if len(sinks) == 1:
        return sinks[0]
    from mattebox.sinks.tee import TeeSink

    return TeeSink(sinks)


def _files_read(job: Job, settings: Settings, matting: Matting) -> list[Path]:
    """The files that are open while the job runs."""
    names = (job.input, settings.backdrop.source, matting.saved_matte)
    return [path for name in names if name and (path := Path(name)).is_file()]


def _matte_output(
    job: Job, settings: Settings, matting: Matting, forbidden: Sequence[Path]
) -> Output:
    from mattebox.matting.layers import AlphaMatte

    assert job.matte is not None
    path = Path(job.matte)
    if is_picture(path):
        return Output(AlphaMatte(), _picture_sink(path, settings, forbidden))
    from mattebox.sinks.matte import MatteSink

    header = dict(matting.header)
    if input_kind(job.input) is Kind.VIDEO:
        header[HEADER_INPUT] = sha256(Path(job.input))
    sink = MatteSink(path, overwrite=settings.sink.overwrite, metadata=header, forbidden=forbidden)
    return Output(AlphaMatte(), sink)


def _plan(source: Source, settings: Settings, matting: Matting) -> Plan:
    return Plan(
        capacity=settings.pipeline.capacity,
        at_most=1 if source.live else matting.batch,
        overflow=Overflow.DROP_OLDEST if source.live else Overflow.BLOCK,
        stop_timeout_s=settings.pipeline.stop_timeout_s,
    )


def _header(settings: Settings) -> dict[str, str]:
    """What a saved matte says of the settings that made it."""
    sections = {"model", "temporal", "refine", "chroma", "threshold"}
    return {
        HEADER_VERSION: version("mattebox"),
        HEADER_SETTINGS: json.dumps(settings.model_dump(include=sections), sort_keys=True),
    }


def _keying_stage(settings: Settings) -> MattingStage:
    from mattebox.matting import keying
    from mattebox.matting.refine import reshape

    refinement = _refinement(settings)
    make_key = _chroma_key(settings) if settings.model.name == "chroma" else _threshold(settings)
    # A key remembers what it has seen: every run gets one of its own.
    return lambda batches: keying.keying(
        batches, make_key(), finish=lambda alpha, _: reshape(alpha, refinement)
    )


def _chroma_key(settings: Settings) -> Callable[[], Key]:
    from mattebox.backdrops.colour import parse_colour
    from mattebox.matting.keying import ChromaKey, ChromaKeyOptions

    options = settings.chroma
    colour = None if options.colour == "auto" else parse_colour(options.colour)
    values = options.model_dump(exclude={"colour"})
    return lambda: ChromaKey(ChromaKeyOptions(colour=colour, **values))


def _threshold(settings: Settings) -> Callable[[], Key]:
    from mattebox.matting.keying import LuminanceThreshold, ThresholdOptions

    options = ThresholdOptions(**settings.threshold.model_dump())
    return lambda: LuminanceThreshold(options)


def _temporal(settings: Settings) -> TemporalOptions | None:
    from mattebox.matting.temporal import TemporalOptions

    options = settings.temporal
    return TemporalOptions(**options.model_dump()) if options.half_life_s > 0 else None


def _refinement(settings: Settings) -> RefineOptions:
    from mattebox.matting.refine import RefineOptions

    return RefineOptions(**settings.refine.model_dump())


def _foreground(settings: Settings) -> ForegroundOptions:
    from mattebox.matting.foreground import ForegroundOptions

    return ForegroundOptions(radius_px=settings.foreground.radius_px)


def _picture_sink(path: Path, settings: Settings, forbidden: Sequence[Path]) -> Sink:
    from mattebox.sinks.images import ImageSink

    options = settings.sink
    return ImageSink(
        path, quality=options.quality, overwrite=options.overwrite, forbidden=forbidden
    )


def _blur_radius(text: str) -> float:
    try:
        return BackdropSettings.model_validate({"blur_px": text}).blur_px
    except ValidationError as error:
        raise SettingsError(
            f"blur takes a radius of 0 to 500 pixels, got {text!r}.", "For example -b blur:40."
        ) from error


def _refuse_what_looks_like_a_file(name: str) -> None:
    """A missing backdrop.jpg is a missing file, not an unknown colour."""
    path = Path(name)
    if path.suffix or len(path.parts) > 1:
        raise SourceNotFound(
            f"there is no backdrop {name}.",
            "Give an image, a video, a colour such as seagreen or #00b140, blur or transparent.",
        )


def _shift_of(matte: Path) -> Fraction:
    if is_picture(matte):
        return Fraction(0)
    from mattebox.sinks.matte import first_pts_shift

    return first_pts_shift(_read_header(matte))


def _read_header(matte: Path) -> Mapping[str, str]:
    if is_picture(matte):
        return {}  # a picture has no header; its size is compared
    from mattebox.sinks.matte import read_matte_header

    return read_matte_header(matte)
