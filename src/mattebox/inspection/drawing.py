"""Small pictures side by side, with words: what contact sheets are drawn of.

Pictures are uint8 (height, width, 3), blue, green, red. Pure functions; any thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.frame import Frame
from mattebox.inspection.flicker import at_size
from mattebox.matting.prepare import prepare
from mattebox.matting.subject import Box
from mattebox.matting.temporal import Map

Tile: TypeAlias = npt.NDArray[np.uint8]
_Colour: TypeAlias = tuple[int, int, int]

CAPTION_HEIGHT = 18
WHITE, PALE = (255, 255, 255), (185, 185, 185)
_GREEN = np.array([0, 255, 0], np.float32)
_MAGENTA, _BLACK = (255, 0, 255), (0, 0, 0)
_GRAY = 64
_FONT, _FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.45
# Contours are drawn in sixteenths of a pixel.
_SHIFT = 4


def shown(frame: Frame, width: int, height: int) -> Tile:
    """The frame as large as fits into so many pixels, in its own proportions."""
    size = _shown_size(frame, width, height)
    rgb = prepare([frame], max(size))[0].permute(1, 2, 0).numpy()
    return np.asarray(cv2.resize(rgb[..., ::-1], size, interpolation=cv2.INTER_LINEAR), np.uint8)


def over_green(picture: Tile, map: Map) -> Tile:
    """The picture where the map is 1, saturated green where it is 0.

    Args:
        picture: the picture.
        map: float32 (h, w) in [0, 1], of any size.
    """
    alpha = at_size(map, picture.shape[:2])[..., None]
    return np.rint(alpha * picture + (1 - alpha) * _GREEN).astype(np.uint8)


def with_edge(picture: Tile, map: Map) -> Tile:
    """The picture with the line where the map is ½ drawn on it, black and magenta."""
    drawn = picture.copy()
    # At twice the size the line runs between pixels as it does between those of the map.
    double = picture.shape[0] * 2, picture.shape[1] * 2
    shape = (at_size(map, double) > 0.5).astype(np.uint8)
    found, _ = cv2.findContours(shape, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    lines = [contour * (1 << _SHIFT) // 2 for contour in found]
    for colour, thickness in ((_BLACK, 3), (_MAGENTA, 1)):
        cv2.polylines(drawn, lines, True, colour, thickness, cv2.LINE_AA, _SHIFT)
    return drawn


def with_box(picture: Tile, box: Box) -> Tile:
    """The picture with a rectangle around (left, top, right, bottom), shares of its sides."""
    drawn = picture.copy()
    height, width = picture.shape[:2]
    start = round(box[0] * width), round(box[1] * height)
    end = round(box[2] * width) - 1, round(box[3] * height) - 1
    cv2.rectangle(drawn, start, end, _BLACK, 3)
    cv2.rectangle(drawn, start, end, WHITE, 1)
    return drawn


def in_tile(picture: Tile, size: tuple[int, int]) -> Tile:
    """The picture in the middle of a gray tile of (height, width)."""
    tile = np.full((*size, 3), _GRAY, np.uint8)
    height, width, _ = picture.shape
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    tile[top : top + height, left : left + width] = picture
    return tile


def captions(texts: Sequence[str], width: int, colour: _Colour = WHITE) -> Tile:
    """A strip of texts, each on so many pixels; OpenCV's letters are ASCII."""
    strip = np.zeros((CAPTION_HEIGHT, width * len(texts), 3), np.uint8)
    for place, text in enumerate(texts):
        plain = text.encode("ascii", "replace").decode()
        at = place * width + 4, CAPTION_HEIGHT - 5
        cv2.putText(strip, plain, at, _FONT, _FONT_SCALE, colour, lineType=cv2.LINE_AA)
    return strip


def _shown_size(frame: Frame, width: int, height: int) -> tuple[int, int]:
    """(width, height) on the screen, as large as fits."""
    format = frame.format
    wide, high = float(format.width * format.sample_aspect), float(format.height)
    scale = min(width / wide, height / high)
    return max(1, round(wide * scale)), max(1, round(high * scale))
