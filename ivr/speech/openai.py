"""Engines behind the HTTP API of OpenAI, as many other servers offer it too: what hears, and what speaks.

Source: platform.openai.com, "Audio" (``/audio/transcriptions``, ``/audio/speech``). What others leave out is not asked for:
segments without probabilities are taken as sure.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterable, Callable
from functools import cache
from importlib.util import find_spec
from typing import Annotated, Any, Final, Literal

import aiohttp
import msgspec
from msgspec import Meta

from gateway.model.errors import ConfigurationError
from gateway.model.secret import Secret
from gateway.ports.media import RATE_HZ
from gateway.ports.speech import Heard, SpeechAbilities, SpeechError, SpeechProblem, Voice, VoiceAbilities, Wanted
from ivr.speech.http_errors import error_of, pause_of, printable
from ivr.speech.sound import floats, from_wav, telephone, wav

MIN_SOUND_BYTES: Final = 1600
"""A tenth of a second: OpenAI refuses what is shorter, and it holds no word."""
MAX_SOUND_BYTES: Final = 2 * RATE_HZ * 60
"""A minute of a sentence; what is said after is not sent."""
MAX_TEXT_BYTES: Final = 1024 * 1024
"""Of an answer with a text; a longer one is none."""
MAX_TEXT_CHARACTERS: Final = 10_000
"""Of a text; nobody says more in a minute."""
MAX_SPOKEN_BYTES: Final = 16 * 1024 * 1024
"""Of an answer with sound, five minutes; a longer one is none."""
MAX_PROMPT_BYTES: Final = 400
"""Of hints, some 200 tokens: of a longer prompt Whisper reads the last 224, and the likeliest hints come first."""
PCM_RATE_HZ: Final = 24_000
"""Of ``response_format: pcm``, which does not tell its rate."""
SLOWEST: Final = 0.25
FASTEST: Final = 4.0
NO_SPEECH: Final = 0.6
"""A segment that is likelier nothing than this is nothing: Whisper invents sentences where nobody speaks."""
_LANGUAGES: Final = {"english": "en", "chinese": "zh", "mandarin": "zh"}
"""OpenAI answers names of languages, others codes."""

Url = Annotated[str, Meta(pattern=r"^https?://[^\s?#]+$")]
Language = Annotated[str, Meta(pattern="^[a-z]{2}$")]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
TimeoutS = Annotated[float, Meta(ge=0.5, le=60)]


class OpenAiHearingSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="engine", tag="openai"
):
    """Of a server that hears; callers' voices go there."""

    url: Url
    """Without ``/audio/transcriptions``, as ``https://api.openai.com/v1``."""
    key: Secret | None = None
    model: Name = "whisper-1"
    response_format: Literal["verbose_json", "json"] = "verbose_json"
    """``json`` for models that know no other; then nothing is known of how sure it is."""
    languages: Annotated[tuple[Language, ...], Meta(min_length=1)] = ("zh", "en")
    timeout_s: TimeoutS = 8.0
    """Seconds from the end of a sentence to its text."""


class OpenAiSpeakingSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="engine", tag="openai"
):
    """Of a server that speaks."""

    url: Url
    """Without ``/audio/speech``, as ``https://api.openai.com/v1``."""
    key: Secret | None = None
    model: Name = "tts-1"
    voices: Annotated[dict[Language, Name], Meta(min_length=1)]
    """Its usual voice by language: ``{zh: nova, en: alloy}``."""
    response_format: Literal["pcm", "wav"] = "pcm"
    """``wav`` where its sound is not of 24 kHz."""
    timeout_s: TimeoutS = 20.0


class _Segment(msgspec.Struct):
    text: str = ""
    start: float = 0.0
    end: float = 0.0
    avg_logprob: float | None = None
    no_speech_prob: float | None = None


class _Transcription(msgspec.Struct):
    text: str
    language: str | None = None
    segments: list[_Segment] | None = None


