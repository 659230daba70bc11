"""A contact sheet: frames of a video above the same frames of another. BEFORE AFTER SHEET.png"""

import sys

import av
import cv2
import numpy as np

COLUMNS, WIDTH = 4, 480


def row(path: str) -> np.ndarray:
    """COLUMNS frames spread evenly over the video, side by side."""
    with av.open(path) as container:
        total = container.streams.video[0].frames
        wanted = {(2 * column + 1) * total // (2 * COLUMNS) for column in range(COLUMNS)}
        pictures = enumerate(container.decode(video=0))
        frames = [picture.to_ndarray(format="bgr24") for n, picture in pictures if n in wanted]
    height = WIDTH * frames[0].shape[0] // frames[0].shape[1]
    return np.hstack([cv2.resize(f, (WIDTH, height), interpolation=cv2.INTER_AREA) for f in frames])


before, after, sheet = sys.argv[1:4]
cv2.imwrite(sheet, np.vstack([row(before), row(after)]))
