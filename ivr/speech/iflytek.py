"""Recognises by iFlytek's dictation. Source: https://www.xfyun.cn/doc/asr/voicedictation/API.html."""

import base64
import time
from email.utils import formatdate
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from gateway.model.secret import Secret
from gateway.ports.media import RATE_HZ
from gateway.ports.speech import Heard, SpeechAbilities, SpeechError, SpeechProblem, Wanted
from ivr.speech.exchange import SocketSpeechToText
from ivr.speech.http_errors import printable
from ivr.speech.signing import iflytek_url

LANGUAGES: Final = {"zh": "zh_cn", "en": "en_us"}
FORMAT: Final = f"audio/L16;rate={RATE_HZ}"
_REFUSED: Final = frozenset({10005, 10105, 10106, 10107, 10110, 10313, 11200})
_LIMITED: Final = frozenset({10014, 10114, 11201, 11202, 11203})


class IflytekSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="engine", tag="iflytek"):
    """Of iFlytek; callers' voices go there."""

    app_id: Annotated[str, Meta(min_length=1, max_length=64)]
    key: Secret
    """The APIKey."""
    secret: Secret
    """The APISecret."""
    url: Annotated[str, Meta(pattern=r"^wss?://[^\s?#@]+$")] = "wss://iat-api.xfyun.cn/v2/iat"
    timeout_s: Annotated[float, Meta(ge=0.5, le=60)] = 5.0
    """Seconds from the end of a sentence to its text."""


class _Word(msgspec.Struct):
    w: str = ""


class _Words(msgspec.Struct):
    cw: list[_Word] = []


class _Result(msgspec.Struct):
    sn: int = 0
    ws: list[_Words] = []


class _Data(msgspec.Struct):
    status: int = 0
    result: _Result | None = None


class _Message(msgspec.Struct):
    code: int
    message: str = ""
    data: _Data | None = None


class _Exchange:
    is_open = True

    def __init__(self, app_id: str, language: str) -> None:
        self._app_id = app_id
        self._language = language
        self._is_first = True
        self._parts: dict[int, str] = {}

    def opens(self) -> list[str | bytes]:
        return []

    def piece(self, sound: bytes) -> list[str | bytes]:
        return [self._frame(sound, 1)]

    def closes(self) -> list[str | bytes]:
        first = [self._frame(b"", 1)] if self._is_first else []
        return [*first, self._frame(b"", 2)]

    def take(self, message: str) -> bool:
        try:
            told = msgspec.json.decode(message, type=_Message)
        except msgspec.DecodeError as error:
            raise SpeechError("iflytek", SpeechProblem.BROKEN, f"its message is none of iFlytek's: {error}") from error
        if told.code != 0:
            raise _refusal(told.code, printable(told.message[:200]))
        if told.data is None:
            return False
        if told.data.result is not None:
            best = (words.cw[0].w for words in told.data.result.ws if words.cw)
            self._parts[told.data.result.sn] = "".join(best)
        return told.data.status == 2

    def heard(self) -> Heard:
        return Heard(text=printable("".join(self._parts[at] for at in sorted(self._parts))), language=self._language)

    def _frame(self, sound: bytes, status: int) -> str:
        frame: dict[str, Any] = {
            "data": {"status": status, "format": FORMAT, "encoding": "raw", "audio": base64.b64encode(sound).decode()}
        }
        if self._is_first:
            self._is_first = False
            frame["common"] = {"app_id": self._app_id}
            frame["business"] = {"language": LANGUAGES[self._language], "domain": "iat", "accent": "mandarin", "ptt": 1}
            frame["data"]["status"] = 0
        return msgspec.json.encode(frame).decode()


def iflytek(settings: IflytekSettings) -> SocketSpeechToText:
    """Make the engine."""

    async def url() -> str:
        date = formatdate(time.time(), usegmt=True)
        return iflytek_url(settings.url, settings.key.reveal(), settings.secret.reveal(), date)

    def begins(wanted: Wanted) -> _Exchange:
        return _Exchange(settings.app_id, wanted.language if wanted.language in LANGUAGES else "zh")

    abilities = SpeechAbilities(languages=frozenset(LANGUAGES), is_streaming=True)
    return SocketSpeechToText("iflytek", abilities, url, begins, timeout_s=settings.timeout_s)


def _refusal(code: int, message: str) -> SpeechError:
    if code in _LIMITED:
        return SpeechError("iflytek", SpeechProblem.LIMITED, f"code {code}: our share is used up: {message}")
    if code in _REFUSED:
        return SpeechError("iflytek", SpeechProblem.REFUSED, f"code {code}: change its app_id, key or secret: {message}")
    return SpeechError("iflytek", SpeechProblem.DOWN, f"code {code}: {message}")
