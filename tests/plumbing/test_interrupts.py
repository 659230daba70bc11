"""Ctrl-C and signals, in a real process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX here")

SUPPORT = Path(__file__).resolve().parent.parent / "support"

# Tells "ready" when the place is reached where the signal is to find it, and at the end what
# happened. Only events of the sink, the layer and the source, in order.
PROGRAM = """
import signal, sys, threading, time
from fakes import Rig

where = sys.argv[1]
never = threading.Event()

def stop_here(index):
    if index == 3:
        print("ready", flush=True)
        time.sleep(60) if threading.current_thread() is threading.main_thread() else never.wait(60)

def slowly(index):
    if index == 3:
        print("ready", flush=True)
    time.sleep(0.01)

hooks = {
    "writing": {"write": stop_here},
    "waiting for the source": {"capture": stop_here},
    "waiting for the model": {"matte": stop_here},
    "finishing": {"write": slowly},
}
rig = Rig(10**9, stop_timeout_s=0.2, **hooks[where])
pipeline = rig.build()
if where == "finishing":
    signal.signal(signal.SIGINT, lambda *_: pipeline.finish())
outcome = "finished"
try:
    pipeline.run()
except KeyboardInterrupt as interrupt:
    outcome = "interrupted"
    for note in getattr(interrupt, "__notes__", ()):
        print("note:", note)
report = pipeline.report()
print(outcome, report.written == len(rig.sink.written), report.unfinished)
for event in rig.journal.events:
    if event.endswith(("closed", "aborted")):
        print(event)
"""


ELSEWHERE = """
import signal, threading, time
from mattebox.channel import Channel, Overflow

def interrupt():
    time.sleep(0.5)  # the wait has begun; if it has not, there is nothing to see
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)

threading.Thread(target=interrupt, daemon=True).start()
try:
    Channel(1, Overflow.BLOCK).receive(1)
except KeyboardInterrupt:
    print("interrupted")
"""


def interrupted_while(where: str) -> list[str]:
    """Run the program, send SIGINT when it is ready, and give the lines that it printed after."""
    path = os.pathsep.join(filter(None, [str(SUPPORT), os.environ.get("PYTHONPATH")]))
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, where],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    return rest.splitlines()


def test_ctrl_c_while_a_sink_writes_aborts_it_once() -> None:
    """What was finished is kept, everything is released, no thread keeps the process."""
    lines = interrupted_while("writing")
    assert lines[0] == "note: what was finished is kept in sink.partial"
    assert lines[1].startswith("interrupted True")
    assert sorted(lines[2:]) == ["layer closed", "sink aborted", "source closed"]


def test_ctrl_c_while_waiting_for_a_source_that_hangs() -> None:
    """The wait for a frame can be interrupted, and the lost thread is named."""
    lines = interrupted_while("waiting for the source")
    assert any("StageHung: stage 'capture'" in line for line in lines)
    assert any(line.startswith("interrupted True") for line in lines)
    assert lines[-2:] == ["sink aborted", "layer closed"]


def test_ctrl_c_while_waiting_for_a_model_that_hangs() -> None:
    """The source is released although the stage behind it never came back."""
    lines = interrupted_while("waiting for the model")
    assert any("StageHung: stage 'matting'" in line for line in lines)
    assert {"sink aborted", "source closed", "layer closed"} <= set(lines)


def test_ctrl_c_is_seen_by_a_wait_that_it_does_not_interrupt() -> None:
    """As where it comes just before the wait: here it comes in another thread."""
    words = [sys.executable, "-c", ELSEWHERE]
    made = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    assert made.stdout == "interrupted\n"


def test_a_signal_handler_may_finish_a_recording() -> None:
    """Ctrl-C as "stop recording": everything taken is written, and the file is complete."""
    lines = interrupted_while("finishing")
    assert lines[0] == "finished True 0"
    assert sorted(lines[1:]) == ["layer closed", "sink closed", "source closed"]
