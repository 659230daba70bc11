"""Laws of checkpoints: what is found by which name, and everything that is refused."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from mattebox.errors import WeightsError
from mattebox.nets import weights
from mattebox.nets.known_models import KNOWN_MODELS
from mattebox.nets.u2net import U2NET, U2NETP, U2Net

EMBEDDED = weights.find("mattebox").path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of its own for every test."""
    monkeypatch.setenv("MATTEBOX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "weights"


@pytest.fixture(scope="session")
def state() -> dict[str, Tensor]:
    return load_file(EMBEDDED)


def _judge(name_or_path: str) -> Tensor:
    network = weights.load(weights.find(name_or_path))
    with torch.inference_mode():
        result: Tensor = network(torch.linspace(-2, 2, 3 * 64 * 64).view(1, 3, 64, 64))
    return result


def _refused(name_or_path: str | Path) -> str:
    with pytest.raises(WeightsError) as caught:
        weights.verify(str(name_or_path))
    assert caught.value.advice
    return str(caught.value)


def test_the_embedded_weights_are_those_in_the_table() -> None:
    """They load with no network and no cache, and their bytes are the recorded ones."""
    checkpoint = weights.verify("mattebox")
    model = KNOWN_MODELS[0]
    assert (checkpoint.sha256, checkpoint.size) == (model.sha256, model.size)
    assert checkpoint.architecture == U2NETP
    assert (checkpoint.path.parent / "MODEL_CARD.md").is_file()


def test_loaded_networks_are_ready_for_inference() -> None:
    """Eval mode, float32, no batch norm, no gradients."""
    network = weights.load(weights.find("mattebox"))
    assert not network.training
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    assert not any(p.requires_grad for p in network.parameters())
    assert not any("bn_s1" in name for name in network.state_dict())


@pytest.mark.parametrize("name", ["u2netp", "u2net"])
def test_missing_weights_say_where_to_get_them_and_where_to_put_them(
    name: str, cache: Path
) -> None:
    """Nothing is downloaded, so the message must be enough."""
    message = _refused(name)
    for part in (f"{name}.pth", str(cache), "xuebinqin/U-2-Net", f"models import {name}.pth"):
        assert part in message
    assert not cache.exists()


def test_an_unknown_name_gets_a_suggestion() -> None:
    """A typo is met with the nearest name and the whole list."""
    message = _refused("u2nett")
    assert "Did you mean u2net?" in message
    assert "mattebox, u2netp, u2net" in message


def _same(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return state


def _data_parallel(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"module.{name}": tensor for name, tensor in state.items()}


def _half(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: t.half() if t.is_floating_point() else t for name, t in state.items()}


def _without_counters(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: t for name, t in state.items() if not name.endswith("num_batches_tracked")}


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
@pytest.mark.parametrize("change", [_same, _data_parallel, _half, _without_counters])
def test_one_set_of_weights_judges_the_same_in_every_kind_of_file(
    tmp_path: Path,
    state: dict[str, Tensor],
    suffix: str,
    change: Callable[[dict[str, Tensor]], dict[str, Tensor]],
) -> None:
    """Suffix, DataParallel's prefix, fp16 and missing counters are packaging."""
    path = tmp_path / f"mine{suffix}"
    if suffix == ".safetensors":
        save_file(change(state), path)
    else:
        torch.save(change(state), path)
    torch.testing.assert_close(_judge(str(path)), _judge("mattebox"), atol=1e-3, rtol=0)


def test_the_architecture_is_read_from_the_shapes(tmp_path: Path) -> None:
    """Nobody has to say which of the two networks a file is of."""
    path = tmp_path / "large.safetensors"
    save_file({name: tensor.half() for name, tensor in U2Net(U2NET).state_dict().items()}, path)
    assert weights.find(str(path)).architecture == U2NET


def test_an_imported_file_is_found_by_name_and_its_hash_is_kept(
    tmp_path: Path, cache: Path, state: dict[str, Tensor]
) -> None:
    """Import copies the very bytes; what they were is written beside them."""
    file = tmp_path / "download.pth"
    torch.save(state, file)
    target = weights.import_file(file, "u2netp")
    assert target == cache / "u2netp.pth"
    assert target.read_bytes() == file.read_bytes()
    found = weights.find("u2netp")
    assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert found.licence == "Apache-2.0"
    assert sorted(path.name for path in cache.iterdir()) == ["u2netp.pth", "u2netp.pth.sha256"]


def test_importing_again_replaces_the_old_file(
    tmp_path: Path, cache: Path, state: dict[str, Tensor]
) -> None:
    """One name, one file, also when the suffix changes."""
    torch.save(state, tmp_path / "a.pth")
    weights.import_file(tmp_path / "a.pth", "mine")
    weights.import_file(EMBEDDED, "mine")
    names = sorted(path.name for path in cache.iterdir())
    assert names == ["mine.safetensors", "mine.safetensors.sha256"]
    assert weights.find("mine").path == cache / "mine.safetensors"


def test_a_file_changed_after_import_is_refused(cache: Path, state: dict[str, Tensor]) -> None:
    """What was verified is what is loaded."""
    target = weights.import_file(EMBEDDED, "mine")
    save_file({name: tensor + 1 for name, tensor in state.items()}, target)
    assert "is not the file it was" in _refused("mine")


def test_a_file_put_into_the_cache_by_hand_is_found(cache: Path) -> None:
    """Import is a convenience, not a gate; the structure is verified all the same."""
    cache.mkdir(parents=True)
    shutil.copyfile(EMBEDDED, cache / "u2netp.safetensors")
    assert weights.verify("u2netp").path == cache / "u2netp.safetensors"


def test_the_wrong_network_cannot_take_a_known_name(cache: Path) -> None:
    """u2net is 44 million parameters, whatever the file is called."""
    with pytest.raises(WeightsError, match="it is a u2netp"):
        weights.import_file(EMBEDDED, "u2net")
    assert not cache.exists()


@pytest.mark.parametrize("name", ["mattebox", "../up", "a b", "", ".hidden"])
def test_names_that_are_taken_or_no_names_are_refused(name: str, cache: Path) -> None:
    """The embedded weights cannot be shadowed, and a name is no path."""
    with pytest.raises(WeightsError, match="cannot import weights under the name"):
        weights.import_file(EMBEDDED, name)
    assert not cache.exists()


def test_a_cache_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says which folder, and the variable that moves it."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("MATTEBOX_CACHE", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match="MATTEBOX_CACHE"):
        weights.import_file(EMBEDDED, "mine")


def test_the_list_says_what_is_there_and_what_is_not(cache: Path) -> None:
    """Known models first, then the user's own; absent ones with the place they would be at."""
    weights.import_file(EMBEDDED, "mine")
    models = {model.name: model for model in weights.known()}
    assert list(models) == ["mattebox", "u2netp", "u2net", "mine"]
    assert [model.present for model in models.values()] == [True, False, False, True]
    assert models["mine"].sha256 == models["mattebox"].sha256
    assert models["u2net"].path == cache / "u2net.pth"
    assert models["u2net"].size is None


class _Malicious:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("kind", ["torch", "bare"])
def test_code_in_a_pickle_is_refused_and_never_run(tmp_path: Path, kind: str) -> None:
    """A checkpoint is data; a stranger's file may not act."""
    trace, path = tmp_path / "was-here", tmp_path / "gift.pth"
    content = {"stage1.rebnconvin.conv_s1.weight": _Malicious(trace)}
    if kind == "torch":
        torch.save(content, path)
    else:
        path.write_bytes(pickle.dumps(content))
    assert "holds code or objects, which are refused" in _refused(path)
    assert not trace.exists()


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    "content", [b"", b"hello world\n" * 9, b"<!DOCTYPE html><html></html>", bytes(range(256)) * 40]
)
def test_files_that_are_no_weights_are_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    """Empty files, text, web pages and noise get a message, not a traceback."""
    path = tmp_path / f"odd{suffix}"
    path.write_bytes(content)
    message = _refused(path)
    assert str(path) in message
    if content.startswith(b"<"):
        assert "web page" in message


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_truncated_file_is_refused(tmp_path: Path, state: dict[str, Tensor], suffix: str) -> None:
    """A download that broke off is no checkpoint."""
    whole = tmp_path / "whole.pth"
    torch.save(state, whole)
    source = whole if suffix == ".pth" else EMBEDDED
    path = tmp_path / f"half{suffix}"
    path.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    assert "damaged" in _refused(path)


def test_weights_of_another_network_are_refused_with_what_differs(
    tmp_path: Path, state: dict[str, Tensor]
) -> None:
    """Missing, surplus and misshapen tensors are named."""
    path = tmp_path / "other.safetensors"
    save_file({"conv.weight": torch.zeros(3)}, path)
    assert "does not fit u2netp" in _refused(path)
    save_file({k: v for k, v in state.items() if k != "side3.bias"}, path)
    assert "side3.bias is missing" in _refused(path)
    save_file({**state, "side7.bias": torch.zeros(1)}, path)
    assert "side7.bias is (1,), not expected" in _refused(path)
    save_file({**state, "side3.bias": torch.zeros(2)}, path)
    assert "side3.bias is (2,), not (1,)" in _refused(path)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path, state: dict[str, Tensor]) -> None:
    """A diverged training would give an empty picture and no reason."""
    path = tmp_path / "diverged.safetensors"
    weight = state["stage2.rebnconvin.conv_s1.weight"].clone()
    weight[3, 2, 1, 0] = float("nan")
    save_file({**state, "stage2.rebnconvin.conv_s1.weight": weight}, path)
    assert "infinite or no numbers" in _refused(path)


@pytest.mark.parametrize("content", [[1, 2], {"epoch": 3}, {1: torch.zeros(1)}])
def test_a_pickle_of_something_else_is_refused(tmp_path: Path, content: object) -> None:
    """Only a mapping from names to tensors is a state dict."""
    path = tmp_path / "list.pth"
    torch.save(content, path)
    assert "something else than tensors by name" in _refused(path)


def test_paths_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    """A missing file, a folder and a picture are told apart from weights."""
    assert "no such file" in _refused(tmp_path / "none.pth")
    (tmp_path / "folder.pth").mkdir()
    assert "is not a .safetensors" in _refused(tmp_path / "folder.pth")
    (tmp_path / "cat.png").write_bytes(b"x")
    assert "is not a .safetensors" in _refused(tmp_path / "cat.png")
