"""The soft sound that fills the time until an answer is there: two low strokes and a pause."""

import math
import struct
from functools import cache
from typing import Final

from gateway.ports.media import RATE_HZ

STROKES: Final = ((392.0, 0.0), (523.0, 0.25))
"""Hertz, and seconds from the beginning."""
STROKE_S: Final = 0.35
LASTS_S: Final = 1.6
LOUDNESS: Final = 1800.0


@cache
def filler() -> bytes:
    """Return it, 8 kHz and 16 bits."""
    samples = [0.0] * round(LASTS_S * RATE_HZ)
    for hertz, begins_s in STROKES:
        start = round(begins_s * RATE_HZ)
        for at in range(round(STROKE_S * RATE_HZ)):
            fades = math.exp(-8.0 * at / RATE_HZ) * min(1.0, at / 80)
            samples[start + at] += LOUDNESS * fades * math.sin(2 * math.pi * hertz * at / RATE_HZ)
    return struct.pack(f"<{len(samples)}h", *map(round, samples))
