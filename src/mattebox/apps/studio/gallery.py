"""Backdrops to choose from: those that are shipped and the user's own, with thumbnails.

What a user adds is measured by its header, decoded, and encoded again before anything else sees it.
No web here; any thread.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.apps.studio.encoding import Encoder
from mattebox.apps.studio.headers import picture_size
from mattebox.apps.studio.uploads import harmless, harmless_suffix
from mattebox.errors import DecodeError, SinkError, SourceError, SourceNotFound
from mattebox.files import in_natural_order, is_picture

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

PICTURE_LIMIT, VIDEO_LIMIT = 25_000_000, 64_000_000
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
VIDEOS = {".mp4", ".mov", ".mkv", ".webm"}

# The largest photo that is taken; kept is what a 4K frame can show.
MOST_PIXELS = 50_000_000
_KEPT_PX = 3840
_MOST_VIDEO_PIXELS = 4096 * 2304
_LONGEST_VIDEO_S = 300.0
_JPEG_QUALITY = 92

# In a checkout; an installed package has none.
_SAMPLES = Path(__file__).resolve().parents[4] / "samples" / "backdrops"
_THUMBNAIL_PX, _THUMBNAILS = 240, 256


@dataclass(frozen=True, slots=True)
class Entry:
    """One backdrop.

    Attributes:
        key: names it to the browser, which never sees a path.
        path: what ``backdrop.source`` becomes.
        is_own: whether the user added it, and may remove it.
    """

    key: str
    path: Path
    is_own: bool

    @property
    def title(self) -> str:
        """For a person."""
        return self.path.stem.replace("-", " ").replace("_", " ")


class Gallery:
    """The backdrops of one user.

    Args:
        own: the folder of the user's; made when it is needed.
        shipped: the folder of those that came along; need not be there.
    """

    def __init__(self, own: Path, shipped: Path | None = None) -> None:
        self._own, self._shipped = own, shipped or _SAMPLES
        self._encoder = Encoder()
        self._thumbnails: OrderedDict[tuple[Path, int], bytes] = OrderedDict()
        self._drawing = threading.Lock()

    def entries(self) -> list[Entry]:
        """All there are now, the user's first, each in natural order."""
        own = [Entry(_key(path), path, is_own=True) for path in _files(self._own)]
        shipped = [Entry(_key(path), path, is_own=False) for path in _files(self._shipped)]
        return own + shipped

    def find(self, key: str) -> Entry:
        """The entry of a key.

        Raises:
            SourceNotFound: there is none, or no longer.
        """
        for entry in self.entries():
            if entry.key == key:
                return entry
        raise SourceNotFound("there is no such backdrop any more.", "Load the page again.")

    def remove(self, key: str) -> None:
        """Delete one of the user's own; shipped ones stay.

        Raises:
            SourceNotFound: there is none.
        """
        entry = self.find(key)
        if entry.is_own:
            entry.path.unlink(missing_ok=True)

    def add(self, upload: Path, name: str) -> Entry:
        """Take an upload in: measure, decode, encode again.

        Args:
            upload: the received file; the caller removes it.
            name: what the browser called it.

        Raises:
            DecodeError: it is damaged or of a kind that is not taken.
            SourceError: it is too large.
            SinkError: it cannot be written.
            PipelineError: the program ends.
        """
        is_video = harmless_suffix(name) in VIDEOS
        try:
            self._own.mkdir(parents=True, exist_ok=True)
            taken = self._taken_video if is_video else self._taken_picture
            return self._named(taken(upload), harmless(name, "backdrop"))
        except OSError as error:
            raise SinkError(
                f"cannot write into {self._own}: {error.strerror}.", "Check its permissions."
            ) from error

    def thumbnail(self, key: str) -> bytes:
        """A JPEG of an entry, about 240 pixels wide.

        Raises:
            SourceNotFound, DecodeError: it is not there, or cannot be read.
        """
        path = self.find(key).path
        place = path, path.stat().st_mtime_ns
        with self._drawing:
            if place not in self._thumbnails:
                self._thumbnails[place] = _thumbnail(path)
                while len(self._thumbnails) > _THUMBNAILS:
                    self._thumbnails.popitem(last=False)
            return self._thumbnails[place]

    def close(self) -> None:
        """End what is being encoded, for good."""
        self._encoder.close()

    def _taken_picture(self, upload: Path) -> Path:
        require_taken_size(*picture_size(upload))
        picture = _decoded(upload)
        # The header was read by us, the picture by OpenCV: they need not agree.
        require_taken_size(picture.shape[1], picture.shape[0])
        suffix, data = _encoded(_within(picture, _KEPT_PX))
        path = _hidden(self._own, suffix)
        path.write_bytes(data)
        return path

    def _taken_video(self, upload: Path) -> Path:
        _require_sane_video(upload)
        path = _hidden(self._own, ".mp4")
        self._encoder.encode(upload, path)
        return path

    def _named(self, path: Path, stem: str) -> Entry:
        """The encoded file under the first free name that begins with ``stem``."""
        target = path.with_name(f"{stem}{path.suffix}")
        number = 2
        while not _moved(path, target):
            target, number = path.with_name(f"{stem} {number}{path.suffix}"), number + 1
        return Entry(_key(target), target, is_own=True)


