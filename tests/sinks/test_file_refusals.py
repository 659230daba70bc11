"""What FileSink refuses before it makes anything, and what it keeps when the disk fills up."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import clips
import readback
from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.sinks.file import Encoding, FileSink
from places import skip_or_fail

ENCODING = Encoding(codec="auto", quality=75, speed="fast", pixel_format="auto", options={})


def sink(path: Path, wanted: Encoding = ENCODING, *, overwrite: bool = False) -> FileSink:
    return FileSink(
        path, encoding=wanted, companion=None, sound="keep", overwrite=overwrite, metadata={}
    )


def noise(format: VideoFormat, index: int) -> Frame:
    """A picture that no codec makes small."""
    generator = np.random.default_rng(index)
    planes = tuple(
        generator.integers(0, 256, shape, dtype=np.uint8) for shape in format.plane_shapes
    )
    return Frame(planes, format, index * 40, 40)


def fill(made: FileSink, format: VideoFormat, written: list[int]) -> None:
    """Write noise until something gives; ``written`` gets the number of every picture."""
    for index in range(2000):
        made.write(noise(format, index))
        written.append(index)
    made.close()


@pytest.mark.parametrize(
    ("change", "message", "advice"),
    [
        ({"codec": "nonsense"}, "no such video encoder", "sink.codec"),
        ({"codec": "aac"}, "no such video encoder", "sink.codec"),
        ({"quality": 101}, "goes from 0 to 100", "sink.quality"),
        ({"quality": -1}, "goes from 0 to 100", "sink.quality"),
        ({"speed": "warp"}, "fast, balanced, best", "sink.speed"),
        ({"pixel_format": "nonsense"}, "it takes yuv420p", "sink.pixel_format"),
        ({"pixel_format": "yuv411p"}, "it takes yuv420p", "sink.pixel_format"),
        ({"options": {"nonsense": "1"}}, "no option nonsense", "sink.options"),
        ({"codec": "vp8"}, "that container does not hold it", "sink.codec"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    change: dict[str, object], message: str, advice: str, tmp_path: Path
) -> None:
    """At open, with what is possible and which setting to change; nothing is made."""
    wanted = replace(ENCODING, **change)  # type: ignore[arg-type]
    with pytest.raises(SinkRefused, match=message) as caught:
        sink(tmp_path / "clip.mp4", wanted).open(clips.video_format())
    assert advice in caught.value.advice
    assert not list(tmp_path.iterdir())


def test_an_unknown_encoder_is_answered_with_those_there_are(tmp_path: Path) -> None:
    """The list names the codecs and the hardware encoders of this FFmpeg."""
    wanted = replace(ENCODING, codec="h264_typo")
    with pytest.raises(SinkRefused) as caught:
        sink(tmp_path / "clip.mp4", wanted).open(clips.video_format())
    for name in ("h264", "h265", "vp9", "ffv1", "hardware:"):
        assert name in caught.value.message


@pytest.mark.parametrize(
    "codec", ["h264_nvenc", "hevc_nvenc", "h264_qsv", "h264_vaapi", "h264_amf"]
)
def test_hardware_works_or_is_refused_by_name(codec: str, tmp_path: Path) -> None:
    """Never a silent fall back to software: the user asked for that very encoder."""
    wanted = replace(ENCODING, codec=codec)
    path = tmp_path / "clip.mp4"
    made = sink(path, wanted)
    format = clips.video_format(size=(256, 256))
    refusal = None
    try:
        made.open(format)
    except SinkRefused as error:
        refusal = error
    if refusal is None:
        made.write(clips.pattern_frame(format))
        made.close()
        assert len(readback.times(path)) == 1
        return
    assert codec in refusal.message
    assert "Present:" in refusal.message
    assert "sink.codec" in refusal.advice
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["clip", "clip.xyz", "clip.mp3", "clip.avi"])
def test_endings_that_say_nothing_are_refused(name: str, tmp_path: Path) -> None:
    """The message lists the endings there are."""
    with pytest.raises(SinkRefused, match="no video format") as caught:
        sink(tmp_path / name).open(clips.video_format())
    assert ".mp4" in caught.value.advice


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    """A folder that is called like a film is not replaced, whatever is asked."""
    folder = tmp_path / "clip.mp4"
    folder.mkdir()
    for overwrite in (False, True):
        with pytest.raises(SinkRefused, match="that is a folder"):
            sink(folder, overwrite=overwrite).open(clips.video_format())
    assert folder.is_dir()


def test_a_device_is_no_file(tmp_path: Path) -> None:
    """/dev/null under another name stays a device."""
    place = tmp_path / "clip.mp4"
    place.symlink_to("/dev/null")
    with pytest.raises(SinkRefused, match="not an ordinary file"):
        sink(place, overwrite=True).open(clips.video_format())


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    """A path through a file leads nowhere."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(SinkRefused):
        sink(tmp_path / "file" / "clip.mp4").open(clips.video_format())


