"""The recipe of a training run: one TOML file that says everything, so that anyone can repeat it.

What lives here: the keys, their ranges and what they mean. What does not: pictures (``scenes``),
arithmetic (``losses``, ``blocks``, ``whole``), the loop (``training``).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mattebox.errors import SettingsError, SourceNotFound
from mattebox_lab.train.scenes.degrade import AugmentOptions
from mattebox_lab.train.scenes.mixture import Ingredient, Mixture
from mattebox_lab.train.scenes.pairs import PairSet

SCRATCH = "scratch"
# Of a value that cannot be used so many characters are told.
_LONGEST_VALUE = 60

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Side = Annotated[int, Field(ge=32, multiple_of=32)]


class Part(BaseModel):
    """What recipes are made of: unknown keys are refused, nothing changes afterwards."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Scene(Part):
    """A part of the mixture: see ``scenes.mixture.Ingredient``."""

    scene: str
    share: float = Field(gt=0)
    sets: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    taught: bool = Field(
        default=False, description="Whether the teacher has a say about these pictures."
    )


class LossWeights(Part):
    """How much each term of the loss of a phase ``whole`` counts."""

    region: Weight = Field(default=1, description="Cross-entropy of the fused map and all sides.")
    overlap: Weight = Field(default=1, description="Soft IoU of the fused map.")
    edge_gain: Weight = Field(
        default=4, description="How much more pixels near an edge count in region and overlap."
    )
    edge: Weight = Field(default=0.5, description="Difference of gradients, where edges are exact.")
    maps: Weight = Field(default=0, description="Cross-entropy with the teacher's maps and sides.")
    features: Weight = Field(default=0, description="Difference to the teacher's stages.")
    steady: Weight = Field(default=0, description="Difference along the flow; clips only.")
    bound: Weight = Field(
        default=0, description="What activations exceed ``activation_bound`` by, squared, mean."
    )
    activation_bound: float = Field(default=16, gt=0)


class Phase(Part):
    """A part of a run with one loss, one mixture and one schedule.

    In a phase of kind ``blocks`` each stage learns by itself what the teacher's stage makes of the
    teacher's own input to it; in one of kind ``whole`` the network learns as one.
    """

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    kind: Literal["blocks", "whole"]
    steps: int = Field(ge=1)
    sizes: tuple[tuple[Side, Side], ...] = Field(
        min_length=1, description="(height, width) of the pictures; each step draws one."
    )
    pixels: int = Field(ge=1024, description="Of a batch, about: small pictures come in numbers.")
    learning_rate: float = Field(default=0.01, gt=0, description="Of Muon, for convolutions.")
    learning_rate_of_the_rest: float = Field(default=2e-3, gt=0, description="Of AdamW.")
    final_share: Share = Field(default=0, description="What the cosine leaves of both rates.")
    warm_up: int = Field(default=20, ge=1, description="Steps until the rates are reached.")
    stages: tuple[str, ...] = Field(
        default=(), description="Blocks only: the stages and sides to train; empty: all."
    )
    clips: Share = Field(default=0, description="Share of steps that show clips, not pictures.")
    eight_bits: Share = Field(
        default=0, description="Share of steps that run as if in eight bits: see ``eight_bits``."
    )
    clip_length: int = Field(default=2, ge=2)
    mixture: tuple[Scene, ...] = Field(min_length=1)
    losses: LossWeights = LossWeights()

    @property
    def teaches_stages(self) -> bool:
        """Whether the student's stages are compared with the teacher's."""
        return self.kind == "blocks" or self.losses.features > 0


def _with_mixture(phase: object, named: Mapping[str, object]) -> object:
    """A phase with the mixture that it names; what it has, where it names none that there is."""
    if not isinstance(phase, Mapping) or not isinstance(name := phase.get("mixture"), str):
        return phase
    return {**phase, "mixture": named.get(name, name)}