def upload_limit(name: str) -> int:
    """How many bytes a file of that name may have."""
    return VIDEO_LIMIT if harmless_suffix(name) in VIDEOS else PICTURE_LIMIT


def require_taken_size(width: int, height: int) -> None:
    """Refuse a picture of more pixels than are taken.

    Raises:
        SourceError: it is one.
    """
    if width * height > MOST_PIXELS:
        raise SourceError(
            f"the picture is {width}×{height}: {MOST_PIXELS // 1_000_000} megapixels are the most "
            "that is taken.",
            "Scale it down first.",
        )


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    kinds = PICTURES | VIDEOS
    found = (path for path in folder.iterdir() if path.suffix.lower() in kinds and path.is_file())
    return in_natural_order(path for path in found if not path.name.startswith("."))


def _key(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:16]


def _moved(path: Path, target: Path) -> bool:
    """Whether the name was free; it is ours then, and was nobody else's in between."""
    try:
        os.link(path, target)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if target.exists():
            return False
        path.rename(target)
        return True
    path.unlink()
    return True


def _hidden(folder: Path, suffix: str) -> Path:
    """A name that the gallery does not show."""
    return folder / f".{secrets.token_hex(8)}{suffix}"


def _decoded(path: Path) -> npt.NDArray[np.uint8]:
    """A picture, upright, as uint8 (h, w, 3 or 4) in OpenCV's order."""
    import cv2
    import numpy as np

    from mattebox.sources.picture import read_picture

    try:
        picture = read_picture(path)
    except DecodeError as error:
        raise DecodeError(
            "the picture is damaged, or of a kind that is not taken.",
            "Pictures may be JPEG, PNG or WebP.",
        ) from error
    green, blue, red, *alpha = (
        (plane >> (picture.pixels.depth - 8)).astype(np.uint8) for plane in picture.planes
    )
    return np.asarray(cv2.merge([blue, green, red, *alpha]), np.uint8)


def _encoded(picture: npt.NDArray[np.uint8]) -> tuple[str, bytes]:
    """(suffix, file): PNG where there is alpha, JPEG where there is none."""
    import cv2

    has_alpha = picture.shape[2] == 4
    suffix = ".png" if has_alpha else ".jpg"
    options = [] if has_alpha else [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    done, data = cv2.imencode(suffix, picture, options)
    if not done:
        raise SinkError("OpenCV cannot encode the picture again.")
    return suffix, data.tobytes()


def _within(picture: npt.NDArray[np.uint8], longest: int) -> npt.NDArray[np.uint8]:
    import cv2
    import numpy as np

    height, width = picture.shape[:2]
    if max(height, width) <= longest:
        return picture
    scale = longest / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _require_sane_video(path: Path) -> None:
    """Refuse by what the container says, before anything is decoded."""
    from mattebox.sources.measure import measured_video

    width, height, length_s = measured_video(path)
    if width * height > _MOST_VIDEO_PIXELS:
        raise SourceError(
            f"the video is {width}×{height}: 4096×2304 is the most that is taken.",
            "Scale it down first.",
        )
    if length_s is None or length_s > _LONGEST_VIDEO_S:
        raise SourceError(
            f"the video is longer than {_LONGEST_VIDEO_S / 60:.0f} minutes, or does not say.",
            "Cut a loop out of it.",
        )


def _thumbnail(path: Path) -> bytes:
    import cv2

    from mattebox.sources.measure import first_picture

    picture = _decoded(path) if is_picture(path) else first_picture(path)
    done, data = cv2.imencode(".jpg", _within(picture, _THUMBNAIL_PX)[:, :, :3])
    if not done:
        raise SinkError("OpenCV cannot encode the thumbnail.")
    return data.tobytes()
