"""Laws of mattes without a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest
import torch

import clips
from mattebox.colour import Colour, Range, planes_from_rgb, rgb_from_planes
from mattebox.errors import FrameError, SettingsError
from mattebox.frame import Frame, Matte
from mattebox.matting.keying import (
    ChromaKey,
    ChromaKeyOptions,
    Key,
    LuminanceThreshold,
    ThresholdOptions,
    keying,
)
from mattebox.matting.threshold import otsu_level

GREEN, BLUE = (0, 177, 64), (0, 71, 187)
KEY = ChromaKeyOptions(colour=None, tolerance=0.1, softness=0.8, despill=1.0)
THRESHOLD = ThresholdOptions(
    method="otsu", level=0.5, window=0.15, foreground="auto", softness=0.15
)
LAYOUTS = ["yuv420p", "yuv420p10le", "yuv422p", "yuv444p12le", "gbrp", "gbrp16le"]


def picture(rgb: clips.Array, pixels: str, colour: Colour | None = None, pts: int = 0) -> Frame:
    format = clips.video_format(pixels, (rgb.shape[1], rgb.shape[0]), colour=colour)
    planes = planes_from_rgb(rgb.astype(np.float32), format.pixels, format.colour)
    return Frame(planes, format, pts)


def cut(key: Key, frame: Frame) -> Matte:
    """The matte, which has to be known at once."""
    matte = key.cut(frame)
    assert matte is not None
    return matte


def rgb_of(frame: Frame) -> clips.Array:
    return rgb_from_planes(frame.planes, frame.format.pixels, frame.format.colour)


def person(height: int, width: int) -> clips.Array:
    """An alpha: a head on shoulders with an edge a few pixels soft."""
    shape = np.zeros((height, width), np.float32)
    cv2.circle(shape, (width // 2, height * 2 // 5), height // 5, 1.0, -1)
    cv2.ellipse(shape, (width // 2, height), (width // 4, height // 3), 0, 0, 360, 1.0, -1)
    return np.asarray(cv2.GaussianBlur(shape, (0, 0), 2.0), np.float32)


def subject(height: int, width: int) -> clips.Array:
    """Skin above, a gray jacket below."""
    rgb = np.empty((height, width, 3))
    rgb[: height * 3 // 5], rgb[height * 3 // 5 :] = (0.88, 0.67, 0.55), (0.35, 0.36, 0.38)
    return rgb


def screen(height: int, width: int, colour: tuple[int, int, int]) -> clips.Array:
    """A screen that falls off to the right and carries the shadow of the person."""
    light = np.linspace(1.1, 0.7, width)[None] * np.ones((height, 1))
    shadow = np.roll(person(height, width), 25, axis=1)
    light = light * (1 - 0.4 * cv2.GaussianBlur(shadow, (0, 0), 6.0))
    return np.asarray(light[..., None] * np.array(colour) / 255)


def studio(
    colour: tuple[int, int, int] = GREEN, spill: float = 0.1, size: tuple[int, int] = (320, 240)
) -> tuple[clips.Array, clips.Array]:
    """A noisy picture of a person before a screen, and the true alpha."""
    width, height = size
    alpha = person(height, width)
    own = subject(height, width)
    near = cv2.GaussianBlur(1 - alpha, (0, 0), 8.0)[..., None] * spill
    own = own * (1 - near) + near * np.array(colour) / 255
    rgb = alpha[..., None] * own + (1 - alpha[..., None]) * screen(height, width, colour)
    noise = np.random.default_rng(5).normal(0, 0.01, rgb.shape)
    return np.clip(rgb + noise, 0, 1), alpha


@pytest.mark.parametrize("colour", [GREEN, BLUE])
@pytest.mark.parametrize("pixels", LAYOUTS)
def test_a_person_is_cut_from_a_screen_with_shadows_spill_and_noise(
    pixels: str, colour: tuple[int, int, int]
) -> None:
    """Whatever the layout, the depth and the screen; the screen finds itself on the border."""
    rgb, truth = studio(colour)

    alpha = cut(ChromaKey(KEY), picture(rgb, pixels)).alpha.numpy()

    # Measured: 0.006 to 0.007, nearly all of it in the soft edge.
    assert np.abs(alpha - truth).mean() < 0.01
    assert alpha[truth == 0].mean() < 0.005
    assert alpha[truth == 1].mean() > 0.99


def test_a_colour_that_was_told_is_used() -> None:
    """A screen of any saturated colour will do, also one that is not looked for."""
    magenta = (200, 30, 160)
    rgb, truth = studio(magenta)

    alpha = cut(ChromaKey(replace(KEY, colour=magenta)), picture(rgb, "yuv420p")).alpha.numpy()

    assert np.abs(alpha - truth).mean() < 0.01


@pytest.mark.parametrize("range_", [Range.LIMITED, Range.FULL])
def test_the_range_of_the_samples_does_not_show_in_the_matte(range_: Range) -> None:
    """Limited and full range are two ways to write one picture."""
    rgb, truth = studio()

    alpha = cut(ChromaKey(KEY), picture(rgb, "yuv420p", Colour(range=range_))).alpha.numpy()

    assert np.abs(alpha - truth).mean() < 0.01


def test_despill_leaves_no_green_on_the_person() -> None:
    """The screen's light is taken out of the edge and of the skin that it shone on."""
    rgb, truth = studio(spill=0.2)
    frame = picture(rgb, "yuv444p")

    raw, clean = (cut(ChromaKey(replace(KEY, despill=strength)), frame) for strength in (0.0, 1.0))

    seen = (truth > 0.3) & (np.indices(truth.shape)[0] > 150)
    green = [
        (colours[..., 1] - np.maximum(colours[..., 0], colours[..., 2]))[seen]
        for colours in (rgb_of(raw.frame), rgb_of(clean.frame))
    ]
    # Of the gray jacket 9 % is green by more than noise makes it before, and nothing after.
    assert (green[0] > 0.05).mean() > 0.05
    assert (green[1] > 0.05).mean() < 0.005
    assert raw.frame is frame


