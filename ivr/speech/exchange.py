"""Sentences told to a server over a WebSocket of their own, piece by piece; what the messages are, each vendor's module says."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Protocol

import aiohttp

from gateway.ports.speech import Heard, SpeechAbilities, SpeechError, SpeechProblem, Wanted
from ivr.speech.http_errors import error_of

CONNECT_S: Final = 3.0
CLOSE_S: Final = 1.0
MAX_MESSAGE_BYTES: Final = 256 * 1024
MAX_SOUND_BYTES: Final = 60 * 16_000
"""Of one sentence: a minute, which is as much as vendors take."""
PIECE_BYTES: Final = 1280
"""80 ms of sound in a message: vendors want some 40 ms at 16 kHz."""


class Exchange(Protocol):
    """One sentence, as a vendor's messages have it; each method raises SpeechError where the server says no."""

    def opens(self) -> list[str | bytes]:
        """Return what is said first."""

    @property
    def is_open(self) -> bool:
        """Whether sound may be sent now."""

    def piece(self, sound: bytes) -> list[str | bytes]:
        """Return how a piece of sound is sent."""

    def closes(self) -> list[str | bytes]:
        """Return what is said after the last piece."""

    def take(self, message: str) -> bool:
        """Take what the server says; True: that was all."""

    def heard(self) -> Heard:
        """Return what came of it."""


class SocketSpeechToText:
    """See :class:`gateway.ports.speech.SpeechToText`; it hears while the caller speaks.

    Args:
        url: Gives the address to connect to; a token may have to be fetched for it.
        begins: Makes the messages of a sentence.
        timeout_s: From the end of a sentence to its text.
    """

    def __init__(
        self,
        name: str,
        abilities: SpeechAbilities,
        url: Callable[[], Awaitable[str]],
        begins: Callable[[Wanted], Exchange],
        *,
        timeout_s: float,
    ) -> None:
        self.name = name
        self.abilities = abilities
        self._url = url
        self._begins = begins
        self._timeout_s = timeout_s

    async def serve(self) -> None:
        """Do nothing, until cancelled: each sentence has a connection of its own."""
        await asyncio.Event().wait()

    async def ready(self) -> None:
        """Return at once: vendors count what they are asked."""

    async def transcribe(self, sound: AsyncIterable[bytes], wanted: Wanted) -> Heard:
        """Recognise one sentence."""
        exchange = self._begins(wanted)
        opened = asyncio.Event()
        async with self._connected() as socket:
            sending = asyncio.create_task(self._send(socket, exchange, opened, sound), name=f"{self.name}.send")
            receiving = asyncio.create_task(self._receive(socket, exchange, opened), name=f"{self.name}.receive")
            try:
                await asyncio.wait([sending, receiving], return_when=asyncio.FIRST_COMPLETED)
                if not receiving.done():
                    await sending
                async with asyncio.timeout(self._timeout_s):
                    await receiving
            except TimeoutError:
                raise self._error(SpeechProblem.LATE, f"no answer within {self._timeout_s:g} s (timeout_s)") from None
            except (aiohttp.ClientError, OSError) as error:
                raise self._error(SpeechProblem.DOWN, f"{type(error).__name__}: {error}") from error
            finally:
                sending.cancel()
                receiving.cancel()
                await asyncio.gather(sending, receiving, return_exceptions=True)
        return exchange.heard()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        url = await self._url()
        shown = url.partition("?")[0]
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(), cookie_jar=aiohttp.DummyCookieJar()) as session:
            try:
                async with asyncio.timeout(CONNECT_S):
                    timeout = aiohttp.ClientWSTimeout(ws_close=CLOSE_S)
                    socket = await session.ws_connect(url, max_msg_size=MAX_MESSAGE_BYTES, timeout=timeout)
            except TimeoutError:
                raise self._error(SpeechProblem.DOWN, f"{shown}: not reached within {CONNECT_S:g} s") from None
            except aiohttp.WSServerHandshakeError as error:
                problem = error_of(self.name, error.status, b"").problem
                cure = "change its keys, or set this machine's clock" if problem is SpeechProblem.REFUSED else "look at its url"
                raise self._error(problem, f"{shown}: status {error.status}: {cure}") from error
            except (aiohttp.ClientError, OSError) as error:
                raise self._error(SpeechProblem.DOWN, f"{shown}: {type(error).__name__}") from error
            try:
                yield socket
            finally:
                await socket.close()

    async def _send(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        exchange: Exchange,
        opened: asyncio.Event,
        sound: AsyncIterable[bytes],
    ) -> None:
        await self._tell(socket, exchange.opens())
        waiting, room = b"", MAX_SOUND_BYTES
        async for piece in sound:
            waiting += piece[:room]
            room -= len(piece[:room])
            if exchange.is_open:
                opened.set()
            while opened.is_set() and len(waiting) >= PIECE_BYTES:
                await self._tell(socket, exchange.piece(waiting[:PIECE_BYTES]))
                waiting = waiting[PIECE_BYTES:]
        if not exchange.is_open:
            async with asyncio.timeout(self._timeout_s):
                await opened.wait()
        for at in range(0, len(waiting), PIECE_BYTES):
            await self._tell(socket, exchange.piece(waiting[at : at + PIECE_BYTES]))
        await self._tell(socket, exchange.closes())

    async def _tell(self, socket: aiohttp.ClientWebSocketResponse, messages: list[str | bytes]) -> None:
        async with asyncio.timeout(self._timeout_s):
            for message in messages:
                if isinstance(message, str):
                    await socket.send_str(message)
                else:
                    await socket.send_bytes(message)

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse, exchange: Exchange, opened: asyncio.Event) -> None:
        while True:
            message = await socket.receive()
            if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED):
                raise self._error(SpeechProblem.BROKEN, f"it hung up before its answer was whole (code {socket.close_code})")
            if message.type is aiohttp.WSMsgType.ERROR:
                raise self._error(SpeechProblem.BROKEN, "its message was cut off or too long")
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            if exchange.take(message.data):
                return
            if exchange.is_open:
                opened.set()

    def _error(self, problem: SpeechProblem, detail: str) -> SpeechError:
        return SpeechError(self.name, problem, detail)
