"""What comes in is counted, measured, decoded and encoded again, or refused with nothing left."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from bombs import bomb
from mattebox.apps.studio import gallery as gallery_module
from mattebox.apps.studio.gallery import MOST_PIXELS, Gallery
from mattebox.apps.studio.headers import picture_size
from mattebox.apps.studio.uploads import harmless, harmless_suffix, receive
from mattebox.errors import DecodeError, MatteboxError, SourceError, SourceNotFound
from places import SAMPLES


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery(tmp_path / "own", SAMPLES / "backdrops")


def picture(path: Path, width: int = 40, height: int = 20, channels: int = 3) -> Path:
    plane = np.full((height, width, channels), 90, np.uint8)
    assert cv2.imwrite(str(path), plane)
    return path


async def pieces(count: int, size: int = 1000) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_picture_is_measured_by_its_header(tmp_path: Path, suffix: str) -> None:
    assert picture_size(picture(tmp_path / f"a{suffix}", 313, 207)) == (313, 207)


def test_a_webp_without_loss_is_measured_too(tmp_path: Path) -> None:
    path = tmp_path / "a.webp"
    cv2.imwrite(str(path), np.zeros((207, 313, 4), np.uint8), [cv2.IMWRITE_WEBP_QUALITY, 101])
    assert picture_size(path) == (313, 207)


def test_photographs_are_measured_behind_their_metadata() -> None:
    found = picture_size(SAMPLES / "thing.jpg")
    read = cv2.imread(str(SAMPLES / "thing.jpg"))
    assert read is not None
    assert found == (read.shape[1], read.shape[0])


def test_a_picture_is_encoded_again(gallery: Gallery, tmp_path: Path) -> None:
    """What was hidden behind its pixels is gone."""
    upload = picture(tmp_path / "up.png")
    upload.write_bytes(upload.read_bytes() + b"<script>hidden</script>")
    entry = gallery.add(upload, "my photo.png")
    assert entry.path.name == "my photo.jpg"
    assert b"hidden" not in entry.path.read_bytes()
    assert entry in gallery.entries()


def test_alpha_stays(gallery: Gallery, tmp_path: Path) -> None:
    entry = gallery.add(picture(tmp_path / "up.png", channels=4), "a.png")
    read = cv2.imread(str(entry.path), cv2.IMREAD_UNCHANGED)
    assert read is not None
    assert read.shape == (20, 40, 4)


def test_a_name_that_is_taken_hides_nothing(gallery: Gallery, tmp_path: Path) -> None:
    upload = picture(tmp_path / "up.png")
    first, second = (gallery.add(upload, "a.png") for _ in range(2))
    assert first.path != second.path
    assert first.path.exists()


def test_a_bomb_is_refused_before_it_is_decoded(gallery: Gallery, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="50000×50000"):
        gallery.add(bomb(tmp_path / "bomb.png"), "bomb.png")
    assert not any(entry.is_own for entry in gallery.entries())


def test_the_limit_is_in_pixels_and_not_in_sides(gallery: Gallery, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="megapixels"):
        gallery.add(bomb(tmp_path / "bomb.png", MOST_PIXELS + 1, 1), "bomb.png")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0\x00\x10",
        b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x10\x00\x10",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        b"GIF89a\x10\x00\x10\x00",
    ],
)
def test_what_is_broken_is_refused_and_leaves_nothing(
    gallery: Gallery, tmp_path: Path, data: bytes
) -> None:
    upload = tmp_path / "broken.jpg"
    upload.write_bytes(data)
    with pytest.raises(DecodeError):
        gallery.add(upload, "broken.jpg")
    assert [*(tmp_path / "own").iterdir()] == []


def test_a_picture_that_is_cut_off_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    whole = picture(tmp_path / "whole.png", 400, 400).read_bytes()
    upload = tmp_path / "cut.png"
    upload.write_bytes(whole[: len(whole) // 3])
    with pytest.raises(DecodeError):
        gallery.add(upload, "cut.png")


def jpeg(width: int, height: int, before: bytes = b"") -> bytes:
    """A JPEG of a flat 64×64 picture that says another size, with segments before it."""
    whole = bytearray(cv2.imencode(".jpg", np.full((64, 64), 128, np.uint8))[1].tobytes())
    struct.pack_into(">HH", whole, whole.index(b"\xff\xc0") + 5, height, width)
    return bytes(whole[:2]) + before + bytes(whole[2:])


@pytest.mark.parametrize("kind", [0x00, 0x01, 0x02, 0xD0, 0xD8, 0xD9, 0xDA, 0xC8, 0xF0])
def test_a_size_behind_what_decoders_skip_otherwise_is_not_believed(
    gallery: Gallery, tmp_path: Path, kind: int
) -> None:
    """Skipped by its length, it hides a large picture; a decoder would not skip it so."""
    hidden, shown = jpeg(12_000, 12_000)[2:-2], jpeg(64, 64)[2:]
    before = bytes([0xFF, kind]) + struct.pack(">H", 2 + len(hidden))
    upload = tmp_path / "two.jpg"
    upload.write_bytes(b"\xff\xd8" + before + hidden + shown)
    with pytest.raises(DecodeError):
        picture_size(upload)
    with pytest.raises(MatteboxError):
        gallery.add(upload, "two.jpg")


def test_fill_bytes_and_every_kind_of_segment_are_gone_over(tmp_path: Path) -> None:
    """ITU-T T.81, B.1.1.2: any marker may have more 0xFF before it."""
    path = tmp_path / "a.jpg"
    segments = b"".join(
        b"\xff\xff\xff" + bytes([kind]) + b"\0\x06abcd" for kind in (*range(0xE0, 0xF0), 0xFE)
    )
    path.write_bytes(jpeg(313, 207, segments + b"\xff\xff"))
    assert picture_size(path) == (313, 207)


def test_what_a_header_hid_is_measured_when_it_is_decoded(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else our reading of a header may miss."""
    monkeypatch.setattr(gallery_module, "picture_size", lambda _path: (1, 1))
    monkeypatch.setattr(gallery_module, "MOST_PIXELS", 100)
    with pytest.raises(SourceError, match="40×20"):
        gallery.add(picture(tmp_path / "a.png"), "a.png")
    assert [*(tmp_path / "own").iterdir()] == []


