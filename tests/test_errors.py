"""The tree of errors is the tree that the module's docstring draws."""

from __future__ import annotations

import re

import pytest

from mattebox import errors
from mattebox.errors import MatteboxError, SourceNotFound

CLASSES: dict[str, type[MatteboxError]] = {
    name: found
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, MatteboxError)
}


def drawn() -> dict[str, tuple[str | None, str | None]]:
    """(parent in the tree, base outside it) of each class, by name, as the docstring draws them."""
    tree: dict[str, tuple[str | None, str | None]] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"    ([│ ]*(?:├── |└── )?)(\w+)(?: \((\w+)\))?(?:  |$)", line)
        if not match:
            continue
        level = len(match[1]) // 4
        above[level:] = [match[2]]
        tree[match[2]] = (above[level - 1] if level else None, match[3])
    return tree


def test_the_tree_that_is_drawn_is_the_tree_that_exists() -> None:
    """Every class is drawn, under its parent, with the built-in error that it also is."""
    tree = drawn()
    assert set(tree) == set(CLASSES)
    for name, (parent, outside) in tree.items():
        bases = [base.__name__ for base in CLASSES[name].__bases__]
        assert bases == [base for base in (parent or "Exception", outside) if base]


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_an_error_shows_its_message_and_then_its_advice(name: str) -> None:
    """Also those that inherit another way of showing themselves; no advice, no second line."""
    error = CLASSES[name]("cannot do it: saw 3, allowed are 1 and 2.", "Set it to 1.")
    assert str(error) == "cannot do it: saw 3, allowed are 1 and 2.\n  Set it to 1."
    assert (error.message, error.advice) == error.args
    assert str(CLASSES[name]("cannot do it.")) == "cannot do it."


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_class_says_what_it_is_for(name: str) -> None:
    """In its docstring, so that a traceback can be looked up."""
    assert CLASSES[name].__doc__


def test_one_clause_catches_them_all_and_the_usual_ones_still_work() -> None:
    """For a script, a missing input is a FileNotFoundError like any other."""
    assert all(issubclass(found, MatteboxError) for found in CLASSES.values())
    with pytest.raises(FileNotFoundError):
        raise SourceNotFound("no camera 2.")
