"""What a video file says of itself, and its first picture, for lists of files. PyAV; any thread."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from mattebox.errors import DecodeError

# A header may lie: no decoder allocates more than this for one picture.
_MOST_PIXELS = "67108864"
_NO_VIDEO = "Videos may be MP4, MOV, MKV or WebM."


def measured_video(path: Path) -> tuple[int, int, float | None]:
    """(width, height, seconds) of a video, as its container says; None where it says no length.

    Raises:
        DecodeError: it is no video.
    """
    try:
        with av.open(str(path), options={"max_pixels": _MOST_PIXELS}) as container:
            if not container.streams.video:
                raise DecodeError("there is no picture in this file.", _NO_VIDEO)
            stream = container.streams.video[0]
            length_s = None if container.duration is None else container.duration / av.time_base
            return stream.width, stream.height, length_s
    except (av.FFmpegError, OSError, ValueError) as error:
        raise DecodeError(
            "the file is damaged, or no video that FFmpeg knows.", _NO_VIDEO
        ) from error


def first_picture(path: Path) -> npt.NDArray[np.uint8]:
    """The first picture of a video as uint8 (h, w, 3) in the order B, G, R.

    Raises:
        DecodeError: there is none.
    """
    try:
        with av.open(str(path), options={"max_pixels": _MOST_PIXELS}) as container:
            for frame in container.decode(video=0):
                return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    except (av.FFmpegError, OSError, ValueError, IndexError) as error:
        raise DecodeError(f"cannot read the first picture of {path.name}.", _NO_VIDEO) from error
    raise DecodeError(f"there is no picture in {path.name}.", _NO_VIDEO)
