"""Where things are, and what must not be skipped on this machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
SHARED = Path(os.environ.get("MATTEBOX_SHARED", ROOT.parent / "shared"))
REQUIRED = set(filter(None, os.environ.get("MATTEBOX_REQUIRE", "").split(",")))


def skip_or_fail(what: str, reason: str) -> None:
    """Skip, unless ``MATTEBOX_REQUIRE`` names ``what``: there a skip is a failure."""
    if what in REQUIRED:
        pytest.fail(f"{reason}, and MATTEBOX_REQUIRE names {what!r}")
    pytest.skip(reason)
