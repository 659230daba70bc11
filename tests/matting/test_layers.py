"""Laws of the pictures that are made of a matte."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import clips
from mattebox.colour import Colour, Planes, Range
from mattebox.errors import FrameError
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.matting.composite import composite
from mattebox.matting.foreground import ForegroundOptions, black_samples
from mattebox.matting.layers import AlphaMatte, Composite, Cutout, Foreground, Saliency
from mattebox.ports import Layer

OPTIONS = ForegroundOptions(radius_px=8)


class Pattern:
    """A backdrop that keeps a record of its life."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def open(self, format: VideoFormat) -> None:
        """Note it."""
        self.calls.append("open")

    def render(self, matte: Matte) -> Planes:
        """The pattern, number 7."""
        self.calls.append("render")
        return clips.pattern_frame(matte.frame.format, 7).colour_planes

    def close(self) -> None:
        """Note it."""
        self.calls.append("close")


def matte_of(
    pixels: str, size: tuple[int, int] = (96, 64), *, colour: Colour | None = None
) -> Matte:
    """A frame whose alpha rises from 0 at the left to 1 at the right, with both ends flat."""
    frame = clips.pattern_frame(clips.video_format(pixels, size, colour=colour), 3)
    width, height = size
    ramp = np.clip(np.linspace(-0.5, 1.5, width, dtype=np.float32), 0, 1)
    return Matte(frame, torch.from_numpy(np.repeat(ramp[None], height, axis=0)))


def every_layer() -> list[Layer]:
    return [
        Composite(Pattern(), None),
        Composite(Pattern(), OPTIONS),
        Cutout(None),
        Cutout(OPTIONS),
        Foreground(OPTIONS),
        Saliency(heat=False),
        Saliency(heat=True),
        AlphaMatte(),
    ]


@pytest.mark.parametrize("size", [(96, 64), (95, 63), (1, 1)])
@pytest.mark.parametrize(
    "pixels", ["yuv420p", "yuv420p10le", "yuv420p12le", "yuv411p", "yuva444p", "gbrp", "gray"]
)
@pytest.mark.parametrize("index", range(len(every_layer())))
def test_what_is_rendered_is_what_was_promised(
    index: int, pixels: str, size: tuple[int, int]
) -> None:
    """``open`` says the format before the first picture, and time is carried."""
    matte, layer = matte_of(pixels, size), every_layer()[index]

    promised = layer.open(matte.frame.format)
    picture = layer.render(matte)
    layer.close()

    assert picture.format == promised
    assert (promised.width, promised.height) == size
    assert promised.time_base == matte.frame.format.time_base
    frame = matte.frame
    assert (picture.pts, picture.duration, picture.arrived_at) == (
        frame.pts,
        frame.duration,
        frame.arrived_at,
    )


def test_the_composite_lays_the_frame_over_the_backdrop() -> None:
    """With no estimate it is plainly ``composite``; the backdrop lives as long as the layer."""
    matte, backdrop = matte_of("yuv420p"), Pattern()
    layer = Composite(backdrop, None)

    layer.open(matte.frame.format)
    picture = layer.render(matte)
    layer.close()

    wanted = composite(matte, clips.pattern_frame(matte.frame.format, 7).planes)
    for plane, expected in zip(picture.planes, wanted.planes, strict=True):
        np.testing.assert_array_equal(plane, expected)
    assert backdrop.calls == ["open", "render", "close"]


def test_an_estimate_changes_only_the_soft_edge_of_the_composite() -> None:
    """Where alpha is 0 the backdrop is exact, and where it is 1 the frame is."""
    matte = matte_of("yuv420p")

    plain, clean = (Composite(Pattern(), o).render(matte) for o in (None, OPTIONS))

    luma = [picture.planes[0] for picture in (plain, clean)]
    certain = (matte.alpha.numpy() == 0) | (matte.alpha.numpy() == 1)
    np.testing.assert_array_equal(luma[0][certain], luma[1][certain])
    assert (luma[0][~certain] != luma[1][~certain]).any()


@pytest.mark.parametrize(
    ("pixels", "cut_out"),
    [
        ("yuv420p", "yuva420p"),
        ("yuv420p10le", "yuva420p10le"),
        ("yuva422p", "yuva422p"),
        ("gbrp16le", "gbrap16le"),
        ("yuv420p12le", "yuva444p12le"),
        ("yuv440p", "yuva444p"),
        ("yuv411p", "yuva444p"),
        ("yuv410p", "yuva444p"),
        ("gray", "yuva444p"),
        ("gray10le", "yuva444p10le"),
    ],
)
def test_a_cut_out_has_alpha_in_the_nearest_layout(pixels: str, cut_out: str) -> None:
    """The frame's own layout if it has one with alpha, else its chroma repeated to 4:4:4."""
    matte = matte_of(pixels)

    picture = Cutout(None).render(matte)

    assert picture.format.pixels.name == cut_out
    alpha = picture.planes[-1]
    peak = picture.format.pixels.peak
    assert (alpha[:, 0] == 0).all()
    assert (alpha[:, -1] == peak).all()
    np.testing.assert_allclose(alpha / peak, matte.alpha.numpy(), atol=0.5 / peak + 1e-6)
    # Luma at least is the same sample for sample where it is opaque.
    np.testing.assert_array_equal(picture.planes[0][:, -8:], matte.frame.planes[0][:, -8:])


