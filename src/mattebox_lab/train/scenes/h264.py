"""One picture through x264 and back, in memory."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np

from mattebox_lab.train.scenes.arrays import Picture


def through_encoder(picture: Picture, crf: int) -> Picture:
    """The picture as the key frame of an H.264 stream shows it.

    Args:
        picture: uint8 (height, width, 3) RGB; 4:2:0 needs even sides, so the last odd line or
            column is left as it is.
        crf: x264's constant rate factor: 18 is good, 28 fair, 40 a bad connection.
    """
    height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
    result = picture.copy()
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture[:height, :width]), "rgb24")
    result[:height, :width] = _decoded(_encoded(frame, crf))
    return result


def _encoded(frame: av.VideoFrame, crf: int) -> list[av.Packet[av.VideoStream]]:
    encoder = av.VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuv420p"
    encoder.time_base = Fraction(1, 25)
    # Data loaders have a process per core already.
    encoder.thread_count = 1
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": str(crf)}
    return [*encoder.encode(frame.reformat(format="yuv420p")), *encoder.encode(None)]


def _decoded(packets: list[av.Packet[av.VideoStream]]) -> Picture:
    decoder = av.VideoCodecContext.create("h264", "r")
    decoder.thread_count = 1
    frames = [frame for packet in packets for frame in decoder.decode(packet)]
    frames += decoder.decode(None)
    return np.asarray(frames[0].to_ndarray(format="rgb24"), np.uint8)
