"""Makes every sample again: ``python samples/make``; see ``samples/README.md``."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from acting import LOOP_S
from backdrops import bokeh, dusk_hills, studio
from cutout import collins
from shots import Shot, before_green, in_the_room
from sound import melody
from thing import armchair
from writing import RATE, grained, write_alpha, write_still, write_video

_SEED = 20
_GREEN_S = 2.4


def main() -> None:
    """Make the samples named on the command line, or all."""
    makers = {
        "clip": make_clip,
        "green-screen": make_green_screen,
        "backdrops": make_backdrops,
        "thing": make_thing,
    }
    parser = argparse.ArgumentParser(description=__doc__, prog="python samples/make")
    parser.add_argument("names", nargs="*", help=f"some of: {', '.join(makers)} (default: all)")
    parser.add_argument(
        "--folder", type=Path, default=Path(__file__).resolve().parent.parent,
        help="where to write (default: samples/)",
    )  # fmt: skip
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in makers]
    if unknown:
        parser.error(f"no sample {unknown[0]!r}: there are {', '.join(makers)}")
    (arguments.folder / "backdrops").mkdir(parents=True, exist_ok=True)
    for name in arguments.names or makers:
        makers[name](arguments.folder)


def make_clip(folder: Path) -> None:
    """clip.mp4 and its true alpha."""
    pictures, alphas = _developed(in_the_room(collins(), LOOP_S, _SEED))
    write_video(folder / "clip.mp4", pictures, crf=18, sound=melody(LOOP_S))
    write_alpha(folder / "clip.alpha.mkv", alphas)


def make_green_screen(folder: Path) -> None:
    """green-screen.mp4."""
    pictures, _ = _developed(before_green(collins(), _GREEN_S, _SEED))
    write_video(folder / "green-screen.mp4", pictures, crf=21, sound=None)


def make_backdrops(folder: Path) -> None:
    """Two stills and a clip that loops."""
    chance = np.random.default_rng(_SEED)
    hills = grained(dusk_hills(1920, 1080, seed=4), 0.8, chance)
    write_still(folder / "backdrops" / "dusk-hills.jpg", hills, quality=84)
    wall = grained(studio(1920, 1080, seed=5), 0.8, chance)
    write_still(folder / "backdrops" / "studio.jpg", wall, quality=84)
    frames = [grained(frame, 0.7, chance) for frame in bokeh(960, 540, 5 * RATE, seed=6)]
    write_video(folder / "backdrops" / "bokeh.mp4", frames, crf=24, sound=None)


def make_thing(folder: Path) -> None:
    """thing.jpg."""
    picture = grained(armchair(1200, 900, _SEED), 0.9, np.random.default_rng(_SEED))
    write_still(folder / "thing.jpg", picture, quality=86)


def _developed(
    shot: Shot,
) -> tuple[list[npt.NDArray[np.uint8]], list[npt.NDArray[np.float32]]]:
    pairs = list(shot)
    return [picture for picture, _ in pairs], [alpha for _, alpha in pairs]


if __name__ == "__main__":
    main()
