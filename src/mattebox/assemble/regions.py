"""Regions that are remembered for a camera: its doorway, its desk.

One small TOML file for each camera in the user's configuration, under a name that stays the same
after replugging. They are of the camera's own picture, not of the mirrored one, so that they stay
on the doorway whichever way round the picture is shown; the settings' regions are of the picture as
it is shown, and win.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_config_path

from mattebox.assemble.live_doors import lasting_name
from mattebox.errors import SettingsError
from mattebox.settings import Box, Settings, SubjectSettings, adjusted, load, resolve


@dataclass(frozen=True, slots=True)
class Regions:
    """Of a camera's own picture, each (left, top, right, bottom) in shares of it.

    Attributes:
        keep_in, keep_out: see ``SubjectSettings``.
    """

    keep_in: tuple[Box, ...] = ()
    keep_out: tuple[Box, ...] = ()

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.keep_in or self.keep_out)

    def mirrored(self) -> Regions:
        """The same with left and right exchanged."""
        return Regions(mirrored_boxes(self.keep_in), mirrored_boxes(self.keep_out))


def mirrored_boxes(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """Boxes with left and right exchanged; twice gives them back."""
    # Without rounding 1 − (1 − 0.1) is not 0.1.
    return tuple(
        (round(1 - right, 9), top, round(1 - left, 9), bottom) for left, top, right, bottom in boxes
    )


def folder() -> Path:
    """Where they lie: ``cameras`` in ``MATTEBOX_CONFIG`` or the user's configuration."""
    chosen = os.environ.get("MATTEBOX_CONFIG")
    return (Path(chosen) if chosen else user_config_path("mattebox")) / "cameras"


def place_of(camera: str) -> Path:
    """The file for a camera, whether it is there or not.

    Args:
        camera: as ``mattebox live -i`` takes it.
    """
    key = _key(camera)
    readable = re.sub(r"[^A-Za-z0-9]+", "-", _name(camera)).strip("-")[-60:]
    return folder() / f"{readable}-{hashlib.sha256(key.encode()).hexdigest()[:8]}.toml"


def remembered(camera: str) -> Regions:
    """What is remembered for a camera.

    Raises:
        SettingsError: the file is broken: without it a doorway would be seen.
    """
    place = place_of(camera)
    if not place.exists():
        return Regions()
    try:
        found = load(place)
        found.pop("camera", None)
        unknown = sorted(found.keys() - {"keep_in", "keep_out"})
        if unknown:
            raise SettingsError(f"{place} has {', '.join(unknown)} besides keep_in and keep_out.")
        subject = resolve({"subject": found}, origin=str(place)).subject
    except SettingsError as error:
        raise SettingsError(
            f"the regions remembered for {_name(camera)} cannot be read: {error.message}",
            f"Mend {place}, or forget them: mattebox regions clear {shlex.quote(camera)}",
        ) from error
    return Regions(subject.keep_in, subject.keep_out)


def remember(camera: str, keep_in: Sequence[Box], keep_out: Sequence[Box]) -> Path:
    """Remember these regions of a camera's own picture, instead of any before.

    Returns:
        where they lie. The file is whole at every moment.

    Raises:
        SettingsError: a box is none, or the file cannot be written.
    """
    wanted = {"subject": {"keep_in": list(keep_in), "keep_out": list(keep_out)}}
    subject = resolve(wanted, origin="the regions").subject
    place = place_of(camera)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _write(place, _text(_name(camera), subject))
    except OSError as error:
        raise SettingsError(
            f"cannot remember regions in {place}: {error.strerror}.",
            "Name another folder in MATTEBOX_CONFIG, or use subject.keep_out.",
        ) from error
    return place


def forget(camera: str) -> bool:
    """Remember nothing for a camera any more; whether there was something.

    Raises:
        SettingsError: the file cannot be removed.
    """
    place = place_of(camera)
    try:
        place.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise SettingsError(
            f"cannot remove {place}: {error.strerror}.", "Check its permissions."
        ) from error
    return True


def with_regions(settings: Settings, camera: str) -> Settings:
    """The settings with what is remembered for a camera, unless they name regions themselves."""
    if settings.subject.keep_in or settings.subject.keep_out:
        return settings
    regions = remembered(camera)
    return with_these(settings, regions) if regions else settings


def with_these(settings: Settings, regions: Regions) -> Settings:
    """The settings with regions of the camera's own picture instead of theirs."""
    shown = regions.mirrored() if settings.live.mirror else regions
    subject = {"keep_in": shown.keep_in, "keep_out": shown.keep_out}
    return adjusted(settings, {"subject": subject})


def regions_of(settings: Settings) -> Regions:
    """The settings' regions as they lie in the camera's own picture."""
    shown = _shown(settings)
    return shown.mirrored() if settings.live.mirror else shown


def turned(before: Settings, after: Settings) -> Settings:
    """The later settings; regions that are still those of before turn with the mirror.

    Whoever turns the picture means the picture: the doorway that was kept out stays kept out.
    """
    is_turned = before.live.mirror != after.live.mirror
    is_same = _shown(before) == _shown(after)
    return with_these(after, regions_of(before)) if is_turned and is_same else after


def _shown(settings: Settings) -> Regions:
    """As they lie in the picture as it is shown."""
    return Regions(settings.subject.keep_in, settings.subject.keep_out)


def _key(camera: str) -> str:
    """By what it is known again: a lasting name, or an address whoever asks for it."""
    return re.sub(r"(?<=://)[^/?#]*@", "", lasting_name(camera))


def _name(camera: str) -> str:
    """The same to be read, without what may be a secret: an address has keys in its query."""
    key = _key(camera)
    return re.split(r"[?#]", key, maxsplit=1)[0] if "://" in key else key


def _text(name: str, subject: SubjectSettings) -> str:
    # TOML's strings and arrays of numbers are JSON's.
    return (
        "# Regions of the camera's own picture, not mirrored: left, top, right, bottom in shares.\n"
        f"camera = {json.dumps(name)}\n"
        f"keep_in = {json.dumps(subject.keep_in)}\n"
        f"keep_out = {json.dumps(subject.keep_out)}\n"
    )


def _write(place: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".regions-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
