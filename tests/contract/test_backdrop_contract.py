"""What the ``Backdrop`` port promises, held against every backdrop that is shipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

import clips
from mattebox.backdrops.blur import BlurBackdrop
from mattebox.backdrops.colour import ColourBackdrop
from mattebox.backdrops.fit import Fit
from mattebox.backdrops.moving import MovingBackdrop
from mattebox.backdrops.still import StillBackdrop
from mattebox.backdrops.switch import SwitchBackdrop
from mattebox.colour import Colour, Range
from mattebox.errors import DecodeError, SourceNotFound
from mattebox.frame import Matte, VideoFormat
from mattebox.ports import Backdrop


def colour(_folder: Path) -> Backdrop:
    return ColourBackdrop((255, 0, 0))


def still(folder: Path, fit: Fit = "cover") -> Backdrop:
    picture = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    cv2.imwrite(str(folder / "still.png"), picture)
    return StillBackdrop(folder / "still.png", fit=fit, anchor="center")


def moving(folder: Path, fit: Fit = "cover") -> Backdrop:
    clip = clips.write_clip(folder / "clip.mkv", frames=5, size=(30, 20))
    return MovingBackdrop(clip, fit=fit, anchor="center", start_s=0.0, crossfade_s=0.08)


def contained_still(folder: Path) -> Backdrop:
    return still(folder, "contain")


def tiled_moving(folder: Path) -> Backdrop:
    return moving(folder, "tile")


def contained_moving(folder: Path) -> Backdrop:
    return moving(folder, "contain")


def blur(_folder: Path) -> Backdrop:
    return BlurBackdrop(12.0)


def no_blur(_folder: Path) -> Backdrop:
    return BlurBackdrop(0.0)


def switched(folder: Path) -> Backdrop:
    return SwitchBackdrop(still(folder))


Making = Callable[[Path], Backdrop]
EVERY_BACKDROP = pytest.mark.parametrize(
    "make",
    [
        colour,
        still,
        contained_still,
        moving,
        contained_moving,
        tiled_moving,
        blur,
        no_blur,
        switched,
    ],
)
LAYOUTS = [
    "gray",
    "gray12le",
    "yuv420p",
    "yuv420p9le",
    "yuv422p10le",
    "yuv444p12le",
    "yuv420p14le",
    "yuv444p16le",
    "yuv440p",
    "yuv440p10le",
    "yuv411p",
    "yuv410p",
    "gbrp",
    "gbrp10le",
    "yuva420p",
    "yuva444p16le",
    "gbrap",
    "gbrap12le",
]
HDR = Colour(matrix=9, primaries=9, transfer=16, range=Range.LIMITED)


def matte(format: VideoFormat, index: int = 0) -> Matte:
    alpha = torch.zeros(format.height, format.width)
    alpha[format.height // 2 :, format.width // 2 :] = 1.0
    return Matte(clips.pattern_frame(format, index), alpha)


@pytest.mark.parametrize(
    "size", [(96, 64), (33, 17), (1, 1)], ids=lambda size: f"{size[0]}x{size[1]}"
)
@pytest.mark.parametrize("pixels", LAYOUTS)
@EVERY_BACKDROP
def test_the_planes_are_laid_out_as_the_frame(
    make: Making, pixels: str, size: tuple[int, int], tmp_path: Path
) -> None:
    """One array per colour plane, never alpha, of the frame's shapes and type, at any size."""
    format = clips.video_format(pixels, size)
    backdrop = make(tmp_path)
    backdrop.open(format)
    planes = backdrop.render(matte(format))
    backdrop.close()
    assert [plane.shape for plane in planes] == list(
        format.plane_shapes[: format.pixels.colour_planes]
    )
    assert {plane.dtype for plane in planes} == {format.pixels.dtype}
    assert max(int(plane.max()) for plane in planes) <= format.pixels.peak


@EVERY_BACKDROP
def test_a_frame_keeps_its_own_planes(make: Making, tmp_path: Path) -> None:
    """What a backdrop is shown, it does not change."""
    format = clips.video_format("yuv420p10le", colour=HDR)
    shown = matte(format)
    before = [plane.copy() for plane in shown.frame.planes]
    backdrop = make(tmp_path)
    backdrop.open(format)
    for index in range(3):
        backdrop.render(matte(format, index))
    backdrop.render(shown)
    backdrop.close()
    assert all((a == b).all() for a, b in zip(before, shown.frame.planes, strict=True))


@EVERY_BACKDROP
def test_the_same_moment_gives_the_same_planes(make: Making, tmp_path: Path) -> None:
    """Rendering has no memory but the clock, and planes given before stay as they were."""
    format = clips.video_format()
    backdrop = make(tmp_path)
    backdrop.open(format)
    first = backdrop.render(matte(format))
    kept = [plane.copy() for plane in first]
    again = backdrop.render(matte(format))
    for index in range(1, 4):
        backdrop.render(matte(format, index))
    backdrop.close()
    assert all((a == b).all() for a, b in zip(kept, again, strict=True))
    assert all((a == b).all() for a, b in zip(kept, first, strict=True))


@EVERY_BACKDROP
def test_close_never_raises(make: Making, tmp_path: Path) -> None:
    """Also where nothing was opened."""
    make(tmp_path).close()


FILES: list[Callable[[Path], Backdrop]] = [
    lambda path: StillBackdrop(path, fit="cover", anchor="center"),
    lambda path: MovingBackdrop(path, fit="cover", anchor="center", start_s=0, crossfade_s=0.5),
]
EVERY_FILE = pytest.mark.parametrize("make", FILES, ids=["still", "moving"])


@EVERY_FILE
def test_a_backdrop_that_is_not_there_is_not_found(make: Making, tmp_path: Path) -> None:
    """The message names the file, and the error is a FileNotFoundError for those who expect one."""
    backdrop = make(tmp_path / "nothing.xyz")
    with pytest.raises(SourceNotFound, match=r"backdrop .*nothing\.xyz") as caught:
        backdrop.open(clips.video_format())
    backdrop.close()
    assert caught.value.advice
    assert isinstance(caught.value, FileNotFoundError)


@pytest.mark.parametrize("content", [b"", b"no picture at all\n" * 50], ids=["empty", "text"])
@EVERY_FILE
def test_a_backdrop_that_is_no_picture_is_refused(
    make: Making, content: bytes, tmp_path: Path
) -> None:
    """Text that was renamed, and an empty file: one clear message with a next step."""
    path = tmp_path / "backdrop.mp4"
    path.write_bytes(content)
    backdrop = make(path)
    with pytest.raises(DecodeError, match=r"cannot read the backdrop .*backdrop\.mp4") as caught:
        backdrop.open(clips.video_format())
    backdrop.close()
    assert caught.value.advice


@EVERY_FILE
def test_a_folder_is_no_backdrop(make: Making, tmp_path: Path) -> None:
    """An error of ours, not of the operating system, with a next step."""
    folder = tmp_path / "beach.mp4"
    folder.mkdir()
    backdrop = make(folder)
    with pytest.raises(DecodeError, match=r"the backdrop .*beach\.mp4: it is a folder") as caught:
        backdrop.open(clips.video_format())
    backdrop.close()
    assert caught.value.advice
