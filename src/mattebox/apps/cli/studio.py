"""``mattebox studio``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from mattebox.apps.cli import options
from mattebox.apps.cli.console import Reporter, show_logs, storytelling
from mattebox.apps.cli.live import LiveInput
from mattebox.apps.cli.process import before_working
from mattebox.errors import SettingsError

if TYPE_CHECKING:
    from mattebox.apps.studio.director import Director
    from mattebox.settings import Settings

_PORT = 8460

Host = Annotated[
    str,
    typer.Option(
        help="The address to listen on. Any other than this machine's own, such as 0.0.0.0, lets "
        "others in who have the token; what they send and see is not encrypted.",
    ),
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")]
Show = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]
Start = Annotated[bool, typer.Option("--start", help="Start at once, not at a click on Start.")]
Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="OUTPUT",
        help="As for `mattebox live`; may be given several times. Without it only the page looks.",
    ),
]

Serve: TypeAlias = "Callable[[str, int, Director, Callable[[str, bool], None]], None]"


def studio(
    input: LiveInput = "camera:0",
    output: Outputs = None,
    start: Start = False,
    host: Host = "127.0.0.1",
    port: Port = _PORT,
    open_browser: Show = False,
    backdrop: options.Backdrop = None,
    quality: options.QualityName = None,
    model: options.Model = None,
    device: options.Device = None,
    preset: options.Preset = None,
    config: options.Config = None,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    verbose: options.Verbose = False,
) -> None:
    r"""Steer a live session from a page in the browser: preview, backdrops, settings, files.

    Needs `pip install 'mattebox\[studio]'`. Ctrl-C stops the session and ends well.
    """
    show_logs(verbose=verbose)
    with storytelling(as_json=as_json) as reporter:
        settings = options.settle_live(
            preset_name=preset,
            config=config,
            quality=quality,
            assignments=assignments,
            options={"backdrop.source": backdrop, "model.name": model, "model.device": device},
        )
        serve, director = _parts(settings)
        director.choose(input, output or [])
        before_working()

        def listening(address: str, is_reachable: bool) -> None:
            _tell(reporter, address, is_reachable=is_reachable)
            if start:
                director.start_soon()
            if open_browser:
                typer.launch(address)

        with suppress(KeyboardInterrupt):  # the usual end
            serve(host, port, director, listening)


def _parts(settings: Settings) -> tuple[Serve, Director]:
    """What serves the page, and what it steers.

    Raises:
        SettingsError: the extra is not installed.
    """
    try:
        from mattebox.apps.studio.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"nicegui", "fastapi", "uvicorn"}:
            raise
        raise SettingsError(
            f"mattebox studio needs {error.name}, which is not installed.",
            "Run pip install 'mattebox[studio]'.",
        ) from error
    from mattebox.apps.studio.director import Director
    from mattebox.apps.studio.sessions import open_session, rehearse

    return serve, Director(open_session, settings, rehearse)


def _tell(reporter: Reporter, address: str, *, is_reachable: bool) -> None:
    reporter.event("listening", address=address)
    if is_reachable:
        reporter.say(
            "Other machines can reach this page. Who has the address with its token sees the "
            "camera, and nothing is encrypted on the way."
        )
    reporter.say(f"Open {address}\nCtrl-C ends.")
