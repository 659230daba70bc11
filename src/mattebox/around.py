"""A source around another one, for those that change a single thing about it. Nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from mattebox.frame import Frame, VideoFormat
from mattebox.ports import Source


class SourceAround:
    """Passes on everything; whoever wants one thing otherwise overrides that.

    Args:
        source: it is this one's from now on.
    """

    def __init__(self, source: Source) -> None:
        self.within = source

    @property
    def format(self) -> VideoFormat:
        """As the source's."""
        return self.within.format

    @property
    def live(self) -> bool:
        """As the source's."""
        return self.within.live

    @property
    def frames_expected(self) -> int | None:
        """As the source's."""
        return self.within.frames_expected

    @property
    def skipped(self) -> int:
        """As the source's."""
        return self.within.skipped

    def frames(self) -> Iterator[Frame]:
        """As the source's."""
        yield from self.within.frames()

    def close(self) -> None:
        """Close the source."""
        self.within.close()
