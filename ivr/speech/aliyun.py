"""Recognises by Aliyun's Intelligent Speech Interaction (NLS), one sentence a task.

Source: https://help.aliyun.com/zh/isi/developer-reference/websocket (messages, status codes) and its page on tokens.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Any, Final
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import msgspec
from msgspec import Meta
from yarl import URL

from gateway.model.secret import Secret
from gateway.ports.media import RATE_HZ
from gateway.ports.speech import Heard, SpeechAbilities, SpeechError, SpeechProblem, Wanted
from ivr.speech.exchange import SocketSpeechToText
from ivr.speech.http_errors import error_of, printable
from ivr.speech.signing import aliyun_query

FRESH_S: Final = 300.0
"""Seconds before its end from which on a token is fetched anew."""
TOKEN_S: Final = 5.0
MAX_TOKEN_BYTES: Final = 64 * 1024
_SUCCESS: Final = 20000000
_REFUSED: Final = frozenset({40000001, 40000003, 40000010, 40020105})
_LIMITED: Final = frozenset({40000005, 40000012})


class AliyunSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="engine", tag="aliyun"):
    """Of Aliyun; callers' voices go there."""

    app_key: Annotated[str, Meta(min_length=1, max_length=64)]
    """Of a project for telephone sound (8 kHz), which has a language."""
    key_id: Annotated[str, Meta(min_length=1, max_length=64)]
    key_secret: Secret
    language: Annotated[str, Meta(pattern="^[a-z]{2}$")] = "zh"
    """Of the project."""
    region: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")] = "cn-shanghai"
    url: Annotated[str, Meta(pattern=r"^wss?://[^\s?#@]+$")] = "wss://nls-gateway-cn-shanghai.aliyuncs.com/ws/v1"
    token_url: Annotated[str, Meta(pattern=r"^https?://[^\s?#@]+$")] = "https://nls-meta.cn-shanghai.aliyuncs.com/"  # noqa: S105  # an address
    timeout_s: Annotated[float, Meta(ge=0.5, le=60)] = 5.0
    """Seconds from the end of a sentence to its text."""


class _Token(msgspec.Struct, rename={"id": "Id", "expires": "ExpireTime"}):
    id: str
    expires: float


class _Tokened(msgspec.Struct, rename={"token": "Token"}):
    token: _Token


class _Header(msgspec.Struct):
    name: str
    status: int = _SUCCESS
    status_text: str = ""


class _Payload(msgspec.Struct):
    result: str = ""
    confidence: float = 1.0


class _Message(msgspec.Struct):
    header: _Header
    payload: _Payload | None = None


class _Exchange:
    def __init__(self, settings: AliyunSettings) -> None:
        self._settings = settings
        self._task = uuid4().hex
        self.is_open = False
        self._heard = Heard(text="")

    def opens(self) -> list[str | bytes]:
        wanted = {
            "format": "pcm",
            "sample_rate": RATE_HZ,
            "enable_intermediate_result": False,
            "enable_punctuation_prediction": True,
            "enable_inverse_text_normalization": True,
        }
        return [self._order("StartRecognition", wanted)]

    def piece(self, sound: bytes) -> list[str | bytes]:
        return [sound]

    def closes(self) -> list[str | bytes]:
        return [self._order("StopRecognition", None)]

    def take(self, message: str) -> bool:
        try:
            told = msgspec.json.decode(message, type=_Message)
        except msgspec.DecodeError as error:
            raise SpeechError("aliyun", SpeechProblem.BROKEN, f"its message is none of Aliyun's: {error}") from error
        if told.header.name == "TaskFailed" or told.header.status != _SUCCESS:
            raise _refusal(told.header.status, printable(told.header.status_text[:200]))
        if told.header.name == "RecognitionStarted":
            self.is_open = True
        if told.header.name != "RecognitionCompleted":
            return False
        found = told.payload or _Payload()
        sure = min(max(found.confidence, 0.0), 1.0)
        self._heard = Heard(text=printable(found.result), language=self._settings.language, confidence=sure)
        return True

    def heard(self) -> Heard:
        return self._heard

    def _order(self, name: str, payload: dict[str, Any] | None) -> str:
        header = {
            "message_id": uuid4().hex,
            "task_id": self._task,
            "namespace": "SpeechRecognizer",
            "name": name,
            "appkey": self._settings.app_key,
        }
        return msgspec.json.encode({"header": header} | ({} if payload is None else {"payload": payload})).decode()


class Tokens:
    """A token of Aliyun's, fetched when it is first needed and again shortly before its end."""

    def __init__(self, settings: AliyunSettings, *, now: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._now = now
        self._token = _Token("", 0.0)
        self._alone = asyncio.Lock()

    async def token(self) -> str:
        """Return one that holds.

        Raises:
            SpeechError: There is none.
        """
        async with self._alone:
            if self._now() > self._token.expires - FRESH_S:
                self._token = await self._fetched()
            return self._token.id

    async def _fetched(self) -> _Token:
        settings = self._settings
        asked = {
            "AccessKeyId": settings.key_id,
            "Action": "CreateToken",
            "Version": "2019-02-28",
            "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._now())),
            "Format": "JSON",
            "RegionId": settings.region,
            "SignatureMethod": "HMAC-SHA1",
            "SignatureVersion": "1.0",
            "SignatureNonce": str(uuid4()),
        }
        url = f"{settings.token_url}?{aliyun_query(asked, settings.key_secret.reveal())}"
        try:
            async with (
                asyncio.timeout(TOKEN_S),
                aiohttp.ClientSession() as session,
                # The signature holds for the address as it is written.
                session.get(URL(url, encoded=True), allow_redirects=False) as response,
            ):
                body, status = await response.content.read(MAX_TOKEN_BYTES), response.status
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise SpeechError("aliyun", SpeechProblem.DOWN, f"{settings.token_url}: no token: {type(error).__name__}") from error
        if status in (400, 403, 404):
            detail = f"{settings.token_url}: status {status}: change its key_id or key_secret, or set this machine's clock"
            raise SpeechError("aliyun", SpeechProblem.REFUSED, detail)
        if status != 200:
            raise error_of("aliyun", status, body)
        try:
            return msgspec.json.decode(body, type=_Tokened).token
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise SpeechError("aliyun", SpeechProblem.BROKEN, f"{settings.token_url}: this is no token: {error}") from error


def aliyun(settings: AliyunSettings) -> SocketSpeechToText:
    """Make the engine."""
    tokens = Tokens(settings)

    async def url() -> str:
        return f"{settings.url}?token={quote(await tokens.token(), safe='')}"

    def begins(wanted: Wanted) -> _Exchange:
        return _Exchange(settings)

    abilities = SpeechAbilities(languages=frozenset({settings.language}), is_streaming=True)
    return SocketSpeechToText("aliyun", abilities, url, begins, timeout_s=settings.timeout_s)


def _refusal(status: int, text: str) -> SpeechError:
    if status in _LIMITED:
        return SpeechError("aliyun", SpeechProblem.LIMITED, f"status {status}: our share is used up: {text}")
    if status in _REFUSED:
        return SpeechError("aliyun", SpeechProblem.REFUSED, f"status {status}: change its app_key or keys: {text}")
    return SpeechError("aliyun", SpeechProblem.DOWN, f"status {status}: {text}")
