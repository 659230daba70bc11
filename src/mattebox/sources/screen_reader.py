"""The program that reads a screen: ``python -m mattebox.sources.screen_reader``; see ``screen``.

It reads a line with the display, the region and the rate, and writes the pictures to its output in
NUT, as FFmpeg's x11grab gives them. What goes wrong stands on stderr.
"""

from __future__ import annotations

import json
import signal
import sys
from fractions import Fraction

import av


def main() -> int:
    """Pass pictures on until nobody takes them; 1 if there is no such screen."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this ends it
    display, region, rate = json.loads(sys.stdin.buffer.readline())
    options = {"framerate": f"{rate:g}", "draw_mouse": "1"}
    if region is not None:
        left, top, width, height = region
        options["video_size"] = f"{width}x{height}"
        display = f"{display}+{left},{top}"
    try:
        _pass_on(display, options, Fraction(rate).limit_denominator(1001))
    except (av.FFmpegError, OSError) as error:
        sys.stderr.write(f"{error.strerror or error}\n")
        return 1
    return 0


def _pass_on(display: str, options: dict[str, str], rate: Fraction) -> None:
    screen = av.open(display, format="x11grab", options=options)
    out = av.open("pipe:1", "w", format="nut", options={"flush_packets": "1"})
    shown = screen.streams.video[0].codec_context
    # Encoded anew, which copies it: packets as they are would not say which layout they have.
    stream = out.add_stream("rawvideo", rate=rate)
    stream.width, stream.height, stream.pix_fmt = shown.width, shown.height, shown.pix_fmt
    for number, frame in enumerate(screen.decode(video=0)):
        # Counted: moments by the clock of the day may run back, and nobody asks for them.
        frame.pts, frame.time_base = number, 1 / rate
        for packet in stream.encode(frame):
            out.mux(packet)


if __name__ == "__main__":
    sys.exit(main())
