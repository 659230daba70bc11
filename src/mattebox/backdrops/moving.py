"""A video from a file behind everything, looping on its own clock.

Here are the clock, the loop and its seam. Reading lives in ``clip``, fitting and colour in
``convert``. Called on the caller's thread.
"""

from __future__ import annotations

import logging
import math
from fractions import Fraction
from pathlib import Path

import numpy as np

from mattebox.anchor import Anchor
from mattebox.backdrops.clip import Clip, Picture, length_s
from mattebox.backdrops.convert import Converter
from mattebox.backdrops.fit import Fit
from mattebox.colour import Plane, Planes
from mattebox.errors import SettingsError
from mattebox.frame import Frame, Matte, VideoFormat

_log = logging.getLogger(__name__)

# Time stamps are rounded to ticks, often of a millisecond, on either side. Without this, two clips
# of 30 fps would show a picture twice and skip the next, all along.
_ROUNDING_S = Fraction(1, 1000)


class MovingBackdrop:
    """A video from a file.

    The clip's clock starts with the first frame that is rendered. When the clip ends it begins
    again from its very beginning; its last ``crossfade_s`` are blended into its first ones, which
    makes every pass shorter by as much. Sound is ignored. Memory does not grow with its length.

    Args:
        path: any video FFmpeg reads, GIF too; its rotation and sample aspect ratio are honoured.
        fit, anchor: see ``fit.placement``.
        start_s: where in the clip the first pass starts, in seconds; beyond its end it counts on
            from the beginning.
        crossfade_s: how long its end blends into its beginning, in seconds; 0 cuts; never more
            than half the clip.

    Raises:
        SettingsError: a time is not finite.
    """

    def __init__(
        self, path: Path, *, fit: Fit, anchor: Anchor, start_s: float, crossfade_s: float
    ) -> None:
        self._path = path
        self._fit: Fit = fit
        self._anchor: Anchor = anchor
        self._start_s = _seconds("start_s", start_s)
        self._crossfade_s = _seconds("crossfade_s", crossfade_s)
        self._length_s: Fraction | None = None  # None: not known before the end is reached
        self._warned: set[str] = set()
        self._clip: Clip | None = None
        self._leaving: Clip | None = None  # the pass before, while its end is still blended in
        self._converter: Converter | None = None
        self._converted: list[tuple[Picture, Planes]] = []
        self._first_pts: int | None = None
        self._pass_s = Fraction(0)  # when the current pass began, on the clip's clock

    def open(self, format: VideoFormat) -> None:
        """Open the video and convert its first picture.

        Raises:
            SourceNotFound: there is no such file.
            DecodeError: it holds no video that can be decoded.
        """
        self._clip = Clip(self._path, self._warned)
        if self._crossfade_s and not self._clip.is_still:
            self._length_s = length_s(self._path) or None
        self._converter = Converter(format, self._fit, self._anchor, str(self._path))
        self._planes_of(self._clip, Fraction(0))

    def render(self, matte: Matte) -> Planes:
        """The clip's picture at the moment of the frame; read-only.

        Raises:
            SourceError: the clip cannot be read any more.
        """
        moment_s = self._moment_in_pass(self._elapsed_s(matte.frame))
        assert self._clip is not None
        arriving = self._planes_of(self._clip, moment_s)
        if self._leaving is None:
            return arriving
        leaving = self._planes_of(self._leaving, moment_s + self._period_s)
        share = float(moment_s / self._fade_s)
        return tuple(mixed(a, b, share) for a, b in zip(leaving, arriving, strict=True))

    def close(self) -> None:
        """Close the video; never raises."""
        for clip in (self._clip, self._leaving):
            if clip is not None:
                clip.close()
        self._clip = self._leaving = None
        self._converted = []

    @property
    def _fade_s(self) -> Fraction:
        return min(self._crossfade_s, (self._length_s or Fraction(0)) / 2)

    @property
    def _period_s(self) -> Fraction:
        """From one beginning of the clip to the next; the length must be known."""
        assert self._length_s is not None
        return self._length_s - self._fade_s

    def _elapsed_s(self, frame: Frame) -> Fraction:
        """Where the clip would be if it had no end."""
        if self._first_pts is None:
            self._first_pts = frame.pts
        ticks = max(0, frame.pts - self._first_pts)
        return ticks * frame.format.time_base + self._start_s + _ROUNDING_S

    def _moment_in_pass(self, elapsed_s: Fraction) -> Fraction:
        """Where in the clip that is, with the clips made ready for it."""
        while True:
            moment_s = elapsed_s - self._pass_s
            if self._length_s is not None and moment_s >= self._period_s:
                self._begin_again(moment_s)
                continue
            assert self._clip is not None
            self._clip.at(moment_s)
            end_s = self._clip.end_s
            if end_s is None or end_s == self._length_s or self._clip.is_still:
                break
            # Only now is it known, or known better than from the file's header.
            self._length_s = end_s
        if self._leaving is not None and moment_s >= self._fade_s:
            self._leaving.close()
            self._leaving = None
        return moment_s

    def _begin_again(self, moment_s: Fraction) -> None:
        passes, rest_s = divmod(moment_s, self._period_s)
        # Opened anew instead of rewound: it costs 4 ms more, works for files that cannot seek, and
        # for a while both are needed.
        fresh = Clip(self._path, self._warned)
        self._pass_s += passes * self._period_s
        for clip in (self._leaving, self._clip if rest_s >= self._fade_s else None):
            if clip is not None:
                clip.close()
        self._leaving = self._clip if rest_s < self._fade_s else None
        self._clip = fresh

    def _planes_of(self, clip: Clip, moment_s: Fraction) -> Planes:
        picture = clip.at(moment_s)
        for known, planes in self._converted:
            if known is picture:
                return planes
        assert self._converter is not None
        planes = self._converter.planes(picture.frame, clip.sample_aspect)
        self._converted = [*self._converted[-1:], (picture, planes)]
        return planes


def _seconds(name: str, value: float) -> Fraction:
    if not math.isfinite(value):
        raise SettingsError(
            f"cannot use backdrop.{name} = {value}: it is no number of seconds.",
            f"Set backdrop.{name} to a finite number, such as 0.",
        )
    return Fraction(value)


def mixed(leaving: Plane, arriving: Plane, share: float) -> Plane:
    """Two planes of the same shape and type, ``share`` in [0, 1] of the arriving one."""
    wide = np.uint16 if leaving.dtype == np.uint8 else np.uint32
    weight = round(share * 256)
    total: Plane = leaving.astype(wide)
    total *= wide(256 - weight)
    total += np.multiply(arriving, wide(weight), dtype=wide)
    total += wide(128)
    total >>= wide(8)
    return total.astype(leaving.dtype)
