"""Laws of bringing the light on a subject to that of the backdrop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import torch

import clips
from mattebox.assemble import open_layer
from mattebox.colour import Colour, Planes, Range, planes_from_rgb, rgb_from_planes
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.matting.cells import coverage_of
from mattebox.matting.layers import Composite
from mattebox.matting.tone_match import MatchOptions, ToneMatcher
from mattebox.settings import resolve

Rgb = tuple[float, float, float]

SIZE = (256, 144)
FORMAT = clips.video_format("yuv420p", SIZE)
GRAY: Rgb = (0.5, 0.5, 0.5)
WHITE, BLACK, DIM = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (0.35, 0.35, 0.35)
SKIN: Rgb = (0.78, 0.58, 0.47)
ROOM: Rgb = (0.2, 0.6, 0.3)
FULLY = MatchOptions(brightness=1, colour=1, half_life_s=1)


class Flat:
    """A backdrop of one colour."""

    def __init__(self, rgb: Rgb) -> None:
        self._rgb = rgb

    def open(self, format: VideoFormat) -> None:
        """Nothing to get ready."""

    def render(self, matte: Matte) -> Planes:
        """New planes each time."""
        return flat(self._rgb, matte.frame.format)

    def close(self) -> None:
        """Nothing to release."""


def flat(rgb: Rgb, format: VideoFormat = FORMAT) -> Planes:
    picture = np.broadcast_to(np.array(rgb, np.float32), (format.height, format.width, 3))
    planes = planes_from_rgb(np.ascontiguousarray(picture), format.pixels, format.colour)
    return planes[: format.pixels.colour_planes]


def matte_of(
    subject: Rgb, format: VideoFormat = FORMAT, *, pts: int = 0, room: Rgb = ROOM
) -> Matte:
    """A subject of one colour in the middle third of a room."""
    third = format.width // 24 * 8
    picture = np.empty((format.height, format.width, 3), np.float32)
    picture[:] = room
    picture[:, third : 2 * third] = subject
    alpha = np.zeros((format.height, format.width), np.float32)
    alpha[:, third : 2 * third] = 1
    planes = planes_from_rgb(picture, format.pixels, format.colour)
    frame = Frame(planes, format, pts=pts)
    return Matte.covered(frame, torch.from_numpy(alpha), None, coverage_of(alpha))


def matched(subject: Rgb, backdrop: Rgb, options: MatchOptions) -> clips.Array:
    """The subject's mean colour over a backdrop; the backdrop has to stay what it is."""
    matte = matte_of(subject)
    layer = Composite(Flat(backdrop), None, options)
    layer.open(FORMAT)
    frame = layer.render(matte)
    layer.close()
    outside = matte.alpha.numpy() == 0
    np.testing.assert_array_equal(frame.planes[0][outside], flat(backdrop)[0][outside])
    rgb = rgb_from_planes(frame.planes, FORMAT.pixels, FORMAT.colour)
    return np.asarray(rgb[:, 120:136].mean((0, 1)))


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
@pytest.mark.parametrize(("subject", "backdrop"), [(GRAY, DIM), (DIM, GRAY), (SKIN, GRAY)])
def test_brightness_moves_by_the_asked_share(subject: Rgb, backdrop: Rgb, share: float) -> None:
    """In stops; a brighter one stops a little short, because white is to stay white."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    before, target = (float(np.array(each) @ weights) for each in (subject, backdrop))

    after = float(matched(subject, backdrop, MatchOptions(share, 0, 1)) @ weights)

    wanted = before * (target / before) ** share
    short = 0.05 if target > before else 0.006
    assert min(wanted, before) - 0.006 <= after <= max(wanted, before) + 0.006
    assert abs(after - wanted) < short
    assert abs(after - before) > 0.01


def test_brightness_is_bounded() -> None:
    """Before black nobody disappears, before white nobody burns out."""
    dark, light = (matched(GRAY, backdrop, FULLY)[1] for backdrop in (BLACK, WHITE))

    assert dark == pytest.approx(0.5 * 2 ** (-1.5 / 2.2), abs=0.01)
    assert 0.6 < light < 0.8


@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize(("backdrop", "sign"), [((0.58, 0.5, 0.44), 1), ((0.44, 0.5, 0.58), -1)])
def test_a_gray_takes_on_the_backdrops_tint(backdrop: Rgb, sign: int, share: float) -> None:
    """By the asked share, while its luma stays."""
    after = matched(GRAY, backdrop, MatchOptions(0, share, 1))

    wanted, got = (np.log2(rgb[0] / rgb[2]) for rgb in (backdrop, after))
    assert got * sign > 0
    assert got == pytest.approx(share * wanted, abs=0.07)  # steps of 8-bit chroma
    assert after @ np.array([0.2126, 0.7152, 0.0722]) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("backdrop", [(0, 0.69, 0.25), (0, 0, 0.5), (1, 0, 0), (1, 0.84, 0)])
def test_skin_stays_the_colour_of_skin(backdrop: Rgb) -> None:
    """Before any colour, even fully matched, it has a tenth more red than anything."""
    red, green, blue = matched(SKIN, backdrop, FULLY)

    assert red > 1.1 * max(green, blue)


def test_skin_before_a_gray_backdrop_is_not_made_gray() -> None:
    """Its colour is its own and not the light's."""
    after = matched(SKIN, GRAY, MatchOptions(0, 1, 1))

    assert np.abs(after - np.array(SKIN)).max() < 0.02


