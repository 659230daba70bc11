"""A camera on the network: JPEG pictures over HTTP on loopback, to be killed and started again."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]  # (height, width, 3), B, G, R

WIDTH, HEIGHT, RATE = 160, 96, 25
MARKER, SUBJECT = (255, 0, 255), (255, 255, 255)


def filmed(index: int) -> Picture:
    """A room in magenta and a white square that moves."""
    picture = np.full((HEIGHT, WIDTH, 3), MARKER, np.uint8)
    left = 40 + index % 40
    picture[32:64, left : left + 32] = SUBJECT
    return picture


class MjpegCamera:
    """Sends pictures to whoever connects, while it is on.

    Args:
        picture: makes the n-th one.

    Attributes:
        address: where it is; the same after every start.
    """

    def __init__(self, picture: Callable[[int], Picture] = filmed) -> None:
        self._picture = picture
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self.address = f"http://127.0.0.1:{self._port}/video.mjpg"
        self._server: ThreadingHTTPServer | None = None
        self._on = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Listen."""
        self._on.set()
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                camera._send(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", self._port), Handler)
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._threads = [thread]
        thread.start()

    def stop(self) -> None:
        """Break off every connection and listen no more."""
        self._on.clear()
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join(5)

    def _send(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        began, index = time.monotonic(), 0
        try:
            while self._on.is_set():
                found, data = cv2.imencode(".jpg", self._picture(index))
                assert found
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(data)}\r\n\r\n"
                handler.wfile.write(head.encode() + data.tobytes() + b"\r\n")
                index += 1
                time.sleep(max(0.0, began + index / RATE - time.monotonic()))
        except OSError:
            pass  # nobody reads any more

    def __enter__(self) -> MjpegCamera:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = False
