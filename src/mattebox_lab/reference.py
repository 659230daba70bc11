"""The page of all settings, made from their tree: ``docs/settings.md``."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from mattebox.settings import QUALITIES, Settings

_HEAD = """# Settings

Every option, its default and what it may be. Set one with `--set section.key=value`, several in a
TOML file with `--config FILE`; `mattebox config show` prints the whole tree as such a file.

This page is made from the settings tree by `python -m mattebox_lab reference`.
"""


def page() -> str:
    """The whole page as Markdown."""
    lines = [_HEAD, *_section("General", Settings)]
    for name, field in Settings.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            lines += ["", *_section(f"[{name}]", inner)]
    return "\n".join([*lines, "", *_qualities(), ""])


def _section(title: str, section: type[BaseModel]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if section is not Settings:
        yield " ".join((section.__doc__ or "").split())
        yield ""
    yield "| key | default | allowed | meaning |"
    yield "|---|---|---|---|"
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            continue
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        default = field.get_default(call_default_factory=True)
        yield (
            f"| `{name}` | `{list(default) if isinstance(default, tuple) else default}` "
            f"| {_allowed(section, name, field)} | {meaning} |"
        )


def _allowed(section: type[BaseModel], name: str, field: FieldInfo) -> str:
    schema = section.model_json_schema()["properties"][name]
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    bounds = [
        f"{sign} {schema[key]:g}"
        for key, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("exclusiveMaximum", "<"),
            ("multipleOf", "a multiple of"),
        )
        if key in schema
    ]
    return ", ".join([schema.get("type", "text"), *bounds])


def _qualities() -> Iterator[str]:
    yield "## What -q changes"
    yield ""
    yield "| quality | settings |"
    yield "|---|---|"
    for name, overlay in QUALITIES.items():
        pairs = [
            f"`{s}.{key} = {value}`" for s, keys in overlay.items() for key, value in keys.items()
        ]
        yield f"| `{name}` | {', '.join(pairs) or 'the defaults above'} |"
