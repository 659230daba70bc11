"""``python -m mattebox_lab average``: one network of two."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from mattebox.errors import WeightsError
from mattebox.nets import weights
from mattebox.nets.u2net import U2NET, U2Net, fold_batch_norm
from mattebox_lab.__main__ import app
from mattebox_lab.train.checkpoints import starting_network, write_weights
from mattebox_lab.train.recipe import read_recipe
from places import ROOT

CLOSE = 2e-3  # fp16 of weights up to 4


def _average(*arguments: str | Path) -> str:
    result = CliRunner().invoke(app, ["average", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


@pytest.mark.parametrize("share", [0, 0.25, 1])
def test_every_weight_is_between_the_two(tmp_path: Path, share: float) -> None:
    """A quarter of the second one's is a quarter of the way; 0 and 1 are the two themselves."""
    other, out = tmp_path / "other.safetensors", tmp_path / "out.safetensors"
    write_weights(starting_network("scratch", 1), other)

    assert _average("mattebox", other, "--share", str(share), "--out", out) == str(out)

    first, second, found = (
        weights.load(weights.find(name)).state_dict() for name in ("mattebox", str(other), str(out))
    )
    assert found.keys() == first.keys()
    for name, value in found.items():
        expected = (1 - share) * first[name] + share * second[name]
        assert torch.allclose(value, expected, rtol=1e-3, atol=CLOSE)


def test_two_networks_have_no_average(tmp_path: Path) -> None:
    """The large one's stages are of other sizes; nothing is written."""
    large, out = tmp_path / "large.safetensors", tmp_path / "out.safetensors"
    write_weights(fold_batch_norm(U2Net(U2NET)), large)

    with pytest.raises(WeightsError, match="one is a u2netp, the other a u2net") as caught:
        _average("mattebox", large, "--out", out)

    assert caught.value.advice
    assert not out.exists()


def test_the_packages_weights_are_near_the_start_that_their_recipe_names() -> None:
    """Half of what the run moved: another network's weights would be as far as these are long."""
    folder = ROOT / "src" / "mattebox_lab" / "train"
    recipe = read_recipe(folder / "recipes" / "two-cores-clutter.toml", {})
    start, ours = (
        weights.load(weights.find(name)).state_dict()
        for name in (str(ROOT / recipe.start), "mattebox")
    )
    moved = sum(float((ours[name] - start[name]).square().sum()) for name in ours) ** 0.5
    length = sum(float(start[name].square().sum()) for name in start) ** 0.5
    assert 0 < moved < 0.1 * length
