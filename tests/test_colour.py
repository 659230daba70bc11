"""What sample values mean: held against the standards' numbers and against FFmpeg's swscale."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from av.filter import Graph
from av.video import VideoFrame

import clips
import footage
from mattebox.colour import (
    Colour,
    Planes,
    Range,
    Rgb,
    brightened,
    planes_from_rgb,
    rgb_from_planes,
    rgb_from_yuv,
    white_signal,
    yuv_to_rgb_matrix,
)
from mattebox.pixels import Family, PixelFormat, pixel_format

LIMITED, FULL = Range.LIMITED, Range.FULL
MATRICES = {"bt709": 1, "bt601": 6, "bt2020": 9, "smpte240m": 7, "fcc": 4}
RED, GREEN, BLUE, WHITE, GRAY = (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1), (0.5, 0.5, 0.5)


def flat(rgb: tuple[float, ...], size: tuple[int, int] = (2, 2)) -> Rgb:
    return np.broadcast_to(np.asarray(rgb, np.float32), (*size, 3)).copy()


def codes(rgb: tuple[float, ...], pixels: str, colour: Colour) -> tuple[int, ...]:
    """The samples of a flat picture, one per plane."""
    planes = planes_from_rgb(flat(rgb), pixel_format(pixels), colour)
    return tuple(int(plane[0, 0]) for plane in planes)


@pytest.mark.parametrize(
    ("rgb", "matrix", "range", "pixels", "wanted"),
    [
        (RED, 1, LIMITED, "yuv420p", (63, 102, 240)),
        (RED, 6, LIMITED, "yuv420p", (81, 90, 240)),
        (RED, 9, LIMITED, "yuv420p10le", (294, 387, 960)),
        (RED, 6, FULL, "yuv420p", (76, 85, 255)),
        (GREEN, 1, LIMITED, "yuv444p10le", (691, 167, 105)),
        (BLUE, 6, LIMITED, "yuv444p", (41, 240, 110)),
        (WHITE, 1, LIMITED, "yuv420p", (235, 128, 128)),
        (WHITE, 1, LIMITED, "yuv422p10le", (940, 512, 512)),
        (WHITE, 6, FULL, "yuv420p", (255, 128, 128)),
        (WHITE, 1, LIMITED, "yuv444p16le", (60160, 32768, 32768)),
        ((0, 0, 0), 1, LIMITED, "yuva420p", (16, 128, 128, 255)),
        ((0, 0, 0), 1, LIMITED, "yuv444p12le", (256, 2048, 2048)),
        (RED, 0, FULL, "gbrp", (0, 0, 255)),
        (GREEN, 0, LIMITED, "gbrp10le", (940, 64, 64)),
        (BLUE, 0, FULL, "gbrap12le", (0, 4095, 0, 4095)),
        (GRAY, 1, FULL, "gray", (128,)),
        (GREEN, 6, FULL, "gray10le", (601,)),
    ],
)
def test_known_colours_have_the_standards_codes(
    rgb: tuple[float, ...], matrix: int, range: Range, pixels: str, wanted: tuple[int, ...]
) -> None:
    """Values of BT.601, BT.709, BT.2020 and H.273, worked out by hand."""
    assert codes(rgb, pixels, Colour(matrix=matrix, range=range)) == wanted


@pytest.mark.parametrize(("transfer", "signal"), [(16, 0.5807), (18, 0.7500)], ids=["PQ", "HLG"])
@pytest.mark.parametrize("primaries", [1, 9])
def test_white_in_hdr_is_at_203_nits(transfer: int, signal: float, primaries: int) -> None:
    """58 % of PQ, 75 % of HLG (ITU-R BT.2408, table 1), and it is still white."""
    colour = Colour(matrix=9, primaries=primaries, transfer=transfer, range=LIMITED)
    luma, blue, red = codes(WHITE, "yuv420p10le", colour)
    assert luma == pytest.approx(64 + 876 * signal, abs=1)
    assert (blue, red) == pytest.approx((512, 512), abs=1)
    assert codes((0, 0, 0), "yuv420p10le", colour) == (64, 512, 512)


def test_pq_follows_st_2084() -> None:
    """Linear gray of 20.3 cd/m², a tenth of reference white, is 35.3 % of the signal."""
    encoded = 1.055 * 0.1 ** (1 / 2.4) - 0.055  # sRGB's code for a tenth of white
    colour = Colour(matrix=9, primaries=9, transfer=16, range=FULL)
    luma, *_ = codes((encoded,) * 3, "yuv444p16le", colour)
    power = (20.3 / 10000) ** 0.1593017578125
    wanted = ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    assert luma / 65535 == pytest.approx(wanted, abs=1e-4)


def test_wide_primaries_hold_srgb_colours_less_saturated() -> None:
    """BT.709 red, in BT.2020's primaries, is no longer pure: ITU-R BT.2087."""
    wide = planes_from_rgb(flat(RED), pixel_format("gbrp16le"), Colour(primaries=9, transfer=1))
    green, blue, red = (float(plane[0, 0]) / 65535 for plane in wide)
    linear = [((value + 0.055) / 1.055) ** 2.4 for value in (red, green, blue)]
    assert linear == pytest.approx([0.6274, 0.0691, 0.0164], abs=1e-3)


