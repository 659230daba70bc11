"""The stream sink, against receivers on loopback that decode what arrives."""

from __future__ import annotations

import itertools
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import psutil  # type: ignore[import-untyped]
import pytest

from mattebox.errors import SinkError, SinkRefused
from mattebox.frame import Frame
from mattebox.live.behind import SinkBehindThread
from mattebox.sinks.address import read_address, shown_address
from mattebox.sinks.stream import StreamSink
from places import ROOT
from receivers import (
    QUARTERS,
    TICKS,
    Receiver,
    free_port,
    quartered,
    quarters_of,
    rtmp_receiver,
    rtsp_receiver,
    send_until,
    udp_receiver,
)


def sink(address: str, *, bitrate_kbps: int = 2000) -> StreamSink:
    return StreamSink(address, bitrate_kbps=bitrate_kbps, longest_wait_s=0.3)


def opened(address: str) -> StreamSink:
    """Open once its server listens, which takes it a moment."""
    deadline = time.monotonic() + 10
    while True:
        made = sink(address)
        try:
            made.open(TICKS)
        except SinkRefused:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return made


def rtmp(port: int) -> tuple[str, Receiver]:
    return f"rtmp://127.0.0.1:{port}/live/key", rtmp_receiver(port)


def udp(port: int) -> tuple[str, Receiver]:
    return f"udp://127.0.0.1:{port}", udp_receiver(port)


def rtsp(port: int) -> tuple[str, Receiver]:
    return f"rtsp://127.0.0.1:{port}/live", rtsp_receiver(port)


@pytest.mark.parametrize("way", [rtmp, rtsp, udp])
def test_what_arrives_is_what_was_sent(way: Callable[[int], tuple[str, Receiver]]) -> None:
    """Each quarter in its place and its colour, at its time, in order.

    On a busy machine the server, FFmpeg, loses some pictures when it turns from probing to reading;
    the same bytes, sent to it again, gave all of them.
    """
    address, receiver = way(free_port())
    with receiver:
        stream = opened(address)
        send_until(stream.write, lambda: len(receiver.pictures) >= 30)
        stream.close()
    assert stream.dropped == 0
    for picture in receiver.pictures[2:]:
        found, wanted = np.array(quarters_of(picture)), np.array(QUARTERS)
        assert abs(found - wanted).max() <= 3
    steps = [late - early for early, late in itertools.pairwise(receiver.times)]
    whole = [max(1, round(step / 0.04)) * 0.04 for step in steps]
    assert steps == pytest.approx(whole, abs=0.0011)  # RTMP counts in milliseconds
    assert np.median(steps) == pytest.approx(0.04, abs=0.0011)


def test_a_picture_stands_alone_every_two_seconds() -> None:
    """Who joins late sees something soon; nothing else is larger than it must be."""
    address, receiver = rtmp(free_port())
    with receiver:
        stream = opened(address)
        send_until(stream.write, lambda: receiver.times[-1:] >= [2.2])
        stream.close()
    alone = itertools.compress(receiver.times, receiver.pictures_alone)
    assert list(alone)[:2] == pytest.approx([0, 2])


def test_a_server_that_is_started_again_gets_the_stream_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Meanwhile pictures are given up, counted, and nobody waits for them."""
    port = free_port()
    address, first = rtmp(port)
    with first:
        stream = opened(address)
        pts = send_until(stream.write, lambda: len(first.pictures) >= 5)
    pts = send_until(stream.write, lambda: stream.dropped >= 5, begin=pts)
    _, second = rtmp(port)
    with second, caplog.at_level(logging.WARNING):
        send_until(stream.write, lambda: len(second.pictures) >= 5, begin=pts)
        stream.close()
    assert second.pictures_alone[0]
    assert abs(np.array(quarters_of(second.pictures[4])) - np.array(QUARTERS)).max() <= 3
    assert "is back after" in caplog.text


def test_close_while_connecting_again_waits_for_nothing() -> None:
    """The server is gone for good, and the session ends."""
    address, receiver = rtmp(free_port())
    with receiver:
        stream = opened(address)
        pts = send_until(stream.write, lambda: len(receiver.pictures) >= 3)
    send_until(stream.write, lambda: stream.dropped >= 1, begin=pts)
    stream.close()
    with pytest.raises(SinkError, match="not open"):
        stream.write(quartered(pts))


def test_a_server_that_reads_nothing_more_holds_up_nobody() -> None:
    """Behind its thread: the writer never waits, pictures are given up, and the end comes."""
    with stuffed_receiver() as address:
        stream = sink(address)
        behind = SinkBehindThread(stream, capacity=2, stop_timeout_s=4.0)
        behind.open(TICKS)
        noise = np.random.default_rng(0).integers(0, 256, (144, 160), np.uint8)
        pts, deadline = 0, time.monotonic() + 30
        while stream.dropped == 0 and time.monotonic() < deadline:
            behind.write(noisy(pts, noise))
            pts += 1
            time.sleep(0.002)
        assert stream.dropped > 0
        behind.close()


def noisy(pts: int, noise: np.ndarray) -> Frame:
    """A picture that no encoder makes small, and another one each time."""
    shifted = np.roll(noise, pts * 7919)
    luma, chroma = shifted[:96], shifted[96:].reshape(2, 48, 80)
    return Frame((luma, chroma[0], chroma[1]), TICKS, pts, duration=1)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("rtmp://127.0.0.1:{port}/live/secret", "Connection refused"),
        ("rtmps://127.0.0.1:{port}/live/secret", "Connection refused"),
        ("rtsp://127.0.0.1:{port}/live", "Connection refused"),
        ("http://127.0.0.1:{port}/whip", "Connection refused"),
        ("ftp://127.0.0.1/x", "not among rtmp://"),
        ("rtmp://", "no host"),
    ],
)
def test_what_cannot_be_reached_is_refused_with_the_next_step(address: str, said: str) -> None:
    """At open, before the camera is touched; and no stream key in the message."""
    with pytest.raises(SinkRefused, match=said) as caught:
        sink(address.format(port=free_port())).open(TICKS)
    assert caught.value.advice
    assert "secret" not in str(caught.value)


def test_srt_is_sent_or_said_to_be_missing() -> None:
    """PyAV's wheels come without it; an FFmpeg that has it finds no listener here."""
    with pytest.raises(SinkRefused, match=r"built without srt|cannot send to srt") as caught:
        sink(f"srt://127.0.0.1:{free_port(socket.SOCK_DGRAM)}?connect_timeout=500").open(TICKS)
    assert caught.value.advice


