"""The report as values: its keys are a promise."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from mattebox.inspection.complaints import SCALES, WORDS, Reason
from mattebox.inspection.document import Advice, Origin, document, in_words, sentence, timecode
from mattebox.inspection.figures import Figures
from mattebox.inspection.inspecting import Findings
from passing import box, inspected, mattes

TOP = "schema version program input made_by settings complete sheet summary worst frames"
SUMMARY = "sentence frames inputs length_s cuts empty conspicuous figures"
MOMENT = (
    "frame input pts time_base pts_s timecode reason words figure shows_from severity shows also "
    "region advice"
)
ORIGIN = Origin("mattebox 1.2.3", "clip.mp4", "network", {"quality": "best"})


def _findings() -> Findings:
    """A second box is gone in frame 5."""
    with_it, without = np.maximum(box(), box(110, 10, 150, 60)), box()
    return inspected(mattes(without if n == 5 else with_it for n in range(12))).findings


def _document(findings: Findings) -> dict[str, Any]:
    values = document(
        findings, ORIGIN, lambda _: [Advice("-q best", "more")], sheet="out.png", complete=True
    )
    read: dict[str, Any] = json.loads(json.dumps(values, allow_nan=False))
    return read


def test_the_keys_of_version_1() -> None:
    """Whoever changes one of them raises the version and docs/quality-report.md."""
    found = _document(_findings())
    assert (found["schema"], found["version"]) == ("mattebox.quality-report", 1)
    assert _keys(found) == TOP
    assert _keys(found["summary"]) == SUMMARY
    assert _keys(found["summary"]["figures"]["flicker"]) == "min p5 p50 mean p95 max"
    assert _keys(found["worst"][0]) == MOMENT
    assert _keys(found["frames"]) == "frames_per_row frame input time_s cuts figures"
    assert _keys(found["frames"]["figures"]["flicker"]) == "min mean max"


def _keys(values: dict[str, Any]) -> str:
    return " ".join(values)


def test_every_figure_is_told() -> None:
    """In the summary and over time."""
    names = [field.name for field in fields(Figures)]
    found = _document(_findings())
    assert [*found["summary"]["figures"]] == [*found["frames"]["figures"]] == names


def test_columns_are_as_long_as_there_are_rows() -> None:
    """A table of numbers, with null where a figure cannot be had."""
    frames = _document(_findings())["frames"]
    assert frames["frame"] == [*range(12)]
    assert frames["time_s"] == pytest.approx([n * 0.04 for n in range(12)])
    for columns in frames["figures"].values():
        assert {len(column) for column in columns.values()} == {12}
    assert frames["figures"]["flicker"]["mean"][:2] == [None, 0]
    assert frames["figures"]["doubt"]["max"] == [None] * 12


def test_the_worst_moment_says_when_why_and_what_to_do() -> None:
    """Ticks, seconds and a time to type into a player."""
    worst = _document(_findings())["worst"][0]
    assert (worst["frame"], worst["pts"], worst["time_base"]) == (5, 200, "1/1000")
    assert (worst["pts_s"], worst["timecode"], worst["reason"]) == (0.2, "00:00:00.200", "flicker")
    assert worst["figure"] > worst["shows_from"] == SCALES[Reason.FLICKER].shows
    assert worst["shows"] is (worst["severity"] >= 1) is True
    assert worst["advice"] == [{"options": "-q best", "why": "more"}]


def test_the_sentence_names_the_worst_moment() -> None:
    """What the command says at its end."""
    said = _document(_findings())["summary"]["sentence"]
    assert said.startswith("2 of 12 frames are worth a look; the worst is 00:00:00.200 (frame 5): ")
    assert "flicker" in said


def test_a_good_clip_is_called_one() -> None:
    """With what comes nearest to a fault."""
    findings = inspected(mattes([box()] * 4)).findings
    said = sentence(findings, findings.worst.told(findings.length_s))
    assert said.startswith("nothing stands out on 4 frames; the worst is ")
    assert not any(words in said for words in WORDS.values())


@pytest.mark.parametrize(
    ("time_s", "text"),
    [
        (0, "00:00:00.000"),
        (2.5333, "00:00:02.533"),
        (59.9996, "00:01:00.000"),
        (3725.25, "01:02:05.250"),
    ],
)
def test_a_timecode_is_what_players_show(time_s: float, text: str) -> None:
    """Hours, minutes, seconds and thousandths, rounded once."""
    assert timecode(time_s) == text


def test_every_reason_has_a_scale_and_words() -> None:
    """In OpenCV's letters, which are ASCII: they stand on the sheet."""
    for reason in Reason:
        assert reason in SCALES
        assert WORDS[reason].isascii()
    assert "which shows from 2 on" in in_words(_findings().worst.told(1)[0].worst)
