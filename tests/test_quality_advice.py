"""What a quality report advises: options that exist, that change something, and are understood."""

from __future__ import annotations

import shlex
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from mattebox.apps.cli.options import settle
from mattebox.assemble.advice import MadeBy, advice_on
from mattebox.inspection.complaints import SCALES, Complaint, Reason
from mattebox.inspection.moments import Moment, View
from mattebox.matting.subject import Box
from mattebox.settings import Settings, resolve

NOTHING = View(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8))
CORNER = (0.0, 0.1234, 0.25, 0.4)
MADE_BY: dict[MadeBy, dict[str, object]] = {
    "network": {},
    "chroma": {"model": {"name": "chroma"}},
    "threshold": {"model": {"name": "threshold"}},
}
ALL_ON: dict[str, object] = {
    "quality": "best",
    "temporal": {"half_life_s": 0.8},
    "subject": {"choose": "largest"},
    "refine": {"sharpen": 1.0, "radius_px": 4, "fill_holes": 0.9, "remove_specks": 0.9},
}
OFF: dict[str, object] = {"temporal": {"half_life_s": 0}, "model": {"focus": False}}


def _moment(reason: Reason, region: Box | None = CORNER, severity: float = 1.2) -> Moment:
    against = (Complaint(reason, severity * SCALES[reason].shows, severity),)
    return Moment(0, "clip.mp4", 0, Fraction(1, 25), 0.0, against, region, NOTHING, None)


def _settled(options: str, given: Settings) -> Settings:
    """As the command line understands them, on top of what was given."""
    words = shlex.split(options)
    quality = words[words.index("-q") + 1] if "-q" in words else None
    assignments = [after for word, after in pairwise(words) if word == "--set"]
    assert len(words) == 2 * (len(assignments) + ("-q" in words)), f"not understood: {options}"
    asked = settle(quality=quality, assignments=assignments)  # type: ignore[arg-type]
    changed = asked.model_dump(exclude_unset=True)
    return resolve(given.model_dump(exclude_unset=True), changed)


@pytest.mark.parametrize("more", [{}, ALL_ON, OFF], ids=["defaults", "all on", "off"])
@pytest.mark.parametrize("made_by", MADE_BY)
@pytest.mark.parametrize("reason", Reason)
def test_advice_exists_and_changes_something(
    reason: Reason, made_by: MadeBy, more: dict[str, object]
) -> None:
    """No key that is none, no value out of range, and nothing that is set already."""
    given = resolve(more, MADE_BY[made_by])
    for advice in advice_on(_moment(reason), given, made_by):
        assert _settled(advice.options, given) != given, advice
        assert advice.why


@pytest.mark.parametrize("made_by", MADE_BY)
@pytest.mark.parametrize("reason", Reason)
def test_with_the_defaults_there_is_always_something_to_try(
    reason: Reason, made_by: MadeBy
) -> None:
    """Whatever is wrong."""
    assert advice_on(_moment(reason), resolve(MADE_BY[made_by]), made_by)


def test_a_radius_is_advised_where_it_has_a_part() -> None:
    """Learnt and plain edges do not look at it: to set it would change nothing at all."""

    def is_advised(edges: str) -> bool:
        settings = resolve({"refine": {"edges": edges}})
        found = advice_on(_moment(Reason.ALIGNMENT), settings, "network")
        return any("radius_px" in each.options for each in found)

    assert [is_advised(edges) for edges in ("learnt", "guided", "plain")] == [False, True, False]


@pytest.mark.parametrize("reason", [Reason.ISLANDS, Reason.DOUBT])
def test_a_region_is_what_the_box_on_the_sheet_is(reason: Reason) -> None:
    """In shares of the frame, as the setting takes them; not where it is most of the frame."""
    options = [each.options for each in advice_on(_moment(reason), Settings(), "network")]
    assert "--set 'subject.keep_out=[[0, 0.12, 0.25, 0.4]]'" in options
    whole = advice_on(_moment(reason, (0.0, 0.0, 1.0, 1.0)), Settings(), "network")
    assert not any("keep_" in each.options for each in whole)


def test_a_saved_matte_is_made_again_or_corrected() -> None:
    """No option of compose touches it; and where everything is kept there is nothing to say."""
    (advice,) = advice_on(_moment(Reason.FLICKER), Settings(), "saved")
    assert "--matte" in advice.why
    assert advice.options == ""
    assert advice_on(_moment(Reason.FLICKER), Settings(), "none") == ()


def test_what_does_not_show_is_left_alone() -> None:
    """Options have a price: nobody should pay it for nothing."""
    assert advice_on(_moment(Reason.FLICKER, severity=0.9), Settings(), "network") == ()
