"""The contact sheet of the worst moments: what there is to be seen, with words above it.

A row for each moment, the worst first: the frame with its region in a box, the matte's edge drawn
on it, and the cut-out over green, of this frame and of the one before. Pure; any thread.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mattebox.inspection.document import Advisor, in_words, place
from mattebox.inspection.drawing import (
    PALE,
    Tile,
    captions,
    in_tile,
    over_green,
    with_box,
    with_edge,
)
from mattebox.inspection.moments import Moment, View
from mattebox.matting.temporal import Map

_COLUMNS = ("the frame", "the edge of its matte", "cut out", "the frame before, cut out")
# As wide as the words need.
_NARROWEST = 1000
_GAP = 10


def draw(moments: Sequence[Moment], title: str, advise: Advisor, *, several: bool) -> Tile:
    """The sheet as a picture, blue, green, red.

    Args:
        moments: the worst first; at least one.
        title: the line above all.
        advise: knows what can be done about a moment.
        several: whether they are of several inputs, which are then named.
    """
    tiles = [_tiles(moment) for moment in moments]
    columns = max(map(len, tiles))
    size = _largest([tile for row in tiles for tile in row])
    width = max(_NARROWEST, columns * size[1])
    rows = [captions([title], width), _across(captions(_COLUMNS[:columns], size[1], PALE), width)]
    for number, (moment, row) in enumerate(zip(moments, tiles, strict=True), start=1):
        rows += [
            np.zeros((_GAP, width, 3), np.uint8),
            *_words(number, moment, advise, several, width),
        ]
        rows.append(_across(np.hstack([in_tile(tile, size) for tile in row]), width))
    return np.vstack(rows)


def _words(number: int, moment: Moment, advise: Advisor, several: bool, width: int) -> list[Tile]:
    says = f"{number}.  {place(moment, several=several)}: {in_words(moment.worst)}"
    lines = [captions([says], width)]
    options = [advice.options for advice in advise(moment)]
    if options:
        lines.append(captions([f"    try  {'   or  '.join(options)}"], width, PALE))
    return lines


def _tiles(moment: Moment) -> list[Tile]:
    now, region = moment.now, moment.region
    plain = now.picture if region is None else with_box(now.picture, region)
    tiles = [plain, with_edge(now.picture, _alpha(now)), over_green(now.picture, _alpha(now))]
    if moment.before is not None:
        tiles.append(over_green(moment.before.picture, _alpha(moment.before)))
    return tiles


def _alpha(view: View) -> Map:
    return view.alpha.astype(np.float32) / np.float32(255)


def _largest(tiles: Sequence[Tile]) -> tuple[int, int]:
    """The (height, width) that all of them fit into."""
    return max(len(tile) for tile in tiles), max(tile.shape[1] for tile in tiles)


def _across(row: Tile, width: int) -> Tile:
    """A row, black to the right of it."""
    return np.pad(row, ((0, 0), (0, width - row.shape[1]), (0, 0)))