class Recipe(Part):
    """A whole run.

    In TOML a table ``mixtures`` may give a mixture a name, for several phases to have it.
    """

    seed: int = Field(ge=0)
    start: str = Field(description='A checkpoint\'s name or path, or "scratch".')
    teacher: str | None = Field(default=None, description="A checkpoint's name or path.")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        default="auto", description="auto: bf16 where the device multiplies in it, else fp32."
    )
    device: str = "auto"
    workers: int = Field(default=0, ge=0, description="Processes that make samples; 0: none.")
    average: float = Field(
        default=0.998, ge=0, lt=1, description="What a step leaves of the average of weights."
    )
    epoch: int = Field(default=500, ge=1, description="Steps between contact sheets and saves.")
    report: int = Field(default=25, ge=1, description="Steps between lines of metrics.")
    rooms: str | None = Field(default=None, description="The set of pictures without a subject.")
    sets: Mapping[str, tuple[str, ...]] = Field(
        min_length=1, description="Patterns of shards and folders under the data folder, by set."
    )
    augment: Mapping[str, float | tuple[float, float]] = Field(
        default={}, description="Changes to ``scenes.degrade.AugmentOptions``."
    )
    phases: tuple[Phase, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _with_named_mixtures(cls, content: object) -> object:
        """Put the mixtures where phases name them."""
        if not isinstance(content, Mapping) or "mixtures" not in content:
            return content
        named, phases = content["mixtures"], content.get("phases")
        if not isinstance(named, Mapping) or not isinstance(phases, list):
            return content
        rest = {key: value for key, value in content.items() if key != "mixtures"}
        return {**rest, "phases": [_with_mixture(phase, named) for phase in phases]}

    @property
    def steps(self) -> int:
        """Of all phases together."""
        return sum(phase.steps for phase in self.phases)


def read_recipe(path: Path, changes: Mapping[str, object] | None = None) -> Recipe:
    """The recipe in a TOML file, with changes of its first level.

    Raises:
        SourceNotFound: no such file.
        SettingsError: it is no TOML, or has a key or value that cannot work.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8")) | dict(changes or {})
    except FileNotFoundError as error:
        raise SourceNotFound(
            f"no recipe at {path}.",
            "Pass a recipe's path; the shipped ones are in mattebox_lab/train/recipes.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"cannot read the recipe {path}: {error}.", "Correct it.") from error
    try:
        recipe = Recipe.model_validate(content)
    except ValidationError as error:
        # A mistyped key is two mistakes: its own says more than that another one is missing.
        first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
        where = ".".join(str(key) for key in first["loc"])
        seen = "" if first["type"] == "missing" else f" ({_shortened(repr(first['input']))})"
        raise SettingsError(
            f"cannot use the recipe {path}: {where}: {first['msg']}{seen}.",
            "Correct that key; recipe.py says what each one means.",
        ) from error
    _check(recipe, path)
    return recipe


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def _check(recipe: Recipe, path: Path) -> None:
    for phase in recipe.phases:
        losses = phase.losses
        needs_teacher = phase.kind == "blocks" or losses.maps > 0 or losses.features > 0
        if needs_teacher and recipe.teacher is None:
            raise SettingsError(
                f"cannot use the recipe {path}: its phase {phase.name} learns from a teacher, and "
                "there is none.",
                "Set teacher to a checkpoint, such as u2netp.",
            )


def find_sets(recipe: Recipe, data: Path) -> dict[str, PairSet]:
    """The recipe's sets, found under a folder.

    Raises:
        SourceNotFound: a pattern fits nothing there.
        DecodeError: a shard is damaged.
    """
    return {
        name: PairSet(name, [path for pattern in patterns for path in _found(data, pattern, name)])
        for name, patterns in recipe.sets.items()
    }


def _found(data: Path, pattern: str, name: str) -> list[Path]:
    try:
        found = sorted(data.glob(pattern))
    except (NotImplementedError, ValueError) as error:
        raise SettingsError(
            f"the set {name} has the pattern {pattern!r}, which is none: {error}.",
            "Write it relative to --data, such as 'people-*.tar'.",
        ) from error
    if not found:
        there = ", ".join(sorted(path.name for path in data.glob("*"))[:12]) or "nothing"
        raise SourceNotFound(
            f"no data for the set {name}: nothing in {data} fits {pattern!r}. There is {there}.",
            "Pass the folder of the training sets as --data, or correct the recipe's sets.",
        )
    return found


def mixture(recipe: Recipe, phase: Phase, sets: Mapping[str, PairSet], seed: int) -> Mixture:
    """What a phase shows.

    Raises:
        SettingsError: an unknown scene, set or effect.
    """
    ingredients = [Ingredient(**part.model_dump()) for part in phase.mixture]
    return Mixture(sets, ingredients, recipe.rooms, seed=seed, augment=_augment(recipe))


def _augment(recipe: Recipe) -> AugmentOptions:
    known = AugmentOptions.__dataclass_fields__
    unknown = sorted(set(recipe.augment) - set(known))
    if unknown:
        raise SettingsError(
            f"unknown effect augment.{unknown[0]}. There are {', '.join(known)}.",
            "Correct the recipe.",
        )
    for name, value in recipe.augment.items():
        usual = known[name].default
        if isinstance(usual, tuple) != isinstance(value, tuple):
            raise SettingsError(
                f"augment.{name} cannot be {value!r}; it is {usual!r} by default.",
                "Give two numbers for a range, one for a share.",
            )
        low, high = value if isinstance(value, tuple) else (value, value)
        is_share = not isinstance(value, tuple) and not name.endswith(("_deviation", "_stops"))
        if not 0 <= low <= high or (is_share and high > 1):
            raise SettingsError(
                f"augment.{name} cannot be {value!r}: "
                + ("a share is from 0 to 1." if is_share else "it is from 0 on, the lower first."),
                f"It is {usual!r} by default.",
            )
    return AugmentOptions(**recipe.augment)  # type: ignore[arg-type]
