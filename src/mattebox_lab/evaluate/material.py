"""Pictures and their true alpha, from clips and from shards of stills.

A folder of material holds ``NAME.mp4`` or ``truth/NAME.mp4`` with ``NAME.alpha.mkv`` (gray) beside
it, ``clips/*.mp4`` (no truth) and ``train/dev-*.tar`` with ``KEY.img.*`` and ``KEY.mask.*``; a
still without a mask is one of nothing. What a folder's sets are, and which frames of them count, is
in ``sets.py``.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
import cv2
import numpy as np
import numpy.typing as npt

from mattebox.errors import DecodeError
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import pixel_format
from mattebox.sources.file import FileSource

Alpha: TypeAlias = npt.NDArray[np.float32]  # (height, width) in [0, 1]

_SHARD_NUMBER = re.compile(r"-\d+$")


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A frame and its true alpha.

    Attributes:
        set: where it is from, for the table.
        frame: the picture.
        alpha: float32 (height, width) in [0, 1].
    """

    set: str
    frame: Frame
    alpha: Alpha


def clip(video: Path, every: int) -> Iterator[Example]:
    """Every so many-th frame of a clip whose alpha lies beside it."""
    pairs = zip(frames(video), alphas(alpha_beside(video)), strict=False)
    for number, (frame, alpha) in enumerate(pairs):
        if number % every == 0:
            yield Example(video.stem, frame, alpha)


def shard(path: Path, at_most: int | None = None) -> Iterator[Example]:
    """The first stills of a tar of pairs, or all of them; alpha is 0 where there is no mask.

    Raises:
        DecodeError: the tar or a picture in it cannot be read.
    """
    try:
        with tarfile.open(path) as tar:
            files = {member.name: member for member in tar}
            if not any(".img." in name for name in files):
                raise DecodeError(
                    f"there are no pictures in {path}.", "Pack them as KEY.img.png and so on."
                )
            for name in sorted(each for each in files if ".img." in each)[:at_most]:
                yield Example(shard_set(path), *_still(tar, files, name))
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DecodeError(f"cannot read {path} as a tar: {error}.", "Make it again.") from error


def shard_set(path: Path) -> str:
    """The set that a tar belongs to: its name without its number."""
    return _SHARD_NUMBER.sub("", path.stem)


def alpha_beside(video: Path) -> Path:
    """Where the true alpha of a clip lies."""
    return video.with_suffix(".alpha.mkv")


def frames(video: Path) -> Iterator[Frame]:
    """Every frame of a clip, as the product reads it.

    Raises:
        SourceError: it is not there, or damaged.
    """
    with closing(FileSource(video, corrupt_limit=0)) as source:
        yield from source.frames()


def alphas(path: Path) -> Iterator[Alpha]:
    """Every frame of a gray video, as shares.

    Raises:
        DecodeError: it cannot be read.
    """
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield _as_share(frame.to_ndarray(format="gray"))
    except (av.FFmpegError, IndexError) as error:
        raise DecodeError(
            f"cannot read the truth {path}: {error}.", "It has to be a gray video."
        ) from error


def at_lines(frame: Frame, lines: int | None) -> Frame:
    """The same picture scaled to so many lines, its shape kept to within two pixels.

    Args:
        frame: not changed.
        lines: an even number; None gives the frame itself.
    """
    size = _size_at(frame.format.height, frame.format.width, lines)
    if size == (frame.format.height, frame.format.width):
        return frame
    format = replace(frame.format, height=size[0], width=size[1])
    shapes = format.plane_shapes
    planes = tuple(map(_resized, frame.planes, shapes))
    return replace(frame, planes=planes, format=format)


def alpha_at_lines(alpha: Alpha, lines: int | None) -> Alpha:
    """The truth of ``at_lines``."""
    size = _size_at(alpha.shape[0], alpha.shape[1], lines)
    return alpha if alpha.shape == size else np.clip(_resized(alpha, size), 0, 1)


def set_back(frame: Frame, share: float) -> Frame:
    """The same picture so much smaller, in the middle of its own mirror image.

    Args:
        frame: not changed.
        share: of its width and height, in (0, 1]; 1 is the frame itself.
    """
    if share == 1:
        return frame
    planes = tuple(_set_back(plane, share, cv2.BORDER_REFLECT_101) for plane in frame.planes)
    return replace(frame, planes=planes)


def alpha_set_back(alpha: Alpha, share: float) -> Alpha:
    """The truth of ``set_back``: what is mirrored is background."""
    return alpha if share == 1 else _set_back(alpha, share, cv2.BORDER_CONSTANT)


def _size_at(height: int, width: int, lines: int | None) -> tuple[int, int]:
    """(height, width), the width even; as it is where there are as many lines already."""
    if lines is None or lines == height:
        return height, width
    return lines, max(2, round(width * lines / height / 2) * 2)


def _resized(plane: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    """Cubic where it grows, else by area."""
    how = cv2.INTER_CUBIC if size[0] > plane.shape[0] else cv2.INTER_AREA
    return np.asarray(cv2.resize(plane, size[::-1], interpolation=how))


def _set_back(plane: npt.NDArray[Any], share: float, border: int) -> npt.NDArray[Any]:
    height, width = plane.shape
    # Whole pairs of samples, so that chroma stays in step with luma.
    inner_height, inner_width = (max(2, int(side * share) // 2 * 2) for side in (height, width))
    small = cv2.resize(plane, (inner_width, inner_height), interpolation=cv2.INTER_AREA)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    below, right = height - inner_height - top, width - inner_width - left
    return np.asarray(cv2.copyMakeBorder(small, top, below, left, right, border))


def _still(
    tar: tarfile.TarFile, files: dict[str, tarfile.TarInfo], name: str
) -> tuple[Frame, Alpha]:
    picture = _decoded(tar, files[name], cv2.IMREAD_COLOR)
    start = f"{name.partition('.img.')[0]}.mask."
    mask = next((other for other in files if other.startswith(start)), None)
    if mask is None:
        return _frame(picture), np.zeros(picture.shape[:2], np.float32)
    alpha = _decoded(tar, files[mask], cv2.IMREAD_GRAYSCALE)
    alpha = cv2.resize(alpha, picture.shape[1::-1], interpolation=cv2.INTER_AREA)
    return _frame(picture), _as_share(alpha)


def _as_share(alpha: npt.NDArray[Any]) -> Alpha:
    return alpha.astype(np.float32) / np.float32(255)


def _decoded(tar: tarfile.TarFile, member: tarfile.TarInfo, flags: int) -> npt.NDArray[Any]:
    file = tar.extractfile(member)
    data = np.frombuffer(file.read() if file else b"", np.uint8)
    picture = cv2.imdecode(data, flags) if data.size else None
    if picture is None:
        raise DecodeError(
            f"{member.name} in {tar.name!s} is no picture.", "Take it out of the tar."
        )
    return picture


def _frame(bgr: npt.NDArray[Any]) -> Frame:
    height, width, _ = bgr.shape
    blue, green, red = cv2.split(bgr)
    format = VideoFormat(width, height, pixel_format("gbrp"), Fraction(1, 1000))
    return Frame((green, blue, red), format, pts=0)
