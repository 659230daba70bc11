"""Which file becomes which: an input and the outputs asked for, as a list of jobs.

Looks at names and folders only; nothing is opened and no door is imported.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mattebox.errors import DecodeError, SettingsError, SinkRefused, SourceNotFound
from mattebox.files import PICTURE_SUFFIXES, is_picture, visible_pictures

STANDARD_STREAM = "-"
SYNTHETIC = "synthetic"

_log = logging.getLogger(__name__)

_URL = re.compile(r"^[a-z][a-z0-9+.-]*://")
_LIVE_INPUT = re.compile(r"^(camera:|screen$|[a-z][a-z0-9+]+://)")


class Kind(Enum):
    """What a name on the command line stands for."""

    VIDEO = "a video"
    PICTURE = "a picture"
    FOLDER = "a folder"
    STREAM = "a standard stream"
    SYNTHETIC = "the synthetic source"


_FILES = {Kind.PICTURE, Kind.VIDEO}


@dataclass(frozen=True, slots=True)
class Job:
    """One input and all that is made of it in one go.

    Attributes:
        input: a path, ``-`` or ``synthetic``.
        outputs: paths or ``-``.
        matte: where the matte is saved too; None: nowhere.
        folders: what has to be made first, where it is not there.
    """

    input: str
    outputs: tuple[str, ...]
    matte: str | None = None
    folders: tuple[Path, ...] = ()


def input_kind(name: str) -> Kind:
    """What an INPUT stands for.

    Raises:
        SettingsError: it is a live source, which files-to-files work does not take.
    """
    if name == STANDARD_STREAM:
        return Kind.STREAM
    path = Path(name)
    if path.is_dir():
        return Kind.FOLDER
    if not path.exists():
        if name == SYNTHETIC:
            return Kind.SYNTHETIC
        if _LIVE_INPUT.match(name):
            raise SettingsError(
                f"{name} is a camera or an address, and `mattebox run` takes files.",
                "Download it first, or give a video, a picture, a folder of pictures, - or "
                "synthetic.",
            )
    return Kind.PICTURE if is_picture(path) else Kind.VIDEO


def output_kind(name: str) -> Kind:
    """What an OUTPUT stands for; a name without a suffix is a folder."""
    if name == STANDARD_STREAM:
        return Kind.STREAM
    path = Path(name)
    if path.is_dir() or not path.suffix or name.endswith(("/", "\\")):
        return Kind.FOLDER
    return Kind.PICTURE if is_picture(path) else Kind.VIDEO


def plan(
    input: str, outputs: Sequence[str], *, matte: str | None = None, picture_suffix: str
) -> list[Job]:
    """The jobs that an input and its outputs come to: one, or one for each picture of a folder.

    Args:
        input: a path, ``-`` or ``synthetic``.
        outputs: paths or ``-``, at least one.
        matte: where the matte is saved too.
        picture_suffix: the kind of picture written into a folder, for example ``.png``.

    Raises:
        SettingsError: the input is a live source, or there is no output.
        DecodeError: the folder holds no pictures.
        SinkRefused: an output cannot hold what the input is.
        SourceNotFound: so it seems, but the input is not there at all.
    """
    if not outputs:
        raise SettingsError("there is no output.", "Name one with -o.")
    _refuse_what_is_no_path(input, outputs)
    kind, kinds = input_kind(input), {output_kind(name) for name in outputs}
    if kind in {Kind.FOLDER, Kind.PICTURE} and kinds == {Kind.FOLDER}:
        pictures = _pictures(Path(input)) if kind is Kind.FOLDER else [Path(input)]
        return _one_each(pictures, [Path(name) for name in outputs], matte, picture_suffix)
    for name in outputs:
        _refuse_a_misfit(input, kind, name)
        if output_kind(name) is Kind.FOLDER and not _is_meant_as_folder(name):
            _log.warning(
                "%s has no suffix: it becomes a folder of numbered pictures, without sound", name
            )
    if matte is not None:
        _refuse_a_matte_misfit(kind, matte)
    return [Job(input, tuple(outputs), matte)]


def _is_meant_as_folder(name: str) -> bool:
    """Whether it is one, or is written like one; otherwise a suffix may have been forgotten."""
    return Path(name).is_dir() or name.endswith(("/", "\\"))


def _refuse_what_is_no_path(input: str, outputs: Sequence[str]) -> None:
    if not input or not all(outputs):
        raise SettingsError(
            "an input or output without a name.", "Give a path, or - for a standard stream."
        )
    for name in outputs:
        if _URL.match(name):
            raise SettingsError(
                f"{name} is an address, and `mattebox run` writes files.",
                "Write to a file, or to - and pipe it into a program that sends it.",
            )


def _pictures(folder: Path) -> list[Path]:
    pictures = visible_pictures(folder)
    if not pictures:
        raise DecodeError(
            f"{folder} holds no pictures ({', '.join(sorted(PICTURE_SUFFIXES))}).",
            "Name the folder that the pictures lie in: folders inside it are not looked through.",
        )
    return pictures


def _one_each(
    pictures: Sequence[Path], outputs: Sequence[Path], matte: str | None, suffix: str
) -> list[Job]:
    if matte is not None and output_kind(matte) is not Kind.FOLDER:
        raise SinkRefused(
            f"{matte} can hold one matte, and the output is a folder of pictures.",
            "Give a folder of its own to --matte.",
        )
    stems = Counter(path.stem for path in pictures)
    mattes = [] if matte is None else [Path(matte)]

    def within(place: Path, picture: Path, ending: str) -> str:
        # chair.jpg and chair.png must not end up in the same chair.png.
        stem = picture.stem if stems[picture.stem] == 1 else picture.name
        return str(place / f"{stem}{ending}")

    return [
        Job(
            str(picture),
            tuple(within(place, picture, suffix) for place in outputs),
            within(mattes[0], picture, ".png") if mattes else None,
            folders=(*outputs, *mattes),
        )
        for picture in pictures
    ]


def _refuse_a_misfit(input: str, kind: Kind, output: str) -> None:
    target = output_kind(output)
    to_video = kind is Kind.PICTURE and target in {Kind.VIDEO, Kind.STREAM}
    to_picture = kind is not Kind.PICTURE and target is Kind.PICTURE
    if (to_video or to_picture) and kind in _FILES and not Path(input).exists():
        # What it is was guessed from its name: that it is not there comes first.
        raise SourceNotFound(f"nothing is at {input}.", "Check the path and its spelling.")
    if to_video:
        raise SinkRefused(
            f"cannot write {input}, which is one picture, as {output}, which is a video.",
            "Write to a .png, .webp or .jpg file or to a folder.",
        )
    if to_picture:
        raise SinkRefused(
            f"cannot write {input}, which is {kind.value}, to {output}, which holds one picture.",
            "Write to a video file, or to a folder for numbered pictures.",
        )


def _refuse_a_matte_misfit(kind: Kind, matte: str) -> None:
    target = output_kind(matte)
    wanted = Kind.PICTURE if kind is Kind.PICTURE else Kind.VIDEO
    if target is not wanted or (wanted is Kind.VIDEO and Path(matte).suffix.lower() != ".mkv"):
        name = "a .png file" if wanted is Kind.PICTURE else "an .mkv file"
        raise SinkRefused(
            f"cannot save the matte of {kind.value} as {matte}.", f"Give --matte {name}."
        )
