"""The result of an evaluation, as a table for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from mattebox.errors import SinkRefused
from mattebox_lab.evaluate.contenders import View
from mattebox_lab.evaluate.judging import Scores, SetScores
from mattebox_lab.evaluate.sets import PEOPLE_MEAN
from mattebox_lab.files import write_whole


@dataclass(frozen=True, slots=True)
class Column:
    """One measure in the table."""

    title: str
    value: Callable[[SetScores], float | None]
    decimals: int

    def cell(self, scores: SetScores) -> str:
        """The figure, or a dash where there is none."""
        value = self.value(scores)
        return "–" if value is None else f"{value:.{self.decimals}f}"


COLUMNS = (
    Column("MAE", lambda scores: scores.mae, 3),
    Column("MSE", lambda scores: scores.mse, 3),
    Column("maxF", lambda scores: scores.max_f, 3),
    Column("IoU", lambda scores: scores.iou, 3),
    Column("edgeF", lambda scores: scores.boundary_f, 3),
    Column("mean", lambda scores: scores.saliency, 3),
    Column("dtSSD", lambda scores: scores.dtssd, 2),
    Column("flick", lambda scores: scores.flicker, 2),
)
EDGES = (
    Column("Grad", lambda scores: scores.gradient, 2),
    Column("Conn", lambda scores: scores.connectivity, 2),
    Column("holes", lambda scores: _percent(scores.holes), 2),
    Column("isles", lambda scores: _percent(scores.islands), 2),
    Column("align", lambda scores: scores.alignment, 3),
)
AFTER_FAST = Column("fast", lambda scores: _thousandfold(scores.after_fast), 2)
# Of these less is better, and a ratio means something.
CHANGES = (
    Column("MAE", lambda scores: scores.mae, 3),
    Column("MSE", lambda scores: scores.mse, 3),
    Column("Grad", lambda scores: scores.gradient, 2),
    Column("Conn", lambda scores: scores.connectivity, 2),
    Column("dtSSD", lambda scores: scores.dtssd, 2),
    Column("flick", lambda scores: scores.flicker, 2),
    Column("fast", lambda scores: scores.after_fast, 3),
)
AGREEMENT = Column("=fp32", lambda scores: scores.agreement, 3)
LEGEND = (
    "maxF: β² = 0.3 · IoU, edgeF (boundary F): at ½ · mean: of the map · dtSSD ×100 · "
    "flick(er) ×1000 · =fp32: IoU with the maps in fp32"
)
LEGEND_OF_EDGES = (
    " · Grad, Conn: in thousands, at the frame's size · holes, isles: % of the picture · "
    "align(ment) with the picture's edges"
)
LEGEND_OF_FAST = " · fast: MAE ×1000 in the ten frames after the fastest motion"


_MEAN = "mean"
_CELL_WIDTH, _COUNTS_WIDTH = 7, len(" pictures pairs")


@dataclass(frozen=True, slots=True)
class Entry:
    """A contender's result: see ``Contender`` and ``Scores``."""

    label: str
    name: str
    precision: str
    sha256: str
    settings: str
    scores: Scores


