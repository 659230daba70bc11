"""``python -m mattebox_lab evaluate`` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest
import typer
from typer.testing import CliRunner

from mattebox.errors import MatteboxError, SettingsError, SinkRefused, SourceError, WeightsError
from mattebox.nets import weights
from mattebox_lab.evaluate.command import evaluate
from readback import times
from running import Outcome

QUICK = ("--size", "64", "--every", "3")


def _evaluate(*arguments: str | Path) -> Outcome:
    app = typer.Typer()
    app.command()(evaluate)
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    if isinstance(result.exception, MatteboxError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return Outcome(result.exit_code, result.stdout, result.stderr)


def test_the_table_has_a_line_for_each_set_and_the_people(material: Path) -> None:
    """On standard output, and nothing else there; what is done goes to stderr."""
    outcome = _evaluate(material, "-m", "mattebox", *QUICK)

    lines = outcome.out.splitlines()
    assert "mattebox fp32" in lines[0]
    names = [line.split("  ")[0] for line in lines[2:-1]]
    sets = ["dev-people-a", "dev-people-b", "dev-rooms", "walk", "blink"]
    assert names == [*sets, "mean of dev-people-*"]
    assert [line.split(":")[0] for line in outcome.err.splitlines()] == sets
    assert "walk: 3 pictures, 2 pairs" in outcome.err


def test_the_json_says_what_was_judged_and_how(material: Path, tmp_path: Path) -> None:
    """Enough to tell years later where a figure is from."""
    path = tmp_path / "scores.json"

    outcome = _evaluate(
        *(material, "-m", "mattebox", *QUICK, "--precision", "fp32", "--precision", "bf16"),
        *("--json", path, "--sets", "dev-*", "--stills", "1"),
    )

    report = json.loads(path.read_text("utf-8"))
    assert (report["size"], report["squash"], report["matte"]) == (64, False, False)
    assert (report["stills"], report["every"]) == (1, 3)
    exact, rough = report["entries"]
    assert [each["precision"] for each in (exact, rough)] == ["fp32", "bf16"]
    assert exact["sha256"] == rough["sha256"] == weights.find("mattebox").sha256
    assert [each["set"] for each in exact["sets"]] == ["dev-people-a", "dev-people-b", "dev-rooms"]
    assert [each["pictures"] for each in exact["sets"]] == [1, 1, 1]
    assert exact["people"]["pictures"] == 2
    assert exact["sets"][0]["agreement"] is None
    assert 0 <= rough["sets"][0]["agreement"] <= 1
    assert "=fp32" in outcome.out


def test_columns_stand_under_their_titles(material: Path) -> None:
    """With two checkpoints and figures that are not there."""
    embedded = weights.find("mattebox").path
    outcome = _evaluate(material, "-m", "mattebox", "-m", embedded, *QUICK, "--sets", "[bd]*")

    _, titles, *rows, _ = outcome.out.splitlines()
    ends = [place for place in range(len(titles)) if titles[place:].startswith("IoU")]
    assert len(ends) == 2
    assert {row[end + 3 : end + 4].strip() for row in rows for end in ends} == {""}
    assert all(len(row) == len(titles) for row in rows)


def test_a_contact_sheet_of_each_set(material: Path, tmp_path: Path) -> None:
    """The pictures, and a row for each checkpoint."""
    folder = tmp_path / "new" / "sheets"

    _evaluate(material, "-m", "mattebox", *QUICK, "--sheets", folder)

    sheets = sorted(path.stem for path in folder.iterdir())
    assert sheets == ["blink", "dev-people-a", "dev-people-b", "dev-rooms", "walk"]
    walk = cv2.imread(str(folder / "walk.png"))
    assert walk is not None
    assert walk.shape[1] == 3 * (1600 // 6)


def test_what_cannot_be_judged_is_said_before_anything_is(material: Path, tmp_path: Path) -> None:
    """Each of these ends with an error of ours and not one line of progress."""
    nowhere = tmp_path / "nowhere" / "scores.json"

    for kind, part, arguments in (
        (SettingsError, "there are dev-people-a", ("-m", "mattebox", "--sets", "heads")),
        (SettingsError, "there are fp32", ("-m", "mattebox", "--precision", "fp64")),
        (SettingsError, "multiple of 32", ("-m", "mattebox", "--size", "300")),
        (SinkRefused, "no folder", ("-m", "mattebox", "--json", nowhere)),
        (SinkRefused, "is a folder", ("-m", "mattebox", "--json", tmp_path)),
        (WeightsError, "no model 'matebox'", ("-m", "matebox")),
    ):
        with pytest.raises(kind, match=part) as caught:
            _evaluate(material, *arguments)
        assert caught.value.advice


@pytest.mark.parametrize("extra", ["--matte", "--squash"])
def test_other_ways_to_look(material: Path, extra: str) -> None:
    """They give figures, too."""
    outcome = _evaluate(material, "-m", "mattebox", *QUICK, "--sets", "walk", extra)

    assert "walk" in outcome.out


def test_settings_are_columns_of_their_own(material: Path, tmp_path: Path) -> None:
    """What is no option is refused before anything is judged."""
    path = tmp_path / "scores.json"
    both = ("--with", "", "--with", "refine.edges=plain temporal.half_life_s=0.3")

    _evaluate(
        *(material, "-m", "oracle", *QUICK, "--sets", "walk"),
        *("--matte", "--over-time", *both, "--json", path),
    )

    entries = json.loads(path.read_text("utf-8"))["entries"]
    assert [each["settings"] for each in entries] == ["", both[3]]
    assert entries[0]["sets"][0]["gradient"] != entries[1]["sets"][0]["gradient"]
    with pytest.raises(SettingsError, match=r"unknown key refine\.radius"):
        _evaluate(material, "-m", "mattebox", *QUICK, "--matte", "--with", "refine.radius=0")


def test_the_oracle_knows_the_truth(material: Path, tmp_path: Path) -> None:
    """At the network's size; with noise it does not, and is no steadier than a network."""
    path = tmp_path / "scores.json"

    _evaluate(
        *(material, "-m", "oracle", "-m", "oracle:1", "--size", "96", "--every", "1"),
        *("--sets", "walk", "--json", path),
    )

    exact, noisy = (each["sets"][0] for each in json.loads(path.read_text("utf-8"))["entries"])
    assert exact["mae"] == exact["dtssd"] == 0
    assert exact["iou"] == 1
    assert noisy["iou"] < 1
    assert noisy["dtssd"] > 1


