"""Any layout FFmpeg gives becomes planes, and not one sample changes on the way."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import av.filter
import numpy as np
import numpy.typing as npt
import pytest
from av.video.format import names  # type: ignore[attr-defined]

import clips
import footage
from mattebox.errors import DecodeError
from mattebox.pixels import pixel_format
from mattebox.sources.planar import PlanarReader

Array = npt.NDArray[Any]

WIDTH, HEIGHT = 38, 22


def samples(frame: av.VideoFrame, plane: int, dtype: Any, width: int, height: int) -> Array:
    return footage.memory(frame.planes[plane], dtype)[:height, :width]


def assert_same(planes: tuple[Array, ...], truth: list[Array]) -> None:
    assert len(planes) == len(truth)
    for plane, true in zip(planes, truth, strict=True):
        np.testing.assert_array_equal(plane, true)


@pytest.mark.parametrize(
    "pixels",
    [
        *("yuv420p", "yuv422p", "yuv444p", "yuv440p", "yuv411p", "yuv410p", "yuv420p10le"),
        *("yuv422p12le", "yuv444p16le", "yuva420p", "yuva444p12le", "gbrp", "gbrap", "gbrp10le"),
    ],
)
def test_planar_layouts_travel_as_views_of_ffmpegs_memory(pixels: str) -> None:
    """No copy, no conversion: the point of the whole design."""
    layout = pixel_format(pixels)
    pattern = clips.pattern_planes(layout, HEIGHT, WIDTH)
    frame = clips.av_frame(pattern, pixels)
    reader = PlanarReader(frame)
    planes = reader.planes(frame)
    assert reader.pixels == layout
    assert_same(planes, list(pattern))
    addresses = [plane.buffer_ptr for plane in frame.planes]
    assert [plane.ctypes.data for plane in planes] == addresses


@pytest.mark.parametrize("pixels", ["yuvj420p", "yuvj422p", "yuvj444p"])
def test_the_old_full_range_names_are_the_same_memory(pixels: str) -> None:
    """yuvj420p is yuv420p with a range tag."""
    frame = footage.noise_picture(pixels, (WIDTH, HEIGHT))
    reader = PlanarReader(frame)
    assert reader.pixels.name == pixels.replace("j", "")
    assert reader.planes(frame)[0].ctypes.data == frame.planes[0].buffer_ptr


@pytest.mark.parametrize(
    ("pixels", "target", "shift", "depth"),
    [
        ("nv12", "yuv420p", 0, 8),
        ("nv16", "yuv422p", 0, 8),
        ("nv24", "yuv444p", 0, 8),
        ("p010le", "yuv420p10le", 6, 10),
        ("p012le", "yuv420p12le", 4, 12),
        ("p016le", "yuv420p16le", 0, 16),
        ("p210le", "yuv422p10le", 6, 10),
        ("p410le", "yuv444p10le", 6, 10),
    ],
)
def test_interleaved_chroma_is_parted_exactly(
    pixels: str, target: str, shift: int, depth: int
) -> None:
    """What cameras and hardware decoders give."""
    frame = footage.noise_picture(pixels, (WIDTH, HEIGHT), shift=shift, depth=depth)
    reader = PlanarReader(frame)
    layout, dtype = pixel_format(target), np.uint8 if depth == 8 else np.uint16
    rows, columns = layout.plane_shapes(HEIGHT, WIDTH)[1]
    chroma = samples(frame, 1, dtype, 2 * columns, rows) >> shift
    truth = [samples(frame, 0, dtype, WIDTH, HEIGHT) >> shift, chroma[:, ::2], chroma[:, 1::2]]
    assert reader.pixels == layout
    assert_same(reader.planes(frame), truth)


@pytest.mark.parametrize(
    ("pixels", "luma", "blue", "red"),
    [("yuyv422", 0, 1, 3), ("uyvy422", 1, 0, 2), ("yvyu422", 0, 3, 1)],
)
def test_packed_422_is_parted_exactly(pixels: str, luma: int, blue: int, red: int) -> None:
    """What most webcams give."""
    frame = footage.noise_picture(pixels, (WIDTH, HEIGHT))
    reader = PlanarReader(frame)
    packed = samples(frame, 0, np.uint8, 2 * WIDTH, HEIGHT)
    assert reader.pixels.name == "yuv422p"
    truth = [packed[:, luma::2], packed[:, blue::4], packed[:, red::4]]
    assert_same(reader.planes(frame), truth)


@pytest.mark.parametrize("tag", [0, 1, 2])
@pytest.mark.parametrize(
    ("pixels", "target", "order", "depth"),
    [
        ("rgb24", "gbrp", "rgb", 8),
        ("bgr24", "gbrp", "bgr", 8),
        ("rgba", "gbrap", "rgba", 8),
        ("bgra", "gbrap", "bgra", 8),
        ("argb", "gbrap", "argb", 8),
        ("bgr0", "gbrp", "bgr0", 8),
        ("rgb48le", "gbrp16le", "rgb", 16),
        ("rgb48be", "gbrp16le", "rgb", 16),
        ("rgba64le", "gbrap16le", "rgba", 16),
        ("rgba64be", "gbrap16le", "rgba", 16),
    ],
)
def test_packed_rgb_is_parted_exactly(
    pixels: str, target: str, order: str, depth: int, tag: int
) -> None:
    """Screen captures, animations and sequences of stills; a range tag changes no sample."""
    frame = footage.noise_picture(pixels, (WIDTH, HEIGHT), depth=depth)
    frame.color_range = tag
    reader = PlanarReader(frame)
    dtype = ">u2" if pixels.endswith("be") else "<u2" if depth == 16 else np.uint8
    packed = samples(frame, 0, dtype, len(order) * WIDTH, HEIGHT)
    channels = "gbra" if "a" in order else "gbr"
    assert reader.pixels.name == target
    truth = [packed[:, order.index(channel) :: len(order)] for channel in channels]
    assert_same(reader.planes(frame), truth)


def test_a_palette_becomes_its_colours_with_their_alpha() -> None:
    """8-bit PNG and old animations."""
    frame = footage.noise_picture("pal8", (WIDTH, HEIGHT))
    reader = PlanarReader(frame)
    palette = np.frombuffer(bytes(frame.planes[1]), np.uint8).reshape(256, 4)
    colours = palette[samples(frame, 0, np.uint8, WIDTH, HEIGHT)]
    assert reader.pixels.name == "gbrap"
    assert_same(reader.planes(frame), [colours[..., channel] for channel in (1, 0, 2, 3)])


@pytest.mark.parametrize("pixels", ["yuv420p10be", "yuv422p12be", "gbrp10be", "yuva444p16be"])
def test_big_endian_madebecome_native(pixels: str) -> None:
    """Their values stay."""
    native = pixel_format(pixels.replace("be", "le"))
    pattern = clips.pattern_planes(native, HEIGHT, WIDTH)
    frame = av.VideoFrame(WIDTH, HEIGHT, pixels)
    for plane, values in zip(frame.planes, pattern, strict=True):
        footage.memory(plane, ">u2")[: values.shape[0], : values.shape[1]] = values
    reader = PlanarReader(frame)
    assert reader.pixels == native
    assert_same(reader.planes(frame), list(pattern))


@pytest.mark.parametrize(
    ("pixels", "target", "depth"),
    [("gray", "yuv420p", 8), ("gray10le", "yuv420p10le", 10), ("gray16be", "yuv420p16le", 16)],
)
@pytest.mark.parametrize("tag", [0, 1, 2])
def test_gray_gets_neutral_chroma_and_keeps_its_luma(
    pixels: str, target: str, depth: int, tag: int
) -> None:
    """A coloured backdrop can show behind it; whatever its range, no luma sample moves."""
    frame = footage.noise_picture(pixels, (WIDTH, HEIGHT), depth=depth)
    frame.color_range = tag
    reader = PlanarReader(frame)
    dtype = np.uint8 if depth == 8 else ">u2" if pixels.endswith("be") else "<u2"
    luma, *chroma = reader.planes(frame)
    assert reader.pixels.name == target
    assert reader.is_gray
    np.testing.assert_array_equal(luma, samples(frame, 0, dtype, WIDTH, HEIGHT))
    for plane in chroma:
        assert plane.shape == (HEIGHT // 2, WIDTH // 2)
        assert np.all(plane == 1 << (depth - 1))


@pytest.mark.parametrize(("pixels", "depth"), [("ya8", 8), ("ya16le", 16), ("ya16be", 16)])
def test_gray_with_alpha_keeps_both(pixels: str, depth: int) -> None:
    """Matte PNGs."""
    frame = footage.noise_picture(pixels, (WIDTH, HEIGHT), depth=depth)
    reader = PlanarReader(frame)
    dtype = np.uint8 if depth == 8 else ">u2" if pixels.endswith("be") else "<u2"
    packed = samples(frame, 0, dtype, 2 * WIDTH, HEIGHT)
    luma, _, _, alpha = reader.planes(frame)
    assert reader.pixels.name == ("yuva420p" if depth == 8 else "yuva420p16le")
    np.testing.assert_array_equal(luma, packed[:, ::2])
    np.testing.assert_array_equal(alpha, packed[:, 1::2])


def test_black_and_white_becomes_black_and_white() -> None:
    """One bit per pixel: fax, and masks of old programs."""
    frame = footage.noise_picture("monob", (WIDTH, HEIGHT))
    bits = np.unpackbits(samples(frame, 0, np.uint8, -(-WIDTH // 8), HEIGHT), axis=1)
    luma = PlanarReader(frame).planes(frame)[0]
    np.testing.assert_array_equal(luma, bits[:, :WIDTH] * 255)


@pytest.mark.parametrize("pixels", sorted(names))
def test_every_layout_has_a_planar_one_or_says_that_it_has_none(pixels: str) -> None:
    """No layout of FFmpeg's crashes the reader or comes out in planes that do not fit."""
    try:
        frame = av.VideoFrame(32, 16, pixels)
        for plane in frame.planes:
            footage.memory(plane, np.uint8)[:] = 0
    except (ValueError, RuntimeError, MemoryError):
        return  # memory on a graphics card and the like: no decoder in use here gives that
    planes: tuple[Array, ...] = ()
    refusal = ""
    try:
        reader = PlanarReader(frame)
        planes = reader.planes(frame)
    except DecodeError as error:
        refusal = error.message
    if refusal:
        assert pixels in refusal
        return
    assert [plane.shape for plane in planes] == list(reader.pixels.plane_shapes(16, 32))
    assert all(plane.dtype == reader.pixels.dtype for plane in planes)


