"""What the page needs of a live session, and how a real one is opened.

No web here; ``director`` holds what is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol

from mattebox.settings import Settings

if TYPE_CHECKING:
    from mattebox.frame import Frame, Matte

Tell = Callable[[str], None]


class Runnable(Protocol):
    """A session's loop."""

    def run(self) -> None:
        """Blocks until ``stop``, or raises."""

    def stop(self) -> None:
        """From any thread."""


class Glance(Protocol):
    """The newest matte and the picture made of it."""

    @property
    def matte(self) -> Matte:
        """With the camera's frame."""

    @property
    def picture(self) -> Frame:
        """The composite."""


class Steerable(Protocol):
    """What the page needs of a live session; ``assemble.live.LiveRun`` is one."""

    @property
    def session(self) -> Runnable:
        """To be run."""

    @property
    def mode(self) -> str:
        """What the source gives, in words."""

    @property
    def settings(self) -> Settings:
        """In effect."""

    def change(self, settings: Settings) -> list[str]:
        """Apply other settings; the dotted keys that only a new start applies.

        Raises:
            MatteboxError: something cannot be had; the old settings stay.
        """

    def glimpse(self) -> Glance | None:
        """The newest; None while there is none."""

    def facts(self) -> dict[str, object]:
        """As ``LiveRun.facts``."""

    def story(self) -> list[str]:
        """As ``LiveRun.story``."""


# Left when the session is over.
Open = Callable[[str, Sequence[str], Settings, Tell], AbstractContextManager[Steerable]]
# Whether what changes between two settings can be had; raises a MatteboxError if not.
Rehearse = Callable[[Settings, Settings], None]


@contextmanager
def open_session(
    input: str, outputs: Sequence[str], settings: Settings, tell: Tell
) -> Iterator[Steerable]:
    """A real live session; what happens on the way is told in words, its figures are served.

    Raises:
        MatteboxError: as ``open_live`` and ``serving_metrics``.
    """
    from mattebox.apps.metrics import serving_metrics
    from mattebox.assemble.live import open_live

    with serving_metrics(settings.live.metrics_port) as served:
        run = open_live(
            input,
            outputs,
            settings,
            on_outage=lambda outage: tell(f"The source was lost: {outage.reason}"),
            on_failure=lambda _sink, error: tell(f"An output failed, the others go on: {error}"),
        )
        served.watch(run)
        try:
            yield run
        finally:
            run.give_up()


def rehearse(before: Settings, after: Settings) -> None:
    """See ``assemble.rehearsal``, which is loaded when it is needed.

    Raises:
        MatteboxError: what the change names cannot be had.
    """
    from mattebox.assemble.rehearsal import rehearse as look

    look(before, after)
