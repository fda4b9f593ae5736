"""Recognises by a FunASR server, which a site runs itself. Source: FunASR's runtime/docs/websocket_protocol.md."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gateway.ports.media import RATE_HZ
from gateway.ports.speech import Heard, SpeechAbilities, SpeechError, SpeechProblem, Wanted
from ivr.speech.exchange import SocketSpeechToText
from ivr.speech.http_errors import printable

HOTWORD: Final = 20
"""How much a hint counts, of 100."""


class FunAsrSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="engine", tag="funasr"):
    """Of a FunASR server; callers' voices go there."""

    url: Annotated[str, Meta(pattern=r"^wss?://[^\s#@]+$")]
    """``ws://asr.example:10095``."""
    language: Annotated[str, Meta(pattern="^[a-z]{2}$")] = "zh"
    """Of the server's model."""
    timeout_s: Annotated[float, Meta(ge=0.5, le=60)] = 5.0
    """Seconds from the end of a sentence to its text."""


class _Message(msgspec.Struct):
    text: str = ""
    mode: str = ""
    is_final: bool = False


class _Exchange:
    is_open = True

    def __init__(self, language: str, wanted: Wanted) -> None:
        self._language = language
        self._hints = wanted.hints
        self._text = ""

    def opens(self) -> list[str | bytes]:
        about: dict[str, Any] = {
            "mode": "offline",
            "chunk_size": [5, 10, 5],
            "chunk_interval": 10,
            "wav_name": "call",
            "wav_format": "pcm",
            "audio_fs": RATE_HZ,
            "itn": True,
            "is_speaking": True,
        }
        if self._hints:
            about["hotwords"] = msgspec.json.encode(dict.fromkeys(self._hints, HOTWORD)).decode()
        return [msgspec.json.encode(about).decode()]

    def piece(self, sound: bytes) -> list[str | bytes]:
        return [sound]

    def closes(self) -> list[str | bytes]:
        return ['{"is_speaking": false}']

    def take(self, message: str) -> bool:
        try:
            told = msgspec.json.decode(message, type=_Message)
        except msgspec.DecodeError as error:
            raise SpeechError("funasr", SpeechProblem.BROKEN, f"its message is none of FunASR's: {error}") from error
        self._text = printable(told.text)
        return True

    def heard(self) -> Heard:
        return Heard(text=self._text, language=self._language)


def funasr(settings: FunAsrSettings) -> SocketSpeechToText:
    """Make the engine."""

    async def url() -> str:
        return settings.url

    abilities = SpeechAbilities(languages=frozenset({settings.language}), takes_hints=True, is_streaming=True)
    return SocketSpeechToText(
        "funasr", abilities, url, lambda wanted: _Exchange(settings.language, wanted), timeout_s=settings.timeout_s
    )
