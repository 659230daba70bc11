"""How large a picture will be when it is decoded, read from its first bytes alone.

A few kilobytes can be a picture of a gigapixel: what is uploaded is measured before any decoder
sees it. PNG, JPEG and WebP; nothing else is taken.
"""

from __future__ import annotations

import struct
from pathlib import Path

from mattebox.errors import DecodeError

# A JPEG may carry previews, profiles and comments before its size.
_HEAD = 4 << 20
_PNG = b"\x89PNG\r\n\x1a\n"
# ITU-T T.81, table B.1: SOF0 to SOF15 but DHT, JPG and DAC.
_SIZES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# DHT, DAC, DQT, DNL, DRI, DHP, EXP, APP0 to APP15, COM: skipped by their length. At any other kind
# decoders look for the next one instead, and would find another size than we do.
_SKIPPED = {0xC4, 0xCC, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, *range(0xE0, 0xF0), 0xFE}


def picture_size(path: Path) -> tuple[int, int]:
    """(width, height) of a PNG, JPEG or WebP file.

    Raises:
        DecodeError: it is none of them, or cut off within its header.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    try:
        size = _size(head)
    except (struct.error, IndexError) as error:
        raise DecodeError("the picture is damaged: its header is cut off.", _TAKEN) from error
    if size is None or min(size) < 1:
        raise DecodeError("this is no picture that is taken here, or a damaged one.", _TAKEN)
    return size


_TAKEN = "Pictures may be JPEG, PNG or WebP; videos MP4, MOV, MKV or WebM."


def _size(head: bytes) -> tuple[int, int] | None:
    if head.startswith(_PNG) and head[12:16] == b"IHDR":
        width, height = struct.unpack_from(">II", head, 16)
        return width, height
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _webp_size(head)
    if head.startswith(b"\xff\xd8"):
        return _jpeg_size(head)
    return None


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """None too where what comes before the size is not of kinds that all decoders skip alike."""
    at = 2
    while head[at] == 0xFF:
        while head[at + 1] == 0xFF:  # fill bytes
            at += 1
        kind = head[at + 1]
        length, height, width = struct.unpack_from(">HxHH", head, at + 2)
        if kind in _SIZES:
            return width, height
        if kind not in _SKIPPED or length < 2:
            return None
        at += 2 + length
    return None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    """Source: WebP Container Specification; RFC 6386, 9.1; WebP Lossless Bitstream, 4."""
    kind = head[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None
