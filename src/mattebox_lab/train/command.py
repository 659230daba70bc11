"""``python -m mattebox_lab train``: a recipe to weights.

Only options here; nothing heavy is imported before the command runs.
"""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mattebox.apps.cli.console import EXIT_INTERRUPTED
from mattebox.apps.cli.process import before_working

if TYPE_CHECKING:
    from mattebox_lab.train.training import Metrics


def train(
    recipe_path: Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file.")],
    data: Annotated[Path, typer.Option(help="The folder with the recipe's sets.")],
    out: Annotated[Path, typer.Option(help="The folder of the run.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    start: Annotated[
        str | None, typer.Option(help="Another checkpoint to begin with, or scratch.")
    ] = None,
    teacher: Annotated[str | None, typer.Option(help="Another checkpoint as the teacher.")] = None,
    device: Annotated[str | None, typer.Option("-d", help="As for `mattebox run`.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes that make samples.")] = None,
    shorten: Annotated[
        float,
        typer.Option(min=0, max=1, help="So much of every phase's steps, to try a recipe out."),
    ] = 1.0,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after so many steps.")] = None,
    processes: Annotated[
        int, typer.Option(min=1, help="Train in so many processes: one a core, or one a GPU.")
    ] = 1,
) -> None:
    """Train a network by a recipe. Ctrl-C ends the step, saves, and exits with 130."""
    from mattebox_lab.train.peers import is_peer, together
    from mattebox_lab.train.recipe import find_sets, read_recipe
    from mattebox_lab.train.training import Run, shortened

    given = {"start": start, "teacher": teacher, "device": device, "workers": workers}
    changes = {key: value for key, value in given.items() if value is not None}
    recipe = shortened(read_recipe(recipe_path, changes), shorten)
    sets = find_sets(recipe, data)
    if processes > 1 and not is_peer():
        # After the recipe and the data were read: what is wrong with them is said once.
        raise typer.Exit(together(processes, sys.argv[1:], out))
    before_working()
    run = Run(recipe, sets, out, _tell)
    if resume:
        run.resume()
    else:
        run.begin()
    if run.is_first:
        print(f"computing in {run.precision} on {run.device}", file=sys.stderr, flush=True)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: run.stop())
    run.go(steps)
    if run.is_stopped:
        print(f"stopped and saved; go on with --resume --out {out}", file=sys.stderr)
        raise typer.Exit(EXIT_INTERRUPTED)
    if run.is_first:
        print(out / "weights.safetensors")


def _tell(line: Metrics) -> None:
    """One line a time: a terminal and a log read the same."""
    place = f"{line['name']} {line['step']}/{line['of']}"
    rest = (key for key in line if key not in ("phase", "name", "step", "of"))
    print(place, *(f"{key} {line[key]}" for key in rest), file=sys.stderr, flush=True)