def followed(backdrops: Sequence[Planes], rate: int) -> list[float]:
    """By how many stops of green a gray subject is changed, frame by frame."""
    format = replace(FORMAT, time_base=Fraction(1, rate))
    matcher = ToneMatcher(FULLY)
    mattes = (matte_of(GRAY, format, pts=pts) for pts in range(len(backdrops)))
    tones = (matcher.tone(*each) for each in zip(mattes, backdrops, strict=True))
    return [0.0 if tone is None else tone.green for tone in tones]


def test_the_frame_rate_does_not_matter() -> None:
    """A change of the backdrop is followed by time, half of it in a half-life."""
    dark, light = flat(DIM), flat(GRAY)

    slow, fast = (followed([light, *[dark] * 2 * rate], rate) for rate in (5, 50))

    assert slow == pytest.approx(fast[::10], abs=1e-9)
    change = 2.2 * np.log2(0.35 / 0.5)
    for seconds in (1, 2):
        assert slow[5 * seconds] == pytest.approx(change * (1 - 0.5**seconds), abs=0.03)


def test_a_flickering_backdrop_does_not_make_the_subject_flicker() -> None:
    """From frame to frame, at 25 fps, the light moves by less than a tenth of a stop."""
    white, black = flat(WHITE), flat(BLACK)

    found = followed([white, black] * 25, 25)

    assert 0 < max(abs(after - before) for before, after in pairwise(found)) < 0.1


def test_a_cut_in_the_input_begins_anew() -> None:
    """Another scene has another light: it does not wait for the last one to fade."""
    behind, matcher = flat(GRAY), ToneMatcher(FULLY)
    before = matcher.tone(matte_of(DIM, pts=0), behind)

    other = matte_of((0.8, 0.8, 0.8), pts=40, room=(0.9, 0.8, 0.9))
    after = matcher.tone(other, behind)

    assert before is not None
    assert before.green > 0
    assert after == ToneMatcher(FULLY).tone(other, behind)


def test_time_that_runs_back_begins_anew() -> None:
    """Whoever seeks sees what whoever starts there sees."""
    light, dark, matcher = flat(GRAY), flat(DIM), ToneMatcher(FULLY)
    matcher.tone(matte_of(GRAY, pts=5000), light)

    again = matcher.tone(matte_of(GRAY, pts=0), dark)

    assert again == ToneMatcher(FULLY).tone(matte_of(GRAY, pts=0), dark)


def test_while_nobody_is_there_the_light_stays() -> None:
    """Who comes back is met by the light they left."""
    behind, matcher = flat(DIM), ToneMatcher(FULLY)
    here = matte_of(GRAY, pts=0)
    empty = torch.zeros_like(here.alpha)
    coverage = coverage_of(empty.numpy())

    assert matcher.tone(Matte.covered(here.frame, empty, None, coverage), behind) is None
    known = matcher.tone(here, behind)
    assert known is not None
    gone = Matte.covered(replace(here.frame, pts=40), empty, None, coverage)
    assert matcher.tone(gone, behind) == known


@pytest.mark.parametrize("pixels", ["yuv420p10le", "yuv444p12le", "gbrp"])
@pytest.mark.parametrize("limits", [Range.LIMITED, Range.FULL])
def test_depth_and_range_do_not_matter(pixels: str, limits: Range) -> None:
    """To a hundredth of a stop the same light is found."""
    backdrop: Rgb = (0.6, 0.5, 0.4)
    reference = ToneMatcher(FULLY).tone(matte_of(GRAY), flat(backdrop))
    format = clips.video_format(pixels, SIZE, colour=Colour(range=limits))

    found = ToneMatcher(FULLY).tone(matte_of(GRAY, format), flat(backdrop, format))

    assert reference is not None
    assert found is not None
    for name in ("red", "green", "blue"):
        assert getattr(found, name) == pytest.approx(getattr(reference, name), abs=0.03)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le", "yuv411p", "gbrp16le", "gray"])
@pytest.mark.parametrize("size", [(255, 143), (95, 63), (1, 1), (5, 3)])
def test_odd_sizes_and_all_layouts_are_matched(pixels: str, size: tuple[int, int]) -> None:
    """Whatever is opened is rendered."""
    format = clips.video_format(pixels, size)
    frame = clips.pattern_frame(format)
    layer = Composite(Flat(WHITE), None, FULLY)
    layer.open(format)

    picture = layer.render(Matte(frame, torch.ones(size[::-1])))

    assert float(picture.planes[0].mean()) > float(frame.planes[0].mean())


@pytest.mark.parametrize(
    ("source", "matches"), [("navy", True), ("blur", False), ("blur:9", False)]
)
def test_before_its_own_room_a_subject_keeps_its_light(source: str, matches: bool) -> None:
    """Blur is the same room."""
    dimmed = []
    for share in (0.0, 1.0):
        backdrop = {"source": source, "match_brightness": share}
        layer = open_layer(resolve({"backdrop": backdrop}), transparent=False)
        layer.open(FORMAT)
        dimmed.append(layer.render(matte_of(GRAY)).planes[0])
        layer.close()

    assert (dimmed[0] != dimmed[1]).any() == matches