def test_what_shows_no_screen_keeps_its_colour() -> None:
    """Despill is no filter over the whole picture: skin stays skin, sample for sample."""
    rgb, truth = studio(spill=0.0)
    frame = picture(rgb, "yuv444p")

    planes = cut(ChromaKey(KEY), frame).frame.planes

    skin = (truth == 1) & (np.indices(truth.shape)[0] < 120)
    for plane, before in zip(planes, frame.planes, strict=True):
        np.testing.assert_array_equal(plane[skin], before[skin])


def test_tolerance_and_softness_place_the_ramp() -> None:
    """Alpha is 0 up to the tolerance and 1 from tolerance + softness on."""
    share = np.linspace(0, 1, 101)
    gray, green = np.array((0.4, 0.4, 0.4)), np.array(GREEN) / 255
    rgb = np.ones((200, 101, 3)) * green
    rgb[96:104] = share[:, None] * gray + (1 - share[:, None]) * green
    options = ChromaKeyOptions(colour=GREEN, tolerance=0.3, softness=0.4, despill=0.0)

    alpha = cut(ChromaKey(options), picture(rgb, "gbrp16le")).alpha[100].numpy()

    # A band of eight rows draws the plate of its own cells, 16 pixels high, a little towards gray.
    assert np.abs(alpha - np.clip((share - 0.3) / 0.4, 0, 1)).max() < 0.15
    hard = cut(ChromaKey(replace(options, softness=0.0)), picture(rgb, "gbrp")).alpha
    assert set(np.unique(hard.numpy())) == {0.0, 1.0}


def test_a_veil_is_no_shadow() -> None:
    """What takes the screen's colour away and not its light is before the screen, however wide."""
    green = np.array(GREEN) / 255
    rgb = np.ones((240, 320, 3)) * green
    rgb[60:180, 80:240] = 0.5 * green + 0.5 * 0.9
    rgb[60:180, 250:] = 0.5 * green

    alpha = cut(ChromaKey(replace(KEY, tolerance=0.0, softness=1.0)), picture(rgb, "yuv420p")).alpha

    assert alpha[70:170, 90:230].mean() == pytest.approx(0.5, abs=0.05)
    # A hard shadow's own edge is finer than the plate.
    assert alpha[90:150, 285:].max() < 0.05


