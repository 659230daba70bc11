"""A file that the studio makes, by the process that makes it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from clips import write_clip
from mattebox.apps.studio.file_job import FileJob
from mattebox.settings import Quality, Settings, adjusted, load, resolve

FAST = adjusted(Settings(), {"quality": "fast", "model": {"name": "threshold"}})


@pytest.mark.parametrize("quality", [None, "balanced"])
def test_a_file_has_the_quality_that_is_chosen_for_files(
    tmp_path: Path, quality: Quality | None
) -> None:
    """All that it sets, and the model and whatever else is of the page."""
    clip = write_clip(tmp_path / "clip.mkv", size=(96, 64), frames=4)
    job = FileJob(tmp_path / "made", quality)
    job.start(clip, clip.name, FAST)
    deadline = time.monotonic() + 60
    while job.progress.state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert job.progress.state == "done"
    assert job.progress.frames == 4
    used = resolve(load(tmp_path / "made" / "settings.toml"))
    assert used == (FAST if quality is None else adjusted(FAST, {"quality": quality}))
    assert used.model.name == "threshold"
    assert (used.temporal.look_ahead > 0) == (quality == "balanced")
