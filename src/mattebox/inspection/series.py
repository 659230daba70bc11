"""Figures over time in bounded memory: rows of frames, and how each figure is distributed.

What lives here: adding up. What does not: what is added up (``figures``), and the report's own
shape (``document``). Fed on the matting thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from mattebox.inspection.figures import Figures
from mattebox.report import Reservoir

NAMES = tuple(each.name for each in fields(Figures))

# A longer clip than this gets rows of 2, 4, 8, … frames: a minute of video frame by frame, an hour
# in rows of about two seconds.
MOST_ROWS = 2048
# Quantiles of longer clips are those of a fair sample.
_SAMPLE = 4096


@dataclass(slots=True)
class Range:
    """The least, the mean and the most of some values.

    Attributes:
        least, most: None before the first value.
        total, count: of the values that were known.
    """

    least: float | None = None
    most: float | None = None
    total: float = 0.0
    count: int = 0

    @property
    def mean(self) -> float | None:
        """None before the first value."""
        return self.total / self.count if self.count else None

    def add(self, value: float | None) -> None:
        """Count in one value; None is none."""
        if value is not None:
            self.join(Range(value, value, value, 1))

    def join(self, other: Range) -> None:
        """Count in all the values of another."""
        if other.least is None or other.most is None:
            return
        self.least = other.least if self.least is None else min(self.least, other.least)
        self.most = other.most if self.most is None else max(self.most, other.most)
        self.total += other.total
        self.count += other.count


@dataclass(slots=True)
class Row:
    """One or more consecutive frames.

    Attributes:
        frame: the number of the first.
        frames: how many.
        input: the file that the first is of.
        time_s: when the first is shown, in seconds since its input's first.
        cuts: how many of them begin a new scene.
        figures: by name, see ``Figures``.
    """

    frame: int
    frames: int
    input: str
    time_s: float
    cuts: int
    figures: dict[str, Range]

    def join(self, later: Row) -> None:
        """Take in the row after this one."""
        self.frames += later.frames
        self.cuts += later.cuts
        for name, range in self.figures.items():
            range.join(later.figures[name])


class Series:
    """All frames in order, in at most so many rows.

    Attributes:
        frames_per_row: a power of two; the last row may have fewer.
        rows: in order.
    """

    def __init__(self, most_rows: int = MOST_ROWS) -> None:
        self.frames_per_row = 1
        self.rows: list[Row] = []
        self._most_rows = most_rows

    def add(self, row: Row) -> None:
        """Add one frame's row."""
        if self.rows and self.rows[-1].frames < self.frames_per_row:
            self.rows[-1].join(row)
            return
        if len(self.rows) == self._most_rows:
            self._halve()
            self.add(row)
            return
        self.rows.append(row)

    def _halve(self) -> None:
        for first, second in zip(self.rows[::2], self.rows[1::2], strict=False):
            first.join(second)
        self.rows = self.rows[::2]
        self.frames_per_row *= 2


def row_of(frame: int, input: str, time_s: float, *, is_cut: bool, figures: Figures) -> Row:
    """The row of a single frame."""
    ranges = {name: Range() for name in NAMES}
    for name, range in ranges.items():
        range.add(getattr(figures, name))
    return Row(frame, 1, input, time_s, int(is_cut), ranges)


@dataclass(slots=True)
class Distribution:
    """How one figure is spread over all frames.

    Attributes:
        range: its least, mean and most.
        sample: for its quantiles.
    """

    range: Range = field(default_factory=Range)
    sample: Reservoir = field(default_factory=lambda: Reservoir(_SAMPLE))

    def add(self, value: float | None) -> None:
        """Count in one value; None is none."""
        self.range.add(value)
        if value is not None:
            self.sample.add(value)
