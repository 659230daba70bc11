"""Stills: what is in the picture files, and what their sinks refuse."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import clips
from mattebox.colour import Colour, Range, planes_from_rgb
from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame
from mattebox.pixels import pixel_format
from mattebox.sinks import stills
from mattebox.sinks.images import FolderSink, ImageSink
from mattebox.sinks.stills import verify_alpha


def picture_of(layout: str, colour: Colour | None = None) -> Frame:
    """Four coloured quarters; where there is alpha, a ramp."""
    width, height = 64, 48
    format = clips.video_format(layout, (width, height), colour=colour)
    rgb = np.zeros((height, width, 3), np.float32)
    rgb[: height // 2, : width // 2] = (1, 0, 0)
    rgb[: height // 2, width // 2 :] = (0, 1, 0)
    rgb[height // 2 :, : width // 2] = (0, 0, 1)
    rgb[height // 2 :, width // 2 :] = (0.8, 0.6, 0.2)
    planes = planes_from_rgb(rgb, format.pixels, format.colour)
    if format.pixels.has_alpha:
        ramp = np.linspace(0, format.pixels.peak, width)[None].repeat(height, 0)
        planes = (*planes[:-1], np.rint(ramp).astype(format.pixels.dtype))
    return Frame(planes, format, 0)


def save(path: Path, frame: Frame, quality: int = 75) -> np.ndarray:
    """Write it, and read what came of it."""
    sink = ImageSink(path, quality=quality, overwrite=False)
    sink.open(frame.format)
    sink.write(frame)
    sink.close()
    found = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return np.asarray(found)


QUARTERS = {
    (12, 16): (255, 0, 0),
    (12, 48): (0, 255, 0),
    (36, 16): (0, 0, 255),
    (36, 48): (204, 153, 51),
}


@pytest.mark.parametrize("layout", ["gbrp", "yuv444p", "yuv420p", "yuv420p10le", "gbrp12le"])
@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg", ".tiff", ".bmp", ".avif"])
def test_colours_come_out_in_their_places(suffix: str, layout: str, tmp_path: Path) -> None:
    """Red, green, blue and brown quarters: no channel is swapped in any format or layout."""
    colour = Colour(1, 1, 1, Range.LIMITED) if layout.startswith("yuv") else None
    found = save(tmp_path / f"still{suffix}", picture_of(layout, colour), 90)
    scale = 257 if found.dtype == np.uint16 else 1
    for (row, column), (red, green, blue) in QUARTERS.items():
        np.testing.assert_allclose(found[row, column] / scale, (blue, green, red), atol=6)


@pytest.mark.parametrize("layout", ["gbrp", "gbrap", "gray"])
@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_eight_bits_come_back_as_they_were(suffix: str, layout: str, tmp_path: Path) -> None:
    """PNG and TIFF of RGB or gray lose nothing."""
    frame = clips.pattern_frame(clips.video_format(layout, (33, 17)))
    found = save(tmp_path / f"still{suffix}", frame)
    assert found.dtype == np.uint8
    order = {"gbrp": (1, 0, 2), "gbrap": (1, 0, 2, 3), "gray": (0,)}[layout]
    np.testing.assert_array_equal(np.atleast_3d(found), np.dstack([frame.planes[i] for i in order]))


def test_sixteen_bits_come_back_as_they_were(tmp_path: Path) -> None:
    """Deep frames become 16 bit PNG; 65535 of 65535 stays so."""
    frame = clips.pattern_frame(clips.video_format("gbrp16le"))
    found = save(tmp_path / "still.png", frame)
    np.testing.assert_array_equal(found, np.dstack([frame.planes[i] for i in (1, 0, 2)]))


@pytest.mark.parametrize(("layout", "peak"), [("gray10le", 1023), ("gray16le", 65535)])
def test_a_deep_matte_fills_sixteen_bits(layout: str, peak: int, tmp_path: Path) -> None:
    """The full scale stays the full scale."""
    format = clips.video_format(layout, (64, 48))
    ramp = np.linspace(0, peak, 64)[None].repeat(48, 0).astype(np.uint16)
    found = save(tmp_path / "matte.png", Frame((ramp,), format, 0))
    assert (found.min(), found.max()) == (0, 65535)
    np.testing.assert_allclose(found / 65535, ramp / peak, atol=1 / 65535)


@pytest.mark.parametrize("suffix", [".png", ".webp", ".tiff", ".avif"])
@pytest.mark.parametrize("layout", ["gbrap", "yuva420p", "yuva444p10le"])
def test_alpha_comes_back(layout: str, suffix: str, tmp_path: Path) -> None:
    """Straight alpha, the same at any quality where the format keeps it whole."""
    frame = picture_of(layout)
    found = save(tmp_path / f"still{suffix}", frame, 40)
    assert found.shape[2] == 4
    peak = np.iinfo(found.dtype).max
    expected = frame.planes[-1] / frame.format.pixels.peak
    np.testing.assert_allclose(
        found[..., 3] / peak, expected, atol=0.05 if suffix == ".avif" else 0.5 / 255
    )


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".bmp"])
def test_formats_without_alpha_refuse(suffix: str, tmp_path: Path) -> None:
    """A cut-out as JPEG would show the room."""
    sink = ImageSink(tmp_path / f"still{suffix}", quality=75, overwrite=False)
    with pytest.raises(SinkRefused, match="no alpha channel") as caught:
        sink.open(clips.video_format("gbrap"))
    assert ".png" in caught.value.advice
    assert not list(tmp_path.iterdir())


def test_a_picture_whose_alpha_went_wrong_is_found_out() -> None:
    """Missing, or not the alpha that was written."""
    image = np.full((8, 8, 4), 200, np.uint8)
    opaque = cv2.imencode(".png", image[..., :3])[1]
    other = cv2.imencode(".png", np.full((8, 8, 4), 100, np.uint8))[1]
    with pytest.raises(SinkError, match="without alpha"):
        verify_alpha(image, opaque, ".png")
    with pytest.raises(SinkError, match="changed"):
        verify_alpha(image, other, ".png")
    verify_alpha(image, cv2.imencode(".png", image)[1], ".png")


def test_a_picture_without_its_alpha_is_not_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every transparent picture is decoded again before it counts as written."""
    monkeypatch.setattr(stills, "_image", lambda frame, *, wide: np.zeros((48, 64, 3), np.uint8))
    frame = picture_of("gbrap")
    sink = ImageSink(tmp_path / "still.png", quality=75, overwrite=False)
    sink.open(frame.format)
    with pytest.raises(SinkError, match="without alpha"):
        sink.write(frame)
    sink.abort()
    assert not list(tmp_path.iterdir())