def test_a_name_that_is_taken_meanwhile_is_not_taken_away(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that arrive at once: whether a name is free is not asked first and believed."""
    first = gallery.add(picture(tmp_path / "up.png"), "a.png").path.read_bytes()
    there = Path.exists
    monkeypatch.setattr(Path, "exists", lambda path: path.parent.name != "own" and there(path))
    gallery.add(picture(tmp_path / "other.png", 80, 80), "a.png")
    made = sorted(path.name for path in (tmp_path / "own").iterdir())
    assert made == ["a 2.jpg", "a.jpg"]
    assert (tmp_path / "own" / "a.jpg").read_bytes() == first


@pytest.mark.slow
def test_a_video_is_encoded_again_and_has_a_thumbnail(gallery: Gallery) -> None:
    entry = gallery.add(SAMPLES / "backdrops" / "bokeh.mp4", "loop.mov")
    assert entry.path.name == "loop.mp4"
    assert gallery.thumbnail(entry.key)[:2] == b"\xff\xd8"


def test_a_broken_video_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    upload = tmp_path / "broken.mp4"
    upload.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(1000))
    with pytest.raises(DecodeError):
        gallery.add(upload, "broken.mp4")
    assert [*(tmp_path / "own").iterdir()] == []


def test_only_the_users_own_can_be_removed(gallery: Gallery, tmp_path: Path) -> None:
    own = gallery.add(picture(tmp_path / "up.png"), "a.png")
    shipped = next(entry for entry in gallery.entries() if not entry.is_own)
    gallery.remove(own.key)
    gallery.remove(shipped.key)
    assert not own.path.exists()
    assert shipped.path.exists()
    with pytest.raises(SourceNotFound):
        gallery.thumbnail(own.key)


def test_a_body_without_end_is_broken_off_at_the_limit(tmp_path: Path) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while given < 1_000_000:  # for the day it is not broken off
            given += 1000
            yield b"x" * 1000

    with pytest.raises(SourceError, match="larger than"):
        asyncio.run(receive(endless(), tmp_path / "in", ".png", 10_000))
    assert given <= 11_000
    assert [*(tmp_path / "in").iterdir()] == []


def test_what_is_within_the_limit_is_kept_to_the_byte(tmp_path: Path) -> None:
    path = asyncio.run(receive(pieces(10), tmp_path / "in", ".png", 10_000))
    assert path.stat().st_size == 10_000


def test_an_empty_body_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="empty"):
        asyncio.run(receive(pieces(0), tmp_path / "in", ".png", 10))
    assert [*(tmp_path / "in").iterdir()] == []


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("../../etc/passwd.png", "passwd"),
        ("..\\..\\boot.ini", "boot"),
        ("/abs/olute.jpg", "olute"),
        ("Zürich am See.jpg", "Zürich am See"),
        ("a\0b<c>|d.png", "a-b-c-d"),
        (".hidden", "hidden"),
        ("...", "otherwise"),
        ("", "otherwise"),
        ("con.png", "con-"),
        ("x" * 500 + ".png", "x" * 80),
    ],
)
def test_names_are_made_harmless(name: str, made: str) -> None:
    assert harmless(name, "otherwise") == made


@pytest.mark.parametrize(
    ("name", "suffix"), [("a.PNG", ".png"), ("a.tar.gz", ".gz"), ("a", ""), ("a.p/ng", "")]
)
def test_suffixes_are_letters_and_digits(name: str, suffix: str) -> None:
    assert harmless_suffix(name) == suffix
