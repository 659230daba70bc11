"""Keys in a terminal, and a terminal that is closed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mattebox.apps.cli.keys import keys_in
from streams import MjpegCamera

posix = pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX here")


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("m", "m"),
        ("+++", "+++"),  # held down
        ("\x1b[B", ""),  # cursor down
        ("\x1b", ""),
        ("quit please", ""),  # pasted
        ("", ""),
        ("\x03", ""),
    ],
)
def test_what_is_a_key(text: str, keys: str) -> None:
    """One, or one that is held down; nothing that merely contains one."""
    assert keys_in(text) == keys


class Terminal:
    """`mattebox live` in a terminal of its own."""

    def __init__(self, words: list[str]) -> None:
        import pty

        self.master, terminal = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _IN_A_TERMINAL, *words],
            stdin=terminal,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        os.close(terminal)

    def wait_for(self, text: str) -> None:
        """Until the program has said it."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if text in line:
                return
        raise AssertionError(f"it ended without {text!r}")


# A new session has no terminal until it takes one.
_IN_A_TERMINAL = (
    "import fcntl, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "from mattebox.__main__ import main; main()"
)


@posix
def test_a_key_changes_and_a_closed_terminal_ends_a_session(tmp_path: Path) -> None:
    """Also with a config file, which SIGHUP would read again otherwise: nobody sees it any more."""
    config = tmp_path / "live.toml"
    config.write_text('[model]\nname = "threshold"\n')
    recording = tmp_path / "call.mkv"
    words = ["live", "--config", str(config), "-o", str(recording), "-b", "navy"]
    with MjpegCamera() as camera:
        terminal = Terminal([*words, "-i", camera.address])
        try:
            terminal.wait_for("Keys:")
            os.write(terminal.master, b"\x1b[B")
            time.sleep(0.5)  # what comes together is taken for one thing
            os.write(terminal.master, b"m")
            terminal.wait_for("Changed. Backdrop: navy.")
            terminal.process.send_signal(signal.SIGHUP)
            time.sleep(0.5)
            assert terminal.process.poll() is None  # the terminal is there: it is about the file
            os.close(terminal.master)
            _, told = terminal.process.communicate(timeout=20)
        finally:
            terminal.process.kill()
    assert terminal.process.returncode == 0, told
    assert recording.exists()
