"""What FileSource makes of files that were cut off or have rotten places."""

from __future__ import annotations

from pathlib import Path

import pytest

import clips
import footage
from mattebox.errors import DecodeError
from mattebox.sources.file import FileSource

# Codecs that notice damage, in containers that say where their packets lie.
NOTICING = [("png", ".mov", "gbrp"), ("mpeg4", ".avi", "yuv420p"), ("libx264", ".mp4", "yuv420p")]


def clip(folder: Path, codec: str, suffix: str, pixels: str, *, count: int = 24) -> Path:
    """A clip whose packets stand by themselves, so that damage stays where it is."""
    if codec == "png":
        pictures = [footage.noise_picture("rgb24", (96, 64), seed=i) for i in range(count)]
    else:
        pictures = footage.pattern_pictures(pixels, count)
    options = {"libx264": {"g": "1", "bf": "0"}, "mpeg4": {"g": "1"}}.get(codec, {})
    return footage.encode(folder / f"clip{suffix}", codec, pictures, options=options)


@pytest.mark.parametrize(("codec", "suffix", "pixels"), NOTICING)
@pytest.mark.parametrize("rotten", [[0], [10], [5, 6, 17], [23], [21], [20, 22]])
def test_damaged_packets_are_passed_over_and_counted(
    tmp_path: Path, codec: str, suffix: str, pixels: str, rotten: list[int]
) -> None:
    """In the middle and at both ends: every other frame comes, with the pts that it has."""
    sound = clip(tmp_path, codec, suffix, pixels)
    before = _pts(sound)
    damaged = footage.damage(sound, rotten)
    source = FileSource(damaged, corrupt_limit=len(rotten))
    pts = [frame.pts for frame in source.frames()]
    source.close()
    assert pts == [now for index, now in enumerate(before) if index not in rotten]
    assert source.skipped == len(rotten)


def _pts(path: Path) -> list[int]:
    source = FileSource(path, corrupt_limit=0)
    pts = [frame.pts for frame in source.frames()]
    source.close()
    return pts


@pytest.mark.parametrize("limit", [0, 2])
def test_more_damage_than_allowed_is_an_error_with_advice(tmp_path: Path, limit: int) -> None:
    """The frames before it stay good."""
    path = footage.damage(clip(tmp_path, "png", ".mov", "gbrp"), [8, 9, 10, 11])
    source = FileSource(path, corrupt_limit=limit)
    given = source.frames()
    assert len([next(given) for _ in range(8)]) == 8
    with pytest.raises(DecodeError, match=f"{limit + 1} packets") as caught:
        next(given)
    source.close()
    assert "corrupt_limit" in caught.value.advice
    assert list(source.frames()) == []


def test_damage_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A hundred lines of it would hide what else is said."""
    path = footage.damage(clip(tmp_path, "png", ".mov", "gbrp"), [5, 6, 7])
    source = FileSource(path, corrupt_limit=10)
    list(source.frames())
    source.close()
    assert caplog.text.count("damaged") == 1


def test_nothing_but_damage_is_an_error(tmp_path: Path) -> None:
    """There is no format to promise."""
    path = footage.damage(clip(tmp_path, "png", ".mov", "gbrp", count=4), [0, 1, 2, 3])
    with pytest.raises(DecodeError, match="not one picture") as caught:
        FileSource(path, corrupt_limit=100)
    assert "4 damaged" in caught.value.message


@pytest.mark.parametrize(
    ("codec", "suffix", "options"),
    [
        ("ffv1", ".mkv", {}),
        ("libx264", ".mkv", {"g": "12"}),
        ("libx264", ".ts", {"g": "12"}),
        ("libx264", ".mp4", {"g": "12", "movflags": "faststart"}),
        ("mpeg4", ".avi", {}),
    ],
)
def test_a_file_that_was_cut_off_gives_what_it_has(
    tmp_path: Path, codec: str, suffix: str, options: dict[str, str]
) -> None:
    """A broken download, a recorder that lost power."""
    movflags = {"movflags": options["movflags"]} if "movflags" in options else {}
    path = footage.encode(
        tmp_path / f"clip{suffix}",
        codec,
        footage.pattern_pictures("yuv420p", 60),
        options={key: value for key, value in options.items() if key != "movflags"},
        container_options=movflags,
    )
    end = path.stat().st_size * 0.6
    there = sum(position + size <= end for position, size in footage.packets(path))
    source = FileSource(footage.truncate(path, 0.6), corrupt_limit=5)
    count = len(list(source.frames()))
    source.close()
    # Half a picture may still be made a whole one; MPEG-TS does not say exactly where packets lie.
    assert there - 2 <= count <= there + 2
    assert source.skipped <= 1


def test_a_file_that_ends_early_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Two of its four seconds are missing: nobody should find that out from the result."""
    path = footage.encode(
        tmp_path / "clip.mp4",
        "libx264",
        footage.pattern_pictures("yuv420p", 100),
        container_options={"movflags": "faststart"},
    )
    whole = FileSource(path, corrupt_limit=0)
    assert len(list(whole.frames())) == 100
    whole.close()
    assert not caplog.text
    cut = FileSource(footage.truncate(path, 0.5), corrupt_limit=5)
    list(cut.frames())
    cut.close()
    assert "before its header says" in caplog.text


def test_closing_early_is_not_taken_for_an_early_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Who stops a run gets no warning about the file."""
    path = tmp_path / "clip.mp4"
    footage.encode(path, "libx264", footage.pattern_pictures("yuv420p", 100))
    source = FileSource(path, corrupt_limit=0)
    frames = source.frames()
    next(frames)
    source.close()
    assert list(frames) == []
    assert not caplog.text


def test_a_recording_without_its_index_is_refused_with_the_reason(tmp_path: Path) -> None:
    """An MP4 is unreadable until its last bytes are written."""
    path = clips.write_clip(tmp_path / "clip.mp4", codec="libx264", frames=60)
    with pytest.raises(DecodeError, match="index") as caught:
        FileSource(footage.truncate(path, 0.6), corrupt_limit=100)
    assert "complete copy" in caught.value.advice
