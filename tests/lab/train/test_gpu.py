"""A recipe on a CUDA device; skipped where there is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mattebox.nets import weights
from mattebox_lab.train.recipe import Recipe, find_sets
from mattebox_lab.train.training import METRICS, WEIGHTS, Run
from places import skip_or_fail

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_recipe_trains_on_a_gpu(folders: Path, tmp_path: Path, precision: str) -> None:
    """Both kinds of phase, clips included, in a process of its own for the scenes."""
    if not torch.cuda.is_available():
        skip_or_fail("gpu", "PyTorch sees no CUDA device")
    mixture = [{"scene": "plain", "share": 1, "sets": ["people"], "taught": True}]
    shown = {"steps": 3, "sizes": [[64, 96]], "pixels": 32768, "mixture": mixture}
    losses = {"maps": 1, "features": 1, "steady": 1, "bound": 1}
    recipe = Recipe.model_validate(
        {
            "seed": 1,
            "start": "mattebox",
            "teacher": "mattebox",
            "device": "cuda",
            "precision": precision,
            "workers": 1,
            "report": 1,
            "sets": {"people": ["people"]},
            "phases": [
                shown | {"name": "blocks", "kind": "blocks"},
                shown | {"name": "whole", "kind": "whole", "clips": 1, "losses": losses},
            ],
        }
    )
    run = Run(recipe, find_sets(recipe, folders), tmp_path, lambda line: None)
    run.begin()
    run.go()

    lines = [json.loads(line) for line in (tmp_path / METRICS).read_text("utf-8").splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 1, 2, 3]
    weights.load(weights.find(str(tmp_path / WEIGHTS)))
