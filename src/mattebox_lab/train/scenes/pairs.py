"""Sets of pairs, a picture and its alpha each, from tar shards and folders.

A shard or a folder holds ``KEY.img.webp`` (or png, jpg) and ``KEY.mask.png`` (or webp, jpg). A
picture without a mask is a room with nobody in it. Nothing is unpacked and nothing is kept: a set
remembers where in a file each member's bytes are, and opens that file for each read, so that a set
works the same in a data loader's workers, forked or spawned.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.errors import DecodeError, SourceNotFound
from mattebox_lab.train.scenes.arrays import Picture, Share, as_share

PICTURE_MARK = ".img."
MASK_MARK = ".mask."
SUFFIXES = {"webp", "png", "jpg", "jpeg"}


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """A picture with its alpha.

    Attributes:
        key: its name within the set.
        picture: uint8 (height, width, 3) RGB.
        alpha: float32 (height, width) in [0, 1]; None where there is no mask: nobody is there.
        soft: whether the alpha knows partial pixels: at least a line of them around the subject.
    """

    key: str
    picture: Picture
    alpha: Share | None
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where the bytes of one picture are: a whole file, or a part of a shard."""

    path: Path
    name: str
    offset: int
    length: int

    def read(self) -> bytes:
        """The bytes as they are stored.

        Raises:
            SourceNotFound: the file has gone since the set was made.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                return file.read(self.length)
        except OSError as error:
            raise SourceNotFound(
                f"cannot read {self.name} of {self.path}: {error.strerror}.",
                "Put the file back, or start again without it.",
            ) from error


@dataclass(frozen=True, slots=True)
class Entry:
    """A key's picture and mask, unread."""

    picture: Stretch
    mask: Stretch | None


class PairSet:
    """Pairs of one kind, in the order of their keys.

    Args:
        name: what a recipe calls the set.
        paths: shards (.tar, not compressed) and folders; together they form one set.

    Attributes:
        keys: the keys, sorted.

    Raises:
        SourceNotFound: no file or folder at a path.
        DecodeError: a shard is damaged, holds no pictures, or repeats a key of another one.
    """

    def __init__(self, name: str, paths: Sequence[Path]) -> None:
        self.name = name
        self._entries: dict[str, Entry] = {}
        for path in paths:
            self._add(path)
        self.keys = sorted(self._entries)

    def _add(self, path: Path) -> None:
        entries = _entries(path)
        repeated = sorted(entries.keys() & self._entries.keys())
        if repeated:
            other = self._entries[repeated[0]].picture.path
            raise DecodeError(
                f"cannot add {path} to the set {self.name}: its key {repeated[0]} is also in "
                f"{other}; a set holds each key once.",
                "Make two sets of them, or rename the members.",
            )
        self._entries.update(entries)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def has_masks(self) -> bool:
        """Whether any picture has one: without, all of the set means that nobody is there."""
        return any(entry.mask is not None for entry in self._entries.values())

    def __getitem__(self, index: int) -> Pair:
        """Read and decode one pair.

        Raises:
            DecodeError: the bytes are no picture.
            SourceNotFound: the file has gone.
        """
        key = self.keys[index]
        entry = self._entries[key]
        picture = _decoded(entry.picture, cv2.IMREAD_COLOR_RGB)
        if entry.mask is None:
            return Pair(key, picture, None)
        mask = _decoded(entry.mask, cv2.IMREAD_GRAYSCALE)
        return Pair(key, picture, as_share(_fitted(mask, picture)), _is_soft(mask))

    def __repr__(self) -> str:
        return f"PairSet({self.name}, {len(self)} pairs)"


def _entries(path: Path) -> dict[str, Entry]:
    if not path.exists():
        beside = sorted(other.name for other in path.parent.glob("*.tar"))
        raise SourceNotFound(
            f"no shard or folder {path}. The shards beside it: {', '.join(beside) or 'none'}.",
            "Correct the path in the recipe.",
        )
    stretches = list(_files(path) if path.is_dir() else _members(path))
    pictures = _by_key(stretches, PICTURE_MARK)
    if not pictures:
        raise DecodeError(
            f"no pictures in {path}: it holds {len(stretches)} files, none of them named "
            f"KEY{PICTURE_MARK}webp, .png or .jpg.",
            f"Name pictures KEY{PICTURE_MARK}webp and their masks KEY{MASK_MARK}png.",
        )
    masks = _by_key(stretches, MASK_MARK)
    return {key: Entry(picture, masks.get(key)) for key, picture in pictures.items()}


def _files(folder: Path) -> Iterator[Stretch]:
    for path in folder.iterdir():
        if path.is_file():
            yield Stretch(path, path.name, 0, path.stat().st_size)


def _members(path: Path) -> Iterator[Stretch]:
    try:
        # "r:" refuses compressed tars: their members have no place of their own in the file.
        with tarfile.open(path, "r:") as tar:
            for member in tar:
                if member.isfile():
                    yield Stretch(path, member.name, member.offset_data, member.size)
    except (tarfile.TarError, OSError) as error:
        raise DecodeError(
            f"cannot read the shard {path}: {error}. It has to be a tar file, not compressed.",
            "Make it with `tar cf`, without z or j.",
        ) from error


def _by_key(stretches: Sequence[Stretch], mark: str) -> dict[str, Stretch]:
    found = {}
    for stretch in stretches:
        key, separator, suffix = stretch.name.removeprefix("./").rpartition(mark)
        if separator and suffix.lower() in SUFFIXES:
            found[key] = stretch
    return found


def _decoded(stretch: Stretch, flags: int) -> npt.NDArray[np.uint8]:
    data = np.frombuffer(stretch.read(), np.uint8)
    # imdecode raises on an empty buffer and gives None for anything else that is no picture.
    picture = cv2.imdecode(data, flags) if data.size else None
    if picture is None:
        raise DecodeError(
            f"cannot decode {stretch.name} of {stretch.path}: its {data.size} bytes are no webp, "
            "png or jpg.",
            "Take it out of the set, or copy the file again.",
        )
    return np.asarray(picture, np.uint8)


def _fitted(mask: npt.NDArray[np.uint8], picture: Picture) -> npt.NDArray[np.uint8]:
    height, width, _ = picture.shape
    if mask.shape == (height, width):
        return mask
    shrinks = mask.shape[0] > height
    filter = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(mask, (width, height), interpolation=filter), np.uint8)


def _is_soft(mask: npt.NDArray[np.uint8]) -> bool:
    partial = np.count_nonzero((mask > 20) & (mask < 235))
    # A disc's outline is 3.5 times the root of its area; a binary mask has no partial pixels.
    return bool(partial > np.sqrt(np.count_nonzero(mask > 127)))
