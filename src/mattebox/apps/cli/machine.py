"""``mattebox devices`` and ``mattebox doctor``: what this machine has, and what to do about it."""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mattebox.apps.cli.console import EXIT_DEVICE, results, storytelling
from mattebox.errors import MatteboxError

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_PACKAGES = ("torch", "numpy", "opencv-python", "av", "pydantic", "safetensors")
_ENCODERS = {
    "libx264": "H.264 files (.mp4, .mkv)",
    "libx265": "H.265 files",
    "libsvtav1": "AV1 files",
    "libvpx-vp9": "transparent .webm",
    "prores_ks": "transparent .mov",
    "ffv1": "mattes and transparent .mkv",
    "aac": "sound that must be encoded again",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report; ``remedy`` is empty where nothing is wrong."""

    subject: str
    finding: str
    remedy: str = ""


def devices(as_json: AsJson = False) -> None:
    """List the cameras and the devices that the network can run on."""
    with storytelling(as_json=as_json):
        from mattebox.nets.torch_engine import torch_devices
        from mattebox.sources.camera import find_cameras

        cameras, engines = find_cameras(), torch_devices()
        if as_json:
            found = {
                "cameras": [asdict(camera) for camera in cameras],
                "devices": [asdict(device) for device in engines],
            }
            results.print_json(json.dumps(found))
            return
        if cameras:
            results.print(_table("Cameras", ("name", "size", "node"), _camera_rows(cameras)))
        else:
            results.print("No camera found: none is connected, or another program holds it.")
        results.print(
            _table("Devices", ("name", "what"), ((d.name, d.description) for d in engines))
        )


def doctor(as_json: AsJson = False) -> None:
    """Check versions, devices, codecs, weights and folders; each trouble comes with its remedy."""
    with storytelling(as_json=as_json):
        findings = [finding for check in _CHECKS for finding in check()]
        if as_json:
            results.print_json(json.dumps([asdict(finding) for finding in findings]))
        else:
            for finding in findings:
                mark = "[yellow]![/]" if finding.remedy else "[green]✓[/]"
                results.print(f"{mark} {escape(finding.subject)}: {escape(finding.finding)}")
                if finding.remedy:
                    results.print(f"    {escape(finding.remedy)}")
        if any(finding.remedy for finding in findings):
            raise typer.Exit(EXIT_DEVICE)


def _check_versions() -> Iterator[Finding]:
    yield Finding("system", f"{platform.platform()}, Python {platform.python_version()}")
    for package in _PACKAGES:
        try:
            yield Finding(package, version(package))
        except PackageNotFoundError:
            yield Finding(package, "not installed", f"pip install {package}")


def _check_devices() -> Iterator[Finding]:
    from mattebox.nets.torch_engine import torch_devices

    for device in torch_devices():
        yield Finding(f"device {device.name}", device.description)


def _check_codecs() -> Iterator[Finding]:
    import av

    yield Finding("FFmpeg", av.ffmpeg_version_info)
    for encoder, use in _ENCODERS.items():
        if encoder in av.codecs_available:
            yield Finding(f"encoder {encoder}", use)
        else:
            yield Finding(
                f"encoder {encoder}",
                f"missing: no {use}",
                "Install PyAV from its wheel: pip install --force-reinstall --only-binary av av",
            )


def _check_weights() -> Iterator[Finding]:
    from mattebox.nets import weights

    try:
        checkpoint = weights.find("mattebox")
        weights.load(checkpoint)
    except MatteboxError as error:
        yield Finding("weights", error.message, error.advice or "Reinstall mattebox.")
    else:
        yield Finding("weights", f"mattebox, SHA-256 {checkpoint.sha256[:12]}…, verified")


def _check_folders() -> Iterator[Finding]:
    from mattebox.nets import weights

    yield _writable("folder of weights", weights.cache_folder(), "Set MATTEBOX_CACHE to another.")
    yield _writable("temporary folder", Path(tempfile.gettempdir()), "Set TMPDIR to another.")


def _writable(subject: str, folder: Path, remedy: str) -> Finding:
    """Whether files can be made in the folder, or in the nearest one above it that exists."""
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK):
        return Finding(subject, f"{folder}, writable")
    return Finding(subject, f"{folder} cannot be written", remedy)


_CHECKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    _check_versions,
    _check_devices,
    _check_codecs,
    _check_weights,
    _check_folders,
)


def _camera_rows(cameras: list) -> Iterator[tuple[str, ...]]:  # type: ignore[type-arg]
    for camera in cameras:
        yield f"camera:{camera.index}", f"{camera.width}×{camera.height}", camera.path or ""


def _table(title: str, columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Table:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
