"""The command line: ``mattebox run``, ``compose``, ``live``, ``studio`` and others.

Commands turn words into settings and errors into exit codes; the work is done elsewhere. Neither
torch nor OpenCV nor FFmpeg is loaded before a command needs it.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from mattebox.apps.cli import config, live, machine, models, regions, run, studio
from mattebox.apps.cli.console import fail_for_stdout
from mattebox.apps.cli.process import before_loading_libraries

_EPILOG = (
    "Exit codes: 0 done, 2 usage or settings, 3 input, 4 output, 5 device or weights, "
    "130 interrupted."
)

app = typer.Typer(
    help="Background replacement for video and stills, without a green screen.",
    epilog=_EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command(no_args_is_help=True)(run.run)
app.command(no_args_is_help=True)(run.compose)
app.command()(live.live)
app.command()(studio.studio)
app.add_typer(models.app, name="models")
app.add_typer(regions.app, name="regions")
app.command()(machine.devices)
app.command()(machine.doctor)
app.add_typer(config.app, name="config")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mattebox {version('mattebox')}")
        raise typer.Exit


@app.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Background replacement for video and stills, without a green screen."""


def main() -> None:
    """The program ``mattebox``."""
    before_loading_libraries()
    try:
        app()
    except OSError as error:  # --help and --version know nothing of commands' storytelling
        try:
            fail_for_stdout(error)
        except typer.Exit as refusal:
            sys.exit(refusal.exit_code)
