"""Laws of bringing a frame to the network's size and colour."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import clips
from mattebox.colour import (
    MATRIX_BT601,
    MATRIX_BT709,
    MATRIX_BT2020,
    PRIMARIES_BT2020,
    TRANSFER_HLG,
    TRANSFER_PQ,
    Colour,
    Range,
    planes_from_rgb,
)
from mattebox.errors import FrameError
from mattebox.frame import Frame, VideoFormat
from mattebox.matting.prepare import prepare, small_size


def _quadrants(height: int, width: int) -> np.ndarray:
    """Red, green, blue and gray quarters: any mix-up of planes or sides shows."""
    rgb = np.empty((height, width, 3), np.float32)
    top, left = slice(0, height // 2), slice(0, width // 2)
    rgb[:] = (0.5, 0.5, 0.5)
    rgb[top, left] = (0.8, 0.1, 0.1)
    rgb[top, width // 2 :] = (0.1, 0.7, 0.2)
    rgb[height // 2 :, left] = (0.2, 0.2, 0.9)
    return rgb


def _frame(format: VideoFormat, rgb: np.ndarray) -> Frame:
    return Frame(planes_from_rgb(rgb, format.pixels, format.colour), format, pts=0)


def _middles(picture: np.ndarray) -> np.ndarray:
    """(4, 3): the colour in the middle of each quarter of a (3, h, w) picture."""
    _, height, width = picture.shape
    places = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return np.array([picture[:, y, x] for y, x in places])


COLOURS = [
    Colour(),
    Colour(matrix=MATRIX_BT601),
    Colour(matrix=MATRIX_BT709, range=Range.FULL),
    Colour(MATRIX_BT2020, PRIMARIES_BT2020, TRANSFER_PQ),
    Colour(MATRIX_BT2020, PRIMARIES_BT2020, TRANSFER_HLG),
    Colour(primaries=PRIMARIES_BT2020, transfer=TRANSFER_PQ),
]


@pytest.mark.parametrize(
    "colour", COLOURS, ids=["untagged", "601", "709 full", "PQ", "HLG", "no matrix"]
)
@pytest.mark.parametrize("size", [(160, 96), (1280, 720)])
@pytest.mark.parametrize(
    "pixels",
    ["yuv420p", "yuv420p10le", "yuv422p12le", "yuv444p16le", "yuva420p", "gbrp", "gbrp10le"],
)
def test_the_network_sees_the_same_colours_in_every_layout(
    pixels: str, size: tuple[int, int], colour: Colour
) -> None:
    """Depth, subsampling, range, matrix and HDR are how a picture is stored, not what it shows."""
    rgb = _quadrants(size[1], size[0])
    if pixels.startswith("gbr"):
        colour = replace(colour, matrix=0)
    frame = _frame(clips.video_format(pixels, size, colour=colour), rgb)

    small = prepare([frame], 64).numpy()[0]

    expected = _middles(rgb.transpose(2, 0, 1)) * 255
    # One step of an HDR signal of few bits is several of an SDR picture's dark values.
    tolerance = (16 if frame.format.pixels.depth == 8 else 4) if colour.is_hdr else 2
    assert np.abs(_middles(small) - expected).max() <= tolerance


@pytest.mark.parametrize("pixels", ["gray", "gray16le"])
def test_gray_becomes_neutral(pixels: str) -> None:
    """A gray picture has no colour, whatever its depth and range."""
    for range_ in Range:
        format = clips.video_format(pixels, (64, 64), colour=Colour(range=range_))
        frame = _frame(format, np.full((64, 64, 3), 0.6, np.float32))

        assert np.abs(prepare([frame], 64).numpy().astype(int) - 153).max() <= 1


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le", "yuv444p16le"])
def test_what_is_whiter_than_white_is_white(pixels: str) -> None:
    """Samples outside the limited range are allowed; they clip and never wrap around."""
    format = clips.video_format(pixels, (64, 64))
    layout = format.pixels
    middle = 1 << (layout.depth - 1)
    for luma, expected in ((layout.peak, 255), (0, 0)):
        values = (luma, middle, middle)
        shapes = format.plane_shapes
        planes = tuple(np.full(s, v, layout.dtype) for s, v in zip(shapes, values, strict=True))

        assert (prepare([Frame(planes, format, pts=0)], 64) == expected).all()


def test_a_picture_keeps_its_shape() -> None:
    """Each side is within half of 32 of the exact aspect; the longer one is what was asked for."""
    for size, expected in [
        ((1280, 720), (192, 320)),
        ((720, 1280), (320, 192)),
        ((640, 480), (256, 320)),
        ((500, 500), (320, 320)),
        ((64, 36), (192, 320)),
    ]:
        assert small_size(clips.video_format(size=size), 320) == expected


def test_pixels_that_are_not_square_count() -> None:
    """What matters is the shape on the screen: 720×576 may be 4:3 or 16:9."""
    wide = replace(clips.video_format(size=(720, 576)), sample_aspect=Fraction(64, 45))

    assert small_size(wide, 320) == (192, 320)


@pytest.mark.parametrize("size", [(1, 1), (1, 1000), (1000, 1), (33, 7), (2, 2)])
@pytest.mark.parametrize("pixels", ["yuv420p", "gbrp16le"])
def test_pictures_of_any_size_are_prepared(size: tuple[int, int], pixels: str) -> None:
    """There is no picture that the network cannot be shown."""
    frame = clips.pattern_frame(clips.video_format(pixels, size))

    batch = prepare([frame], 320)

    assert batch.shape[:2] == (1, 3)
    assert all(side >= 32 and side % 32 == 0 for side in batch.shape[2:])
    assert max(batch.shape[2:]) == 320


@pytest.mark.parametrize("size", [(64, 36), (127, 81), (640, 480), (1280, 720)])
def test_fine_texture_is_averaged_not_sampled(size: tuple[int, int]) -> None:
    """A checkerboard of single pixels is gray from afar; sampling it would make patterns."""
    width, height = size
    board = (np.indices((height, width)).sum(0) % 2).astype(np.float32)
    frame = _frame(clips.video_format("gray", size), np.repeat(board[..., None], 3, axis=2))

    picture = prepare([frame], 32).numpy().astype(int)

    assert np.abs(picture - 127).max() <= 16


def test_a_frame_is_prepared_the_same_in_any_company() -> None:
    """Batching may not change a single pixel."""
    format = clips.video_format("yuv420p", (160, 96))
    frames = [clips.pattern_frame(format, index) for index in range(4)]

    together = prepare(frames, 96)

    for frame, picture in zip(frames, together, strict=True):
        assert (prepare([frame], 96)[0] == picture).all()


def test_a_turned_or_read_only_frame_is_prepared_the_same() -> None:
    """How a plane lies in memory is not part of the picture, and it is never written to."""
    frame = clips.pattern_frame(clips.video_format("yuv444p", (96, 64)))
    mirrored = tuple(np.ascontiguousarray(p[::-1, ::-1])[::-1, ::-1] for p in frame.planes)
    for plane in mirrored:
        plane.flags.writeable = False

    other = replace(frame, planes=mirrored)

    assert (prepare([frame], 64) == prepare([other], 64)).all()


def test_frames_of_two_formats_are_refused() -> None:
    """A batch is one tensor; mixing formats is a mistake further up, and said so."""
    one = clips.pattern_frame(clips.video_format("yuv420p", (96, 64)))
    other = clips.pattern_frame(clips.video_format("yuv420p", (64, 64)))

    with pytest.raises(FrameError, match="2 formats"):
        prepare([one, other], 64)
    with pytest.raises(FrameError, match="0 frames"):
        prepare([], 64)