def test_the_oracle_has_no_truth_to_tell_of_other_clips(material: Path) -> None:
    """It says so."""
    with pytest.raises(SourceError, match="no truth for this clip"):
        _evaluate(material, "-m", "oracle", "--size", "96", "--sets", "blink")


def test_the_oracle_is_asked_once_a_frame_however_small_the_subject(
    material: Path, tmp_path: Path
) -> None:
    """A look closer would be answered with the truth of another frame."""
    path = tmp_path / "scores.json"

    _evaluate(
        *(material, "-m", "oracle", "--size", "96", "--every", "1", "--sets", "walk"),
        *("--matte", "--over-time", "--with", "temporal.half_life_s=0", "--share", "0.2"),
        *("--json", path),
    )

    (entry,) = json.loads(path.read_text("utf-8"))["entries"]
    assert entry["sets"][0]["pictures"] == 7
    assert entry["sets"][0]["iou"] > 0.5


def test_changes_are_told_against_the_first_column_of_the_model(material: Path) -> None:
    """In percent; a column that is as good changes by nothing."""
    outcome = _evaluate(
        *(material, "-m", "oracle", "-m", "oracle:1", "--size", "96", "--every", "1"),
        *("--sets", "walk", "--matte", "--change"),
        *("--with", "refine.low=0.2", "--with", "refine.low=0.2 refine.gamma=3"),
    )

    _, *blocks = outcome.out.split("\n\n")
    heads = [block.splitlines()[0] for block in blocks]
    assert heads == [
        f"{model} refine.low=0.2 refine.gamma=3, against {model} refine.low=0.2, in %:"
        for model in ("oracle", "oracle:1")
    ]
    titles, row = (line.split() for line in blocks[1].splitlines()[1:])
    changes = dict(zip(titles, row, strict=True))
    assert list(changes) == ["set", "MAE", "MSE", "Grad", "Conn", "dtSSD", "flick", "fast"]
    assert float(changes["MAE"]) > 0
    assert float(changes["fast"]) > 0


def test_two_columns_side_by_side_as_a_video(material: Path, tmp_path: Path) -> None:
    """Of each clip, every frame of it, at its own time; of stills there is none."""
    folder = tmp_path / "new" / "wipes"
    both = ("--with", "", "--with", "refine.feather_px=9")

    _evaluate(material, "-m", "mattebox", "--size", "64", "--matte", *both, "--wipe", folder)

    assert sorted(path.name for path in folder.iterdir()) == ["blink.mp4", "walk.mp4"]
    for name, place in (("walk", "truth"), ("blink", "clips")):
        assert times(folder / f"{name}.mp4") == times(material / place / f"{name}.mp4")


@pytest.mark.parametrize("columns", [1, 3])
def test_a_wipe_of_other_than_two_columns_is_refused_at_once(
    material: Path, tmp_path: Path, columns: int
) -> None:
    """The error names those that there are, and nothing was judged or made."""
    settings = [x for n in range(columns) for x in ("--with", f"refine.choke_px={n}")]
    folder = tmp_path / "wipes"

    with pytest.raises(SettingsError, match=rf"two columns, and there (is|are) {columns}: ") as it:
        _evaluate(material, "-m", "oracle", *QUICK, "--matte", *settings, "--wipe", folder)

    assert "choke_px=0" in str(it.value)
    assert not folder.exists()


def test_a_backdrop_of_a_wipe_that_is_none_is_refused(material: Path, tmp_path: Path) -> None:
    """As for ``mattebox run``."""
    with pytest.raises(SettingsError, match="not a colour"):
        _evaluate(
            *(material, "-m", "oracle", *QUICK, "--sets", "walk", "--with", "", "--matte"),
            *("--with", "refine.low=0.2", "--wipe", tmp_path / "w", "--wipe-over", "grean"),
        )
