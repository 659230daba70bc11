"""A picture from a file behind everything.

Read, fitted and converted once, in ``open``; colour profiles (ICC) are not applied: pictures are
taken as sRGB. Called on the caller's thread.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.anchor import Anchor
from mattebox.backdrops.fit import Fit, place
from mattebox.colour import Planes, planes_from_rgb
from mattebox.errors import DecodeError, SourceError, SourceNotFound
from mattebox.frame import Matte, VideoFormat

_log = logging.getLogger(__name__)


class StillBackdrop:
    """A picture from a file.

    Args:
        path: any picture OpenCV reads, of 8 or 16 bits; its EXIF orientation is honoured, and what
            is transparent in it is laid over black.
        fit, anchor: see ``fit.placement``.
    """

    def __init__(self, path: Path, *, fit: Fit, anchor: Anchor) -> None:
        self._path = path
        self._fit: Fit = fit
        self._anchor: Anchor = anchor
        self._planes: Planes = ()

    def open(self, format: VideoFormat) -> None:
        """Read the picture and make the planes, once.

        Raises:
            SourceNotFound: there is no such file.
            DecodeError: it is not a picture.
        """
        rgb = place(
            read_picture(self._path),
            (format.height, format.width),
            self._fit,
            self._anchor,
            sample_aspect=format.sample_aspect,
        )
        planes = planes_from_rgb(rgb, format.pixels, format.colour)
        self._planes = planes[: format.pixels.colour_planes]

    def render(self, matte: Matte) -> Planes:
        """The planes made in ``open``; read-only."""
        return self._planes

    def close(self) -> None:
        """Nothing to release but the planes."""
        self._planes = ()


def read_picture(path: Path) -> npt.NDArray[Any]:
    """An upright picture: uint8, uint16 or float32 (height, width, 3) RGB, laid over black.

    Raises:
        SourceNotFound: there is no such file.
        DecodeError: it is not a picture.
        SourceError: it may not be read.
    """
    content = _read_bytes(path)
    if _is_animated(content):
        _log.warning("the backdrop %s is animated: only its first picture is shown", path)
    data = np.frombuffer(content, np.uint8)
    # IMREAD_UNCHANGED alone keeps alpha, but it ignores the orientation: so, twice.
    picture = _decode(path, data, cv2.IMREAD_UNCHANGED)
    if picture.ndim == 3 and picture.shape[2] == 4:
        picture = _over_black(picture, path)
    else:
        picture = _decode(path, data, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if picture.dtype not in (np.uint8, np.uint16):
        picture = picture.astype(np.float32)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise SourceNotFound(
            f"cannot read the backdrop {path}: there is no such file.",
            "Check the path, or take a colour or `blur` as backdrop.",
        ) from error
    except OSError as error:
        if path.is_dir():
            raise DecodeError(
                f"cannot read the backdrop {path}: it is a folder, and not a picture.",
                "Take a picture in it, a video, a colour or `blur`.",
            ) from error
        raise SourceError(
            f"cannot read the backdrop {path}: {error.strerror}.", "Check its permissions."
        ) from error


def _is_animated(content: bytes) -> bool:
    """Whether it is a WebP or PNG file with more than one picture.

    Source: RFC 9649, section 2.7 (the A flag of VP8X); PNG, third edition, 11.3.6.1 (acTL).
    """
    if content[:4] == b"RIFF" and content[8:16] == b"WEBPVP8X":
        return bool(content[20:21] and content[20] & 2)
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        return content.find(b"acTL", 0, max(0, content.find(b"IDAT"))) >= 0
    return False


def _decode(path: Path, data: npt.NDArray[np.uint8], flags: int) -> npt.NDArray[Any]:
    try:
        picture = cv2.imdecode(data, flags) if data.size else None
    except cv2.error as error:
        raise _not_a_picture(path, data.size) from error
    if picture is None:
        raise _not_a_picture(path, data.size)
    return np.asarray(picture)


def _not_a_picture(path: Path, size: int) -> DecodeError:
    return DecodeError(
        f"cannot read the backdrop {path}: its {size} bytes are not a picture that OpenCV "
        f"{cv2.__version__} reads (JPEG, PNG, WebP, TIFF, BMP and others).",
        "Save it as PNG or JPEG.",
    )


def _over_black(picture: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    """(h, w, 4) of straight alpha to (h, w, 3), same dtype."""
    colour, alpha = picture[..., :3], picture[..., 3:]
    peak = 1.0 if picture.dtype.kind == "f" else float(np.iinfo(picture.dtype).max)
    if alpha.min() == peak:
        return colour.copy()
    _log.warning("the backdrop %s is partly transparent: it is laid over black", path)
    laid = colour * (alpha / np.float32(peak))
    return laid.astype(picture.dtype) if peak == 1.0 else np.rint(laid).astype(picture.dtype)
