"""What a live session starts from where nobody says how good mattes are to be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from mattebox.apps.cli.options import settle_live
from mattebox.errors import SegmenterError
from mattebox.nets import torch_engine
from mattebox.settings import Quality, Settings

CPU = {"model.device": "cpu"}
LIVE_SIZE, USUAL_SIZE = 160, 256


def settled(
    options: Mapping[str, object] = CPU,
    *,
    preset_name: str | None = None,
    config: Path | None = None,
    quality: Quality | None = None,
    assignments: list[str] | None = None,
) -> Settings:
    return settle_live(
        preset_name=preset_name,
        config=config,
        quality=quality,
        options=options,
        assignments=assignments,
    )


def test_on_a_cpu_it_is_the_preset_live() -> None:
    """And what else is asked for is laid over it."""
    settings = settled({**CPU, "backdrop.source": "navy"}, assignments=["live.fade_s=1"])
    assert (settings.quality, settings.model.size) == ("fast", LIVE_SIZE)
    assert (settings.backdrop.source, settings.live.fade_s) == ("navy", 1)


def test_on_a_gpu_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which keeps pace anyway; a device of --set counts as one of -d."""
    monkeypatch.setattr(torch_engine, "choose_device", lambda _name: torch.device("cuda"))
    assert settled({}) == Settings()
    monkeypatch.setattr(torch_engine, "choose_device", torch.device)
    assert settled({}, assignments=["model.device=cpu"]).model.size == LIVE_SIZE
    assert settled({"model.device": "cuda"}).model.size == USUAL_SIZE


def test_who_says_how_good_gets_that(tmp_path: Path) -> None:
    """With -q, a file, a preset or --set; and a key needs no small picture."""
    config = tmp_path / "own.toml"
    config.write_text("[live]\nmirror = true\n")
    assert settled(quality="balanced").model.size == USUAL_SIZE
    assert settled(config=config).model.size == USUAL_SIZE
    assert settled(preset_name="file").quality == "balanced"
    assert settled(assignments=["quality=balanced"]).model.size == USUAL_SIZE
    assert settled(assignments=["model.size=224"]).model.size == 224
    assert settled({**CPU, "model.name": "chroma"}).quality == "balanced"


def test_a_device_that_is_not_there_is_told() -> None:
    """At once, as anywhere else."""
    with pytest.raises(SegmenterError, match="no device 'cuda:99'"):
        settled({"model.device": "cuda:99"})