def test_a_layout_with_no_relative_that_has_alpha_is_refused_with_advice() -> None:
    """Fourteen bits would have to lose or gain some."""
    with pytest.raises(FrameError, match="yuv420p14le") as caught:
        Cutout(None).open(clips.video_format("yuv420p14le"))
    assert caught.value.advice


def test_a_gray_cut_out_keeps_meaning_full_range() -> None:
    """Untagged gray is full range and untagged YUV is not: the tag has to say so."""
    assert Cutout(None).open(clips.video_format("gray")).is_full_range
    limited = clips.video_format("gray", colour=Colour(range=Range.LIMITED))
    assert not Cutout(None).open(limited).is_full_range


def test_repeated_chroma_stays_with_its_luma() -> None:
    """4:1:1 at a width that is no multiple of four: each sample serves its own four columns."""
    matte = matte_of("yuv411p", (10, 2))
    opaque = Matte(matte.frame, torch.ones(2, 10))

    chroma = Cutout(None).render(opaque).planes[1]

    columns = np.arange(10) // 4
    np.testing.assert_array_equal(chroma, matte.frame.planes[1][:, columns])


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv444p", "gbrp", "gray"])
@pytest.mark.parametrize("estimate", [None, OPTIONS])
def test_nothing_of_the_room_hides_under_alpha_zero(
    pixels: str, estimate: ForegroundOptions | None
) -> None:
    """A viewer that ignores alpha must not show the room."""
    matte = matte_of(pixels)
    other_room = [plane.copy() for plane in matte.frame.planes]
    for plane in other_room:
        # Two chroma samples wide: it stays off the soft edge, where the room is mixed in.
        plane[:, : plane.shape[1] // 16] ^= 1
    changed = Matte(Frame(tuple(other_room), matte.frame.format, pts=0), matte.alpha)

    first, second = (Cutout(estimate).render(m) for m in (matte, changed))

    for plane, other in zip(first.planes, second.planes, strict=True):
        np.testing.assert_array_equal(plane[:, :2], other[:, :2])
    if estimate is None:
        for plane, black in zip(first.planes, black_samples(first.format), strict=False):
            assert (plane[:, :2] == black).all()


def test_what_is_too_faint_for_the_alpha_plane_is_no_longer_there() -> None:
    """An alpha that rounds to 0 hides its colour like one that is 0."""
    frame = clips.pattern_frame(clips.video_format("yuv444p"))
    faint = Matte(frame, torch.full((64, 96), 0.001))

    picture = Cutout(None).render(faint)

    assert [int(plane.max()) for plane in picture.planes] == [16, 128, 128, 0]


def test_the_matte_file_holds_alpha_to_the_nearest_step() -> None:
    """0 is 0, 1 is 255, in full-range gray whatever the frame was."""
    matte = matte_of("yuv420p10le")

    picture = AlphaMatte().render(matte)

    assert picture.format.pixels.name == "gray"
    assert picture.format.colour == Colour(range=Range.FULL)
    np.testing.assert_array_equal(picture.planes[0], np.rint(matte.alpha.numpy() * 255))


def test_saliency_is_the_networks_map_at_the_frames_size() -> None:
    """Not the refined alpha; without a network there is only alpha to show."""
    matte = matte_of("yuv420p")
    half = torch.cat((torch.ones(32, 16), torch.zeros(32, 16)), dim=1)
    seen = Matte(matte.frame, matte.alpha, saliency=half)

    with_map, without = (Saliency(heat=False).render(m).planes[0] for m in (seen, matte))

    assert (with_map[:, :45] == 255).all()
    assert (with_map[:, 51:] == 0).all()
    np.testing.assert_array_equal(without, np.rint(matte.alpha.numpy() * 255))


def test_heat_runs_from_blue_to_red() -> None:
    """The planes of a heat map are green, blue and red, in FFmpeg's order."""
    picture = Saliency(heat=True).render(matte_of("yuv420p"))

    green, blue, red = (plane.astype(int) for plane in picture.planes)
    columns = slice(33, 36)
    assert (blue[:, columns] > red[:, columns]).all()
    assert (red[:, -1] > blue[:, -1]).all()
    assert (green[:, 48] > 200).all()
