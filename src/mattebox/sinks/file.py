"""A video file as a sink: pictures encoded, everything else of the input copied beside them.

Here are the port's promises: nothing is made before all is checked, nothing is replaced before the
new file is complete and proven, and what was finished is kept. The file itself is ``movie``'s, its
name ``final_place``'s, the choice of encoder ``plan``'s. Called on one thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from av.error import FFmpegError

from mattebox.errors import SinkError
from mattebox.frame import Frame, VideoFormat
from mattebox.sinks import alpha_check
from mattebox.sinks.alpha_check import AlphaWitness
from mattebox.sinks.codecs import Encoding, is_lossless_alpha
from mattebox.sinks.companion import Companion
from mattebox.sinks.final_place import FinalPlace
from mattebox.sinks.movie import Movie
from mattebox.sinks.plan import make_plan

__all__ = ["Encoding", "FileSink"]


class FileSink:
    """Writes a video file with the input's sound, subtitles, chapters and tags.

    Args:
        path: where; the suffix says which container: .mp4 .m4v .mov .mkv .webm .gif.
        encoding: codec, quality, speed, layout and private options.
        companion: the input file whose other streams are copied; None for pictures only.
        sound: "keep" copies the companion's sound, "none" leaves it out.
        overwrite: whether an existing file may be replaced.
        metadata: tags of the file, over those of the companion.
        forbidden: more files, beside the companion, that are read and must never be replaced.
    """

    # The tag that gets the first picture's pts, if one is to get it.
    _first_pts_tag: str | None = None

    def __init__(
        self,
        path: Path,
        *,
        encoding: Encoding,
        companion: Path | None,
        sound: Literal["keep", "none"],
        overwrite: bool,
        metadata: Mapping[str, str],
        forbidden: Sequence[Path] = (),
    ) -> None:
        self._path = path
        self._encoding = encoding
        self._companion = companion
        self._sound = sound == "keep"
        self._metadata = dict(metadata)
        read = [*forbidden] if companion is None else [companion, *forbidden]
        self._place = FinalPlace(path, overwrite=overwrite, forbidden=read)
        self._movie: Movie | None = None
        self._working = path
        self._format: VideoFormat | None = None
        self._tolerance = alpha_check.EXACT_TOLERANCE
        self._witness: AlphaWitness | None = None
        self._kept: str | None = None

    @property
    def kept(self) -> str | None:
        """After ``abort``: where the partial result is; None if no picture was finished."""
        return self._kept

    def open(self, format: VideoFormat) -> None:
        """Check everything, open the encoder and write the file's header."""
        self._place.check()
        plan = make_plan(self._path, self._encoding, format)
        self._format = format
        if format.pixels.has_alpha:
            self._witness = AlphaWitness()
            if not is_lossless_alpha(plan.encoder.name, self._encoding.quality):
                self._tolerance = alpha_check.LOSSY_TOLERANCE
        self._working = self._place.reserve()
        companion = Companion(self._companion, sound=self._sound) if self._companion else None
        movie = Movie(self._working, self._path, companion)
        try:
            movie.start(
                plan,
                format,
                user_options=self._encoding.options,
                metadata=self._metadata,
                first_pts_tag=self._first_pts_tag,
            )
        except BaseException:
            movie.close()
            self._place.discard()
            raise
        self._movie = movie

    def write(self, frame: Frame) -> None:
        """Encode one picture, and copy the sound that belongs before it."""
        if self._movie is None or not self._movie.is_open:
            raise SinkError(f"cannot write to {self._path}: it is not open.")
        if frame.format is not self._format and frame.format != self._format:
            raise SinkError(
                f"cannot write a frame of {frame.format} to {self._path}: "
                f"it was opened for {self._format}."
            )
        self._movie.add(frame)
        if self._witness is not None:
            self._witness.see(frame, self._movie.shift)

    def close(self) -> None:
        """Finish the file, prove its alpha, and move it to its final name."""
        try:
            self._complete()
        except SinkError:
            self.abort()
            raise

    def abort(self) -> None:
        """Finish what there is, with sound up to the last picture, under a partial name."""
        movie, self._movie = self._movie, None
        if movie is None:
            self._place.discard()
            return
        if movie.pictures:
            with contextlib.suppress(SinkError, FFmpegError, OSError, ValueError):
                movie.finish(all_sound=False)
        movie.close()
        if movie.pictures and alpha_check.is_playable(self._working):
            self._kept = self._place.keep()
        else:
            self._place.discard()

    def _complete(self) -> None:
        movie = self._movie
        if movie is None or movie.pictures == 0:
            raise SinkError(f"nothing was written to {self._path}: no picture came.")
        movie.finish(all_sound=True)
        movie.close()
        if self._witness is not None:
            alpha_check.verify(self._working, self._witness.expected(), tolerance=self._tolerance)
        self._place.commit()
        self._movie = None
