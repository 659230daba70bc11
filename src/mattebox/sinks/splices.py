"""Recordings joined end to end in one file, as with ``cat``: where time jumps back, it goes on.

The pictures of such a file are put one behind the other by its source; this does the same for
packets of sound and subtitles. Called on the sink's thread.
"""

from __future__ import annotations

from fractions import Fraction

from av.packet import Packet
from av.stream import Stream

# Less is disorder within one recording; the same limit as for pictures.
_JUMP_S = 1


class Splices:
    """Moves the packets of every recording but the first behind the recording before.

    Sound decides where a recording begins: it has no gaps, so what goes back by more than a second
    is another recording. Subtitles may be silent for longer than a recording lasts; they follow,
    each with the recording whose sound at that place of the file is nearest in time.

    Attributes:
        count: how many times a new recording has begun.
    """

    def __init__(self) -> None:
        self.count = 0
        self._offsets = [Fraction(0)]  # of every recording, in seconds
        self._newest: list[Fraction | None] = [None]  # the file's own time in each, last seen
        self._recording: dict[int, int] = {}  # by stream
        self._ends: dict[int, Fraction] = {}  # by stream, in the file's own time
        self._last: dict[int, Fraction] = {}

    def mend(self, packet: Packet[Stream], is_sound: bool) -> None:
        """Give a packet, next in the file's order, the time it is to have."""
        ticks = packet.dts if packet.dts is not None else packet.pts
        index = packet.stream_index
        if ticks is not None:
            now = ticks * packet.time_base
            self._place(index, now, is_sound)
            self._last[index] = now
            self._ends[index] = now + (packet.duration or 0) * packet.time_base
        _move(packet, self._offsets[self._recording.get(index, 0)])

    def _place(self, index: int, now: Fraction, is_sound: bool) -> None:
        recording = self._recording.get(index, 0)
        last = self._last.get(index)
        if is_sound and last is not None and now < last - _JUMP_S:
            recording += 1
            if recording == len(self._offsets):
                self._begin(self._ends[index] - now)
        elif not is_sound or last is None:
            recording = self._nearest(now, recording)
        self._recording[index] = recording
        if is_sound:
            self._newest[recording] = now

    def _begin(self, gap: Fraction) -> None:
        self.count += 1
        self._offsets.append(self._offsets[-1] + gap)
        self._newest.append(None)

    def _nearest(self, now: Fraction, at_least: int) -> int:
        newest = self._newest[-1]
        if newest is not None and abs(now - newest) <= _JUMP_S:
            return len(self._newest) - 1
        distances = [
            (abs(now - seen), -number)
            for number, seen in enumerate(self._newest)
            if number >= at_least and seen is not None
        ]
        return -min(distances)[1] if distances else at_least


def _move(packet: Packet[Stream], offset: Fraction) -> None:
    ticks = round(offset / packet.time_base) if offset else 0
    packet.pts = None if packet.pts is None else packet.pts + ticks
    packet.dts = None if packet.dts is None else packet.dts + ticks
