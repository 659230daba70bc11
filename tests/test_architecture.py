"""The house as ``docs/architecture.md`` draws it: who may import whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from places import ROOT

PACKAGE = ROOT / "src" / "mattebox"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))

HALL = {
    "anchor",
    "errors",
    "timing",
    "files",
    "pixels",
    "colour",
    "frame",
    "ports",
    "around",
    "program",
}
DOORS = {"sources", "backdrops", "sinks", "nets"}
# A room, and which rooms of ours it may import besides itself.
ALLOWED = {
    "hall": set[str](),
    "settings": {"hall"},
    "channel": set[str](),
    "stages": {"channel", "hall"},
    "report": {"hall"},
    "outputs": {"stages", "report", "hall"},
    "pipeline": {"outputs", "stages", "channel", "report", "hall"},
    "live": {"pipeline", "stages", "channel", "report", "hall"},
    "jobs": {"hall"},
    "matting": {"hall"},
    "inspection": {"matting", "report", "hall"},
    "sources": {"hall"},
    "backdrops": {"hall"},
    "sinks": {"hall"},
    "nets": {"hall"},
    "assemble": {
        "settings",
        "jobs",
        "channel",
        "pipeline",
        "report",
        "live",
        "matting",
        "inspection",
        "hall",
        *DOORS,
    },
    "api": {"settings", "jobs", "assemble", "pipeline", "report", "hall"},
    "apps": {
        "settings",
        "jobs",
        "nets",
        "sources",
        "assemble",
        "api",
        "pipeline",
        "report",
        "live",
        "hall",
    },
    "__init__": {"api", "settings", "report", "hall"},
    "__main__": {"apps"},
}
FORBIDDEN_NAMES = {"utils", "util", "common", "helpers", "helper", "base", "manager", "misc"}


def room_of(module: str) -> str:
    """The room of ``mattebox.X.Y``: ``hall`` or the first part after the package."""
    parts = module.split(".")
    first = parts[1] if len(parts) > 1 else "__init__"
    return "hall" if first in HALL else first


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {module_name(path) for path in MODULES}


def imports(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    """Every module that the file imports; blocks under TYPE_CHECKING count too."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = tree.body if top_level_only else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (_imported(node.module or "", alias.name) for alias in node.names)


def _imported(module: str, name: str) -> str:
    """``from a import b`` imports the module a.b where there is one, else a."""
    inner = f"{module}.{name}"
    return inner if inner in NAMES else module


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    """The arrows of the drawing, one way."""
    room = room_of(module_name(path))
    for imported in imports(path):
        if imported.split(".")[0] != "mattebox":
            continue
        target = room_of(imported)
        assert target == room or target in ALLOWED[room], f"{path} imports {imported}"


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_no_module_has_a_name_that_says_nothing(path: Path) -> None:
    """A drawer called utils collects everything."""
    assert path.stem not in FORBIDDEN_NAMES


@pytest.mark.parametrize(
    "path", [p for p in MODULES if room_of(module_name(p)) in DOORS], ids=module_name
)
def test_a_door_knows_one_outside_library(path: Path) -> None:
    """One library per leaf file, so that it is loaded only when its door is chosen."""
    libraries = {name.split(".")[0] for name in imports(path)}
    outside = libraries & {"av", "cv2", "pyvirtualcam", "openvino", "torch"}
    assert len(outside) <= 1, f"{path} imports {sorted(outside)}"


def test_modules_import_each_other_in_no_circle() -> None:
    """Imports at the top of modules form a tree's order."""
    graph = {
        module_name(path): {
            n for n in imports(path, top_level_only=True) if n.startswith("mattebox")
        }
        for path in MODULES
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail, name))
        if name in done:
            return
        for target in graph.get(name, set()):
            visit(target, (*trail, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def test_the_lab_is_never_imported_by_the_product() -> None:
    """mattebox_lab is not in the wheel."""
    offenders = [
        path for path in MODULES if any(n.startswith("mattebox_lab") for n in imports(path))
    ]
    assert offenders == []
