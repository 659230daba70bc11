"""Laws of the backdrop's light on the subject's edge."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

import clips
from mattebox.assemble import open_layer
from mattebox.colour import Colour, Planes, Range, planes_from_rgb, rgb_from_planes
from mattebox.frame import Frame, Matte
from mattebox.matting.composite import composite
from mattebox.matting.light_wrap import LightWrap, WrapOptions
from mattebox.settings import resolve

LAYOUTS = ["yuv420p", "yuv420p10le", "yuv422p", "yuv444p", "gbrp", "gray16le"]
SIZE = (160, 96)
HALF = WrapOptions(strength=0.5, reach_px=16)


def soft_disc(size: tuple[int, int] = SIZE) -> torch.Tensor:
    """A subject with a soft edge that leaves the frame at the bottom."""
    width, height = size
    rows, columns = np.mgrid[:height, :width]
    away = np.hypot(rows - height * 0.75, columns - width * 0.47)
    return torch.from_numpy(np.clip(min(size) * 0.5 - away, 0, 1).astype(np.float32))


def flat(level: float, frame: Frame) -> Planes:
    picture = np.full((frame.format.height, frame.format.width, 3), level, np.float32)
    return planes_from_rgb(picture, frame.format.pixels, frame.format.colour)


def both(
    matte: Matte, backdrop: Planes, options: WrapOptions = HALF
) -> tuple[tuple[clips.Array, ...], tuple[clips.Array, ...]]:
    """The composite's planes without the wrap and with it."""
    wrap = LightWrap(options, matte.frame.format)
    plain, wrapped = (composite(matte, backdrop, None, None, each) for each in (None, wrap))
    return plain.planes, wrapped.planes


@pytest.mark.parametrize("reach_px", [6, 9, 16, 24, 40])
@pytest.mark.parametrize("size", [SIZE, (159, 95)])
@pytest.mark.parametrize("pixels", LAYOUTS)
def test_light_reaches_no_farther_than_it_may(
    pixels: str, size: tuple[int, int], reach_px: int
) -> None:
    """Beyond the reach of what is not subject, and where nothing is subject, no bit changes."""
    frame = clips.pattern_frame(clips.video_format(pixels, size))
    alpha = soft_disc(size)

    plain, wrapped = both(Matte(frame, alpha), flat(0.8, frame), WrapOptions(1, reach_px))

    side = 2 * reach_px + 1
    outside = (alpha.numpy() < 1).astype(np.uint8)
    reached = cv2.dilate(outside, np.ones((side, side), np.uint8)) > 0
    allowed = reached & (alpha.numpy() > 0)
    for index, (before, after) in enumerate(zip(plain, wrapped, strict=True)):
        rows, columns = frame.format.pixels.steps(index)
        changed = (before != after).repeat(rows, 0).repeat(columns, 1)[: size[1], : size[0]]
        # A sample of chroma belongs to several pixels, of which some may be allowed.
        some = np.ones((2 * rows - 1, 2 * columns - 1), np.uint8)
        assert changed.any()
        assert not (changed & (cv2.dilate(allowed.astype(np.uint8), some) == 0)).any()


def test_it_falls_from_the_edge_inwards() -> None:
    """Strongest where the backdrop begins, and gone at the reach."""
    frame = clips.pattern_frame(clips.video_format("gray", (160, 32)))
    alpha = torch.zeros(32, 160)
    alpha[:, 64:] = 1
    gray = Frame((np.full((32, 160), 100, np.uint8),), frame.format, pts=0)

    plain, wrapped = both(Matte(gray, alpha), flat(1, gray), WrapOptions(0.5, 24))

    added = wrapped[0][16].astype(int) - plain[0][16]
    assert (added[:64] == 0).all()
    assert added[64] == pytest.approx(0.5 * 155, abs=16)
    assert (np.diff(added[64:]) <= 0).all()
    assert added[64 + 8] > 0
    assert (added[64 + 24 :] == 0).all()


