"""Runs: resumed to the bit, leaving weights that load, learning what they are shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from mattebox.errors import (
    MatteboxError,
    SegmenterError,
    SettingsError,
    SourceError,
    WeightsError,
)
from mattebox.nets import weights
from mattebox.nets.torch_engine import TorchSegmenter
from mattebox.nets.u2net import U2NETP, U2Net, fold_batch_norm
from mattebox_lab.__main__ import app
from mattebox_lab.train.batches import batches, plan
from mattebox_lab.train.blocks import BlockLoss, chosen_stages
from mattebox_lab.train.checkpoints import official_state, starting_network, write_weights
from mattebox_lab.train.losses import relative_error
from mattebox_lab.train.recipe import Recipe, find_sets, mixture
from mattebox_lab.train.training import (
    METRICS,
    STATE,
    WEIGHTS,
    Run,
    is_faster_channels_last,
    rate_share,
    shortened,
    training_dtype,
)
from places import ROOT

LARGEST_FILE = 2_400_000
MIXTURE = [
    {"scene": "plain", "share": 1, "sets": ["things"], "taught": True},
    {"scene": "composite", "share": 1, "sets": ["people"]},
    {"scene": "empty", "share": 0.5},
]
PHASE = {"sizes": [[32, 64], [64, 64]], "pixels": 8192, "mixture": MIXTURE}


def _recipe(**changes: Any) -> Recipe:
    losses = {"maps": 1, "features": 1, "steady": 1, "bound": 1}
    whole = {"name": "whole", "kind": "whole", "steps": 4, "clips": 0.5, "losses": losses}
    blocks = {"name": "blocks", "kind": "blocks", "steps": 2}
    return Recipe.model_validate(
        {
            "seed": 5,
            "start": "mattebox",
            "teacher": "mattebox",
            "precision": "fp32",
            "epoch": 3,
            "report": 1,
            "rooms": "rooms",
            "sets": {name: [name] for name in ("people", "things", "rooms")},
            "phases": [PHASE | blocks, PHASE | whole],
        }
        | changes
    )


def _quiet(line: object) -> None:
    """Nobody is told."""


def _run(recipe: Recipe, data: Path, folder: Path) -> Run:
    return Run(recipe, find_sets(recipe, data), folder, _quiet)


def test_a_resumed_run_is_the_same_to_the_bit(folders: Path, tmp_path: Path) -> None:
    """Stopped in the middle of a phase, after the seam between two, and not at all."""
    whole = _run(_recipe(), folders, tmp_path / "whole")
    whole.begin()
    whole.go()
    for _ in range(3):
        part = _run(_recipe(), folders, tmp_path / "parts")
        if (tmp_path / "parts").exists():
            part.resume()
        else:
            part.begin()
        part.go(2)

    ours, theirs = (load_file(tmp_path / name / WEIGHTS) for name in ("whole", "parts"))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert all(
        torch.equal(a, b)
        for a, b in zip(whole.network.parameters(), part.network.parameters(), strict=True)
    )


def test_what_a_run_leaves(folders: Path, tmp_path: Path) -> None:
    """Weights as the authors name theirs, small; a line of metrics a step; sheets to look at."""
    run = _run(_recipe(), folders, tmp_path)
    run.begin()
    run.go()

    path = tmp_path / WEIGHTS
    state = load_file(path)
    U2Net(U2NETP).load_state_dict(state, strict=True)
    assert path.stat().st_size <= LARGEST_FILE
    assert {t.dtype for t in state.values() if t.is_floating_point()} == {torch.float16}
    lines = [json.loads(line) for line in (tmp_path / METRICS).read_text("utf-8").splitlines()]
    assert [(line["name"], line["step"]) for line in lines] == [
        *(("blocks", step) for step in (1, 2)),
        *(("whole", step) for step in (1, 2, 3, 4)),
    ]
    assert all(line["images_per_second"] > 0 and line["loss"] >= 0 for line in lines)
    sheets = sorted(tmp_path.glob("sheet-*.png"))
    assert [sheet.name for sheet in sheets] == [
        f"sheet-{place}.png" for place in ("0-000002", "1-000003", "1-000004")
    ]
    sheet = cv2.imread(str(sheets[0]))
    assert sheet is not None
    assert sheet.shape == (3 * 128, 12 * 128, 3)


def test_the_written_weights_judge_as_the_average_did(folders: Path, tmp_path: Path) -> None:
    """Through fp16 and the authors' names, by the product's own loader and engine."""
    run = _run(_recipe(), folders, tmp_path)
    run.begin()
    run.go(2)
    picture = torch.randint(0, 256, (1, 3, 64, 64), generator=torch.Generator().manual_seed(0))

    loaded = weights.load(weights.find(str(tmp_path / WEIGHTS)))
    ours, theirs = (
        TorchSegmenter(network, device="cpu", precision="fp32").saliency(picture.to(torch.uint8))
        for network in (loaded, run.average)
    )
    assert float((ours - theirs).abs().max()) < 0.01


def test_the_loss_falls(folders: Path, tmp_path: Path) -> None:
    """From scratch, on red people before green walls, within some steps."""
    mixture_of_people = [{"scene": "plain", "share": 1, "sets": ["people"]}]
    phase = PHASE | {
        "name": "whole",
        "kind": "whole",
        "steps": 24,
        "sizes": [[64, 64]],
        "pixels": 16384,
        "learning_rate": 0.02,
        "mixture": mixture_of_people,
    }
    recipe = _recipe(start="scratch", teacher=None, phases=[phase], report=6, rooms=None)
    run = _run(recipe, folders, tmp_path)
    run.begin()
    run.go()
    lines = [json.loads(line) for line in (tmp_path / METRICS).read_text("utf-8").splitlines()]
    assert lines[-1]["loss"] < 0.7 * lines[0]["loss"]


def test_a_stage_that_is_its_teachers_has_nothing_to_learn(folders: Path) -> None:
    """And one that is not, has: each stage is compared with the stage of its own name."""
    network = starting_network("mattebox", 0).requires_grad_(False)
    recipe = _recipe()
    phase = recipe.phases[0]
    mixed = mixture(recipe, phase, find_sets(recipe, folders), 0)
    batch = next(iter(batches(phase, mixed, 0, 0, 0)))
    cpu = torch.device("cpu")

    same = BlockLoss(network, network, ())(batch, cpu, torch.float32)
    untaught = starting_network("scratch", 0).requires_grad_(False)
    other = BlockLoss(untaught, network, ())(batch, cpu, torch.float32)

    assert set(same) == set(other) == set(chosen_stages(()))
    assert max(float(value) for value in same.values()) < 1e-6
    assert min(float(value) for value in other.values()) > 1e-3


def test_only_the_chosen_stages_are_trained(folders: Path, tmp_path: Path) -> None:
    """The others stay as they were, to the bit."""
    phase = PHASE | {"name": "one", "kind": "blocks", "steps": 2, "stages": ["stage3", "side2"]}
    run = _run(_recipe(start="scratch", phases=[phase]), folders, tmp_path)
    before = {name: value.clone() for name, value in run.network.state_dict().items()}
    run.begin()
    run.go()
    changed = {
        name.partition(".")[0]
        for name, value in run.network.state_dict().items()
        if not torch.equal(value, before[name])
    }
    assert changed == {"stage3", "side2"}


def test_workers_make_the_same_batches(folders: Path) -> None:
    """How many processes draw pictures changes none of them."""
    recipe = _recipe()
    phase = recipe.phases[1]
    mixed = mixture(recipe, phase, find_sets(recipe, folders), 3)
    alone = list(batches(phase, mixed, 3, 1, 0))
    together = list(batches(phase, mixed, 3, 1, 2))
    assert len(alone) == len(together) == phase.steps - 1
    assert {batch.length for batch in alone} <= {1, 2}
    for ours, theirs in zip(alone, together, strict=True):
        assert torch.equal(ours.pictures, theirs.pictures)
        assert torch.equal(ours.alpha, theirs.alpha)


def test_no_two_steps_show_the_same(folders: Path) -> None:
    """Numbers of samples do not come twice in a phase."""
    phase = _recipe().phases[0]
    numbers = [number for step in range(50) for number in plan(phase, 1, step).numbers]
    assert len(numbers) == len(set(numbers)) > 50


def test_a_begun_run_is_not_overwritten(folders: Path, tmp_path: Path) -> None:
    """Nor gone on with by another recipe, nor resumed where there is none."""
    recipe = shortened(_recipe(), 0.5)
    run = _run(recipe, folders, tmp_path / "run")
    run.begin()
    run.go(1)
    with pytest.raises(SettingsError, match="--resume"):
        _run(recipe, folders, tmp_path / "run").begin()
    other = shortened(_recipe(seed=6, average=0.5), 0.5)
    with pytest.raises(SettingsError, match="seed, average differ"):
        _run(other, folders, tmp_path / "run").resume()
    _run(shortened(_recipe(workers=1, report=2), 0.5), folders, tmp_path / "run").resume()
    with pytest.raises(SourceError, match="cannot resume"):
        _run(recipe, folders, tmp_path / "none").resume()


def test_a_damaged_state_is_told_in_words(folders: Path, tmp_path: Path) -> None:
    """With what can still be done."""
    run = _run(_recipe(), folders, tmp_path)
    run.begin()
    run.go(1)
    (tmp_path / "state.pt").write_bytes(b"PK torn")
    with pytest.raises(SourceError, match="--start"):
        _run(_recipe(), folders, tmp_path).resume()
    torch.save({"weights": 1}, tmp_path / "state.pt")
    with pytest.raises(SourceError, match="no state of a run"):
        _run(_recipe(), folders, tmp_path).resume()


def test_torn_metrics_are_no_obstacle(folders: Path, tmp_path: Path) -> None:
    """A line that was cut is left out; the others stay."""
    run = _run(_recipe(), folders, tmp_path)
    run.begin()
    run.go(1)
    whole = (tmp_path / METRICS).read_text("utf-8")
    (tmp_path / METRICS).write_text(whole + '{"phase": 0, "st', "utf-8")
    _run(_recipe(), folders, tmp_path).resume()
    assert (tmp_path / METRICS).read_text("utf-8") == whole


def test_the_last_phases_mistakes_come_first(folders: Path, tmp_path: Path) -> None:
    """Not after the hours of the phases before."""
    late = PHASE | {"name": "late", "kind": "blocks", "steps": 2, "stages": ["stage9"]}
    recipe = _recipe()
    phases = [*(phase.model_dump() for phase in recipe.phases), late]
    with pytest.raises(SettingsError, match="stage9"):
        _run(_recipe(phases=phases), folders, tmp_path)


def test_a_workers_mistake_is_told_in_words(tmp_path: Path) -> None:
    """A damaged picture in another process: its name, and no traceback in the message."""
    (tmp_path / "people").mkdir()
    for kind in ("img", "mask"):
        (tmp_path / "people" / f"a.{kind}.png").write_bytes(b"no picture")
    scene = [{"scene": "plain", "share": 1, "sets": ["people"]}]
    phase = PHASE | {"name": "whole", "kind": "whole", "steps": 2, "mixture": scene}
    recipe = _recipe(
        teacher=None, rooms=None, workers=1, sets={"people": ["people"]}, phases=[phase]
    )
    run = _run(recipe, tmp_path, tmp_path / "run")
    run.begin()
    with pytest.raises(MatteboxError) as caught:
        run.go()
    assert "Traceback" not in str(caught.value)


def test_diverged_weights_are_not_written(tmp_path: Path) -> None:
    """The good file of the last epoch stays."""
    network = fold_batch_norm(U2Net(U2NETP))
    write_weights(network, tmp_path / WEIGHTS)
    good = (tmp_path / WEIGHTS).read_bytes()
    network.get_parameter("side1.bias").data.fill_(1e6)
    with pytest.raises(WeightsError, match=r"side1\.bias"):
        write_weights(network, tmp_path / WEIGHTS)
    assert (tmp_path / WEIGHTS).read_bytes() == good
    assert list(tmp_path.iterdir()) == [tmp_path / WEIGHTS]


def test_the_norms_that_are_written_change_nothing() -> None:
    """A folded network and its file give the same maps."""
    network = fold_batch_norm(U2Net(U2NETP))
    again = U2Net(U2NETP).eval()
    again.load_state_dict(official_state(network.state_dict(), U2NETP), strict=True)
    picture = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert float((again(picture) - network(picture)).abs().max()) < 2e-3


def test_rates_rise_and_fall() -> None:
    """From a first step's share to one, and down to what the recipe leaves."""
    phase = _recipe(phases=[PHASE | {"name": "a", "kind": "whole", "steps": 100}]).phases[0]
    phase = phase.model_copy(update={"final_share": 0.25, "warm_up": 10})
    assert rate_share(phase, 0) == pytest.approx(0.1, abs=0.01)
    assert rate_share(phase, 10) > 0.97
    assert rate_share(phase, 99) == pytest.approx(0.25, abs=0.01)


