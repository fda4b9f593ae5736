"""Hears by a Vosk server: a WebSocket for each sentence, which has the sound as it is spoken.

Source: github.com/alphacep/vosk-server, ``websocket/asr_server.py``: it answers each message, the last one with what is left,
and begins a new text where the caller pauses.
"""

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Final

import aiohttp
import msgspec
from msgspec import Meta

from gateway.ports.media import RATE_HZ
from gateway.ports.speech import Heard, SpeechAbilities, SpeechError, SpeechProblem, Wanted
from ivr.speech.http_errors import error_of, printable

MAX_SOUND_BYTES: Final = 2 * RATE_HZ * 60
"""A minute of a sentence; what is said after is not sent."""
MAX_PIECE_BYTES: Final = 32 * 1024
"""Of one message to the server, which takes 1 MiB; and it works on one at a time."""
MAX_MESSAGE_BYTES: Final = 256 * 1024
"""Of one message of the server: words with their times, of a long sentence."""
MAX_TEXT_CHARACTERS: Final = 10_000
"""Of all that it heard in a sentence."""
CONNECT_S: Final = 3.0
CLOSE_S: Final = 1.0
"""Seconds for which a server may take its leave."""
EOF: Final = '{"eof" : 1}'
"""To the letter: the server compares."""
UNKNOWN: Final = "[unk]"
"""What the server calls words beyond a list."""
_DIED: Final = frozenset({None, 1001, 1006, 1011, 1012, 1013})
"""How a connection is closed by a server that stops, or whose work for us failed (RFC 6455, 7.4.1)."""
_BETWEEN_CHARACTERS: Final = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")

Url = Annotated[str, Meta(pattern=r"^wss?://[^\s#@]+$")]


class VoskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="engine", tag="vosk"):
    """Of a Vosk server; callers' voices go there."""

    url: Url
    """``ws://asr.example:2700``."""
    language: Annotated[str, Meta(pattern="^[a-z]{2}$")]
    """Of the server's model."""
    only_hints: bool = False
    """Nothing but the words that are likely at a place of the dialog is heard: for a small model, of a language with spaces."""
    alternatives: Annotated[int, Meta(ge=0, le=10)] = 0
    """How many texts a sentence may have; with any the server does not tell how sure it is."""
    timeout_s: Annotated[float, Meta(ge=0.5, le=60)] = 5.0
    """Seconds from the end of a sentence to its text."""


class _Word(msgspec.Struct):
    conf: float | None = None


class _Alternative(msgspec.Struct):
    text: str = ""


class _Message(msgspec.Struct):
    text: str | None = None
    result: list[_Word] = []
    alternatives: list[_Alternative] = []


class _Answer:
    """What comes of one sentence."""

    def __init__(self) -> None:
        self.owed = 0
        """Answers that the server owes us."""
        self.is_whole = False
        """All was sent."""
        self._texts: list[str] = []
        self._others: list[str] = []
        self._sure: list[float] = []

    def add(self, message: _Message) -> None:
        self.owed -= 1
        texts = [alternative.text for alternative in message.alternatives] or [message.text or ""]
        if not any(texts):
            return
        # Of a sentence with a pause, each part has alternatives of its own: they make none of the whole.
        self._others = [] if self._texts else texts[1:]
        self._texts.append(texts[0])
        self._sure += [min(max(word.conf, 0.0), 1.0) for word in message.result if word.conf is not None]

    @property
    def length(self) -> int:
        return sum(map(len, self._texts)) + sum(map(len, self._others))

    def heard(self, language: str) -> Heard:
        return Heard(
            text=_plain(" ".join(self._texts)),
            language=language,
            confidence=sum(self._sure) / len(self._sure) if self._sure else 1.0,
            alternatives=tuple(filter(None, map(_plain, self._others))),
        )