def test_a_whip_server_that_says_no_is_quoted() -> None:
    """The offer was made: one H.264 track, and nothing that needs reordering."""
    with whip_server(404) as (address, offers), pytest.raises(SinkRefused, match="404"):
        sink(address).open(TICKS)
    [offer] = offers
    assert "a=sendonly" in offer
    assert "H264/90000" in offer
    assert "profile-level-id=42" in offer  # baseline


def test_only_baseline_and_no_key_are_what_whip_and_messages_get() -> None:
    """What an address needs, and what of it may be told."""
    assert read_address("https://a.example/whip").profile == "baseline"
    assert read_address("udp://127.0.0.1:5000").url == "udp://127.0.0.1:5000?pkt_size=1316"
    assert read_address("udp://a:1?pkt_size=188").url == "udp://a:1?pkt_size=188"
    assert shown_address("rtmp://me:pass@a.example/app/key") == "rtmp://a.example/app/…"
    assert "token" not in shown_address("https://a.example/whip?token=1")


def test_a_sender_ends_with_whoever_started_it() -> None:
    """Also when that was killed: no program is left behind."""
    script = (
        "import sys; sys.path[:0] = ['tests/support']\n"
        "from receivers import TICKS\n"
        "from mattebox.sinks.stream import StreamSink\n"
        "sink = StreamSink('udp://127.0.0.1:9', bitrate_kbps=500, longest_wait_s=1)\n"
        "sink.open(TICKS)\n"
        "print(sink._connection._sender._program._process.pid, flush=True)\n"
        "import time; time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as program:
        assert program.stdout is not None
        sender = psutil.Process(int(program.stdout.readline()))
        program.kill()
    sender.wait(10)


@contextmanager
def whip_server(status: int) -> Iterator[tuple[str, list[str]]]:
    """An HTTP server that answers every offer with that status."""
    offers: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            offers.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_error(status)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/whip", offers
        server.shutdown()
        thread.join(5)


@contextmanager
def stuffed_receiver() -> Iterator[str]:
    """An RTMP server behind a relay that forwards the beginning, and then reads no more."""
    port = free_port()
    with rtmp_receiver(port) as receiver, socket.create_server(("127.0.0.1", 0)) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        is_over = threading.Event()
        relay = threading.Thread(target=_relay, args=(door, port, receiver, is_over))
        relay.start()
        try:
            yield f"rtmp://127.0.0.1:{door.getsockname()[1]}/live/key"
        finally:
            is_over.set()
            relay.join(10)


def _relay(door: socket.socket, port: int, receiver: Receiver, is_over: threading.Event) -> None:
    publisher, _ = door.accept()
    with publisher, _connected(port) as server:
        back = threading.Thread(target=_copy, args=(server, publisher, lambda: is_over.is_set()))
        back.start()
        _copy(publisher, server, lambda: len(receiver.pictures) >= 2 or is_over.is_set())
        is_over.wait(40)
        back.join(5)


def _connected(port: int) -> socket.socket:
    deadline = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _copy(source: socket.socket, target: socket.socket, is_over: Callable[[], bool]) -> None:
    source.settimeout(0.1)
    while not is_over():
        try:
            data = source.recv(4096)
        except TimeoutError:
            continue
        except OSError:
            return
        if not data:
            return
        target.sendall(data)
