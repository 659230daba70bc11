"""A corrected matte, as a user gives it: what is taken, what is refused, what comes out."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

import mattebox
from clips import write_clip
from mattebox.apps.cli.console import EXIT_INPUT, EXIT_USAGE
from places import ROOT
from running import SMALL_NETWORK, decoded_planes, done, read_picture, start
from running import mattebox as run

Gray = npt.NDArray[np.uint8]
SIZE = (64, 96)
# One way of making mattes each; none of them knows anything of corrections.
WAYS = {
    "network": SMALL_NETWORK,
    "unsteadied": (*SMALL_NETWORK, "--set", "temporal.half_life_s=0"),
    "unfocused": (*SMALL_NETWORK, "--set", "model.focus=false"),
    "chosen": (*SMALL_NETWORK, "--set", "subject.choose=largest"),
    "chroma": ("-m", "chroma", "--set", "chroma.colour=#00b140"),
    "threshold": ("-m", "threshold"),
    "none": ("-m", "none"),
}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path / "in.mkv", frames=8)


@pytest.fixture
def drawn() -> Gray:
    """A matte with every value of eight bits."""
    values: Gray = np.random.default_rng(0).integers(0, 256, SIZE, np.uint8)
    return values


def _saved(path: Path, picture: npt.NDArray[np.uint8]) -> Path:
    cv2.imwrite(str(path), picture)
    return path


def _mattes(path: Path) -> list[Gray]:
    return [planes[0] for planes in decoded_planes(path)]


@pytest.mark.parametrize("way", WAYS)
def test_a_corrected_frame_has_the_matte_that_was_drawn(
    tmp_path: Path, clip: Path, drawn: Gray, way: str
) -> None:
    """Value for value, whatever makes the mattes; every frame has one."""
    picture, matte = _saved(tmp_path / "drawn.png", drawn), tmp_path / "matte.mkv"

    done(
        "run", clip, "-o", tmp_path / "o.mp4", "--matte", matte, "--fix", f"5={picture}", *WAYS[way]
    )

    mattes = _mattes(matte)
    assert len(mattes) == 8
    assert (mattes[5] == drawn).all()
    assert (mattes[4] != drawn).any()


def test_the_pictures_of_a_folder_have_the_numbers_that_fix_takes(
    tmp_path: Path, clip: Path, drawn: Gray
) -> None:
    """The natural use: write the mattes, draw on one of them, give it back under its number."""
    matte, folder, fixed = tmp_path / "matte.mkv", tmp_path / "mattes", tmp_path / "fixed"
    done("run", clip, "-o", tmp_path / "o.mp4", "--matte", matte, *SMALL_NETWORK)
    done("compose", clip, "--matte", matte, "-o", folder, "--layer", "matte")
    for number, values in enumerate(_mattes(matte)):
        assert (read_picture(folder / f"{number:06d}.png") == values).all()
    _saved(folder / "000003.png", drawn)

    done(
        *("compose", clip, "--matte", matte, "-o", fixed, "--layer", "matte"),
        *("--fix", f"3={folder / '000003.png'}"),
    )

    assert (read_picture(fixed / "000003.png") == drawn).all()


def test_a_picture_is_frame_0(tmp_path: Path, drawn: Gray) -> None:
    """Also where it is written into a folder."""
    source = _saved(tmp_path / "in.png", np.full((*SIZE, 3), 90, np.uint8))
    picture = _saved(tmp_path / "drawn.png", drawn)
    for output in (tmp_path / "out.png", tmp_path / "folder"):
        done("run", source, "-o", output, "--fix", f"0={picture}", "-m", "threshold")
    for result in (tmp_path / "out.png", tmp_path / "folder" / "in.png"):
        assert (read_picture(result)[..., 3] == drawn).all()


def test_the_frames_of_a_pipe_are_counted_too(tmp_path: Path, drawn: Gray) -> None:
    """As they come."""
    clip = write_clip(tmp_path / "in.y4m", codec="wrapped_avframe", frames=4)
    picture, matte = _saved(tmp_path / "drawn.png", drawn), tmp_path / "matte.mkv"
    with clip.open("rb") as piped:
        process = start(
            [
                *("run", "-", "-o", tmp_path / "o.mkv", "--matte", matte),
                *("--fix", f"2={picture}", "-m", "threshold"),
            ],
            stdin=piped,
        )
        _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    assert (_mattes(matte)[2] == drawn).all()


def test_a_cut_out_is_taken_by_its_alpha(tmp_path: Path, clip: Path, drawn: Gray) -> None:
    """What --layer cutout writes, with parts of it erased, is a correction as it is."""
    colours = np.random.default_rng(1).integers(0, 256, (*SIZE, 3), np.uint8)
    picture = _saved(tmp_path / "cutout.png", np.dstack([colours, drawn]))
    matte = tmp_path / "matte.mkv"

    done(
        *("run", clip, "-o", tmp_path / "o.mp4", "--matte", matte, "-m", "threshold"),
        *("--fix", f"1={picture}"),
    )

    assert (_mattes(matte)[1] == drawn).all()


def test_from_python_fixes_are_a_mapping(tmp_path: Path, clip: Path, drawn: Gray) -> None:
    """By the frame's number."""
    picture, matte = _saved(tmp_path / "drawn.png", drawn), tmp_path / "matte.mkv"

    mattebox.replace_background(
        clip, tmp_path / "o.mp4", matte=matte, fixes={6: picture}, model={"name": "threshold"}
    )
    mattebox.compose(clip, matte, tmp_path / "again.mp4", backdrop="red", fixes={0: picture})

    assert (_mattes(matte)[6] == drawn).all()


