"""Ctrl-C and SIGTERM in a real process: exit code 130, what was finished is playable."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clips import write_clip
from mattebox.apps.cli.console import EXIT_INTERRUPTED, EXIT_OUTPUT
from running import SMALL_NETWORK, look_at, start


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Long enough that no machine is done with it before it is interrupted."""
    path = tmp_path_factory.mktemp("long") / "in.mp4"
    return write_clip(path, codec="libx264", size=(320, 240), frames=600)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_an_interrupted_run_keeps_what_was_finished(
    tmp_path: Path, clip: Path, number: signal.Signals, suffix: str
) -> None:
    """Under ….partial, named in the message; nothing in the final place."""
    output = tmp_path / f"out{suffix}"
    with start(["run", clip, "-o", output, "-b", "red", "--json", *SMALL_NETWORK]) as process:
        assert process.stdout is not None
        for line in process.stdout:  # until some frames are written
            if b'"frames": 4,' in line:
                break
        os.kill(process.pid, number)
        _, err = process.communicate(timeout=60)
    partial = tmp_path / f"out.partial{suffix}"
    assert process.returncode == EXIT_INTERRUPTED, err
    assert b"Traceback" not in err
    assert not output.exists()
    assert len(look_at(partial).pts) >= 4
    assert [path.name for path in tmp_path.iterdir()] == [partial.name]


def test_a_closed_pipe_ends_the_run_with_a_message(clip: Path) -> None:
    """`mattebox run … -o - | head`: exit code 4, no traceback, no hanging."""
    with start(["run", clip, "-o", "-", "-m", "none", "-b", "red"]) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(9) == b"YUV4MPEG2"
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == EXIT_OUTPUT, err
    assert b"Traceback" not in err


def test_video_goes_through_pipes(tmp_path: Path) -> None:
    """YUV4MPEG2 on stdin and stdout, one run feeding the next."""
    clip = write_clip(tmp_path / "in.mkv", frames=5)
    output = tmp_path / "out.mkv"
    options = ["-m", "none", "-b", "red"]
    with (
        start(["run", clip, "-o", "-", *options]) as first,
        start(["run", "-", "-o", output, *options], stdin=first.stdout) as second,
    ):
        _, err = second.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0), err
    assert len(look_at(output).pts) == 5


def test_no_command_loads_torch_before_it_needs_it() -> None:
    """`mattebox --help` answers at once."""
    code = (
        "import sys, mattebox.apps.cli, mattebox; "
        "print([m for m in ('torch', 'cv2', 'av') if m in sys.modules])"
    )
    outcome = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert outcome.stdout.strip() == "[]"


def test_an_interrupt_while_loading_leaves_no_traceback() -> None:
    """Whatever is being imported at that moment."""
    code = (
        "import os, signal, sys\n"
        "from mattebox.__main__ import main\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "main()\n"
    )
    command = [sys.executable, "-c", code]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (outcome.returncode, outcome.stderr) == (EXIT_INTERRUPTED, "Interrupted.\n")


def test_impatient_interrupts_still_keep_what_was_finished(tmp_path: Path, clip: Path) -> None:
    """A hammered Ctrl-C does not break into the clean-up of the first."""
    with start(
        ["run", clip, "-o", tmp_path / "out.mp4", "-b", "red", "--json", *SMALL_NETWORK]
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if b'"frames": 4,' in line:
                break
        for _ in range(20):  # apart from each other: signals that wait are delivered as one
            os.kill(process.pid, signal.SIGINT)
            time.sleep(0.01)
        _, err = process.communicate(timeout=60)
    assert process.returncode == EXIT_INTERRUPTED, err
    assert b"Traceback" not in err
    assert len(look_at(tmp_path / "out.partial.mp4").pts) >= 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize(
    "arguments", [["models", "--json"], ["config", "schema"], ["models"], ["--help"]]
)
def test_a_full_standard_output_is_told(arguments: list[str]) -> None:
    """Exit code 4 and one line, also when Python only notices at its end."""
    command = [sys.executable, "-m", "mattebox", *arguments]
    with Path("/dev/full").open("wb") as full:
        outcome = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert outcome.returncode == EXIT_OUTPUT
    assert outcome.stderr.count(b"\n") == 1
    assert b"cannot write to standard output" in outcome.stderr


@pytest.mark.parametrize("arguments", [["models"], ["config", "schema"]])
def test_nobody_reading_is_an_output_error_too(arguments: list[str]) -> None:
    """`mattebox models | head -1`: a documented exit code, whatever prints."""
    with start(arguments) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode == EXIT_OUTPUT, err
    assert b"Traceback" not in err
