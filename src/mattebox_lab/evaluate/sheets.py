"""Contact sheets: what the maps of a set look like, the subjects laid over green.

Rows are the pictures and then one contender each, columns are pictures of the set.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from mattebox.frame import Frame
from mattebox.inspection.drawing import Tile, captions, in_tile, over_green, shown
from mattebox.timing import seconds
from mattebox_lab.evaluate.sets import Sample
from mattebox_lab.evaluate.stills import Map
from mattebox_lab.files import write_whole

WIDTH = 1600
FRAMES_OF_A_CLIP, STILLS_OF_A_SET = 6, 12


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
        self._kept: list[tuple[str, list[Tile]]] = []

    def __call__(self, sample: Sample, maps: Sequence[Map]) -> None:
        """Keep the picture and its composites, if it is one of those to draw."""
        if self._seen % self._step == 0 and (self._moving or self._seen < self._columns):
            self._kept.append((self._caption(sample.frame), self._column(sample.frame, maps)))
        self._seen += 1
        if len(self._kept) == 2 * self._columns:
            # Nobody said how many will come: half as dense from here on.
            self._kept, self._step = self._kept[::2], 2 * self._step

    def draw(self) -> Tile:
        """The sheet, at most 1600 pixels wide."""
        few = min(self._columns, len(self._kept))
        places = np.linspace(0, len(self._kept) - 1, few).round().astype(int)
        chosen = [self._kept[place] for place in places]
        times = captions([time for time, _ in chosen], self._tile_width)
        pictures, *composites = zip(*(column for _, column in chosen), strict=True)
        rows = [times, np.hstack(pictures)]
        for label, row in zip(self._labels, composites, strict=True):
            rows += [captions([label], few * self._tile_width), np.hstack(row)]
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

    def _column(self, frame: Frame, maps: Sequence[Map]) -> list[Tile]:
        """Tiles of the picture and of each map's composite."""
        tallest = self._tile_height or 2 * self._tile_width
        picture = shown(frame, self._tile_width, tallest)
        self._tile_height = self._tile_height or len(picture)
        column = [picture, *(over_green(picture, each) for each in maps)]
        return [in_tile(each, (self._tile_height, self._tile_width)) for each in column]
