"""What is on a contact sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import clips
from mattebox.errors import SinkError
from mattebox_lab.evaluate.sets import Sample
from mattebox_lab.evaluate.sheets import WIDTH, Sheet

FORMAT = clips.video_format("yuv420p", (96, 64))
EVERYTHING, NOTHING = (np.full((4, 4), share, np.float32) for share in (1, 0))


def _sheet(count: int, *, moving: bool) -> Sheet:
    sheet = Sheet(["all", "none"], moving=moving)
    for number in range(count):
        sheet(Sample(clips.pattern_frame(FORMAT, number), None), [EVERYTHING, NOTHING])
    return sheet


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (6, 6), (7, 6), (12, 6), (1000, 6)])
def test_six_frames_of_a_clip(count: int, columns: int) -> None:
    """However long it is; a row of pictures and one for each contender, 18 pixels of text each."""
    drawn = _sheet(count, moving=True).draw()

    tile = WIDTH // 6
    assert drawn.shape == (3 * (18 + round(tile * 64 / 96)), columns * tile, 3)


def test_frames_are_spread_over_the_whole_clip() -> None:
    """Also where nobody said how long it will be."""
    sheet = _sheet(100, moving=True)

    seconds = [float(caption.split()[0]) for caption, _ in sheet._kept]

    steps = np.diff(seconds)
    assert steps == pytest.approx(np.full(len(steps), steps[0]))
    assert seconds[-1] >= 0.75 * 99 * 0.04


def test_the_first_twelve_stills() -> None:
    """The same ones every time."""
    sheet = _sheet(30, moving=False)

    assert [caption for caption, _ in sheet._kept] == [str(number) for number in range(1, 13)]


def test_the_row_of_a_map_of_nothing_is_green() -> None:
    """Rows are in the contenders' order."""
    drawn = _sheet(1, moving=True).draw()

    height = len(drawn) // 3
    assert (drawn[2 * height + 18 :] == (0, 255, 0)).all()
    assert not (drawn[height + 18 : 2 * height] == (0, 255, 0)).all()


def test_pictures_of_another_shape_fit_into_their_tile() -> None:
    """The first one says how high tiles are, within reason."""
    sheet = Sheet([], moving=False)
    for size in ((4, 1000), (96, 64), (64, 96)):
        sheet(Sample(clips.pattern_frame(clips.video_format("gray", size)), None), [])

    assert sheet.draw().shape == (18 + 2 * (WIDTH // 12), 3 * (WIDTH // 12), 3)


def test_a_sheet_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    blocked = tmp_path / "file"
    blocked.write_text("")

    with pytest.raises(SinkError, match="cannot write"):
        _sheet(1, moving=False).save(blocked / "sheet.png")
