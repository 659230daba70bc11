"""The sets of a folder of material, and which pictures of them are judged.

What lives here: finding sets by name, taking so many stills and every so many-th frame, and the
stills to calibrate on. What does not: reading pictures (``material.py``), judging (``judging.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from itertools import chain, islice, zip_longest
from pathlib import Path

from mattebox.errors import DecodeError, FrameError, SettingsError, SourceNotFound
from mattebox.frame import Frame
from mattebox.inspection.flicker import Gray, Motion, motion_between, thumbnail
from mattebox_lab.evaluate.material import (
    Alpha,
    alpha_beside,
    alpha_set_back,
    alphas,
    frames,
    set_back,
    shard,
    shard_set,
)

PEOPLE = "dev-people-*"
PEOPLE_MEAN = f"mean of {PEOPLE}"
CALIBRATION_STILLS = 192
_DEVELOPMENT = "dev-"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A picture to judge.

    Attributes:
        frame: the picture.
        alpha: float32 (height, width) in [0, 1], the truth; None where nobody knows it.
        counts: whether it is judged by itself, or only as the frame after another.
        motion: from the sample before, where that is the frame before; None elsewhere.

    Raises:
        FrameError: the truth is of another size than the picture.
    """

    frame: Frame
    alpha: Alpha | None
    counts: bool = True
    motion: Motion | None = None

    def __post_init__(self) -> None:
        size = self.frame.format.height, self.frame.format.width
        if self.alpha is not None and self.alpha.shape != size:
            raise FrameError(
                f"a truth of {self.alpha.shape} does not fit a picture of {size}.",
                "Make the truth at the size of its pictures.",
            )


@dataclass(frozen=True, slots=True, eq=False)
class MaterialSet:
    """Pictures that have one line in the table.

    Attributes:
        name: of the line.
        samples: reads them, anew at each call.
        moving: whether they are frames of one clip.
    """

    name: str
    samples: Callable[[], Iterable[Sample]]
    moving: bool = False

    def kept(self) -> MaterialSet:
        """The same set in memory: for judging it many times."""
        samples = tuple(self.samples())
        return MaterialSet(self.name, lambda: samples, self.moving)


def find_sets(
    material: Path,
    names: Sequence[str] = (),
    *,
    stills: int | None = None,
    every: int = 1,
    whole: bool = False,
    share: float = 1.0,
) -> list[MaterialSet]:
    """The sets of a folder: stills first, then clips with truth, then clips without.

    Args:
        material: see ``material.py``. Of a clip with and without truth the one with it counts.
        names: which sets, in the order of the folder; ``*`` and ``?`` stand for anything; all of
            them where there are no names.
        stills: how many of each set of stills, the first by name; None for all.
        every: every so many-th frame of a clip is judged, and the change to the one after it.
        whole: whether the frames between are samples as well, which do not count: for contenders
            that make their maps of a whole clip.
        share: at which share of their size a clip's pictures are shown, see ``set_back``.

    Raises:
        SourceNotFound: there is no such folder, nothing in it, or no truth beside a clip in truth/.
        SettingsError: a name is of no set.
    """
    sets: dict[str, MaterialSet] = {}
    for each in chain(_stills(material, stills), *_clips(material, every, whole, share)):
        sets.setdefault(each.name, each)
    if not sets:
        raise SourceNotFound(
            f"no sets in {material}: "
            + ("there is no such folder." if not material.is_dir() else "it has none of the files.")
            + " Sets are train/dev-*.tar, truth/*.mp4 with *.alpha.mkv, and clips/*.mp4.",
            "Pass a folder that holds some of these.",
        )
    return [sets[name] for name in _chosen(names, [*sets])]


