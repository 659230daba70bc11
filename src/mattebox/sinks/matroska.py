"""The shape of pixels in Matroska and WebM, written into the file after FFmpeg has closed it.

FFmpeg's muxer takes the shape from a field that PyAV has no way to set, and without it players show
anamorphic pictures squeezed. So the picture track gets a title with room in it, and here the room
becomes the display size. Elements and their numbers: RFC 9559. Called on the sink's thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from mattebox.errors import SinkError

# Two elements of at most 7 bytes, one longer size, and a Void of at least 2 have to fit.
_ROOM = " [room for the display size: 32]"

_SEGMENT, _TRACKS, _TRACK_ENTRY = 0x18538067, 0x1654AE6B, 0xAE
_NAME, _VIDEO, _VOID = 0x536E, 0xE0, 0xEC
_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT = 0x54B0, 0x54BA, 0x54B2

# The tracks stand in front of the pictures; fonts and covers come after them.
_HEAD_BYTES = 1 << 20

# Muxer options without which the room could not be used: checksums would have to be made anew.
MUXER_OPTIONS = {"write_crc32": "0"}


def title_with_room(title: str) -> str:
    """The title to give the picture track before the header is written."""
    return title + _ROOM


def write_pixel_shape(path: Path, width: int, height: int, aspect: Fraction) -> None:
    """Turn the room in the picture track's title into the size at which to show pictures.

    Args:
        path: a complete file whose picture track was given ``title_with_room``.
        width, height: of the pictures, in pixels.
        aspect: width of a pixel over its height.

    Raises:
        SinkError: the file does not have the room where it should be, or cannot be written.
    """
    try:
        with path.open("r+b") as file:
            head = file.read(_HEAD_BYTES)
            begin, end = _entry_with_room(head)
            file.seek(begin)
            file.write(_with_display_size(head[begin:end], round(width * aspect), height))
    except (OSError, ValueError) as error:
        raise SinkError(f"cannot write the shape of pixels into {path.name}: {error}.") from error


def _entry_with_room(head: bytes) -> tuple[int, int]:
    """Where the content of the picture's track entry begins and ends."""
    for segment, begin, end in _elements(head, 0, len(head)):
        if segment != _SEGMENT:
            continue
        for tracks, first, last in _elements(head, begin, min(end, len(head))):
            if tracks != _TRACKS:
                continue
            for entry, start, stop in _elements(head, first, last):
                if entry == _TRACK_ENTRY and _ROOM.encode() in head[start:stop]:
                    return start, stop
    raise ValueError("no track has room for it")


def _with_display_size(entry: bytes, width: int, height: int) -> bytes:
    """The content of a track entry with the room used; as long as it was."""
    made = b""
    for number, begin, end in _elements(entry, 0, len(entry)):
        content = entry[begin:end]
        if number == _NAME:
            content = content.replace(_ROOM.encode(), b"")
            if not content:
                continue
        if number == _VIDEO:
            # FFmpeg has written that the display size is unknown.
            content = _without(content, {_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT})
            content += _element(_DISPLAY_WIDTH, _number(width))
            content += _element(_DISPLAY_HEIGHT, _number(height))
        made += _element(number, content)
    left = len(entry) - len(made)
    return made + bytes([_VOID, 0x80 | (left - 2)]) + bytes(left - 2)


def _without(content: bytes, numbers: set[int]) -> bytes:
    """The elements of a content but for those of some numbers."""
    return b"".join(
        _element(number, content[begin:end])
        for number, begin, end in _elements(content, 0, len(content))
        if number not in numbers
    )


def _elements(data: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Every element of a range: its number, and where its content begins and ends."""
    while begin < end:
        length = 9 - data[begin].bit_length()
        number = int.from_bytes(data[begin : begin + length])
        begin += length
        length = 9 - data[begin].bit_length()
        marked = int.from_bytes(data[begin : begin + length])
        size = marked - (1 << (7 * length))
        begin += length
        # All ones: until the end of the file.
        stop = end if size == (1 << (7 * length)) - 1 else begin + size
        yield number, begin, stop
        begin = stop


def _element(number: int, content: bytes) -> bytes:
    name = number.to_bytes((number.bit_length() + 7) // 8)
    length = 1
    while len(content) >= (1 << (7 * length)) - 1:
        length += 1
    size = (len(content) | 1 << (7 * length)).to_bytes(length)
    return name + size + content


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8)
