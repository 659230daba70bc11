"""What makes mattes: a network with its weights, a key, a saved matte, or nothing at all."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.assemble.inputs import file_source, picture_source, sha256
from mattebox.errors import SourceError, SourceNotFound
from mattebox.files import is_picture
from mattebox.frame import Frame, Matte
from mattebox.jobs import Kind, input_kind
from mattebox.settings import Settings

if TYPE_CHECKING:
    from mattebox.matting.carry import CarryOptions
    from mattebox.matting.edge_model import EdgeModel
    from mattebox.matting.focus import FocusOptions
    from mattebox.matting.keying import Key
    from mattebox.matting.late import Past
    from mattebox.matting.refine import RefineOptions
    from mattebox.matting.stage import MattingOptions
    from mattebox.matting.subject import SubjectOptions
    from mattebox.matting.temporal import TemporalOptions
    from mattebox.ports import Segmenter, Source

_log = logging.getLogger(__name__)

MattingStage = Callable[[Iterator[list[Frame]]], Iterator[Matte]]

# A file's mattes are settled in blocks so many times as long as the look-ahead: each frame is then
# looked back at one and a half times.
_BLOCK = 2

HEADER_INPUT, HEADER_SETTINGS = "MATTEBOX_INPUT_SHA256", "MATTEBOX_SETTINGS"
HEADER_WEIGHTS, HEADER_VERSION = "MATTEBOX_WEIGHTS_SHA256", "MATTEBOX_VERSION"


@dataclass(frozen=True, slots=True)
class Network:
    """A network that is loaded, and what it was asked for as.

    Attributes:
        asked: name, device and precision, as in the settings.
        segmenter: runs it.
        sha256: of its weights.
    """

    asked: tuple[str, str, str]
    segmenter: Segmenter
    sha256: str


@dataclass(frozen=True, slots=True)
class Matting:
    """What makes mattes, loaded once and good for any number of jobs.

    Attributes:
        stage: the generator from lists of frames to mattes; each call starts with no past.
        live_stage: the same for frames that cannot wait for those after them; None: ``stage``.
        late_stage: the same for frames that do not wait for the network either, from what is known
            of the stream; None: ``live_stage``.
        network: what is loaded for it; None where there is none.
        batch: how many frames it likes to take at once.
        header: what a saved matte says of how it was made.
        saved_matte: the file that the mattes come from, where they were made before.
        pictures_read: the files of mattes that a user has corrected.
    """

    stage: MattingStage
    batch: int
    header: Mapping[str, str] = field(default_factory=dict)
    saved_matte: str | None = None
    pictures_read: tuple[str, ...] = ()
    live_stage: MattingStage | None = None
    late_stage: Callable[[Iterator[list[Frame]], Past], Iterator[Matte]] | None = None
    network: Network | None = None

    def stage_for(self, source: Source) -> MattingStage:
        """The stage for a source's frames."""
        live = self.live_stage if source.live else None
        return live or self.stage

    def stage_after(self, past: Past) -> MattingStage:
        """A stage of its own for a live stream of which so much is known."""
        late = self.late_stage
        if late is not None:
            return lambda batches: late(batches, past)
        stage = self.live_stage or self.stage
        return lambda batches: stage(batches)