def test_a_frame_that_is_not_there_is_told_and_the_rest_is_made(
    tmp_path: Path, clip: Path, drawn: Gray
) -> None:
    """Exit code 0, with a warning: the clip is complete."""
    picture, output = _saved(tmp_path / "drawn.png", drawn), tmp_path / "o.mp4"

    outcome = done("run", clip, "-o", output, "-m", "threshold", "--fix", f"8={picture}")

    assert "there is no frame 8" in " ".join(outcome.err.split())
    assert len(decoded_planes(output)) == 8


@pytest.mark.parametrize(
    "given", ["mask.png", "=mask.png", "3=", "-1=mask.png", "0:03.2=mask.png", "3.2s=mask.png"]
)
def test_a_fix_is_a_frame_and_a_picture(tmp_path: Path, clip: Path, given: str) -> None:
    """Exit code 2, with an example; times are refused, as they could mean two frames."""
    outcome = run("run", clip, "-o", tmp_path / "o.mp4", "--fix", given)
    assert outcome.code == EXIT_USAGE
    assert "--fix 12=mattes/000012.png" in outcome.err


def test_two_fixes_of_one_frame_are_refused(tmp_path: Path, clip: Path) -> None:
    """Exit code 2; 05 is 5."""
    outcome = run(*("run", clip, "-o", tmp_path / "o.mp4", "--fix", "5=a.png", "--fix", "05=b.png"))
    assert outcome.code == EXIT_USAGE
    assert "two mattes for frame 5: a.png and b.png" in outcome.err


