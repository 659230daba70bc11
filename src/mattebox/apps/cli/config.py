"""``mattebox config``: the settings as a file and as a JSON schema."""

from __future__ import annotations

import json
import sys

import typer

from mattebox.apps.cli import options
from mattebox.apps.cli.console import storytelling
from mattebox.settings import Settings, to_toml

app = typer.Typer(help="Print the settings, as TOML or as a JSON schema.", no_args_is_help=True)


@app.command()
def show(
    quality: options.QualityName = None,
    preset: options.Preset = None,
    config: options.Config = None,
    assignments: options.Assignments = None,
) -> None:
    """Print the complete settings as commented TOML, ready to be edited and passed to --config."""
    with storytelling():
        settings = options.settle(
            preset_name=preset, config=config, quality=quality, assignments=assignments
        )
        sys.stdout.write(to_toml(settings))


@app.command()
def schema() -> None:
    """Print the JSON schema of the settings."""
    with storytelling():
        sys.stdout.write(json.dumps(Settings.model_json_schema(), indent=2) + "\n")
