"""Several processes train one network, and end in order when asked to."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor, distributed

from mattebox.apps.cli.console import EXIT_OUTPUT, EXIT_USAGE
from mattebox_lab.train.checkpoints import starting_network
from mattebox_lab.train.peers import COUNT, PORT, RANK, Peers, free_port
from mattebox_lab.train.training import METRICS, STATE, WEIGHTS
from places import ROOT

RECIPE = """
seed = 3
start = "mattebox"
precision = "fp32"
epoch = 1000
report = 1
sets = {{ people = ["people"] }}
[[phases]]
name = "whole"
kind = "whole"
steps = {steps}
sizes = [[64, 64]]
pixels = 8192
learning_rate = 0.001
mixture = [{{ scene = "plain", share = 1, sets = ["people"] }}]
"""


def _command(data: Path, folder: Path, steps: int, *options: str) -> Sequence[str]:
    recipe = folder.parent / "recipe.toml"
    recipe.write_text(RECIPE.format(steps=steps), "utf-8")
    train = [sys.executable, "-m", "mattebox_lab", "train", str(recipe)]
    return [*train, "--data", str(data), "--out", str(folder), *options]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}


def _trained(data: Path, folder: Path, *options: str) -> Mapping[str, Tensor]:
    """The network after three steps of a command that has to work."""
    command = _command(data, folder, 3, *options)
    done = subprocess.run(command, env=_environment(), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(folder / WEIGHTS)]
    network: Mapping[str, Tensor] = torch.load(folder / STATE, weights_only=True)["network"]
    return network


@pytest.fixture(scope="module")
def alone(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Tensor]:
    """What one process makes of the recipe."""
    return _trained(folders, tmp_path_factory.mktemp("alone") / "run")


@pytest.mark.parametrize("processes", [2, 3])
def test_peers_train_as_one(
    folders: Path, tmp_path: Path, alone: Mapping[str, Tensor], processes: int
) -> None:
    """Two pictures a step: the weights are those of one that sees both, also where one has none."""
    both = _trained(folders, tmp_path / "both", "--processes", str(processes))

    start = starting_network("mattebox", 0).state_dict()
    moved = _distance(alone, start)
    assert moved > 0
    assert _distance(both, alone) < 0.1 * moved
    lines = (tmp_path / "both" / METRICS).read_text("utf-8").splitlines()
    read = [json.loads(line) for line in lines]
    assert [(line["step"], line["images"]) for line in read] == [(1, 2), (2, 2), (3, 2)]
    assert (tmp_path / "both" / "peer-1.log").read_text("utf-8") == ""


def _distance(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> float:
    return math.sqrt(sum(float((one[key] - other[key]).square().sum()) for key in one))


def test_gradients_count_as_often_as_their_pictures() -> None:
    """Three pictures here and one there: the mean is that of the four."""
    script = """
import sys, torch
from mattebox_lab.train.peers import Peers
peers, weight = Peers(), torch.nn.Parameter(torch.zeros(2))
weight.grad = torch.tensor([1.0, 0.0]) if peers.is_first else torch.tensor([5.0, 8.0])
peers.average_gradients([weight], 3 if peers.is_first else 1)
assert weight.grad.tolist() == [2.0, 2.0], weight.grad
assert peers.total(1 + peers.rank) == 3
assert peers.agree(not peers.is_first) and not peers.agree(False)
"""
    environment = {**_environment(), PORT: str(free_port())}
    peers = [
        subprocess.Popen(
            [sys.executable, "-c", script],
            env={**environment, COUNT: "2", RANK: str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    said = [peer.communicate(timeout=120)[1] for peer in peers]
    assert [peer.returncode for peer in peers] == [0, 0], said


def test_a_mistyped_recipe_is_refused_once_and_leaves_no_run(folders: Path, tmp_path: Path) -> None:
    """Before any process is started."""
    command = _command(folders, tmp_path / "run", 3, "--processes", "2")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(recipe.read_text("utf-8").replace("steps", "stteps"), "utf-8")
    done = subprocess.run(command, env=_environment(), check=False, capture_output=True, text=True)
    assert done.returncode == EXIT_USAGE
    assert done.stderr.count("phases.0.stteps: Extra inputs are not permitted (3)") == 1
    assert "steps: Field required" not in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_file_is_no_place_for_a_run_of_several(folders: Path, tmp_path: Path) -> None:
    """In words, as of one process."""
    (tmp_path / "run").write_text("mine", "utf-8")
    command = _command(folders, tmp_path / "run", 3, "--processes", "2")
    done = subprocess.run(command, env=_environment(), check=False, capture_output=True, text=True)
    assert done.returncode == EXIT_OUTPUT, done.stderr
    assert "cannot use" in done.stderr
    assert (tmp_path / "run").read_text("utf-8") == "mine"


def test_a_clusters_own_variables_mean_nothing(folders: Path, tmp_path: Path) -> None:
    """Launchers export RANK and WORLD_SIZE for whatever they start."""
    environment = {**_environment(), "RANK": "1", "WORLD_SIZE": "4"}
    command = _command(folders, tmp_path / "run", 1)
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_peers_mistake_ends_all_of_them(folders: Path, tmp_path: Path) -> None:
    """In words and with the program's exit code; nobody waits for the others for ever."""
    command = _command(folders, tmp_path / "run", 3, "--processes", "2", "--start", "nonsense")
    done = subprocess.run(
        command, env=_environment(), check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 5, done.stderr
    assert "nonsense" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("processes", [1, 2])
def test_ctrl_c_saves_what_was_learnt(folders: Path, tmp_path: Path, processes: int) -> None:
    """The step that is on ends, the run exits with 130, and goes on from there."""
    folder = tmp_path / "run"
    command = _command(folders, folder, 5000, "--processes", str(processes))
    with subprocess.Popen(
        command, env=_environment(), stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stderr is not None
        assert run.stderr.readline() == "computing in fp32 on cpu\n"
        assert "whole 1/5000" in run.stderr.readline()
        os.killpg(run.pid, signal.SIGINT)
        said = run.stderr.read()
    assert run.returncode == 130
    assert "--resume" in said
    assert "Traceback" not in said
    saved = torch.load(folder / STATE, weights_only=True)["progress"][1]
    assert saved > 0

    again = [*command, "--resume", "--steps", "1"]
    done = subprocess.run(again, env=_environment(), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert torch.load(folder / STATE, weights_only=True)["progress"][1] == saved + 1


def test_every_sample_is_somebodys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and nobody has nothing to do."""
    monkeypatch.setattr(distributed, "is_initialized", lambda: True)
    monkeypatch.setenv(COUNT, "3")
    peers = []
    for rank in range(3):
        monkeypatch.setenv(RANK, str(rank))
        peers.append(Peers())
    shares = [peer.share(tuple(range(7))) for peer in peers]
    assert all(counts for _, counts in shares)
    assert sorted(number for own, _ in shares for number in own) == list(range(7))
    assert [peer.share((9,)) for peer in peers] == [((9,), True), ((9,), False), ((9,), False)]
