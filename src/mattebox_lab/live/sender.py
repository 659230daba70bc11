"""A camera on the network, as a process that can be killed: JPEG pictures over HTTP on loopback.

``python -m mattebox_lab.live.sender PORT RATE [CLIP]``: the clip again and again, or without one a
white square in a room of magenta. Pictures are compressed before the first is sent, so that the
sender costs next to nothing.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, islice
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

_Picture = npt.NDArray[np.uint8]  # (height, width, 3), B, G, R

# So many pictures are kept: ten seconds at 25 per second.
_KEPT = 250
_QUALITY = 90
_WIDTH, _HEIGHT, _SQUARE = 320, 180, 60


class Sender:
    """The process, started and killed at will.

    Args:
        port: on loopback.
        rate: pictures per second.
        clip: what is sent; None: the room of magenta.
    """

    def __init__(self, port: int, rate: float, clip: Path | None = None) -> None:
        self._words = [str(port), str(rate), *([str(clip)] if clip else [])]
        self.address = f"http://127.0.0.1:{port}/video.mjpg"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> float:
        """Start it; returns ``time.monotonic()`` of the moment at which it listens."""
        words = [sys.executable, "-m", "mattebox_lab.live.sender", *self._words]
        self._process = subprocess.Popen(words, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()
        return time.monotonic()

    def kill(self) -> float:
        """Kill it; returns the moment."""
        assert self._process is not None
        self._process.kill()
        moment = time.monotonic()
        self._process.communicate()
        return moment

    def __enter__(self) -> Sender:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _magenta_room() -> Iterator[_Picture]:
    for index in count():
        picture = np.full((_HEIGHT, _WIDTH, 3), (255, 0, 255), np.uint8)
        left = 40 + 2 * (index % 80)
        picture[_SQUARE : 2 * _SQUARE, left : left + _SQUARE] = 255
        yield picture


def _clip(path: Path) -> Iterator[_Picture]:
    video = cv2.VideoCapture(str(path))
    while True:
        found, picture = video.read()
        if not found:
            return
        yield np.asarray(picture, np.uint8)


def _compressed(pictures: Iterator[_Picture]) -> list[bytes]:
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    return [
        cv2.imencode(".jpg", picture, quality)[1].tobytes() for picture in islice(pictures, _KEPT)
    ]


def _serve(port: int, rate: float, pictures: list[bytes]) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
            self.end_headers()
            began = time.monotonic()
            for index in count():
                data = pictures[index % len(pictures)]
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                try:
                    self.wfile.write(head.encode() + data + b"\r\n")
                except OSError:
                    return  # nobody reads any more
                time.sleep(max(0.0, began + (index + 1) / rate - time.monotonic()))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print("listening", flush=True)
    server.serve_forever()


def _main(port: str, rate: str, clip: str | None = None) -> None:
    pictures = _magenta_room() if clip is None else _clip(Path(clip))
    _serve(int(port), float(rate), _compressed(pictures))


if __name__ == "__main__":
    _main(*sys.argv[1:])
