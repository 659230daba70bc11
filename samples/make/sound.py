"""A short quiet melody, so that the clip has sound whose loss or shift one would hear.

Plucked tones over a soft chord, every partial a sine; nothing is recorded.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[np.float64]

SAMPLE_RATE = 48000
_BEAT_S = 0.375

# (beat, semitones above A3): sixteen beats of 0.375 s are the six seconds of the clip.
_MELODY = (
    (0, 3), (1, 7), (2, 10), (3, 12), (4, 10), (5.5, 7), (6, 8), (7, 12),
    (8, 15), (9, 12), (10, 10), (11, 7), (12, 5), (13, 3), (14, 2),
)  # fmt: skip
_CHORDS = ((0, (-9, -2, 3)), (4, (-12, -4, 3)), (8, (-4, 0, 8)), (12, (-2, 2, 5)))


def melody(length_s: float) -> Array:
    """(samples,) in [-1, 1] at ``SAMPLE_RATE``."""
    mix = np.zeros(round(length_s * SAMPLE_RATE))
    for beat, semitones in _MELODY:
        _add(mix, _pluck(_pitch(semitones), 1.6), beat, 0.22)
    for beat, chord in _CHORDS:
        for semitones in chord:
            _add(mix, _pad(_pitch(semitones), 4 * _BEAT_S), beat, 0.06)
    fade = np.minimum(1, np.arange(mix.size)[::-1] / (0.25 * SAMPLE_RATE))
    return np.tanh(mix) * fade


def _pitch(semitones: int) -> float:
    return float(220 * 2 ** (semitones / 12))


def _add(mix: Array, tone: Array, beat: float, volume: float) -> None:
    start = round(beat * _BEAT_S * SAMPLE_RATE)
    length = min(tone.size, mix.size - start)
    mix[start : start + length] += volume * tone[:length]


def _pluck(pitch: float, length_s: float) -> Array:
    """A struck bar: the higher a partial, the sooner it is gone."""
    time = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    partials = ((1, 1.0, 3.2), (2, 0.35, 5.0), (3.9, 0.22, 11.0))
    tone = sum(
        share * np.sin(2 * np.pi * ratio * pitch * time) * np.exp(-decay * time)
        for ratio, share, decay in partials
    )
    return np.asarray(tone * np.minimum(1, time / 0.004))


def _pad(pitch: float, length_s: float) -> Array:
    time = np.arange(round(length_s * SAMPLE_RATE)) / SAMPLE_RATE
    swell = np.sin(np.pi * time / length_s) ** 0.7
    return swell * (np.sin(2 * np.pi * pitch * time) + 0.3 * np.sin(4 * np.pi * pitch * time))
