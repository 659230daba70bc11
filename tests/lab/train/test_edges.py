"""The model of edges learns, and the same each time."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from mattebox.nets.edge_weights import read_edge_weights
from mattebox_lab.train.edges import training
from mattebox_lab.train.edges.examples import Example, examples
from mattebox_lab.train.scenes.pairs import PairSet
from segmenters import BrightnessSegmenter

Bytes = npt.NDArray[np.uint8]

SIZE = 96, 128


def write(folder: Path, key: str, mask: Bytes) -> None:
    """A pair as lossless files."""
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / f"{key}.img.png"), lit(mask))
    cv2.imwrite(str(folder / f"{key}.mask.png"), mask)


def ball(middle: int, soft: float) -> Bytes:
    """A mask of a ball whose edge is so many pixels soft."""
    rows, columns = np.indices(SIZE)
    depth = 30 - np.hypot(rows - 48, columns - middle)
    return np.asarray(np.clip(depth / soft + 0.5, 0, 1) * 255, np.uint8)


def lit(mask: Bytes) -> Bytes:
    """The ball in light, the rest in the dark, with a camera's blur."""
    gray = cv2.GaussianBlur(mask, (0, 0), 1.0) // 2 + 60
    return np.asarray(np.stack([gray] * 3, -1), np.uint8)


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> tuple[PairSet, PairSet]:
    """(a clip of a soft ball that rolls, stills of hard ones)."""
    folder = tmp_path_factory.mktemp("edges")
    for number in range(8):
        write(folder / "clip", f"rolling-{number:03}", ball(40 + 2 * number, 8))
        write(folder / "stills", f"still-{number}", ball(35 + 7 * number, 0.5))
    return PairSet("clip", [folder / "clip"]), PairSet("stills", [folder / "stills"])


@pytest.fixture(scope="module")
def made(sets: tuple[PairSet, PairSet]) -> list[Example]:
    return examples(sets[0], [(sets[1], 6)], BrightnessSegmenter(2.5), seed=1)


def test_examples_are_of_every_kind_and_the_same_each_time(
    sets: tuple[PairSet, PairSet], made: list[Example]
) -> None:
    """A run can be repeated."""
    again = examples(sets[0], [(sets[1], 6)], BrightnessSegmenter(2.5), seed=1)

    assert {each.kind for each in made} == {"frame", "steadied", "stills", "oracle", "softened"}
    assert [each.kind for each in again] == [each.kind for each in made]
    assert all(
        torch.equal(one.saliency, other.saliency) and torch.equal(one.alpha, other.alpha)
        for one, other in zip(made, again, strict=True)
    )


def test_an_oracle_is_its_truth_made_smaller(made: list[Example]) -> None:
    """The softened ones too: map, picture and truth are softened together."""
    for each in made:
        if each.kind in {"oracle", "softened"}:
            size = each.saliency.shape[::-1]
            smaller = cv2.resize(each.alpha.numpy(), size, interpolation=cv2.INTER_AREA)
            assert np.allclose(each.saliency.numpy(), smaller, atol=1e-5)


def test_it_learns_and_is_written_whole(made: list[Example], tmp_path: Path) -> None:
    """Nearer to the truth than before, and read back as it was."""
    model = training.beginning(seed=0)

    def wrong() -> float:
        figures = training.judged(training.learnt(model), made)
        return sum(error for error, _ in figures.values())

    before = wrong()
    for _ in training.fit(model, made, steps=150, seed=0):
        pass
    assert wrong() < 0.8 * before

    training.write(model, tmp_path / "edges.safetensors")
    weights, biases = read_edge_weights(tmp_path / "edges.safetensors")
    assert all(map(torch.equal, weights, model.weights))
    assert all(map(torch.equal, biases, model.biases))


def test_what_is_judged_by_is_not_learnt_from(made: list[Example]) -> None:
    """Each example is on one side."""
    learnt, kept = training.parted(made)
    assert len(learnt) + len(kept) == len(made)
    assert not {id(each) for each in learnt} & {id(each) for each in kept}
