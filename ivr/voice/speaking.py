"""What a caller hears of a piece: the site's own recording, else what an engine made of the text, as its node speaks."""

import structlog
from msgspec.structs import replace

from gateway.model.errors import ConfigurationError
from gateway.ports.speech import SpeechError, Voice
from ivr.definition.values import Speech, in_language
from ivr.speech.prompts import Prompts
from ivr.speech.recordings import Recordings
from ivr.voice.settings import VoiceSettings
from ivr.voice.wording import Piece

_log = structlog.get_logger()


class Speaking:
    """One application's.

    Args:
        settings: With the usual voices.
    """

    def __init__(self, prompts: Prompts, recordings: Recordings, settings: VoiceSettings) -> None:
        self._prompts = prompts
        self._recordings = recordings
        self._settings = settings

    def voice(self, language: str, speech: Speech) -> Voice:
        """Return how a node speaks a language."""
        usual = Voice(language=language, name=self._settings.voices.get(language), speed=speech.speed)
        own = in_language(speech.voice, language) if isinstance(speech.voice, str) else (speech.voice or {}).get(language)
        return replace(usual, name=own) if own else usual

    async def sound(self, piece: Piece) -> bytes | None:
        """Return the sound; None where there is none: that is logged, and the caller hears the next piece."""
        if piece.prompt is not None:
            try:
                found = self._recordings.sound(piece.prompt, piece.language)
            except ConfigurationError as error:
                _log.error("recording_not_played", prompt=piece.prompt, reason=str(error))
                found = None
            if found is not None:
                return found
        try:
            return await self._prompts.sound(piece.text, self.voice(piece.language, piece.speech))
        except SpeechError as error:
            _log.error("prompt_not_spoken", language=piece.language, reason=str(error))
            return None
