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
    alpha_at_lines,
    alpha_beside,
    alpha_set_back,
    alphas,
    at_lines,
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


@dataclass(frozen=True, slots=True)
class Showing:
    """Which frames of a clip are samples, and at what size.

    Attributes:
        every: every so many-th frame is judged, and the change to the one after it.
        whole: whether the frames between are samples as well, which do not count: for contenders
            that make their maps of a whole clip.
        share: at which share of their size pictures are shown, see ``set_back``.
        lines: the height that pictures are scaled to first; None leaves them.

    Raises:
        SettingsError: ``lines`` is no even number.
    """

    every: int = 1
    whole: bool = False
    share: float = 1.0
    lines: int | None = None

    def __post_init__(self) -> None:
        if self.lines is not None and (self.lines < 2 or self.lines % 2):
            raise SettingsError(
                f"clips cannot be scaled to {self.lines} lines: it takes an even number.",
                "Pass --lines 720, for example.",
            )


def find_sets(
    folders: Sequence[Path],
    names: Sequence[str] = (),
    *,
    stills: int | None = None,
    showing: Showing | None = None,
) -> list[MaterialSet]:
    """The sets of each folder: stills first, then clips with truth, then clips without.

    Args:
        folders: see ``material.py``. Of a clip with and without truth the one with it counts, and
            of sets of one name the first.
        names: which sets, in the order of the folders; ``*`` and ``?`` stand for anything; all of
            them where there are no names.
        stills: how many of each set of stills, the first by name; None for all.
        showing: of clips; None: all frames, as they are.

    Raises:
        SourceNotFound: there is no such folder, nothing in it, or no truth beside a clip in truth/.
        SettingsError: a name is of no set.
    """
    sets: dict[str, MaterialSet] = {}
    for folder in folders:
        found = [*_stills(folder, stills), *_clips(folder, showing or Showing())]
        if not found:
            raise _nothing_in(folder)
        for each in found:
            sets.setdefault(each.name, each)
    return [sets[name] for name in _chosen(names, [*sets])]


def calibration_stills(
    folders: Sequence[Path], at_most: int = CALIBRATION_STILLS
) -> Iterator[Frame]:
    """Stills such as networks are trained on, to take the ranges of activations from.

    The first by name of every set in train/, as many of each; of dev-*, which a network is judged
    on, only where there are no others.

    Raises:
        SourceNotFound: there are no stills.
        DecodeError: one cannot be read.
    """
    shards = _shards(folders, "*.tar")
    chosen = [paths for name, paths in shards.items() if not name.startswith(_DEVELOPMENT)]
    chosen = chosen or [*shards.values()]
    if not chosen:
        raise SourceNotFound(
            f"there is nothing in {' or '.join(map(str, folders))} to calibrate on: "
            "no stills in train/*.tar.",
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


def _nothing_in(folder: Path) -> SourceNotFound:
    return SourceNotFound(
        f"no sets in {folder}: "
        + ("it has none of the files." if folder.is_dir() else "there is no such folder.")
        + " Sets are train/dev-*.tar, *.mp4 and truth/*.mp4 with *.alpha.mkv, and clips/*.mp4.",
        "Pass a folder that holds some of these.",
    )


def _stills(folder: Path, at_most: int | None) -> Iterator[MaterialSet]:
    for name, paths in _shards([folder], f"{_DEVELOPMENT}*.tar").items():
        yield MaterialSet(name, partial(_still_samples, paths, at_most))


def _shards(folders: Sequence[Path], pattern: str) -> dict[str, list[Path]]:
    """The tars in train/ by the set that they belong to."""
    shards: dict[str, list[Path]] = defaultdict(list)
    for path in chain.from_iterable(sorted((each / "train").glob(pattern)) for each in folders):
        shards[shard_set(path)].append(path)
    return shards


def _clips(folder: Path, showing: Showing) -> Iterator[MaterialSet]:
    """Those with truth, and those without."""
    loose, known, unknown = (sorted((folder / p).glob("*.mp4")) for p in ("", "truth", "clips"))
    for video in loose:
        if alpha_beside(video).is_file():
            yield _clip(video, alpha_beside(video), showing)
    for video in known:
        yield _clip(video, _present(alpha_beside(video), video), showing)
    for video in unknown:
        yield _clip(video, None, showing)


def _present(alpha: Path, video: Path) -> Path:
    if not alpha.is_file():
        raise SourceNotFound(
            f"there is no {alpha.name} beside {video}, to say what is true.",
            "Put it there, or move the clip to clips/.",
        )
    return alpha


def _clip(video: Path, alpha: Path | None, showing: Showing) -> MaterialSet:
    samples = partial(_clip_samples, video, alpha, showing)
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


def _shown(
    video: Path, alpha: Path | None, showing: Showing
) -> Iterator[tuple[Frame, Alpha | None]]:
    """``_together`` at the size that they are shown at."""
    for full, full_truth in _together(video, alpha):
        frame = set_back(at_lines(full, showing.lines), showing.share)
        if full_truth is None:
            yield frame, None
        else:
            large = alpha_at_lines(full_truth, showing.lines)
            yield frame, alpha_set_back(large, showing.share)


def _clip_samples(video: Path, alpha: Path | None, showing: Showing) -> Iterator[Sample]:
    before: Gray | None = None
    every = showing.every
    for number, (frame, truth) in enumerate(_shown(video, alpha, showing)):
        counts, follows = number % every == 0, (number - 1) % every == 0
        if not counts and not follows:
            if showing.whole:
                yield Sample(frame, truth, counts=False)
            continue
        now = thumbnail(frame)
        motion = motion_between(before, now) if follows and before is not None else None
        before = now
        yield Sample(frame, truth, counts, motion)
