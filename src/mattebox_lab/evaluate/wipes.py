"""Videos that show two contenders at once, parted by a line that goes slowly back and forth.

What lives here: laying both composites side by side, the line, and the two names. What does not:
compositing and encoding, which are the product's own. A ``Look`` for ``compare``, on its thread.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt
import torch

from mattebox.assemble import open_backdrop
from mattebox.colour import Planes, Rgb, planes_from_rgb
from mattebox.errors import SettingsError, SinkError
from mattebox.frame import Frame, Matte, VideoFormat
from mattebox.matting.foreground import ForegroundOptions
from mattebox.matting.layers import Composite
from mattebox.pixels import PixelFormat
from mattebox.ports import Backdrop, Layer
from mattebox.settings import nested, parse_assignments, resolve
from mattebox.sinks.file import Encoding, FileSink
from mattebox.timing import seconds
from mattebox_lab.evaluate.contenders import Contender
from mattebox_lab.evaluate.judging import enlarged
from mattebox_lab.evaluate.sets import Sample
from mattebox_lab.evaluate.stills import Map

CHECKER = "checker"
# The line begins in the middle, and is back there after this time; it leaves a tenth on each side.
PERIOD_S, REACH = 6.0, 0.4
# Whatever a frame's chroma subsampling, this many pixels are whole samples of it.
_STEP = 4
_SQUARES_IN_HEIGHT, _DARK, _LIGHT = 20, 0.35, 0.65
# What every player shows, and hardly lossy: what one looks for here is fine.
_ENCODING = Encoding("h264", 85, "fast", "yuv420p", {})
_FONT, _LINES_IN_HEIGHT = cv2.FONT_HERSHEY_SIMPLEX, 30

_Corner: TypeAlias = tuple[int, int]  # row and column


class Wipe:
    """Writes the video of one clip while it is judged; a context, which ends the file.

    Args:
        path: an MP4 file; its folder is made, and an old file replaced.
        contenders: the one on the left and the one on the right; each picture is composed as its
            settings say.
        over: what lies behind the subject: ``checker``, or as ``mattebox run`` takes it.

    Raises:
        SettingsError: there are not two contenders.
        SinkError: the video cannot be written.
    """

    def __init__(self, path: Path, contenders: Sequence[Contender], over: str = CHECKER) -> None:
        refuse_unless_two(contenders)
        self._path = path
        self._contenders = contenders
        self._over = over
        self._layers: list[Layer] = []
        self._sink: FileSink | None = None
        self._names: list[tuple[_Corner, Rgb]] = []
        self._began = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        for layer in self._layers:
            layer.close()
        if self._sink is not None:
            self._sink.close() if kind is None else self._sink.abort()

    def __call__(self, sample: Sample, maps: Sequence[Map]) -> None:
        """Add a frame at its own time."""
        sink = self._sink or self._opened(sample.frame)
        frames = [
            layer.render(Matte(sample.frame, torch.from_numpy(enlarged(map, sample.frame))))
            for layer, map in zip(self._layers, maps, strict=True)
        ]
        moment = seconds(sample.frame.pts, sample.frame.format.time_base)
        place = line_at(float(moment) - self._began, sample.frame.format.width)
        sink.write(self._signed(joined(frames[0], frames[1], place)))

    def _opened(self, first: Frame) -> FileSink:
        self._layers = [_layer(each.settings, self._over) for each in self._contenders]
        formats = [layer.open(first.format) for layer in self._layers]
        self._began = float(seconds(first.pts, first.format.time_base))
        self._names = [*_placed([_caption(each) for each in self._contenders], formats[0])]
        _make(self._path.parent)
        sink = FileSink(
            self._path,
            encoding=_ENCODING,
            companion=None,
            sound="none",
            overwrite=True,
            metadata={},
        )
        sink.open(formats[0])
        self._sink = sink
        return sink

    def _signed(self, frame: Frame) -> Frame:
        planes = [plane.copy() for plane in frame.planes]
        for corner, name in self._names:
            _paste(planes, name, corner, frame.format)
        return replace(frame, planes=tuple(planes))


class Checker:
    """Squares of two grays: a ``Backdrop`` on which haze and holes show, and no colour is lost."""

    def __init__(self) -> None:
        self._planes: Planes = ()

    def open(self, format: VideoFormat) -> None:
        """Draw the squares, a twentieth of the picture's height each."""
        side = max(1, format.height // _SQUARES_IN_HEIGHT)
        rows, columns = np.indices((format.height, format.width)) // side
        gray = np.where((rows + columns) % 2, _DARK, _LIGHT).astype(np.float32)
        pixels = format.pixels
        planes = planes_from_rgb(np.stack([gray] * 3, -1), pixels, format.colour)
        self._planes = planes[: pixels.colour_planes]

    def render(self, matte: Matte) -> Planes:
        """The same planes each time."""
        return self._planes

    def close(self) -> None:
        """Nothing is held."""


def refuse_unless_two(contenders: Sequence[Contender]) -> None:
    """A line has two sides.

    Raises:
        SettingsError: there are not two contenders.
    """
    if len(contenders) != 2:
        present = ", ".join(repr(each.label) for each in contenders)
        raise SettingsError(
            f"a wipe shows two columns, and there {'is' if len(contenders) == 1 else 'are'} "
            f"{len(contenders)}: {present}.",
            "Pass one -m with two --with, or two -m with one --with or none.",
        )


def line_at(elapsed_s: float, width: int) -> int:
    """The column of the line, in whole chroma samples, such a time after the first frame."""
    share = 0.5 + REACH * math.sin(2 * math.pi * elapsed_s / PERIOD_S)
    return round(share * width / _STEP) * _STEP


def joined(left: Frame, right: Frame, column: int) -> Frame:
    """One frame up to a column, a white line, and the other frame from there on.

    Args:
        left, right: of one format, without alpha.
        column: in pixels, a multiple of four.
    """
    format = left.format
    planes = []
    for one, other, (_, wide) in zip(left.planes, right.planes, _steps(format.pixels), strict=True):
        at = column // wide
        planes.append(np.hstack([one[:, :at], other[:, at:]]))
    line = np.ones((format.height, _STEP, 3), np.float32)
    _paste(planes, line, (0, max(0, column - _STEP)), format)
    return replace(left, planes=tuple(planes))


def _layer(settings: str, over: str) -> Layer:
    chosen = resolve(nested(parse_assignments(settings.split())))
    backdrop: Backdrop = Checker() if over == CHECKER else open_backdrop(over, chosen)
    foreground = chosen.foreground
    return Composite(
        backdrop, ForegroundOptions(foreground.radius_px) if foreground.estimate else None
    )


def _caption(contender: Contender) -> str:
    return contender.label if contender.settings else f"{contender.label} defaults"


def _placed(captions: Sequence[str], format: VideoFormat) -> Iterator[tuple[_Corner, Rgb]]:
    """The two names, each in its upper corner."""
    for caption, is_right in zip(captions, (False, True), strict=True):
        name = _drawn(caption, format.height, format.width // 2)
        left = (format.width - name.shape[1]) // _STEP * _STEP if is_right else 0
        yield (0, left), name


def _drawn(text: str, height: int, widest: int) -> Rgb:
    """White letters on black; words that do not fit go into the next line.

    OpenCV's letters are ASCII.
    """
    line = -(-max(14, height // _LINES_IN_HEIGHT) // _STEP) * _STEP
    scale = line / 40
    lines = [""]
    for word in text.encode("ascii", "replace").decode().split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _width(longer, scale) > widest - line:
            lines.append(word)
        else:
            lines[-1] = longer
    width = min(widest, max(_width(each, scale) for each in lines) + line) // _STEP * _STEP
    gray = np.zeros((line * len(lines), width), np.uint8)
    for number, each in enumerate(lines):
        at = line // 2, (number + 1) * line - line // 3
        cv2.putText(gray, each, at, _FONT, scale, (255,), lineType=cv2.LINE_AA)
    return np.stack([gray.astype(np.float32) / 255] * 3, -1)


def _width(text: str, scale: float) -> int:
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, 1)
    return int(width)


def _paste(
    planes: Sequence[npt.NDArray[Any]], picture: Rgb, corner: _Corner, format: VideoFormat
) -> None:
    """Put a picture into planes, in place; what reaches beyond is cut off."""
    parts = planes_from_rgb(picture, format.pixels, format.colour)
    for plane, part, (high, wide) in zip(planes, parts, _steps(format.pixels), strict=True):
        top, left = corner[0] // high, corner[1] // wide
        room = plane[top : top + part.shape[0], left : left + part.shape[1]]
        room[:] = part[: room.shape[0], : room.shape[1]]


def _steps(pixels: PixelFormat) -> Iterator[tuple[int, int]]:
    """(height, width) in pixels of a sample of each colour plane."""
    for index in range(pixels.colour_planes):
        rows, columns = pixels.log2_chroma if index in (1, 2) else (0, 0)
        yield 1 << rows, 1 << columns


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(
            f"cannot make the folder {folder}: {error.strerror or error}.",
            "Choose another folder for --wipe.",
        ) from error
