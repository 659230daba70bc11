"""The settings as fields of a form, read from their JSON schema: nothing is written twice.

No web here: what a field is, its limits and its help; ``form`` draws them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias, cast

from mattebox.errors import SettingsError
from mattebox.settings import Settings, parse_assignments

Value: TypeAlias = str | int | float | bool
Kind = Literal["switch", "choice", "number", "text", "list"]

# What is worth changing while one looks.
SECTIONS = (
    "model",
    "temporal",
    "subject",
    "refine",
    "foreground",
    "backdrop",
    "framing",
    "overlay",
    "live",
    "camera",
    "chroma",
    "threshold",
)
# What is for files, and what is for nobody who only looks.
ELSEWHERE = ("input", "fix", "sink", "pipeline")
_STEPS = 100


@dataclass(frozen=True, slots=True)
class Field:
    """One option.

    Attributes:
        key: dotted.
        title: its name for a person.
        help: what the settings say of it.
        kind: how it is entered.
        low, high: the range, both ends allowed; None where there is no end.
        step: between two values of a slider.
        choices: of kind "choice".
        is_whole: whether only integers are allowed.
    """

    key: str
    title: str
    help: str
    kind: Kind
    low: float | None = None
    high: float | None = None
    step: float = 1.0
    choices: tuple[str, ...] = ()
    is_whole: bool = False

    def value_in(self, settings: Settings) -> Value:
        """Its value, as the form shows it: lists as JSON."""
        section, _, name = self.key.rpartition(".")
        value = getattr(getattr(settings, section) if section else settings, name)
        return json.dumps(value) if self.kind == "list" else cast(Value, value)

    def change(self, value: object) -> dict[str, object]:
        """What the form entered, as a nested mapping for the settings.

        Raises:
            SettingsError: a list cannot be read.
        """
        section, _, name = self.key.rpartition(".")
        entered = self._entered(value)
        return {section: {name: entered}} if section else {name: entered}

    def _entered(self, value: object) -> object:
        if self.kind == "list":
            return _list(self.key, str(value))
        if self.is_whole and isinstance(value, float) and value.is_integer():
            return int(value)
        return value


@dataclass(frozen=True, slots=True)
class Section:
    """A group of fields.

    Attributes:
        name: as in the settings.
        help: what the settings say of it.
        fields: in their order.
    """

    name: str
    help: str
    fields: tuple[Field, ...]


def sections() -> list[Section]:
    """Every section that the form shows, in its order."""
    schema = Settings.model_json_schema()
    definitions = schema["$defs"]
    made = []
    for name in SECTIONS:
        part = definitions[schema["properties"][name]["$ref"].rpartition("/")[2]]
        fields = tuple(_fields(part, f"{name}."))
        made.append(Section(name, " ".join(part.get("description", "").split()), fields))
    return made


def quality_field() -> Field:
    """The one option that sets many."""
    schema = Settings.model_json_schema()
    return _field("quality", schema["properties"]["quality"])


def _fields(part: Mapping[str, Any], prefix: str) -> Iterator[Field]:
    for name, facts in part["properties"].items():
        if facts.get("type") != "object":
            yield _field(prefix + name, facts)


def _field(key: str, facts: Mapping[str, Any]) -> Field:
    help = " ".join(facts.get("description", "").split())
    title = _title(key.rpartition(".")[2])
    match facts:
        case {"enum": choices}:
            return Field(key, title, help, "choice", choices=tuple(map(str, choices)))
        case {"type": "boolean"}:
            return Field(key, title, help, "switch")
        case {"type": "integer" | "number"}:
            return _number(key, title, help, facts)
        case {"type": "array"}:
            return Field(key, title, help, "list")
    return Field(key, title, help, "text")


def _number(key: str, title: str, help: str, facts: Mapping[str, Any]) -> Field:
    is_whole = facts["type"] == "integer"
    low, high = facts.get("minimum"), facts.get("maximum")
    above, below = facts.get("exclusiveMinimum"), facts.get("exclusiveMaximum")
    ends = [end for end in (low, above, high, below) if end is not None]
    whole_step = float(facts.get("multipleOf", 1))
    step = whole_step if is_whole else _step(max(ends) - min(ends), float(facts["default"]))
    # An end that is not allowed itself: the slider stops a step before it.
    low = above + step if low is None and above is not None else low
    high = below - step if high is None and below is not None else high
    return Field(key, title, help, "number", low, high, step, is_whole=is_whole)


def _step(span: float, default: float) -> float:
    """About a hundredth of the range, as 1, 2 or 5 times a power of ten, that meets the default."""
    raw = span / _STEPS if span else 0.01
    power = 10.0 ** math.floor(math.log10(raw))
    steps = (float(f"{m * power:.3g}") for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    digits = Decimal(f"{default:.6g}").normalize().as_tuple().exponent
    finest = 10.0**digits if default and isinstance(digits, int) else math.inf
    return min(next(steps), finest)


def _title(name: str) -> str:
    stem, unit = name, ""
    for suffix, word in (("_px", "px"), ("_s", "s")):
        if name.endswith(suffix):
            stem, unit = name.removesuffix(suffix), f" ({word})"
    return stem.replace("_", " ").capitalize() + unit


def _list(key: str, text: str) -> object:
    value = parse_assignments([f"{key}={text}"])[key]
    if not isinstance(value, list):
        raise SettingsError(
            f"{key} takes a list, got {text!r}.", 'For example ["MJPG"] or [[0.1, 0, 0.4, 1]].'
        )
    return value
