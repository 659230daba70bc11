"""The figures of a live session for Prometheus, at http://127.0.0.1:PORT/metrics.

The figures are read when somebody asks, on a thread of the server's; nothing is counted twice. What
they mean is told by ``PresenterFigures`` and ``Report``; those of the data path begin again at 0
when the source is opened again, which Prometheus takes for the restart of a counter that it is.

Source: "Metric and label naming", prometheus.io: base units, ``_total`` behind what only grows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

from mattebox.errors import SettingsError

if TYPE_CHECKING:
    from prometheus_client import Metric

    from mattebox.live.presenter import PresenterFigures
    from mattebox.live.supervisor import Outage
    from mattebox.report import Report, StageReport

# Nobody else on the network is told anything.
_LOOPBACK = "127.0.0.1"


class _Presenter(Protocol):
    @property
    def figures(self) -> PresenterFigures: ...


class _Supervisor(Protocol):
    @property
    def report(self) -> Report | None: ...

    @property
    def outages(self) -> Sequence[Outage]: ...


class Watchable(Protocol):
    """A session whose figures any thread may ask for, such as ``LiveRun``."""

    @property
    def presenter(self) -> _Presenter:
        """Counts what is shown."""

    @property
    def supervisor(self) -> _Supervisor:
        """Counts what comes."""


class SessionMetrics:
    """Gives the figures of a session to whoever scrapes; before ``watch``, only the version."""

    def __init__(self) -> None:
        self._run: Watchable | None = None

    def watch(self, run: Watchable) -> None:
        """Tell of this session from now on."""
        self._run = run

    def collect(self) -> Iterator[Metric]:
        """Every metric as it is now; prometheus_client calls it, on any thread."""
        running = {version("mattebox"): 1}
        yield _gauge("mattebox_build_info", "The version that runs.", "version", running)
        if (run := self._run) is None:
            return
        yield from _of_pictures(run.presenter.figures)
        yield from _of_outages(run.supervisor.outages)
        if (report := run.supervisor.report) is not None:
            yield from _of_frames(report)
            yield from _of_stages(report.stages)


@contextmanager
def serving_metrics(port: int) -> Iterator[SessionMetrics]:
    """Serve metrics while the block runs; with port 0 nothing is served.

    Raises:
        SettingsError: prometheus_client is not installed, or the port cannot be had.
    """
    metrics = SessionMetrics()
    if not port:
        yield metrics
        return
    try:
        from prometheus_client import CollectorRegistry, start_http_server
    except ImportError as error:
        raise SettingsError(
            f"cannot serve metrics on port {port}: prometheus_client is not installed.",
            "pip install 'mattebox[metrics]'",
        ) from error
    # Of its own: the usual one tells of the process too, and lasts as long as that.
    registry = CollectorRegistry()
    registry.register(metrics)
    try:
        server, thread = start_http_server(port, _LOOPBACK, registry)
    except OSError as error:
        raise SettingsError(
            f"cannot serve metrics on {_LOOPBACK}:{port}: {error.strerror}.",
            "Another program or another session has that port: choose another with --metrics or "
            "live.metrics_port, above 1023.",
        ) from error
    try:
        yield metrics
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _of_pictures(figures: PresenterFigures) -> Iterator[Metric]:
    fates = {name: getattr(figures, name) for name in ("shown", "superseded", "refused")}
    yield _counter(
        "mattebox_live_pictures", "Pictures that were made, by what became of them.", "fate", fates
    )
    yield _gauge(
        "mattebox_live_pictures_waiting",
        "Pictures that were made and not sent yet.",
        "",
        {"": figures.waiting},
    )
    kinds = {
        "new": figures.shown,
        "repeated": figures.repeated,
        "placeholder": figures.placeholders,
    }
    yield _counter("mattebox_live_ticks", "Pictures that were sent, by their kind.", "kind", kinds)
    yield _gauge(
        "mattebox_live_latency_seconds",
        "From a frame's arrival in the program until it was sent, over the whole session.",
        "quantile",
        {"0.5": figures.latency_p50_s, "0.95": figures.latency_p95_s},
    )
    yield _gauge(
        "mattebox_live_tick_lateness_seconds",
        "How much later than its moment a picture was sent, over the last 512.",
        "quantile",
        {"0.95": figures.lateness_p95_s},
    )


def _of_outages(outages: Sequence[Outage]) -> Iterator[Metric]:
    ended = tuple(outages)
    yield _counter(
        "mattebox_live_outages", "Times without the source that are over.", "", {"": len(ended)}
    )
    lasted_s = sum(outage.lasted_s for outage in ended)
    yield _counter("mattebox_live_outage_seconds", "How long they lasted.", "", {"": lasted_s})


def _of_frames(report: Report) -> Iterator[Metric]:
    yield _counter("mattebox_frames_captured", "Frames that came.", "", {"": report.captured})
    fates = {name: getattr(report, name) for name in ("written", "dropped")}
    yield _counter("mattebox_frames", "Frames by what became of them.", "fate", fates)
    yield _counter(
        "mattebox_frames_skipped",
        "Damaged packets that were passed over.",
        "",
        {"": report.skipped},
    )


def _of_stages(stages: Iterable[StageReport]) -> Iterator[Metric]:
    by_name = {stage.name: stage for stage in stages}
    told = {
        "frames": "Frames that came out of a stage.",
        "busy_seconds": "Time that a stage worked.",
        "cpu_seconds": "Processor time of a stage's own thread.",
        "waited_for_input_seconds": "Time that a stage had nothing to work on.",
        "waited_for_output_seconds": "Time that nobody took what a stage had made.",
    }
    for unit, help in told.items():
        field = "items" if unit == "frames" else unit.replace("_seconds", "_s")
        values = {name: getattr(stage, field) for name, stage in by_name.items()}
        yield _counter(f"mattebox_stage_{unit}", help, "stage", values)


def _counter(name: str, help: str, label: str, values: Mapping[str, float]) -> Metric:
    """What only grows; ``values`` by the label's value, or one of them where there is no label."""
    from prometheus_client.core import CounterMetricFamily

    family = CounterMetricFamily(name, help, labels=[label] if label else [])
    for value, number in values.items():
        family.add_metric([value] if label else [], number)
    return family


def _gauge(name: str, help: str, label: str, values: Mapping[str, float | None]) -> Metric:
    """As ``_counter``, of what goes up and down; what is None is left out."""
    from prometheus_client.core import GaugeMetricFamily

    family = GaugeMetricFamily(name, help, labels=[label] if label else [])
    for value, number in values.items():
        if number is not None:
            family.add_metric([value] if label else [], number)
    return family
