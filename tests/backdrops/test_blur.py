"""The scene behind the foreground, out of focus."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import torch

import clips
import footage
from mattebox.backdrops.blur import BlurBackdrop
from mattebox.colour import Planes
from mattebox.frame import Frame, Matte, VideoFormat

HEIGHT, WIDTH = 180, 320


def blurred(planes: Planes, alpha: footage.Array, radius_px: float, pixels: str) -> Planes:
    height, width = planes[0].shape
    format = clips.video_format(pixels, (width, height))
    backdrop = BlurBackdrop(radius_px)
    backdrop.open(format)
    matte = Matte(Frame(planes, format, pts=0), torch.from_numpy(alpha.astype(np.float32)))
    result = backdrop.render(matte)
    backdrop.close()
    return result


def flat(format: VideoFormat, value: int) -> list[footage.Array]:
    return [np.full(shape, value, format.pixels.dtype) for shape in format.plane_shapes]


@pytest.mark.parametrize("radius_px", [3.0, 12.0, 24.0, 60.0, 400.0])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p10le", "yuv411p", "gray"])
def test_the_subject_does_not_bleed_into_the_scene(radius_px: float, pixels: str) -> None:
    """A white subject over 60 % of a dark room leaves the room dark, in every plane."""
    format = clips.video_format(pixels, (WIDTH, HEIGHT))
    white = format.pixels.peak
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[30:, 50:270] = 1
    planes = []
    for plane in flat(format, white // 8):
        rows, columns = HEIGHT // plane.shape[0], WIDTH // plane.shape[1]
        plane[30 // rows :, 50 // columns : -(-270 // columns)] = white
        planes.append(plane)
    for plane in blurred(tuple(planes), alpha, radius_px, pixels):
        assert int(plane.max()) <= white // 8 + max(2, white // 250)
        assert int(plane.min()) >= white // 8


@pytest.mark.parametrize("softness", [0.0, 3.0])
def test_a_matte_that_is_a_little_small_does_no_harm(softness: float) -> None:
    """Two pixels of the subject outside the matte leave no halo."""
    luma = np.full((HEIGHT, WIDTH), 40, np.uint8)
    luma[40:, 100:220] = 235
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[42:, 102:218] = 1
    if softness:
        alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), softness), np.float32)
    (plane,) = blurred((luma,), alpha, 24.0, "gray")
    assert int(plane.max()) <= 45


@pytest.mark.parametrize("radius_px", [8.0, 24.0, 40.0])
def test_without_a_subject_it_is_a_gaussian_blur(radius_px: float) -> None:
    """Of a standard deviation of half the radius, worked out small and yet close."""
    luma = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH)).astype(np.uint8)
    luma[:, WIDTH // 2 :] //= 4
    (plane,) = blurred((luma,), np.zeros((HEIGHT, WIDTH)), radius_px, "gray")
    exact = cv2.GaussianBlur(
        luma.astype(np.float32), (0, 0), radius_px / 2, borderType=cv2.BORDER_REFLECT
    )
    error = np.abs(plane - np.asarray(exact))
    assert error.mean() < 1.2
    assert error.max() < 10


def test_the_radius_is_in_pixels_of_the_frame_for_every_plane() -> None:
    """Chroma of half the size is blurred as far across the picture as luma."""
    luma = np.zeros((HEIGHT, WIDTH), np.uint8)
    luma[:, WIDTH // 2 :] = 200
    chroma = luma[::2, ::2].copy()
    planes = blurred((luma, chroma, chroma), np.zeros((HEIGHT, WIDTH)), 24.0, "yuv420p")
    assert np.abs(planes[0][1::2, 1::2].astype(int) - planes[1]).max() <= 6


def test_radius_0_is_the_scene_itself() -> None:
    """The very planes, not copies."""
    frame = clips.pattern_frame(clips.video_format())
    backdrop = BlurBackdrop(0.0)
    backdrop.open(frame.format)
    planes = backdrop.render(Matte(frame, torch.zeros(64, 96)))
    assert all(a is b for a, b in zip(planes, frame.planes, strict=True))


def test_a_flat_wall_stays_flat_to_its_borders() -> None:
    """No dark rims and no noise where nothing has to be rounded."""
    for pixels in ("yuv420p", "yuv420p10le"):
        format = clips.video_format(pixels, (WIDTH, HEIGHT))
        planes = tuple(flat(format, 126))
        for plane in blurred(planes, np.zeros((HEIGHT, WIDTH)), 40.0, pixels):
            assert np.abs(plane.astype(int) - 126).max() <= 1
            assert (plane == 126).mean() > 0.999


def test_a_smooth_wall_gets_no_bands() -> None:
    """A slope of one level in 64 pixels: on average over some pixels, the steps are gone."""
    slope = np.linspace(30, 35, WIDTH)[None].repeat(HEIGHT, 0)
    noise = np.random.default_rng(0).normal(0, 2, slope.shape)
    luma = np.rint(slope + noise).clip(0, 255).astype(np.uint8)
    (plane,) = blurred((luma,), np.zeros((HEIGHT, WIDTH)), 40.0, "gray")
    seen = plane.astype(np.float64).mean(axis=0).reshape(-1, 8).mean(axis=1)[4:-4]
    wanted = slope[0].reshape(-1, 8).mean(axis=1)[4:-4]
    assert np.abs(seen - wanted - (seen - wanted).mean()).max() < 0.25


@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_frame_that_is_all_foreground_gives_its_own_colours(share: float) -> None:
    """With no scene to be seen there is still a backdrop, neither black nor broken."""
    frame = clips.pattern_frame(clips.video_format("yuv420p", (WIDTH, HEIGHT)))
    alpha = np.full((HEIGHT, WIDTH), share)
    for plane, result in zip(
        frame.planes, blurred(frame.planes, alpha, 24.0, "yuv420p"), strict=True
    ):
        assert abs(float(result.mean()) - float(plane.mean())) < 3


@pytest.mark.parametrize("name", ["head-hair", "head-curly"])
def test_a_talking_head_casts_no_halo(name: str, shared: Path) -> None:
    """Painting the subject another colour does not change what is seen of the scene behind it."""
    planes, alpha = truth(shared, name)
    luma = planes[0]
    painted = np.rint(luma + alpha * (255 - 2.0 * luma)).astype(np.uint8)
    (one,) = blurred((luma,), alpha, 24.0, "gray")
    (other,) = blurred((painted,), alpha, 24.0, "gray")
    difference = np.abs(one.astype(int) - other)[alpha < 0.5]
    assert np.percentile(difference, 99) <= 2
    assert difference.max() <= 12


def truth(shared: Path, name: str) -> tuple[Planes, footage.Array]:
    """The first frame's planes and its true alpha."""
    with av.open(str(shared / "truth" / f"{name}.mp4")) as container:
        frame = next(container.decode(video=0))
    with av.open(str(shared / "truth" / f"{name}.alpha.mkv")) as container:
        alpha = next(container.decode(video=0)).to_ndarray()
    picture = frame.to_ndarray()[: frame.height, : frame.width]
    return (picture,), alpha.astype(np.float32) / 255