def calibration_stills(material: Path, at_most: int = CALIBRATION_STILLS) -> Iterator[Frame]:
    """Stills such as networks are trained on, to take the ranges of activations from.

    The first by name of every set in train/, as many of each; of dev-*, which a network is judged
    on, only where there are no others.

    Raises:
        SourceNotFound: there are no stills.
        DecodeError: one cannot be read.
    """
    shards = _shards(material, "*.tar")
    chosen = [paths for name, paths in shards.items() if not name.startswith(_DEVELOPMENT)]
    chosen = chosen or [*shards.values()]
    if not chosen:
        raise SourceNotFound(
            f"there is nothing in {material} to calibrate on: no stills in train/*.tar.",
            "Pass a folder that holds some, or --precision fp32.",
        )
    each = -(-at_most // len(chosen))  # rounded up
    samples = chain.from_iterable(_still_samples(paths, each) for paths in chosen)
    return (sample.frame for sample in islice(samples, at_most))


def _chosen(names: Sequence[str], present: Sequence[str]) -> list[str]:
    for name in names:
        if not any(fnmatchcase(each, name) for each in present):
            raise SettingsError(
                f"no set {name!r}; there are {', '.join(present)}.",
                "Pass some of these to --sets, or a pattern such as 'dev-people-*'.",
            )
    return [each for each in present if not names or any(fnmatchcase(each, n) for n in names)]


def _stills(material: Path, at_most: int | None) -> Iterator[MaterialSet]:
    for name, paths in _shards(material, f"{_DEVELOPMENT}*.tar").items():
        yield MaterialSet(name, partial(_still_samples, paths, at_most))


def _shards(material: Path, pattern: str) -> dict[str, list[Path]]:
    """The tars in train/ by the set that they belong to."""
    shards: dict[str, list[Path]] = defaultdict(list)
    for path in sorted((material / "train").glob(pattern)):
        shards[shard_set(path)].append(path)
    return shards


def _clips(
    material: Path, every: int, whole: bool, share: float
) -> tuple[Iterator[MaterialSet], Iterator[MaterialSet]]:
    """Those with truth, and those without."""
    known, unknown = (sorted((material / place).glob("*.mp4")) for place in ("truth", "clips"))
    with_truth = ((video, _present(alpha_beside(video), video)) for video in known)
    return (
        (_clip(video, alpha, every, whole, share) for video, alpha in with_truth),
        (_clip(video, None, every, whole, share) for video in unknown),
    )


def _present(alpha: Path, video: Path) -> Path:
    if not alpha.is_file():
        raise SourceNotFound(
            f"there is no {alpha.name} beside {video}, to say what is true.",
            "Put it there, or move the clip to clips/.",
        )
    return alpha


def _clip(video: Path, alpha: Path | None, every: int, whole: bool, share: float) -> MaterialSet:
    samples = partial(_clip_samples, video, alpha, every, whole, share)
    return MaterialSet(video.stem, samples, moving=True)


def _still_samples(paths: Sequence[Path], at_most: int | None) -> Iterator[Sample]:
    examples = chain.from_iterable(shard(path, at_most) for path in paths)
    return (Sample(each.frame, each.alpha) for each in islice(examples, at_most))


def _together(video: Path, alpha: Path | None) -> Iterator[tuple[Frame, Alpha | None]]:
    """A clip's frames, each with its truth where there is one.

    Raises:
        DecodeError: there are more of one than of the other.
    """
    if alpha is None:
        for frame in frames(video):
            yield frame, None
        return
    for number, (picture, truth) in enumerate(zip_longest(frames(video), alphas(alpha))):
        if picture is None or truth is None:
            longer, shorter = (video, alpha) if truth is None else (alpha, video)
            raise DecodeError(
                f"{shorter} ends after {number} frames, and {longer} does not.",
                "Cut both to the same frames.",
            )
        yield picture, truth


def _clip_samples(
    video: Path, alpha: Path | None, every: int, whole: bool, share: float
) -> Iterator[Sample]:
    before: Gray | None = None
    for number, (full, full_truth) in enumerate(_together(video, alpha)):
        frame = set_back(full, share)
        truth = None if full_truth is None else alpha_set_back(full_truth, share)
        counts, follows = number % every == 0, (number - 1) % every == 0
        if not counts and not follows:
            if whole:
                yield Sample(frame, truth, counts=False)
            continue
        now = thumbnail(frame)
        motion = motion_between(before, now) if follows and before is not None else None
        before = now
        yield Sample(frame, truth, counts, motion)
