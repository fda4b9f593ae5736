"""Recognises Chinese and English on this machine, by Whisper: 0.3 s of a processor for a sentence. For a worker process.

faster-whisper reads the model and makes its tokens; what it does with a recording of an hour is left out. A sentence of a call is
short: the model is given 12 s instead of its 30, which costs a third and hears as well (docs/decisions/0042-speech-engines.md).
"""

import math
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gateway.model.errors import ConfigurationError
from gateway.ports.media import RATE_HZ
from gateway.ports.speech import Heard, Wanted
from ivr.speech.models import whisper_model
from ivr.speech.script import NO_SPEECH, distinct, is_said, prompt_of
from ivr.speech.sound import floats, resampled

RATE: Final = 16_000
LANGUAGES: Final = ("zh", "en")
SHORT_S: Final = 12
"""Seconds that the model is given at least; with 8 it begins to mishear."""
LONG_S: Final = 30
"""And at most: what was said longer is heard in parts."""
FRAMES_PER_S: Final = 100
MAX_PROMPT_TOKENS: Final = 200
"""The model has 448 places, for what was before and for what is said."""
TOKENS: Final = 24
"""That a sentence may have at least, and in each second:"""
TOKENS_PER_S: Final = 16
MAX_TOKENS: Final = 220
ALTERNATIVES: Final = 4


class WhisperSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="engine", tag="whisper"):
    """Of what recognises speech on this machine."""

    model: str | None = None
    """A folder with a model of faster-whisper's; None: the one that `make speech` fetched."""
    processes: Annotated[int, Meta(ge=1, le=16)] = 2
    """Sentences at once: each has a processor and some 350 MB."""
    beam: Annotated[int, Meta(ge=1, le=10)] = 5


class _Part(msgspec.Struct, frozen=True):
    """What was heard of up to ``LONG_S``, likeliest first; empty: nothing was said."""

    texts: tuple[str, ...]
    mean_log_probability: float = 0.0


def recogniser(settings: WhisperSettings) -> Callable[[bytes, Wanted], Heard]:
    """Load the model; return what makes text of sound.

    Raises:
        ConfigurationError: A package or the model is missing, or it knows English alone.
    """
    try:
        import opencc
        from faster_whisper import WhisperModel
        from faster_whisper.tokenizer import Tokenizer
    except ImportError as error:
        raise ConfigurationError(f"what Whisper needs is not installed: run `make speech` ({error})") from error
    folder = whisper_model(settings.model)
    try:
        model: Any = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1, local_files_only=True)
    except (RuntimeError, ValueError) as error:
        raise ConfigurationError(f"{folder} holds no model that can be read: {error}") from error
    if not model.model.is_multilingual:
        raise ConfigurationError(f"the model in {folder} knows English alone; one for all languages is wanted")
    tokens = {each: Tokenizer(model.hf_tokenizer, True, task="transcribe", language=each) for each in LANGUAGES}
    return _Whisper(model, tokens, opencc.OpenCC("t2s"), settings.beam).recognise


class _Whisper:
    """The loaded model, for one sentence at a time."""

    def __init__(self, model: Any, tokens: dict[str, Any], simplified: Any, beam: int) -> None:
        self._model = model
        self._tokens = tokens
        self._simplified = simplified
        self._beam = beam

    def recognise(self, sound: bytes, wanted: Wanted) -> Heard:
        """Return what was said; of other languages than the two, as well as they can write it."""
        samples = resampled(floats(sound), RATE_HZ, RATE)
        language = wanted.language if wanted.language in LANGUAGES else None
        parts: list[_Part] = []
        for piece in _pieces(samples):
            encoded = self._encoded(piece)
            language = language or self._language_of(encoded)
            part = self._decoded(encoded, language, wanted.hints, len(piece) / RATE)
            if part.texts:
                parts.append(part)
        if not parts:
            return Heard(text="", language=language)
        return Heard(
            text=("" if language == "zh" else " ").join(part.texts[0] for part in parts),
            language=language,
            confidence=min(1.0, math.exp(min(part.mean_log_probability for part in parts))),
            alternatives=parts[0].texts[1:] if len(parts) == 1 else (),
        )

    def _encoded(self, samples: Any) -> Any:
        import numpy as np

        # Half a second of silence after the last word, where there is room: it is a sentence's end.
        seconds = min(LONG_S, max(SHORT_S, math.ceil(len(samples) / RATE + 0.5)))
        whole = np.zeros(seconds * RATE, dtype=np.float32)
        whole[: len(samples)] = samples
        return self._model.encode(self._model.feature_extractor(whole, padding=0)[:, : seconds * FRAMES_PER_S])

    def _language_of(self, encoded: Any) -> str:
        likely = {name[2:-2]: float(share) for name, share in self._model.model.detect_language(encoded)[0]}
        return max(LANGUAGES, key=lambda each: likely.get(each, 0.0))

    def _decoded(self, encoded: Any, language: str, hints: tuple[str, ...], seconds: float) -> _Part:
        tokens = self._tokens[language]
        start = [*tokens.sot_sequence, tokens.no_timestamps]
        # Asked without the hints, for they change what it thinks of silence; a word or two of its work.
        first = self._model.model.generate(encoded, [start], beam_size=1, max_length=len(start) + 1, return_no_speech_prob=True)
        no_speech = first[0].no_speech_prob
        if no_speech > NO_SPEECH:
            return _Part(())
        start = [*self._before(tokens, hints, language), *start]
        made = self._model.model.generate(
            encoded,
            [start],
            beam_size=self._beam,
            num_hypotheses=min(self._beam, 1 + ALTERNATIVES),
            max_length=len(start) + min(MAX_TOKENS, TOKENS + round(TOKENS_PER_S * seconds)),
            return_scores=True,
            # -1 stands for the model's own list of signs that are never spoken.
            suppress_tokens=[-1, tokens.transcribe, tokens.translate, tokens.sot, tokens.sot_prev, tokens.sot_lm],
        )[0]
        texts = [self._text(tokens, each) for each in made.sequences_ids]
        if not is_said(texts[0], no_speech=no_speech, mean_log_probability=made.scores[0]):
            return _Part(())
        return _Part(distinct(texts), made.scores[0])

    def _before(self, tokens: Any, hints: tuple[str, ...], language: str) -> list[int]:
        told: list[int] = []
        for sentence in prompt_of(hints, language):
            more = tokens.encode(sentence if language == "zh" and told else " " + sentence)
            # One that is cut would have no end.
            if len(told) + len(more) > MAX_PROMPT_TOKENS:
                break
            told += more
        return [tokens.sot_prev, *told] if told else []

    def _text(self, tokens: Any, numbers: list[int]) -> str:
        said: str = tokens.decode([number for number in numbers if number < tokens.eot])
        # What is cut within a character is none.
        plain: str = self._simplified.convert(said.replace("�", ""))
        return plain.strip()


def _pieces(samples: Any) -> Iterator[Any]:
    """Cut what is too long for the model where it is most quiet, in the last quarter of what it takes."""
    import numpy as np

    longest, step = LONG_S * RATE, RATE // 10
    while len(samples) > longest:
        first = longest * 3 // 4
        loudness = np.square(samples[first:longest].reshape(-1, step)).sum(axis=1)
        cut = first + int(loudness.argmin()) * step + step // 2
        yield samples[:cut]
        samples = samples[cut:]
    if len(samples):
        yield samples
