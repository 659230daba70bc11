"""Ticks, time bases and the way between them.

Time is carried, never counted: a frame has an integer ``pts`` in ticks of a ``time_base`` (seconds
per tick, an exact Fraction). Seconds as floats appear only where a person reads them or where a
decay is computed. Pure functions; any thread may call them.
"""

from __future__ import annotations

from fractions import Fraction


def rescale(ticks: int, source: Fraction, target: Fraction) -> int:
    """The same moment in ticks of another time base, to the nearest tick.

    Args:
        ticks: a pts or duration in ticks of ``source``; may be negative.
        source: seconds per tick, positive.
        target: seconds per tick, positive.

    Halves are rounded away from zero, as FFmpeg's ``av_rescale_q`` does, so that a pts comes out
    the same whether FFmpeg or mattebox converted it.
    """
    if source == target:
        return ticks
    exact = abs(ticks) * source / target
    nearest = (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
    return nearest if ticks >= 0 else -nearest


def seconds(ticks: int, time_base: Fraction) -> float:
    """A pts or duration in seconds, for people and for decays."""
    return float(ticks * time_base)
