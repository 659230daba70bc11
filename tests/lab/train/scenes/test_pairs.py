"""Laws of sets of pairs."""

from __future__ import annotations

import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from mattebox.errors import DecodeError, SourceNotFound
from mattebox_lab.train.scenes.pairs import Pair, PairSet


def packed(folder: Path, shard: Path, mode: str = "w", only: str = "") -> Path:
    """The folder's files as a tar, in an order that is not the keys'."""
    with tarfile.open(shard, mode) as tar:  # type: ignore[call-overload]
        for path in sorted(folder.iterdir(), reverse=True):
            if only in path.name:
                tar.add(path, path.name)
    return shard


def same(one: Pair, other: Pair) -> bool:
    """Whether two pairs are equal in everything."""
    if (one.alpha is None) != (other.alpha is None):
        return False
    alphas = one.alpha is None or np.array_equal(one.alpha, np.asarray(other.alpha))
    return one.key == other.key and alphas and np.array_equal(one.picture, other.picture)


@pytest.mark.parametrize("name", ["people", "rooms"])
def test_a_shard_and_a_folder_give_equal_pairs(folders: Path, tmp_path: Path, name: str) -> None:
    """Packing is no property of the data."""
    folder = PairSet(name, [folders / name])
    shard = PairSet(name, [packed(folders / name, tmp_path / "set.tar")])
    assert folder.keys == shard.keys == sorted(shard.keys)
    assert all(same(folder[i], shard[i]) for i in range(len(folder)))


def test_several_shards_are_one_set(folders: Path, tmp_path: Path) -> None:
    """In the order of the keys, wherever each of them lies."""
    late = packed(folders / "people", tmp_path / "a.tar", only="walk-002")
    early = packed(folders / "people", tmp_path / "b.tar", only="walk-000")
    both = PairSet("people", [late, early])
    assert both.keys == ["walk-000", "walk-002"]
    assert [both[i].key for i in range(2)] == both.keys


def test_a_pair_is_rgb_and_its_alpha_is_a_share(sets: dict[str, PairSet]) -> None:
    """Red people are red, not blue; 255 is 1."""
    pair = sets["people"][0]
    assert pair.picture.dtype == np.uint8
    assert pair.alpha is not None
    assert pair.alpha.dtype == np.float32
    assert pair.alpha.shape == pair.picture.shape[:2]
    assert set(np.unique(pair.alpha)) == {0.0, 1.0}
    red, _, blue = pair.picture[pair.alpha == 1].mean(axis=0)
    assert red > 4 * blue


def test_a_picture_without_a_mask_is_an_empty_room(sets: dict[str, PairSet]) -> None:
    """None, not an alpha of zeros that somebody has to look at to know."""
    assert sets["rooms"][0].alpha is None


def test_a_set_travels_to_another_process(folders: Path, tmp_path: Path) -> None:
    """Data loaders that spawn their workers pickle it; no file may be open in it."""
    shard = PairSet("people", [packed(folders / "people", tmp_path / "set.tar")])
    first = shard[0]
    assert same(pickle.loads(pickle.dumps(shard))[0], first)


def test_a_missing_shard_names_what_is_there(tmp_path: Path) -> None:
    """A misspelt path is corrected by looking at the message."""
    (tmp_path / "people-00.tar").touch()
    with pytest.raises(SourceNotFound, match=r"peopel-00\.tar.*people-00\.tar") as caught:
        PairSet("people", [tmp_path / "peopel-00.tar"])
    assert caught.value.advice


@pytest.mark.parametrize("mode", ["w:gz", "w:xz"])
def test_a_compressed_shard_is_refused(folders: Path, tmp_path: Path, mode: str) -> None:
    """Its members cannot be read by their place in the file."""
    shard = packed(folders / "people", tmp_path / "set.tar", mode)
    with pytest.raises(DecodeError, match="not compressed"):
        PairSet("people", [shard])


def test_a_file_that_is_no_tar_is_refused(tmp_path: Path) -> None:
    """With the path in the message."""
    shard = tmp_path / "noise.tar"
    shard.write_bytes(b"no tar at all" * 100)
    with pytest.raises(DecodeError, match=r"noise\.tar"):
        PairSet("noise", [shard])


def test_a_folder_without_pictures_says_how_they_are_named(tmp_path: Path) -> None:
    """The usual mistake is the name."""
    (tmp_path / "one.png").touch()
    with pytest.raises(DecodeError, match=r"1 files, none of them named KEY\.img") as caught:
        PairSet("people", [tmp_path])
    assert "KEY.mask.png" in caught.value.advice


def test_a_key_twice_is_refused(folders: Path, tmp_path: Path) -> None:
    """Two shards of one set that hold the same pair were mixed up."""
    shard = packed(folders / "people", tmp_path / "again.tar")
    with pytest.raises(DecodeError, match="walk-000 is also in"):
        PairSet("people", [folders / "people", shard])


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_a_damaged_member_is_named_when_it_is_read(tmp_path: Path, content: bytes) -> None:
    """Not a None that crashes three functions later."""
    (tmp_path / "bad.img.png").write_bytes(content)
    pairs = PairSet("people", [tmp_path])
    with pytest.raises(DecodeError, match=r"bad\.img\.png"):
        pairs[0]


def test_a_file_that_has_gone_is_named(tmp_path: Path) -> None:
    """Shards live on disks that are unplugged."""
    path = tmp_path / "one.img.png"
    path.write_bytes(b"soon gone")
    pairs = PairSet("people", [tmp_path])
    path.unlink()
    with pytest.raises(SourceNotFound, match=r"one\.img\.png"):
        pairs[0]
