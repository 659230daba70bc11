"""Stills and folders of stills: depth, alpha, orientation, order."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

import footage
from mattebox.colour import MATRIX_RGB, Range
from mattebox.errors import DecodeError, SourceNotFound
from mattebox.files import is_picture
from mattebox.sources.images import FolderSource, ImageSource, pictures_in
from mattebox.sources.orientation import from_exif

Array = npt.NDArray[Any]


def noise(*shape: int, dtype: type = np.uint8, seed: int = 0) -> Array:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, shape, dtype)


def save(path: Path, image: Array, exif: bytes | None = None) -> Path:
    """Write BGR, BGRA or gray; names outside ASCII work on every system."""
    kinds, metadata = ([0], [np.frombuffer(exif, np.uint8)]) if exif else ([], [])
    done, data = cv2.imencodeWithMetadata(path.suffix, image, kinds, metadata)
    assert done
    data.tofile(path)
    return path


def planes(path: Path) -> tuple[str, tuple[Array, ...]]:
    """(layout, planes) of a picture."""
    source = ImageSource(path)
    (frame,) = source.frames()
    source.close()
    return source.format.pixels.name, frame.planes


def assert_is(path: Path, image: Array, layout: str) -> None:
    """The planes are the channels of a BGR or BGRA array: green, blue, red, alpha."""
    name, found = planes(path)
    assert name == layout
    order = (1, 0, 2, 3)[: image.shape[2]]
    for plane, channel in zip(found, order, strict=True):
        np.testing.assert_array_equal(plane, image[..., channel])


@pytest.mark.parametrize(
    ("suffix", "channels", "dtype", "layout"),
    [
        (".png", 3, np.uint8, "gbrp"),
        (".png", 4, np.uint8, "gbrap"),
        (".png", 3, np.uint16, "gbrp16le"),
        (".png", 4, np.uint16, "gbrap16le"),
        (".tif", 3, np.uint8, "gbrp"),
        (".tiff", 4, np.uint16, "gbrap16le"),
        (".bmp", 3, np.uint8, "gbrp"),
    ],
)
def test_lossless_pictures_come_bit_for_bit(
    tmp_path: Path, suffix: str, channels: int, dtype: type, layout: str
) -> None:
    """Depth and alpha are kept: a 16-bit PNG goes in and comes out as one."""
    image = noise(23, 31, channels, dtype=dtype)
    assert_is(save(tmp_path / f"picture{suffix}", image), image, layout)


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp", ".avif", ".JPG"])
def test_lossy_pictures_are_read(tmp_path: Path, suffix: str) -> None:
    """What they decode to is OpenCV's business."""
    image = cv2.GaussianBlur(noise(24, 32, 3), (9, 9), 3)
    path = save(tmp_path / f"picture{suffix.lower()}", image)
    name, found = planes(path.rename(tmp_path / f"named{suffix}"))
    assert name == "gbrp"
    assert np.abs(found[0].astype(int) - image[..., 1]).mean() < 6


@pytest.mark.parametrize(("depth", "layout"), [(10, "gbrp10le"), (12, "gbrp12le")])
def test_deep_avif_keeps_its_own_depth(tmp_path: Path, depth: int, layout: str) -> None:
    """OpenCV gives 10-bit samples in 16 bits without saying so: white would come out dark."""
    white = np.full((16, 24, 3), (1 << depth) - 1, np.uint16)
    path = tmp_path / "white.avif"
    cv2.imwrite(str(path), white, [cv2.IMWRITE_AVIF_DEPTH, depth])
    name, found = planes(path)
    assert name == layout
    assert all(plane.min() > 0.98 * (1 << depth) for plane in found)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gray_pictures_become_rgb(tmp_path: Path, dtype: type) -> None:
    """A coloured backdrop can show behind them."""
    image = noise(20, 30, dtype=dtype)
    path = save(tmp_path / "gray.png", image)
    assert_is(path, np.dstack([image] * 3), "gbrp" if dtype is np.uint8 else "gbrp16le")


