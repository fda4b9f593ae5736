"""Cuts sentences out of a caller's frames, by how likely each frame is speech. Pure: time is counted in frames of 20 ms.

A sentence begins with its first syllable, some frames of which are kept from before it was sure; it ends after a pause. What was
too short to be a word is told as such: whoever fell silent for it can go on.
"""

from array import array
from collections import deque
from collections.abc import Sequence
from operator import mul
from typing import Final

import msgspec

from gateway.ports.media import FRAME_S

LIKELY: Final = 0.4
"""From this probability on a frame counts as speech."""
STILL: Final = 0.35
"""Below this probability a frame counts as a pause; between the two it counts as what was before."""
BEGIN_OF: Final = (2, 3)
"""So many of the last so many frames make a beginning."""
SURE: Final = 0.6
"""From this probability on one frame is enough while we speak: whoever interrupts us should hear at once that we listen."""
OVER_US: Final = 400.0
"""Loudness (root mean square of 16-bit samples) from which on a frame counts as speech while we speak ourselves.

A part of what we say comes back from lines without echo cancellers, and it is speech as good as any: only loudness tells it.
"""
MAX_OVER_US: Final = 1600.0
"""Where the former ends that grows with the echo; who speaks at the usual loudness still interrupts us."""
ECHO: Final = 20
"""Frames after we fell silent, 0.4 s, in which our last words come back: what does not outlast them may have been we."""
KEPT_BEFORE: Final = 15
"""Frames of before the beginning that belong to the sentence: soft first sounds, 0.3 s."""
MIN_SPEECH: Final = 6
"""Frames of speech, 0.12 s, below which it was no word: a short one of Chinese has hardly more that are sure."""
END_S: Final = 0.6
"""Seconds of a pause that end a sentence."""
MAX_S: Final = 15.0
"""Seconds after which a sentence is cut: a radio, or somebody who talks to somebody else."""


class SpeechBegan(msgspec.Struct, frozen=True):
    """The caller speaks; what he says follows in pieces."""


class Piece(msgspec.Struct, frozen=True):
    """What he said since the last piece."""

    sound: bytes


class SpeechEnded(msgspec.Struct, frozen=True):
    """He has stopped, or was cut."""

    seconds: float
    """Of the sentence, with the pause at its end."""


class NotSpeech(msgspec.Struct, frozen=True):
    """It was too short to be a word."""


Event = SpeechBegan | Piece | SpeechEnded | NotSpeech


class Endpointing:
    """One caller's."""

    def __init__(self, *, end_s: float = END_S, max_s: float = MAX_S) -> None:
        self.end_s = end_s
        """May be changed at any time: longer where numbers are told, which people say in groups."""
        self.is_over_us = False
        """Whether we speak ourselves just now."""
        self.over_us = OVER_US
        """See ``OVER_US``; twice as much each time that we may have interrupted ourselves, ``MAX_OVER_US`` at most."""
        self._since_us = ECHO
        self._began_over_us = self._outlasts_us = False
        self._max = round(max_s / FRAME_S)
        self._before: deque[bytes] = deque(maxlen=KEPT_BEFORE)
        self._recent: deque[bool] = deque(maxlen=BEGIN_OF[1])
        self._is_open = False
        self._frames = 0
        self._speech = 0
        self._pause = 0

    def hear(self, frame: bytes, probability: float) -> Sequence[Event]:
        """Take a frame and how likely it is speech (0 to 1); return what it brought."""
        self._since_us = 0 if self.is_over_us else self._since_us + 1
        return self._go_on(frame, probability) if self._is_open else self._wait(frame, probability)

    def _wait(self, frame: bytes, probability: float) -> Sequence[Event]:
        self._before.append(frame)
        may_be_us = self._since_us < ECHO
        self._recent.append(probability >= LIKELY and not (may_be_us and _is_softer(frame, self.over_us)))
        interrupts = self.is_over_us and self._recent[-1] and probability >= SURE
        if sum(self._recent) < BEGIN_OF[0] and not interrupts:
            return ()
        sound = b"".join(self._before)
        self._is_open, self._frames, self._speech, self._pause = True, len(self._before), sum(self._recent), 0
        self._began_over_us, self._outlasts_us = may_be_us, False
        self._before.clear()
        self._recent.clear()
        return SpeechBegan(), Piece(sound)

    def _go_on(self, frame: bytes, probability: float) -> Sequence[Event]:
        self._frames += 1
        if probability >= LIKELY:
            self._speech += 1
            self._pause = 0
            self._outlasts_us |= self._since_us >= ECHO
        elif probability < STILL or self._pause:
            self._pause += 1
        is_cut = self._frames >= self._max
        if not is_cut and self._pause < round(self.end_s / FRAME_S):
            return (Piece(frame),)
        self._is_open = False
        if self._began_over_us and not self._outlasts_us:
            self.over_us = min(2 * self.over_us, MAX_OVER_US)
        if self._speech < MIN_SPEECH:
            return Piece(frame), NotSpeech()
        return Piece(frame), SpeechEnded(self._frames * FRAME_S)


def _is_softer(frame: bytes, loudness: float) -> bool:
    samples = array("h", frame)
    power: int = sum(map(mul, samples, samples))
    return power < loudness * loudness * len(samples)
