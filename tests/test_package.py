"""What is installed: the public names, and the files that travel with the code."""

from __future__ import annotations

from importlib.metadata import requires, version
from pathlib import Path

import pytest

import mattebox
from mattebox.settings import presets_folder
from mattebox_lab.reference import page
from places import REQUIRED, ROOT


def test_the_public_names_are_these() -> None:
    """Adding one is a decision, removing one a break."""
    assert mattebox.__all__ == sorted(mattebox.__all__)
    assert {"compose", "composites", "replace_background"} <= set(mattebox.__all__)
    assert all(hasattr(mattebox, name) for name in mattebox.__all__)
    assert dir(mattebox) == mattebox.__all__
    assert not hasattr(mattebox, "no_such_name")


def test_the_tests_run_on_the_built_wheel() -> None:
    """Where MATTEBOX_REQUIRE names it: not on the source tree."""
    if "wheel" not in REQUIRED:
        pytest.skip("MATTEBOX_REQUIRE does not name the wheel")
    assert "site-packages" in Path(mattebox.__file__).parts


def test_what_the_code_needs_beside_itself_is_installed_with_it() -> None:
    """Weights, their card, configs and the marker for type checkers."""
    package = Path(mattebox.__file__).parent
    assert (package / "nets" / "checkpoints" / "mattebox.safetensors").stat().st_size < 3 << 20
    assert (package / "nets" / "checkpoints" / "MODEL_CARD.md").is_file()
    assert (package / "py.typed").is_file()
    assert {path.stem for path in presets_folder().glob("*.toml")} >= {"file", "fast", "best"}
    assert (presets_folder() / "mattebox-live.service").is_file()


def test_the_changelog_knows_this_version() -> None:
    """Nobody upgrades to a version that says nothing."""
    assert f"## {version('mattebox')}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_no_required_package_is_under_the_gpl() -> None:
    """Pyvirtualcam is; it may only ever be an extra."""
    needed = [line for line in requires("mattebox") or [] if "extra ==" not in line]
    assert not any(line.startswith("pyvirtualcam") for line in needed)


def test_the_page_of_settings_follows_the_tree() -> None:
    """`python -m mattebox_lab reference` after a change."""
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == page()
