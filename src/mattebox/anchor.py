"""Where one rectangle lies in another: at an edge, in a corner, or in the middle."""

from __future__ import annotations

from typing import Literal, TypeAlias

Anchor: TypeAlias = Literal[
    "center",
    "top",
    "bottom",
    "left",
    "right",
    "top-left",
    "top-right",
    "bottom-left",
    "bottom-right",
]
