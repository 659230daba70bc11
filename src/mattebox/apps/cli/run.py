"""``mattebox run`` and ``mattebox compose``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mattebox.api import run as run_jobs
from mattebox.apps.cli import options
from mattebox.apps.cli.console import Reporter, show_logs, storytelling
from mattebox.apps.cli.process import before_working
from mattebox.errors import SettingsError
from mattebox.jobs import STANDARD_STREAM, Job, plan

if TYPE_CHECKING:
    from mattebox.assemble import Matting, QualityReport
    from mattebox.report import Report
    from mattebox.settings import Settings

MatteOut = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="Save the matte too: .mkv for a video, .png for a picture."),
]
MatteIn = Annotated[
    Path, typer.Option(metavar="MATTE", help="A matte saved by `mattebox run --matte`.")
]


def run(
    input: options.Input,
    output: options.Outputs,
    backdrop: options.Backdrop = None,
    matte: MatteOut = None,
    overlay: options.Overlay = None,
    quality_report: options.QualityReportOut = None,
    layer: options.Layer = None,
    quality: options.QualityName = None,
    model: options.Model = None,
    device: options.Device = None,
    fix: options.Fixes = None,
    audio: options.Audio = None,
    overwrite: options.Overwrite = False,
    preset: options.Preset = None,
    config: options.Config = None,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    verbose: options.Verbose = False,
) -> None:
    """Replace the background of a video, a picture or a folder of pictures."""
    show_logs(verbose=verbose)
    with storytelling(as_json=as_json) as reporter:
        settings = options.settle(
            preset_name=preset,
            config=config,
            quality=quality,
            assignments=assignments,
            options={
                "backdrop.source": backdrop,
                "layer": layer,
                "overlay.path": overlay,
                "model.name": model,
                "model.device": device,
                "sink.audio": audio,
                "sink.overwrite": overwrite or None,
            },
        )
        fixes = options.fixes(fix)
        jobs = _planned(input, output, settings, as_json=as_json, matte=matte)
        from mattebox.assemble import open_matting, open_quality_report, with_fixes

        report = open_quality_report(quality_report, jobs, settings, corrected=fixes.values())
        matting = with_fixes(open_matting(settings), fixes, jobs, settings)
        _work(jobs, settings, matting, reporter, report)


def compose(
    input: options.Input,
    matte: MatteIn,
    output: options.Outputs,
    backdrop: options.Backdrop = None,
    fix: options.Fixes = None,
    quality_report: options.QualityReportOut = None,
    layer: options.Layer = None,
    audio: options.Audio = None,
    overwrite: options.Overwrite = False,
    preset: options.Preset = None,
    config: options.Config = None,
    assignments: options.Assignments = None,
    as_json: options.AsJson = False,
    verbose: options.Verbose = False,
) -> None:
    """Lay a video or picture over another backdrop with a saved matte: no inference."""
    show_logs(verbose=verbose)
    with storytelling(as_json=as_json) as reporter:
        settings = options.settle(
            preset_name=preset,
            config=config,
            assignments=assignments,
            options={
                "backdrop.source": backdrop,
                "layer": layer,
                "sink.audio": audio,
                "sink.overwrite": overwrite or None,
            },
        )
        fixes = options.fixes(fix)
        jobs = _planned(input, output, settings, as_json=as_json)
        from mattebox.assemble import open_quality_report, open_saved_matte, with_fixes

        report = open_quality_report(
            quality_report, jobs, settings, saved_matte=matte, corrected=fixes.values()
        )
        matting = with_fixes(open_saved_matte(matte, input), fixes, jobs, settings)
        _work(jobs, settings, matting, reporter, report)


def _planned(
    input: str, outputs: list[str], settings: Settings, *, as_json: bool, matte: str | None = None
) -> list[Job]:
    if as_json and STANDARD_STREAM in outputs:
        raise SettingsError(
            "--json and -o - both write to standard output.", "Write the video to a file."
        )
    return plan(input, outputs, matte=matte, picture_suffix=settings.sink.picture_suffix)


def _work(
    jobs: list[Job],
    settings: Settings,
    matting: Matting,
    reporter: Reporter,
    quality: QualityReport | None,
) -> None:
    """Run the jobs behind a progress bar and tell what comes of each."""
    before_working()
    reporter.event("start", jobs=len(jobs), input=jobs[0].input, outputs=list(jobs[0].outputs))
    try:
        with reporter.progress(Path(jobs[0].input).name) as on_progress:
            for job, report in run_jobs(jobs, settings, matting, on_progress, quality):
                _tell(job, report, reporter)
                if len(jobs) == 1:
                    reporter.say(report.sentence())
    finally:  # also where pictures of a folder could not be read
        if quality is not None and quality.is_complete:
            _tell_quality(quality, reporter)


def _tell_quality(quality: QualityReport, reporter: Reporter) -> None:
    report, sheet = str(quality.path), str(quality.sheet)
    reporter.event("quality", report=report, sheet=sheet, **quality.summary())
    reporter.say(f"{report} and {sheet}: {quality.sentence()}.")


def _tell(job: Job, report: Report, reporter: Reporter) -> None:
    made = [*job.outputs, *([job.matte] if job.matte else [])]
    reporter.event("done", input=job.input, outputs=made, report=report.to_dict())
    frames = f"{report.written} frames in {report.elapsed_s:.1f} s, {report.fps:.1f} fps"
    reporter.say(f"{', '.join(made)}: {frames}")
    if report.skipped:
        packets = "packet was" if report.skipped == 1 else "packets were"
        reporter.say(f"{report.skipped} damaged {packets} passed over in {job.input}.")