def test_a_screen_once_found_is_kept() -> None:
    """Somebody who walks along the border in a blue shirt does not become the screen."""
    rgb, _ = studio()
    key = ChromaKey(KEY)
    key.cut(picture(rgb, "yuv420p"))
    rgb[:, :90] = np.array(BLUE) / 255
    rgb[:20] = np.array(BLUE) / 255

    alpha = cut(key, picture(rgb, "yuv420p")).alpha

    assert (alpha[:18] == 1).all()


def test_frames_before_the_first_screen_wait_for_it() -> None:
    """A camera that starts dark: nothing is shown before it is known what the screen is."""
    dark = picture(np.zeros((48, 64, 3)), "yuv420p", pts=0)
    rgb, _ = studio(size=(64, 48))
    light = [picture(rgb, "yuv420p", pts=pts) for pts in (1, 2)]

    mattes = list(keying(iter([[dark, light[0]], [light[1]]]), ChromaKey(KEY)))

    assert [matte.frame.pts for matte in mattes] == [0, 1, 2]
    assert (mattes[0].alpha > 0.9).all()  # black is no green: all of it is foreground


def test_where_no_screen_is_found_nothing_is_shown_and_it_is_said() -> None:
    """Fail closed: a room with no screen is an error, and no frame of it is let through."""
    room = picture(np.full((48, 64, 3), 0.5), "yuv420p")
    key = ChromaKey(KEY)

    assert key.cut(room) is None
    with pytest.raises(SettingsError, match="no green or blue screen") as caught:
        list(keying(iter([[room] * 100]), key))
    assert "chroma.colour" in caught.value.advice


def test_gray_is_no_colour_to_key() -> None:
    """Neither a gray picture nor a gray key can tell a screen from a subject."""
    with pytest.raises(FrameError, match="no colour"):
        cut(ChromaKey(KEY), picture(np.full((48, 64, 3), 0.5), "gray"))
    with pytest.raises(SettingsError, match="too close to gray"):
        cut(
            ChromaKey(replace(KEY, colour=(120, 125, 120))),
            picture(np.full((48, 64, 3), 0.5), "yuv420p"),
        )


@pytest.mark.parametrize("size", [(97, 63), (2, 2), (1, 1)])
@pytest.mark.parametrize("pixels", ["yuv420p", "yuv410p", "yuva420p", "gbrap"])
def test_odd_sizes_and_frames_with_alpha_are_keyed(pixels: str, size: tuple[int, int]) -> None:
    """The matte has the frame's size, and an alpha plane of the frame's own stays in place."""
    frame = picture(np.ones((size[1], size[0], 3)) * np.array(GREEN) / 255, pixels)

    matte = cut(ChromaKey(KEY), frame)

    assert (matte.alpha == 0).all()
    assert matte.frame.format == frame.format
    if frame.format.pixels.has_alpha:
        np.testing.assert_array_equal(matte.frame.planes[-1], frame.planes[-1])


def test_a_real_head_before_a_drawn_screen_is_cut_out(shared: Path) -> None:
    """The same with the alpha of real hair."""
    reader = cv2.VideoCapture(str(shared / "truth" / "head-hair.alpha.mkv"))
    truth = (reader.read()[1][..., 0] / 255).astype(np.float32)
    reader.release()
    height, width = truth.shape
    own = np.ones((height, width, 3)) * (0.3, 0.2, 0.15)
    rgb = truth[..., None] * own + (1 - truth[..., None]) * screen(height, width, GREEN)

    alpha = cut(ChromaKey(KEY), picture(rgb, "yuv420p")).alpha.numpy()

    # Measured: 0.007. Part of it is the ramp itself, which rounds the ends of soft edges away.
    assert np.abs(alpha - truth).mean() < 0.012


def table(
    lights: Literal["even", "uneven"], thing: Literal["dark", "light"]
) -> tuple[clips.Array, clips.Array]:
    """A thing on a sheet of paper, and its true alpha; ``light`` is the negative."""
    height, width = 240, 320
    truth = np.zeros((height, width), np.float32)
    cv2.ellipse(truth, (170, 120), (70, 50), 20, 0, 360, 1.0, -1)
    cv2.rectangle(truth, (30, 60), (55, 150), 1.0, -1)
    truth = np.asarray(cv2.GaussianBlur(truth, (0, 0), 1.2), np.float32)
    rows, columns = np.indices(truth.shape)
    fall = 0.6 if lights == "uneven" else 0.0
    paper = 0.95 - fall * np.hypot(columns - 30, rows - 30) / width
    luma = truth * 0.3 * paper + (1 - truth) * paper
    luma += np.random.default_rng(6).normal(0, 0.01, luma.shape)
    luma = luma if thing == "dark" else 1 - luma
    return np.repeat(np.clip(luma, 0, 1)[..., None], 3, axis=2), truth


