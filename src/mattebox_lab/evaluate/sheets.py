"""Contact sheets: what the maps of a set look like, the subjects laid over green.

Rows are the pictures and then one contender each, columns are pictures of the set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from mattebox.frame import Frame
from mattebox.matting.prepare import prepare
from mattebox.timing import seconds
from mattebox_lab.evaluate.sets import Sample
from mattebox_lab.evaluate.stills import Map
from mattebox_lab.files import write_whole

Picture: TypeAlias = npt.NDArray[np.uint8]  # (height, width, 3), blue, green, red

WIDTH = 1600
FRAMES_OF_A_CLIP, STILLS_OF_A_SET = 6, 12
GREEN = np.array([0, 255, 0], np.float32)
_GRAY, _WHITE = 64, (255, 255, 255)
_CAPTION_HEIGHT, _FONT, _FONT_SCALE = 18, cv2.FONT_HERSHEY_SIMPLEX, 0.45


class Sheet:
    """Gathers a set's pictures while it is judged, and draws them. A ``Look`` for ``compare``.

    Args:
        labels: of the contenders.
        moving: whether the samples are frames of a clip: six, evenly spaced, are drawn, otherwise
            the first twelve.
    """

    def __init__(self, labels: Sequence[str], *, moving: bool) -> None:
        self._labels, self._moving = labels, moving
        self._columns = FRAMES_OF_A_CLIP if moving else STILLS_OF_A_SET
        self._tile_width = WIDTH // self._columns
        self._tile_height = 0  # known with the first picture
        self._seen, self._step = 0, 1
        self._kept: list[tuple[str, list[Picture]]] = []

    def __call__(self, sample: Sample, maps: Sequence[Map]) -> None:
        """Keep the picture and its composites, if it is one of those to draw."""
        if self._seen % self._step == 0 and (self._moving or self._seen < self._columns):
            self._kept.append((self._caption(sample.frame), self._column(sample.frame, maps)))
        self._seen += 1
        if len(self._kept) == 2 * self._columns:
            # Nobody said how many will come: half as dense from here on.
            self._kept, self._step = self._kept[::2], 2 * self._step

    def draw(self) -> Picture:
        """The sheet, at most 1600 pixels wide."""
        few = min(self._columns, len(self._kept))
        places = np.linspace(0, len(self._kept) - 1, few).round().astype(int)
        shown = [self._kept[place] for place in places]
        times = _captions([time for time, _ in shown], self._tile_width)
        pictures, *composites = zip(*(column for _, column in shown), strict=True)
        rows = [times, np.hstack(pictures)]
        for label, row in zip(self._labels, composites, strict=True):
            rows += [_captions([label], few * self._tile_width), np.hstack(row)]
        return np.vstack(rows)

    def save(self, path: Path) -> None:
        """Draw the sheet into a PNG file; nothing where there was nothing to see.

        Raises:
            SinkError: it cannot be written.
        """
        if not self._kept:
            return
        written, data = cv2.imencode(".png", self.draw())
        assert written
        write_whole(path, data.tobytes(), "Choose another folder for --sheets.")

    @contextmanager
    def saved(self, path: Path) -> Iterator[Sheet]:
        """The sheet, to be drawn into a PNG file at the end, if nothing went wrong.

        Raises:
            SinkError: see ``save``.
        """
        yield self
        self.save(path)

    def _caption(self, frame: Frame) -> str:
        at = float(seconds(frame.pts, frame.format.time_base))
        return f"{at:.2f} s" if self._moving else f"{self._seen + 1}"

    def _column(self, frame: Frame, maps: Sequence[Map]) -> list[Picture]:
        """Tiles of the picture and of each map's composite."""
        tallest = self._tile_height or 2 * self._tile_width
        width, height = _shown_size(frame, self._tile_width, tallest)
        self._tile_height = self._tile_height or height
        rgb = prepare([frame], self._tile_width)[0].permute(1, 2, 0).numpy()
        resized = cv2.resize(rgb[..., ::-1], (width, height), interpolation=cv2.INTER_LINEAR)
        picture = np.asarray(resized, np.uint8)
        shown = [picture, *(over_green(picture, each) for each in maps)]
        return [_in_tile(each, (self._tile_height, self._tile_width)) for each in shown]


def over_green(picture: Picture, map: Map) -> Picture:
    """The picture where the map is 1, saturated green where it is 0.

    Args:
        picture: uint8 (height, width, 3), blue, green, red.
        map: float32 (h, w) in [0, 1], of any size.
    """
    shrinks = map.shape[0] > picture.shape[0] or map.shape[1] > picture.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    alpha = cv2.resize(map, picture.shape[1::-1], interpolation=how)[..., None]
    return np.rint(alpha * picture + (1 - alpha) * GREEN).astype(np.uint8)


def _shown_size(frame: Frame, width: int, height: int) -> tuple[int, int]:
    """(width, height) on the screen, as large as fits."""
    format = frame.format
    aspect = format.height / float(format.width * format.sample_aspect)
    scale = min(1.0, height / (width * aspect))
    return max(1, round(width * scale)), max(1, round(width * scale * aspect))


def _in_tile(picture: Picture, size: tuple[int, int]) -> Picture:
    """The picture in the middle of a gray tile of (height, width)."""
    tile = np.full((*size, 3), _GRAY, np.uint8)
    height, width, _ = picture.shape
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    tile[top : top + height, left : left + width] = picture
    return tile


def _captions(texts: Sequence[str], width: int) -> Picture:
    """A strip of texts, each on so many pixels; OpenCV's letters are ASCII."""
    strip = np.zeros((_CAPTION_HEIGHT, width * len(texts), 3), np.uint8)
    for place, text in enumerate(texts):
        plain = text.encode("ascii", "replace").decode()
        at = place * width + 4, _CAPTION_HEIGHT - 5
        cv2.putText(strip, plain, at, _FONT, _FONT_SCALE, _WHITE, lineType=cv2.LINE_AA)
    return strip
