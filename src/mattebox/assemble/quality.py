"""A quality report, from its name to its files: watches the mattes of a run and tells of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mattebox.assemble.mattes import MattingStage, subject
from mattebox.assemble.results import files_read
from mattebox.errors import SinkRefused
from mattebox.frame import Frame, Matte
from mattebox.jobs import STANDARD_STREAM, Job
from mattebox.settings import Settings

if TYPE_CHECKING:
    from mattebox.assemble.advice import MadeBy
    from mattebox.inspection.document import Advice, Origin
    from mattebox.inspection.inspecting import Inspection
    from mattebox.inspection.moments import Moment
    from mattebox.sinks.quality_report import Picture, QualityReportFiles

_MATTE_SECTIONS = {"quality", "model", "temporal", "subject", "refine", "chroma", "threshold"}


class QualityReport:
    """Watches the mattes of all jobs of a run, and writes one report on them at the end.

    A context manager: enter it before the first job and leave it after the last. After an error or
    Ctrl-C what was seen so far is kept under names that say so, and the error tells where.

    Args:
        files: where it is written.
        inspection: what looks at the mattes.
        origin: what the report is of.
        settings, made_by: decide what can be advised.
    """

    def __init__(
        self,
        files: QualityReportFiles,
        inspection: Inspection,
        origin: Origin,
        settings: Settings,
        made_by: MadeBy,
    ) -> None:
        self._files, self._inspection, self._origin = files, inspection, origin
        self._settings, self._made_by = settings, made_by
        self.is_complete = False

    @property
    def path(self) -> Path:
        """Of the report."""
        return self._files.path

    @property
    def sheet(self) -> Path:
        """Of the contact sheet."""
        return self._files.sheet

    def watching(self, stage: MattingStage, input: str) -> MattingStage:
        """The same stage, looked at.

        Args:
            stage: gives the mattes of one input.
            input: its name.
        """

        def watched(batches: Iterator[list[Frame]]) -> Iterator[Matte]:
            return self._inspection.inspecting(stage(batches), input)

        return watched

    def sentence(self) -> str:
        """How many frames are worth a look, and where the worst moment is."""
        from mattebox.inspection.document import sentence

        findings = self._inspection.findings
        return sentence(findings, findings.worst.told(findings.length_s))

    def summary(self) -> Mapping[str, object]:
        """The summary of the report, and its worst moment, as plain values."""
        values = self._values(self._files.sheet.name, complete=self.is_complete)
        worst = values["worst"]
        assert isinstance(worst, list)
        return {"summary": values["summary"], "worst": worst[0] if worst else None}

    def __enter__(self) -> Self:
        self._files.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        sheet = self._drawn()
        if error is None and sheet is not None:
            self._files.close(sheet, partial(self._values, complete=True))
            self.is_complete = True
            return
        kept = self._files.abort(sheet, partial(self._values, complete=False))
        if kept is not None and error is not None:
            error.add_note(f"the quality report so far is kept in {kept}")

    def _drawn(self) -> Picture | None:
        from mattebox.inspection.sheet import draw

        findings = self._inspection.findings
        moments = findings.worst.told(findings.length_s)
        if not moments:
            return None
        title = f"{self._origin.input}: {self.sentence()}"
        return draw(moments, title, self._advise, several=findings.inputs > 1)

    def _values(self, sheet: str | None, *, complete: bool) -> dict[str, object]:
        from mattebox.inspection.document import document

        return document(
            self._inspection.findings, self._origin, self._advise, sheet=sheet, complete=complete
        )

    def _advise(self, moment: Moment) -> Sequence[Advice]:
        from mattebox.assemble.advice import advice_on

        return advice_on(moment, self._settings, self._made_by)


def open_quality_report(
    path: Path | None,
    jobs: Sequence[Job],
    settings: Settings,
    *,
    saved_matte: Path | None = None,
    corrected: Collection[Path] = (),
) -> QualityReport | None:
    """A report on all of the jobs, ready to be entered; None where none is wanted.

    Args:
        path: where it is written, a .json file; its contact sheet is the .png beside it.
        jobs: what is watched.
        settings: of the run.
        saved_matte: where the mattes come from, if they were made before.
        corrected: the pictures of mattes that a user has corrected, if any.

    Raises:
        SinkRefused: the name is not that of a .json file, or of something else that is read or
            written.
    """
    if path is None:
        return None
    from mattebox.inspection.document import Origin
    from mattebox.inspection.figures import InspectionOptions
    from mattebox.inspection.inspecting import Inspection
    from mattebox.sinks.quality_report import QualityReportFiles

    made_by = _made_by(settings, saved_matte)
    inputs = (job.input for job in jobs)
    forbidden = files_read(settings, *inputs, saved_matte, *corrected)
    files = QualityReportFiles(path, overwrite=settings.sink.overwrite, forbidden=forbidden)
    _refuse_what_is_written(files, jobs)
    temporal = settings.temporal
    origin = Origin(
        program=f"mattebox {version('mattebox')}",
        input=_named(jobs),
        made_by=made_by,
        settings=settings.model_dump(mode="json", include=_MATTE_SECTIONS)
        if not saved_matte
        else {},
    )
    options = InspectionOptions(
        scene_cut=temporal.scene_cut,
        gap_s=temporal.gap_s,
        has_users_word=bool(corrected) or not subject(settings).changes_nothing,
    )
    return QualityReport(files, Inspection(options), origin, settings, made_by)


def _made_by(settings: Settings, saved_matte: Path | None) -> MadeBy:
    if saved_matte is not None:
        return "saved"
    match settings.model.name:
        case "chroma" | "threshold" | "none" as key:
            return key
        case _:
            return "network"


def _named(jobs: Sequence[Job]) -> str:
    """The input, or the folder that many are in."""
    return jobs[0].input if len(jobs) == 1 else str(Path(jobs[0].input).parent)


def _refuse_what_is_written(files: QualityReportFiles, jobs: Sequence[Job]) -> None:
    written = {
        Path(name).resolve()
        for job in jobs
        for name in (*job.outputs, job.matte)
        if name and name != STANDARD_STREAM
    }
    for place, what in ((files.path, "the quality report"), (files.sheet, "its contact sheet")):
        if place.resolve() in written:
            raise SinkRefused(
                f"{place} is an output, and {what} would be written there too.",
                f"Name the report otherwise, for example {files.path.stem}-quality.json.",
            )