def test_a_folder_of_pictures_has_no_frames_to_correct(tmp_path: Path, drawn: Gray) -> None:
    """Exit code 2, and what to do instead; as one video it has."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.png", "b.png"):
        _saved(folder / name, np.full((*SIZE, 3), 90, np.uint8))
    fix = ("--fix", f"1={_saved(tmp_path / 'drawn.png', drawn)}", "-m", "threshold")

    outcome = run("run", folder, "-o", tmp_path / "out", *fix)

    assert outcome.code == EXIT_USAGE
    assert "--fix 0=MATTE" in outcome.err
    matte = tmp_path / "matte.mkv"
    done("run", folder, "-o", tmp_path / "o.mkv", "--matte", matte, *fix)
    assert (_mattes(matte)[1] == drawn).all()


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        (np.zeros((10, 20), np.uint8), "20×10"),
        (np.full((*SIZE, 3), (10, 20, 90), np.uint8), "in colour"),
        (np.full((*SIZE, 4), (80, 80, 80, 9), np.uint8), "gray and has transparent parts"),
        (None, "nothing is at"),
    ],
    ids=["another size", "a picture", "either", "none"],
)
def test_what_is_no_matte_of_that_frame_is_refused(
    tmp_path: Path, clip: Path, picture: npt.NDArray[np.uint8] | None, told: str
) -> None:
    """Exit code 3, and nothing is written."""
    path, output = tmp_path / "drawn.png", tmp_path / "o.mp4"
    if picture is not None:
        _saved(path, picture)

    outcome = run("run", clip, "-o", output, "-m", "threshold", "--fix", f"7={path}")

    assert outcome.code == EXIT_INPUT
    assert told in outcome.err
    assert not list(tmp_path.glob("o.*"))


def test_a_file_that_is_no_picture_is_refused(tmp_path: Path, clip: Path) -> None:
    """Exit code 3."""
    path = tmp_path / "drawn.png"
    path.write_text("not a picture")
    outcome = run("run", clip, "-o", tmp_path / "o.mp4", "-m", "threshold", "--fix", f"7={path}")
    assert outcome.code == EXIT_INPUT


def test_a_matte_that_is_read_is_never_replaced(tmp_path: Path, clip: Path, drawn: Gray) -> None:
    """Not even with --overwrite: it may be an afternoon's work."""
    folder = tmp_path / "mattes"
    folder.mkdir()
    picture = _saved(folder / "000003.png", drawn)

    outcome = run(
        *("run", clip, "-o", folder, "--layer", "matte", "--overwrite", "-m", "threshold"),
        *("--fix", f"3={picture}"),
    )

    assert outcome.code != 0
    assert (read_picture(picture) == drawn).all()


def test_a_report_never_replaces_the_picture_of_a_fix(
    tmp_path: Path, clip: Path, drawn: Gray
) -> None:
    """Its contact sheet is a .png too, and would be that of the same name."""
    fix = _saved(tmp_path / "matte.png", drawn)
    outcome = run(
        *("run", clip, "-o", tmp_path / "out.mkv", "-m", "none", "--fix", f"3={fix}"),
        *("--quality-report", tmp_path / "matte.json", "--overwrite"),
    )
    assert (outcome.code, "being read" in outcome.err) == (4, True), outcome.err
    assert (read_picture(fix) == drawn).all()


@pytest.mark.slow
def test_a_wrong_matte_of_a_real_clip_is_mended_around_the_fix(tmp_path: Path) -> None:
    """The sample clip with half of the subject's matte missing, and one frame made right."""
    clip, truth = ROOT / "samples" / "clip.mp4", ROOT / "samples" / "clip.alpha.mkv"
    mattes = _mattes(truth)
    broken = tmp_path / "broken.mkv"
    half = mattes[0].shape[1] // 2
    with av.open(str(broken), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = *mattes[0].shape[::-1], "gray"
        for values in mattes:
            values = values.copy()
            values[:, half:] = 0
            container.mux(stream.encode(av.VideoFrame.from_ndarray(values, "gray")))
        container.mux(stream.encode(None))
    picture = _saved(tmp_path / "right.png", mattes[40])

    done(
        *("compose", clip, "--matte", broken, "-o", tmp_path / "out", "--layer", "matte"),
        *("--fix", f"40={picture}"),
    )

    for number in range(30, 51):
        made = read_picture(tmp_path / "out" / f"{number:06d}.png").astype(int)
        error = np.abs(made - mattes[number])
        missing = mattes[number][:, half:].mean()
        assert error[:, half:].mean() < missing / 10, number
        assert error[:, : half - 40].mean() < 0.05
