"""The options that several commands share, and how they become settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer

from mattebox.errors import SettingsError
from mattebox.settings import (
    LayerName,
    Quality,
    Settings,
    describe,
    load,
    nested,
    overlay,
    parse_assignments,
    preset,
    resolve,
)

# What says how good mattes are to be, and models that make them quickly.
_QUALITY_KEYS = {"quality", "model.size"}
_WITHOUT_NETWORK = {"chroma", "threshold", "none"}

Input = Annotated[
    str,
    typer.Argument(
        metavar="INPUT",
        help="A video, a picture, a folder of pictures, - (YUV4MPEG2) or synthetic.",
    ),
]
Outputs = Annotated[
    list[str],
    typer.Option(
        "-o",
        "--output",
        metavar="OUTPUT",
        help="Where to write; the suffix chooses the kind: .mp4 .mkv .mov .webm .gif, .png .webp "
        ".jpg, a folder, or - for YUV4MPEG2. May be given several times.",
    ),
]
Backdrop = Annotated[
    str | None,
    typer.Option("-b", "--backdrop", metavar="BACKDROP", help=describe("backdrop.source")),
]
Overlay = Annotated[
    str | None, typer.Option(metavar="PICTURE", help="A picture over the result, see overlay.*.")
]
Layer = Annotated[LayerName | None, typer.Option(help=describe("layer"))]
QualityName = Annotated[Quality | None, typer.Option("-q", "--quality", help=describe("quality"))]
Model = Annotated[
    str | None, typer.Option("-m", "--model", metavar="MODEL", help=describe("model.name"))
]
Device = Annotated[
    str | None, typer.Option("-d", "--device", metavar="DEVICE", help=describe("model.device"))
]
Audio = Annotated[Literal["keep", "none"] | None, typer.Option(help=describe("sink.audio"))]
Overwrite = Annotated[bool, typer.Option("--overwrite", help=describe("sink.overwrite"))]
QualityReportOut = Annotated[
    Path | None,
    typer.Option(
        "--quality-report",
        metavar="PATH",
        help="Tell how good the mattes are, frame by frame, and where to look: a .json file, and "
        "beside it a .png with the worst moments.",
    ),
]
Preset = Annotated[
    str | None, typer.Option(metavar="NAME", help="A shipped config file: see `config show`.")
]
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="A config file of yours (TOML).")]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Any option, e.g. refine.feather_px=2."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON line per event on stdout, and no progress bar.")
]
Fixes = Annotated[
    list[str] | None,
    typer.Option(
        "--fix",
        metavar="FRAME=MATTE",
        help="A frame's matte as you want it: its number, the first being 0, and a gray picture of "
        "its size, white where it stays. Frames around it follow. May be given several times.",
    ),
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Show the whole log.")]


def fixes(given: Sequence[str] | None) -> dict[int, Path]:
    """``["12=mattes/000012.png", …]`` as a mapping from the frame's number to the picture.

    Raises:
        SettingsError: one is written otherwise, or two are for one frame.
    """
    found: dict[int, Path] = {}
    for text in given or ():
        number, sign, name = (part.strip() for part in text.partition("="))
        if not sign or not name or not (number.isascii() and number.isdigit()):
            raise SettingsError(
                f"--fix takes FRAME=MATTE, the number of a frame and a picture, got {text!r}.",
                "For example --fix 12=mattes/000012.png. Frames are counted from 0; a time could "
                "mean either of two frames.",
            )
        if int(number) in found:
            raise SettingsError(
                f"there are two mattes for frame {int(number)}: {found[int(number)]} and {name}.",
                "Give one --fix for each frame.",
            )
        found[int(number)] = Path(name)
    return found


def settle(
    *,
    preset_name: str | None = None,
    config: Path | None = None,
    quality: Quality | None = None,
    options: Mapping[str, object] | None = None,
    assignments: Sequence[str] | None = None,
) -> Settings:
    """The settings of one command line: defaults, quality, file, options, --set.

    Args:
        preset_name, config: at most one of them.
        quality: what -q says; stronger than the file.
        options: dotted keys and what the command line gave for them; None means not given.
        assignments: what --set gave.

    Raises:
        SettingsError: both a preset and a config file, or anything that ``resolve`` refuses.
    """
    if preset_name and config:
        raise SettingsError(
            f"--preset {preset_name} and --config {config} cannot both be the base.",
            "Copy the preset into your file with `mattebox config show --preset NAME`.",
        )
    path = preset(preset_name) if preset_name else config
    file = load(path) if path else {}
    if path:
        resolve(file, origin=str(path))  # what is wrong in the file is told with the file's name
    given = {key: value for key, value in (options or {}).items() if value is not None}
    given.update(parse_assignments(assignments or ()))
    asked = overlay(quality) if quality else {}
    return resolve(file, asked, nested(given), origin="the command line")


def settle_live(
    *,
    preset_name: str | None,
    config: Path | None,
    quality: Quality | None,
    options: Mapping[str, object],
    assignments: Sequence[str] | None,
) -> Settings:
    """As ``settle``, for what keeps pace with a camera: on a CPU the preset ``live`` is the base.

    Not where a preset, a file, -q or --set says how good mattes are to be, or a matte is made
    without a network.

    Raises:
        SettingsError: as ``settle``.
        SegmenterError: the device is not there.
    """
    asked = {**options, **parse_assignments(assignments or ())}
    if not (preset_name or config or quality or _QUALITY_KEYS & asked.keys()):
        is_network = asked.get("model.name") not in _WITHOUT_NETWORK
        preset_name = "live" if is_network and _is_cpu(asked.get("model.device")) else None
    return settle(
        preset_name=preset_name,
        config=config,
        quality=quality,
        options=options,
        assignments=assignments,
    )


def _is_cpu(device: object) -> bool:
    from mattebox.nets.torch_engine import choose_device

    return choose_device(str(device or "auto")).type == "cpu"
