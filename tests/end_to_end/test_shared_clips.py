"""Every real clip with every kind of backdrop: nothing is lost, nothing is added."""

from __future__ import annotations

from pathlib import Path

import pytest

from running import SMALL_NETWORK, done, look_at

CLIPS = (
    "doctor-desk",
    "juggle",
    "office-sister",
    "room-enter-leave",
    "talk-720p",
    "thoughtful-outdoors",
    "two-children",
    "webcam-signing",
    "webcam-walk",
)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", CLIPS)
def test_frames_packets_and_length_stay_with_every_backdrop(
    tmp_path: Path, shared: Path, name: str
) -> None:
    """One matte, five backdrops; frames and audio packets counted, length to one frame."""
    clip = shared / "clips" / f"{name}.mp4"
    before = look_at(clip)
    matte, first = tmp_path / "matte.mkv", tmp_path / "colour.mp4"
    done("run", clip, "-o", first, "--matte", matte, "-b", "#00b140", *SMALL_NETWORK)
    made = [first]
    backdrops: dict[str, str | Path] = {
        "image.mp4": shared / "backdrops" / "mr-lee.jpg",
        "video.mp4": shared / "backdrops" / "cars.mp4",
        "blur.mp4": "blur",
        "transparent.mov": "transparent",
    }
    for output, backdrop in backdrops.items():
        made.append(tmp_path / output)
        done("compose", clip, "--matte", matte, "-o", made[-1], "-b", backdrop)
    for path in made:
        after = look_at(path)
        assert after.pts == before.pts, path.name
        assert after.packets == before.packets, path.name
        one_frame = before.length_s / len(before.pts)
        assert abs(after.length_s - before.length_s) <= one_frame + 1e-6, path.name
