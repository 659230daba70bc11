"""``python -m mattebox_lab``: training, evaluating, benchmarks, and pages of the settings."""

from __future__ import annotations

import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from mattebox.apps.cli.console import exit_code
from mattebox.apps.cli.process import before_loading_libraries, before_working
from mattebox.errors import MatteboxError
from mattebox.settings import load, nested, parse_assignments, preset, resolve
from mattebox_lab import configs as config_files
from mattebox_lab import reference as reference_page
from mattebox_lab.evaluate.command import evaluate
from mattebox_lab.train.average import average
from mattebox_lab.train.command import train
from mattebox_lab.train.edges.command import edges

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(train)
app.command()(average)
app.command()(edges)
app.command()(evaluate)
ROOT = Path(__file__).resolve().parents[2]
# Of the samples: what is before and behind whom was never in one picture.
ROOMS = ("thing.jpg", "backdrops/dusk-hills.jpg", "backdrops/studio.jpg")


class Measured(StrEnum):
    """What ``defaults`` measures."""

    SIZES = "sizes"
    LEVELS = "levels"
    RADII = "radii"
    COMPOSITES = "composites"


@app.command()
def bench(
    clip: Annotated[Path, typer.Option(help="A yuv420p video.")] = ROOT / "samples" / "clip.mp4",
    backdrop: Annotated[str, typer.Option("-b", help="As for `mattebox run`.")] = str(
        ROOT / "samples" / "backdrops" / "dusk-hills.jpg"
    ),
    quality: Annotated[str, typer.Option("-q", help="As for `mattebox run`.")] = "balanced",
    height: Annotated[int, typer.Option(help="The clip is scaled to so many lines.")] = 720,
    runs: Annotated[int, typer.Option(help="How often each part is run.", min=1)] = 3,
    assignments: Annotated[list[str] | None, typer.Option("--set", help="Any option.")] = None,
) -> None:
    """Where the time of a file-to-file run goes, in milliseconds of CPU time a frame."""
    from mattebox_lab.bench import offline

    before_working()
    changes = nested(parse_assignments(assignments or ()))
    with tempfile.TemporaryDirectory() as folder:
        video = offline.scaled(clip, Path(folder) / "clip.mp4", height)
        print(offline.measure(video, backdrop, quality, runs, changes).table())


@app.command()
def defaults(
    material: Annotated[Path, typer.Argument(help="Clips and stills with truth: see README.md.")],
    what: Annotated[Measured, typer.Option(help="What for.")] = Measured.SIZES,
    model: Annotated[str, typer.Option("-m", help="As for `mattebox run`.")] = "mattebox",
    every: Annotated[int, typer.Option(min=1, help="Every so many-th frame of a clip.")] = 10,
    stills: Annotated[int, typer.Option(min=1, help="How many stills of each set.")] = 24,
) -> None:
    """Measure what the defaults were chosen by: docs/quality.md."""
    from mattebox_lab.evaluate import defaults as measuring
    from mattebox_lab.evaluate.mixtures import composites

    before_working()
    samples = ROOT / "samples"
    rooms = [samples / name for name in ROOMS]
    found = measuring.examples(material, samples / "clip.mp4", every=every, stills=stills)
    lines = {
        Measured.SIZES: lambda: measuring.sizes(model, found),
        Measured.LEVELS: lambda: measuring.levels(model, found),
        Measured.RADII: lambda: measuring.radii(found),
        Measured.COMPOSITES: lambda: composites(model, found, rooms),
    }[what]()
    for line in lines:
        print(line, flush=True)


@app.command()
def corrections(
    material: Annotated[Path, typer.Argument(help="A folder with clips and truth in truth/.")],
    assignments: Annotated[list[str] | None, typer.Option("--set", help="Any option.")] = None,
) -> None:
    """What --fix does to the frames around: each clip's worst frame, corrected with the truth."""
    from mattebox_lab.evaluate.corrections import measured

    before_working()
    for line in measured(material, resolve(nested(parse_assignments(assignments or ())))):
        print(line, flush=True)


@app.command()
def configs(folder: Path = ROOT / "configs") -> None:
    """Write the shipped config files."""
    for path in config_files.write(folder):
        print(path)


@app.command()
def live(
    minutes: Annotated[float, typer.Option(help="How long a session runs.", min=1.0)] = 10.0,
    kills: Annotated[int, typer.Option(help="Instead: kill the camera so often.", min=0)] = 0,
    interrupts: Annotated[bool, typer.Option(help="Instead: Ctrl-C at many moments.")] = False,
    edits: Annotated[int, typer.Option(help="Instead: edit the config so often.", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Of the moments at which it is killed.")] = 1,
    clip: Annotated[Path, typer.Option(help="What the camera films.")] = ROOT
    / "samples"
    / "clip.mp4",
    assignments: Annotated[list[str] | None, typer.Option("--set", help="Any option.")] = None,
) -> None:
    """How a live session holds out: pace, memory, threads, and what is shown in an outage."""
    from mattebox_lab.live import edits as editing
    from mattebox_lab.live import endurance
    from mattebox_lab.live import interrupts as stopping

    before_working()
    if interrupts:
        stopping.interrupts(clip, typer.echo)
        return
    if kills:
        endurance.kills(kills, seed, typer.echo)
        return
    settings = resolve(load(preset("live")), nested(parse_assignments(assignments or ())))
    if edits:
        editing.edits(edits, clip, settings, typer.echo)
        return
    endurance.steady(minutes, clip, settings, typer.echo)


@app.command()
def reference(path: Path = ROOT / "docs" / "settings.md") -> None:
    """Write the page of all settings."""
    path.write_text(reference_page.page(), "utf-8")
    print(path)


def main() -> None:
    """The laboratory's command line: a user's mistake is told in words, as `mattebox` tells it."""
    before_loading_libraries()
    try:
        app()
    except MatteboxError as error:
        print(error, file=sys.stderr)
        sys.exit(exit_code(error))


if __name__ == "__main__":
    main()
