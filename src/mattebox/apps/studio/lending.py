"""Regions that the memory of a camera lends to the settings for as long as it is filmed.

They are in effect like any others, but they are no part of what is kept as a preset, taken to
another camera or used for a file: ``own`` is the settings without them. Pure but for the small
files of ``assemble.regions``; the director calls it, and keeps what it returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mattebox.assemble.live_doors import lasting_name
from mattebox.assemble.regions import (
    Regions,
    forget,
    regions_of,
    remember,
    with_regions,
    with_these,
)
from mattebox.settings import Settings

Kind = Literal["keep_in", "keep_out"]


@dataclass(frozen=True, slots=True)
class Lent:
    """What was lent.

    Attributes:
        camera: whose regions they are, by a name that stays the same after replugging.
        regions: of its own picture; empty where it lent none.
    """

    camera: str = ""
    regions: Regions = Regions()  # noqa: RUF009


def lend(settings: Settings, camera: str) -> tuple[Settings, Lent]:
    """The settings with what is remembered for a camera, unless they name regions themselves."""
    lasting = lasting_name(camera)
    laid = with_regions(settings, lasting)
    return laid, Lent(lasting, Regions() if laid is settings else regions_of(laid))


def own(settings: Settings, lent: Lent) -> Settings:
    """The settings without what was lent; what was changed since is their own."""
    is_lent = bool(lent.regions) and regions_of(settings) == lent.regions
    return with_these(settings, Regions()) if is_lent else settings


def names_regions(settings: Settings, lent: Lent) -> bool:
    """Whether there are regions of the settings' own."""
    return regions_of(settings) not in (Regions(), lent.regions)


def keep(settings: Settings, camera: str) -> Lent:
    """Remember the regions of the settings for a camera; none is remembered where there are none.

    Raises:
        SettingsError: the file cannot be written or removed.
    """
    regions = regions_of(settings)
    if regions:
        remember(camera, regions.keep_in, regions.keep_out)
    else:
        forget(camera)
    return Lent(camera, regions)
