"""One picture file as planar RGB, upright, with its alpha and its depth: what OpenCV decodes.

Files and arrays only; the doors that give pictures as frames live in ``images``. Any thread.
"""

from __future__ import annotations

import logging
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.colour import MATRIX_RGB, PRIMARIES_BT709, TRANSFER_SRGB, Colour, Plane, Planes, Range
from mattebox.errors import DecodeError
from mattebox.pixels import PixelFormat, pixel_format
from mattebox.sources.lookup import require_file
from mattebox.sources.orientation import UPRIGHT, Orientation, from_exif

log = logging.getLogger(__name__)

# What picture samples mean where nothing says otherwise; embedded ICC profiles are not applied.
PICTURE_COLOUR = Colour(MATRIX_RGB, PRIMARIES_BT709, TRANSFER_SRGB, Range.FULL)

_ENDIAN = "le" if sys.byteorder == "little" else "be"
_EXIF_ORIENTATION = 0x0112  # Exif 2.32, 4.6.4


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded picture.

    Attributes:
        planes: contiguous uint8 or uint16 (height, width): G, B, R and, in a layout with alpha,
            straight alpha.
        pixels: their layout: gbrp or gbrap of 8, 10, 12 or 16 bits.
    """

    planes: Planes
    pixels: PixelFormat

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        height, width = self.planes[0].shape
        return width, height


def read_picture(path: Path) -> Picture:
    """Decode a picture; Exif orientation is honoured, gray becomes RGB, depth and alpha stay.

    Raises:
        SourceNotFound: there is no such file.
        DecodeError: it is no picture that OpenCV decodes, or one that is unreasonably large.
    """
    require_file(path)
    data = _read(path)
    image, kinds, metadata = _decode(data, path)
    exif = [bytes(blob.ravel()) for kind, blob in zip(kinds, metadata, strict=True) if not kind]
    pixels = _layout(image, data, path)
    planes = _orientation(exif).turn(_split(image), pixels)
    if _is_animated_webp(data):
        log.warning("%s is an animation: only its first picture is read.", path)
    return Picture(planes, pixels)


def _read(path: Path) -> npt.NDArray[np.uint8]:
    # cv2.imread takes no path outside the system's code page on Windows.
    try:
        return np.fromfile(path, np.uint8)
    except OSError as error:
        raise DecodeError(
            f"cannot read {path}: {error.strerror}.", "Check its permissions."
        ) from error


def _decode(data: npt.NDArray[np.uint8], path: Path) -> tuple[Any, Any, Any]:
    """(image, kinds of metadata, metadata), as OpenCV gives them."""
    try:
        # Unchanged: anything else would drop alpha and depth. It leaves Exif orientation to us.
        image, kinds, metadata = cv2.imdecodeWithMetadata(data, flags=cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise DecodeError(
            f"cannot decode {path}: OpenCV refuses it ({error.err or error.msg}).",
            "Pictures may have at most 2^30 pixels: scale it down first.",
        ) from error
    if image is None:
        raise DecodeError(
            f"cannot decode {path}: it is damaged, or no picture that OpenCV knows.",
            "It takes JPEG, PNG, WebP, TIFF, BMP and AVIF.",
        )
    return image, kinds, metadata


def _layout(image: npt.NDArray[Any], data: npt.NDArray[np.uint8], path: Path) -> PixelFormat:
    if image.dtype not in (np.uint8, np.uint16):
        raise DecodeError(
            f"cannot use {path}: its samples are {image.dtype}; 8 and 16 bit integers are taken.",
            "Save it as a 16-bit PNG or TIFF.",
        )
    has_alpha = image.ndim == 3 and image.shape[2] == 4
    depth = 8 if image.dtype == np.uint8 else _avif_depth(data) or 16
    stem = "gbrap" if has_alpha else "gbrp"
    return pixel_format(stem if depth == 8 else f"{stem}{depth}{_ENDIAN}")


def _split(image: npt.NDArray[Any]) -> tuple[Plane, ...]:
    """OpenCV's gray, BGR or BGRA as contiguous G, B, R and alpha planes."""
    if image.ndim == 2:
        return (image, image, image)
    blue, green, red, *alpha = cv2.split(image)
    return (green, blue, red, *alpha)


def _orientation(exif: list[bytes]) -> Orientation:
    return from_exif(_exif_orientation(exif[0])) if exif else UPRIGHT


def _exif_orientation(exif: bytes) -> int:
    """The orientation tag of the first directory; 1 where there is none, or nothing but noise."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for index in range(count):
            entry = start + 2 + 12 * index
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, entry)
            if tag == _EXIF_ORIENTATION:
                return int(value)
    except struct.error:
        log.debug("damaged Exif data")
    return 1


def _avif_depth(data: npt.NDArray[np.uint8]) -> int | None:
    """Bits per sample of an AVIF picture, which OpenCV does not scale to 16; None for the rest.

    Source: AV1 Codec ISO Media File Format Binding, 2.3.3 (av1C), 3rd byte: bit 6 says more than
    8, bit 5 says 12.
    """
    head = data[: 1 << 16].tobytes()
    at = head.find(b"av1C")
    if head[4:8] != b"ftyp" or at < 0 or at + 6 >= len(head):
        return None
    return 12 if head[at + 6] & 0x20 else 10


def _is_animated_webp(data: npt.NDArray[np.uint8]) -> bool:
    """Source: WebP Container Specification, extended file format: bit 1 of the VP8X flags."""
    head = data[:21].tobytes()
    return head[8:16] == b"WEBPVP8X" and bool(head[20] & 0x02)
