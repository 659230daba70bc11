"""Which sets a folder has, and which pictures of them are judged."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import footage
from mattebox.errors import DecodeError, FrameError, SettingsError, SourceNotFound
from mattebox_lab.evaluate.sets import MaterialSet, Showing, calibration_stills, find_sets

NAMES = ["dev-people-a", "dev-people-b", "dev-rooms", "walk", "blink"]


def _set(material: Path, name: str, *, every: int = 1, whole: bool = False) -> MaterialSet:
    (found,) = find_sets([material], [name], showing=Showing(every, whole))
    return found


def test_sets_have_the_names_of_shards_and_clips(material: Path) -> None:
    """Shards that differ by their number are one set."""
    assert [each.name for each in find_sets([material])] == NAMES
    assert [each.moving for each in find_sets([material])] == [False] * 3 + [True] * 2


def test_sets_are_chosen_by_name_or_pattern(material: Path) -> None:
    """In the folder's order, each once."""
    chosen = find_sets([material], ["walk", "dev-people-*", "dev-people-a"])

    assert [each.name for each in chosen] == ["dev-people-a", "dev-people-b", "walk"]


@pytest.mark.parametrize(("stills", "expected"), [(None, 3), (1, 1), (3, 3), (9, 3)])
def test_so_many_stills_of_a_set(material: Path, stills: int | None, expected: int) -> None:
    """Of the whole set, not of each shard."""
    (found,) = find_sets([material], ["dev-people-a"], stills=stills)

    assert len(list(found.samples())) == expected


def test_the_answer_to_a_still_without_a_mask_is_nothing(material: Path) -> None:
    """An empty room has a truth: 0 everywhere."""
    (sample,) = _set(material, "dev-rooms").samples()

    assert sample.alpha is not None
    assert sample.alpha.shape == (64, 96)
    assert not sample.alpha.any()


@pytest.mark.parametrize(
    ("every", "counting", "moving"),
    [
        (1, [0, 1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]),
        (2, [0, 2, 4, 6], [1, 3, 5]),
        (3, [0, 3, 6], [1, 4]),
        (100, [0], [1]),
    ],
)
def test_every_so_many_th_frame_and_the_one_after(
    material: Path, every: int, counting: list[int], moving: list[int]
) -> None:
    """Stills are taken every so often; what changes is taken between neighbours only."""
    samples = list(_set(material, "walk", every=every).samples())

    assert [_number(s.frame.pts) for s in samples if s.counts] == counting
    assert [_number(s.frame.pts) for s in samples if s.motion is not None] == moving


def _number(pts: int) -> int:
    """Of the frame, at 512 ticks each in MP4."""
    assert pts % 512 == 0
    return pts // 512


def test_truth_goes_with_its_frame(material: Path) -> None:
    """Every sample's truth is the shape that was drawn into its picture."""
    for sample in _set(material, "walk").samples():
        assert sample.alpha is not None
        assert ((sample.frame.planes[0] > 128) == (sample.alpha > 0.5)).all()
        assert set(np.unique(sample.alpha)) == {0, 1}


def test_a_clip_without_truth_has_none(material: Path) -> None:
    """It is judged by what it does over time."""
    samples = list(_set(material, "blink").samples())

    assert [sample.alpha for sample in samples] == [None] * 4


def test_a_kept_set_needs_its_files_no_more(material: Path) -> None:
    """For judging a network in training again and again."""
    kept = _set(material, "walk").kept()
    (material / "truth" / "walk.mp4").unlink()

    assert len(list(kept.samples())) == len(list(kept.samples())) == 7


def test_unknown_sets_are_refused_with_those_there_are(material: Path) -> None:
    """A slip in a name must not judge less than was asked for."""
    with pytest.raises(SettingsError, match=r"no set 'dev-peple'; there are dev-people-a, .*blink"):
        find_sets([material], ["walk", "dev-peple"])


@pytest.mark.parametrize("exists", [True, False])
def test_a_folder_without_sets_is_refused(tmp_path: Path, exists: bool) -> None:
    """And what sets look like is said."""
    folder = tmp_path / "folder"
    if exists:
        folder.mkdir()

    with pytest.raises(SourceNotFound, match=r"no sets in .*folder: .*dev-\*\.tar") as caught:
        find_sets([folder])
    assert ("no such folder" in str(caught.value)) != exists


def test_a_clip_that_lacks_its_truth_is_refused(material: Path) -> None:
    """In the folder of truths it would be judged as one without."""
    (material / "truth" / "walk.alpha.mkv").unlink()

    with pytest.raises(SourceNotFound, match=r"no walk\.alpha\.mkv beside"):
        find_sets([material])


def test_a_truth_of_another_size_is_refused(material: Path) -> None:
    """It belongs to another clip."""
    small = footage.pattern_pictures("gray", 7, (96, 32))
    footage.encode(material / "truth" / "walk.alpha.mkv", "ffv1", small)

    with pytest.raises(FrameError, match=r"\(32, 96\) does not fit a picture of \(64, 96\)"):
        list(_set(material, "walk").samples())


