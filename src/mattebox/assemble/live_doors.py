"""What a live INPUT and a live OUTPUT name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.assemble.inputs import open_source
from mattebox.assemble.results import files_read, open_sink
from mattebox.errors import SettingsError
from mattebox.files import is_there
from mattebox.live.behind import SinkBehindThread
from mattebox.settings import Settings

if TYPE_CHECKING:
    from mattebox.ports import LiveSource, Sink, Source

# Seconds of video that a recording may be behind, and what it may take to end.
_RECORDING_S, _RECORDING_STOP_S = 2, 10.0
# Pictures that wait for the network, and what hanging up may take.
_SENDING, _SENDING_STOP_S = 2, 3.0
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://")


def open_live_source(name: str, settings: Settings, *, realtime: bool) -> LiveSource:
    """What a live INPUT names.

    Raises:
        SettingsError: it is a file, and not to be played in real time.
        SourceError: it is not there or gives no picture.
    """
    if name.startswith("camera:"):
        from mattebox.sources.camera import CameraMode, CameraSource

        device = name.removeprefix("camera:")
        camera = settings.camera
        asked = CameraMode(camera.width, camera.height, camera.rate, camera.codecs)
        return CameraSource(int(device) if device.isdigit() else device, asked)
    if name.partition(":")[0] == "screen" and not is_there(name):
        return _screen(name.partition(":")[2], settings)
    if _ADDRESS.match(name):
        from mattebox.sources.stream import StreamSource

        return StreamSource(name)
    if name != "synthetic" and not realtime:
        raise SettingsError(
            f"{name} is no camera and no address.",
            "For a camera pass -i camera:0; a file is played with --realtime, or made with "
            "`mattebox run`.",
        )
    from mattebox.sources.realtime import RealtimeSource

    return RealtimeSource(_endless() if name == "synthetic" else open_source(name, settings))


def _endless() -> Source:
    from mattebox.sources.synthetic import SyntheticSource

    return SyntheticSource(width=1280, height=720, frames=None, rate=Fraction(30))


def _screen(text: str, settings: Settings) -> LiveSource:
    from mattebox.sources.screen import ScreenSource

    region = _region(text)
    display = os.environ.get("DISPLAY")
    if not display:
        raise SettingsError(
            "there is no X11 screen to take: DISPLAY is not set.", "Run it on an X11 desktop."
        )
    return ScreenSource(display, region, settings.camera.rate)


def _region(text: str) -> tuple[int, int, int, int] | None:
    """Left, top, width and height in ``X,Y,WxH``; None for nothing."""
    if not text:
        return None
    found = re.fullmatch(r"(\d+),(\d+),(\d+)x(\d+)", text)
    left, top, width, height = map(int, found.groups()) if found else (0, 0, 0, 0)
    if width < 2 or height < 2:
        raise SettingsError(
            f"screen:{text} names no region of the screen.",
            "Write screen:LEFT,TOP,WIDTHxHEIGHT in pixels, such as screen:100,50,1280x720.",
        )
    return left, top, width, height


def lasting_name(name: str) -> str:
    """The INPUT by a name that stays the same after replugging, where the system has one."""
    device = name.removeprefix("camera:")
    # However it is spelled: 0, 00, /dev/video0, or one of several links to that.
    node = device if device.isdigit() else os.path.realpath(device).removeprefix("/dev/video")
    if device == name or not node.isdigit():
        return name
    from mattebox.sources.camera import stable_path

    number = int(node)
    return f"camera:{stable_path(number) or number}"


def shown_output(name: str) -> str:
    """The OUTPUT as it may be told: without the stream key of an address."""
    if not _ADDRESS.match(name):
        return name
    from mattebox.sinks.address import shown_address

    return shown_address(name)


def open_live_sink(
    name: str,
    settings: Settings,
    on_key: Callable[[str], None] = lambda _key: None,
    *,
    input: str = "synthetic",
) -> Sink:
    """What a live OUTPUT names.

    Args:
        name: ``virtual``, ``virtual:DEVICE``, ``window``, a video file, or an address.
        settings: the whole tree.
        on_key: told of the keys that are pressed in a window.
        input: where the pictures come from; if that is a file it is never replaced.

    Raises:
        SettingsError: it is none.
    """
    kind, _, device = name.partition(":")
    if kind == "virtual" and not is_there(name):
        from mattebox.sinks.virtual_camera import VirtualCameraSink

        return VirtualCameraSink(device or None)
    if name == "window":
        from mattebox.sinks.window import WindowSink

        return WindowSink(on_key=on_key)
    if _ADDRESS.match(name):
        return _network_sink(name, settings)
    if not Path(name).suffix:
        raise SettingsError(
            f"{name} is no live output.",
            "Use virtual, window, a video file such as call.mp4, or an address such as "
            "rtmp://HOST/APP/KEY.",
        )
    sink = open_sink(name, settings, input="-", forbidden=files_read(settings, input))
    capacity = max(2, round(_RECORDING_S * settings.camera.rate))
    return SinkBehindThread(sink, capacity=capacity, stop_timeout_s=_RECORDING_STOP_S)


def _network_sink(address: str, settings: Settings) -> Sink:
    from mattebox.sinks.stream import StreamSink

    live = settings.live
    sink = StreamSink(address, bitrate_kbps=live.bitrate_kbps, longest_wait_s=live.longest_wait_s)
    return SinkBehindThread(sink, capacity=_SENDING, stop_timeout_s=_SENDING_STOP_S)