EVERY_TAGGING = pytest.mark.parametrize(
    "colour",
    [
        *(Colour(matrix=m, range=r) for m in MATRICES.values() for r in (LIMITED, FULL)),
        Colour(matrix=9, primaries=9, transfer=1, range=LIMITED),
        Colour(matrix=9, primaries=9, transfer=16, range=LIMITED),
        Colour(matrix=9, primaries=9, transfer=18, range=LIMITED),
        Colour(),
    ],
    ids=str,
)


@EVERY_TAGGING
@pytest.mark.parametrize("pixels", ["yuv444p10le", "yuv444p12le", "gbrp10le", "yuva444p16le"])
def test_there_and_back_is_the_same_picture(colour: Colour, pixels: str) -> None:
    """To within the rounding of the samples, for every tagging."""
    rgb = np.random.default_rng(0).random((16, 24, 3), np.float32)
    layout = pixel_format(pixels)
    back = rgb_from_planes(planes_from_rgb(rgb, layout, colour), layout, colour)
    # HDR has few codes for the darkest colours, where sRGB has many.
    coarse = layout.depth < 16 and not colour.is_same_light(Colour())
    assert np.abs(back - rgb).max() < (0.03 if coarse else 0.004)
    assert back.dtype == np.float32


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv440p", "yuv411p", "yuv410p"])
@pytest.mark.parametrize("size", [(8, 8), (7, 5), (1, 1), (3, 9), (2, 5)])
def test_a_chroma_sample_is_the_mean_of_its_own_pixels(pixels: str, size: tuple[int, int]) -> None:
    """Whole chroma samples, also at odd edges, where the last row or column counts again."""
    layout, colour = pixel_format(pixels), Colour(matrix=1, range=LIMITED)
    rgb = np.random.default_rng(1).random((*size, 3), np.float32)
    full = planes_from_rgb(rgb, pixel_format("yuv444p16le"), colour)
    rows, columns = layout.size_multiple
    for plane, whole in zip(planes_from_rgb(rgb, layout, colour)[1:], full[1:], strict=True):
        padding = ((0, -size[0] % rows), (0, -size[1] % columns))
        padded = np.pad(whole.astype(float), padding, mode="edge")
        for row, column in np.ndindex(plane.shape):
            block = padded[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns]
            assert plane[row, column] == pytest.approx(block.mean() / 256, abs=0.51)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv411p", "yuv440p10le", "gbrap", "gray"])
def test_odd_sizes_come_back_at_their_own_size(pixels: str) -> None:
    """A flat picture of 5×7 stays flat and 5×7."""
    layout, colour = pixel_format(pixels), Colour(matrix=1, range=LIMITED)
    back = rgb_from_planes(planes_from_rgb(flat(GRAY, (5, 7)), layout, colour), layout, colour)
    assert back.shape == (5, 7, 3)
    assert np.abs(back - 0.5).max() < 0.005


def test_values_out_of_range_clip() -> None:
    """No wrap-around: 1.5 is white, −0.5 is black; so are samples outside the limited range."""
    colour = Colour(matrix=1, range=LIMITED)
    assert codes((1.5, 1.5, 1.5), "yuv420p", colour) == codes(WHITE, "yuv420p", colour)
    assert codes((-0.5, -0.5, -0.5), "yuv420p", colour) == (16, 128, 128)
    bright = tuple(np.full((2, 2), value, np.uint8) for value in (255, 128, 128))
    dark = tuple(np.full((2, 2), value, np.uint8) for value in (0, 128, 128))
    layout = pixel_format("yuv444p")
    assert (rgb_from_planes(bright, layout, colour) == 1).all()
    assert (rgb_from_planes(dark, layout, colour) == 0).all()


