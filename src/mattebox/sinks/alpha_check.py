"""Proof that a transparent file really is transparent: its alpha, decoded again and compared.

An encoder, a muxer or a wrong option can lose alpha without an error, and what shows then is the
room. Called on the sink's thread, once per file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.codec.context import CodecContext
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from mattebox.errors import SinkError
from mattebox.frame import Frame
from mattebox.pixels import is_carried, pixel_format
from mattebox.sinks.layouts import has_alpha
from mattebox.sinks.picture import view

# Mean error that still is the same alpha. Lossless ways differ by rounding between depths only;
# VP9 at its lowest quality stays under 0.02 on hair, and a lost alpha is off by 0.2 and more.
EXACT_TOLERANCE = 1 / 255
LOSSY_TOLERANCE = 0.04

# VP9 with alpha has a key frame every 128 pictures (see ``codecs``); others have more of them.
_KEY_FRAME_DISTANCE = 128

# FFmpeg's own VP8 and VP9 decoders pass alpha by; the libraries' decoders do not.
_ALPHA_DECODERS = {"vp9": "libvpx-vp9", "vp8": "libvpx"}


@dataclass(frozen=True, slots=True)
class Expected:
    """The alpha written for one moment: seconds in the file, float32 (height, width) in [0, 1]."""

    moment: Fraction
    alpha: npt.NDArray[np.float32]


class AlphaWitness:
    """Remembers the alpha of two frames: the first, and one in the second half of the clip."""

    def __init__(self) -> None:
        self._seen = 0
        self._next = _KEY_FRAME_DISTANCE
        self._kept: dict[str, tuple[Frame, Fraction]] = {}

    def see(self, frame: Frame, shift: Fraction) -> None:
        """Note a frame that was written, shown ``shift`` seconds later than it says."""
        moment = frame.pts * frame.format.time_base + shift
        if self._seen == 0:
            self._kept["first"] = (frame, moment)
        elif self._seen == self._next:
            # Doubling the distance keeps the last one kept in the clip's second half.
            self._next *= 2
            self._kept["later"] = (frame, moment)
        self._seen += 1

    def expected(self) -> list[Expected]:
        """What to find in the file."""
        return [Expected(moment, _unit(frame)) for frame, moment in self._kept.values()]


def decoded_alpha_error(path: Path, expected: Sequence[Expected]) -> float:
    """The largest mean difference between the alpha in a file and the alpha expected there.

    Args:
        path: a video file.
        expected: moments at or before which a key frame stands not far away.

    Raises:
        SinkError: the file cannot be decoded, has no alpha, or lacks a picture at a moment.
    """
    try:
        with av.open(str(path)) as container:
            return max(_error_at(container, path, each) for each in expected)
    except FFmpegError as error:
        raise SinkError(f"the alpha of {path.name} cannot be decoded again: {error}.") from error


def verify(path: Path, expected: Sequence[Expected], *, tolerance: float) -> None:
    """Raise ``SinkError`` unless the file's alpha is what was written, within a mean error."""
    error = decoded_alpha_error(path, expected)
    if error > tolerance:
        raise SinkError(
            f"the alpha in {path.name} is not what was written: it is off by {error:.3f} on "
            f"average, and {tolerance:.3f} is allowed.",
            "Write to another container, for example .mkv, and report this.",
        )


def _error_at(container: InputContainer, path: Path, expected: Expected) -> float:
    picture = _picture_at(container, path, expected.moment)
    alpha = _alpha_of(picture, path)
    if alpha.shape != expected.alpha.shape:
        raise SinkError(f"{path.name} holds pictures of {alpha.shape}, not {expected.alpha.shape}.")
    return float(np.abs(alpha - expected.alpha).mean())


def _picture_at(container: InputContainer, path: Path, moment: Fraction) -> VideoFrame:
    """The picture shown at a moment, to a tick of the file's clock."""
    stream = container.streams.video[0]
    assert stream.time_base is not None, "a stream that was written has a time base"
    ticks = round(moment / stream.time_base)
    container.seek(ticks, stream=stream)
    for picture in _decoded(container, stream):
        # One tick: the muxer may have rounded the other way.
        if picture.pts is not None and picture.pts >= ticks - 1:
            return picture
    raise SinkError(f"{path.name} holds no picture at {float(moment):.3f} s.")


def _decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    name = _ALPHA_DECODERS.get(stream.codec_context.name)
    if name is None:
        yield from container.decode(stream)
        return
    decoder = CodecContext.create(name, "r")
    for packet in container.demux(stream):
        frames = decoder.decode(packet if packet.size else None)  # type: ignore[attr-defined]
        for frame in frames:
            frame.pts = packet.pts if frame.pts is None else frame.pts
            yield frame


def _alpha_of(picture: VideoFrame, path: Path) -> npt.NDArray[np.float32]:
    name = picture.format.name
    if not has_alpha(name):
        raise SinkError(
            f"{path.name} came out without alpha: it decodes as {name}.",
            "Write to another container, for example .mkv, and report this.",
        )
    if not is_carried(name):
        # Packed layouts such as bgra: the same samples, in planes.
        picture = picture.reformat(format="gbrap")
    pixels = pixel_format(picture.format.name)
    like = np.empty((picture.height, picture.width), pixels.dtype)
    return view(picture.planes[-1], like).astype(np.float32) / np.float32(pixels.peak)


def _unit(frame: Frame) -> npt.NDArray[np.float32]:
    return frame.planes[-1].astype(np.float32) / np.float32(frame.format.pixels.peak)


def is_playable(path: Path) -> bool:
    """Whether a file opens and its first picture decodes."""
    with contextlib.suppress(FFmpegError, ValueError, IndexError), av.open(str(path)) as container:
        return next(container.decode(video=0), None) is not None
    return False
