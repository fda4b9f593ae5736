"""Sound as it goes on telephone lines: 8 kHz, 16 bits, mono; from and to what engines and files have. Needs numpy and soxr.

``tieline[speech]`` has both.
"""

import io
import wave
from typing import Any, Final

from gateway.ports.media import RATE_HZ

LEVEL: Final = 2600.0
"""Root mean square of what is said, -22 dB of full scale: as loud as people on a telephone."""
PEAK: Final = 28_000.0
"""No sample is louder."""
QUIET: Final = 0.02
"""Share of the loudest sample below which the ends of a sound are silence."""
KEPT: Final = 400
"""Samples of silence that stay at either end, 50 ms."""
MAX_WAV_BYTES: Final = 64 * 1024 * 1024

Floats = Any
"""A numpy array of float32, full scale at 1.0."""


def telephone(samples: Floats, rate: int) -> bytes:
    """Return what an engine made (full scale at 1.0) as a telephone hears it: trimmed, and as loud as people are."""
    import numpy as np

    at_8k = resampled(np.asarray(samples, dtype=np.float32), rate, RATE_HZ) * 32768.0
    loudest = float(np.abs(at_8k).max()) if len(at_8k) else 0.0
    if loudest < 1.0:
        return b""
    there = np.flatnonzero(np.abs(at_8k) > loudest * QUIET)
    at_8k = at_8k[max(0, there[0] - KEPT) : there[-1] + KEPT]
    mean = float(np.sqrt(np.mean(at_8k**2)))
    return pcm(at_8k * min(LEVEL / mean, PEAK / loudest))


def resampled(samples: Floats, rate: int, wanted: int) -> Floats:
    """Return floats at another rate."""
    if rate == wanted:
        return samples
    import soxr

    return soxr.resample(samples, rate, wanted)


def pcm(samples: Floats) -> bytes:
    """Return floats whose full scale is 32768 as 16 bits."""
    import numpy as np

    made: bytes = np.clip(samples, -32768, 32767).astype("<i2").tobytes()
    return made


def floats(sound: bytes) -> Floats:
    """Return 16 bits as floats, full scale at 1.0."""
    import numpy as np

    return np.frombuffer(sound, dtype="<i2").astype(np.float32) / 32768.0


def wav(sound: bytes, rate: int = RATE_HZ) -> bytes:
    """Return sound as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(sound)
    return file.getvalue()


def from_wav(data: bytes) -> bytes:
    """Return the sound of a WAV file as 8 kHz.

    Raises:
        ValueError: It is none of 16 bits and one channel; the text says what it is.
    """
    try:
        with wave.open(io.BytesIO(data[:MAX_WAV_BYTES]), "rb") as reader:
            channels, bits, rate = reader.getnchannels(), reader.getsampwidth() * 8, reader.getframerate()
            if (channels, bits) != (1, 16) or not RATE_HZ <= rate <= 48_000:
                raise ValueError(f"it has {channels} channels of {bits} bits at {rate} Hz")
            sound = reader.readframes(reader.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"it is no WAV file: {error}") from error
    if rate == RATE_HZ:
        return sound
    return pcm(resampled(floats(sound), rate, RATE_HZ) * 32768.0)