def open_matting(settings: Settings, known: Network | None = None) -> Matting:
    """Load what makes mattes: a network and its weights, a key, or nothing.

    Args:
        settings: the whole tree.
        known: a network that is loaded already, and is used again if it is the one that is asked
            for.

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
    return _by_network(settings, known)


def open_saved_matte(path: Path, input: str) -> Matting:
    """What gives the frames of ``input`` the mattes that were saved in ``path``.

    Raises:
        SourceError: there is no such matte, or it was made from another file.
    """
    refuse_a_matte_of_another_file(path, input)
    shift_s = _shift_of(path)

    def stage(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        from mattebox.matting.recall import recalling

        saved = picture_source(path) if is_picture(path) else file_source(path, corrupt_limit=0)
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


def _by_network(settings: Settings, known: Network | None) -> Matting:
    from mattebox.matting.late import matting_late
    from mattebox.matting.stage import matting

    model = settings.model
    asked = model.name, model.device, model.precision
    network = known if known is not None and known.asked == asked else _load(asked)
    segmenter = network.segmenter
    options, live = (matting_options(settings, live=live) for live in (False, True))
    carrying = _carrying(settings)

    def late(batches: Iterator[list[Frame]], past: Past) -> Iterator[Matte]:
        assert carrying is not None, "maps are carried"
        return matting_late(batches, segmenter, live, carrying, past)

    return Matting(
        lambda batches: matting(batches, segmenter, options),
        batch=model.batch,
        header={**_header(settings), HEADER_WEIGHTS: network.sha256},
        live_stage=lambda batches: matting(batches, segmenter, live),
        late_stage=None if carrying is None else late,
        network=network,
    )


def _load(asked: tuple[str, str, str]) -> Network:
    from mattebox.nets import weights
    from mattebox.nets.torch_engine import TorchSegmenter

    name, device, precision = asked
    checkpoint = weights.find(name)
    segmenter = TorchSegmenter(weights.load(checkpoint), device=device, precision=precision)
    return Network(asked, segmenter, checkpoint.sha256)


def matting_options(settings: Settings, *, live: bool = False) -> MattingOptions:
    """What the matting stage is told of the settings.

    Args:
        settings: the whole tree.
        live: whether frames have to come out as soon as they can.
    """
    from mattebox.matting.stage import MattingOptions

    return MattingOptions(
        size=settings.model.size,
        focus=_focus(settings),
        temporal=_temporal(settings, live=live),
        subject=subject(settings),
        refine=refinement(settings),
    )


def _keying_stage(settings: Settings) -> MattingStage:
    from mattebox.matting import keying
    from mattebox.matting.refine import reshape
    from mattebox.matting.stage import kept_by, with_regions
    from mattebox.matting.subject import Chooser

    shaping, who = refinement(settings), subject(settings)
    make_key = _chroma_key(settings) if settings.model.name == "chroma" else _threshold(settings)

    def stage(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        # They remember what they have seen: every run gets its own.
        key, chooser = make_key(), Chooser(who)
        return keying.keying(
            batches,
            key,
            lambda alpha, frame: with_regions(
                reshape(kept_by(chooser, alpha, frame), shaping), who
            ),
        )

    return stage


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


def _temporal(settings: Settings, *, live: bool) -> TemporalOptions | None:
    from mattebox.matting.temporal import TemporalOptions

    options = settings.temporal
    if options.half_life_s == 0:
        return None
    look_ahead = options.live_delay if live else options.look_ahead
    return TemporalOptions(
        half_life_s=options.half_life_s,
        certainty=options.certainty,
        scene_cut=options.scene_cut,
        gap_s=options.gap_s,
        look_ahead=look_ahead,
        block=1 if live else max(1, _BLOCK * look_ahead),
    )


def _carrying(settings: Settings) -> CarryOptions | None:
    """How maps are carried in live use; None where every frame waits for its own."""
    from mattebox.matting.carry import CarryOptions

    options = settings.temporal
    if options.carry_s == 0 or options.live_delay > 0:
        return None
    return CarryOptions(
        half_life_s=options.half_life_s,
        certainty=options.certainty,
        scene_cut=options.scene_cut,
        gap_s=options.gap_s,
        longest_s=options.carry_s,
    )


def _focus(settings: Settings) -> FocusOptions | None:
    from mattebox.matting.focus import FocusOptions

    model = settings.model
    # Whom to look at closely is not for the network to say where the user has said who stays.
    if not model.focus or not subject(settings).changes_nothing:
        return None
    return FocusOptions(size=model.size, recheck_s=model.recheck_s)


def subject(settings: Settings) -> SubjectOptions:
    """Who stays."""
    from mattebox.matting.subject import SubjectOptions

    return SubjectOptions(**settings.subject.model_dump())


def refinement(settings: Settings) -> RefineOptions:
    """How a map becomes a matte."""
    from mattebox.matting.refine import RefineOptions

    values = settings.refine.model_dump()
    how = values.pop("edges")
    edges = _edge_model() if how == "learnt" else None
    radius_px = 0 if how == "plain" else values["radius_px"]
    return RefineOptions(**{**values, "edges": edges, "radius_px": radius_px})


@cache
def _edge_model() -> EdgeModel:
    from mattebox.matting.edge_model import EdgeModel
    from mattebox.nets.edge_weights import read_edge_weights

    return EdgeModel(*read_edge_weights())


def _header(settings: Settings) -> dict[str, str]:
    """What a saved matte says of the settings that made it."""
    sections = {"model", "temporal", "fix", "subject", "refine", "chroma", "threshold"}
    return {
        HEADER_VERSION: version("mattebox"),
        HEADER_SETTINGS: json.dumps(settings.model_dump(include=sections), sort_keys=True),
    }


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
