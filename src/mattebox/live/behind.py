"""A sink on a thread of its own, for what may be slower than the clock: an encoder, a network."""

from __future__ import annotations

import threading

from mattebox.channel import Channel, ChannelCancelled, EndOfStream, Overflow
from mattebox.errors import SinkClosed, SinkError
from mattebox.frame import Frame, VideoFormat
from mattebox.ports import Sink


class SinkBehindThread:
    """Hands every picture to a sink on its own thread; the oldest is given up when that is behind.

    An error of the sink is raised by the next ``write``, or by ``close``.

    Args:
        sink: opened, written and ended on the thread that does so here, but for ``write``.
        capacity: how many pictures may wait.
        stop_timeout_s: how long ``close`` waits for those that do.

    Attributes:
        dropped: pictures given up.
    """

    def __init__(self, sink: Sink, *, capacity: int, stop_timeout_s: float) -> None:
        self._sink, self._stop_timeout_s = sink, stop_timeout_s
        self._channel: Channel[Frame] = Channel(capacity, Overflow.DROP_OLDEST)
        self._thread = threading.Thread(target=self._write_all, name="recording", daemon=True)
        self._error: SinkError | None = None
        self._is_open = False

    @property
    def kept(self) -> str | None:
        """As the sink's."""
        return self._sink.kept

    @property
    def dropped(self) -> int:
        """How many pictures were given up."""
        return self._channel.stats.dropped

    def open(self, format: VideoFormat) -> None:
        """See ``Sink``."""
        self._sink.open(format)
        self._is_open = True
        self._thread.start()

    def write(self, frame: Frame) -> None:
        """Hand one picture over; never waits."""
        if self._error is not None:
            raise self._error
        if not self._is_open:
            raise SinkError("cannot take a picture: the sink is not open.")
        try:
            self._channel.send(frame)
        except ChannelCancelled:
            raise self._error or SinkError("the sink has stopped.") from None

    def close(self) -> None:
        """Write what waits, then finish."""
        self._channel.close()
        self._wait()
        if self._error is not None and not isinstance(self._error, SinkClosed):
            self._sink.abort()
            raise self._error
        self._sink.close()

    def abort(self) -> None:
        """Give up what waits, and the sink."""
        self._channel.cancel()
        self._wait()
        self._sink.abort()

    def _wait(self) -> None:
        if not self._thread.is_alive():
            return
        self._thread.join(self._stop_timeout_s)
        if self._thread.is_alive() and self._error is None:
            self._error = SinkError(
                f"a recording did not end within {self._stop_timeout_s:g} s and was given up.",
                "Record with a faster encoder: --set sink.speed=fast.",
            )

    def _write_all(self) -> None:
        try:
            while True:
                for frame in self._channel.receive(1):
                    self._sink.write(frame)
        except (EndOfStream, ChannelCancelled):
            return
        except SinkError as error:
            self._error = error
        except Exception as error:  # carried to the thread that writes
            self._error = SinkError(f"writing failed: {error}.")
            self._error.__cause__ = error
        self._channel.cancel()
