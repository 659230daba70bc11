"""What goes wrong for a user: one clear message, the documented exit code, nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from clips import write_clip
from mattebox.apps.cli.console import EXIT_DEVICE, EXIT_INPUT, EXIT_OUTPUT, EXIT_USAGE
from running import EVERYTHING_KEPT, SMALL_NETWORK, Outcome, done, look_at, mattebox


def is_one_clear_message(outcome: Outcome, code: int) -> bool:
    """The exit code, a message that fits on a few lines, and no traceback."""
    return (
        outcome.code == code
        and "Traceback" not in outcome.err
        and 0 < len(outcome.err.strip().splitlines()) <= 6
    )


def missing(folder: Path) -> Path:
    return folder / "missing.mp4"


def empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.write_bytes(b"")
    return path


def text(folder: Path) -> Path:
    path = folder / "text.mp4"
    path.write_text("this is no video\n" * 50)
    return path


def headless(folder: Path) -> Path:
    """An mp4 whose end, where its index is, was cut off."""
    whole = write_clip(folder / "whole.mp4", codec="libx264", frames=30)
    path = folder / "headless.mp4"
    path.write_bytes(whole.read_bytes()[:1500])
    return path


def sound_only(folder: Path) -> Path:
    import av

    path = folder / "sound.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("make", [missing, empty, text, headless, sound_only])
def test_an_input_that_is_no_video_is_an_input_error(
    tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    """Exit code 3, and no output is begun."""
    output = tmp_path / "out.mp4"
    outcome = mattebox("run", make(tmp_path), "-o", output, *SMALL_NETWORK)
    assert is_one_clear_message(outcome, EXIT_INPUT), outcome
    assert not list(tmp_path.glob("*out*"))


def test_a_truncated_clip_gives_what_there_is(tmp_path: Path) -> None:
    """Matroska needs no index at its end: the frames before the cut are made."""
    whole = write_clip(tmp_path / "whole.mkv", frames=30)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    done("run", cut, "-o", tmp_path / "out.mkv", *EVERYTHING_KEPT)
    assert 5 < len(look_at(tmp_path / "out.mkv").pts) < 30


def test_one_pixel_is_refused_or_made_but_never_crashes(tmp_path: Path) -> None:
    """The smallest picture there is."""
    dot = tmp_path / "dot.png"
    cv2.imwrite(str(dot), np.full((1, 1, 3), 200, np.uint8))
    done("run", dot, "-o", tmp_path / "out.png", *SMALL_NETWORK, "-b", "red")
    clip = write_clip(tmp_path / "dot.mkv", size=(1, 1), frames=2, pixels="yuv444p")
    outcome = mattebox("run", clip, "-o", tmp_path / "out.mp4", *SMALL_NETWORK, "-b", "red")
    assert outcome.code == 0 or is_one_clear_message(outcome, EXIT_OUTPUT), outcome


def test_an_odd_size_is_refused_with_a_setting_that_helps(tmp_path: Path) -> None:
    """4:2:0 in H.264 needs even sizes; the advice works when it is followed."""
    clip = write_clip(tmp_path / "in.mkv", size=(97, 65), frames=3)
    output = tmp_path / "out.mp4"
    outcome = mattebox("run", clip, "-o", output, *SMALL_NETWORK, "-b", "red")
    assert is_one_clear_message(outcome, EXIT_OUTPUT), outcome
    assert "sink.pixel_format=yuv444p" in outcome.err
    done(
        "run", clip, "-o", output, *SMALL_NETWORK, "-b", "red", "--set", "sink.pixel_format=yuv444p"
    )
    assert look_at(output).size == (97, 65)


def test_an_existing_file_is_kept_unless_overwriting_is_asked_for(tmp_path: Path) -> None:
    """Exit code 4, the old file untouched; with --overwrite it is replaced."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    output = tmp_path / "out.mp4"
    output.write_text("precious")
    outcome = mattebox("run", clip, "-o", output, *SMALL_NETWORK, "-b", "red")
    assert is_one_clear_message(outcome, EXIT_OUTPUT), outcome
    assert "--overwrite" in outcome.err
    assert output.read_text() == "precious"
    done("run", clip, "-o", output, *SMALL_NETWORK, "-b", "red", "--overwrite")
    assert len(look_at(output).pts) == 3


