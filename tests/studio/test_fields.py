"""The form is read from the settings, and what it enters are settings again."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from mattebox.apps.studio.fields import ELSEWHERE, SECTIONS, Field, quality_field, sections
from mattebox.errors import SettingsError
from mattebox.settings import Settings, adjusted, describe

FIELDS = [quality_field(), *(field for section in sections() for field in section.fields)]


def test_no_section_is_forgotten() -> None:
    there = {
        name for name in Settings.model_fields if isinstance(getattr(Settings(), name), BaseModel)
    }
    assert sorted((*SECTIONS, *ELSEWHERE)) == sorted(there)


def test_every_option_of_its_sections_is_there() -> None:
    expected = {
        f"{name}.{key}" for name in SECTIONS for key in type(getattr(Settings(), name)).model_fields
    }
    assert {field.key for field in FIELDS} == expected | {"quality"}


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)
def test_a_field_shows_its_value_and_gives_it_back(field: Field) -> None:
    """Help and value as in the settings; entered as it is shown, nothing changes."""
    settings = Settings()
    assert field.help == describe(field.key)
    shown = field.value_in(settings)
    # A browser knows one kind of number.
    entered = float(shown) if field.kind == "number" else shown
    assert adjusted(settings, field.change(entered)) == settings


@pytest.mark.parametrize(
    "field", [f for f in FIELDS if f.kind == "number"], ids=lambda field: field.key
)
def test_both_ends_of_a_slider_are_allowed(field: Field) -> None:
    default = float(field.value_in(Settings()))
    assert field.low is None or field.low <= default
    assert field.high is None or default <= field.high
    for end in (field.low, field.high):
        if end is not None:
            assert refusal_of(field, float(end)) in {"", "must be below"}


def refusal_of(field: Field, value: float) -> str:
    """Why a value is refused, if it is; options that contradict each other are allowed to be."""
    try:
        adjusted(Settings(), field.change(value))
    except SettingsError as error:
        return "must be below" if "must be below" in error.message else error.message
    return ""


def test_choices_are_those_of_the_settings() -> None:
    field = next(field for field in FIELDS if field.key == "backdrop.fit")
    assert field.choices == ("cover", "contain", "stretch", "tile")


def test_a_list_that_is_none_is_refused_in_words() -> None:
    field = next(field for field in FIELDS if field.key == "subject.keep_in")
    with pytest.raises(SettingsError, match=r"subject\.keep_in"):
        field.change("a desk")
    assert field.change("[[0, 0, 0.5, 1]]") == {"subject": {"keep_in": [[0, 0, 0.5, 1]]}}
