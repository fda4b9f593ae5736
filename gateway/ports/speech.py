"""Speech to text and text to speech, for applications that talk with callers; any engine behind one port.

Sound is what :mod:`gateway.ports.media` has: 8 kHz, 16-bit, mono, little-endian. An engine that wants another rate converts.
"""

from collections.abc import AsyncIterable, Mapping
from enum import StrEnum
from typing import Protocol

import msgspec

from gateway.model.errors import PeerError


class SpeechProblem(StrEnum):
    BUSY = "busy"
    """As many wait as may: the caller is better served by keys than by waiting."""
    LATE = "late"
    """It did not answer in time."""
    DOWN = "down"
    """It cannot be reached, or its process died."""
    REFUSED = "refused"
    """It knows us not: a key or a right must be changed."""
    LIMITED = "limited"
    """Our share of it is used up for now."""
    BROKEN = "broken"
    """It said what its protocol does not allow, or not all of it."""


class SpeechError(PeerError):
    """An engine did not do it; the text names the engine, the cause, and the cure where there is one."""

    retryable = True

    def __init__(self, engine: str, problem: SpeechProblem, detail: str) -> None:
        super().__init__(f"{engine}: {detail}")
        self.engine = engine
        self.problem = problem


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a sentence before it is heard."""

    language: str | None = None
    """``zh`` or ``en``; None lets the engine find out, where it can."""
    hints: tuple[str, ...] = ()
    """Words and names that are likely, in that language."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller said."""

    text: str
    """Empty: no word. Chinese in simplified characters."""
    language: str | None = None
    """In which it was said, where the engine tells."""
    confidence: float = 1.0
    """0 to 1, as well as the engine knows."""
    alternatives: tuple[str, ...] = ()
    """What it may have been instead, likeliest first."""


class SpeechAbilities(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine that recognises speech can do."""

    languages: frozenset[str]
    finds_language: bool = False
    """It tells by itself which of its languages it hears."""
    takes_hints: bool = False
    is_streaming: bool = False
    """It works while the caller speaks, so that little is left to do when he stops."""


class SpeechToText(Protocol):
    """An engine that recognises speech; several sentences at once, of one event loop."""

    @property
    def name(self) -> str:
        """What log and errors call it."""

    @property
    def abilities(self) -> SpeechAbilities: ...

    async def serve(self) -> None:
        """Do what it needs beside the sentences, such as minding its processes, until cancelled."""

    async def ready(self) -> None:
        """Wait until it can hear somebody. Cancelling is safe.

        Raises:
            SpeechError: It cannot now.
        """

    async def transcribe(self, sound: AsyncIterable[bytes], wanted: Wanted) -> Heard:
        """Recognise one sentence.

        Cancelling is safe, and frees what it holds.

        Args:
            sound: In pieces of any length, as they are spoken; ends when the caller stops.

        Raises:
            SpeechError: No sentence comes of it.
        """


class Voice(msgspec.Struct, frozen=True, kw_only=True):
    """How to speak."""

    language: str
    name: str | None = None
    """The engine's own name of a voice; None is its usual one of the language."""
    speed: float = 1.0
    """1 is usual, 0.5 half as fast, 2 twice as fast."""


class VoiceAbilities(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine that speaks can do."""

    voices: Mapping[str, tuple[str, ...]]
    """By language, the usual one first; empty where any name is passed on."""
    takes_speed: bool = False
    identity: str
    """Changes when the same text would sound otherwise: engine and model."""


class TextToSpeech(Protocol):
    """An engine that speaks; of one event loop."""

    @property
    def name(self) -> str: ...

    @property
    def abilities(self) -> VoiceAbilities: ...

    async def serve(self) -> None:
        """See :meth:`SpeechToText.serve`."""

    async def speak(self, text: str, voice: Voice) -> bytes:
        """Return the sound of a text. Cancelling is safe.

        Raises:
            SpeechError: There is none.
        """
