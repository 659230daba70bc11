"""``mattebox live``."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mattebox.apps.cli import options
from mattebox.apps.cli.console import Reporter, show_logs, storytelling
from mattebox.apps.cli.process import before_working

if TYPE_CHECKING:
    from mattebox.assemble.live import LiveRun
    from mattebox.errors import SinkError
    from mattebox.live.supervisor import Outage
    from mattebox.ports import Sink
    from mattebox.settings import Settings

# How often a program is told how it goes.
_TOLD_EVERY_S = 1.0

LiveInput = Annotated[
    str,
    typer.Option(
        "-i",
        "--input",
        metavar="INPUT",
        help="camera:N, camera:PATH, an address (rtsp://, http://, udp://), screen, "
        "screen:X,Y,WxH, synthetic, or with --realtime a file.",
    ),
]
LiveOutputs = Annotated[
    list[str] | None,
    typer.Option(
        "-o",
        "--output",
        metavar="OUTPUT",
        help="virtual, virtual:DEVICE, window, a video file that records, or an address to send "
        "to (rtmp://, udp://, http:// for WHIP). May be given several times; virtual if it is not.",
    ),
]
Realtime = Annotated[
    bool, typer.Option("--realtime", help="The input is a file, to be played at its own pace.")
]
Placeholder = Annotated[
    str | None, typer.Option(metavar="PICTURE", help="A colour or an image, see live.placeholder.")
]
Metrics = Annotated[
    int | None,
    typer.Option(
        metavar="PORT",
        help="Serve figures for Prometheus at http://127.0.0.1:PORT/metrics, see docs/live.md.",
    ),
]
Mirror = Annotated[bool, typer.Option("--mirror", help="Exchange left and right.")]


def live(
    input: LiveInput = "camera:0",
    output: LiveOutputs = None,
    backdrop: options.Backdrop = None,
    placeholder: Placeholder = None,
    mirror: Mirror = False,
    overlay: options.Overlay = None,
    metrics: Metrics = None,
    realtime: Realtime = False,
    quality: options.QualityName = None,
    model: options.Model = None,
    device: options.Device = None,
    overwrite: options.Overwrite = False,
    preset: options.Preset = None,
    config: options.Config = None,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    verbose: options.Verbose = False,
) -> None:
    """Replace what is behind you, live: from a camera into a virtual camera.

    Until there is a matte, and whenever something fails, the placeholder is shown: never the room.
    On a CPU it starts from the preset live, unless something says how good mattes are to be.
    Ctrl-C ends well: recordings are complete.
    """
    show_logs(verbose=verbose)
    with storytelling(as_json=as_json) as reporter, ExitStack() as stack:
        asked = partial(
            options.settle_live,
            preset_name=preset,
            config=config,
            quality=quality,
            assignments=assignments,
            options={
                "backdrop.source": backdrop,
                "live.placeholder": placeholder,
                "live.mirror": mirror or None,
                "overlay.path": overlay,
                "live.metrics_port": metrics,
                "model.name": model,
                "model.device": device,
                "sink.overwrite": overwrite or None,
            },
        )
        from mattebox.apps.cli.steering import Keys, steered
        from mattebox.apps.metrics import serving_metrics
        from mattebox.assemble.live import open_live
        from mattebox.assemble.live_doors import shown_output
        from mattebox.assemble.regions import with_regions

        def settle() -> Settings:
            return asked() if realtime else with_regions(asked(), input)

        settings = settle()

        before_working()
        keys = Keys()
        served = stack.enter_context(serving_metrics(settings.live.metrics_port))
        run = open_live(
            input,
            output or ["virtual"],
            settings,
            realtime=realtime,
            on_outage=_tell_outage(reporter),
            on_failure=_tell_failure(reporter),
            on_key=keys.press,
        )
        stack.callback(run.give_up)
        served.watch(run)
        shown = [shown_output(name) for name in output or ["virtual"]]
        reporter.event("start", input=input, outputs=shown, mode=run.mode)
        reporter.say(f"{input}: {run.mode}; quality {settings.quality}. Ctrl-C ends.")
        try:
            with steered(run, reporter, keys, settle, config):
                run.session.run(_telling(run, reporter))
        except KeyboardInterrupt:
            pass  # the usual end
        finally:
            _tell(run, reporter)


def _tell_outage(reporter: Reporter) -> Callable[[Outage], None]:
    return lambda outage: reporter.event(
        "outage", reason=outage.reason, lasted_s=round(outage.lasted_s, 3)
    )


def _tell_failure(reporter: Reporter) -> Callable[[Sink, SinkError], None]:
    def tell(_sink: Sink, error: SinkError) -> None:
        reporter.event("output_failed", message=str(error))
        reporter.say(f"An output failed, the others go on: {error}")

    return tell


def _telling(run: LiveRun, reporter: Reporter) -> Callable[[], None]:
    """Called at every tick; tells a program how it goes once a second."""
    told_at = time.monotonic()

    def tick() -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _TOLD_EVERY_S:
            told_at = time.monotonic()
            reporter.event("progress", **run.facts())

    return tick


def _tell(run: LiveRun, reporter: Reporter) -> None:
    reporter.event("done", **run.facts())
    for line in run.story():
        reporter.say(line)