@pytest.mark.parametrize("method", ["otsu", "adaptive", "fixed"])
@pytest.mark.parametrize("thing", ["dark", "light"])
@pytest.mark.parametrize("pixels", [*LAYOUTS, "gray", "gray16le"])
def test_a_thing_is_cut_from_even_paper(
    pixels: str, thing: Literal["dark", "light"], method: Literal["otsu", "adaptive", "fixed"]
) -> None:
    """Dark on light or light on dark is read off the border."""
    rgb, truth = table("even", thing)
    level = 0.6 if thing == "dark" else 0.4
    options = replace(THRESHOLD, method=method, level=level)

    alpha = LuminanceThreshold(options).cut(picture(rgb, pixels)).alpha.numpy()

    # Measured: 0.007, all of it in the soft edge, where the ramp is steeper than the blur.
    assert np.abs(alpha - truth).mean() < 0.01


@pytest.mark.parametrize("thing", ["dark", "light"])
def test_uneven_light_needs_the_adaptive_method(thing: Literal["dark", "light"]) -> None:
    """One level cannot part a dark corner of the paper from the thing; one per place can."""
    frame, truth = picture((scene := table("uneven", thing))[0], "yuv420p"), scene[1]

    errors = {
        method: np.abs(
            LuminanceThreshold(replace(THRESHOLD, method=method)).cut(frame).alpha.numpy() - truth
        ).mean()
        for method in ("otsu", "adaptive")
    }

    assert errors["otsu"] > 0.05
    assert errors["adaptive"] < 0.01


def test_a_shadow_on_the_paper_is_no_thing() -> None:
    """The ground is followed in windows, not only from edge to edge."""
    rgb, truth = table("even", "dark")
    rows, columns = np.indices(truth.shape)
    shadow = np.exp(-((columns - 270) ** 2 + (rows - 40) ** 2) / 2 / 30**2)
    frame = picture(rgb * (1 - 0.25 * shadow[..., None]), "gray16le")
    options = replace(THRESHOLD, method="adaptive", softness=0.5)

    alpha = LuminanceThreshold(options).cut(frame).alpha.numpy()

    # Measured: 0.00; with the smooth surface alone it is 0.15.
    assert alpha[20:60, 250:290].mean() < 0.06
    assert (alpha > 0.5)[truth > 0.9].mean() > 0.99


def test_an_empty_sheet_stays_empty_when_adaptive() -> None:
    """Paper grain and noise are no things."""
    rgb = np.linspace(0.5, 0.9, 320)[None, :, None] * np.ones((240, 1, 3))
    rgb = rgb + np.random.default_rng(7).normal(0, 0.01, rgb.shape)
    options = replace(THRESHOLD, method="adaptive", softness=0.02)

    assert LuminanceThreshold(options).cut(picture(rgb, "yuv420p")).alpha.max() == 0


def test_the_told_side_is_the_foreground() -> None:
    """``light`` and ``dark`` overrule the border."""
    rgb, truth = table("even", "dark")

    dark, light = (
        LuminanceThreshold(replace(THRESHOLD, foreground=side)).cut(picture(rgb, "gray")).alpha
        for side in ("dark", "light")
    )

    assert np.abs(dark.numpy() - truth).mean() < 0.01
    assert (dark + light - 1).abs().max() < 1e-5


def test_otsus_level_lies_between_the_classes() -> None:
    """Also where nothing lies between them, and where there is only one."""
    values = np.concatenate([np.full(300, 0.2), np.full(700, 0.8)]).astype(np.float32)[None]

    assert otsu_level(values) == pytest.approx(0.5, abs=1e-6)
    assert otsu_level(np.full((4, 4), 0.3, np.float32)) == pytest.approx(0.3)


