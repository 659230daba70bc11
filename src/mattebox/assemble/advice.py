"""What can be done about a moment of a quality report: options that exist, and are not set yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, TypeAlias

from mattebox.inspection.complaints import Complaint, Reason
from mattebox.inspection.document import Advice
from mattebox.inspection.moments import Moment
from mattebox.matting.subject import Box
from mattebox.settings import Settings

MadeBy: TypeAlias = Literal["network", "chroma", "threshold", "none", "saved"]
_Advising: TypeAlias = Callable[[Settings, Complaint, Box | None], Iterator[Advice]]

# Memory longer than this smears whatever the motion is.
_LONGEST_HALF_LIFE_S = 0.8
# A hole or an island is filled or removed with so much to spare.
_TO_SPARE = 1.5
# Larger pieces than this are no specks.
_LARGEST_SPECK = 0.02
# A region as large as this is not about a part of the picture.
_LARGEST_REGION = 0.25


def advice_on(moment: Moment, settings: Settings, made_by: MadeBy) -> Sequence[Advice]:
    """What to try, the most promising first; nothing where nothing shows, or no option has a part.

    Args:
        moment: the moment.
        settings: of the run.
        made_by: what made the mattes.
    """
    if made_by == "none" or not moment.worst.shows:
        return ()
    if made_by == "saved":
        return (Advice("", "correct the matte here, or make it again with `mattebox run --matte`"),)
    advising = (_FOR_A_NETWORK if made_by == "network" else _FOR_A_KEY)[moment.worst.reason]
    return tuple(advising(settings, moment.worst, moment.region))


def _on_flicker(settings: Settings, _: Complaint, __: Box | None) -> Iterator[Advice]:
    temporal = settings.temporal
    if temporal.half_life_s == 0:
        yield Advice("--set temporal.half_life_s=0.2", "steadies each frame by those around it")
        return
    yield from _better(settings)
    longer_s = 2 * temporal.half_life_s
    if longer_s <= _LONGEST_HALF_LIFE_S:
        yield Advice(
            f"--set temporal.half_life_s={longer_s:g}",
            "remembers for longer; what moves fast may leave a trail",
        )


def _on_disagreement(settings: Settings, _: Complaint, __: Box | None) -> Iterator[Advice]:
    half_life_s = settings.temporal.half_life_s
    if half_life_s > 0:
        yield Advice(
            f"--set temporal.half_life_s={half_life_s / 2:g}",
            "if the network is right here: believes the frames around less",
        )
    yield from _better(settings)


def _on_doubt(settings: Settings, _: Complaint, region: Box | None) -> Iterator[Advice]:
    yield from _better(settings)
    yield from _regions(region, keep_in="the subject", keep_out="nothing of the subject")


def _on_softness(settings: Settings, _: Complaint, __: Box | None) -> Iterator[Advice]:
    yield from _better(settings)
    if settings.refine.sharpen < 0.5:
        yield Advice("--set refine.sharpen=0.5", "pushes alpha towards 0 and 1; hair gets harder")


def _on_alignment(settings: Settings, _: Complaint, __: Box | None) -> Iterator[Advice]:
    yield from _better(settings)
    # Where edges are learnt the radius has no part.
    if settings.refine.edges == "guided" and settings.refine.radius_px < 2:
        yield Advice("--set refine.radius_px=2", "looks for the picture's edge further away")


def _on_islands(settings: Settings, what: Complaint, region: Box | None) -> Iterator[Advice]:
    if settings.subject.choose == "all":
        yield Advice("--set subject.choose=largest", "keeps one subject, and follows it")
    yield from _regions(region, keep_out="nothing of the subject")
    specks = _with_room(what.figure)
    if settings.refine.remove_specks < specks <= _LARGEST_SPECK:
        yield Advice(f"--set refine.remove_specks={specks:g}", "removes islands up to this size")


def _on_holes(settings: Settings, what: Complaint, region: Box | None) -> Iterator[Advice]:
    hole = _with_room(what.figure)
    if settings.refine.fill_holes < hole <= 1:
        yield Advice(f"--set refine.fill_holes={hole:g}", "fills holes up to this size")
    yield from _regions(region, keep_in="the subject")


def _on_nobody(settings: Settings, _: Complaint, __: Box | None) -> Iterator[Advice]:
    if not settings.model.focus:
        yield Advice("--set model.focus=true", "looks closely at a subject that is small")
    yield from _better(settings)


def _better(settings: Settings) -> Iterator[Advice]:
    if settings.quality != "best":
        yield Advice("-q best", "a larger picture for the network, and more frames around each")


def _regions(region: Box | None, **what: str) -> Iterator[Advice]:
    """Regions where the box is."""
    if region is None or (region[2] - region[0]) * (region[3] - region[1]) > _LARGEST_REGION:
        return
    box = ", ".join(f"{x:.2g}" for x in region)
    for key, is_in_it in what.items():
        yield Advice(f"--set 'subject.{key}=[[{box}]]'", f"if all through {is_in_it} is in the box")


def _with_room(area: float) -> float:
    return float(f"{_TO_SPARE * area:.1g}")


def _on_a_keys_noise(settings: Settings, _: Complaint, region: Box | None) -> Iterator[Advice]:
    if settings.model.name == "chroma":
        wider = min(1.0, settings.chroma.tolerance + 0.06)
        yield Advice(f"--set chroma.tolerance={wider:g}", "takes more colours for the screen")
        if settings.chroma.colour == "auto":
            yield Advice(
                "--set 'chroma.colour=#00b140'", "if the screen was guessed wrong: name it"
            )
    elif settings.threshold.method != "fixed":
        yield Advice("--set threshold.method=fixed", "the same level on every frame")
    yield from _regions(region, keep_out="nothing of the subject")


def _on_a_keys_holes(settings: Settings, _: Complaint, region: Box | None) -> Iterator[Advice]:
    if settings.model.name == "chroma":
        narrower = settings.chroma.tolerance / 2
        yield Advice(f"--set chroma.tolerance={narrower:g}", "takes fewer colours for the screen")
    yield from _regions(region, keep_in="the subject")


def _on_a_keys_softness(settings: Settings, _: Complaint, __: Box | None) -> Iterator[Advice]:
    section = "chroma" if settings.model.name == "chroma" else "threshold"
    softness = getattr(settings, section).softness / 2
    yield Advice(f"--set {section}.softness={softness:g}", "a harder step from ground to subject")


_FOR_A_NETWORK: Mapping[Reason, _Advising] = {
    Reason.FLICKER: _on_flicker,
    Reason.SOFT: _on_softness,
    Reason.DISAGREEMENT: _on_disagreement,
    Reason.DOUBT: _on_doubt,
    Reason.ISLANDS: _on_islands,
    Reason.HOLES: _on_holes,
    Reason.ALIGNMENT: _on_alignment,
    Reason.EMPTY: _on_nobody,
}
_FOR_A_KEY: Mapping[Reason, _Advising] = {
    Reason.FLICKER: _on_a_keys_noise,
    Reason.SOFT: _on_a_keys_softness,
    Reason.DISAGREEMENT: _on_a_keys_noise,
    Reason.DOUBT: _on_a_keys_noise,
    Reason.ISLANDS: _on_a_keys_noise,
    Reason.HOLES: _on_a_keys_holes,
    Reason.ALIGNMENT: _on_a_keys_softness,
    Reason.EMPTY: _on_a_keys_holes,
}
