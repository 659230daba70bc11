"""Single words and a config file change a session, and none of them can end the remote control."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from mattebox.assemble.live import LiveRun
from mattebox.assemble.remote import ConfigFollower, Remote
from mattebox.errors import SettingsError
from mattebox.live.watching import FileWatch
from mattebox.settings import Settings, load, resolve
from sessions import wait_until


class Run:
    """A session that has what a test says, and nothing else."""

    def __init__(self, **values: object) -> None:
        self.settings = resolve(values)
        self.changes = 0
        self.missing = {"missing.jpg"}
        self.before: Callable[[], object] = lambda: None

    def change(self, settings: Settings) -> list[str]:
        """Put it into effect, or refuse."""
        self.before()
        self.changes += 1
        if settings.backdrop.source in self.missing:
            raise SettingsError("there is no such backdrop.")
        self.settings = settings
        return []


@contextmanager
def remote_of(run: Run) -> Iterator[tuple[Remote, list[str]]]:
    """A remote control, and what it told."""
    told: list[str] = []
    remote = Remote(
        cast(LiveRun, run),
        on_change=lambda settings, _later: told.append(settings.backdrop.source),
        on_refusal=lambda error: told.append(f"refused: {error}"),
    )
    yield remote, told
    remote.close()


def pressed(run: Run, keys: str) -> list[str]:
    """What is told after each of these keys."""
    with remote_of(run) as (remote, told):
        for number, key in enumerate(keys, 1):
            remote.press(key)
            wait_until(lambda number=number: len(told) == number)  # type: ignore[misc]
    return told


def test_the_backdrops_are_gone_through_from_the_first_and_past_one_that_is_missing() -> None:
    """Each once, whatever the list says twice; the one it began with is one of them."""
    run = Run(
        backdrop={"source": "navy"}, live={"backdrops": ["red", "missing.jpg", "red", "blur"]}
    )
    told = pressed(run, "bbbbB")
    assert told[1].startswith("refused")
    assert [told[0], *told[2:]] == ["red", "blur", "navy", "blur"]


def test_blur_is_made_wider_from_what_it_is() -> None:
    """Also where its radius stands in its name; more is never less."""
    run = Run(backdrop={"source": "blur:100"})
    pressed(run, "+")
    assert run.settings.backdrop.source == "blur"
    assert run.settings.backdrop.blur_px == 125
    pressed(run, "-")
    assert run.settings.backdrop.blur_px == 100


def test_no_key_for_blur_brings_the_room_into_a_picture() -> None:
    """Behind an image there is no blur to change."""
    run = Run(backdrop={"source": "navy"})
    (told,) = pressed(run, "-")
    assert "there is no blur" in told
    assert run.settings.backdrop.source == "navy"


def test_a_fault_is_told_and_the_next_wish_is_met() -> None:
    """A driver's error, a full memory: nothing ends the thread that listens."""
    run = Run()

    def fail() -> None:
        run.before = lambda: None
        raise OSError("File name too long")

    run.before = fail
    told = pressed(run, "mm")
    assert "File name too long" in told[0]
    assert not told[1].startswith("refused")
    assert run.settings.live.mirror


def test_the_end_waits_neither_for_what_is_queued_nor_for_what_loads() -> None:
    """A key that is held down, a network."""
    run, loaded = Run(), threading.Event()
    run.before = lambda: loaded.wait(20)
    began = time.monotonic()
    with remote_of(run) as (remote, _told):
        for _ in range(30):
            remote.press("m")
        time.sleep(0.1)
    assert time.monotonic() - began < 10
    loaded.set()
    time.sleep(0.2)
    assert run.changes <= 1


def test_what_was_refused_in_a_config_file_is_asked_for_again() -> None:
    """With the rest of what was written beside it; what was changed by a key stays."""
    run = Run(backdrop={"source": "navy"})
    file = {"now": run.settings}
    with remote_of(run) as (remote, told):
        follower = ConfigFollower(remote, lambda: file["now"], run.settings)
        file["now"] = resolve({"backdrop": {"source": "missing.jpg"}, "live": {"mirror": True}})
        follower.read_again()
        wait_until(lambda: len(told) == 1)
        assert not run.settings.live.mirror
        run.settings = resolve({"backdrop": {"source": "navy"}, "refine": {"feather_px": 3}})
        file["now"] = resolve({"backdrop": {"source": "red"}, "live": {"mirror": True}})
        follower.read_again()
        wait_until(lambda: len(told) == 2)
        assert told[1] == "red"
        assert run.settings.live.mirror
        assert run.settings.refine.feather_px == 3
        run.settings = resolve({"backdrop": {"source": "teal"}, "live": {"mirror": True}})
        file["now"] = resolve({"backdrop": {"source": "red"}})
        follower.read_again()
        wait_until(lambda: len(told) == 3)
    assert told[2] == "teal"
    assert not run.settings.live.mirror


def test_a_file_is_told_of_by_its_link_and_not_while_it_is_empty(tmp_path: Path) -> None:
    """Dotfiles are links; an editor empties a file before it writes it."""
    (tmp_path / "dotfiles").mkdir()
    target, link = tmp_path / "dotfiles" / "live.toml", tmp_path / "live.toml"
    target.write_text("quality = 'fast'")
    link.symlink_to(target)
    read: list[object] = []
    watch = FileWatch(link, lambda: read.append(load(link)))
    watch.start()
    time.sleep(0.5)
    target.write_text("")
    time.sleep(0.5)
    assert read == []
    target.write_text("quality = 'best'")
    wait_until(lambda: read == [{"quality": "best"}])
    (tmp_path / "new.toml").write_text("quality = 'balanced'")
    (tmp_path / "new.toml").replace(link)
    wait_until(lambda: read[-1:] == [{"quality": "balanced"}])
    watch.close()