def test_writing_over_the_input_is_refused_even_with_overwrite(tmp_path: Path) -> None:
    """The input is the one file that must not be lost."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    before = clip.read_bytes()
    outcome = mattebox("run", clip, "-o", clip, *SMALL_NETWORK, "-b", "red", "--overwrite")
    assert is_one_clear_message(outcome, EXIT_OUTPUT), outcome
    assert clip.read_bytes() == before


@pytest.mark.parametrize(
    "name", ["nowhere/out.mp4", "out.xyz", "in.mkv/out.mp4", "not-utf8-\udcff.mp4"]
)
def test_an_output_that_cannot_be_made_is_an_output_error(tmp_path: Path, name: str) -> None:
    """No such folder, a suffix that nobody knows, a file as a folder, a name in no encoding."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    outcome = mattebox("run", clip, "-o", tmp_path / name, *SMALL_NETWORK, "-b", "red")
    assert is_one_clear_message(outcome, EXIT_OUTPUT), outcome


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", "temporal.halflife=1"), "temporal.half_life_s"),
        (("--set", "model.size=100"), "multiple of 32"),
        (("--preset", "fastest"), "fast"),
        (("--config", "nowhere.toml"), "nowhere.toml"),
        (("-b", "blur:much"), "blur"),
    ],
)
def test_a_wrong_setting_is_a_usage_error(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    """Exit code 2, with the way out."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    outcome = mattebox("run", clip, "-o", tmp_path / "out.mp4", *arguments)
    assert is_one_clear_message(outcome, EXIT_USAGE), outcome
    assert message in outcome.err
    assert not list(tmp_path.glob("*out*"))


def test_a_backdrop_that_is_no_picture_is_an_input_error(tmp_path: Path) -> None:
    """Text renamed to png, and a file that is not there."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    fake = tmp_path / "beach.png"
    fake.write_text("sand")
    for backdrop in (fake, tmp_path / "nowhere.jpg"):
        outcome = mattebox("run", clip, "-o", tmp_path / "out.mp4", "-b", backdrop, *SMALL_NETWORK)
        assert is_one_clear_message(outcome, EXIT_INPUT), outcome
        assert backdrop.name in outcome.err
        assert not list(tmp_path.glob("*out*"))


def test_a_colour_that_is_none_is_told_with_its_nearest(tmp_path: Path) -> None:
    """Seegreen is nearly seagreen."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    outcome = mattebox("run", clip, "-o", tmp_path / "out.mp4", "-b", "seegreen", *SMALL_NETWORK)
    assert outcome.code in {EXIT_USAGE, EXIT_INPUT}
    assert "seagreen" in outcome.err


@pytest.mark.parametrize("model", ["u2net", "nowhere.pth"])
def test_missing_weights_are_a_device_error_that_says_where_to_get_them(
    tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 5; nothing is downloaded."""
    monkeypatch.setenv("MATTEBOX_CACHE", str(tmp_path / "cache"))
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    outcome = mattebox("run", clip, "-o", tmp_path / "out.mp4", "-m", model)
    assert is_one_clear_message(outcome, EXIT_DEVICE), outcome


def test_a_device_that_is_not_there_is_a_device_error(tmp_path: Path) -> None:
    """Exit code 5, with the devices that are there."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    outcome = mattebox("run", clip, "-o", tmp_path / "out.mp4", "-d", "cuda:7")
    assert is_one_clear_message(outcome, EXIT_DEVICE), outcome
    assert "cpu" in outcome.err


def test_a_full_disk_keeps_what_was_finished_and_the_old_file(
    tmp_path: Path, small_disk: Path
) -> None:
    """Exit code 4; the good old file is still there."""
    clip = write_clip(tmp_path / "in.mkv", size=(640, 480), frames=60)
    output = small_disk / "out.mkv"
    output.write_text("precious")
    outcome = mattebox("run", clip, "-o", output, "--overwrite", *EVERYTHING_KEPT)
    assert is_one_clear_message(outcome, EXIT_OUTPUT), outcome
    assert output.read_text() == "precious"


def test_two_outputs_of_one_name_are_refused_before_any_work(tmp_path: Path) -> None:
    """Also where the matte and the result would meet."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    output = tmp_path / "out.mkv"
    for arguments in (("-o", output, "-o", output), ("-o", output, "--matte", output)):
        outcome = mattebox("run", clip, *arguments, *SMALL_NETWORK, "-b", "red")
        assert is_one_clear_message(outcome, EXIT_OUTPUT), outcome
    assert not list(tmp_path.glob("*out*"))


def test_a_matte_never_replaces_the_input_or_the_backdrop(
    tmp_path: Path, backdrop_file: dict[str, Path]
) -> None:
    """What is being read is refused as an output, --overwrite or not."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    moving = backdrop_file["video"]
    before = clip.read_bytes(), moving.read_bytes()
    for matte in (clip, moving):
        arguments = ("-b", moving, "--matte", matte, "--overwrite", *SMALL_NETWORK)
        outcome = mattebox("run", clip, "-o", tmp_path / "out.mp4", *arguments)
        assert is_one_clear_message(outcome, EXIT_OUTPUT), outcome
    assert (clip.read_bytes(), moving.read_bytes()) == before


def test_a_still_never_replaces_the_overlay(tmp_path: Path, backdrop_file: dict[str, Path]) -> None:
    """Nor does any other output."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    logo = backdrop_file["image"]
    before = logo.read_bytes()
    arguments = ("--overlay", logo, "--overwrite", "-b", "red", *SMALL_NETWORK)
    outcome = mattebox("run", clip, "-o", logo, *arguments)
    assert is_one_clear_message(outcome, EXIT_OUTPUT), outcome
    assert logo.read_bytes() == before


@pytest.mark.parametrize("role", ["input", "backdrop", "placeholder"])
def test_a_recording_never_replaces_what_is_played(
    role: str, tmp_path: Path, backdrop_file: dict[str, Path]
) -> None:
    """What a live session reads, or may come to read, is refused as its output."""
    read = backdrop_file["image" if role == "placeholder" else "video"]
    used = {
        "input": ("-i", read, "--realtime"),
        "backdrop": ("-i", "synthetic", "-b", read),
        "placeholder": ("-i", "synthetic", "--placeholder", read),
    }
    before = read.read_bytes()
    outcome = mattebox("live", *used[role], "-o", read, "--overwrite", *SMALL_NETWORK)
    assert is_one_clear_message(outcome, EXIT_OUTPUT), outcome
    assert read.read_bytes() == before


@pytest.mark.parametrize("radius", ["-5", "1e6", "nan", "inf"])
def test_a_blur_outside_its_range_is_a_usage_error(tmp_path: Path, radius: str) -> None:
    """The range of the setting holds on the command line too."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    outcome = mattebox("run", clip, "-o", tmp_path / "out.mp4", "-b", f"blur:{radius}")
    assert is_one_clear_message(outcome, EXIT_USAGE), outcome


@pytest.mark.parametrize("name", ["nowhere.mp4", "-", "folder"])
def test_composing_what_is_no_file_is_an_input_error(tmp_path: Path, name: str) -> None:
    """A saved matte belongs to one file."""
    (tmp_path / "folder").mkdir()
    matte = write_clip(tmp_path / "matte.mkv", frames=2)
    input = name if name == "-" else tmp_path / name
    output = tmp_path / "out.mp4"
    outcome = mattebox("compose", input, "--matte", matte, "-o", output, "-b", "red")
    assert is_one_clear_message(outcome, EXIT_INPUT), outcome


def test_a_bad_backdrop_is_not_blamed_on_the_pictures_of_a_folder(tmp_path: Path) -> None:
    """It is told at once, by its own name."""
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("1.png", "2.png"):
        cv2.imwrite(str(folder / name), np.zeros((20, 30, 3), np.uint8))
    backdrop = tmp_path / "bad.jpg"
    backdrop.write_text("no picture")
    outcome = mattebox("run", folder, "-o", tmp_path / "out", "-b", backdrop, *SMALL_NETWORK)
    assert outcome.code == EXIT_INPUT
    assert "bad.jpg" in outcome.err
    assert "1.png" not in outcome.err
