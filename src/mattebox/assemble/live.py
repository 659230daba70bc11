"""A live session from settings: the source, how it is opened again, sinks and the placeholder."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.assemble.inputs import open_source
from mattebox.assemble.layers import open_backdrop, open_layer
from mattebox.assemble.mattes import Matting, open_matting
from mattebox.assemble.results import open_sink
from mattebox.channel import Overflow
from mattebox.errors import SettingsError, SinkError, SourceError
from mattebox.files import is_picture
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.live.behind import SinkBehindThread
from mattebox.live.presenter import Presenter
from mattebox.live.session import OfferingSink, Session
from mattebox.live.supervisor import Outage, Patience, Supervisor
from mattebox.pipeline import Output, Pipeline, Plan
from mattebox.pixels import pixel_format
from mattebox.settings import Settings

if TYPE_CHECKING:
    from mattebox.colour import Planes
    from mattebox.ports import LiveSource, Sink, Source

_log = logging.getLogger(__name__)

# How long the first picture of a camera is waited for before the placeholder is shown without one.
_FIRST_S = 3.0
_FIRST_WAIT_S = 0.1
# Seconds of video that a recording may be behind, and what it may take to end.
_RECORDING_S, _RECORDING_STOP_S = 2, 10.0
# Pictures that wait for the network, and what hanging up may take.
_SENDING, _SENDING_STOP_S = 2, 3.0
# Two frames: one being matted, one waiting. A third would only be older.
_CAPACITY = 1
_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://")
_TICKS = Fraction(1, 1_000_000)


class LiveRun:
    """A session, and what can be told of it.

    Attributes:
        session: to be run.
        presenter, supervisor: its parts.
        mode: what the source gives, in words.
    """

    def __init__(
        self, session: Session, presenter: Presenter, supervisor: Supervisor, mode: str
    ) -> None:
        self.session, self.presenter, self.supervisor = session, presenter, supervisor
        self.mode = mode

    def facts(self) -> dict[str, object]:
        """What has been shown, and what became of the frames, as numbers by name."""
        report = self.supervisor.report
        return {
            "shown": asdict(self.presenter.figures),
            "outages": len(self.supervisor.outages),
            "source": None if report is None else report.to_dict(),
        }

    def story(self) -> list[str]:
        """The same in sentences, for a person."""
        figures, outages = self.presenter.figures, self.supervisor.outages
        lines = [
            f"{figures.shown} pictures shown, {figures.repeated} times one was shown again, "
            f"{figures.placeholders} times the placeholder."
        ]
        if figures.latency_p50_s is not None and figures.latency_p95_s is not None:
            lines.append(
                f"From the camera to the other side in {1000 * figures.latency_p50_s:.0f} ms "
                f"(median), {1000 * figures.latency_p95_s:.0f} ms (95 of 100): delay the "
                "microphone by as much."
            )
        if outages:
            longest = max(outage.lasted_s for outage in outages)
            lines.append(f"The source was lost {len(outages)} times, {longest:.1f} s at most.")
        if (report := self.supervisor.report) is not None:
            lines.append(report.sentence())
        return lines


def open_live(
    input: str,
    outputs: Sequence[str],
    settings: Settings,
    *,
    realtime: bool = False,
    on_outage: Callable[[Outage], None] = lambda _outage: None,
    on_failure: Callable[[Sink, SinkError], None] = lambda _sink, _error: None,
) -> LiveRun:
    """A live session, ready to run: sinks are open, the network is not loaded yet.

    Args:
        input: ``camera:N``, ``camera:PATH``, an address, ``screen``, ``screen:X,Y,WxH``,
            ``synthetic``; with ``realtime`` a file.
        outputs: ``virtual``, ``virtual:DEVICE``, ``window``, a video file, or an address.
        settings: the whole tree.
        realtime: whether the input is a file, to be given at the pace it plays.
        on_outage, on_failure: told of what happens on the way.

    Raises:
        MatteboxError: an output cannot be had, or a setting is wrong. A source that is not there
            is waited for.
    """
    if settings.backdrop.source == "transparent":
        raise SettingsError(
            "a live picture cannot be transparent: virtual cameras and windows have no alpha.",
            "Take a colour that the subject does not have, such as -b lime, and key it out there.",
        )
    sinks = [_open_sink(name, settings) for name in outputs]
    opening = _Opening(input, settings, realtime=realtime)
    source, format = opening.first()
    rate = format.rate or Fraction(settings.camera.rate).limit_denominator(1001)
    presenter = Presenter(
        sinks,
        rate=rate,
        frozen_after_s=settings.live.frozen_after_s,
        on_failure=on_failure,
    )
    try:
        shown = open_layer(settings, transparent=False)
        made = shown.open(format)
        presenter.open(made, _placeholder(settings, made))
        shown.close()
    except BaseException:
        if source is not None:
            source.close()
        raise
    building = _Building(settings, presenter)
    supervisor = Supervisor(
        opening,
        building.build,
        presenter,
        patience=_patience(settings),
        on_outage=on_outage,
        ends_with_source=realtime,
    )
    timeout_s = settings.pipeline.stop_timeout_s
    session = Session(presenter, supervisor, stop_timeout_s=timeout_s)
    return LiveRun(session, presenter, supervisor, opening.mode)


class _Opening:
    """Opens the source, the first time and again, always in the format of the first."""

    def __init__(self, input: str, settings: Settings, *, realtime: bool) -> None:
        self._input, self._settings, self._realtime = input, settings, realtime
        self._waiting: Source | None = None
        self._format: VideoFormat | None = None
        self.mode = ""

    def first(self) -> tuple[Source | None, VideoFormat]:
        """The source and its format; without it, the format that was asked for."""
        began = time.monotonic()
        while self._format is None:
            try:
                source = self._open()
                self._waiting, self._format, self.mode = source, source.format, source.mode
            except SourceError as error:
                if self._realtime:
                    raise
                if time.monotonic() - began > _FIRST_S:
                    _log.warning("%s", error)
                    self._format, self.mode = self._asked(), "nothing yet"
                time.sleep(_FIRST_WAIT_S)
        return self._waiting, self._format

    def __call__(self) -> Source:
        """The source, in the format of the first."""
        from mattebox.sources.fitted import FittedSource

        assert self._format is not None, "the first one is asked for first"
        source, self._waiting = self._waiting, None
        source = source or FittedSource(self._open(), self._format)
        if self._settings.live.mirror:
            from mattebox.sources.mirrored import MirroredSource

            return MirroredSource(source)
        return source

    def _open(self) -> LiveSource:
        return open_live_source(self._input, self._settings, realtime=self._realtime)

    def _asked(self) -> VideoFormat:
        camera = self._settings.camera
        rate = Fraction(camera.rate).limit_denominator(1001)
        size = camera.width // 2 * 2, camera.height // 2 * 2
        return VideoFormat(*size, pixel_format("yuv420p"), _TICKS, rate)


class _Building:
    """Makes the data path of each source; the network is loaded with the first."""

    def __init__(self, settings: Settings, presenter: Presenter) -> None:
        self._settings, self._presenter = settings, presenter
        self._matting: Matting | None = None

    def build(self, source: Source) -> Pipeline:
        """See ``Supervisor``."""
        try:
            if self._matting is None:
                self._matting = open_matting(self._settings)
            layer = open_layer(self._settings, transparent=False)
        except BaseException:
            source.close()
            raise
        plan = Plan(
            capacity=_CAPACITY,
            at_most=1,
            overflow=Overflow.DROP_OLDEST,
            stop_timeout_s=self._settings.live.reopen_after_s,
        )
        output = Output(layer, OfferingSink(self._presenter))
        return Pipeline(source, self._matting.stage_for(source), [output], plan=plan)


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
    if name.partition(":")[0] == "screen" and not Path(name).exists():
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
    import os

    from mattebox.sources.stream import screen

    region = _region(text)
    display = os.environ.get("DISPLAY")
    if not display:
        raise SettingsError(
            "there is no X11 screen to take: DISPLAY is not set.", "Run it on an X11 desktop."
        )
    return screen(display, region, settings.camera.rate)


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


def _open_sink(name: str, settings: Settings) -> Sink:
    kind, _, device = name.partition(":")
    if kind == "virtual" and not Path(name).exists():
        from mattebox.sinks.virtual_camera import VirtualCameraSink

        return VirtualCameraSink(device or None)
    if name == "window":
        from mattebox.sinks.window import WindowSink

        return WindowSink()
    if _ADDRESS.match(name):
        return _network_sink(name, settings)
    if not Path(name).suffix:
        raise SettingsError(
            f"{name} is no live output.",
            "Use virtual, window, a video file such as call.mp4, or an address such as "
            "rtmp://HOST/APP/KEY.",
        )
    sink = open_sink(name, settings, input="-")
    capacity = max(2, round(_RECORDING_S * settings.camera.rate))
    return SinkBehindThread(sink, capacity=capacity, stop_timeout_s=_RECORDING_STOP_S)


def _network_sink(address: str, settings: Settings) -> Sink:
    from mattebox.sinks.stream import StreamSink

    live = settings.live
    sink = StreamSink(address, bitrate_kbps=live.bitrate_kbps, longest_wait_s=live.longest_wait_s)
    return SinkBehindThread(sink, capacity=_SENDING, stop_timeout_s=_SENDING_STOP_S)


def _placeholder(settings: Settings, format: VideoFormat) -> Planes:
    import numpy as np
    import torch

    opaque = format.with_pixels(format.pixels.without_alpha())
    name = settings.live.placeholder
    if Path(name).exists() and not is_picture(Path(name)):
        raise SettingsError(f"the placeholder {name} is no picture.", "Give a colour or an image.")
    backdrop = open_backdrop(name, settings)
    backdrop.open(opaque)
    planes = tuple(np.zeros(shape, opaque.pixels.dtype) for shape in opaque.plane_shapes)
    nobody = Matte(Frame(planes, opaque, 0), torch.zeros(opaque.height, opaque.width))
    shown = backdrop.render(nobody)
    backdrop.close()
    return shown


def _patience(settings: Settings) -> Patience:
    live = settings.live
    return Patience(
        lost_after_s=live.lost_after_s,
        hung_after_s=live.reopen_after_s,
        first_wait_s=min(_FIRST_WAIT_S, live.longest_wait_s),
        longest_wait_s=live.longest_wait_s,
    )