def test_webp_at_quality_100_loses_nothing(tmp_path: Path) -> None:
    """100 is lossless where a format can be."""
    frame = clips.pattern_frame(clips.video_format("gbrp"))
    found = save(tmp_path / "still.webp", frame, 100)
    np.testing.assert_array_equal(found, np.dstack([frame.planes[i] for i in (1, 0, 2)]))


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".avif"])
def test_more_quality_is_more_bytes_and_less_error(suffix: str, tmp_path: Path) -> None:
    """The one number means something in every format."""
    frame = clips.pattern_frame(clips.video_format("gbrp", (160, 120)))
    truth = np.dstack([frame.planes[i] for i in (1, 0, 2)]).astype(int)
    sizes, errors = [], []
    for quality in (10, 60, 95):
        path = tmp_path / f"still{quality}{suffix}"
        errors.append(np.abs(save(path, frame, quality) - truth).mean())
        sizes.append(path.stat().st_size)
    assert sizes == sorted(sizes)
    assert errors == sorted(errors, reverse=True)


def test_endings_that_say_nothing_are_refused(tmp_path: Path) -> None:
    """The message lists the endings there are."""
    for name in ("still", "still.xyz"):
        sink = ImageSink(tmp_path / name, quality=75, overwrite=False)
        with pytest.raises(SinkRefused, match="no picture format") as caught:
            sink.open(clips.video_format("gbrp"))
        assert ".png" in caught.value.advice


def test_capital_endings_work(tmp_path: Path) -> None:
    """Cameras write .JPG."""
    assert save(tmp_path / "still.PNG", picture_of("gbrp")).shape == (48, 64, 3)


def test_a_second_picture_is_an_error(tmp_path: Path) -> None:
    """One file, one picture; the first one is kept."""
    sink = ImageSink(tmp_path / "still.png", quality=75, overwrite=False)
    frame = picture_of("gbrp")
    sink.open(frame.format)
    sink.write(frame)
    with pytest.raises(SinkError, match="one picture") as caught:
        sink.write(frame)
    assert "folder" in caught.value.advice
    sink.abort()
    assert sink.kept is not None
    assert Path(sink.kept).name == "still.partial.png"


