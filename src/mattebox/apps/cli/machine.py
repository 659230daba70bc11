"""``mattebox devices`` and ``mattebox doctor``: what this machine has, and what to do about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from mattebox.apps.cli.console import EXIT_DEVICE, results, storytelling

if TYPE_CHECKING:
    from mattebox.apps.doctor.finding import Finding

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "problem": "[red]✗[/]"}


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
    """Look at versions, devices, cameras, encoders and weights; each trouble comes with its fix.

    Ends with 5 where there is a problem, with 0 where there are warnings at most: those are about
    parts that not everybody needs, such as the virtual camera.
    """
    with storytelling(as_json=as_json):
        from mattebox.apps.doctor.finding import System
        from mattebox.apps.doctor.rounds import look_at_everything

        findings = list(look_at_everything(System.here()))
        if as_json:
            results.print_json(json.dumps([asdict(finding) for finding in findings]))
        else:
            for finding in findings:
                results.print(_MARKS[finding.state], escape(f"{finding.topic}: {finding.what}"))
                if finding.fix:
                    results.print(f"    {escape(finding.fix)}")
            results.print(_sum(findings))
        if any(finding.state == "problem" for finding in findings):
            raise typer.Exit(EXIT_DEVICE)


def _sum(findings: list[Finding]) -> str:
    problems, warnings = (
        sum(finding.state == state for finding in findings) for state in ("problem", "warning")
    )
    return f"Problems: {problems}. Warnings, about parts that not everybody needs: {warnings}."


def _camera_rows(cameras: list) -> Iterator[tuple[str, ...]]:  # type: ignore[type-arg]
    for camera in cameras:
        yield f"camera:{camera.index}", f"{camera.width}×{camera.height}", camera.path or ""


def _table(title: str, columns: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Table:
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(escape, row))
    return table