class OpenAiSpeechToText:
    """See :class:`gateway.ports.speech.SpeechToText`; it begins when the caller has stopped.

    Args:
        now: Seconds, of any clock that only goes forward.

    Raises:
        ConfigurationError: A package is missing.
    """

    def __init__(
        self, settings: OpenAiHearingSettings, *, name: str = "openai", now: Callable[[], float] = time.monotonic
    ) -> None:
        _need("opencc", "soxr")
        self.name = name
        self.abilities = SpeechAbilities(
            languages=frozenset(settings.languages),
            finds_language=settings.response_format == "verbose_json",
            takes_hints=True,
        )
        self._settings = settings
        self._server = _Server(name, settings.url, settings.key, settings.timeout_s, now)

    async def serve(self) -> None:
        """Keep connections open between sentences, until cancelled."""
        await self._server.serve()

    async def ready(self) -> None:
        """Return at once: nothing is asked of a server that may count what it is asked.

        Raises:
            SpeechError: It has limited us, and the time is not over.
        """
        self._server.check()

    async def transcribe(self, sound: AsyncIterable[bytes], wanted: Wanted) -> Heard:
        """Recognise one sentence."""
        whole = bytearray()
        async for piece in sound:
            whole += piece[: MAX_SOUND_BYTES - len(whole)]
        if len(whole) < MIN_SOUND_BYTES:
            return Heard(text="")
        form = aiohttp.FormData()
        form.add_field("file", wav(bytes(whole)), filename="sentence.wav", content_type="audio/wav")
        form.add_field("model", self._settings.model)
        form.add_field("response_format", self._settings.response_format)
        if wanted.language is not None:
            form.add_field("language", wanted.language)
        if wanted.hints:
            form.add_field("prompt", _prompt(wanted))
        body = await self._server.post("/audio/transcriptions", MAX_TEXT_BYTES, data=form)
        try:
            answer = msgspec.json.decode(body, type=_Transcription)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SpeechError(self.name, SpeechProblem.BROKEN, f"its answer is no transcription: {error}") from error
        if len(answer.text) > MAX_TEXT_CHARACTERS:
            raise SpeechError(self.name, SpeechProblem.BROKEN, f"it heard more than {MAX_TEXT_CHARACTERS} characters")
        return await asyncio.to_thread(_heard, answer, wanted)


class OpenAiTextToSpeech:
    """See :class:`gateway.ports.speech.TextToSpeech`; args and errors are those of :class:`OpenAiSpeechToText`."""

    def __init__(
        self, settings: OpenAiSpeakingSettings, *, name: str = "openai", now: Callable[[], float] = time.monotonic
    ) -> None:
        _need("numpy", "soxr")
        self.name = name
        self.abilities = VoiceAbilities(
            voices={language: (voice,) for language, voice in settings.voices.items()},
            takes_speed=True,
            identity=f"openai {settings.url} {settings.model}",
        )
        self._settings = settings
        self._server = _Server(name, settings.url, settings.key, settings.timeout_s, now)

    async def serve(self) -> None:
        """Keep connections open between texts, until cancelled."""
        await self._server.serve()

    async def speak(self, text: str, voice: Voice) -> bytes:
        """Return the sound of a text."""
        name = voice.name or self._settings.voices.get(voice.language)
        if name is None:
            raise SpeechError(self.name, SpeechProblem.REFUSED, f"its setting voices has none for {voice.language!r}")
        asked = {
            "model": self._settings.model,
            "input": text,
            "voice": name,
            "response_format": self._settings.response_format,
            "speed": min(max(voice.speed, SLOWEST), FASTEST),
        }
        body = await self._server.post("/audio/speech", MAX_SPOKEN_BYTES, json=asked)
        try:
            return await asyncio.to_thread(_spoken, body, self._settings.response_format)
        except ValueError as error:
            raise SpeechError(self.name, SpeechProblem.BROKEN, f"its answer is no sound: {error}") from error


