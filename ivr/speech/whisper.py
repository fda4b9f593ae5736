"""Recognises Chinese and English on this machine, by Whisper: 1.3 s of a processor for a sentence. For a worker process."""

import math
from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gateway.model.errors import ConfigurationError
from gateway.ports.speech import Heard, Wanted
from ivr.speech.models import whisper_model
from ivr.speech.sound import floats, resampled

RATE: Final = 16_000
NO_SPEECH: Final = 0.6
"""From this probability on it was no speech: the model writes something all the same."""
MAX_PROMPT: Final = 200
"""Characters of hints: a model that is told too much hears it everywhere."""
REPEATS: Final = 2.4
"""What can be compressed better than this repeats itself: nobody said it."""


class WhisperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="engine", tag="whisper"):
    """Of what recognises speech on this machine."""

    model: str | None = None
    """A folder with a model of faster-whisper's; None: the one that `make speech` fetched."""
    processes: Annotated[int, Meta(ge=1, le=16)] = 2
    """Sentences at once: each has a processor and some 350 MB."""
    beam: Annotated[int, Meta(ge=1, le=10)] = 5


def recogniser(settings: WhisperSettings) -> Callable[[bytes, Wanted], Heard]:
    """Load the model; return what makes text of sound.

    Raises:
        ConfigurationError: A package or the model is missing.
    """
    try:
        import opencc
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise ConfigurationError(f"what Whisper needs is not installed: run `make speech` ({error})") from error
    model: Any = WhisperModel(str(whisper_model(settings.model)), device="cpu", compute_type="int8", cpu_threads=1)
    simplified: Any = opencc.OpenCC("t2s")

    def recognise(sound: bytes, wanted: Wanted) -> Heard:
        segments, info = model.transcribe(
            resampled(floats(sound), 8000, RATE),
            language=wanted.language,
            beam_size=settings.beam,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=True,
            initial_prompt="，".join(wanted.hints)[:MAX_PROMPT] or None,
        )
        said = [each for each in segments if each.no_speech_prob <= NO_SPEECH and each.compression_ratio <= REPEATS]
        text = simplified.convert("".join(each.text for each in said)).strip()
        if not text:
            return Heard(text="")
        sure = math.exp(sum(each.avg_logprob for each in said) / len(said))
        return Heard(text=text, language=info.language, confidence=min(1.0, sure))

    return recognise
