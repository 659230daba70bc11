"""A video that is being encoded can be ended at any moment, and leaves nothing."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from mattebox.apps.studio.encoding import Encoder
from mattebox.apps.studio.gallery import Gallery
from mattebox.errors import MatteboxError, PipelineError, SourceError
from places import SAMPLES

CLIP = SAMPLES / "clip.mp4"


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="too long"):
        Encoder(longest_s=0.05).encode(CLIP, tmp_path / "made.mp4")
    assert [*tmp_path.iterdir()] == []


def test_closing_ends_what_runs_and_lets_nothing_begin(tmp_path: Path) -> None:
    gallery = Gallery(tmp_path / "own")
    refused: list[MatteboxError] = []

    def add() -> None:
        try:
            gallery.add(CLIP, "clip.mp4")
        except MatteboxError as error:
            refused.append(error)

    adding = threading.Thread(target=add)
    adding.start()
    while not (running := [*gallery._encoder._running]):
        assert adding.is_alive()
        time.sleep(0.01)
    gallery.close()
    adding.join(20)
    add()
    assert running[0].returncode
    assert [type(error) for error in refused] == [PipelineError, PipelineError]
    assert [*(tmp_path / "own").iterdir()] == []