def test_a_folder_holds_numbered_pictures_in_order(tmp_path: Path) -> None:
    """Six digits, so that they sort, from 0, as frames are counted."""
    sink = FolderSink(tmp_path / "out", suffix=".png", quality=75, overwrite=False)
    format = clips.video_format("gray")
    frames = [clips.pattern_frame(format, index) for index in range(12)]
    sink.open(format)
    for frame in frames:
        sink.write(frame)
    assert not (tmp_path / "out").exists()
    sink.close()
    found = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in found] == [f"{number:06d}.png" for number in range(12)]
    for path, frame in zip(found, frames, strict=True):
        np.testing.assert_array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), frame.planes[0])


def test_an_empty_folder_may_be_used(tmp_path: Path) -> None:
    """Nothing in it, nothing to replace."""
    (tmp_path / "out").mkdir()
    sink = FolderSink(tmp_path / "out", suffix=".png", quality=75, overwrite=False)
    frame = picture_of("gbrp")
    sink.open(frame.format)
    sink.write(frame)
    sink.close()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["000000.png"]


def test_overwriting_a_folder_removes_only_the_rest_of_a_longer_run(tmp_path: Path) -> None:
    """What follows the last number goes, or two clips would be mixed; all else stays."""
    folder = tmp_path / "out"
    folder.mkdir()
    stay = ("000005.png", "20240115.png", "000003.jpg", "notes.txt", "1.png", "holiday.png")
    for name in ("000000.png", "000002.png", "000003.png", *stay):
        (folder / name).write_text("old")
    sink = FolderSink(folder, suffix=".png", quality=75, overwrite=True)
    frame = picture_of("gbrp")
    sink.open(frame.format)
    sink.write(frame)
    sink.write(frame)
    sink.close()
    found = {path.name: path.read_bytes() != b"old" for path in folder.iterdir()}
    assert found == {"000000.png": True, "000001.png": True, **dict.fromkeys(stay, False)}


def test_a_picture_that_is_read_is_never_replaced(tmp_path: Path) -> None:
    """Not under its name, nor through a link of either kind, nor when asked to overwrite."""
    read = tmp_path / "backdrop.png"
    read.write_text("picture")
    (tmp_path / "soft.png").symlink_to(read)
    (tmp_path / "hard.png").hardlink_to(read)
    for name in ("backdrop.png", "soft.png", "hard.png"):
        sink = ImageSink(tmp_path / name, quality=75, overwrite=True, forbidden=[read])
        with pytest.raises(SinkRefused, match="being read"):
            sink.open(clips.video_format("gbrp"))
    assert read.read_text() == "picture"


@pytest.mark.parametrize("kind", ["name", "soft", "hard", "folder"])
def test_a_folder_with_a_numbered_picture_that_is_read_is_refused(
    kind: str, tmp_path: Path
) -> None:
    """It could be replaced by the picture of that number."""
    folder = tmp_path / "out"
    folder.mkdir()
    picture, other = folder / "000007.png", tmp_path / "other.png"
    other.write_text("picture")
    if kind == "soft":
        picture.symlink_to(other)
    elif kind == "hard":
        picture.hardlink_to(other)
    else:
        other.rename(picture)
    read = {"name": picture, "folder": folder}.get(kind, other)
    sink = FolderSink(folder, suffix=".png", quality=75, overwrite=True, forbidden=[read])
    with pytest.raises(SinkRefused, match="being read"):
        sink.open(clips.video_format("gbrp"))
    assert [path.name for path in folder.iterdir()] == ["000007.png"]


def test_a_picture_that_is_read_may_lie_in_the_folder_under_a_name_of_its_own(
    tmp_path: Path,
) -> None:
    """Nothing is replaced but numbered pictures."""
    folder = tmp_path / "out"
    folder.mkdir()
    read = folder / "backdrop.png"
    read.write_text("picture")
    sink = FolderSink(folder, suffix=".png", quality=75, overwrite=True, forbidden=[read])
    frame = picture_of("gbrp")
    sink.open(frame.format)
    sink.write(frame)
    sink.close()
    assert read.read_text() == "picture"


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    """A file of that name is not replaced by a folder, whatever is asked."""
    (tmp_path / "out").write_text("x")
    sink = FolderSink(tmp_path / "out", suffix=".png", quality=75, overwrite=True)
    with pytest.raises(SinkRefused, match="that is a file"):
        sink.open(clips.video_format("gbrp"))


def test_a_layout_that_is_not_rgb_needs_no_telling(tmp_path: Path) -> None:
    """Even 4:1:0 and 4:4:0 video makes a picture."""
    for layout in ("yuv410p", "yuv440p", "yuv411p"):
        assert pixel_format(layout)
        found = save(tmp_path / f"{layout}.png", picture_of(layout))
        assert found.shape == (48, 64, 3)
