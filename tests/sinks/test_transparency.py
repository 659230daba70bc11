"""Alpha in video files: written, decoded again and compared; refused where it would be lost."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import clips
import readback
from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.sinks import alpha_check
from mattebox.sinks.alpha_check import AlphaWitness, Expected, decoded_alpha_error
from mattebox.sinks.file import Encoding, FileSink


def disc(format: VideoFormat, index: int) -> Frame:
    """A soft disc that wanders to the right over a pattern: alpha 0, 1 and everything between."""
    height, width = format.height, format.width
    rows, columns = np.mgrid[:height, :width]
    radius = np.hypot(rows - height / 2, columns - width / 4 - index % width)
    alpha = np.clip((height / 3 - radius) / 6, 0, 1)
    planes = clips.pattern_planes(format.pixels, height, width, index % 3)
    matte = np.rint(alpha * format.pixels.peak).astype(format.pixels.dtype)
    return Frame((*planes[:-1], matte), format, index * 40, 40)


def encoding(codec: str = "auto", quality: int = 75) -> Encoding:
    return Encoding(codec=codec, quality=quality, speed="fast", pixel_format="auto", options={})


def write(
    path: Path, format: VideoFormat, wanted: Encoding, pictures: int = 5
) -> tuple[FileSink, list[Frame]]:
    sink = FileSink(
        path, encoding=wanted, companion=None, sound="keep", overwrite=False, metadata={}
    )
    sink.open(format)
    frames = [disc(format, index) for index in range(pictures)]
    for frame in frames:
        sink.write(frame)
    return sink, frames


def expected(frames: list[Frame]) -> list[Expected]:
    return [
        Expected(
            frame.pts * frame.format.time_base,
            (frame.planes[-1] / frame.format.pixels.peak).astype(np.float32),
        )
        for frame in frames
    ]


@pytest.mark.parametrize("layout", ["yuva420p", "yuva422p", "yuva444p10le", "gbrap", "gbrap16le"])
@pytest.mark.parametrize("name", ["clear.mov", "clear.mkv"])
def test_prores_and_ffv1_give_back_alpha_to_a_rounding_step(
    name: str, layout: str, tmp_path: Path
) -> None:
    """ProRes 4444 and FFV1 keep alpha without loss, whatever layout it came in."""
    path = tmp_path / name
    format = clips.video_format(layout)
    sink, frames = write(path, format, encoding())
    sink.close()
    # ProRes carries 10 bits here, and its decoder gives 12.
    step = 1 / 1023 if name.endswith("mov") else 0.5 / format.pixels.peak
    assert decoded_alpha_error(path, expected(frames)) <= step


@pytest.mark.parametrize(("quality", "error"), [(100, 0.0), (75, 0.01), (0, 0.04)])
@pytest.mark.parametrize("size", [(96, 64), (95, 63)])
def test_vp9_gives_back_alpha(
    size: tuple[int, int], quality: int, error: float, tmp_path: Path
) -> None:
    """Lossless at 100, close at 75, and never lost, at odd sizes too."""
    path = tmp_path / "clear.webm"
    sink, frames = write(path, clips.video_format("yuva420p", size), encoding("auto", quality))
    sink.close()
    assert decoded_alpha_error(path, expected(frames)) <= error


def test_full_opacity_stays_full_in_more_bits(tmp_path: Path) -> None:
    """255 of 255 becomes 1023 of 1023, not 1020: no veil over an opaque picture."""
    path = tmp_path / "clear.mov"
    format = clips.video_format("yuva420p")
    sink, frames = write(path, format, encoding())
    sink.close()
    (picture, *_) = readback.pictures(path)
    alpha = readback.planes_of(picture)[-1]
    assert alpha[frames[0].planes[-1] == 255].min() == (1 << 12) - 1
    assert alpha[frames[0].planes[-1] == 0].max() == 0


def test_colour_under_alpha_survives_in_ffv1(tmp_path: Path) -> None:
    """Straight alpha: colour is not multiplied, so it comes back where alpha is 0 too."""
    path = tmp_path / "clear.mkv"
    sink, frames = write(path, clips.video_format("yuva444p10le"), encoding())
    sink.close()
    for picture, frame in zip(readback.pictures(path), frames, strict=True):
        for plane, written in zip(readback.planes_of(picture), frame.planes, strict=True):
            np.testing.assert_array_equal(plane, written)


def test_browsers_are_told_of_vp9s_alpha(tmp_path: Path) -> None:
    """WebM says in its header that alpha rides along."""
    path = tmp_path / "clear.webm"
    write(path, clips.video_format("yuva420p"), encoding())[0].close()
    (picture, *_) = readback.pictures(path, decoder="libvpx-vp9")
    assert picture.format.name == "yuva420p"


@pytest.mark.parametrize("name", ["clear.mp4", "clear.m4v", "clear.gif"])
def test_containers_without_alpha_refuse(name: str, tmp_path: Path) -> None:
    """A cut-out without its alpha shows the room: better no file."""
    with pytest.raises(SinkRefused, match="no alpha channel") as caught:
        write(tmp_path / name, clips.video_format("yuva420p"), encoding())
    assert ".webm" in caught.value.advice
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("codec", ["h264", "h265", "av1", "mjpeg"])
def test_codecs_without_alpha_refuse(codec: str, tmp_path: Path) -> None:
    """A codec by name is no reason to drop alpha either."""
    with pytest.raises(SinkRefused, match="no alpha channel"):
        write(tmp_path / "clear.mkv", clips.video_format("yuva420p"), encoding(codec))
    assert not list(tmp_path.iterdir())


def test_a_layout_without_alpha_is_refused(tmp_path: Path) -> None:
    """Nor is a layout by name."""
    wanted = replace(encoding("vp9"), pixel_format="yuv420p")
    with pytest.raises(SinkRefused, match="no alpha channel"):
        write(tmp_path / "clear.webm", clips.video_format("yuva420p"), wanted)


def test_a_file_whose_alpha_went_wrong_is_not_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Close compares what it decodes with what was written; the file is then partial."""
    path = tmp_path / "clear.webm"
    sink, _ = write(path, clips.video_format("yuva420p"), encoding())
    monkeypatch.setattr(
        AlphaWitness,
        "expected",
        lambda self: [Expected(Fraction(0), np.zeros((64, 96), np.float32))],
    )
    with pytest.raises(SinkError, match="not what was written"):
        sink.close()
    assert not path.exists()
    assert sink.kept is not None
    assert Path(sink.kept).name == "clear.partial.webm"


