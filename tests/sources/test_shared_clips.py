"""Real clips: nothing is lost between the file and the frames."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from mattebox.sources.file import FileSource
from mattebox.sources.images import ImageSource, pictures_in

CLIPS = """doctor-desk juggle office-sister room-enter-leave talk-720p thoughtful-outdoors
    two-children webcam-signing webcam-walk"""


@pytest.mark.parametrize("name", CLIPS.split())
def test_every_packet_of_a_real_clip_becomes_a_frame(shared: Path, name: str) -> None:
    """As many frames as packets, at the packets' own times, as expected from the start."""
    path = shared / "clips" / f"{name}.mp4"
    with av.open(str(path)) as container:
        packets = container.demux(container.streams.video[0])
        times = sorted(packet.pts for packet in packets if packet.pts is not None)
    source = FileSource(path, corrupt_limit=0)
    pts = [frame.pts for frame in source.frames()]
    source.close()
    assert pts == times
    assert source.frames_expected == len(pts)
    assert source.format.rate is not None


def test_every_real_still_is_read(shared: Path) -> None:
    """JPEG and PNG from many hands."""
    for path in pictures_in(shared / "golden"):
        source = ImageSource(path)
        assert len(list(source.frames())) == 1
        source.close()
