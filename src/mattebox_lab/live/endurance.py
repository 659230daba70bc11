"""A session of minutes, and one whose camera is killed again and again: figures, not verdicts."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]

from mattebox.assemble.live import LiveRun, open_live
from mattebox.settings import Settings, resolve
from mattebox_lab.live.device import COMPOSITE, PLACEHOLDER, ROOM, Device, devices
from mattebox_lab.live.sender import Sender, free_port

# What is not counted: the network is loaded and its memory taken.
_BEGINNING_S = 30.0
_SAMPLED_EVERY_S = 5.0
RATE = 25.0
_MIB = 1 << 20

# In the room of magenta what is bright is the subject: the judge has to be exact.
_BRIGHT = {
    "model": {"name": "threshold"},
    "threshold": {"method": "fixed", "level": 0.75, "foreground": "light"},
    "backdrop": {"source": "#00c000"},
    "live": {"placeholder": "#404040"},
}


def steady(minutes: float, clip: Path, settings: Settings, say: Callable[[str], None]) -> None:
    """Film the clip for some minutes through the network into the device in memory."""
    samples: list[tuple[float, float, int]] = []
    with Sender(free_port(), RATE, clip) as sender, session(sender, settings) as (run, device):
        began = time.monotonic()
        while (passed_s := time.monotonic() - began) < 60 * minutes:
            samples.append((passed_s, _memory_mib(), threading.active_count()))
            time.sleep(_SAMPLED_EVERY_S)
    say(f"{minutes:g} minutes of {clip.name} at {RATE:g} pictures per second")
    _say_pace(device, say)
    _say_growth(samples, say)
    _say_laws(run, say)


def kills(times: int, seed: int, say: Callable[[str], None]) -> None:
    """Kill the camera at random moments and start it again."""
    chance = random.Random(seed)
    down: list[float] = []
    up: list[float] = []
    sender = Sender(free_port(), RATE)
    up.append(sender.start())
    with session(sender, resolve(_BRIGHT)) as (run, device):
        for _ in range(times):
            time.sleep(chance.uniform(2.0, 5.0))
            down.append(sender.kill())
            time.sleep(chance.uniform(0.3, 4.0))
            up.append(sender.start())
        time.sleep(3.0)
    sender.kill()
    gone = [_first(device, PLACEHOLDER, moment) for moment in down]
    back = [_first(device, COMPOSITE, moment) for moment in up[1:]]
    for number, (gone_s, back_s) in enumerate(zip(gone, back, strict=True), 1):
        say(f"kill {number}: placeholder after {1000 * gone_s:.0f} ms, back after {back_s:.2f} s")
    say(
        f"placeholder after at most {1000 * max(gone):.0f} ms, back after at most {max(back):.2f} s"
    )
    say(f"pictures with a pixel of the room: {device.kinds.count(ROOM)} of {len(device.kinds)}")
    say(f"outages counted: {len(run.supervisor.outages)}")


@contextmanager
def session(sender: Sender, settings: Settings) -> Iterator[tuple[LiveRun, Device]]:
    """A session from the sender into the device in memory, running while the block does."""
    with devices() as opened:
        run = open_live(sender.address, ["virtual"], settings)
        thread = threading.Thread(target=run.session.run)
        thread.start()
        try:
            time.sleep(2.0)
            yield run, opened[-1]
        finally:
            run.session.stop()
            thread.join(20)


def _first(device: Device, kind: int, after: float) -> float:
    """Seconds from a moment to the first picture of a kind."""
    moments = np.array(device.moments)
    found = moments[(moments > after) & (np.array(device.kinds) == kind)]
    return float(found[0] - after) if found.size else float("inf")


def _say_pace(device: Device, say: Callable[[str], None]) -> None:
    moments = np.array(device.moments)
    steps = np.diff(moments[moments > moments[0] + _BEGINNING_S])
    off_ms = 1000 * np.abs(steps - 1 / RATE)
    middle, most, worst = np.quantile(off_ms, [0.5, 0.95, 1.0])
    say(f"pace: {len(steps)} steps of {1000 / RATE:g} ms, off by {middle:.2f} ms (median), ")
    say(f"  {most:.2f} ms (95 of 100), {worst:.1f} ms (worst)")


def _say_growth(samples: list[tuple[float, float, int]], say: Callable[[str], None]) -> None:
    later = [each for each in samples if each[0] > _BEGINNING_S]
    third = max(1, len(later) // 3)
    early, late = (
        np.median([each[1] for each in part]) for part in (later[:third], later[-third:])
    )
    say(f"memory: {early:.1f} MiB in the first third, {late:.1f} MiB in the last (medians)")
    say(f"threads: {min(each[2] for each in later)} to {max(each[2] for each in later)}")


def _say_laws(run: LiveRun, say: Callable[[str], None]) -> None:
    figures, report = run.presenter.figures, run.supervisor.report
    assert report is not None
    met = report.captured == report.written + report.dropped + report.unfinished
    shown = figures.shown + figures.superseded + figures.refused + figures.waiting
    ticks = figures.shown + figures.repeated + figures.placeholders
    say(
        f"frames: {report.captured} captured = {report.written} written + {report.dropped} dropped "
        f"+ {report.unfinished} unfinished: {met}"
    )
    say(f"pictures: {figures.offered} offered = {shown} accounted for: {figures.offered == shown}")
    say(f"ticks: {figures.ticks} = {ticks}: {figures.ticks == ticks}")
    for line in run.story():
        say(line)


def _memory_mib() -> float:
    return float(psutil.Process().memory_info().rss) / _MIB
