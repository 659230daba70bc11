"""The authors' weights draw the maps that the authors published."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from mattebox.colour import Colour, planes_from_rgb
from mattebox.frame import Frame, VideoFormat
from mattebox.matting.prepare import prepare
from mattebox.nets import weights
from mattebox.nets.torch_engine import TorchSegmenter
from mattebox.nets.u2net import U2Net
from mattebox.pixels import pixel_format

Image: TypeAlias = npt.NDArray[Any]  # uint8 or float32 (height, width) or (height, width, 3)
Stills: TypeAlias = list[tuple[Image, Image]]

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
# Which stills each precision is tried on: a CPU that emulates bfloat16 takes minutes over them all.
EVERY = {"fp32": 1, "bf16": 3}


@pytest.fixture(scope="module")
def stills(shared: Path) -> Stills:
    """Pairs of an RGB picture, uint8, and its published map in [0, 1]."""
    pairs: Stills = []
    for published in sorted((shared / "golden").glob("*.u2netp.png")):
        stem = published.name.removesuffix(".u2netp.png")
        (source,) = [p for p in published.parent.glob(f"{stem}.*") if p.stem == stem]
        saliency = _read(published, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
        pairs.append((cv2.cvtColor(_read(source, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB), saliency))
    assert len(pairs) == 18
    return pairs


@pytest.fixture(scope="module")
def network(shared: Path) -> U2Net:
    return weights.load(weights.find(str(shared / "weights/official/u2netp.safetensors")))


def _read(path: Path, flags: int) -> Image:
    image = cv2.imread(str(path), flags)
    assert image is not None
    return image


def _scores(stills: Stills, maps: list[Image]) -> tuple[Image, Image]:
    """(IoU at ½, mean absolute error) of every map against the published one."""
    ious, errors = [], []
    for (_, published), small in zip(stills, maps, strict=True):
        saliency = cv2.resize(small, published.shape[::-1])
        ious.append(_iou(saliency, published))
        errors.append(np.abs(saliency - published).mean())
    return np.array(ious), np.array(errors)


def _iou(ours: Image, theirs: Image) -> float:
    return float(((ours > 0.5) & (theirs > 0.5)).sum() / ((ours > 0.5) | (theirs > 0.5)).sum())


def _shrunk(picture: Image, side: int) -> Image:
    """Squashed as ``skimage.transform.resize`` does it: a Gaussian of (factor − 1) / 2 first."""
    blurred: Image = picture.astype(np.float32)
    sigma_y, sigma_x = (max(0.0, (length / side - 1) / 2) for length in picture.shape[:2])
    if max(sigma_x, sigma_y) > 0:
        # skimage truncates at four deviations.
        kernel = [2 * int(4 * sigma + 0.5) + 1 for sigma in (sigma_x, sigma_y)]
        blurred = cv2.GaussianBlur(
            blurred, kernel, sigmaX=max(sigma_x, 1e-6), sigmaY=max(sigma_y, 1e-6)
        )
    return cv2.resize(blurred, (side, side), interpolation=cv2.INTER_LINEAR)


def test_maps_agree_when_pictures_are_prepared_as_the_authors_did(
    network: U2Net, stills: Stills
) -> None:
    """Squashed to 320×320, over the picture's maximum, the map stretched: mean IoU ≥ 0.985."""

    def judge(picture: Image) -> Image:
        small = _shrunk(picture, 320)
        x = (small / small.max() - MEAN) / DEVIATION
        with torch.inference_mode():
            saliency = network(torch.from_numpy(x.transpose(2, 0, 1)[None]).float())[0, 0].numpy()
        stretched: Image = (saliency - saliency.min()) / (saliency.max() - saliency.min())
        return stretched

    ious, errors = _scores(stills, [judge(picture) for picture, _ in stills])
    assert ious.mean() >= 0.985
    assert errors.mean() <= 0.005


def _frame(picture: Image) -> Frame:
    height, width, _ = picture.shape
    format = VideoFormat(width, height, pixel_format("gbrp"), Fraction(1))
    rgb = picture.astype(np.float32) / np.float32(255)
    return Frame(planes_from_rgb(rgb, format.pixels, Colour()), format, pts=0)


@pytest.fixture(scope="module")
def maps(network: U2Net, stills: Stills) -> dict[str, list[Image]]:
    """What the product makes of every still, or of every third, by precision."""
    batches = [prepare([_frame(picture)], 320) for picture, _ in stills]
    found: dict[str, list[Image]] = {}
    for precision, every in EVERY.items():
        segmenter = TorchSegmenter(network, device="cpu", precision=precision)
        found[precision] = [segmenter.saliency(batch)[0, 0].numpy() for batch in batches[::every]]
    return found


@pytest.mark.parametrize("precision", EVERY)
def test_maps_agree_in_the_products_own_way(
    stills: Stills, maps: dict[str, list[Image]], precision: str
) -> None:
    """Aspect kept, nothing stretched, fixed calibration: median IoU ≥ 0.97."""
    ious, _ = _scores(stills[:: EVERY[precision]], maps[precision])
    assert np.median(ious) >= 0.97


def test_bfloat16_loses_no_quality(maps: dict[str, list[Image]]) -> None:
    """Half the work, the same maps: mean IoU with float32's ≥ 0.995."""
    pairs = zip(maps["bf16"], maps["fp32"][:: EVERY["bf16"]], strict=True)
    assert np.mean([_iou(quick, exact) for quick, exact in pairs]) >= 0.995


def test_the_authors_weights_leave_a_wall_empty(network: U2Net) -> None:
    """Where nothing stands out, the map is empty: it is not stretched to its own maximum."""
    generator = torch.Generator().manual_seed(0)
    wall = 128 + 8 * torch.randn(1, 3, 192, 320, generator=generator)
    batch = torch.cat([wall.clamp(0, 255).to(torch.uint8), torch.full_like(wall, 128).byte()])
    saliency = TorchSegmenter(network, device="cpu", precision="auto").saliency(batch)
    assert float(saliency.max()) < 0.05