def test_pictures_are_tagged_as_what_they_are(tmp_path: Path) -> None:
    """sRGB, full range, square pixels, no clock."""
    source = ImageSource(save(tmp_path / "a.png", noise(20, 30, 3)))
    colour = source.format.colour
    source.close()
    assert (colour.matrix, colour.primaries, colour.transfer) == (MATRIX_RGB, 1, 13)
    assert colour.range is Range.FULL
    assert source.format.rate is None


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("suffix", "channels", "dtype"),
    [(".png", 3, np.uint8), (".png", 4, np.uint8), (".png", 3, np.uint16), (".webp", 4, np.uint8)],
)
def test_exif_orientation_is_honoured(
    tmp_path: Path, suffix: str, channels: int, dtype: type, orientation: int, order: str
) -> None:
    """Also with alpha and 16 bits, where OpenCV itself leaves the picture lying."""
    image = noise(12, 20, channels, dtype=dtype)
    plain = save(tmp_path / f"plain{suffix}", image)
    exif = footage.exif(orientation, byte_order=order)
    turned = save(tmp_path / f"turned{suffix}", image, exif)
    _, stored = planes(plain)
    upright = from_exif(orientation).turn(stored, ImageSource(plain).format.pixels)
    for plane, true in zip(planes(turned)[1], upright, strict=True):
        np.testing.assert_array_equal(plane, true)


def test_a_photograph_on_its_side_comes_upright(tmp_path: Path) -> None:
    """Orientation 6: the top of the scene is the first column of the stored picture."""
    image = np.zeros((40, 64, 3), np.uint8)
    image[:, :16] = 255
    _, (green, *_) = planes(save(tmp_path / "phone.jpg", image, footage.exif(6)))
    assert green.shape == (64, 40)
    assert green[:12].min() > 240
    assert green[20:].max() < 15


@pytest.mark.parametrize(
    "exif", [b"II*\0", b"MM\0*\xff\xff\xff\xff", b"nonsense", b"II*\0\x08\0\0\0\xff\xff"]
)
def test_damaged_exif_is_no_reason_to_fail(tmp_path: Path, exif: bytes) -> None:
    """The picture itself is sound."""
    image = noise(12, 20, 3)
    assert_is(save(tmp_path / "a.png", image, exif), image, "gbrp")


