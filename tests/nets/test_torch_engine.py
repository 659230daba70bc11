"""Laws of the PyTorch segmenter: fairness to every picture, devices, precision, memory."""

from __future__ import annotations

import logging
from itertools import pairwise

import pytest
import torch
from torch import Tensor, nn

from mattebox.errors import SegmenterError
from mattebox.nets import weights
from mattebox.nets.torch_engine import TorchSegmenter, choose_device, torch_devices
from mattebox.nets.u2net import U2Net

PRECISIONS = ["fp32", "bf16", "fp16"]


@pytest.fixture(scope="module")
def network() -> U2Net:
    return weights.load(weights.find("mattebox"))


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    """Eight drawings of somebody sitting, each further to the right."""
    return torch.stack([_sitter(40 + 6 * index) for index in range(8)])


def _sitter(centre: int) -> Tensor:
    """Shoulders, a head and hair before a wall that grows lighter: uint8 (3, 96, 128)."""
    y = torch.arange(96.0).view(-1, 1)
    x = torch.arange(128.0).view(1, -1)
    picture = torch.stack((150 + x * 0.4 + y * 0, 160 + y * 0.3 + x * 0, 170 - x * 0.2 + y * 0))
    body = ((x - centre) / 34) ** 2 + ((y - 100) / 44) ** 2 < 1
    head = ((x - centre) / 13) ** 2 + ((y - 38) / 18) ** 2 < 1
    for shape, colour in (
        (body, (40.0, 50.0, 90.0)),
        (head, (205.0, 150.0, 125.0)),
        (head & (y < 30), (50.0, 35.0, 25.0)),
    ):
        picture[:, shape] = torch.tensor(colour).view(3, 1)
    return picture.to(torch.uint8)


class _Brightness(nn.Module):
    """A network whose map is the red channel as it was before the normalisation."""

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :1].float() * 0.229 + 0.485


class _Greedy(_Brightness):
    """Runs out of memory above a number of pictures, and notes how many it was given."""

    def __init__(self, room_for: int) -> None:
        super().__init__()
        self.room_for = room_for

    def forward(self, x: Tensor) -> Tensor:
        _Greedy.asked.append(len(x))
        if len(x) > self.room_for:
            raise torch.OutOfMemoryError("no room")
        return super().forward(x)

    asked: list[int] = []  # noqa: RUF012 (shared with the segmenter's copy)


