"""Latency through the pixels: a clock is drawn by the camera and read behind the virtual camera."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pytest
import pyvirtualcam

from mattebox.assemble.live import open_live
from sessions import live_settings, running, wait_until
from streams import HEIGHT, RATE, WIDTH, MjpegCamera, Picture

# A clock in milliseconds of 20 bits, each a square of white or black: 17 minutes until it is 0.
BITS, SIDE = 20, 16
COLUMNS = WIDTH // SIDE
TOP = 32
READ: list[tuple[int, int]] = []  # milliseconds: on the clock, and when it was read


def clock_ms() -> int:
    return int(1000 * time.monotonic()) % (1 << BITS)


def place(bit: int) -> tuple[slice, slice]:
    row, column = divmod(bit, COLUMNS)
    top, left = TOP + row * SIDE, column * SIDE
    return slice(top, top + SIDE), slice(left, left + SIDE)


def drawn(_index: int) -> Picture:
    """The clock as it stands; what is black is background and turns green behind."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    now = clock_ms()
    for bit in range(BITS):
        if now >> bit & 1:
            picture[place(bit)] = 255
    return picture


def read(luma: npt.NDArray[np.uint8]) -> int | None:
    """The clock in a picture; None where there is none."""
    levels = [int(np.median(luma[place(bit)])) for bit in range(BITS)]
    if max(levels) < 180:
        return None
    return sum(1 << bit for bit, level in enumerate(levels) if level > 180)


class Reading:
    """A virtual camera that reads the clock."""

    def __init__(self, **_asked: object) -> None:
        pass

    def send(self, frame: npt.NDArray[np.uint8]) -> None:
        """Read it."""
        seen = read(frame[: WIDTH * HEIGHT].reshape(HEIGHT, WIDTH))
        if seen is not None:
            READ.append((seen, clock_ms()))

    def close(self) -> None:
        """There is nothing to give back."""

    def device(self) -> str:
        """Its name."""
        return "memory"

    def native_fourcc(self) -> int | None:
        """Any."""
        return None


@pytest.fixture(autouse=True)
def _backend() -> Iterator[None]:
    READ.clear()
    pyvirtualcam.register_backend("reading", Reading)
    yield
    pyvirtualcam.camera.BACKENDS.pop("reading")


def test_the_clock_that_is_drawn_is_the_clock_that_is_read() -> None:
    """The ruler itself: every bit on its own, and all together."""
    for value in (*(1 << bit for bit in range(BITS)), (1 << BITS) - 1):
        picture = np.zeros((HEIGHT, WIDTH), np.uint8)
        for bit in range(BITS):
            if value >> bit & 1:
                picture[place(bit)] = 235
        assert read(picture) == value


def test_the_latency_that_is_told_is_the_latency_that_is_seen(
    record_property: Callable[[str, object], None],
) -> None:
    """From arrival to send is told; through the pixels comes the network on the way in.

    Pictures never go back in time, however many were dropped on the way.
    """
    with (
        MjpegCamera(drawn) as camera,
        running(open_live(camera.address, ["virtual"], live_settings())) as run,
    ):
        wait_until(lambda: run.presenter.figures.shown >= 60)
        told_s = run.presenter.figures.latency_p50_s
    first_seen = dict(reversed(READ))
    clocks = [clock for clock, _ in READ]
    assert clocks == sorted(clocks)
    seen_ms = float(np.median([now - clock for clock, now in first_seen.items()]))
    assert told_s is not None
    record_property("latency", f"{1000 * told_s:.0f} ms told, {seen_ms:.0f} ms through the pixels")
    # A frame arrives after it is drawn, and is decoded no more than a few frames later.
    assert 1000 * told_s - 2 <= seen_ms < 1000 * told_s + 10 * 1000 / RATE