class VoskSpeechToText:
    """See :class:`gateway.ports.speech.SpeechToText`; it hears while the caller speaks."""

    def __init__(self, settings: VoskSettings, *, name: str = "vosk") -> None:
        self.name = name
        self.abilities = SpeechAbilities(
            languages=frozenset({settings.language}), takes_hints=settings.only_hints, is_streaming=True
        )
        self._settings = settings

    async def serve(self) -> None:
        """Do nothing, until cancelled: each sentence has a connection of its own."""
        await asyncio.Event().wait()

    async def ready(self) -> None:
        """Connect once.

        Raises:
            SpeechError: It cannot be reached.
        """
        async with self._connected():
            return

    async def transcribe(self, sound: AsyncIterable[bytes], wanted: Wanted) -> Heard:
        """Recognise one sentence."""
        answer = _Answer()
        async with self._connected() as socket:
            sending = asyncio.create_task(self._send(socket, sound, wanted, answer), name=f"{self.name}.send")
            receiving = asyncio.create_task(self._receive(socket, answer), name=f"{self.name}.receive")
            try:
                await asyncio.wait([sending, receiving], return_when=asyncio.FIRST_COMPLETED)
                if not receiving.done():
                    await sending
                async with asyncio.timeout(self._settings.timeout_s):
                    await receiving
            except TimeoutError:
                raise self._late() from None
            except (aiohttp.ClientError, OSError) as error:
                raise SpeechError(self.name, SpeechProblem.DOWN, f"{type(error).__name__}: {error}") from error
            finally:
                sending.cancel()
                receiving.cancel()
                await asyncio.gather(sending, receiving, return_exceptions=True)
        return answer.heard(self._settings.language)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        url = self._settings.url
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(), cookie_jar=aiohttp.DummyCookieJar()) as session:
            try:
                async with asyncio.timeout(CONNECT_S):
                    socket = await session.ws_connect(
                        url, max_msg_size=MAX_MESSAGE_BYTES, timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S)
                    )
            except TimeoutError:
                raise SpeechError(self.name, SpeechProblem.DOWN, f"{url}: not reached within {CONNECT_S:g} s") from None
            except aiohttp.WSServerHandshakeError as error:
                problem = error_of(self.name, error.status, b"").problem
                detail = f"{url}: status {error.status}: change its setting url, or have it let us in"
                raise SpeechError(self.name, problem, detail) from error
            except (aiohttp.ClientError, OSError) as error:
                raise SpeechError(self.name, SpeechProblem.DOWN, f"{url}: {type(error).__name__}: {error}") from error
            try:
                yield socket
            finally:
                await socket.close()

    async def _send(
        self, socket: aiohttp.ClientWebSocketResponse, sound: AsyncIterable[bytes], wanted: Wanted, answer: _Answer
    ) -> None:
        await self._tell(socket, msgspec.json.encode({"config": self._config(wanted)}).decode())
        room, odd = MAX_SOUND_BYTES, b""
        async for piece in sound:
            # The server takes each message as whole samples.
            ready = (odd + piece)[:room]
            odd = ready[len(ready) & ~1 :]
            ready = ready[: len(ready) & ~1]
            room -= len(ready)
            for at in range(0, len(ready), MAX_PIECE_BYTES):
                answer.owed += 1
                await self._tell(socket, ready[at : at + MAX_PIECE_BYTES])
        answer.owed += 1
        answer.is_whole = True
        await self._tell(socket, EOF)

    async def _tell(self, socket: aiohttp.ClientWebSocketResponse, message: str | bytes) -> None:
        # A server that reads no more must not keep us from the end of the sentence.
        try:
            async with asyncio.timeout(self._settings.timeout_s):
                if isinstance(message, str):
                    await socket.send_str(message)
                else:
                    await socket.send_bytes(message)
        except TimeoutError:
            raise self._late() from None

    def _config(self, wanted: Wanted) -> Mapping[str, object]:
        config: dict[str, object] = {
            "sample_rate": RATE_HZ,
            "words": True,
            "max_alternatives": self._settings.alternatives,
        }
        if self._settings.only_hints and wanted.hints:
            config["phrase_list"] = [*(hint.lower() for hint in wanted.hints), UNKNOWN]
        return config

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse, answer: _Answer) -> None:
        while answer.owed > 0 or not answer.is_whole:
            message = await socket.receive()
            if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED):
                problem = SpeechProblem.DOWN if socket.close_code in _DIED else SpeechProblem.BROKEN
                detail = f"it closed the connection before its answer was whole (code {socket.close_code})"
                raise SpeechError(self.name, problem, detail)
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise SpeechError(self.name, SpeechProblem.BROKEN, f"it said what it may not ({message.type.name})")
            try:
                answer.add(msgspec.json.decode(message.data, type=_Message))
            except msgspec.DecodeError as error:
                raise SpeechError(self.name, SpeechProblem.BROKEN, f"its message is none of Vosk's: {error}") from error
            if answer.length > MAX_TEXT_CHARACTERS:
                raise SpeechError(self.name, SpeechProblem.BROKEN, f"it heard more than {MAX_TEXT_CHARACTERS} characters")

    def _late(self) -> SpeechError:
        return SpeechError(self.name, SpeechProblem.LATE, f"no answer within {self._settings.timeout_s:g} s (timeout_s)")


def _plain(text: str) -> str:
    """Return a text as people write it: between characters of Chinese there is no space, and what is unknown is no word."""
    return _BETWEEN_CHARACTERS.sub("", printable(text.replace(UNKNOWN, " ")))
