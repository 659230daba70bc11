"""Files that are small and claim to be large."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path


def bomb(path: Path, width: int = 50_000, height: int = 50_000) -> Path:
    """A PNG of a few bytes that claims to be of gigapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + data)
    return path
