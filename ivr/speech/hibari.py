"""Speaks English on this machine, by ``hibari-tts``: 2.6 s of speech in 0.02 s of one processor. For a worker process."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gateway.model.errors import ConfigurationError
from gateway.ports.speech import Voice, VoiceAbilities
from ivr.speech.sound import telephone

VOICE: Final = "heart"
"""The one that comes with the package."""
ABILITIES: Final = VoiceAbilities(voices={"en": (VOICE,)}, takes_speed=True, identity="hibari-0.2")
SEED: Final = 1
"""The same text sounds the same each time."""


class HibariSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="engine", tag="hibari"):
    """Of what speaks English on this machine."""

    processes: Annotated[int, Meta(ge=1, le=16)] = 1


def speaker(settings: HibariSettings) -> Callable[[str, Voice], bytes]:
    """Load the model; return what makes sound of texts.

    Raises:
        ConfigurationError: The package is missing.
    """
    try:
        from hibari import SAMPLE_RATE, Hibari
    except ImportError as error:
        raise ConfigurationError(f"hibari-tts is not installed: run `make speech`, or take the entry out ({error})") from error
    engine: Any = Hibari(VOICE, threads=1)

    def speak(text: str, voice: Voice) -> bytes:
        return telephone(engine(text, speed=voice.speed, seed=SEED), SAMPLE_RATE)

    return speak
