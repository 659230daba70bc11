"""Laws of laying a foreground over a backdrop."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import clips
from mattebox.errors import FrameError
from mattebox.frame import Frame, Matte
from mattebox.matting.alphas import chroma_alpha
from mattebox.matting.composite import composite, over
from mattebox.pixels import pixel_format

LAYOUTS = [
    "yuv420p",
    "yuv420p10le",
    "yuv422p10le",
    "yuv444p",
    "yuv440p",
    "yuv410p",
    "gbrp",
    "gbrp16le",
    "gray",
]
SIZES = [(96, 64), (95, 63), (1, 1), (4, 1), (3, 5)]


def scene(pixels: str, size: tuple[int, int] = (96, 64)) -> tuple[Frame, tuple[clips.Array, ...]]:
    """A frame, and other planes of the same layout to lay it over."""
    format = clips.video_format(pixels, size)
    backdrop = clips.pattern_frame(format, 1).colour_planes
    return clips.pattern_frame(format), backdrop


def noise(shape: tuple[int, int], seed: int = 0) -> clips.Array:
    return np.random.default_rng(seed).random(shape, np.float32)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("pixels", LAYOUTS)
def test_a_matte_of_ones_gives_the_frame_back_bit_for_bit(
    pixels: str, size: tuple[int, int]
) -> None:
    """Where everything is foreground the product changes nothing at all."""
    frame, backdrop = scene(pixels, size)

    result = composite(Matte(frame, torch.ones(size[::-1])), backdrop)

    for got, wanted in zip(result.planes, frame.planes, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("pixels", LAYOUTS)
def test_a_matte_of_zeros_gives_the_backdrop_bit_for_bit(
    pixels: str, size: tuple[int, int]
) -> None:
    """Where nothing is foreground nothing of the room is left."""
    frame, backdrop = scene(pixels, size)

    result = composite(Matte(frame, torch.zeros(size[::-1])), backdrop)

    for got, wanted in zip(result.planes, backdrop, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_between_them_is_the_nearest_sample_of_the_mean(dtype: type) -> None:
    """Linear in alpha, rounded to nearest, over the whole range of samples."""
    generator = np.random.default_rng(1)
    peak = np.iinfo(dtype).max
    foreground, backdrop = generator.integers(0, peak, (2, 200, 331), dtype, endpoint=True)
    alpha = noise((200, 331))

    exact = backdrop + (foreground.astype(float) - backdrop) * alpha

    # Beside rounding there is only float32's own error, which can turn a half.
    assert np.abs(over(foreground, alpha, backdrop) - exact).max() <= 0.5 + peak * 2e-7


def test_views_of_any_kind_are_laid_over() -> None:
    """A source may turn or crop a frame without copying it, and lock it."""
    foreground = np.random.default_rng(2).integers(0, 256, (40, 60), np.uint8)
    backdrop, alpha = foreground[::-1, ::-1], noise((40, 60))
    locked = foreground.copy()
    locked.flags.writeable = False

    wanted = over(foreground.copy(), alpha, backdrop.copy())

    np.testing.assert_array_equal(over(locked, alpha, backdrop), wanted)
    half = (slice(None, None, 2), slice(5, 50))
    got = over(foreground[half], alpha[half], backdrop[half])
    np.testing.assert_array_equal(got, wanted[half])


def test_neither_input_is_written_to() -> None:
    """Planes are the decoder's memory, and a backdrop serves many frames."""
    frame, backdrop = scene("yuv420p")
    before = [plane.copy() for plane in (*frame.planes, *backdrop)]

    composite(Matte(frame, torch.from_numpy(noise((64, 96)))), backdrop)

    for plane, kept in zip((*frame.planes, *backdrop), before, strict=True):
        np.testing.assert_array_equal(plane, kept)


@pytest.mark.parametrize("size", [(96, 64), (95, 63), (1, 1), (97, 2), (5, 3), (6, 7)])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv440p", "yuv411p", "yuv410p"])
def test_chroma_gets_the_mean_alpha_of_the_pixels_it_covers(
    pixels: str, size: tuple[int, int]
) -> None:
    """Also at odd edges, where a sample covers fewer of them."""
    width, height = size
    layout = pixel_format(pixels)
    rows, columns = layout.size_multiple
    alpha = noise((height, width))

    small = chroma_alpha(alpha, layout.plane_shapes(height, width)[1])

    for row, column in np.ndindex(small.shape):
        top, left = row * rows, column * columns
        covered = alpha[top : top + rows, left : left + columns]
        assert small[row, column] == pytest.approx(covered.mean(), abs=1e-6)


def test_the_frames_own_time_travels_and_its_alpha_plane_does_not() -> None:
    """A composite is opaque, and is shown when the frame was."""
    format = clips.video_format("yuva420p")
    planes = clips.pattern_planes(format.pixels, 64, 96)
    frame = Frame(planes, format, pts=1234, duration=40, arrived_at=5.5)

    result = composite(Matte(frame, torch.ones(64, 96)), planes[:3])

    assert result.format == clips.video_format("yuv420p")
    assert (result.pts, result.duration, result.arrived_at) == (1234, 40, 5.5)


def test_a_copy_with_another_alpha_is_laid_by_that_alpha() -> None:
    """What is known of a matte's cells is not known of another's: nothing of the room is shown."""
    frame, backdrop = scene("yuv420p")
    ones = np.ones((8, 12), np.float32)
    matte = Matte.covered(frame, torch.ones(64, 96), None, ones)
    assert matte.coverage is ones

    result = composite(replace(matte, alpha=torch.zeros(64, 96)), backdrop)

    for got, wanted in zip(result.planes, backdrop, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_a_coverage_of_another_size_is_refused() -> None:
    """Half a picture would be laid."""
    frame, _ = scene("yuv420p")
    with pytest.raises(FrameError, match="does not fit"):
        Matte.covered(frame, torch.ones(64, 96), None, np.ones((4, 4), np.float32))


def test_a_backdrop_of_another_size_or_depth_is_refused() -> None:
    """A backdrop that was not made for the frame is a mistake, never stretched in silence."""
    frame, backdrop = scene("yuv420p")
    matte = Matte(frame, torch.ones(64, 96))

    with pytest.raises(FrameError, match="sizes must be equal"):
        composite(matte, scene("yuv420p", (48, 32))[1])
    with pytest.raises(FrameError, match="uint16"):
        composite(matte, scene("yuv420p10le")[1])
    with pytest.raises(FrameError, match="1 planes"):
        composite(matte, backdrop[:1])
