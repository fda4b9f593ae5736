"""Cuts sentences out of a caller's frames, by how likely each frame is speech. Pure: time is counted in frames of 20 ms.

A sentence begins with its first syllable, some frames of which are kept from before it was sure; it ends after a pause. What was
too short to be a word is told as such: whoever fell silent for it can go on.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from gateway.ports.media import FRAME_S

LIKELY: Final = 0.5
"""From this probability on a frame counts as speech."""
LIKELY_OVER_US: Final = 0.7
"""The same while we speak ourselves: a part of that comes back from the line."""
STILL: Final = 0.35
"""Below this probability a frame counts as a pause; between the two it counts as what was before."""
BEGIN_OF: Final = (3, 4)
"""So many of the last so many frames make a beginning: we must be silent 120 ms after the first."""
KEPT_BEFORE: Final = 15
"""Frames of before the beginning that belong to the sentence: soft first sounds, 0.3 s."""
MIN_SPEECH: Final = 8
"""Frames of speech, 0.16 s, below which it was no word."""
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
        self._max = round(max_s / FRAME_S)
        self._before: deque[bytes] = deque(maxlen=KEPT_BEFORE)
        self._recent: deque[bool] = deque(maxlen=BEGIN_OF[1])
        self._is_open = False
        self._frames = 0
        self._speech = 0
        self._pause = 0

    def hear(self, frame: bytes, probability: float) -> Sequence[Event]:
        """Take a frame and how likely it is speech (0 to 1); return what it brought."""
        return self._go_on(frame, probability) if self._is_open else self._wait(frame, probability)

    def _wait(self, frame: bytes, probability: float) -> Sequence[Event]:
        self._before.append(frame)
        self._recent.append(probability >= (LIKELY_OVER_US if self.is_over_us else LIKELY))
        if sum(self._recent) < BEGIN_OF[0]:
            return ()
        sound = b"".join(self._before)
        self._is_open, self._frames, self._speech, self._pause = True, len(self._before), sum(self._recent), 0
        self._before.clear()
        self._recent.clear()
        return SpeechBegan(), Piece(sound)

    def _go_on(self, frame: bytes, probability: float) -> Sequence[Event]:
        self._frames += 1
        if probability >= LIKELY:
            self._speech += 1
            self._pause = 0
        elif probability < STILL or self._pause:
            self._pause += 1
        is_cut = self._frames >= self._max
        if not is_cut and self._pause < round(self.end_s / FRAME_S):
            return (Piece(frame),)
        self._is_open = False
        if self._speech < MIN_SPEECH:
            return Piece(frame), NotSpeech()
        return Piece(frame), SpeechEnded(self._frames * FRAME_S)