@pytest.mark.parametrize("pixels", LAYOUTS)
def test_black_gives_no_light(pixels: str) -> None:
    """A dark backdrop darkens nobody."""
    frame = clips.pattern_frame(clips.video_format(pixels, SIZE))

    plain, wrapped = both(Matte(frame, soft_disc()), flat(0, frame))

    for before, after in zip(plain, wrapped, strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("transfer", [1, 16, 18])
def test_it_only_brightens(transfer: int) -> None:
    """Whatever the backdrop: luma never falls, and is never above white because of it."""
    colour = Colour(matrix=9, primaries=9, transfer=transfer, range=Range.LIMITED)
    frame = clips.pattern_frame(clips.video_format("yuv420p10le", SIZE, colour=colour))
    backdrop = clips.pattern_frame(frame.format, 3).planes

    plain, wrapped = both(Matte(frame, soft_disc()), backdrop, WrapOptions(1, 16))

    assert (wrapped[0] >= plain[0]).all()
    assert (wrapped[0] > plain[0]).any()
    assert wrapped[0].max() <= max(plain[0].max(), 940)


def test_all_subject_has_no_edge() -> None:
    """The frame's own edge is none."""
    frame = clips.pattern_frame(clips.video_format("yuv420p", SIZE))

    _, wrapped = both(Matte(frame, torch.ones(SIZE[::-1])), flat(1, frame))

    for plane, kept in zip(wrapped, frame.planes, strict=True):
        np.testing.assert_array_equal(plane, kept)


@pytest.mark.parametrize("limits", [Range.LIMITED, Range.FULL])
@pytest.mark.parametrize("pixels", ["yuv444p", "yuv444p10le", "gbrp"])
def test_depth_range_and_layout_do_not_matter(pixels: str, limits: Range) -> None:
    """The same light on the same picture; tints mix in YUV nearly as they do in RGB."""
    width, height = SIZE
    ramp = np.linspace(0.1, 0.7, width, dtype=np.float32)[None, :, None]
    subject = np.broadcast_to(ramp * np.array([1, 0.8, 0.7], np.float32), (height, width, 3))
    behind = np.broadcast_to(np.array([0.9, 0.6, 0.4], np.float32), (height, width, 3))

    def wrapped(pixels: str, limits: Range) -> clips.Array:
        format = clips.video_format(pixels, SIZE, colour=Colour(range=limits))
        planes, backdrop = (
            planes_from_rgb(np.ascontiguousarray(each), format.pixels, format.colour)
            for each in (subject, behind)
        )
        result = both(Matte(Frame(planes, format, pts=0), soft_disc()), backdrop)[1]
        return rgb_from_planes(result, format.pixels, format.colour)

    reference = wrapped("yuv444p16le", Range.FULL)
    assert np.abs(wrapped(pixels, limits) - reference).max() < 0.03


def test_another_backdrop_gives_another_light() -> None:
    """What was worked out for one is not taken for the next."""
    frame = clips.pattern_frame(clips.video_format("yuv420p", SIZE))
    matte, wrap = Matte(frame, soft_disc()), LightWrap(HALF, frame.format)
    dark, light = flat(0.2, frame), flat(1, frame)

    alone = composite(matte, light, None, None, LightWrap(HALF, frame.format))
    composite(matte, dark, None, None, wrap)
    after = composite(matte, light, None, None, wrap)

    for got, wanted in zip(after.planes, alone.planes, strict=True):
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("pixels", [*LAYOUTS, "yuv411p", "yuv410p"])
@pytest.mark.parametrize("size", [(1, 1), (5, 3), (33, 70)])
def test_small_and_odd_frames_are_wrapped(pixels: str, size: tuple[int, int]) -> None:
    """Also where all of the frame is in reach."""
    frame = clips.pattern_frame(clips.video_format(pixels, size))
    alpha = torch.full(size[::-1], 0.5)

    plain, wrapped = both(Matte(frame, alpha), flat(1, frame))

    assert int(wrapped[0].astype(int).sum()) > int(plain[0].astype(int).sum())


@pytest.mark.parametrize("changes", [{}, {"light_wrap_px": 30, "match_half_life_s": 2}])
def test_what_is_off_changes_no_bit(changes: dict[str, float]) -> None:
    """Neither by default nor by an option that only says how."""
    frame = clips.pattern_frame(clips.video_format("yuv420p", SIZE))
    matte = Matte(frame, soft_disc())
    settings = resolve(
        {"backdrop": {"source": "white", **changes}, "foreground": {"estimate": False}}
    )
    layer = open_layer(settings, transparent=False)
    layer.open(frame.format)

    got = layer.render(matte)
    layer.close()

    for plane, wanted in zip(got.planes, composite(matte, flat(1, frame)).planes, strict=True):
        np.testing.assert_array_equal(plane, wanted)


def test_the_settings_reach_the_edge() -> None:
    """backdrop.light_wrap and backdrop.light_wrap_px are what they say."""
    frame = clips.pattern_frame(clips.video_format("yuv420p", SIZE))
    matte = Matte(frame, soft_disc())
    backdrop = {"source": "white", "light_wrap": 0.5, "light_wrap_px": 16}
    settings = resolve({"backdrop": backdrop, "foreground": {"estimate": False}})
    layer = open_layer(settings, transparent=False)
    layer.open(frame.format)

    got = layer.render(matte)
    layer.close()

    for plane, wanted in zip(got.planes, both(matte, flat(1, frame))[1], strict=True):
        np.testing.assert_array_equal(plane, wanted)