def test_damaged_material_is_named(material: Path) -> None:
    """Errors of other people's libraries are translated."""
    train = material / "train"
    data = (train / "dev-rooms-00.tar").read_bytes()
    (train / "dev-rooms-00.tar").write_bytes(data.replace(b"PNG", b"???"))
    (train / "dev-people-b-00.tar").write_bytes(b"no tar at all" * 100)
    (material / "truth" / "walk.alpha.mkv").write_bytes(b"no video")

    for name, message in [
        ("dev-rooms", "0.img.png in .* is no picture"),
        ("dev-people-b", "cannot read .*dev-people-b-00.tar as a tar"),
        ("walk", "cannot read the truth .*walk.alpha.mkv"),
    ]:
        with pytest.raises(DecodeError, match=message):
            list(_set(material, name).samples())


@pytest.mark.parametrize(("at_most", "expected"), [(1, 1), (3, 3), (4, 4), (100, 5)])
def test_calibration_takes_stills_of_every_set(material: Path, at_most: int, expected: int) -> None:
    """As many of each, as far as there are: of 3, 1 and 1."""
    assert len(list(calibration_stills([material], at_most))) == expected


def test_what_is_judged_is_not_calibrated_on_where_there_is_other_material(material: Path) -> None:
    """The figures would be too good."""
    train = material / "train"
    shutil.copy(train / "dev-rooms-00.tar", train / "rooms-00.tar")

    assert len(list(calibration_stills([material]))) == 1


def test_calibration_needs_stills(tmp_path: Path) -> None:
    """Where it looks for them is said."""
    with pytest.raises(SourceNotFound, match=r"no stills in train/\*\.tar") as caught:
        calibration_stills([tmp_path])
    assert "--precision fp32" in caught.value.advice


def test_a_whole_clip_has_every_frame_and_counts_some(material: Path) -> None:
    """Those that count, and their pairs, are those of a clip that is not whole."""
    whole = [*_set(material, "walk", every=3, whole=True).samples()]
    some = [*_set(material, "walk", every=3).samples()]

    assert len(whole) == 7
    assert [place for place, each in enumerate(whole) if each.counts] == [0, 3, 6]
    assert [place for place, each in enumerate(whole) if each.motion is not None] == [1, 4]
    assert len([each for each in some if each.counts]) == 3


def test_a_clip_can_be_shown_smaller(material: Path) -> None:
    """The subject covers the square of the share, in the middle; the truth goes with it."""
    (full,), (small,) = (
        find_sets([material], ["walk"], showing=Showing(share=share)) for share in (1.0, 0.5)
    )

    for sample, set_back in zip(full.samples(), small.samples(), strict=True):
        assert sample.alpha is not None
        assert set_back.alpha is not None
        assert set_back.frame.format == sample.frame.format
        assert set_back.alpha.mean() == pytest.approx(sample.alpha.mean() / 4, rel=0.15)
        bright = set_back.frame.planes[0][set_back.alpha > 0.99].astype(float)
        assert bright.mean() == pytest.approx(
            sample.frame.planes[0][sample.alpha > 0.99].mean(), rel=0.15
        )


def test_a_clip_can_be_scaled_with_its_truth(material: Path) -> None:
    """Everything is in the same place, and the format says the new size."""
    (full,), (large,) = (
        find_sets([material], ["walk"], showing=Showing(lines=lines)) for lines in (None, 128)
    )

    for sample, scaled in zip(full.samples(), large.samples(), strict=True):
        assert sample.alpha is not None
        assert scaled.alpha is not None
        format = scaled.frame.format
        assert (format.width, format.height) == (192, 128)
        assert scaled.frame.pts == sample.frame.pts
        assert [plane.shape for plane in scaled.frame.planes] == [(128, 192), (64, 96), (64, 96)]
        assert scaled.alpha.mean() == pytest.approx(sample.alpha.mean(), rel=0.01)
        assert 0 <= scaled.alpha.min() <= scaled.alpha.max() <= 1
        bright = scaled.frame.planes[0] > 125
        assert (bright == (scaled.alpha > 0.5)).mean() > 0.99


@pytest.mark.parametrize("lines", [0, 63, -2])
def test_odd_heights_are_refused(lines: int) -> None:
    """4:2:0 has no half lines."""
    with pytest.raises(SettingsError, match="an even number"):
        Showing(lines=lines)


def test_several_folders_are_one_material(material: Path, tmp_path: Path) -> None:
    """A clip beside its truth in the folder itself is a set; of one name the first counts."""
    other = tmp_path / "other"
    (other / "clips").mkdir(parents=True)
    for suffix in (".mp4", ".alpha.mkv"):
        shutil.copy(material / "truth" / f"walk{suffix}", other / f"sample{suffix}")
    shutil.copy(material / "clips" / "blink.mp4", other / "clips" / "walk.mp4")
    shutil.copy(material / "clips" / "blink.mp4", other / "untrue.mp4")

    found = {each.name: each for each in find_sets([material, other], ["[sw]*"])}

    assert list(found) == ["walk", "sample"]
    assert all(sample.alpha is not None for each in found.values() for sample in each.samples())
    assert "untrue" not in [each.name for each in find_sets([other])]
