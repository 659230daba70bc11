"""Writes the samples: H.264 with AAC, FFV1 mattes, JPEG. One place for tags and time bases.

Every video here has the same rate, and its n-th frame has the pts n / ``RATE`` seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from sound import SAMPLE_RATE

Floats: TypeAlias = npt.NDArray[np.floating]
Bytes: TypeAlias = npt.NDArray[np.uint8]

# 40 ms exactly, so that MP4's and Matroska's time bases name the same moments.
RATE = 25

_AAC_BLOCK = 1024


def write_video(path: Path, pictures: Sequence[Bytes], crf: int, sound: Floats | None) -> None:
    """H.264, yuv420p, tagged BT.709 limited.

    Args:
        path: ``….mp4``.
        pictures: uint8 (height, width, 3) RGB, full range, even sizes.
        crf: x264's constant rate factor; lower is better and larger.
        sound: (samples,) in [-1, 1] at ``SAMPLE_RATE``; None for no sound.
    """
    # Bit-exact: no version of the muxer in the file, so the same pictures give the same bytes.
    options = {"movflags": "+faststart", "fflags": "+bitexact"}
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream("libx264", rate=RATE)
        # One thread and plain C: x264's bytes must not depend on the machine. With its hand-written
        # assembly the same frames gave different bytes now and then even on one machine.
        video.options = {
            "preset": "slow", "crf": str(crf), "threads": "1", "x264-params": "asm=0",
        }  # fmt: skip
        video.height, video.width = pictures[0].shape[:2]
        video.pix_fmt, context = "yuv420p", video.codec_context
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
        audio = None
        if sound is not None:
            audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono", bit_rate=72000)
        for index, picture in enumerate(pictures):
            container.mux(video.encode(_frame(picture, index)))
        container.mux(video.encode(None))
        if audio is not None and sound is not None:
            _write_sound(container, audio, sound)


def write_alpha(path: Path, alphas: Sequence[Floats]) -> None:
    """FFV1 gray: each alpha (height, width) in [0, 1] to the nearest of 256 steps."""
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("ffv1", rate=RATE)
        # Golomb-Rice has a run mode, and a matte is mostly runs: a third smaller than range coding.
        stream.options = {"level": "3", "coder": "0", "context": "0", "g": "1000", "slices": "4"}
        stream.height, stream.width = alphas[0].shape
        stream.pix_fmt = "gray"
        stream.codec_context.color_range = ColorRange.JPEG
        for index, alpha in enumerate(alphas):
            frame = av.VideoFrame.from_ndarray(np.rint(alpha * 255).astype(np.uint8), "gray")
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_still(path: Path, picture: Bytes, quality: int) -> None:
    """A JPEG of uint8 (height, width, 3) RGB."""
    flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), flags)


def grained(picture: Floats, amount: float, chance: np.random.Generator) -> Bytes:
    """To bytes, with the noise of a sensor: it also keeps soft gradients from banding.

    Args:
        picture: (height, width, 3) in [0, 1].
        amount: standard deviation in steps of 1/255.
        chance: where the noise comes from.
    """
    noise = chance.normal(0, amount, picture.shape[:2])[..., None]
    return np.rint(np.clip(picture * 255 + noise, 0, 255)).astype(np.uint8)


def _frame(picture: Bytes, index: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(
        format="yuv420p", interpolation="AREA",
        dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG,
    )  # fmt: skip
    frame.pts, frame.time_base = index, Fraction(1, RATE)
    return frame


def _write_sound(
    container: av.container.OutputContainer, stream: av.AudioStream, sound: Floats
) -> None:
    for start in range(0, sound.size, _AAC_BLOCK):
        block = sound[None, start : start + _AAC_BLOCK].astype(np.float32)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block), "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE, start, Fraction(1, SAMPLE_RATE)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
