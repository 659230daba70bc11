"""What Prometheus is told of a live session, scraped for real and read with its own parser."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from mattebox.apps.cli import app
from mattebox.apps.metrics import serving_metrics
from mattebox.assemble.live import open_live
from mattebox.errors import SettingsError
from mattebox.live.presenter import PresenterFigures
from mattebox.live.supervisor import Outage
from places import ROOT
from sessions import live_settings, running, wait_until

FIGURES = PresenterFigures(
    offered=10,
    shown=6,
    superseded=2,
    refused=1,
    waiting=1,
    ticks=15,
    repeated=5,
    placeholders=4,
    latency_p50_s=0.040,
    latency_p95_s=0.065,
    lateness_p95_s=None,
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def taken_port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield int(other.getsockname()[1])


def scrape(port: int) -> dict[tuple[str, ...], float]:
    """Every sample, by its name and the values of its labels."""
    with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def documented() -> set[str]:
    """The names in the table of docs/live.md."""
    text = (ROOT / "docs" / "live.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `mattebox_")]
    return set(re.findall(r"`(mattebox_\w+)`", " ".join(rows)))


def test_figures_are_told_as_they_are() -> None:
    """Each number under its own name; what is not known yet is left out."""
    run = SimpleNamespace(
        presenter=SimpleNamespace(figures=FIGURES),
        supervisor=SimpleNamespace(
            report=None, outages=[Outage("unplugged", 1.5), Outage("hung", 2.0)]
        ),
    )
    with serving_metrics(port := free_port()) as metrics:
        assert {name for name, *_ in scrape(port)} == {"mattebox_build_info"}
        metrics.watch(run)
        found = scrape(port)
    assert found["mattebox_live_pictures_total", "shown"] == 6
    assert found["mattebox_live_pictures_total", "superseded"] == 2
    assert found["mattebox_live_pictures_total", "refused"] == 1
    assert found["mattebox_live_pictures_waiting",] == 1
    assert found["mattebox_live_ticks_total", "new"] == 6
    assert found["mattebox_live_ticks_total", "repeated"] == 5
    assert found["mattebox_live_ticks_total", "placeholder"] == 4
    assert found["mattebox_live_latency_seconds", "0.5"] == 0.040
    assert found["mattebox_live_latency_seconds", "0.95"] == 0.065
    assert found["mattebox_live_outages_total",] == 2
    assert found["mattebox_live_outage_seconds_total",] == 3.5
    assert not any(name.startswith("mattebox_live_tick_lateness") for name, *_ in found)


def test_a_session_that_runs_is_scraped(tmp_path: Path) -> None:
    """The laws of its figures hold in one scrape, and nothing is counted backwards."""
    run = open_live("synthetic", [str(tmp_path / "call.mkv")], live_settings())
    with serving_metrics(port := free_port()) as metrics, running(run):
        metrics.watch(run)
        wait_until(lambda: run.presenter.figures.shown >= 5)
        first = scrape(port)
        shown = run.presenter.figures.shown
        wait_until(lambda: run.presenter.figures.shown > shown + 5)
        second = scrape(port)
    assert {name for name, *_ in second} == documented()
    growing = {key for key in first if key[0].endswith("_total")}
    assert all(second[key] >= first[key] for key in growing)
    pictures = ("mattebox_live_pictures_total", "shown")
    assert second[pictures] > first[pictures] >= 5
    for found in (first, second):
        assert found["mattebox_live_ticks_total", "new"] == found[pictures]
        written = found["mattebox_frames_total", "written"]
        assert 0 < written <= found["mattebox_frames_captured_total",]
        assert found["mattebox_stage_busy_seconds_total", "matting"] > 0
        assert found["mattebox_stage_frames_total", "matting"] > 0


def test_the_server_and_its_thread_end_with_the_block() -> None:
    """Nobody answers any more, and the port can be had again at once."""
    before = set(threading.enumerate())
    for port in [free_port()] * 2:
        with serving_metrics(port):
            scrape(port)
        with pytest.raises(URLError):
            scrape(port)
    assert set(threading.enumerate()) <= before


def test_only_this_computer_is_answered() -> None:
    """The socket listens on the loopback interface alone."""
    with serving_metrics(port := free_port()), socket.socket() as elsewhere:
        # Another address of this computer: it is free only if not all addresses are listened on.
        elsewhere.bind(("127.0.0.2", port))


def test_port_0_serves_nothing() -> None:
    """And asks for no package."""
    before = set(threading.enumerate())
    with serving_metrics(0):
        assert set(threading.enumerate()) == before


def test_a_port_that_is_taken_is_told() -> None:
    """With the setting that names another."""
    with (
        taken_port() as port,
        pytest.raises(SettingsError, match=rf"(?s)127\.0\.0\.1:{port}.*live\.metrics_port"),
        serving_metrics(port),
    ):
        pass


def test_the_command_refuses_a_port_that_is_taken(tmp_path: Path) -> None:
    """Before anything is opened: no recording is begun."""
    recording = tmp_path / "call.mkv"
    with taken_port() as port:
        told = CliRunner().invoke(
            app, ["live", "-i", "synthetic", "-o", str(recording), "--metrics", str(port)]
        )
    assert told.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the extra that brings it."""
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(SettingsError, match=r"mattebox\[metrics\]"), serving_metrics(free_port()):
        pass


def test_the_command_serves_until_it_is_stopped(tmp_path: Path) -> None:
    """`mattebox live --metrics`, scraped from outside, ended by Ctrl-C."""
    port, recording = free_port(), tmp_path / "call.mkv"
    arguments = ["live", "-i", "synthetic", "-o", str(recording), "--metrics", str(port)]
    bright = ["--set", "model.name=threshold", "-b", "#00c000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "mattebox", *arguments, *bright],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )

    def shown() -> float:
        try:
            return scrape(port).get(("mattebox_live_pictures_total", "shown"), 0)
        except URLError:
            return 0

    try:
        wait_until(lambda: shown() >= 3 or process.poll() is not None, 60)
        process.send_signal(signal.SIGINT)
    finally:
        told = process.communicate(timeout=60)[1]
    assert process.returncode == 0, told
    assert "pictures shown" in told