class _Broken(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        raise RuntimeError("the driver went away")


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("at_once", [None, 8])
def test_a_picture_is_judged_the_same_in_any_company(
    network: U2Net, pictures: Tensor, precision: str, at_once: int | None
) -> None:
    """Batching is an optimisation: it may not change a single picture's map."""
    segmenter = TorchSegmenter(network, device="cpu", precision=precision, pictures_at_once=at_once)
    alone = torch.cat([segmenter.saliency(picture[None]) for picture in pictures])
    assert float(alone.std()) > 0.3, "maps of nobody would compare nothing"
    torch.testing.assert_close(segmenter.saliency(pictures), alone, atol=1e-4, rtol=0)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_maps_are_float32_in_range_whatever_the_precision(
    network: U2Net, pictures: Tensor, precision: str
) -> None:
    """Precision is an inner matter."""
    segmenter = TorchSegmenter(network, device="cpu", precision=precision)
    saliency = segmenter.saliency(pictures[:2])
    assert (saliency.dtype, saliency.shape) == (torch.float32, (2, 1, 96, 128))
    assert saliency.device == segmenter.device
    assert 0 <= float(saliency.min()) <= float(saliency.max()) <= 1


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_less_precision_draws_the_same_map(
    network: U2Net, pictures: Tensor, precision: str
) -> None:
    """A fast map may differ from the exact one by less than anybody sees."""
    exact = TorchSegmenter(network, device="cpu", precision="fp32").saliency(pictures)
    quick = TorchSegmenter(network, device="cpu", precision=precision).saliency(pictures)
    assert not torch.equal(quick, exact), "nothing was computed in less precision"
    assert float((quick - exact).abs().mean()) < 0.005


def test_convolutions_with_large_biases_keep_their_precision() -> None:
    """Large numbers that cancel out are not rounded to eight bits first."""
    network = nn.Sequential(nn.Conv2d(3, 1, 1), nn.Conv2d(1, 1, 1))
    first, second = network[0], network[1]
    with torch.no_grad():
        first.weight.fill_(100 / 3)  # type: ignore[operator]
        first.bias.fill_(-1000.3)  # type: ignore[operator]
        second.weight.fill_(1)  # type: ignore[operator]
        second.bias.zero_()  # type: ignore[operator]
    gray = torch.full((1, 3, 32, 32), 200, dtype=torch.uint8)
    exact = TorchSegmenter(network, device="cpu", precision="fp32").saliency(gray)
    quick = TorchSegmenter(network, device="cpu", precision="bf16").saliency(gray)
    # Rounding the bias alone would be off by 0.3 (1000.3 becomes 1000).
    assert abs(float((quick - exact).mean())) / abs(float(exact.mean())) < 0.005


def test_brightness_is_never_stretched(pictures: Tensor) -> None:
    """Nothing is divided by a picture's own maximum, and no map by its own range."""
    segmenter = TorchSegmenter(_Brightness(), device="cpu", precision="fp32")
    dim = (pictures // 4).to(torch.uint8)
    torch.testing.assert_close(segmenter.saliency(dim), dim[:, :1] / 255, atol=1e-5, rtol=0)


def test_the_segmenter_keeps_a_network_of_its_own(network: U2Net, pictures: Tensor) -> None:
    """Making a segmenter of less precision does not change the network it was given."""
    before = TorchSegmenter(network, device="cpu", precision="fp32").saliency(pictures[:1])
    TorchSegmenter(network, device="cpu", precision="bf16")
    after = TorchSegmenter(network, device="cpu", precision="fp32").saliency(pictures[:1])
    torch.testing.assert_close(after, before, atol=0, rtol=0)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}


def test_input_is_left_as_it_was(network: U2Net, pictures: Tensor) -> None:
    """Normalising happens on a copy: the caller may use the pictures again."""
    before = pictures.clone()
    TorchSegmenter(network, device="cpu", precision="auto").saliency(pictures)
    assert torch.equal(pictures, before)


@pytest.mark.parametrize(("room_for", "expected"), [(3, 2), (1, 1), (4, 4), (8, 8)])
def test_short_memory_halves_the_batch_and_goes_on(
    pictures: Tensor, room_for: int, expected: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Every picture still gets its own map, the size that fits is kept, and it is said once."""
    segmenter = TorchSegmenter(
        _Greedy(room_for), device="cpu", precision="fp32", pictures_at_once=8
    )
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            saliency = segmenter.saliency(pictures)
            torch.testing.assert_close(saliency, pictures[:, :1] / 255, atol=1e-5, rtol=0)
    assert len(caplog.records) == (room_for < 8)
    _Greedy.asked.clear()
    segmenter.saliency(pictures)
    assert _Greedy.asked == [expected] * (8 // expected)


def test_no_memory_for_one_picture_is_an_error_with_advice(pictures: Tensor) -> None:
    """At one picture there is nothing left to halve."""
    segmenter = TorchSegmenter(_Greedy(0), device="cpu", precision="fp32", pictures_at_once=8)
    with pytest.raises(SegmenterError, match="one picture of 128×96") as caught:
        segmenter.saliency(pictures)
    assert "-d cpu" in caught.value.advice


def test_a_failing_device_is_named(pictures: Tensor) -> None:
    """The foreign error is kept as the cause, with the device and the shape beside it."""
    segmenter = TorchSegmenter(_Broken(), device="cpu", precision="fp32")
    with pytest.raises(SegmenterError, match=r"cpu.*96, 128.*driver went away") as caught:
        segmenter.saliency(pictures)
    assert isinstance(caught.value.__cause__, RuntimeError)


@pytest.mark.parametrize(
    "batch",
    [
        torch.zeros(1, 3, 32, 32),
        torch.zeros(3, 32, 32, dtype=torch.uint8),
        torch.zeros(1, 4, 32, 32, dtype=torch.uint8),
        torch.zeros(0, 3, 32, 32, dtype=torch.uint8),
    ],
)
def test_what_is_no_batch_of_pictures_is_refused(network: U2Net, batch: Tensor) -> None:
    """Floats would be scaled twice and alpha taken for a colour."""
    with pytest.raises(SegmenterError, match="takes uint8"):
        TorchSegmenter(network, device="cpu", precision="fp32").saliency(batch)


@pytest.mark.parametrize("name", ["cuda:99", "toaster", "mps:7", ""])
def test_a_device_that_is_not_there_is_refused_with_what_is(name: str) -> None:
    """The message lists what PyTorch sees and how to see more of it."""
    with pytest.raises(SegmenterError, match=r"PyTorch sees .*cpu") as caught:
        choose_device(name)
    assert "mattebox devices" in caught.value.advice


def test_an_unknown_precision_is_refused(network: U2Net) -> None:
    """The message lists those there are."""
    with pytest.raises(SegmenterError, match="auto, fp32, bf16, fp16"):
        TorchSegmenter(network, device="cpu", precision="int8")


def test_auto_takes_the_preferred_device_of_the_list() -> None:
    """What `mattebox devices` shows as preferred is what runs."""
    devices = torch_devices()
    assert [device.name for device in devices if device.preferred] == [str(choose_device("auto"))]
    assert devices[-1].name == "cpu"
    assert all(choose_device(device.name) for device in devices)


def test_warming_up_runs_the_network_at_its_size() -> None:
    """The first frame that somebody waits for is not the first that is computed."""
    segmenter = TorchSegmenter(_Greedy(4), device="cpu", precision="fp32", pictures_at_once=2)
    _Greedy.asked.clear()
    segmenter.warm_up((32, 64), batch=4)
    assert set(_Greedy.asked) == {2}
    assert all(first == second for first, second in pairwise(_Greedy.asked))


class _Overflowing(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, :1] * torch.inf


def test_warming_up_notices_a_precision_that_overflows() -> None:
    """Maps of no numbers would show the whole room."""
    segmenter = TorchSegmenter(_Overflowing(), device="cpu", precision="fp16")
    with pytest.raises(SegmenterError, match="gives no numbers in fp16"):
        segmenter.warm_up((32, 64), batch=1)


def _walls() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(1, 3, 192, 320, generator=generator)
    ramp = torch.linspace(-25, 25, 320).view(1, 1, 1, 320)
    walls = {}
    for level in (30, 128, 220):
        walls[f"flat {level}"] = torch.full((1, 3, 192, 320), float(level))
        walls[f"noisy {level}"] = level + 8 * noise
        walls[f"shaded {level}"] = level + ramp + 3 * noise
    return {name: wall.clamp(0, 255).to(torch.uint8) for name, wall in walls.items()}


@pytest.mark.parametrize("wall", _walls().values(), ids=_walls().keys())
def test_an_empty_wall_stays_empty(network: U2Net, wall: Tensor) -> None:
    """Where nobody is, nothing is foreground: no map is stretched to its own maximum."""
    saliency = TorchSegmenter(network, device="cpu", precision="auto").saliency(wall)
    assert float(saliency.mean()) < 0.02
    assert float(saliency.max()) < 0.3