@dataclass(frozen=True, slots=True)
class Report:
    """What was judged, how, and what came of it.

    Attributes:
        material: the folders, with a space between them.
        view: how pictures were shown.
        stills, every: the limits, as in ``find_sets``.
        entries: one or more, all of the same sets.
    """

    material: str
    view: View
    stills: int | None
    every: int
    entries: tuple[Entry, ...]

    def table(self) -> str:
        """Sets as rows, each contender's measures side by side, and what the columns mean."""
        compared, has_fast = self._has(AGREEMENT), self._has(AFTER_FAST)
        columns = (
            *COLUMNS,
            *((AFTER_FAST,) if has_fast else ()),
            *(EDGES if self.view.matte else ()),
            *((AGREEMENT,) if compared else ()),
        )
        edges, fast = LEGEND_OF_EDGES * self.view.matte, LEGEND_OF_FAST * has_fast
        lines = [[each.scores.of(name) for each in self.entries] for name in self._names]
        people = [each.scores.people for each in self.entries]
        lines.append([each for each in people if each is not None])
        width = max(map(len, (*self._names, PEOPLE_MEAN)))
        labels = _joined(_fitted(entry.label, columns) for entry in self.entries)
        titles = _joined(_cells(each.title for each in columns) for _ in self.entries)
        return "\n".join(
            [
                f"{'':{width + _COUNTS_WIDTH}}{labels}".rstrip(),
                f"{'set':{width}} pictures pairs{titles}",
                *(_row(line, width, columns) for line in lines if line),
                LEGEND + edges + fast,
            ]
        )

    def changes(self) -> str:
        """How far each contender's figures are from the first one's of its model, in %, as lines.

        Sets are rows, and the last one is the mean of the changes; nothing for a model alone.
        """
        width = max(map(len, (*self._names, _MEAN)))
        firsts: dict[tuple[str, str], Entry] = {}
        lines = []
        for entry in self.entries:
            first = firsts.setdefault((entry.name, entry.precision), entry)
            if first is not entry:
                lines += ["", f"{entry.label}, against {first.label}, in %:"]
                lines += _changed(entry, first, width)
        return "\n".join(lines)

    def _has(self, column: Column) -> bool:
        return any(column.value(each) is not None for e in self.entries for each in e.scores.sets)

    @property
    def _names(self) -> list[str]:
        return [each.set for each in self.entries[0].scores.sets]

    def save(self, path: Path) -> None:
        """Write everything as JSON.

        Raises:
            SinkError: it cannot be written.
        """
        write_whole(path, self.to_json().encode(), "Choose another.")

    def to_json(self) -> str:
        """Every figure, with checkpoints' SHA-256, size, precision and counts."""
        head = {
            "material": self.material,
            **asdict(self.view),
            "stills": self.stills,
            "every": self.every,
        }
        entries = [_as_json(entry) for entry in self.entries]
        return json.dumps({**head, "entries": entries}, indent=1, ensure_ascii=False) + "\n"


def refuse_unwritable(path: Path) -> None:
    """Find out before an hour's work that its result has no place to go.

    Raises:
        SinkRefused: there is no such folder, or the path is one.
    """
    if path.is_dir() or not path.parent.is_dir():
        what = "it is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise SinkRefused(f"cannot write {path}: {what}.", "Pass the path of a file to --json.")


def _as_json(entry: Entry) -> dict[str, object]:
    people = entry.scores.people
    return {
        "name": entry.name,
        "precision": entry.precision,
        "sha256": entry.sha256,
        "settings": entry.settings,
        "sets": [asdict(each) for each in entry.scores.sets],
        "people": None if people is None else asdict(people),
    }


def _row(line: Sequence[SetScores], width: int, columns: Sequence[Column]) -> str:
    first = line[0]
    cells = _joined(_cells(column.cell(each) for column in columns) for each in line)
    return f"{first.set:{width}} {first.pictures:8} {first.pairs:5}{cells}"


def _changed(entry: Entry, first: Entry, width: int) -> Iterator[str]:
    """The lines of one contender."""
    yield f"{'set':{width}}{_cells(each.title for each in CHANGES)}"
    rows = [
        [_change(column.value(now), column.value(before)) for column in CHANGES]
        for now, before in zip(entry.scores.sets, first.scores.sets, strict=True)
    ]
    for scores, row in zip(entry.scores.sets, rows, strict=True):
        yield f"{scores.set:{width}}{_cells(map(_signed, row))}"
    if len(rows) > 1:
        known = ([x for x in column if x is not None] for column in zip(*rows, strict=True))
        means = [sum(each) / len(each) if each else None for each in known]
        yield f"{_MEAN:{width}}{_cells(map(_signed, means))}"


def _change(now: float | None, before: float | None) -> float | None:
    return None if now is None or not before else 100 * (now / before - 1)


def _signed(change: float | None) -> str:
    return "–" if change is None else f"{change:+.1f}"


def _thousandfold(value: float | None) -> float | None:
    return None if value is None else 1000 * value


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"{text:>{_CELL_WIDTH}}" for text in texts)


def _joined(blocks: Iterable[str]) -> str:
    return "".join(f"  {block}" for block in blocks)


def _fitted(label: str, columns: Sequence[Column]) -> str:
    """A label over its columns; of one too long the end is what tells files apart."""
    width = _CELL_WIDTH * len(columns)
    return f"{label:^{width}}" if len(label) <= width else f"…{label[1 - width :]}"
