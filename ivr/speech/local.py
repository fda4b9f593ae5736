"""Engines of this machine behind the ports: each has worker processes of its own."""

from collections.abc import AsyncIterable
from typing import Final

from gateway.ports.speech import Heard, SpeechAbilities, Voice, VoiceAbilities, Wanted
from ivr.speech.workers.pool import Pool
from ivr.speech.workers.protocol import Speak, Transcribe

MIN_BYTES: Final = 1600
"""A tenth of a second: less holds no word."""


class LocalSpeechToText:
    """See :class:`gateway.ports.speech.SpeechToText`; it begins when the caller has stopped."""

    def __init__(self, pool: Pool, abilities: SpeechAbilities) -> None:
        self.name = pool.name
        self.abilities = abilities
        self._pool = pool

    async def serve(self) -> None:
        """Keep the workers alive until cancelled."""
        await self._pool.serve()

    async def ready(self) -> None:
        """Wait for a worker."""
        await self._pool.ready()

    async def transcribe(self, sound: AsyncIterable[bytes], wanted: Wanted) -> Heard:
        """Recognise one sentence."""
        whole = b"".join([piece async for piece in sound])
        if len(whole) < MIN_BYTES:
            return Heard(text="")
        answer = await self._pool.ask(Transcribe(whole, wanted))
        return answer.heard or Heard(text="")


class LocalTextToSpeech:
    """See :class:`gateway.ports.speech.TextToSpeech`."""

    def __init__(self, pool: Pool, abilities: VoiceAbilities) -> None:
        self.name = pool.name
        self.abilities = abilities
        self._pool = pool

    async def serve(self) -> None:
        """Keep the workers alive until cancelled."""
        await self._pool.serve()

    async def speak(self, text: str, voice: Voice) -> bytes:
        """Return the sound of a text."""
        await self._pool.ready()
        return (await self._pool.ask(Speak(text, voice))).sound