def test_an_interrupt_at_the_very_end_keeps_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the finished file is being checked: all of it is kept, as partial."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "clear.mkv"
    sink, frames = write(path, clips.video_format("yuva420p"), encoding())
    monkeypatch.setattr(alpha_check, "verify", interrupted)
    with pytest.raises(KeyboardInterrupt):
        sink.close()
    sink.abort()
    assert not path.exists()
    assert sink.kept is not None
    assert len(readback.times(Path(sink.kept))) == len(frames)


def test_a_file_without_alpha_is_found_out(tmp_path: Path) -> None:
    """The check sees an opaque file for what it is."""
    path = tmp_path / "opaque.mkv"
    format = clips.video_format()
    sink = FileSink(
        path, encoding=encoding(), companion=None, sound="keep", overwrite=False, metadata={}
    )
    sink.open(format)
    sink.write(clips.pattern_frame(format))
    sink.close()
    with pytest.raises(SinkError, match="without alpha"):
        decoded_alpha_error(path, [Expected(Fraction(0), np.ones((64, 96), np.float32))])


@pytest.mark.parametrize("name", ["clear.webm", "clear.mov", "clear.mkv"])
def test_alpha_is_checked_late_in_a_clip_too(name: str, tmp_path: Path) -> None:
    """The second look is in the second half, after a seek, at a moment where alpha differs."""
    path = tmp_path / name
    format = clips.video_format("yuva420p", (48, 32))
    sink, frames = write(path, format, encoding(), pictures=300)
    sink.close()
    witness = AlphaWitness()
    for frame in frames:
        witness.see(frame, Fraction(0))
    looks = witness.expected()
    assert [look.moment for look in looks] == [Fraction(0), Fraction(256 * 40, 1000)]
    assert decoded_alpha_error(path, looks) < alpha_check.LOSSY_TOLERANCE
    shifted = [Expected(looks[1].moment, looks[0].alpha)]
    assert decoded_alpha_error(path, shifted) > 0.1


def test_vp9s_alpha_survives_a_seek_past_a_cut(tmp_path: Path) -> None:
    """A cut in the colour alone gives no key frame that the alpha does not share."""
    path = tmp_path / "clear.webm"
    format = clips.video_format("yuva420p", (96, 64))
    sink = FileSink(
        path, encoding=encoding(), companion=None, sound="keep", overwrite=False, metadata={}
    )
    sink.open(format)
    looks = []
    for index in range(160):
        frame = disc(format, index)
        if index >= 100:
            # Another scene behind the same disc.
            colour = tuple(255 - plane for plane in frame.planes[:3])
            frame = Frame((*colour, frame.planes[-1]), format, frame.pts, 40)
        sink.write(frame)
        if index in {105, 120, 150}:
            looks += expected([frame])
    sink.close()
    for look in looks:
        assert decoded_alpha_error(path, [look]) < 0.02


def test_alpha_is_checked_where_pictures_moved_up(tmp_path: Path) -> None:
    """A clip that starts before 0 is looked at where its pictures are now."""
    path = tmp_path / "clear.mkv"
    format = clips.video_format("yuva420p")
    sink = FileSink(
        path, encoding=encoding(), companion=None, sound="keep", overwrite=False, metadata={}
    )
    sink.open(format)
    for index in range(4):
        frame = disc(format, index * 10)
        sink.write(Frame(frame.planes, format, index * 40 - 120, 40))
    sink.close()
    assert len(readback.times(path)) == 4
