"""Hears one caller: his sentences, cut out of what comes from the line, and his keys, in one order."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from gateway.ports.media import MediaSession
from ivr.voice.endpointing import Event, NotSpeech, Piece, SpeechBegan, SpeechEnded
from ivr.voice.heard import Begins, Ends, Gone, Heard, Pressed
from ivr.voice.sentence import Sentence

Sense = Callable[[bytes], float]
"""How likely a frame is speech, 0 to 1."""


class CutsSentences(Protocol):
    """See :class:`ivr.voice.endpointing.Endpointing`."""

    def hear(self, frame: bytes, probability: float) -> Sequence[Event]: ...


class Ears:
    """See the module.

    Args:
        sense: Tells speech.
        cuts: Cuts sentences; both of this call alone.
        tell: Told all that is heard, at once.
    """

    def __init__(self, session: MediaSession, sense: Sense, cuts: CutsSentences, tell: Callable[[Heard], None]) -> None:
        self._session = session
        self._sense = sense
        self._cuts = cuts
        self._tell = tell
        self._sentence: Sentence | None = None
        self.is_deaf = False
        """Speech is not listened to; keys are."""

    async def run(self) -> None:
        """Listen until the session has ended."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keys(), name=f"{self._session.info.id}.keys")
            while (frame := await self._session.frame()) is not None:
                if self.is_deaf:
                    self._stop(is_speech=False)
                    continue
                for event in self._cuts.hear(frame, self._sense(frame)):
                    self._take(event)
            self._stop(is_speech=False)
        self._tell(Gone())

    async def _keys(self) -> None:
        while (key := await self._session.digit()) is not None:
            self._tell(Pressed(key))

    def _take(self, event: Event) -> None:
        match event:
            case SpeechBegan():
                self._stop(is_speech=False)
                self._sentence = Sentence()
                self._tell(Begins(self._sentence))
            case Piece(sound=sound):
                if self._sentence is not None:
                    self._sentence.add(sound)
            case SpeechEnded():
                self._stop(is_speech=True)
            case NotSpeech():
                self._stop(is_speech=False)

    def _stop(self, *, is_speech: bool) -> None:
        if self._sentence is None:
            return
        sentence, self._sentence = self._sentence, None
        sentence.end()
        self._tell(Ends(sentence, is_speech))