def test_the_shipped_recipe_runs_on_a_small_subset(shared: Path, tmp_path: Path) -> None:
    """The command, as printed in the laboratory's README, at a five-hundredth of the steps."""
    recipe = ROOT / "src/mattebox_lab/train/recipes/two-cores.toml"
    teacher = shared / "weights/official/u2netp.safetensors"
    arguments = ["train", recipe, "--data", shared / "train", "--out", tmp_path / "run"]
    options = ["--teacher", teacher, "--shorten", 0.002]

    result = CliRunner().invoke(app, [str(each) for each in (*arguments, *options)])

    assert result.exit_code == 0, result.output
    assert "whole-large" in result.stderr
    assert result.stdout.strip() == str(tmp_path / "run" / WEIGHTS)
    assert weights.load(weights.find(result.stdout.strip())).architecture == U2NETP


def test_mistakes_are_told_in_words(tmp_path: Path) -> None:
    """No traceback, and the program's own exit code for an input that is not there."""
    command = [sys.executable, "-m", "mattebox_lab", "train", str(tmp_path / "no.toml")]
    options = ["--data", str(tmp_path), "--out", str(tmp_path / "run")]
    outcome = subprocess.run(
        [*command, *options],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert (outcome.returncode, outcome.stdout) == (3, "")
    assert outcome.stderr.startswith("no recipe at ")
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize(
    ("has_bf16", "dtype", "is_last"), [(True, torch.bfloat16, True), (False, torch.float32, False)]
)
def test_precision_and_layout_are_what_the_cpu_is_fast_in(
    monkeypatch: pytest.MonkeyPatch, has_bf16: bool, dtype: torch.dtype, is_last: bool
) -> None:
    """A CPU that emulates bf16 is many times slower in it; in fp32 gradients like rows better."""
    capabilities = {"avx512_bf16": has_bf16, "amx_bf16": False}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    cpu = torch.device("cpu")
    assert training_dtype("auto", cpu) is dtype
    assert is_faster_channels_last(cpu, training_dtype("auto", cpu)) is is_last
    assert training_dtype("bf16", cpu) is torch.bfloat16
    assert training_dtype("fp32", cpu) is torch.float32


@pytest.mark.parametrize(
    ("capability", "dtype"), [((9, 0), torch.bfloat16), ((7, 5), torch.float32)]
)
def test_a_gpu_trains_in_bf16_where_it_can(
    monkeypatch: pytest.MonkeyPatch, capability: tuple[int, int], dtype: torch.dtype
) -> None:
    """Its inference is in fp16, in which gradients underflow."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
    gpu = torch.device("cuda")
    assert training_dtype("auto", gpu) is dtype
    assert is_faster_channels_last(gpu, torch.float32)


@pytest.mark.parametrize(("precision", "is_last"), [("bf16", True), ("fp32", False)])
def test_both_kinds_of_phase_run_in_either_precision(
    folders: Path, tmp_path: Path, precision: str, is_last: bool
) -> None:
    """Weights are laid as that precision is fast in, and stay fp32 numbers."""
    run = _run(_recipe(precision=precision), folders, tmp_path)
    weight = max(run.network.parameters(), key=lambda each: each.numel())
    assert weight.is_contiguous(memory_format=torch.channels_last) is is_last
    before = weight.detach().clone()
    run.begin()
    run.go()
    assert weight.dtype == torch.float32
    assert not torch.equal(before, weight)
    assert run.precision == precision
    state = torch.load(tmp_path / STATE, weights_only=True)
    assert state["precision"] == precision


def test_a_run_that_diverges_says_so_at_once(folders: Path, tmp_path: Path) -> None:
    """Not at the next save, and with the loss that went wrong."""
    run = _run(_recipe(), folders, tmp_path)
    run.begin()
    with torch.no_grad():
        next(run.network.parameters()).fill_(float("nan"))
    with pytest.raises(WeightsError, match="diverged") as caught:
        run.go(1)
    assert caught.value.advice


def test_a_device_without_memory_is_told_in_words(
    folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the key that makes batches smaller."""
    run = _run(_recipe(), folders, tmp_path)
    run.begin()

    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.autograd, "backward", full)
    with pytest.raises(SegmenterError, match="no memory for") as caught:
        run.go(1)
    assert "pixels" in (caught.value.advice or "")


def test_a_blocks_error_is_a_number_where_a_stage_has_one_pixel() -> None:
    """The lowest side map of a picture of 32 pixels."""
    assert torch.isfinite(relative_error(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1), 1e-3))