def test_a_level_does_not_tremble_but_follows_a_switched_light() -> None:
    """Small changes are eased over time, large ones are taken at once."""
    rgb, truth = table("even", "dark")
    key = LuminanceThreshold(replace(THRESHOLD, softness=0.5))
    first = key.cut(picture(rgb, "gray16le", pts=0)).alpha

    # Two per cent less light for one frame of 40 ms: the edge moves by less than by itself.
    flicker = picture(rgb * 0.98, "gray16le", pts=40)
    eased = (key.cut(flicker).alpha - first).abs().mean()
    alone = LuminanceThreshold(replace(THRESHOLD, softness=0.5)).cut(flicker).alpha
    frame_of_its_own = (alone - first).abs().mean()
    assert eased != frame_of_its_own

    dimmed = key.cut(picture(rgb * 0.5, "gray16le", pts=80)).alpha.numpy()
    fresh = LuminanceThreshold(replace(THRESHOLD, softness=0.5)).cut(picture(rgb * 0.5, "gray16le"))
    np.testing.assert_allclose(dimmed, fresh.alpha.numpy(), atol=1e-5)
    assert np.abs((dimmed > 0.5) - truth).mean() < 0.02


class Everything:
    """A key that keeps all of each frame."""

    def cut(self, frame: Frame) -> Matte:
        """All of it."""
        return Matte(frame, torch.ones(frame.format.height, frame.format.width))

    def end(self) -> None:
        """Everything can be keyed."""


def test_keying_gives_one_matte_for_each_frame_in_order() -> None:
    """Batches may be of any size, also empty, and are taken only when their turn has come."""
    format = clips.video_format()
    frames = [clips.pattern_frame(format, index) for index in range(5)]
    taken: list[int] = []

    def batches() -> Iterator[list[Frame]]:
        for batch in (frames[:2], [], frames[2:]):
            taken.append(len(batch))
            yield batch

    mattes = keying(batches(), Everything())

    assert taken == []
    first = next(mattes)
    assert taken == [2]
    assert [first.frame, *(matte.frame for matte in mattes)] == frames


def test_each_alpha_is_finished_with_its_own_frame() -> None:
    """Filling holes and feathering happen after the key, before anybody sees the matte."""
    frames = [clips.pattern_frame(clips.video_format(), index) for index in range(3)]

    mattes = keying(iter([frames]), Everything(), finish=lambda alpha, frame: alpha * frame.pts)

    assert [float(matte.alpha.max()) for matte in mattes] == [0, 40, 80]


def test_a_screen_that_is_never_found_is_an_error_and_no_empty_matte() -> None:
    """Also where the clip ends before the key would have given up."""
    frame = clips.pattern_frame(clips.video_format("yuv420p"))
    options = ChromaKeyOptions(colour=None, tolerance=0.1, softness=0.8, despill=1.0)
    gray = replace(frame, planes=tuple(np.full_like(plane, 128) for plane in frame.planes))

    with pytest.raises(SettingsError, match=r"chroma\.colour"):
        list(keying(iter([[gray]]), ChromaKey(options)))


def test_what_is_transparent_already_never_becomes_foreground() -> None:
    """A key judges colour, and hidden pixels have some too."""
    format = clips.video_format("gbrap")
    frame = clips.pattern_frame(format)
    frame.planes[3][:, :48] = 0
    options = ThresholdOptions("fixed", level=0.0, window=0.1, foreground="light", softness=0.01)

    [matte] = keying(iter([[frame]]), LuminanceThreshold(options))

    assert (matte.alpha[:, :48] == 0).all()


def test_where_there_is_no_foreground_the_scene_stays_as_it_was() -> None:
    """A blurred backdrop is made of it: with its screen taken out it would be black."""
    format = clips.video_format("yuv444p")
    green = tuple(
        np.full(s, v, np.uint8) for s, v in zip(format.plane_shapes, (120, 70, 60), strict=True)
    )
    frame = replace(clips.pattern_frame(format), planes=green)
    options = ChromaKeyOptions(colour=None, tolerance=0.12, softness=0.75, despill=1.0)

    [matte] = keying(iter([[frame]]), ChromaKey(options))

    assert (matte.alpha == 0).all()
    assert all(np.array_equal(a, b) for a, b in zip(matte.frame.planes, green, strict=True))