def test_a_picture_stored_upside_down_in_memory_is_copied_upright() -> None:
    """Some decoders and filters give negative line sizes, which torch does not take."""
    frame = footage.noise_picture("yuv420p", (WIDTH, HEIGHT))
    flipped = vertically_flipped(frame)
    assert flipped.planes[0].line_size < 0
    planes, stored = PlanarReader(flipped).planes(flipped), PlanarReader(frame).planes(frame)
    for plane, upside_down in zip(planes, stored, strict=True):
        np.testing.assert_array_equal(plane, upside_down[::-1])
        assert plane.strides[0] > 0


def vertically_flipped(frame: av.VideoFrame) -> av.VideoFrame:
    """The same memory, read from below."""
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width,
        height=frame.height,
        format=frame.format,
        time_base=Fraction(1, 25),
    )
    flip, sink = graph.add("vflip"), graph.add("buffersink")
    source.link_to(flip)
    flip.link_to(sink)
    graph.configure()
    source.push(frame)
    flipped = sink.pull()
    assert isinstance(flipped, av.VideoFrame)
    return flipped


@pytest.mark.parametrize(
    ("pixels", "level", "tag"), [("yuvj420p", 250, 0), ("yuv420p", 250, 2), ("yuv420p", 150, 1)]
)
def test_a_frame_of_another_size_or_layout_is_made_like_the_first(
    pixels: str, level: int, tag: int
) -> None:
    """Streams change on the way; what was promised stays. Range stays as it was promised too."""
    first = footage.noise_picture(pixels, (WIDTH, HEIGHT))
    other = av.VideoFrame(64, 48, pixels.replace("420", "444"))
    first.color_range = other.color_range = tag
    for plane, value in zip(other.planes, (level, 100, 140), strict=True):
        footage.memory(plane, np.uint8)[:] = value
    reader = PlanarReader(first)
    assert not reader.fits(other)
    planes = reader.planes(other)
    assert [plane.shape for plane in planes] == [p.shape for p in reader.planes(first)]
    for made, value in zip(planes, (level, 100, 140), strict=True):
        assert np.all(np.abs(made.astype(int) - value) <= 1)


@pytest.mark.parametrize("pixels", ["pal8", "nv12", "bgra", "gray", "ya8", "ya16be", "rgb48be"])
@pytest.mark.parametrize("other", ["yuv444p", "bgra", "gray"])
def test_any_layout_may_change_to_any_other(pixels: str, other: str) -> None:
    """Also where swscale reads the first layout and does not write it."""
    depth = 16 if "16" in pixels or "48" in pixels else 8
    reader = PlanarReader(footage.noise_picture(pixels, (WIDTH, HEIGHT), depth=depth))
    planes = reader.planes(footage.noise_picture(other, (64, 48)))
    assert [plane.shape for plane in planes] == list(reader.pixels.plane_shapes(HEIGHT, WIDTH))
    assert all(plane.dtype == reader.pixels.dtype for plane in planes)
