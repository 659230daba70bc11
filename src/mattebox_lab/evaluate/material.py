"""Pictures with a true alpha, from folders of clips and from shards of stills.

A folder of material holds ``truth/NAME.mp4`` with ``truth/NAME.alpha.mkv`` (gray) and
``train/dev-*.tar`` with ``KEY.img.*`` and ``KEY.mask.*``.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import pixel_format
from mattebox.sources.file import FileSource


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
    alpha: npt.NDArray[np.float32]


def clip(video: Path, every: int) -> Iterator[Example]:
    """Every so many-th frame of a clip whose alpha lies beside it."""
    source = FileSource(video, corrupt_limit=0)
    with av.open(str(video.with_suffix(".alpha.mkv"))) as container:
        alphas = (frame.to_ndarray(format="gray") for frame in container.decode(video=0))
        for number, (frame, alpha) in enumerate(zip(source.frames(), alphas, strict=False)):
            if number % every == 0:
                yield Example(video.stem, frame, _as_share(alpha))
    source.close()


def shard(path: Path, at_most: int) -> Iterator[Example]:
    """The first stills of a tar of pairs."""
    with tarfile.open(path) as tar:
        files = {member.name: member for member in tar}
        names = sorted(name for name in files if ".img." in name)[:at_most]
        for name in names:
            key = name.partition(".img.")[0]
            mask = next(other for other in files if other.startswith(f"{key}.mask."))
            picture = _decoded(tar, files[name], cv2.IMREAD_COLOR)
            alpha = _decoded(tar, files[mask], cv2.IMREAD_GRAYSCALE)
            alpha = cv2.resize(alpha, picture.shape[1::-1], interpolation=cv2.INTER_AREA)
            set_name = path.name.rpartition("-")[0]
            yield Example(set_name, _frame(picture), _as_share(alpha))


def _as_share(alpha: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return alpha.astype(np.float32) / np.float32(255)


def _decoded(tar: tarfile.TarFile, member: tarfile.TarInfo, flags: int) -> npt.NDArray[Any]:
    file = tar.extractfile(member)
    assert file is not None, f"{member.name} is no file"
    picture = cv2.imdecode(np.frombuffer(file.read(), np.uint8), flags)
    assert picture is not None, f"{member.name} is no picture"
    return picture


def _frame(bgr: npt.NDArray[Any]) -> Frame:
    height, width, _ = bgr.shape
    blue, green, red = cv2.split(bgr)
    format = VideoFormat(width, height, pixel_format("gbrp"), Fraction(1, 1000))
    return Frame((green, blue, red), format, pts=0)
