"""``--quality-report`` from the command line and from Python, on short clips and pictures."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import mattebox
from clips import shorten, write_clip
from mattebox.errors import SinkRefused
from mattebox.report import Progress
from places import SAMPLES
from running import SMALL_NETWORK, decoded_planes, done, read_picture
from running import mattebox as run_mattebox

KEPT = ("-m", "none", "-b", "navy")


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Twelve frames of noise."""
    return write_clip(tmp_path / "clip.mkv", frames=12)


def _report(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_a_clip_gets_a_report_and_a_sheet(tmp_path: Path) -> None:
    """One line at the end says where they are and which moment is the worst."""
    short = shorten(SAMPLES / "clip.mp4", tmp_path / "short.mp4", frames=8)
    out = tmp_path / "out.json"
    outcome = done("run", short, "-o", tmp_path / "a.mp4", "--quality-report", out, *SMALL_NETWORK)

    report = _report(out)
    assert report["complete"]
    assert (report["input"], report["made_by"]) == (str(short), "network")
    assert report["summary"]["frames"] == len(report["frames"]["frame"]) == 8
    assert report["settings"]["model"]["size"] == 64
    assert None not in report["frames"]["figures"]["doubt"]["mean"]
    assert report["sheet"] == "out.png"
    assert read_picture(tmp_path / "out.png").shape[1] >= 1000
    last = outcome.err.strip().splitlines()[-1]
    assert last == f"{out} and {tmp_path / 'out.png'}: {report['summary']['sentence']}."


def test_looking_changes_no_bit_of_the_output(tmp_path: Path, clip: Path) -> None:
    """With and without a report the same frames come out."""
    lossless = (*KEPT, "--set", "sink.codec=ffv1")
    done("run", clip, "-o", tmp_path / "a.mkv", *lossless)
    done("run", clip, "-o", tmp_path / "b.mkv", *lossless, "--quality-report", tmp_path / "q.json")
    plain, watched = (decoded_planes(tmp_path / name) for name in ("a.mkv", "b.mkv"))
    assert len(plain) == len(watched) == 12
    for one, other in zip(plain, watched, strict=True):
        assert all((x == y).all() for x, y in zip(one, other, strict=True))


def test_a_program_is_told_in_an_event(tmp_path: Path, clip: Path) -> None:
    """Where the files are, the summary and the worst moment."""
    out = tmp_path / "q.json"
    outcome = done("run", clip, "-o", tmp_path / "a.mkv", *KEPT, "--quality-report", out, "--json")
    event = next(e for e in map(json.loads, outcome.out.splitlines()) if e["event"] == "quality")
    report = _report(out)
    assert (event["report"], event["sheet"]) == (str(out), str(tmp_path / "q.png"))
    assert (event["summary"], event["worst"]) == (report["summary"], report["worst"][0])


def test_a_single_picture_has_no_figures_over_time(tmp_path: Path) -> None:
    """One frame: everything but flicker."""
    out = tmp_path / "q.json"
    photo = SAMPLES / "thing.jpg"
    done("run", photo, "-o", tmp_path / "a.png", "--quality-report", out)
    report = _report(out)
    assert report["summary"]["frames"] == 1
    assert report["summary"]["figures"]["flicker"]["max"] is None
    assert report["summary"]["figures"]["coverage"]["max"] > 0
    assert len(report["worst"]) == 1


def test_a_folder_of_pictures_gets_one_report_over_all(tmp_path: Path) -> None:
    """With the name of each picture; it may lie in the folder of the results."""
    folder, results = tmp_path / "photos", tmp_path / "results"
    folder.mkdir()
    for name in ("one.jpg", "two.jpg"):
        shutil.copy(SAMPLES / "thing.jpg", folder / name)
    done("run", folder, "-o", results, "-m", "threshold", "--quality-report", results / "q.json")
    report = _report(results / "q.json")
    assert report["input"] == str(folder)
    assert report["summary"]["inputs"] == report["summary"]["frames"] == 2
    names = [str(folder / name) for name in ("one.jpg", "two.jpg")]
    assert report["frames"]["input"] == names
    assert sorted(each["input"] for each in report["worst"]) == names
    assert report["summary"]["figures"]["flicker"]["max"] is None


def test_a_saved_matte_is_looked_at_as_well(tmp_path: Path, clip: Path) -> None:
    """Compose: no network, so nothing of what one said."""
    matte, out = tmp_path / "m.mkv", tmp_path / "q.json"
    done("run", clip, "-o", tmp_path / "a.mkv", *KEPT, "--matte", matte)
    again = ("-o", tmp_path / "b.mkv", "-b", "navy", "--quality-report", out)
    done("compose", clip, "--matte", matte, *again)
    report = _report(out)
    assert (report["made_by"], report["settings"]) == ("saved", {})
    assert report["summary"]["frames"] == 12
    assert report["summary"]["figures"]["doubt"]["max"] is None


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("q.txt", "Name it q.json"),
        ("out.json", "is an output"),
        ("nowhere/q.json", "there is no folder"),
        ("taken.json", "--overwrite"),
    ],
)
def test_a_bad_name_is_refused_before_any_work(tmp_path: Path, name: str, says: str) -> None:
    """Exit code 4, no output, and nothing left lying about."""
    (tmp_path / "taken.png").write_text("mine")
    output, report = tmp_path / "out.png", tmp_path / name
    outcome = run_mattebox(
        "run", SAMPLES / "thing.jpg", "-o", output, "--quality-report", report, "-m", "threshold"
    )
    assert (outcome.code, says in outcome.err) == (4, True), outcome.err
    assert [each.name for each in tmp_path.iterdir()] == ["taken.png"]


def test_an_interrupted_run_keeps_what_was_seen(tmp_path: Path, clip: Path) -> None:
    """Under partial names, not called complete, and the interrupt says where."""

    def stop(progress: Progress) -> None:
        if progress.written == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as interrupt:
        mattebox.replace_background(
            clip,
            tmp_path / "a.mkv",
            backdrop="navy",
            quality_report=tmp_path / "q.json",
            on_progress=stop,
            model={"name": "none"},
        )
    partial = tmp_path / "q.partial.json"
    assert f"the quality report so far is kept in {partial}" in interrupt.value.__notes__
    report = _report(partial)
    assert not report["complete"]
    assert report["summary"]["frames"] >= 5
    assert report["sheet"] == "q.partial.png"
    assert (tmp_path / "q.partial.png").exists()
    assert not (tmp_path / "q.json").exists()


def test_python_refuses_alike(tmp_path: Path, clip: Path) -> None:
    """The same name, the same words."""
    with pytest.raises(SinkRefused, match="quality report"):
        mattebox.replace_background(
            clip, tmp_path / "a.mkv", backdrop="navy", quality_report=tmp_path / "q.xml"
        )


@pytest.mark.slow
def test_the_worst_of_a_real_clip_is_what_one_sees(shared: Path, tmp_path: Path) -> None:
    """A fast hand that is lost while it passes the hip: a third of a second after the start."""
    clip = shared / "clips" / "webcam-walk.mp4"
    short, out = tmp_path / "short.mp4", tmp_path / "q.json"
    shorten(clip, short, frames=24, size=(640, 480))
    done("run", short, "-o", tmp_path / "a.mp4", "-b", "navy", "--quality-report", out)
    worst = _report(out)["worst"][0]
    assert worst["frame"] in {7, 8, 9}
    assert (worst["reason"], worst["shows"]) == ("flicker", True)
    left, top, right, bottom = worst["region"]
    assert left < 0.36 < right
    assert top < 0.78 < bottom