@pytest.mark.parametrize(("height", "matrix"), [(719, 6), (480, 6), (720, 1), (2160, 1)])
def test_the_matrix_of_untagged_video_is_guessed_by_its_height(height: int, matrix: int) -> None:
    """BT.601 below 720 lines; a matrix nobody knows counts as none, one that is known stays."""
    assert Colour().matrix_or_guess(height) == matrix
    assert Colour(matrix=8).matrix_or_guess(height) == matrix
    assert Colour(matrix=9).matrix_or_guess(height) == 9
    assert Colour().luma_weights(height) == Colour(matrix=matrix).luma_weights(height)


def test_ordinary_video_of_every_standard_is_the_same_light() -> None:
    """BT.601, BT.709 and sRGB are; wide primaries, PQ and HLG are each their own."""
    ordinary = [Colour(), Colour(6, 6, 6, LIMITED), Colour(1, 1, 1, FULL), Colour(0, 1, 13, FULL)]
    assert all(colour.is_same_light(Colour()) for colour in ordinary)
    special = [Colour(9, 9, 14), Colour(9, 9, 16), Colour(9, 9, 18), Colour(9, 1, 16)]
    for index, colour in enumerate(special):
        assert not colour.is_same_light(Colour())
        assert [colour.is_same_light(other) for other in special].index(True) == index


@pytest.mark.parametrize("weights", [(0.2126, 0.0722), (0.299, 0.114), (0.2627, 0.0593)])
def test_the_matrix_turns_white_into_white_and_keeps_luma(weights: tuple[float, float]) -> None:
    """Rows say what one unit of Y, Cb and Cr adds to red, green and blue."""
    matrix = yuv_to_rgb_matrix(weights)
    assert (matrix @ np.array([1, 0, 0], np.float32) == 1).all()
    kr, kb = weights
    luma_of_chroma = np.array([kr, 1 - kr - kb, kb]) @ matrix[:, 1:]
    assert np.abs(luma_of_chroma).max() < 1e-6
    red = rgb_from_yuv(np.array([kr, -kr / (2 * (1 - kb)), 0.5], np.float32), weights)
    assert red == pytest.approx([1, 0, 0], abs=1e-6)


def converted(frame: VideoFrame, pixels: PixelFormat, arguments: str) -> Planes:
    """What FFmpeg's scale filter makes of a frame."""
    graph = Graph()
    source = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:"
        f"time_base=1/25:pixel_aspect=1/1:colorspace={int(frame.colorspace)}:"
        f"range={int(frame.color_range)}"
    )
    flags = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
    nodes = [
        graph.add("buffer", source),
        graph.add("scale", f"{flags}:{arguments}"),
        graph.add("format", pixels.name),
        graph.add("buffersink"),
    ]
    for one, other in pairwise(nodes):
        one.link_to(other)
    graph.configure()
    frame.pts = 0
    graph.push(frame)
    made: Any = graph.pull()
    shapes = pixels.plane_shapes(made.height, made.width)
    return tuple(
        footage.memory(plane, pixels.dtype)[:height, :width].copy()
        for plane, (height, width) in zip(made.planes, shapes, strict=True)
    )


def patches(seed: int) -> Rgb:
    """Flat blocks of 16×16: no filter for chroma sees two colours in the middle of one."""
    colours = np.random.default_rng(seed).random((6, 8, 3), np.float32)
    return colours.repeat(16, axis=0).repeat(16, axis=1)


def in_8_bits(rgb: Rgb) -> Rgb:
    """The nearest values that 8 bits can hold."""
    return (np.rint(rgb * 255) / 255).astype(np.float32)


AGAINST_SWSCALE = [
    pytest.mark.parametrize("matrix", ["bt709", "bt601", "bt2020"]),
    pytest.mark.parametrize("range", [LIMITED, FULL], ids=lambda range: str(range.value)),
    pytest.mark.parametrize("pixels", ["yuv444p", "yuv420p", "yuv444p10le", "yuv420p10le"]),
]


