"""What can be wrong with a matte, in words, and from which figure on it shows.

What lives here: one scale for unlike figures. What does not: taking the figures (``figures``), and
what a user can do about it, which only those know who know the settings. Pure; any thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from mattebox.inspection.figures import Figures


class Reason(Enum):
    """Why a moment is worth a look; the values are the names in the report."""

    FLICKER = "flicker"
    DISAGREEMENT = "disagreement"
    DOUBT = "doubt"
    SOFT = "soft"
    ALIGNMENT = "alignment"
    ISLANDS = "islands"
    HOLES = "holes"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Scale:
    """How bad a figure is.

    Attributes:
        fine: where nothing is wrong at all; severity 0.
        shows: from where on it shows; severity 1. Below ``fine`` where little is bad.
        worst: the most severe that it is taken for: a figure that may also mean nothing bad should
            not stand before one that cannot.
    """

    fine: float
    shows: float
    worst: float

    def severity(self, figure: float) -> float:
        """0 or more; from 1 on it is worth a look."""
        return min(max(0.0, (figure - self.fine) / (self.shows - self.fine)), self.worst)


_ANY = float("inf")
# Looked at frame by frame on ten clips: from these figures on one sees something if one knows
# where. What the network wavers about steadying may have put right; a hole may be the crook of an
# arm; and that nobody is found may be so.
SCALES: Mapping[Reason, Scale] = {
    Reason.FLICKER: Scale(0, 2, _ANY),
    Reason.SOFT: Scale(0, 0.06, _ANY),
    Reason.DISAGREEMENT: Scale(0, 0.015, 1.5),
    Reason.DOUBT: Scale(0, 0.03, 1.5),
    Reason.ISLANDS: Scale(0, 0.005, 1.5),
    Reason.HOLES: Scale(0, 0.008, 1.5),
    Reason.ALIGNMENT: Scale(0.7, 0.4, 1.2),
    Reason.EMPTY: Scale(1, 0, 1.0),
}
# Islands of this share of the foreground are somebody else.
_SOMEBODY = 0.2
WORDS: Mapping[Reason, str] = {
    Reason.FLICKER: "the matte changes where the picture does not",
    Reason.DISAGREEMENT: "the network sees something else here than in the frames around",
    Reason.DOUBT: "the network is in doubt",
    Reason.SOFT: "much of the matte is half transparent",
    Reason.ALIGNMENT: "the matte's edge is not on an edge of the picture",
    Reason.ISLANDS: "something apart from the subject is kept",
    Reason.HOLES: "there is a hole in the subject",
    Reason.EMPTY: "nobody is found",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is worst about a frame.

    Attributes:
        reason: what.
        figure: how much of it.
        severity: 0 or more; from 1 on it shows.
    """

    reason: Reason
    figure: float
    severity: float

    @property
    def shows(self) -> bool:
        """Whether it is worth a look."""
        return self.severity >= 1


def complaints(figures: Figures) -> list[Complaint]:
    """All that can be said against a frame, the worst first."""
    found = [
        Complaint(reason, figure, SCALES[reason].severity(figure))
        for reason, figure in _against(figures).items()
        if figure is not None
    ]
    return sorted(found, key=lambda each: each.severity, reverse=True)


def _against(figures: Figures) -> dict[Reason, float | None]:
    has_somebody_else = figures.islands >= _SOMEBODY * figures.coverage
    return {
        Reason.FLICKER: figures.flicker,
        Reason.DISAGREEMENT: figures.disagreement,
        Reason.DOUBT: figures.doubt,
        Reason.SOFT: figures.soft,
        Reason.ALIGNMENT: figures.alignment,
        Reason.ISLANDS: None if has_somebody_else else figures.islands,
        Reason.HOLES: figures.holes,
        Reason.EMPTY: 0.0 if figures.is_empty else None,
    }
