"""Which file becomes which, from names and folders alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from mattebox.errors import DecodeError, SettingsError, SinkRefused, SourceNotFound
from mattebox.jobs import Kind, input_kind, output_kind, plan


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_bytes(b"")


def test_a_video_to_a_video_is_one_job() -> None:
    """The plainest case."""
    [job] = plan("a.mp4", ["b.mp4", "c.webm"], matte="m.mkv", picture_suffix=".png")
    assert (job.input, job.outputs, job.matte) == ("a.mp4", ("b.mp4", "c.webm"), "m.mkv")


def test_a_folder_of_pictures_to_a_folder_is_one_job_each_in_natural_order(tmp_path: Path) -> None:
    """2.png comes before 10.png; what is no picture is left alone."""
    touch(tmp_path, "10.png", "2.png", "notes.txt")
    jobs = plan(str(tmp_path), ["out"], picture_suffix=".webp")
    assert [Path(job.input).name for job in jobs] == ["2.png", "10.png"]
    assert [Path(job.outputs[0]).name for job in jobs] == ["2.webp", "10.webp"]


def test_two_pictures_of_one_stem_do_not_overwrite_each_other(tmp_path: Path) -> None:
    """chair.jpg and chair.png keep apart."""
    touch(tmp_path, "chair.jpg", "chair.png")
    jobs = plan(str(tmp_path), ["out"], picture_suffix=".png")
    assert len({job.outputs for job in jobs}) == 2


def test_a_folder_to_a_video_is_one_clip(tmp_path: Path) -> None:
    """An image sequence."""
    touch(tmp_path, "1.png")
    assert len(plan(str(tmp_path), ["clip.mp4"], picture_suffix=".png")) == 1


def test_an_empty_folder_is_an_input_error(tmp_path: Path) -> None:
    """Nothing to do is worth a message."""
    with pytest.raises(DecodeError, match="no pictures"):
        plan(str(tmp_path), ["out"], picture_suffix=".png")


@pytest.mark.parametrize(
    ("input", "output"), [("a.png", "b.mp4"), ("a.png", "-"), ("a.mp4", "b.png")]
)
def test_one_picture_and_a_video_do_not_fit_each_other(
    input: str, output: str, tmp_path: Path
) -> None:
    """Refused before anything is opened."""
    there = tmp_path / input
    there.touch()
    with pytest.raises(SinkRefused):
        plan(str(there), [output], picture_suffix=".png")


@pytest.mark.parametrize(
    ("input", "matte"), [("a.mp4", "m.png"), ("a.mp4", "m.mp4"), ("a.png", "m.mkv")]
)
def test_a_matte_is_saved_where_it_stays_lossless(input: str, matte: str) -> None:
    """FFV1 in Matroska for a video, PNG for a picture."""
    output = "out.png" if input.endswith(".png") else "out.mp4"
    with pytest.raises(SinkRefused, match="--matte"):
        plan(input, [output], matte=matte, picture_suffix=".png")


@pytest.mark.parametrize("name", ["camera:0", "screen", "rtsp://camera/stream"])
def test_a_live_source_is_pointed_out(name: str) -> None:
    """Run is for files."""
    with pytest.raises(SettingsError, match="takes files"):
        input_kind(name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("-", Kind.STREAM),
        ("synthetic", Kind.SYNTHETIC),
        ("chair.JPG", Kind.PICTURE),
        ("clip.gif", Kind.VIDEO),
        ("clip", Kind.VIDEO),
    ],
)
def test_an_input_is_known_by_its_name(name: str, kind: Kind) -> None:
    """Nothing is opened to tell."""
    assert input_kind(name) is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [("-", Kind.STREAM), ("out", Kind.FOLDER), ("out.d/", Kind.FOLDER), ("a.webm", Kind.VIDEO)],
)
def test_an_output_is_known_by_its_name(name: str, kind: Kind) -> None:
    """No suffix or a trailing slash: a folder."""
    assert output_kind(name) is kind


def test_one_picture_into_a_folder_keeps_its_name(tmp_path: Path) -> None:
    """As a folder full of them does; the folder is made."""
    [job] = plan("chair.jpg", [str(tmp_path / "new")], picture_suffix=".png")
    assert Path(job.outputs[0]) == tmp_path / "new" / "chair.png"
    assert job.folders == (tmp_path / "new",)


@pytest.mark.parametrize(("input", "outputs"), [("", ["out.mp4"]), ("in.mp4", ["out.mp4", ""])])
def test_what_has_no_name_is_no_path(input: str, outputs: list[str]) -> None:
    """An unset variable in a script must not mean the current folder."""
    with pytest.raises(SettingsError, match="without a name"):
        plan(input, outputs, picture_suffix=".png")


@pytest.mark.parametrize("name", ["rtmp://host/live", "srt://host:9000", "https://host/a.mp4"])
def test_an_address_is_no_file(name: str) -> None:
    """No folder called ``rtmp:`` is looked for."""
    with pytest.raises(SettingsError, match="is an address"):
        plan("in.mp4", [name], picture_suffix=".png")


@pytest.mark.parametrize(("input", "output"), [("a.mov", "b.png"), ("a.png", "b.mp4")])
def test_what_is_not_there_is_said_before_what_does_not_fit(
    input: str, output: str, tmp_path: Path
) -> None:
    """That a file is missing matters more than what its name makes of it."""
    with pytest.raises(SourceNotFound, match="nothing is at"):
        plan(str(tmp_path / input), [output], picture_suffix=".png")


def test_a_forgotten_suffix_is_pointed_out(caplog: pytest.LogCaptureFixture) -> None:
    """A folder of pictures has no sound; who asks for one writes it with a slash."""
    plan("a.mp4", ["result/"], picture_suffix=".png")
    assert not caplog.records

    plan("a.mp4", ["result"], picture_suffix=".png")

    assert "result has no suffix" in caplog.text
