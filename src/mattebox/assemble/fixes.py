"""Corrected mattes of single frames: read, checked, and put around whatever makes mattes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mattebox.assemble.mattes import Matting, refinement, subject
from mattebox.errors import DecodeError, SettingsError
from mattebox.jobs import Job
from mattebox.settings import Settings

if TYPE_CHECKING:
    from mattebox.frame import Frame, Matte
    from mattebox.matting.fixes import Fix, FixOptions
    from mattebox.sources.picture import Picture

HEADER_FIXES = "MATTEBOX_FIXED_FRAMES"

# JPEG and WebP do not give back gray as exactly gray; 0 to 255.
_NEARLY_GRAY = 8


def with_fixes(
    matting: Matting, fixes: Mapping[int, Path], jobs: Sequence[Job], settings: Settings
) -> Matting:
    """What makes mattes, with some frames' mattes corrected, and those around them.

    Args:
        matting: a network, a key, a saved matte, or nothing.
        fixes: the picture of a matte for each frame to correct, by its number; the first is 0.
        jobs: what it is for; one.
        settings: how corrections are carried.

    Returns:
        the same object where there are no fixes.

    Raises:
        SettingsError: there are several jobs, or a number is below 0.
        SourceError: a picture is not there, cannot be read, or is no matte.
    """
    if not fixes:
        return matting
    _refuse_what_cannot_be(fixes, jobs)
    read = [_read(number, path) for number, path in sorted(fixes.items())]
    options, inner = fix_options(settings), matting.stage

    def stage(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
        from mattebox.matting.fixes import fixing

        return fixing(batches, inner, read, options)

    numbers = ", ".join(str(fix.number) for fix in read)
    return replace(
        matting,
        stage=stage,
        live_stage=None,  # or a live source would get mattes without corrections
        header={**matting.header, HEADER_FIXES: numbers},
        pictures_read=tuple(map(str, fixes.values())),
    )


def _refuse_what_cannot_be(fixes: Mapping[int, Path], jobs: Sequence[Job]) -> None:
    if len(jobs) > 1:
        raise SettingsError(
            f"a corrected matte is of one frame of one clip or picture, and there are {len(jobs)} "
            "pictures.",
            "Run that picture by itself with --fix 0=MATTE, or write the folder as one video.",
        )
    for number, path in fixes.items():
        if number < 0:
            raise SettingsError(
                f"there is no frame {number} to correct with {path}.",
                "Frames are counted from 0.",
            )


def _read(number: int, path: Path) -> Fix:
    from mattebox.matting.fixes import Fix
    from mattebox.sources.picture import read_picture

    picture = read_picture(path)
    place = _plane_of_the_matte(picture, path)
    return Fix(number, np.ascontiguousarray(picture.planes[place]), picture.pixels.peak, str(path))


def _plane_of_the_matte(picture: Picture, path: Path) -> int:
    """Which plane the matte is: alpha of a cut-out, gray of everything else.

    Raises:
        DecodeError: it may be either, or is neither.
    """
    is_gray = _is_gray(picture)
    sees_through = picture.pixels.has_alpha and bool(
        (picture.planes[-1] < picture.pixels.peak).any()
    )
    if sees_through and is_gray:
        raise DecodeError(
            f"cannot tell what the matte is in {path}: it is gray and has transparent parts.",
            "Save it without transparency if its gray is the matte, or its alpha alone, as gray.",
        )
    if not sees_through and not is_gray:
        raise DecodeError(
            f"cannot take {path} for a matte: it is in colour and nothing of it is transparent.",
            "Give a gray picture, white where the frame stays, or a cut-out with alpha.",
        )
    return len(picture.planes) - 1 if sees_through else 0


def _is_gray(picture: Picture) -> bool:
    green, blue, red = (plane.astype(np.int32) for plane in picture.planes[:3])
    apart = max(int(np.abs(green - each).max()) for each in (blue, red))
    return apart * 255 <= _NEARLY_GRAY * picture.pixels.peak


def fix_options(settings: Settings) -> FixOptions:
    """How corrections are carried, and made into mattes."""
    from mattebox.matting.fixes import FixOptions

    temporal, shaping = settings.temporal, refinement(settings)
    # A user's matte is as they want it: nothing is moved or softened again.
    as_it_is = replace(shaping, sharpen=0, gamma=1, choke_px=0, feather_px=0)
    return FixOptions(
        size=settings.model.size,
        reach_s=settings.fix.reach_s,
        scene_cut=temporal.scene_cut,
        gap_s=temporal.gap_s,
        refine=as_it_is,
        subject=subject(settings),
        privacy=settings.refine.privacy,
    )