class _Server:
    """One server: its connections, its key, and until when it has limited us."""

    def __init__(self, engine: str, url: str, key: Secret | None, timeout_s: float, now: Callable[[], float]) -> None:
        self._engine = engine
        self._url = url.rstrip("/")
        self._key = key
        self._timeout_s = timeout_s
        self._now = now
        self._limited_until = -math.inf
        self._session: aiohttp.ClientSession | None = None

    async def serve(self) -> None:
        async with _session() as session:
            self._session = session
            try:
                await asyncio.Event().wait()
            finally:
                self._session = None

    def check(self) -> None:
        left_s = self._limited_until - self._now()
        if left_s > 0:
            raise SpeechError(self._engine, SpeechProblem.LIMITED, f"it asked to be left alone for {left_s:.0f} s more")

    async def post(self, path: str, most_bytes: int, **content: Any) -> bytes:
        """Return the body of a good answer. Cancelling is safe: the connection is closed.

        Raises:
            SpeechError: There is none.
        """
        self.check()
        try:
            async with asyncio.timeout(self._timeout_s):
                if self._session is not None:
                    return await self._post(self._session, path, most_bytes, content)
                # Not served, as in a command that asks once.
                async with _session() as session:
                    return await self._post(session, path, most_bytes, content)
        except TimeoutError:
            detail = f"no answer within {self._timeout_s:g} s (timeout_s)"
            raise SpeechError(self._engine, SpeechProblem.LATE, detail) from None
        except aiohttp.ClientPayloadError as error:
            raise SpeechError(self._engine, SpeechProblem.BROKEN, f"its answer is cut off: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            detail = f"{self._url}: {type(error).__name__}: {error}"
            raise SpeechError(self._engine, SpeechProblem.DOWN, detail) from error

    async def _post(self, session: aiohttp.ClientSession, path: str, most_bytes: int, content: dict[str, Any]) -> bytes:
        headers = {} if self._key is None else {"Authorization": f"Bearer {self._key.reveal()}"}
        # A redirect could lead the key, and what callers said, to another host.
        async with session.post(self._url + path, headers=headers, allow_redirects=False, **content) as response:
            body = bytearray()
            async for piece in response.content.iter_any():
                body += piece
                if len(body) > most_bytes:
                    detail = f"its answer is longer than {most_bytes} bytes"
                    raise SpeechError(self._engine, SpeechProblem.BROKEN, detail)
            if response.status == 200:
                return bytes(body)
            if response.status == 429:
                self._limited_until = self._now() + pause_of(response.headers)
            raise error_of(self._engine, response.status, bytes(body))


def _session() -> aiohttp.ClientSession:
    # The deadline of each question is in _Server.post.
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(), cookie_jar=aiohttp.DummyCookieJar())


def _need(*packages: str) -> None:
    for package in packages:
        if find_spec(package) is None:
            raise ConfigurationError(f"speech: {package} is not installed: `pip install 'tieline[speech]'`")


def _prompt(wanted: Wanted) -> str:
    comma = "、" if wanted.language == "zh" else ", "
    whole = comma.join(wanted.hints)
    while len(whole.encode()) > MAX_PROMPT_BYTES and comma in whole:
        whole = whole.rpartition(comma)[0]
    return whole


def _heard(answer: _Transcription, wanted: Wanted) -> Heard:
    text, confidence = answer.text, 1.0
    if answer.segments:
        spoken = [each for each in answer.segments if (each.no_speech_prob or 0.0) <= NO_SPEECH]
        if len(spoken) < len(answer.segments):
            text = "".join(each.text for each in spoken)[:MAX_TEXT_CHARACTERS]
        confidence = _confidence(spoken)
    named = (answer.language or "").lower()
    language = _LANGUAGES.get(named, named if len(named) == 2 else None) or wanted.language
    return Heard(text=simplified(printable(text)), language=language, confidence=confidence)


def _confidence(segments: list[_Segment]) -> float:
    """Return the probability of a word, as the segments' mean, longer ones heavier."""
    known = [(each.avg_logprob, min(max(each.end - each.start, 0.01), 60.0)) for each in segments if each.avg_logprob is not None]
    if not known:
        return 1.0
    mean = sum(chance * length for chance, length in known) / sum(length for _, length in known)
    return min(math.exp(min(mean, 0.0)), 1.0)


def simplified(text: str) -> str:
    """Return a text in simplified characters; Whisper writes either. It blocks for a moment when it is called first."""
    if text.isascii():
        return text
    made: str = _converter().convert(text)
    return made


@cache
def _converter() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def _spoken(body: bytes, response_format: str) -> bytes:
    """Return an answer's sound as a telephone hears it.

    Raises:
        ValueError: It has none.
    """
    if response_format == "wav":
        sound = telephone(floats(from_wav(body)), RATE_HZ)
    elif len(body) % 2:
        raise ValueError(f"{len(body)} bytes are no samples of 16 bits")
    else:
        sound = telephone(floats(body), PCM_RATE_HZ)
    if not sound:
        raise ValueError("it is silent")
    return sound
