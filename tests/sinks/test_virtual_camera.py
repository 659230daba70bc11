"""The virtual camera, through pyvirtualcam itself with a backend that records what it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
import pyvirtualcam

from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame, VideoFormat
from mattebox.pixels import pixel_format
from mattebox.sinks.virtual_camera import VirtualCameraSink

HEIGHT, WIDTH = 4, 8
SENT: list[np.ndarray] = []
ASKED: list[dict[str, object]] = []


class Recording:
    """A device in memory."""

    def __init__(self, **asked: object) -> None:
        if asked["device"] == "busy":
            raise RuntimeError("device is in use")
        ASKED.append(asked)

    def close(self) -> None:
        """Once, says pyvirtualcam."""
        ASKED.append({"closed": True})

    def send(self, frame: np.ndarray) -> None:
        """Keep a copy, or fail."""
        if len(SENT) == 3:
            raise RuntimeError("gone")
        SENT.append(frame.copy())

    def device(self) -> str:
        """Its name."""
        return "memory"

    def native_fourcc(self) -> int | None:
        """Any."""
        return None


@pytest.fixture(autouse=True)
def _backend() -> Iterator[None]:
    SENT.clear()
    ASKED.clear()
    pyvirtualcam.register_backend("recording", Recording)
    yield
    pyvirtualcam.camera.BACKENDS.pop("recording")


def frame(pixels: str) -> Frame:
    """Each plane of one value, at that depth: 16, 32, 64 and so on."""
    layout = pixel_format(pixels)
    format = VideoFormat(WIDTH, HEIGHT, layout, Fraction(1, 30), Fraction(30))
    planes = tuple(
        np.full(shape, (16 << index) << (layout.depth - 8), layout.dtype)
        for index, shape in enumerate(format.plane_shapes)
    )
    return Frame(planes, format, 0)


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuva420p"])
def test_planes_go_out_as_they_are(pixels: str) -> None:
    """Y, then Cb, then Cr, each in its place, whatever the layout was."""
    picture = frame(pixels)
    sink = VirtualCameraSink(backend="recording")
    sink.open(picture.format)
    sink.write(picture)
    sink.close()

    [sent] = SENT
    luma, chroma = sent[: WIDTH * HEIGHT], sent[WIDTH * HEIGHT :].reshape(2, -1)
    assert (luma == 16).all()
    assert (chroma[0] == 32).all()
    assert (chroma[1] == 64).all()
    assert (ASKED[0]["width"], ASKED[0]["height"], ASKED[0]["fps"]) == (WIDTH, HEIGHT, 30)
    assert ASKED[1:] == [{"closed": True}]
    assert sink.device == "memory"


@pytest.mark.parametrize(("pixels", "luma"), [("gray", 16), ("gbrp", 44)])
def test_what_has_no_chroma_of_its_own_is_converted(pixels: str, luma: int) -> None:
    """Gray is neutral; G 16, B 32 and R 64 have a luma of 44 in BT.601, limited range."""
    picture = frame(pixels)
    sink = VirtualCameraSink(backend="recording")
    sink.open(picture.format)
    sink.write(picture)
    sink.close()
    assert abs(SENT[0][: WIDTH * HEIGHT].astype(int) - luma).max() <= 1
    if pixels == "gray":
        assert (SENT[0][WIDTH * HEIGHT :] == 128).all()


def test_a_device_that_goes_away_is_an_error_of_the_sink() -> None:
    """So that the others go on."""
    picture = frame("yuv420p")
    sink = VirtualCameraSink(backend="recording")
    sink.open(picture.format)
    for _ in range(3):
        sink.write(picture)
    with pytest.raises(SinkError, match="memory takes no more pictures: gone"):
        sink.write(picture)
    sink.abort()
    assert ASKED[-1] == {"closed": True}


def test_a_device_that_cannot_be_had_says_what_to_do() -> None:
    """Step by step, and what goes without one."""
    with pytest.raises(SinkRefused, match=r"(?s)busy.*in use.*-o window"):
        VirtualCameraSink("busy", backend="recording").open(frame("yuv420p").format)


def test_odd_sizes_are_refused() -> None:
    """Before anything is opened."""
    format = VideoFormat(7, 5, pixel_format("yuv420p"), Fraction(1, 30))
    with pytest.raises(SinkRefused, match="7×5"):
        VirtualCameraSink(backend="recording").open(format)
    assert ASKED == []
