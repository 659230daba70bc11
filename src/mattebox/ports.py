"""The Protocols between rooms, and what each promises.

A door implements one of them in a leaf file with at most one outside library. Every door passes
its port's contract test in ``tests/contract``. Nothing here runs.

All of them are called from one thread at a time. Which thread: a source on the ``capture`` thread,
a segmenter on the ``matting`` thread, backdrops, layers and sinks on the caller's thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from mattebox.colour import Planes
from mattebox.frame import Frame, Matte, VideoFormat

if TYPE_CHECKING:
    from torch import Tensor, device


class Source(Protocol):
    """Where frames come from. Opened by its constructor, which may raise ``SourceError``."""

    @property
    def format(self) -> VideoFormat:
        """What every frame will be; known before the first frame."""
        ...

    @property
    def live(self) -> bool:
        """Whether frames come at their own pace and are lost if nobody takes them."""
        ...

    @property
    def frames_expected(self) -> int | None:
        """How many frames there will be, as an estimate for a progress bar; None: no idea."""
        ...

    @property
    def skipped(self) -> int:
        """How many damaged packets or files were passed over so far."""
        ...

    def frames(self) -> Iterator[Frame]:
        """The frames in order of pts, once.

        A frame's planes stay valid as long as the frame is referenced.

        Raises:
            SourceError: reading failed on the way; frames already given stay good.
        """
        ...

    def close(self) -> None:
        """Release the file or device. Called exactly once, from any thread; never raises."""
        ...


class LiveSource(Source, Protocol):
    """A source whose device or sender was asked for something, and gives what it can."""

    @property
    def mode(self) -> str:
        """What was agreed upon, in words: size, layout, rate, codec."""
        ...


class Segmenter(Protocol):
    """The network: small RGB pictures in, saliency maps out."""

    @property
    def device(self) -> device:
        """Where the maps come out, and where mattes are refined."""
        ...

    def saliency(self, batch: Tensor) -> Tensor:
        """Judge each picture by itself: what a picture gets does not depend on its company.

        Args:
            batch: uint8 (N, 3, h, w), full-range RGB, h and w multiples of 32, on any device.

        Returns:
            float32 (N, 1, h, w) in [0, 1] on ``device``; a fixed calibration, never stretched.

        Raises:
            SegmenterError: the device failed or its memory ran out at N = 1.
        """
        ...


class Backdrop(Protocol):
    """What is put behind the foreground."""

    def open(self, format: VideoFormat) -> None:
        """Get ready for frames of that format; convert what can be converted once.

        Raises:
            SourceError: the picture or video cannot be read.
        """
        ...

    def render(self, matte: Matte) -> Planes:
        """The colour planes to lay behind ``matte.frame``, in that frame's own layout and range.

        One array per colour plane (never alpha). They may be shared between calls: read-only.
        The matte is given, not only its frame, so that a backdrop made of the scene itself can
        leave the foreground out. The clock is ``matte.frame.pts``.

        Raises:
            SourceError: reading the next picture failed.
        """
        ...

    def close(self) -> None:
        """Release files. Called exactly once; never raises."""
        ...


class Layer(Protocol):
    """Which picture is made of a matte: the composite, the cut-out or the map."""

    def open(self, format: VideoFormat) -> VideoFormat:
        """Get ready for frames of that format, and say the format of the pictures to come.

        Raises:
            SourceError: the backdrop cannot be read.
            FrameError: the layer cannot be made from that format.
        """
        ...

    def render(self, matte: Matte) -> Frame:
        """The picture, with the pts, duration and time base of ``matte.frame``."""
        ...

    def close(self) -> None:
        """Release what the layer holds. Called exactly once; never raises."""
        ...


class Sink(Protocol):
    """Where pictures go: ``open``, any number of ``write``, then one of ``close`` and ``abort``."""

    def open(self, format: VideoFormat) -> None:
        """Accept or refuse the format, before the first frame.

        Raises:
            SinkRefused: the format, the name or the place does not allow it; nothing was made.
        """
        ...

    def write(self, frame: Frame) -> None:
        """Take one picture. Frames come in order of pts. The frame may be kept.

        Raises:
            SinkError: writing failed; call ``abort``.
        """
        ...

    def close(self) -> None:
        """Finish: after this the result is complete and in its final place.

        Raises:
            SinkError: it could not be finished; what there is was kept as ``abort`` keeps it.
        """
        ...

    def abort(self) -> None:
        """Give up: what was finished stays, playable, under a name that says it is partial.

        Never raises, never touches what stood in the final place before. May be called at any
        time after the constructor, also when ``open`` failed; then ``kept`` says what is left.
        """
        ...

    @property
    def kept(self) -> str | None:
        """After ``abort``: where the partial result is; None if nothing is left."""
        ...
