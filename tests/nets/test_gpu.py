"""The network and the matting stage on a CUDA device; skipped where there is none."""

from __future__ import annotations

import pytest
import torch

import clips
from mattebox.assemble import matting_options
from mattebox.live.beside import Beside
from mattebox.matting.carry import CarryOptions
from mattebox.matting.composite import composite
from mattebox.matting.late import Past, matting_late
from mattebox.matting.stage import matting
from mattebox.nets import weights
from mattebox.nets.torch_engine import TorchSegmenter
from mattebox.settings import Settings
from places import skip_or_fail

pytestmark = pytest.mark.gpu


@pytest.fixture
def device() -> str:
    """The first CUDA device."""
    if not torch.cuda.is_available():
        skip_or_fail("gpu", "PyTorch sees no CUDA device")
    return "cuda:0"


def segmenter(device: str, precision: str) -> TorchSegmenter:
    network = weights.load(weights.find("mattebox"))
    return TorchSegmenter(network, device=device, precision=precision)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_gpu_finds_what_the_cpu_finds(device: str, precision: str) -> None:
    """Within half a point of IoU, and on the device it was asked for."""
    pictures = torch.randint(0, 256, (4, 3, 160, 256), dtype=torch.uint8)
    pictures[:, :, 40:120, 80:180] = 220

    ours = segmenter(device, precision).saliency(pictures)
    theirs = segmenter("cpu", "fp32").saliency(pictures)

    assert ours.device.type == "cuda"
    assert (ours.cpu() - theirs).abs().mean() < 0.005


def test_a_batch_on_a_gpu_gives_each_picture_what_it_gets_alone(device: str) -> None:
    """Batching is an optimisation."""
    pictures = torch.randint(0, 256, (8, 3, 160, 256), dtype=torch.uint8)
    network = segmenter(device, "fp32")

    together = network.saliency(pictures)
    alone = torch.cat([network.saliency(picture[None]) for picture in pictures])

    assert torch.allclose(together, alone, atol=1e-3)  # TF32 rounds by the shape of the batch


@pytest.mark.parametrize("is_late", [False, True], ids=["waits", "late"])
def test_the_matting_stage_runs_on_a_gpu_and_composes_on_the_cpu(
    device: str, is_late: bool
) -> None:
    """The matte stays where the segmenter is until it is laid over the planes."""
    options = matting_options(Settings())
    # Larger than the network's picture: edges are learnt only where a map is enlarged.
    format = clips.video_format("yuv420p", (640, 360))
    frames = [clips.pattern_frame(format, number) for number in range(3)]

    network = segmenter(device, "auto")
    if is_late:
        carrying = CarryOptions(0.2, certainty=0.5, scene_cut=0.5, gap_s=0.5, longest_s=0.3)
        beside = Beside("network")
        past = Past(beside.submit)
        mattes = list(matting_late(iter([frames]), network, options, carrying, past))
        beside.close()
    else:
        mattes = list(matting(iter([frames]), network, options))

    assert [matte.alpha.device.type for matte in mattes] == ["cuda"] * 3
    pictures = [composite(matte, matte.frame.planes) for matte in mattes]
    assert [picture.pts for picture in pictures] == [frame.pts for frame in frames]
