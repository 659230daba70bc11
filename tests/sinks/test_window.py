"""The window and the screen: what one shows is what the other sees, on a screen in memory."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import av
import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest
from av.video.reformatter import ColorRange, Colorspace

from mattebox.colour import MATRIX_BT601, MATRIX_BT709, Colour, Range
from mattebox.errors import SinkClosed, SinkError, SinkRefused, SourceNotFound
from mattebox.frame import VideoFormat
from mattebox.sinks.window import WindowSink
from mattebox.sources import screen
from mattebox.sources.screen import ScreenSource
from places import skip_or_fail
from receivers import QUARTERS, TICKS, quartered
from screens import x11_screen


@pytest.fixture
def display(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A screen, which is the one that programs take."""
    with x11_screen() as name:
        monkeypatch.setenv("DISPLAY", name)
        yield name


def seen(display: str) -> np.ndarray:
    """What the screen shows: (height, width, 3), R, G, B."""
    source = ScreenSource(display, None, 25)
    frame = next(source.frames())
    source.close()
    green, blue, red = frame.planes
    return np.stack([red, green, blue], -1).astype(int)


def shown_until(
    window: WindowSink,
    is_so: Callable[[], bool],
    key: str | None = None,
    format: VideoFormat = TICKS,
) -> None:
    """Write pictures until that is so; press a key now and then, as a new window may miss one."""
    deadline, pts = time.monotonic() + 60, 0
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        window.write(quartered(pts, format))
        if key is not None and pts % 20 == 0:
            press(key)
        pts += 1
        time.sleep(0.03)


def colours(tags: Colour = TICKS.colour) -> np.ndarray:
    """What the quarters are in R, G, B, by FFmpeg."""
    made = av.VideoFrame.from_ndarray(
        np.vstack([plane.reshape(-1, 160) for plane in quartered(0).planes]), format="yuv420p"
    )
    matrix = Colorspace.ITU709 if tags.matrix == MATRIX_BT709 else Colorspace.ITU601
    range = ColorRange.JPEG if tags.range is Range.FULL else ColorRange.MPEG
    shown = made.reformat(format="rgb24", src_colorspace=matrix, src_color_range=range)
    return shown.to_ndarray().astype(int)[[24, 24, 72, 72], [40, 120, 40, 120]]


def shows_quarters(picture: np.ndarray, tags: Colour = TICKS.colour, larger: int = 1) -> bool:
    """Whether there is a place with each of the four colours, each as large as a quarter."""
    areas = [(abs(picture - colour).max(-1) <= 4).sum() for colour in colours(tags)]
    return bool(min(areas) > 0.9 * larger**2 * TICKS.width * TICKS.height / len(QUARTERS))


def test_a_screen_shows_what_the_window_was_given(display: str) -> None:
    """All four quarters in their colours; before and after, nothing of them."""
    assert not shows_quarters(seen(display))
    window = WindowSink()
    window.open(TICKS)
    shown_until(window, lambda: shows_quarters(seen(display)))
    window.close()
    assert not shows_quarters(seen(display))


@pytest.mark.parametrize(
    "tags",
    [Colour(), Colour(MATRIX_BT601), Colour(MATRIX_BT709), Colour(MATRIX_BT601, range=Range.FULL)],
    ids=["untagged", "BT.601", "BT.709", "full range"],
)
def test_colours_are_shown_by_their_tags(display: str, tags: Colour) -> None:
    """As FFmpeg shows them; those of other tags differ by more than the tolerance."""
    window = WindowSink()
    window.open(tagged := replace(TICKS, colour=tags))
    shown_until(window, lambda: shows_quarters(seen(display), tags), format=tagged)
    window.close()


def test_a_window_of_another_size_shows_the_same_picture(display: str) -> None:
    """Scaled, with bars at the sides, and at once: no new picture is waited for."""
    window = WindowSink()
    window.open(TICKS)
    shown_until(window, lambda: shows_quarters(seen(display)))
    on_x11(_RESIZE)
    deadline = time.monotonic() + 60
    while not shows_quarters(picture := seen(display), larger=2):
        assert time.monotonic() < deadline, "it never came to that"
    assert (picture[:192, [20, 380]] == 0).all()
    window.close()


@pytest.mark.parametrize("key", ["q", "\x1b"], ids=["q", "Escape"])
def test_q_and_escape_close_it(display: str, key: str) -> None:
    """A key that the screen sends, as from a keyboard."""
    window = WindowSink()
    window.open(TICKS)
    shown_until(window, lambda: shows_quarters(seen(display)))
    with pytest.raises(SinkClosed):
        shown_until(window, lambda: False, key)
    window.close()


