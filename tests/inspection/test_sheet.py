"""What is drawn of the worst moments."""

from __future__ import annotations

import numpy as np

from mattebox.inspection.drawing import CAPTION_HEIGHT, over_green, shown, with_box, with_edge
from mattebox.inspection.moments import SHOWN
from mattebox.inspection.sheet import draw
from passing import box, frame, inspected, mattes

EVERYTHING, HALF, NOTHING = (np.full((4, 4), share, np.float32) for share in (1, 0.5, 0))


def test_a_subject_lies_over_green() -> None:
    """Alpha 1 keeps the picture, alpha 0 is the screen, and between them they mix."""
    picture = np.full((8, 8, 3), 100, np.uint8)

    assert (over_green(picture, EVERYTHING) == picture).all()
    assert (over_green(picture, NOTHING) == (0, 255, 0)).all()
    assert (over_green(picture, HALF) == (50, 178, 50)).all()


def test_a_frame_is_shown_in_its_own_proportions() -> None:
    """As large as fits."""
    assert shown(frame(0), SHOWN, SHOWN).shape == (240, 400, 3)
    assert shown(frame(0), SHOWN, 96).shape == (96, 160, 3)


def test_the_edge_is_drawn_where_alpha_is_one_half() -> None:
    """Magenta on the edge and nothing anywhere else."""
    gray = np.full((96, 160, 3), 100, np.uint8)
    drawn = with_edge(gray, box(40, 20, 100, 80))
    changed = (drawn != gray).any(-1)
    near = np.zeros((96, 160), bool)
    near[16:84, 36:104] = True
    near[24:76, 44:96] = False
    assert not changed[~near].any()
    assert changed[18:22, 50:90].any(0).all()
    assert (drawn[18:22, 60] == (255, 0, 255)).all(-1).any() or (drawn[18:22, 60, 0] > 150).any()
    assert (with_edge(gray, 0 * box()) == gray).all()


def test_a_box_is_drawn_around_its_region() -> None:
    """White within black, the picture inside of it untouched."""
    gray = np.full((100, 200, 3), 100, np.uint8)
    drawn = with_box(gray, (0.25, 0.2, 0.75, 0.8))
    assert (drawn[20, 60:140] == 255).all()
    assert (drawn[25:75, 55:145] == 100).all()
    assert (drawn[:15] == 100).all()


def test_a_row_for_each_moment() -> None:
    """Four pictures beside each other, with words above."""
    blinking = (box() * (number not in {5, 20}) for number in range(30))
    findings = inspected(mattes(blinking)).findings
    moments = findings.worst.told(findings.length_s)
    sheet = draw(moments, "clip.mp4", lambda _: [], several=False)
    row = 10 + CAPTION_HEIGHT + 240
    assert sheet.shape == (2 * CAPTION_HEIGHT + len(moments) * row, 4 * SHOWN, 3)
    assert len(moments) == 2


def test_a_single_picture_has_no_frame_before() -> None:
    """Three pictures beside each other, on a sheet that is wide enough for the words."""
    findings = inspected(mattes([box()]), "photo.jpg").findings
    sheet = draw(findings.worst.told(0), "photo.jpg", lambda _: [], several=False)
    assert sheet.shape == (2 * CAPTION_HEIGHT + 10 + CAPTION_HEIGHT + 240, 3 * SHOWN, 3)
