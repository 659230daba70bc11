"""Laws of the network: its size, its names, and what folding may change."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from mattebox.nets.u2net import (
    U2NET,
    U2NETP,
    Architecture,
    ConvBlock,
    U2Net,
    fold_batch_norm,
    halve,
)


def _trained_looking(architecture: Architecture) -> U2Net:
    """A network whose batch norms do something, as after training."""
    torch.manual_seed(0)
    network = U2Net(architecture)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.normal_(module.running_mean, std=0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return network.eval()


@pytest.mark.parametrize(("architecture", "count"), [(U2NETP, 1_131_181), (U2NET, 44_009_869)])
def test_the_networks_have_the_published_numbers_of_parameters(
    architecture: Architecture, count: int
) -> None:
    """A network of another size is another network."""
    with torch.device("meta"):
        network = U2Net(architecture)
    assert sum(parameter.numel() for parameter in network.parameters()) == count


@pytest.mark.parametrize("architecture", [U2NETP, U2NET])
def test_parameters_have_the_authors_names(architecture: Architecture) -> None:
    """Eleven U's, six sides and a fusion, named as in the authors' files."""
    with torch.device("meta"):
        names = set(U2Net(architecture).state_dict())
    assert len(names) == 798
    for name in (
        "stage1.rebnconvin.conv_s1.weight",
        "stage1.rebnconv7.bn_s1.running_var",
        "stage2.rebnconv6.conv_s1.bias",
        "stage4d.rebnconv1d.bn_s1.weight",
        "stage5.rebnconv3d.conv_s1.weight",
        "stage6.rebnconv4.bn_s1.num_batches_tracked",
        "side6.bias",
        "outconv.weight",
    ):
        assert name in names
    assert "stage6d.rebnconvin.conv_s1.weight" not in names


@pytest.mark.parametrize("file", ["official/u2netp", "seed/u2netp-seed"])
def test_checkpoints_load_strictly(shared: Path, file: str) -> None:
    """Every tensor of the file has its place, and every place its tensor."""
    state = load_file(shared / "weights" / f"{file}.safetensors")
    U2Net(U2NETP).load_state_dict(state, strict=True)


@pytest.mark.parametrize("size", [(32, 64), (64, 96), (50, 37)])
def test_maps_have_the_size_of_the_picture(size: tuple[int, int]) -> None:
    """Also where sizes do not halve evenly."""
    network = _trained_looking(U2NETP)
    with torch.inference_mode():
        fused, *sides = network.logits(torch.randn(2, 3, *size))
    assert len(sides) == 6
    assert all(judgement.shape == (2, 1, *size) for judgement in (fused, *sides))


def test_halving_rounds_up() -> None:
    """The last row and column of an odd size are not lost."""
    x = torch.zeros(1, 1, 5, 3)
    x[0, 0, 4, 2] = 1
    assert halve(x)[0, 0].tolist() == [[0, 0], [0, 0], [0, 1]]


def test_the_map_is_the_sigmoid_of_the_fused_judgement() -> None:
    """What is trained is what is used, and it is saliency: in [0, 1]."""
    network, x = _trained_looking(U2NETP), torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(network(x), torch.sigmoid(network.logits(x)[0]))


def test_every_judgement_can_be_trained() -> None:
    """A loss on all seven reaches every parameter."""
    network = _trained_looking(U2NETP).train()
    judgements = network.logits(torch.randn(2, 3, 64, 64))
    torch.stack([judgement.mean() for judgement in judgements]).sum().backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_folding_batch_norm_changes_nothing_but_the_work() -> None:
    """The folded copy judges as the network does, within 1e-4, with no batch norm left."""
    network, x = _trained_looking(U2NETP), torch.randn(1, 3, 64, 96)
    folded = fold_batch_norm(network)
    with torch.inference_mode():
        plain, quick = network.logits(x)[0], folded.logits(x)[0]
    assert float(plain.std()) > 1e-3, "a flat map would compare nothing"
    torch.testing.assert_close(quick, plain, atol=1e-4, rtol=1e-4)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())


def test_folding_leaves_the_network_as_it_was() -> None:
    """Folding gives a copy: the network can still be trained or saved."""
    network = _trained_looking(U2NETP)
    before: dict[str, Tensor] = {k: v.clone() for k, v in network.state_dict().items()}
    fold_batch_norm(fold_batch_norm(network))
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert isinstance(network.get_submodule("stage1.rebnconv1"), ConvBlock)
