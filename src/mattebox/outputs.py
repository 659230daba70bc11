"""The far end of a run: layers and sinks, opened, written and ended as one.

Everything here runs on the caller's thread. Where mattes come from, and when a run ends well, lives
in ``pipeline``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from mattebox.errors import SinkError
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.ports import Layer, Sink
from mattebox.report import COMPOSITING, ENCODING, Reservoir, Step
from mattebox.stages import Headline, named

# Enough for a 95th percentile that is off by 1 % of rank at most, most of the time.
_LATENCY_SAMPLES = 2048


@dataclass(frozen=True, slots=True)
class Output:
    """One layer of the matte, rendered into one sink; neither is shared with another output."""

    layer: Layer
    sink: Sink


class FarEnd:
    """The outputs together: opened, written and ended as one, on the caller's thread."""

    def __init__(self, outputs: Sequence[Output]) -> None:
        self._outputs = tuple(outputs)
        self.compositing, self.encoding = Step(COMPOSITING), Step(ENCODING)
        self.latency = Reservoir(_LATENCY_SAMPLES)
        self.written = 0

    def open(self, format: VideoFormat) -> None:
        """Open every layer for that format, and its sink for what the layer makes of it."""
        for output in self._outputs:
            with _working(self.compositing):
                made = output.layer.open(format)
            with _working(self.encoding):
                output.sink.open(made)

    def write(self, matte: Matte) -> None:
        """Render every layer of one matte into its sink."""
        for output in self._outputs:
            with _working(self.compositing):
                picture = output.layer.render(matte)
            with _working(self.encoding):
                output.sink.write(picture)
        self.written += 1
        if matte.frame.arrived_at:
            self.latency.add(time.monotonic() - matte.frame.arrived_at)

    def close(self, headline: Headline) -> None:
        """Finish every sink, also when one before it failed: each has all its frames."""
        for output in self._outputs:
            headline.attempt(partial(self._close, output.sink))
        self._tell_what_is_kept(headline)

    def abort(self, headline: Headline) -> None:
        """Abort every sink, opened or not; the headline tells what each has kept."""
        for output in self._outputs:
            headline.attempt(output.sink.abort)
        self._tell_what_is_kept(headline)

    def close_layers(self, headline: Headline) -> None:
        """Close every layer, opened or not."""
        for output in self._outputs:
            headline.attempt(output.layer.close)

    def _close(self, sink: Sink) -> None:
        try:
            with _working(self.encoding):
                sink.close()
        except SinkError:
            raise  # the port promises that the sink has done what `abort` does
        except BaseException:  # Ctrl-C, or a fault of the sink's own
            sink.abort()
            raise

    def _tell_what_is_kept(self, headline: Headline) -> None:
        if headline.error is None:
            return
        for kept in (output.sink.kept for output in self._outputs):
            if kept is not None:
                headline.error.add_note(f"what was finished is kept in {kept}")


class Handover:
    """A sink that hands its picture to the caller of ``Pipeline.pairs``."""

    def __init__(self) -> None:
        self._picture: Frame | None = None

    @property
    def kept(self) -> str | None:
        """Nothing is ever left behind."""
        return None

    def open(self, format: VideoFormat) -> None:
        """Any format will do."""

    def write(self, frame: Frame) -> None:
        """Hold the picture until it is taken."""
        self._picture = frame

    def take(self) -> Frame:
        """The picture written last; it is no longer held here."""
        picture, self._picture = self._picture, None
        assert picture is not None, "a picture is written before it is taken"
        return picture

    def close(self) -> None:
        """Let go of the picture."""
        self._picture = None

    def abort(self) -> None:
        """Let go of the picture."""
        self._picture = None


@contextmanager
def _working(step: Step) -> Iterator[None]:
    """Count the block's time as that step's; what fails in it names the step."""
    try:
        with step:
            yield
    except Exception as error:
        named(error, step.name)
        raise
