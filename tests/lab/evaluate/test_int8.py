"""Networks in eight-bit integers: near what they are in float32, and quiet about it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mattebox.errors import SegmenterError
from mattebox.nets.torch_engine import TorchSegmenter
from mattebox_lab.evaluate.contenders import View, load_contenders
from mattebox_lab.evaluate.int8 import Int8Segmenter, library
from mattebox_lab.evaluate.sets import Showing, calibration_stills, find_sets
from places import skip_or_fail

LIBRARIES = "nncf", "openvino"


class Small(nn.Module):
    """Two convolutions: enough to have ranges, small enough to be quantised in a second or two."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Saliency of no use."""
        return torch.sigmoid(4 * self.second(torch.relu(self.first(x))))


@pytest.fixture(scope="module")
def _libraries() -> None:
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        skip_or_fail("int8", f"{' and '.join(missing)} not installed: the extra int8")


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return Small().eval()


@pytest.fixture(scope="module")
def segmenter(_libraries: None, network: nn.Module) -> Int8Segmenter:
    return Int8Segmenter(network, [picture(seed, 64, 96) for seed in range(4)], "auto")


def picture(seed: int, height: int, width: int) -> Tensor:
    """uint8 (1, 3, height, width): soft blobs of all colours."""
    noise = np.random.default_rng(seed).uniform(0, 255, (height // 8, width // 8, 3))
    blobs = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    return torch.from_numpy(blobs.clip(0, 255).astype(np.uint8)).permute(2, 0, 1)[None]


@pytest.mark.parametrize("size", [(64, 96), (32, 32), (160, 96)])
def test_maps_are_near_those_in_fp32(
    segmenter: Int8Segmenter, network: nn.Module, size: tuple[int, int]
) -> None:
    """Also of sizes that it was not calibrated on."""
    batch = torch.cat([picture(9, *size), picture(10, *size)])
    exact = TorchSegmenter(network, device="cpu", precision="fp32").saliency(batch)

    maps = segmenter.saliency(batch)

    assert maps.dtype == torch.float32
    assert maps.shape == (2, 1, *size)
    assert exact.std() > 0.1
    # Within two of 256 levels on average, but not the same: then nothing would be quantised.
    assert 0 < (maps - exact).abs().mean() < 2 / 256


def test_a_picture_is_judged_the_same_in_any_company(segmenter: Int8Segmenter) -> None:
    """And its map stays what it was when the next one is made."""
    batch = torch.cat([picture(seed, 64, 96) for seed in range(3)])

    alone = [segmenter.saliency(each[None]) for each in batch]

    assert torch.equal(segmenter.saliency(batch), torch.cat(alone))


@pytest.mark.usefixtures("_libraries")
def test_nothing_is_printed_where_the_table_will_be(
    network: nn.Module, capfd: pytest.CaptureFixture[str]
) -> None:
    """NNCF's progress is no part of it; nor is its use reported to anybody."""
    Int8Segmenter(network, [picture(0, 64, 96)], "cpu")

    assert capfd.readouterr().out == ""
    assert "openvino_telemetry" not in sys.modules


@pytest.mark.slow
@pytest.mark.usefixtures("_libraries")
def test_a_checkpoint_in_int8_is_a_contender(material: Path) -> None:
    """The network of the package, calibrated on the stills that there are."""
    stills = partial(calibration_stills, [material], 2)

    contenders = load_contenders(["mattebox"], ["fp32", "int8"], "auto", View(96), stills)

    assert [each.label for each in contenders] == ["mattebox fp32", "mattebox int8"]
    (walk,) = find_sets([material], ["walk"], showing=Showing(3))
    exactly, roughly = (each.judgement(iter(walk.samples()), moving=True) for each in contenders)
    for exact, rough in zip(exactly, roughly, strict=True):
        assert exact.shape == rough.shape
        assert 0 < np.abs(exact - rough).mean() < 0.05


def _on_cuda(network: nn.Module) -> None:
    Int8Segmenter(network, [picture(0, 64, 96)], "cuda:0")


def _without_a_library(network: nn.Module) -> None:
    library("nncf_that_nobody_installed")


@pytest.mark.parametrize(
    ("ask", "says", "advises"),
    [
        (_on_cuda, "on the CPU, not on 'cuda:0'", "-d cpu"),
        (_without_a_library, "nncf_that_nobody_installed", "mattebox[int8]"),
    ],
)
def test_what_cannot_be_had_is_said(
    network: nn.Module, ask: Callable[[nn.Module], None], says: str, advises: str
) -> None:
    """With what to do about it."""
    with pytest.raises(SegmenterError, match=says) as caught:
        ask(network)
    assert advises in caught.value.advice


@pytest.mark.usefixtures("_libraries")
def test_without_pictures_there_are_no_ranges(network: nn.Module) -> None:
    """Guessing them would be silent damage."""
    with pytest.raises(SegmenterError, match="no pictures"):
        Int8Segmenter(network, [], "cpu")
