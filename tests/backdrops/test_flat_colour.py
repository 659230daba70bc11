"""Colours by name and number, and the backdrop that is one colour."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import clips
from mattebox.backdrops.colour import NAMES, ColourBackdrop, is_colour, parse_colour
from mattebox.colour import Colour, Range, rgb_from_planes
from mattebox.errors import SettingsError
from mattebox.frame import Matte


@pytest.mark.parametrize(
    ("text", "rgb"),
    [
        ("red", (255, 0, 0)),
        ("SeaGreen", (46, 139, 87)),
        (" rebeccapurple ", (102, 51, 153)),
        ("grey", (128, 128, 128)),
        ("#0f8", (0, 255, 136)),
        ("#00B140", (0, 177, 64)),
        ("rgb(0, 177, 64)", (0, 177, 64)),
        ("rgb(0 177 64)", (0, 177, 64)),
        ("rgb(10%, 20%, 30%)", (26, 51, 77)),
        ("rgb(300, -5, 12.5)", (255, 0, 13)),
    ],
)
def test_a_colour_is_understood_as_css_does(text: str, rgb: tuple[int, int, int]) -> None:
    """Names, three or six digits, numbers, percentages; what is out of range is clipped."""
    assert is_colour(text)
    assert parse_colour(text) == rgb


def test_every_name_of_css_is_known() -> None:
    """CSS Color 4 has 148 names; the two spellings of gray are the same."""
    assert len(NAMES) == 148
    assert all(parse_colour(name) is not None for name in NAMES)
    pairs = [name for name in NAMES if "gray" in name]
    assert len(pairs) == 7
    assert all(NAMES[name] == NAMES[name.replace("gray", "grey")] for name in pairs)


@pytest.mark.parametrize("text", ["#00b14080", "#0f08", "rgba(0, 177, 64, 0.5)", "rgb(0 1 2 / 9%)"])
def test_a_colour_with_alpha_is_refused(text: str) -> None:
    """A backdrop is opaque: the message says what to take instead."""
    assert is_colour(text)
    with pytest.raises(SettingsError, match="has an alpha value") as caught:
        parse_colour(text)
    assert "transparent" in caught.value.advice


def test_a_misspelled_name_gets_a_suggestion() -> None:
    """The nearest names, and a message that says what was read."""
    with pytest.raises(SettingsError, match="'seagren' is not a colour") as caught:
        parse_colour("seagren")
    assert "seagreen" in caught.value.advice


@pytest.mark.parametrize(
    "text", ["#12", "#ggg", "rgb(1, 2)", "rgb(a, b, c)", "hsl(1, 2%, 3%)", "#"]
)
def test_what_starts_like_a_colour_is_judged_as_one(text: str) -> None:
    """So that the message is about colours, and not about a file that is missing."""
    assert is_colour(text)
    with pytest.raises(SettingsError, match="is not a colour") as caught:
        parse_colour(text)
    assert caught.value.advice


@pytest.mark.parametrize("text", ["beach.jpg", "blur", "red.png", "", "seagren"])
def test_other_words_are_no_colours(text: str) -> None:
    """A file may be called anything."""
    assert not is_colour(text)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv411p", "yuv422p10le", "gbrp12le"])
@pytest.mark.parametrize("height", [480, 720])
def test_the_backdrop_is_that_colour_everywhere(pixels: str, height: int) -> None:
    """Whatever the layout, and with the matrix that untagged video of that height has."""
    format = clips.video_format(pixels, (64, height))
    backdrop = ColourBackdrop((46, 139, 87))
    backdrop.open(format)
    planes = backdrop.render(Matte(clips.pattern_frame(format), torch.zeros(height, 64)))
    rgb = rgb_from_planes(planes, format.pixels, format.colour) * 255
    assert np.abs(rgb - np.array([46, 139, 87])).max() < 1.5


def test_white_is_reference_white_in_hdr() -> None:
    """203 cd/m² is 58 % of a PQ signal (ITU-R BT.2408, table 1): not the 10,000 of its peak."""
    tags = Colour(matrix=9, primaries=9, transfer=16, range=Range.LIMITED)
    format = clips.video_format("yuv420p10le", colour=tags)
    backdrop = ColourBackdrop((255, 255, 255))
    backdrop.open(format)
    luma, *_ = backdrop.render(Matte(clips.pattern_frame(format), torch.zeros(64, 96)))
    assert luma[0, 0] == round(64 + 876 * 0.5807)
