"""A live session from settings: the source, how it is opened again, sinks and the placeholder."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from mattebox.assemble.layers import open_layer
from mattebox.assemble.live_doors import lasting_name, open_live_sink, open_live_source
from mattebox.assemble.rehearsal import asked_format
from mattebox.assemble.steering import Steering, patience, placeholder, refuse_transparency
from mattebox.errors import SinkError, SourceError
from mattebox.frame import VideoFormat
from mattebox.live.exchange import Glimpse
from mattebox.live.on_demand import OnDemand
from mattebox.live.presenter import Presenter
from mattebox.live.session import Session
from mattebox.live.supervisor import Outage, Supervisor
from mattebox.settings import Settings

if TYPE_CHECKING:
    from mattebox.ports import LiveSource, Sink, Source
    from mattebox.sinks.readers import ReaderWatch

_log = logging.getLogger(__name__)

# How long the first picture of a camera is waited for before the placeholder is shown without one.
_FIRST_S = 3.0
_FIRST_WAIT_S = 0.1


class LiveRun:
    """A session, and what can be told of it.

    Attributes:
        session: to be run.
        presenter, supervisor, steering, on_demand: its parts.
        mode: what the source gives, in words.
    """

    def __init__(
        self,
        session: Session,
        presenter: Presenter,
        supervisor: Supervisor,
        steering: Steering,
        on_demand: OnDemand,
        opening: _Opening,
    ) -> None:
        self.session, self.presenter, self.supervisor = session, presenter, supervisor
        self.steering, self.on_demand, self._opening = steering, on_demand, opening
        self.mode = opening.mode

    @property
    def settings(self) -> Settings:
        """In effect."""
        return self.steering.settings

    def change(self, settings: Settings) -> list[str]:
        """Put other settings into effect while it runs; see ``Steering.change``."""
        return self.steering.change(settings)

    def give_up(self) -> None:
        """Release everything if it never came to a ``run`` of the session; else nothing."""
        if self.session.has_begun:
            return
        self.presenter.abort()
        self.on_demand.close()
        self._opening.close()

    def glimpse(self) -> Glimpse | None:
        """What was made last, and a wish for more of it; None before the first picture."""
        self.on_demand.look()
        return self.steering.glimpse

    def facts(self) -> dict[str, object]:
        """What has been shown, and what became of the frames, as numbers by name."""
        report = self.supervisor.report
        return {
            "shown": asdict(self.presenter.figures),
            "outages": len(self.supervisor.outages),
            "resting": self.supervisor.is_resting,
            "network_answers": self.steering.answers,
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
            if (answers := self.steering.answers) is not None and answers < report.written:
                lines.append(
                    f"The network looked at {answers} of {report.written} pictures; the others' "
                    "mattes were carried along their motion."
                )
        return lines


def open_live(
    input: str,
    outputs: Sequence[str],
    settings: Settings,
    *,
    realtime: bool = False,
    on_outage: Callable[[Outage], None] = lambda _outage: None,
    on_failure: Callable[[Sink, SinkError], None] = lambda _sink, _error: None,
    on_key: Callable[[str], None] = lambda _key: None,
) -> LiveRun:
    """A live session, ready to run: sinks are open, the network is not loaded yet.

    Args:
        input: ``camera:N``, ``camera:PATH``, an address, ``screen``, ``screen:X,Y,WxH``,
            ``synthetic``; with ``realtime`` a file.
        outputs: ``virtual``, ``virtual:DEVICE``, ``window``, a video file, or an address.
        settings: the whole tree.
        realtime: whether the input is a file, to be given at the pace it plays.
        on_outage, on_failure: told of what happens on the way.
        on_key: told of the keys that are pressed in a window.

    Raises:
        MatteboxError: an output cannot be had, or a setting is wrong. A source that is not there
            is waited for.
    """
    refuse_transparency(settings)
    sinks = [open_live_sink(name, settings, on_key, input=input) for name in outputs]
    opening = _Opening(input, settings, realtime=realtime)
    format = opening.first()
    rate = format.rate or Fraction(settings.camera.rate).limit_denominator(1001)
    presenter = Presenter(
        sinks,
        rate=rate,
        frozen_after_s=settings.live.frozen_after_s,
        on_failure=on_failure,
    )
    try:
        made = _shown_format(settings, format)
        presenter.open(made, placeholder(settings, made))
    except BaseException:
        opening.close()
        raise
    steering = Steering(settings, presenter)
    opening.steered = steering
    supervisor = Supervisor(
        opening,
        steering.build,
        presenter,
        patience=patience(settings),
        on_outage=on_outage,
        ends_with_source=realtime,
    )
    steering.steer(supervisor)
    timeout_s = settings.pipeline.stop_timeout_s
    on_demand = OnDemand(supervisor, _watches(sinks), rest_after_s=settings.live.rest_after_s)
    session = Session(presenter, supervisor, on_demand, stop_timeout_s=timeout_s)
    return LiveRun(session, presenter, supervisor, steering, on_demand, opening)


def _watches(sinks: Sequence[Sink]) -> list[ReaderWatch]:
    """Who looks at virtual cameras; nothing where somebody else looks too, or nobody can tell."""
    from mattebox.sinks.readers import ReaderWatch
    from mattebox.sinks.virtual_camera import VirtualCameraSink

    devices = [Path(sink.device) for sink in sinks if isinstance(sink, VirtualCameraSink)]
    if len(devices) < len(sinks) or not all(device.is_char_device() for device in devices):
        return []
    watches: list[ReaderWatch] = []
    try:
        for device in devices:
            watches.append(ReaderWatch(device))
    except SinkError as error:
        _log.info("%s", error)
        for watch in watches:
            watch.close()
        return []
    return watches


def _shown_format(settings: Settings, format: VideoFormat) -> VideoFormat:
    """What the settings make of pictures of a format."""
    layer = open_layer(settings, transparent=False)
    try:
        return layer.open(format)
    finally:
        layer.close()


class _Opening:
    """Opens the source, the first time and again, always in the format of the first."""

    def __init__(self, input: str, settings: Settings, *, realtime: bool) -> None:
        self._input, self._first_settings, self._realtime = input, settings, realtime
        self.steered: Steering | None = None
        self._waiting: Source | None = None
        self._format: VideoFormat | None = None
        self.mode = ""

    def first(self) -> VideoFormat:
        """The format of the source, which is open then; without it, the one that was asked for."""
        began = time.monotonic()
        while self._format is None:
            try:
                source = self._open()
                self._waiting, self._format, self.mode = source, source.format, source.mode
                self._input = lasting_name(self._input)
            except SourceError as error:
                if self._realtime:
                    raise
                if time.monotonic() - began > _FIRST_S:
                    _log.warning("%s", error)
                    self._format, self.mode = asked_format(self._settings), "nothing yet"
                time.sleep(_FIRST_WAIT_S)
        return self._format

    def __call__(self) -> Source:
        """The source, in the format of the first."""
        from mattebox.sources.fitted import FittedSource
        from mattebox.sources.mirrored import MirroredSource

        assert self._format is not None, "the first one is asked for first"
        source, self._waiting = self._waiting, None
        source = source or FittedSource(self._open(), self._format)
        return source if self.steered is None else MirroredSource(source, self.steered.is_mirrored)

    def close(self) -> None:
        """Release a source that nobody has asked for."""
        source, self._waiting = self._waiting, None
        if source is not None:
            source.close()

    @property
    def _settings(self) -> Settings:
        """Those in effect when it is opened."""
        return self._first_settings if self.steered is None else self.steered.settings

    def _open(self) -> LiveSource:
        return open_live_source(self._input, self._settings, realtime=self._realtime)