def test_other_keys_are_told(display: str) -> None:
    """As the character that they type."""
    told: list[str] = []
    window = WindowSink(on_key=told.append)
    window.open(TICKS)
    shown_until(window, lambda: shows_quarters(seen(display)))
    shown_until(window, lambda: "b" in told, "b")
    assert set(told) == {"b"}
    window.close()


def test_a_screen_that_goes_away_is_an_error() -> None:
    """Of this output, and of nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        with x11_screen() as name:
            patch.setenv("DISPLAY", name)
            window = WindowSink()
            window.open(TICKS)
            window.write(quartered(0))
        with pytest.raises(SinkError, match="lost its screen"):
            shown_until(window, lambda: False)
        window.abort()


def test_a_region_of_the_screen_is_that_part(display: str) -> None:
    """By its left, its top and its size; outside of the screen there is none."""
    window = WindowSink()
    window.open(TICKS)
    shown_until(window, lambda: shows_quarters(seen(display)))
    whole = seen(display)
    source = ScreenSource(display, (20, 30, 100, 60), 25)
    green, blue, red = next(source.frames()).planes
    source.close()
    assert (np.stack([red, green, blue], -1) == whole[30:90, 20:120]).all()
    window.close()
    with pytest.raises(SourceNotFound, match="cannot open") as caught:
        ScreenSource(display, (2000, 0, 100, 60), 25)
    assert "inside it" in caught.value.advice


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have a screen")
@pytest.mark.parametrize("name", [None, ":4711"])
def test_without_a_screen_it_says_what_to_do(
    name: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which one it looked for, and what else there is."""
    monkeypatch.delenv("DISPLAY", raising=False)
    if name is not None:
        monkeypatch.setenv("DISPLAY", name)
    with pytest.raises(
        SinkRefused, match=r"DISPLAY is not set|screen :4711 does not open"
    ) as caught:
        WindowSink().open(TICKS)
    assert "-o virtual" in caught.value.advice


_WINDOWS = """
import ctypes as c
x, test = c.CDLL("libX11.so.6"), c.CDLL("libXtst.so.6")
x.XOpenDisplay.restype = c.c_void_p
x.XDefaultRootWindow.restype = c.c_ulong
screen = c.c_void_p(x.XOpenDisplay(None))
root, parent, count = c.c_ulong(), c.c_ulong(), c.c_uint()
windows = c.POINTER(c.c_ulong)()
place = c.c_ulong(x.XDefaultRootWindow(screen))
found = [c.byref(each) for each in (root, parent, windows, count)]
x.XQueryTree(screen, place, *found)
# Some windows are hidden and refuse the keyboard.
ignore = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_void_p)(lambda *_: 0)
x.XSetErrorHandler(ignore)
windows = [c.c_ulong(windows[index]) for index in range(count.value)]
"""

# There is no window manager here, which would give a new window the keyboard.
_PRESS = """
for window in windows:
    x.XSetInputFocus(screen, window, 1, c.c_ulong(0))
x.XSync(screen, 0)
code = x.XKeysymToKeycode(screen, c.c_ulong({symbol}))
for down in (1, 0):
    test.XTestFakeKeyEvent(screen, code, down, c.c_ulong(0))
x.XSync(screen, 0)
"""

_RESIZE = """
for window in windows:
    x.XResizeWindow(screen, window, 400, 192)
x.XSync(screen, 0)
"""


def press(key: str) -> None:
    """Press a key on the screen's keyboard, through X11's own test extension."""
    on_x11(_PRESS.format(symbol=0xFF1B if key == "\x1b" else ord(key)))


def on_x11(deed: str) -> None:
    """Do something to the screen's windows."""
    words = [sys.executable, "-c", _WINDOWS + deed]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    if "OSError" in made.stderr:
        skip_or_fail("xvfb", "libXtst is not installed: no key can be pressed")
    assert made.returncode == 0, made.stderr


def test_a_screen_that_does_not_answer_is_not_waited_for(
    display: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that hangs: whoever opens it is told so after a while."""
    monkeypatch.setattr(screen, "_OPEN_S", 1.5)
    (server,) = (child for child in psutil.Process().children() if child.name() == "Xvfb")
    server.suspend()
    try:
        with pytest.raises(SourceNotFound, match="cannot open the screen"):
            ScreenSource(display, None, 25)
    finally:
        server.resume()
