"""Outputs by name: the sinks of files, pictures, folders and standard output."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.assemble.inputs import sha256
from mattebox.assemble.mattes import HEADER_INPUT, Matting
from mattebox.files import is_picture
from mattebox.jobs import Job, Kind, input_kind, output_kind
from mattebox.pipeline import Output
from mattebox.settings import Settings

if TYPE_CHECKING:
    from mattebox.ports import Sink


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


def matte_output(
    job: Job, settings: Settings, matting: Matting, forbidden: Sequence[Path]
) -> Output:
    """The matte itself, into the job's ``matte``; a video's says in its header what it is of."""
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


def together(sinks: Sequence[Sink]) -> Sink:
    """One sink for all of them."""
    if len(sinks) == 1:
        return sinks[0]
    from mattebox.sinks.tee import TeeSink

    return TeeSink(sinks)


def files_read(settings: Settings, *names: str | Path | None) -> list[Path]:
    """The files that are, or may come to be, read while pictures are made.

    Args:
        settings: may name some.
        names: more that may be files.
    """
    live = settings.live
    named = (settings.backdrop.source, settings.overlay.path, live.placeholder, *live.backdrops)
    return [path for name in (*names, *named) if name and (path := Path(name)).is_file()]


def _picture_sink(path: Path, settings: Settings, forbidden: Sequence[Path]) -> Sink:
    from mattebox.sinks.images import ImageSink

    options = settings.sink
    return ImageSink(
        path, quality=options.quality, overwrite=options.overwrite, forbidden=forbidden
    )
