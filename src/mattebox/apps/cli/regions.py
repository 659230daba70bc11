"""``mattebox regions``: what is remembered for a camera."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from mattebox.apps.cli.console import results, show_logs, storytelling
from mattebox.errors import SettingsError

if TYPE_CHECKING:
    from mattebox.settings import Box

app = typer.Typer(
    help="Regions that `mattebox live` keeps in or out of the picture of a camera.",
    no_args_is_help=True,
)

Camera = Annotated[
    str, typer.Argument(metavar="CAMERA", help="As `mattebox live -i` takes it: camera:0.")
]
KeepIn = Annotated[
    list[str] | None,
    typer.Option(
        metavar="L,T,R,B",
        help="A region that always stays: left, top, right and bottom from 0 to 1.",
    ),
]
KeepOut = Annotated[
    list[str] | None, typer.Option(metavar="L,T,R,B", help="A region in which nothing stays.")
]
Mirrored = Annotated[
    bool, typer.Option("--mirrored", help="Left and right are those of the mirrored picture.")
]


@app.command()
def show(
    camera: Camera,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the regions of a camera's own picture."""
    show_logs(verbose=False)
    with storytelling(as_json=as_json) as reporter:
        from mattebox.assemble.regions import place_of, remembered

        regions = remembered(camera)
        if as_json:
            results.print_json(
                json.dumps({"keep_in": regions.keep_in, "keep_out": regions.keep_out})
            )
            return
        if not regions:
            reporter.say(f"Nothing is remembered for {camera}.")
            return
        for name, boxes in (("keep_in", regions.keep_in), ("keep_out", regions.keep_out)):
            for box in boxes:
                reporter.say(f"{name} {','.join(f'{share:g}' for share in box)}")
        reporter.say(f"They are in {place_of(camera)}.")


@app.command(name="set")
def set_(
    camera: Camera,
    keep_in: KeepIn = None,
    keep_out: KeepOut = None,
    mirrored: Mirrored = False,
) -> None:
    """Remember regions for a camera, instead of any before."""
    with storytelling() as reporter:
        from mattebox.assemble.regions import Regions, remember

        regions = Regions(_boxes(keep_in), _boxes(keep_out))
        if not regions:
            raise SettingsError(
                "no region is given.", "Use --keep-in or --keep-out, or `mattebox regions clear`."
            )
        if mirrored:
            regions = regions.mirrored()
        place = remember(camera, regions.keep_in, regions.keep_out)
        reporter.say(f"Remembered in {place}. `mattebox live -i {camera}` uses them.")


@app.command()
def clear(camera: Camera) -> None:
    """Remember nothing for a camera any more."""
    with storytelling() as reporter:
        from mattebox.assemble.regions import forget

        said = "Forgotten." if forget(camera) else f"Nothing was remembered for {camera}."
        reporter.say(said)


def _boxes(texts: list[str] | None) -> tuple[Box, ...]:
    return tuple(map(_box, texts or ()))


def _box(text: str) -> Box:
    try:
        left, top, right, bottom = map(float, text.split(","))
    except ValueError as error:
        raise SettingsError(
            f"a region is four numbers from 0 to 1, got {text!r}.",
            "Left, top, right, bottom: for example 0,0,0.25,1.",
        ) from error
    return left, top, right, bottom
