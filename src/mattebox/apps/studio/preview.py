"""What the page shows of a session: small JPEGs, made when somebody asks, off the data path.

The newest picture is the only one that is kept, encoded once for all who look, and no more often
than ``RATE`` times a second. On threads of the web server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from mattebox.errors import SinkError

if TYPE_CHECKING:
    from mattebox.apps.studio.sessions import Glance
    from mattebox.assemble.glimpses import Small

View = Literal["both", "matte"]
VIEWS: tuple[View, ...] = get_args(View)

RATE = 12
WIDTH_PX = 640
_QUALITY = 82


@dataclass(frozen=True, slots=True)
class Shown:
    """One encoded picture.

    Attributes:
        number: rises with every picture.
        jpeg: its bytes; of ``both``, the camera's picture above the composite.
        aspect: width over height of the camera's picture.
    """

    number: int
    jpeg: bytes
    aspect: float


class Preview:
    """Encodes the newest glimpse for whoever looks.

    Args:
        glimpse: gives the newest; None while there is none.
    """

    def __init__(self, glimpse: Callable[[], Glance | None]) -> None:
        self._glimpse = glimpse
        self._encoding = {view: threading.Lock() for view in VIEWS}
        self._last: dict[View, tuple[Glance, Shown, float]] = {}
        self._counting = threading.Lock()
        self._number = 0

    def newest(self, view: View) -> Shown | None:
        """The newest picture of a view; None while there is none.

        Raises:
            MatteboxError: it cannot be encoded.
        """
        with self._encoding[view]:
            glance = self._glimpse()
            if glance is None:
                self._last.pop(view, None)
                return None
            kept = self._last.get(view)
            now = time.monotonic()
            if kept is not None and (kept[0] is glance or now - kept[2] < 0.9 / RATE):
                return kept[1]
            shown = Shown(self._next_number(), _jpeg(_drawn(glance, view)), _aspect(glance))
            self._last[view] = glance, shown, now
            return shown

    def forget(self) -> None:
        """Keep nothing of a session that is over; waits for what is being encoded."""
        for view, encoding in self._encoding.items():
            with encoding:
                self._last.pop(view, None)

    def _next_number(self) -> int:
        with self._counting:
            self._number += 1
            return self._number


def _drawn(glance: Glance, view: View) -> Small:
    import numpy as np

    from mattebox.assemble.glimpses import small_matte, small_rgb

    before = small_rgb(glance.matte.frame, WIDTH_PX)
    if view == "matte":
        return small_matte(glance.matte, (before.shape[0], before.shape[1]))
    return np.vstack((before, small_rgb(glance.picture, WIDTH_PX)))


def _jpeg(picture: Small) -> bytes:
    import cv2

    bgr = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise SinkError("OpenCV cannot encode a JPEG for the preview.")
    return data.tobytes()


def _aspect(glance: Glance) -> float:
    format = glance.matte.frame.format
    return float(format.width * format.sample_aspect / format.height)
