"""Small sets of pairs with known content: red people before green, blue rooms, yellow balls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from mattebox_lab.train.scenes.pairs import PairSet

Bytes = npt.NDArray[np.uint8]
Write = Callable[..., None]

RED, GREEN, BLUE, YELLOW = (200, 30, 30), (40, 160, 60), (40, 60, 170), (220, 200, 30)
# (height, width) of a picture of a standing person, and the person's own lines.
STREET = (240, 140)
HAIR, CHIN, FEET = 20, 46, 228


def standing(middle: int = 70) -> Bytes:
    """The mask of somebody who stands: a head of 26 lines in a body of 208."""
    mask = np.zeros(STREET, np.uint8)
    cv2.ellipse(mask, (middle, (HAIR + CHIN) // 2), (10, (CHIN - HAIR) // 2), 0, 0, 360, 255, -1)
    cv2.rectangle(mask, (middle - 4, CHIN - 4), (middle + 4, CHIN + 6), 255, -1)
    cv2.rectangle(mask, (middle - 26, CHIN + 6), (middle + 26, 130), 255, -1)
    cv2.rectangle(mask, (middle - 20, 130), (middle + 20, FEET - 1), 255, -1)
    return mask


def painted(mask: Bytes, subject: tuple[int, int, int], place: tuple[int, int, int]) -> Bytes:
    """RGB: one colour where the mask is, another where it is not, each with some texture."""
    generator = np.random.default_rng(int(mask.sum()))
    texture = generator.integers(-20, 20, (*mask.shape, 1))
    colours = np.where(mask[..., None] > 127, np.array(subject), np.array(place))
    return np.clip(colours + texture, 0, 255).astype(np.uint8)


def write(folder: Path, key: str, picture: Bytes, mask: Bytes | None = None) -> None:
    """Write a pair as lossless files."""
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / f"{key}.img.png"), picture[..., ::-1])
    if mask is not None:
        cv2.imwrite(str(folder / f"{key}.mask.png"), mask)


@pytest.fixture(scope="session")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a folder of pairs for each set."""
    root = tmp_path_factory.mktemp("pairs")
    for number, middle in enumerate((60, 70, 80)):
        mask = standing(middle)
        write(root / "people", f"walk-{number:03d}", painted(mask, RED, GREEN), mask)
        write(root / "rooms", f"room{number}", painted(np.zeros((90, 120), np.uint8), RED, BLUE))
        ball = np.zeros((80, 100), np.uint8)
        cv2.circle(ball, (50, 40), 20 + number, 255, -1)
        write(root / "things", f"ball{number}", painted(ball, YELLOW, GREEN), ball)
    return root


@pytest.fixture(scope="session")
def near(tmp_path_factory: pytest.TempPathFactory) -> PairSet:
    """The people photographed with three times the pixels: their heads have 78 lines."""
    folder = tmp_path_factory.mktemp("near")
    mask = standing()
    picture, mask = (each.repeat(3, 0).repeat(3, 1) for each in (painted(mask, RED, GREEN), mask))
    write(folder, "walk-000", picture, mask)
    return PairSet("near", [folder])


@pytest.fixture(scope="session")
def sets(folders: Path) -> dict[str, PairSet]:
    """People, things and rooms."""
    return {name: PairSet(name, [folders / name]) for name in ("people", "things", "rooms")}
