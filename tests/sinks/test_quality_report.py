"""The files of a quality report: complete and both, or not there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from mattebox.errors import SinkError, SinkRefused
from mattebox.sinks.quality_report import QualityReportFiles
from running import read_picture

SHEET = np.full((20, 30, 3), 77, np.uint8)


def _document(sheet: str | None) -> Mapping[str, object]:
    return {"sheet": sheet, "numbers": [1, 2.5, None], "words": "[\n 1,\n 2\n]"}


def _files(folder: Path, *, overwrite: bool = False) -> QualityReportFiles:
    return QualityReportFiles(folder / "out.json", overwrite=overwrite)


def test_both_files_appear_when_they_are_complete(tmp_path: Path) -> None:
    """Under their names, and nothing beside them."""
    files = _files(tmp_path)
    files.open()
    assert not (tmp_path / "out.json").exists()
    files.close(SHEET, _document)
    assert {each.name for each in tmp_path.iterdir()} == {"out.json", "out.png"}
    assert json.loads((tmp_path / "out.json").read_text("utf-8")) == _document("out.png")
    assert (read_picture(tmp_path / "out.png") == SHEET).all()


def test_numbers_are_a_line_and_words_stay_as_they_are(tmp_path: Path) -> None:
    """A column of two thousand figures is one line of the file."""
    files = _files(tmp_path)
    files.open()
    files.close(SHEET, _document)
    assert ' "numbers": [ 1, 2.5, null ],\n' in (tmp_path / "out.json").read_text("utf-8")


@pytest.mark.parametrize("name", ["out.txt", "out", ".json", "out.json.gz"])
def test_a_report_is_a_json_file(name: str, tmp_path: Path) -> None:
    """Said before anything is made, with a name that would do."""
    with pytest.raises(SinkRefused, match=r"\.json") as refusal:
        QualityReportFiles(tmp_path / name, overwrite=False)
    assert "Name it" in refusal.value.advice


@pytest.mark.parametrize("standing", ["out.json", "out.png"])
def test_nothing_is_replaced_unasked(standing: str, tmp_path: Path) -> None:
    """Neither the report nor its sheet; and no file is left of the attempt."""
    (tmp_path / standing).write_text("mine")
    with pytest.raises(SinkRefused, match="overwrite"):
        _files(tmp_path).open()
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [(standing, "mine")]


@pytest.mark.parametrize("standing", ["out.json", "out.png"])
def test_what_stands_there_is_replaced_if_that_is_asked_for(standing: str, tmp_path: Path) -> None:
    """In one step, at the end."""
    (tmp_path / standing).write_text("mine")
    files = _files(tmp_path, overwrite=True)
    files.open()
    assert (tmp_path / standing).read_text() == "mine"
    files.close(SHEET, _document)
    assert {each.name for each in tmp_path.iterdir()} == {"out.json", "out.png"}
    assert json.loads((tmp_path / "out.json").read_text("utf-8"))["sheet"] == "out.png"


def test_what_is_read_is_never_replaced(tmp_path: Path) -> None:
    """A photo out.png whose report is to be out.json."""
    photo = tmp_path / "out.png"
    photo.write_text("photo")
    files = QualityReportFiles(tmp_path / "out.json", overwrite=True, forbidden=[photo])
    with pytest.raises(SinkRefused, match="read"):
        files.open()
    assert photo.read_text() == "photo"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what makes it."""
    with pytest.raises(SinkRefused, match="there is no folder"):
        _files(tmp_path / "nowhere").open()


def test_what_there_is_is_kept_under_partial_names(tmp_path: Path) -> None:
    """The report names the sheet that was kept."""
    files = _files(tmp_path)
    files.open()
    kept = files.abort(SHEET, _document)
    assert kept == str(tmp_path / "out.partial.json")
    assert {each.name for each in tmp_path.iterdir()} == {"out.partial.json", "out.partial.png"}
    assert json.loads(Path(kept).read_text("utf-8"))["sheet"] == "out.partial.png"


def test_nothing_is_left_where_there_was_nothing(tmp_path: Path) -> None:
    """Aborted before the first frame, or before it was opened at all."""
    files = _files(tmp_path)
    assert files.abort(SHEET, _document) is None
    files.open()
    assert files.abort(None, _document) is None
    assert [*tmp_path.iterdir()] == []


def test_a_name_that_was_taken_meanwhile_is_an_error(tmp_path: Path) -> None:
    """What took it stays."""
    files = _files(tmp_path)
    files.open()
    (tmp_path / "out.json").write_text("somebody else's")
    with pytest.raises(SinkError, match="meanwhile"):
        files.close(SHEET, _document)
    assert (tmp_path / "out.json").read_text() == "somebody else's"