def against_swscale(test: Any) -> Any:
    for mark in AGAINST_SWSCALE:
        test = mark(test)
    return test


@against_swscale
def test_planes_are_those_that_swscale_makes(matrix: str, range: Range, pixels: str) -> None:
    """Within one level, from the same RGB picture of 8 bits."""
    layout, rgb8 = pixel_format(pixels), pixel_format("gbrp")
    rgb = in_8_bits(patches(0))
    frame = clips.av_frame(planes_from_rgb(rgb, rgb8, Colour()), "gbrp")
    theirs = converted(
        frame, layout, f"in_range=full:out_range={range.value}:out_color_matrix={matrix}"
    )
    ours = planes_from_rgb(rgb, layout, Colour(matrix=MATRICES[matrix], range=range))
    for one, other in zip(centres(ours), centres(theirs), strict=True):
        assert np.abs(one - other).max() <= 1


@against_swscale
def test_rgb_is_what_swscale_makes_of_planes(matrix: str, range: Range, pixels: str) -> None:
    """Within two levels of 8 bit, which is how far swscale's own tables are off."""
    layout = pixel_format(pixels)
    colour = Colour(matrix=MATRICES[matrix], range=range)
    planes = planes_from_rgb(patches(1), layout, colour)
    frame = clips.av_frame(planes, pixels)
    theirs = converted(
        frame,
        pixel_format("gbrp16le"),
        f"in_range={range.value}:out_range=full:in_color_matrix={matrix}",
    )
    ours = planes_from_rgb(
        rgb_from_planes(planes, layout, colour), pixel_format("gbrp16le"), Colour()
    )
    for one, other in zip(centres(ours), centres(theirs), strict=True):
        assert np.abs(one - other).max() <= 2 * 257


def centres(planes: Planes) -> list[npt.NDArray[np.int64]]:
    """The middle sample of each of the 6×8 blocks, of every plane."""
    found = []
    for plane in planes:
        rows, columns = plane.shape[0] // 6, plane.shape[1] // 8
        found.append(plane[rows // 2 :: rows, columns // 2 :: columns].astype(np.int64))
    return found


def test_no_family_is_forgotten() -> None:
    """Every family makes planes of its number, and comes back as RGB."""
    for family, name in ((Family.GRAY, "gray"), (Family.YUV, "yuv420p"), (Family.RGB, "gbrp")):
        layout = pixel_format(name)
        assert layout.family is family
        planes = planes_from_rgb(flat(GRAY), layout, Colour())
        assert len(planes) == layout.colour_planes
        assert rgb_from_planes(planes, layout, Colour()).shape == (2, 2, 3)


@pytest.mark.parametrize("stops", [-2.0, -0.7, 0.0, 0.7, 2.0])
@pytest.mark.parametrize("transfer", [1, 13, 16, 18])
def test_brighter_and_darker_keep_the_order_of_samples(transfer: int, stops: float) -> None:
    """Black stays black, nothing leaves [0, 1], and 0 stops change nothing."""
    ramp = np.linspace(0, 1, 1025, dtype=np.float32)

    got = brightened(ramp, stops, Colour(transfer=transfer))

    assert got[0] == pytest.approx(0, abs=1e-3)
    assert (got >= 0).all()
    assert (got <= 1).all()
    assert (np.diff(got) >= 0).all()
    moved = got[64:-64] - ramp[64:-64]
    assert (moved * np.sign(stops) > 1e-3).all() if stops else not moved.any()


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_is_brightened_and_darkened_back(transfer: int) -> None:
    """Two stops up and two down, as long as nothing clips."""
    ramp, colour = np.linspace(0.05, 0.6, 100, dtype=np.float32), Colour(transfer=transfer)

    there = brightened(ramp, 1, colour)

    np.testing.assert_allclose(brightened(there, -1, colour), ramp, atol=1e-3)
    assert (there > ramp + 0.01).all()


@pytest.mark.parametrize(("transfer", "white"), [(1, 1.0), (13, 1.0), (16, 0.58), (18, 0.75)])
def test_graphics_white_is_where_bt_2408_says(transfer: int, white: float) -> None:
    """203 cd/m² is 58 % in PQ and 75 % in HLG: table 1 of the report."""
    assert white_signal(Colour(transfer=transfer)) == pytest.approx(white, abs=0.005)
