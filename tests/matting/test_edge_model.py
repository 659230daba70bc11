"""Laws of the learnt model of edges."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from mattebox.assemble import matting_options
from mattebox.errors import WeightsError
from mattebox.frame import Frame
from mattebox.matting.edge_model import EdgeModel
from mattebox.matting.prepare import resize_plane
from mattebox.matting.refine import RefineOptions, refine, refine_in_cells
from mattebox.matting.resample import plane_tensor, shrink
from mattebox.nets.edge_weights import read_edge_weights
from mattebox.settings import resolve
from mattebox.sources.synthetic import SyntheticSource
from places import skip_or_fail

SIZE, SMALL = (720, 1280), (144, 256)


def options(**refinement: object) -> RefineOptions:
    """What the product does by default, but for these."""
    return matting_options(resolve({"refine": refinement})).refine


@pytest.fixture(scope="module")
def scene() -> tuple[Frame, Tensor]:
    """A drawn figure of cloth and hair, and its true alpha."""
    source = SyntheticSource(width=SIZE[1], height=SIZE[0], frames=1, rate=Fraction(25))
    return next(source.frames()), torch.from_numpy(source.truth(0))


@pytest.fixture
def model() -> EdgeModel:
    return EdgeModel(*read_edge_weights())


def test_it_is_nearer_to_the_truth_than_interpolation_and_than_levels(
    scene: tuple[Frame, Tensor],
) -> None:
    """Of a true map, both where alpha is partial and how steep it is."""
    frame, truth = scene
    saliency = shrink(truth, SMALL)
    learnt, guided, plain = (
        refine(saliency, frame, options(edges=how, low=low, high=1 - low))
        for how, low in (("learnt", 0.1), ("guided", 0.1), ("plain", 0.0))
    )

    def wrong(alpha: Tensor) -> float:
        return float((alpha - truth).abs().mean())

    assert wrong(learnt) < 0.85 * wrong(plain)
    assert wrong(learnt) < 0.85 * wrong(guided)


def test_what_is_certain_all_around_stays_exactly_that(model: EdgeModel) -> None:
    """Bodies are solid and the backdrop is clear, whatever the picture does there."""
    noise = torch.rand(SMALL, generator=torch.Generator().manual_seed(0))
    saliency = torch.zeros(SMALL)
    saliency[:, 128:] = 1

    value, slope = model.line(saliency, noise, 0.1, 0.9)

    assert value[:, :125].max() <= 0
    assert value[:, 131:].min() >= 1
    assert (slope[:, :125] == 0).all()
    assert (slope[:, 131:] == 0).all()


def test_a_place_does_not_know_of_places_far_away(model: EdgeModel) -> None:
    """Three pixels of the map, and one more around the slope: nothing is stretched or pooled."""
    generator = torch.Generator().manual_seed(1)
    saliency, guide = (torch.rand(SMALL, generator=generator) for _ in range(2))
    other = saliency.clone()
    other[:, 140:] = 0

    first, second = (model.line(each, guide, 0.1, 0.9) for each in (saliency, other))

    assert torch.allclose(first.value[:, :136], second.value[:, :136], atol=1e-5)
    assert torch.allclose(first.slope[:, :136], second.slope[:, :136], atol=1e-5)
    assert not torch.allclose(first.value[:, 136:], second.value[:, 136:], atol=1e-2)


def test_what_was_given_is_not_changed(scene: tuple[Frame, Tensor], model: EdgeModel) -> None:
    """The map is also the saliency layer."""
    frame, truth = scene
    saliency = shrink(truth, SMALL)
    guide = plane_tensor(resize_plane(frame.planes[0], SMALL)).float().div(255)
    before = saliency.clone(), guide.clone()

    refine_in_cells(saliency, frame, options())
    model.line(saliency, guide, 0.1, 0.9)

    assert torch.equal(saliency, before[0])
    assert torch.equal(guide, before[1])


def test_privacy_has_the_last_word(scene: tuple[Frame, Tensor]) -> None:
    """However soft an edge is learnt to be, what is not mostly the subject goes."""
    frame, truth = scene
    saliency = shrink(truth, SMALL)
    usual = refine(saliency, frame, options())
    private = refine(saliency, frame, options(privacy=0.5))

    assert private[usual < 0.49].max() == 0
    assert torch.allclose(private, ((usual - 0.5) / 0.5).clamp(0, 1), atol=1e-4)


def test_levels_and_sharpening_still_mean_what_they_say(scene: tuple[Frame, Tensor]) -> None:
    """More of them leaves less that is partial."""
    frame, truth = scene
    saliency = shrink(truth, SMALL)

    def partial(**refinement: object) -> int:
        alpha = refine(saliency, frame, options(**refinement))
        return int(((alpha > 0) & (alpha < 1)).sum())

    usual = partial()
    assert partial(low=0.3, high=0.7) < usual < partial(low=0.0, high=1.0)
    assert partial(sharpen=0.8) < usual


@pytest.mark.gpu
def test_a_gpu_finds_the_same_edges(scene: tuple[Frame, Tensor], model: EdgeModel) -> None:
    """To a rounding error."""
    if not torch.cuda.is_available():
        skip_or_fail("gpu", "PyTorch sees no CUDA device")
    frame, truth = scene
    device = torch.device("cuda")
    there = model.to(device)
    saliency = shrink(truth, SMALL)
    here = refine(saliency, frame, options())
    other = refine(saliency.to(device), frame, replace(options(), edges=there))
    assert torch.allclose(here, other.cpu(), atol=2e-3)


def test_another_file_is_refused(tmp_path: Path) -> None:
    """With what it holds."""
    path = tmp_path / "other.safetensors"
    save_file({"conv.weight": torch.zeros(1), "conv.bias": torch.zeros(1)}, path)
    with pytest.raises(WeightsError, match="conv"):
        read_edge_weights(path)
    assert np.isfinite(read_edge_weights()[0][0].numpy()).all()
