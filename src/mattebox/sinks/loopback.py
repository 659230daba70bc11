"""What v4l2loopback, the virtual camera of Linux, has to be told. The thread of its sink.

Up to version 0.12 (Debian 12, Ubuntu 22.04) a device with ``exclusive_caps`` that was written to,
as pyvirtualcam does, without being told to stream first, offers itself to nobody after that, not
even to the program that wrote: https://github.com/v4l2loopback/v4l2loopback/issues/470. Whoever
tells it to stream counts as its writer, and when a writer leaves it offers itself again.
"""

from __future__ import annotations

import os
import struct
import sys
from contextlib import suppress
from pathlib import Path

# linux/videodev2.h: two requests, two capabilities, a direction; and where in struct
# v4l2_capability they stand: driver, card, bus, version, of the whole device, of this node.
_QUERY_CAPABILITIES, _STREAM_ON = 0x80685600, 0x40045612
_CAPTURE, _OUTPUT = 0x1, 0x2
_TO_OUTPUT = struct.pack("i", 2)
_CAPABILITY = struct.Struct("16s32s32sIII12x")
_DRIVER = b"v4l2 loopback"


def offer_again(device: str, *, after_writing: bool) -> bool:
    """Let a device be written to again; nothing happens to one that can be, and to other drivers.

    Args:
        device: its node.
        after_writing: whether it was ours until now. Else it is left alone where it can be read,
            as somebody else may be writing.

    Returns:
        whether it had to be told.
    """
    if not sys.platform.startswith("linux"):
        return False
    with suppress(OSError):
        node = os.open(device, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _is_stuck(node, after_writing=after_writing) and _stream_on(node)
        finally:
            os.close(node)
    return False


def offer_all_again() -> bool:
    """``offer_again`` for every device that nobody can read or write; whether there was one."""
    told = [offer_again(str(node), after_writing=False) for node in Path("/dev").glob("video*")]
    return any(told)


def _is_stuck(node: int, *, after_writing: bool) -> bool:
    import fcntl

    told = fcntl.ioctl(node, _QUERY_CAPABILITIES, bytes(_CAPABILITY.size))
    driver, _card, _bus, _version, _all, capabilities = _CAPABILITY.unpack(told)
    if driver.rstrip(b"\0") != _DRIVER or capabilities & _OUTPUT:
        return False
    return after_writing or not capabilities & _CAPTURE


def _stream_on(node: int) -> bool:
    import fcntl

    # It refuses, as it has no format, and counts this as a writer all the same.
    with suppress(OSError):
        fcntl.ioctl(node, _STREAM_ON, _TO_OUTPUT)
    return True
