"""A clip in, a clip out: planes, times, tags, sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from clips import write_clip
from running import EVERYTHING_KEPT, SMALL_NETWORK, decoded_planes, done, look_at

BACKDROPS = ("seagreen", "blur:12", "image", "video", "transparent")


@pytest.mark.parametrize(
    ("pixels", "color_range"),
    [
        ("yuv420p", 1),
        ("yuv420p10le", 1),
        ("yuv422p10le", 1),
        ("yuv444p", 1),
        ("yuv420p", 2),  # what yuvj420p is
    ],
)
@pytest.mark.parametrize("codec", ["ffv1", "h264"])
def test_where_everything_is_kept_not_a_bit_changes(
    tmp_path: Path, pixels: str, color_range: int, codec: str
) -> None:
    """Alpha 1 and a lossless codec: output planes equal input planes."""
    clip = write_clip(tmp_path / "in.mkv", pixels=pixels, color_range=color_range, frames=4)
    output = tmp_path / "out.mkv"
    lossless = ("--set", f"sink.codec={codec}", "--set", "sink.quality=100")
    done("run", clip, "-o", output, "-m", "none", "-b", "red", *lossless)
    before, after = decoded_planes(clip), decoded_planes(output)
    assert len(before) == len(after) == 4
    for one, other in zip(before, after, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert look_at(output).tags[3] == color_range


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_variable_frame_rate_keeps_every_moment(tmp_path: Path, suffix: str) -> None:
    """Time is carried, never counted."""
    pts = [80, 120, 130, 250, 255, 400, 900, 901, 1500]
    clip = write_clip(tmp_path / f"in{suffix}", pts=pts, codec="libx264")
    output = tmp_path / f"out{suffix}"
    done("run", clip, "-o", output, *SMALL_NETWORK, "-b", "navy")
    assert look_at(output).pts == look_at(clip).pts == tuple(Fraction(t, 1000) for t in pts)


@pytest.mark.parametrize("matrix", [1, 6])
def test_colour_tags_survive(tmp_path: Path, matrix: int) -> None:
    """BT.709 stays BT.709 and BT.601 stays BT.601."""
    clip = write_clip(tmp_path / "in.mp4", codec="libx264", matrix=matrix, color_range=1)
    output = tmp_path / "out.mp4"
    done("run", clip, "-o", output, *SMALL_NETWORK, "-b", "orange")
    assert look_at(output).tags == look_at(clip).tags == (matrix, matrix, matrix, 1)


@pytest.mark.parametrize("kind", BACKDROPS)
def test_frames_sound_and_length_are_those_of_the_input(
    tmp_path: Path, backdrop_file: dict[str, Path], kind: str
) -> None:
    """Counted, for every kind of backdrop."""
    clip = write_clip(tmp_path / "in.mp4", codec="libx264", frames=20, audio_s=0.8)
    output = tmp_path / ("out.mov" if kind == "transparent" else "out.mp4")
    done("run", clip, "-o", output, *SMALL_NETWORK, "-b", backdrop_file.get(kind, kind))
    before, after = look_at(clip), look_at(output)
    assert len(after.pts) == len(before.pts) == 20
    assert after.packets == before.packets
    assert abs(after.length_s - before.length_s) <= 1 / 25


def test_several_outputs_and_the_matte_are_made_in_one_go(tmp_path: Path) -> None:
    """-o twice and --matte."""
    clip = write_clip(tmp_path / "in.mkv", frames=5)
    outputs = [tmp_path / "a.mp4", tmp_path / "b.webm", tmp_path / "m.mkv"]
    done("run", clip, "-o", outputs[0], "-o", outputs[1], "--matte", outputs[2], *SMALL_NETWORK)
    seen = [look_at(path) for path in outputs]
    assert [len(each.pts) for each in seen] == [5, 5, 5]
    assert seen[2].pixels.startswith("gray")


@pytest.mark.parametrize("layer", ["composite", "cutout", "foreground", "saliency", "matte"])
def test_every_layer_can_be_written(tmp_path: Path, layer: str) -> None:
    """--layer says which picture is made of the matte."""
    clip = write_clip(tmp_path / "in.mkv", frames=3)
    output = tmp_path / "out.mkv"
    done("run", clip, "-o", output, "--layer", layer, *SMALL_NETWORK)
    assert len(look_at(output).pts) == 3


def test_audio_none_leaves_the_sound_out(tmp_path: Path) -> None:
    """--audio none."""
    clip = write_clip(tmp_path / "in.mkv", frames=10, audio_s=0.4)
    output = tmp_path / "out.mkv"
    done("run", clip, "-o", output, "--audio", "none", *EVERYTHING_KEPT)
    assert look_at(output).packets == ()


def test_a_folder_of_numbered_pictures_becomes_a_clip_and_back(tmp_path: Path) -> None:
    """Image sequences in and out."""
    clip = write_clip(tmp_path / "in.mkv", frames=6)
    folder, again = tmp_path / "pictures", tmp_path / "again.mkv"
    done("run", clip, "-o", folder, *SMALL_NETWORK, "-b", "white")
    assert len(list(folder.iterdir())) == 6
    done("run", folder, "-o", again, *EVERYTHING_KEPT)
    assert len(look_at(again).pts) == 6
