"""``mattebox models``: which weights are there, importing and verifying them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mattebox.apps.cli.console import results, storytelling

if TYPE_CHECKING:
    from mattebox.nets.weights import ModelInfo

app = typer.Typer(help="List, import and verify the weights of networks.")


@app.callback(invoke_without_command=True)
def models(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the models with their size, SHA-256, licence and figures."""
    if context.invoked_subcommand is not None:
        return
    with storytelling(as_json=as_json):
        from mattebox.nets import weights

        known = weights.known()
        if as_json:
            found = [{**asdict(info), "path": str(info.path)} for info in known]
            results.print_json(json.dumps(found))
        else:
            _print(known)


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .pth or .safetensors file.")],
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Its name from now on.")
    ] = None,
) -> None:
    """Verify a checkpoint and copy it to where its name finds it."""
    with storytelling() as reporter:
        from mattebox.nets import weights

        path = weights.import_file(file, name or file.stem)
        reporter.say(f"{path.stem} is in {path}. Use it with -m {path.stem}.")


@app.command()
def verify(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A name, or a path to a file.")],
) -> None:
    """Check that a model's file is whole, fits its network and is what it was."""
    with storytelling() as reporter:
        from mattebox.nets import weights

        checkpoint = weights.verify(model)
        architecture = checkpoint.architecture.name
        reporter.say(f"{checkpoint.path} is a whole {architecture}, SHA-256 {checkpoint.sha256}.")


def _print(known: Sequence[ModelInfo]) -> None:
    for info in known:
        state = "" if info.present else " (not here)"
        results.print(f"[bold]{escape(info.name)}[/]{state}: {escape(info.description)}")
        size = f"{info.size / 1e6:.1f} MB" if info.size else "—"
        for title, text in (
            ("figures", info.figures),
            ("licence", info.licence),
            ("source", info.source),
            ("file", f"{info.path}, {size}"),
            ("SHA-256", info.sha256 or "—"),
        ):
            results.print(f"    {title:8} {escape(text)}")
