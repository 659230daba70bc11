"""What a script calls: replace a background, lay a saved matte over another backdrop, or iterate.

Light to import: torch, OpenCV and FFmpeg load with the first call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.errors import DecodeError
from mattebox.jobs import Job, plan
from mattebox.settings import Settings, nested, resolve

if TYPE_CHECKING:
    from mattebox.assemble import Matting, QualityReport
    from mattebox.frame import Frame, Matte
    from mattebox.ports import Source
    from mattebox.report import Progress, Report

_log = logging.getLogger(__name__)

Name = str | PathLike[str]


def replace_background(
    input: Name,
    output: Name | Sequence[Name],
    *,
    backdrop: Name = "auto",
    matte: Name | None = None,
    fixes: Mapping[int, Name] | None = None,
    quality_report: Name | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    **settings: object,
) -> list[Report]:
    """Put another background behind the subject of a video, a picture or a folder of pictures.

    Args:
        input: a video, a picture, a folder, ``-`` (YUV4MPEG2) or ``synthetic``.
        output: one or several files, a folder, or ``-``; the suffix chooses the kind.
        backdrop: an image, a video, a colour, ``blur``, ``blur:RADIUS``, ``transparent`` or
            ``auto``.
        matte: where the matte is saved too: ``.mkv`` for a video, ``.png`` for a picture.
        fixes: a gray picture (or a cut-out) for each frame whose matte is to be as in it, by the
            frame's number, the first being 0; frames around it follow.
        quality_report: where to tell how good the mattes are, and where to look: a .json file; its
            contact sheet is the .png beside it. See docs/quality-report.md.
        on_progress: called after every frame, on this thread.
        settings: sections or top-level keys of ``mattebox.Settings``, for example
            ``quality="best", refine={"feather_px": 2}, sink={"overwrite": True}``; or dotted keys,
            as in ``**{"refine.feather_px": 2}``.

    Returns:
        One report for each job: one, or one for each picture of a folder.

    Raises:
        MatteboxError: see ``mattebox.errors``; what was finished is kept as ``….partial.…``.
    """
    from mattebox.assemble import open_matting, open_quality_report, with_fixes

    resolved = _resolved(backdrop, settings)
    jobs = plan(
        fspath(input),
        _names(output),
        matte=None if matte is None else fspath(matte),
        picture_suffix=resolved.sink.picture_suffix,
    )
    corrected = _paths(fixes)
    quality = open_quality_report(
        _path(quality_report), jobs, resolved, corrected=corrected.values()
    )
    matting = with_fixes(open_matting(resolved), corrected, jobs, resolved)
    done = run(jobs, resolved, matting, on_progress, quality)
    return [report for _, report in done]


def compose(
    input: Name,
    matte: Name,
    output: Name | Sequence[Name],
    *,
    backdrop: Name,
    fixes: Mapping[int, Name] | None = None,
    quality_report: Name | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    **settings: object,
) -> list[Report]:
    """Lay the input over another backdrop with a matte that was saved before; no inference.

    Args:
        input: the video or picture that the matte was made from.
        matte: what ``replace_background(…, matte=…)`` wrote, corrected or not.
        output, backdrop, fixes, quality_report, on_progress, settings: as for
            ``replace_background``.

    Raises:
        SourceError: the matte was made from another file, or lacks a frame.
        MatteboxError: as for ``replace_background``.
    """
    from mattebox.assemble import open_quality_report, open_saved_matte, with_fixes

    resolved = _resolved(backdrop, settings)
    jobs = plan(fspath(input), _names(output), picture_suffix=resolved.sink.picture_suffix)
    place, corrected = Path(fspath(matte)), _paths(fixes)
    quality = open_quality_report(
        _path(quality_report), jobs, resolved, saved_matte=place, corrected=corrected.values()
    )
    matting = with_fixes(open_saved_matte(place, fspath(input)), corrected, jobs, resolved)
    return [report for _, report in run(jobs, resolved, matting, on_progress, quality)]


def composites(
    input: Name, *, backdrop: Name = "blur", **settings: object
) -> Iterator[tuple[Frame, Matte]]:
    """The composites of a video or picture one by one, each with the matte it was made with.

    Closing the generator early releases the input and stops every thread.

    Args:
        input, backdrop, settings: as for ``replace_background``; nothing is written.

    Yields:
        The composite, in the input's own pixel format (with ``transparent``: the cut-out, in the
        same with alpha), and the matte with the input's frame.

    Raises:
        MatteboxError: as for ``replace_background``.
    """
    from mattebox.assemble import open_layer, open_matting, open_pairs

    resolved = _resolved(backdrop, settings)
    matting = open_matting(resolved)
    layer = open_layer(resolved, transparent=resolved.backdrop.source == "transparent")
    return open_pairs(fspath(input), resolved, matting, layer)


def run(
    jobs: Sequence[Job],
    settings: Settings,
    matting: Matting,
    on_progress: Callable[[Progress], None] | None = None,
    quality: QualityReport | None = None,
) -> Iterator[tuple[Job, Report]]:
    """Run jobs one after the other; give each with its report when it is done.

    A picture of a folder that cannot be read is passed over; the others are still made.

    Args:
        jobs, settings, matting: what is made of what, and how.
        on_progress: called after every frame, on this thread.
        quality: looks at the mattes of all jobs; its files are written after the last.

    Raises:
        DecodeError: at the end, where pictures of a folder could not be read.
        MatteboxError: at once, for everything else.
    """
    from mattebox.assemble import assemble, make_room

    make_room(jobs, settings)
    unreadable: list[str] = []
    with nullcontext() if quality is None else quality:
        for job, source in _opened(jobs, settings, unreadable):
            yield job, assemble(job, source, settings, matting, quality).run(on_progress)
    if unreadable:
        raise DecodeError(
            f"could not read {len(unreadable)} of {len(jobs)} pictures: {', '.join(unreadable)}.",
            "The others are done.",
        )


def _opened(
    jobs: Sequence[Job], settings: Settings, unreadable: list[str]
) -> Iterator[tuple[Job, Source]]:
    """Each job with its input opened; notes the pictures that cannot be, and passes them over."""
    from mattebox.assemble import open_source

    for job in jobs:
        try:
            source = open_source(job.input, settings)
        except DecodeError as error:
            if len(jobs) == 1:
                raise
            _log.warning("passed over: %s", error.message)
            unreadable.append(Path(job.input).name)
            continue
        yield job, source


def _resolved(backdrop: Name, settings: Mapping[str, object]) -> Settings:
    given = {"backdrop": {"source": fspath(backdrop)}}
    return resolve(given, nested(settings), origin="the arguments")


def _names(output: Name | Sequence[Name]) -> list[str]:
    if isinstance(output, (str, PathLike)):
        return [fspath(output)]
    return [fspath(name) for name in output]


def _paths(fixes: Mapping[int, Name] | None) -> dict[int, Path]:
    return {number: Path(name) for number, name in (fixes or {}).items()}


def _path(name: Name | None) -> Path | None:
    return None if name is None else Path(fspath(name))
