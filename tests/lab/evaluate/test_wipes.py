"""What is on a video of two contenders, and what becomes of it when something fails."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import clips
from mattebox.errors import SettingsError, SinkError
from mattebox.frame import Frame
from mattebox_lab.evaluate.contenders import Contender, Judgement
from mattebox_lab.evaluate.sets import Sample
from mattebox_lab.evaluate.stills import Map
from mattebox_lab.evaluate.wipes import PERIOD_S, REACH, Checker, Wipe, joined, line_at
from readback import pictures
from running import decoded_planes

FORMAT = clips.video_format("yuv420p", (320, 240))
EVERYTHING, NOTHING = (np.full((4, 4), share, np.float32) for share in (1, 0))


def _nobody(*_: object, **__: object) -> list[Map]:
    return []


def _contenders(*names: str) -> list[Contender]:
    judged: Judgement = _nobody  # type: ignore[assignment]
    return [Contender(name, "fp32", "", judged) for name in names]


def _flat(luma: int) -> Frame:
    planes = [np.full(shape, 128, np.uint8) for shape in FORMAT.plane_shapes]
    planes[0][:] = luma
    return Frame(tuple(planes), FORMAT, pts=0)


def test_left_is_the_first_and_right_the_second(tmp_path: Path) -> None:
    """The first keeps the picture, the second shows what is behind."""
    path = tmp_path / "a" / "wipe.mp4"

    with Wipe(path, _contenders("one", "other"), over="lime") as wipe:
        wipe(Sample(_flat(60), None), [EVERYTHING, NOTHING])

    ((luma, blue, _),) = decoded_planes(path)
    assert abs(luma[60:, :150].astype(int) - 60).max() <= 3
    assert luma[60:, 164:].min() > 130
    assert blue[30:, 85:].max() < 60
    # The line, left of the middle.
    assert luma[60:, 157:159].min() > 220
    assert pictures(path)[0].format.name == "yuv420p"


def test_both_names_are_in_the_upper_corners(tmp_path: Path) -> None:
    """White on black, and no line of a long one is longer than half of the picture."""
    path = tmp_path / "wipe.mp4"
    long = "word " * 20

    with Wipe(path, _contenders("x", long), over="gray") as wipe:
        wipe(Sample(_flat(126), None), [EVERYTHING, EVERYTHING])

    luma = decoded_planes(path)[0][0].astype(int)
    assert luma[0, 0] < 40
    assert luma[:14, :120].max() > 100
    assert luma[0, -1] < 40
    # The left one has one line, the right one has several.
    assert abs(luma[30, 10] - 126) < 6
    assert luma[30, 180:300].min() < 40
    assert abs(luma[100:, 200] - 126).max() < 6


def test_the_line_goes_back_and_forth() -> None:
    """From the middle and back, never to an edge, in whole samples of chroma."""
    places = [line_at(second / 10, 1280) for second in range(600)]

    assert places[0] == line_at(PERIOD_S, 1280) == line_at(PERIOD_S / 2, 1280) == 640
    assert min(places) == pytest.approx(1280 * (0.5 - REACH), abs=4)
    assert max(places) == pytest.approx(1280 * (0.5 + REACH), abs=4)
    assert all(place % 4 == 0 for place in places)
    assert np.abs(np.diff(places)).max() < 1280 / 20


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le", "yuv411p", "gbrp", "gray"])
def test_two_frames_are_joined_in_any_layout(pixels: str) -> None:
    """What is left of the line is the one's, what is right of it the other's."""
    format = clips.video_format(pixels)
    one, other = clips.pattern_frame(format, 0), clips.pattern_frame(format, 5)

    both = joined(one, other, 48)

    for mixed, left, right in zip(both.planes, one.planes, other.planes, strict=True):
        column = 48 * mixed.shape[1] // 96
        line = 4 * mixed.shape[1] // 96
        np.testing.assert_array_equal(mixed[:, column:], right[:, column:])
        np.testing.assert_array_equal(mixed[:, : column - line], left[:, : column - line])


def test_a_checker_has_two_grays_and_no_colour() -> None:
    """Half of each; neighbours differ."""
    checker = Checker()
    checker.open(FORMAT)

    luma, blue, red = checker.render(None)  # type: ignore[arg-type]

    assert (blue == 128).all()
    assert (red == 128).all()
    dark, light = np.unique(luma)
    assert (luma == dark).mean() == pytest.approx(0.5, abs=0.05)
    assert luma[0, 0] == light
    assert luma[0, 12] == luma[12, 0] == dark


def test_what_failed_on_the_way_is_no_whole_video(tmp_path: Path) -> None:
    """The old one stays, and what there is has a name that says it is partial."""
    path = tmp_path / "wipe.mp4"
    path.write_bytes(b"old")

    def fail() -> None:
        with Wipe(path, _contenders("one", "other")) as wipe:
            wipe(Sample(_flat(60), None), [EVERYTHING, NOTHING])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir() if each != path] == ["wipe.partial.mp4"]


def test_a_folder_that_cannot_be_made_is_an_error_of_ours(tmp_path: Path) -> None:
    """A file stands in its place."""
    blocked = tmp_path / "file"
    blocked.write_text("")

    with (
        pytest.raises(SinkError, match="cannot make the folder"),
        Wipe(blocked / "w.mp4", _contenders("one", "other")) as wipe,
    ):
        wipe(Sample(_flat(60), None), [EVERYTHING, NOTHING])


def test_a_wipe_has_two_sides(tmp_path: Path) -> None:
    """One or three are refused by name."""
    with pytest.raises(SettingsError, match=r"there are 3: 'a fp32', 'b fp32', 'c fp32'"):
        Wipe(tmp_path / "wipe.mp4", _contenders("a", "b", "c"))
