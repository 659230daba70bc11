"""Frames as encoded still pictures: PNG, WebP, JPEG, TIFF, BMP and AVIF, by OpenCV.

Bytes only: where they are written is ``images``' business. Pure; any thread.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.colour import PRIMARIES_BT2020, rgb_from_planes
from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import Family

Image = npt.NDArray[Any]  # uint8 or uint16 (height, width[, channels]), channels as B, G, R, A

SUFFIXES = (".png", ".webp", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".avif")
_WITH_ALPHA = (".png", ".webp", ".tif", ".tiff", ".avif")
_WITH_16_BITS = (".png", ".tif", ".tiff")

# JPEG's and WebP's own scales at our 0, 75 and 100: 92 and 90 are where both stop showing blocks on
# hair and skin in flat light, and their files begin to grow fast.
_QUALITY = (0, 75, 100)
_JPEG_QUALITY = (20, 92, 100)
_WEBP_QUALITY = (10, 90, 100)

_WEBP_LOSSLESS = 101  # any value above 100, says OpenCV's documentation of IMWRITE_WEBP_QUALITY
_TIFF_LZW = 5  # TIFF 6.0: 5 is LZW


def check_still(name: str, suffix: str, format: VideoFormat) -> None:
    """Refuse a picture format that cannot hold frames of a format.

    Args:
        name: what to call it in the message.
        suffix: of the file, with its dot.
        format: of the frames.

    Raises:
        SinkRefused: unknown suffix, no alpha there, or this OpenCV cannot write it.
    """
    known = suffix.lower()
    if known not in SUFFIXES:
        raise SinkRefused(
            f"cannot write {name}: no picture format is known by the ending {suffix!r}.",
            f"Use one of {', '.join(SUFFIXES)}.",
        )
    if format.pixels.has_alpha and known not in _WITH_ALPHA:
        raise SinkRefused(
            f"cannot write a transparent picture as {known}: it has no alpha channel.",
            f"Write to {', '.join(_WITH_ALPHA[:3])}, or choose a backdrop and --layer composite.",
        )
    if not cv2.haveImageWriter(f"x{known}"):
        raise SinkRefused(
            f"cannot write {name}: this OpenCV has no writer for {known}.", "Write to .png."
        )


def encode_still(frame: Frame, suffix: str, quality: int) -> bytes:
    """A frame as the bytes of a picture file.

    Args:
        frame: in any layout; YUV is turned into RGB, HDR is mapped to SDR. Frames deeper than
            8 bits become 16 bit PNG and TIFF, 8 bit elsewhere. Alpha is straight.
        suffix: one that ``check_still`` accepts.
        quality: 0 to 100 for JPEG, WebP and AVIF; 100 makes WebP lossless.

    Raises:
        SinkError: OpenCV could not encode it, or its alpha does not come back as it was.
    """
    suffix = suffix.lower()
    image = _image(frame, wide=suffix in _WITH_16_BITS and frame.format.pixels.depth > 8)
    try:
        done, encoded = cv2.imencode(suffix, image, _parameters(suffix, quality))
    except cv2.error as error:
        raise SinkError(f"cannot encode a {suffix} picture: {error}.") from error
    if not done:
        raise SinkError(f"cannot encode a picture of {frame.format} as {suffix}.")
    if frame.format.pixels.has_alpha:
        verify_alpha(image, encoded, suffix)
    return bytes(encoded)


def _image(frame: Frame, *, wide: bool) -> Image:
    pixels = frame.format.pixels
    peak = 65535 if wide else 255
    if pixels.family is Family.GRAY and frame.format.is_full_range:
        return _to_peak(frame.planes[0], pixels.peak, peak)
    if pixels.family is Family.RGB and not _is_wide_gamut(frame.format):
        green, blue, red = (_to_peak(each, pixels.peak, peak) for each in frame.planes[:3])
        channels = [blue, green, red]
    else:
        rgb = rgb_from_planes(frame.planes, pixels, frame.format.colour)
        samples = np.rint(rgb * peak).astype(np.uint16 if wide else np.uint8)
        channels = [samples[..., 2], samples[..., 1], samples[..., 0]]
    if pixels.has_alpha:
        channels.append(_to_peak(frame.planes[-1], pixels.peak, peak))
    return np.dstack(channels)


def _is_wide_gamut(format: VideoFormat) -> bool:
    return format.colour.is_hdr or format.colour.primaries == PRIMARIES_BT2020


def _to_peak(plane: Image, peak: int, target: int) -> Image:
    """A full-range plane on another scale, to the nearest step."""
    kind = np.uint8 if target == 255 else np.uint16
    if peak == target:
        return plane
    return ((plane.astype(np.uint32) * target + peak // 2) // peak).astype(kind)


def _parameters(suffix: str, quality: int) -> list[int]:
    if suffix in {".jpg", ".jpeg"}:
        sampling = (
            cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
            if quality >= 75
            else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
        )
        value = round(float(np.interp(quality, _QUALITY, _JPEG_QUALITY)))
        return [cv2.IMWRITE_JPEG_QUALITY, value, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    if suffix == ".webp":
        value = round(float(np.interp(quality, _QUALITY, _WEBP_QUALITY)))
        return [cv2.IMWRITE_WEBP_QUALITY, _WEBP_LOSSLESS if quality == 100 else value]
    if suffix in {".tif", ".tiff"}:
        return [cv2.IMWRITE_TIFF_COMPRESSION, _TIFF_LZW]
    if suffix == ".avif":
        return [cv2.IMWRITE_AVIF_QUALITY, quality]
    return []


def verify_alpha(image: Image, encoded: Image, suffix: str) -> None:
    """Decode a picture again and compare its alpha: a lost one would show the room.

    Args:
        image: what was encoded, (height, width, 4).
        encoded: the bytes of the picture file, uint8 (n,).
        suffix: of the picture format.

    Raises:
        SinkError: there is no alpha in it, or another one.
    """
    decoded = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.ndim != 3 or decoded.shape[2] != 4:
        raise SinkError(f"the {suffix} picture came out without alpha.", "Write to .png.")
    scale = 257 if decoded.dtype == np.uint16 else 1
    difference = decoded[..., 3].astype(np.int32) - image[..., 3]
    # AVIF's alpha is lossy at low qualities; the others give back what they got.
    if np.abs(difference).mean() > (8 if suffix == ".avif" else 0) * scale:
        raise SinkError(f"the alpha of the {suffix} picture changed.", "Write to .png.")
