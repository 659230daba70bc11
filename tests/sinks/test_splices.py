"""Recordings joined end to end: every packet goes on in time, with its own recording."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import Any

import av

from mattebox.sinks.splices import Splices

SOUND, OTHER_SOUND, LINES = 0, 1, 2


def mended(said: list[tuple[int, float]], duration: float = 0.5) -> tuple[list[float], int]:
    """Where packets of (stream, seconds) end up, and how many times a recording began."""
    splices = Splices()
    found = []
    with av.open(io.BytesIO(), "w", format="matroska") as container:
        streams: list[Any] = [
            container.add_stream(name) for name in ("libmp3lame", "libmp3lame", "subrip")
        ]
        for stream, moment in said:
            packet: Any = av.Packet(b"x")
            packet.stream, packet.time_base = streams[stream], Fraction(1, 1000)
            packet.pts = packet.dts = round(moment * 1000)
            packet.duration = round(duration * 1000)
            splices.mend(packet, stream != LINES)
            assert packet.pts == packet.dts
            found.append(packet.pts / 1000)
    return found, splices.count


def test_one_recording_stays_as_it_is() -> None:
    """Small steps back are disorder, and subtitles may come in any order."""
    said = [(SOUND, 5.0), (LINES, 9.0), (SOUND, 5.5), (SOUND, 5.2), (LINES, 1.0), (SOUND, 6.0)]
    assert mended(said) == ([moment for _, moment in said], 0)


def test_the_next_recording_begins_where_the_one_before_ends() -> None:
    """The last packet's end; and so on for every further recording."""
    said = [(SOUND, each) for each in (3.0, 3.5, 4.0, 4.5, 3.0, 3.5, 4.0, 4.5, 3.0)]
    assert mended(said) == ([3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0], 2)


def test_all_sounds_move_alike() -> None:
    """The second track's last packet comes late, and still belongs to the first recording."""
    said = [(SOUND, 8.0), (OTHER_SOUND, 7.6), (SOUND, 8.5), (SOUND, 0.0), (OTHER_SOUND, 8.1)]
    said += [(OTHER_SOUND, 0.1), (SOUND, 0.5)]
    assert mended(said) == ([8.0, 7.6, 8.5, 9.0, 8.1, 9.1, 9.5], 1)


def test_subtitles_follow_the_sound_beside_them() -> None:
    """Also a line that is later than any before: the clock of subtitles need not go back."""
    said = [(LINES, 0.2), (SOUND, 0.0), (SOUND, 9.5), (SOUND, 0.0), (LINES, 9.6), (LINES, 0.3)]
    said += [(SOUND, 9.4), (LINES, 9.9)]
    assert mended(said) == ([0.2, 0.0, 9.5, 10.0, 9.6, 10.3, 19.4, 19.9], 1)