@pytest.mark.parametrize("stem", ["x" * 300, "x" * 230, "é" * 120])
def test_long_names_work_or_are_refused(stem: str, tmp_path: Path) -> None:
    """The hidden and the partial name are longer than the final one, and still fit."""
    made = sink(tmp_path / f"{stem}.mp4")
    if len(stem.encode()) > 251:
        with pytest.raises(SinkRefused, match="cannot be the name"):
            made.open(clips.video_format())
        return
    made.open(clips.video_format())
    made.write(clips.pattern_frame(clips.video_format()))
    made.abort()
    assert made.kept is not None
    assert Path(made.kept).exists()


def test_a_folder_that_is_closed_to_us_is_refused(tmp_path: Path) -> None:
    """Before the first frame, with the reason that the system gives."""
    if os.geteuid() == 0:
        folder = Path("/proc/self")  # even root makes no files there
    else:
        folder = tmp_path / "closed"
        folder.mkdir(0o500)
    with pytest.raises(SinkRefused, match="cannot write in the folder"):
        sink(folder / "clip.mp4").open(clips.video_format())


def test_a_link_is_followed(tmp_path: Path) -> None:
    """Writing through a link replaces what it points to and leaves the link."""
    target, link = tmp_path / "real.mp4", tmp_path / "link.mp4"
    target.write_bytes(b"old")
    link.symlink_to(target)
    made = sink(link, overwrite=True)
    made.open(clips.video_format())
    made.write(clips.pattern_frame(clips.video_format()))
    made.close()
    assert link.is_symlink()
    assert len(readback.times(target)) == 1


def test_a_file_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    """Another program took the name while this one was working: both results stay."""
    path = tmp_path / "clip.mp4"
    made = sink(path)
    made.open(clips.video_format())
    made.write(clips.pattern_frame(clips.video_format()))
    path.write_bytes(b"someone else's")
    with pytest.raises(SinkError, match="took that name") as caught:
        made.close()
    assert "--overwrite" in caught.value.advice
    assert path.read_bytes() == b"someone else's"
    assert made.kept is not None
    assert len(readback.times(Path(made.kept))) == 1


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    """Others may read it if the umask lets them, as for any file."""
    path = tmp_path / "clip.mp4"
    made = sink(path)
    made.open(clips.video_format())
    made.write(clips.pattern_frame(clips.video_format()))
    made.close()
    reference = tmp_path / "reference"
    reference.touch()
    assert path.stat().st_mode == reference.stat().st_mode


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        skip_or_fail("small_disk", "cannot mount a small disk here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip.mkv"])
def test_a_full_disk_ends_the_file_while_its_index_still_fits(name: str, small_disk: Path) -> None:
    """What was finished before the disk was full is there and plays, in mp4 too."""
    old = small_disk / name
    old.write_bytes(b"old")
    made = sink(old, overwrite=True)
    format = clips.video_format(size=(320, 240))
    made.open(format)
    written: list[int] = []
    with pytest.raises(SinkError, match="disk is full"):
        fill(made, format, written)
    made.abort()
    assert made.kept is not None
    found = len(readback.times(Path(made.kept)))
    # But for what the encoder still held.
    assert len(written) - 70 < found <= len(written) + 1
    assert found > 3
    assert old.read_bytes() == b"old"


def test_a_full_disk_at_open_is_an_error_and_leaves_nothing(small_disk: Path) -> None:
    """Not even a hidden file."""
    (small_disk / "ballast").write_bytes(bytes(4 << 20))
    before = sorted(path.name for path in small_disk.iterdir())
    made = sink(small_disk / "clip.mp4")
    with pytest.raises(SinkRefused, match="disk is full"):
        made.open(clips.video_format())
    made.abort()
    assert made.kept is None
    assert sorted(path.name for path in small_disk.iterdir()) == before


@pytest.fixture
def short_files() -> Iterator[int]:
    """A limit on the size of files, as some systems and disks have it."""
    limit = 300_000
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    yield limit
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(("name", "stays"), [("clip.mkv", True), ("clip.mp4", False)])
def test_a_write_that_fails_is_an_error_and_never_a_broken_result(
    name: str, stays: bool, tmp_path: Path, short_files: int
) -> None:
    """Matroska plays as far as it goes and is kept; an mp4 without its index is removed."""
    made = sink(tmp_path / name)
    format = clips.video_format(size=(320, 240))
    made.open(format)
    with pytest.raises(SinkError, match="cannot go on writing"):
        fill(made, format, [])
    made.abort()
    kept = list(tmp_path.iterdir())
    if stays:
        assert made.kept is not None
        assert kept == [Path(made.kept)]
        assert len(readback.times(kept[0])) > 0
    else:
        assert made.kept is None
        assert not kept