def test_names_outside_ascii_are_read(tmp_path: Path) -> None:
    """OpenCV's own reader cannot on Windows."""
    image = noise(12, 20, 3)
    assert_is(save(tmp_path / "Möbel 椅子.png", image), image, "gbrp")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.png", b"", "0 bytes"),
        ("text.jpg", b"hello world " * 40, "damaged, or no picture"),
        ("cut.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "damaged, or no picture"),
    ],
)
def test_what_is_no_picture_is_refused_with_advice(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    """One clear message."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DecodeError, match=says) as caught:
        ImageSource(path)
    assert str(path) in caught.value.message
    assert caught.value.advice


def test_a_picture_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    """A hundred bytes that say they are 60,000 × 60,000 pixels."""
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(60000, 60000))
    with pytest.raises(DecodeError, match="refuses") as caught:
        ImageSource(path)
    assert "scale it down" in caught.value.advice


def _png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def test_floating_point_pictures_are_refused_with_advice(tmp_path: Path) -> None:
    """They have no white."""
    path = tmp_path / "light.tif"
    cv2.imwrite(str(path), np.ones((4, 4, 3), np.float32))
    with pytest.raises(DecodeError, match="float32") as caught:
        ImageSource(path)
    assert "16-bit" in caught.value.advice


def test_an_animated_webp_gives_its_first_picture_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """FFmpeg does not decode it; nobody may think that all was done."""
    animation: Any = cv2.Animation()
    animation.frames = [np.full((16, 16, 4), level, np.uint8) for level in (10, 200)]
    animation.durations = np.array([40, 40], np.int32)
    path = tmp_path / "a.webp"
    assert cv2.imwriteanimation(str(path), animation)
    assert np.abs(planes(path)[1][0].astype(int) - 10).max() < 8
    assert "only its first picture" in caplog.text


@pytest.mark.parametrize(
    ("name", "still"),
    [
        *(("a.jpg", True), ("a.JPEG", True), ("a.png", True), ("a.avif", True), ("a.tiff", True)),
        *(("a.gif", False), ("a.mp4", False), ("a.apng", False), ("a", False), (".png", False)),
    ],
)
def test_stills_are_told_by_their_names(name: str, still: bool) -> None:
    """GIF is video."""
    assert is_picture(Path(name)) is still


def test_pictures_come_in_the_order_people_count(tmp_path: Path) -> None:
    """img2 before img10, whatever the case of the letters; nothing else counts."""
    names = ["img10.png", "img2.png", "IMG3.png", "img2b.png", "1.png", "img.png", "img2.jpg"]
    for name in [*names, "notes.txt", ".hidden.png", "clip.mp4"]:
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    found = [path.name for path in pictures_in(tmp_path)]
    assert found == [
        "1.png",
        "img.png",
        "img2.jpg",
        "img2.png",
        "img2b.png",
        "IMG3.png",
        "img10.png",
    ]


def test_a_folder_without_pictures_says_what_it_looks_for(tmp_path: Path) -> None:
    """And a file or nothing is told apart from it."""
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DecodeError, match="no picture") as caught:
        pictures_in(tmp_path)
    assert ".png" in caught.value.advice
    with pytest.raises(DecodeError, match="it is a file"):
        pictures_in(tmp_path / "notes.txt")
    with pytest.raises(SourceNotFound):
        pictures_in(tmp_path / "nothing")


def folder_of(path: Path, images: dict[str, Array | bytes]) -> Path:
    for name, image in images.items():
        if isinstance(image, bytes):
            (path / name).write_bytes(image)
        else:
            save(path / name, image)
    return path


def test_a_folder_of_one_size_is_a_clip(tmp_path: Path) -> None:
    """One picture per tick, in order."""
    images = {f"{index}.png": noise(12, 20, 3, seed=index) for index in (1, 2, 10)}
    source = FolderSource(folder_of(tmp_path, dict(images)), rate=Fraction(12), corrupt_limit=0)
    frames = list(source.frames())
    source.close()
    assert source.format.time_base == Fraction(1, 12)
    assert [(frame.pts, frame.duration) for frame in frames] == [(0, 1), (1, 1), (2, 1)]
    for frame, image in zip(frames, images.values(), strict=True):
        np.testing.assert_array_equal(frame.planes[2], image[..., 2])


def test_a_picture_of_another_size_is_an_error_with_advice(tmp_path: Path) -> None:
    """A clip has one size; product photographs go to a folder instead."""
    folder_of(tmp_path, {"1.png": noise(12, 20, 3), "2.png": noise(12, 22, 3)})
    source = FolderSource(tmp_path, rate=Fraction(1), corrupt_limit=5)
    frames = source.frames()
    next(frames)
    with pytest.raises(DecodeError, match="22×12") as caught:
        next(frames)
    source.close()
    assert "folder as the output" in caught.value.advice


@pytest.mark.parametrize("first", [0, 1])
def test_unreadable_pictures_leave_a_gap_and_are_counted(tmp_path: Path, first: int) -> None:
    """Those after them keep their place in time; also where the very first is damaged."""
    images: dict[str, Array | bytes] = {f"{i}.png": noise(12, 20, 3, seed=i) for i in range(4)}
    images[f"{first}.png"] = b"damaged"
    source = FolderSource(folder_of(tmp_path, images), rate=Fraction(1), corrupt_limit=1)
    pts = [frame.pts for frame in source.frames()]
    source.close()
    assert pts == [index for index in range(4) if index != first]
    assert source.skipped == 1


def test_more_unreadable_pictures_than_allowed_are_an_error(tmp_path: Path) -> None:
    """The last of them is named."""
    folder_of(tmp_path, {"1.png": noise(12, 20, 3), "2.png": b"x", "3.png": b"x"})
    source = FolderSource(tmp_path, rate=Fraction(1), corrupt_limit=1)
    frames = source.frames()
    next(frames)
    with pytest.raises(DecodeError, match=r"3\.png") as caught:
        next(frames)
    source.close()
    assert "corrupt_limit" in caught.value.advice


def test_pictures_of_another_layout_are_brought_to_the_first_ones(tmp_path: Path) -> None:
    """Depth is scaled so that white stays white; alpha is dropped, or opaque."""
    deep = np.full((12, 20, 3), 65535, np.uint16)
    clear = np.full((12, 20, 4), 255, np.uint8)
    clear[..., 3] = 200
    for name, first, second in (("gbrap", clear, deep), ("gbrp16le", deep, clear)):
        folder = tmp_path / name
        folder.mkdir()
        folder_of(folder, {"1.png": first, "2.png": second, "3.png": noise(12, 20)})
        source = FolderSource(folder, rate=Fraction(1), corrupt_limit=0)
        frames = list(source.frames())
        source.close()
        assert {frame.format.pixels.name for frame in frames} == {name}
        white = frames[1].planes[0]
        assert np.all(white == frames[1].format.pixels.peak)
        alphas = [int(plane.min()) for frame in frames for plane in frame.planes[3:]]
        assert alphas == ([200, 255, 255] if name == "gbrap" else [])
