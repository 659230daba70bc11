"""``python -m mattebox_lab evaluate``: networks against truth, and against each other.

Only options here; nothing heavy is imported before the command runs. The work is in ``run.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mattebox.apps.cli.process import before_working


def evaluate(
    material: Annotated[
        list[Path], typer.Argument(help="Folders of clips and stills with truth: see README.md.")
    ],
    models: Annotated[
        list[str],
        typer.Option(
            "-m",
            "--model",
            help="A checkpoint: a known name or a path; oracle: the truth, oracle:1: with flicker.",
        ),
    ],
    size: Annotated[int, typer.Option(help="Longer side of the network's picture.")] = 320,
    precisions: Annotated[
        list[str] | None,
        typer.Option("--precision", help="fp32 (default), bf16, fp16, int8; several."),
    ] = None,
    device: Annotated[str, typer.Option("-d", "--device", help="As for `mattebox run`.")] = "auto",
    stills: Annotated[
        int | None, typer.Option(min=1, help="At most so many stills of a set.")
    ] = None,
    every: Annotated[
        int | None,
        typer.Option(min=1, help="Every so many-th frame of a clip: 10, with --wipe 1."),
    ] = None,
    sets: Annotated[
        list[str] | None, typer.Option(help="Only these sets; * stands for anything.")
    ] = None,
    squash: Annotated[
        bool, typer.Option("--squash", help="Squash pictures to squares instead of keeping aspect.")
    ] = False,
    matte: Annotated[
        bool, typer.Option("--matte", help="Judge the product's matte, not the network's map.")
    ] = False,
    over_time: Annotated[
        bool, typer.Option("--over-time", help="With --matte: make a clip's mattes in order.")
    ] = False,
    share: Annotated[
        float, typer.Option(help="Show clips at this share of their size, amid their mirror image.")
    ] = 1.0,
    lines: Annotated[
        int | None, typer.Option(help="Scale clips and their truth to this height first.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--with", help="Another column with these settings: 'a.b=1 c.d=2'."),
    ] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", help="Write every figure to this file.")
    ] = None,
    sheets: Annotated[
        Path | None, typer.Option(help="Write a contact sheet of each set into this folder.")
    ] = None,
    change: Annotated[
        bool, typer.Option("--change", help="Tell how far columns are from their model's first.")
    ] = False,
    wipe: Annotated[
        Path | None,
        typer.Option(help="Write a video of each clip into this folder: one column | the other."),
    ] = None,
    wipe_over: Annotated[
        str, typer.Option(help="Behind the subject there: checker, or as for `mattebox run -b`.")
    ] = "checker",
) -> None:
    """Judge networks on stills and clips: a table on standard output."""
    from mattebox_lab.evaluate.contenders import View
    from mattebox_lab.evaluate.report import refuse_unwritable
    from mattebox_lab.evaluate.run import Request, run

    before_working()
    if json_path is not None:
        refuse_unwritable(json_path)
    view = View(size, squash, matte, over_time, share, lines)
    how = precisions or ("fp32",)
    frames = every or (10 if wipe is None else 1)
    limits = device, stills, frames, sets or (), sheets
    wiped = settings or ("",), wipe, wipe_over
    report = run(Request(material, models, view, how, *limits, *wiped), _tell)
    print(report.table())
    if change:
        print(report.changes())
    if json_path is not None:
        report.save(json_path)


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
