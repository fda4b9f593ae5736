"""Servers that hear and speak as vendors' do, on loopback, and fail as theirs do: OpenAI's HTTP API, and the Vosk server."""

import asyncio
import io
import json
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from support.speech_contract import tone

KEY: Final = "sk-test-0123"
TEXT: Final = "where is my order"
WORDS: Final = TEXT.split()
FAULTS: Final = ("401", "429", "500", "hang", "cut", "wrong", "reset", "long")
SOCKET_FAULTS: Final = ("404", "500", "hang", "half", "wrong", "list", "binary", "reset", "long", "many", "1000", "1011")


class OpenAiServer:
    """``/v1/audio/transcriptions`` and ``/v1/audio/speech``; what was asked is kept."""

    def __init__(self) -> None:
        self.fault = ""
        """One of ``FAULTS``; empty: none."""
        self.headers: dict[str, str] = {}
        """Of the answer to a fault."""
        self.asked: list[dict[str, Any]] = []
        self.answer: dict[str, Any] | None = None
        """Of the next transcriptions; None: ``TEXT``, or nothing of silence."""
        self.sound: bytes = tone(0.6)
        """Said at 24 kHz, or in a WAV file at 8 kHz."""
        self.at_once = 0
        self.mended = asyncio.Event()
        self.url = ""

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.at_once += 1
        try:
            return await self._take(request)
        finally:
            self.at_once -= 1

    async def _take(self, request: web.Request) -> web.StreamResponse:
        hears = request.path.endswith("transcriptions")
        asked = await _form(request) if hears else await request.json()
        self.asked.append(asked)
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return _error(401, "Incorrect API key provided: sk-te**0123.")
        if self.fault == "hang":
            await self.mended.wait()
        elif self.fault:
            return await self._fail(request)
        if hears:
            return self._transcription(asked)
        if asked["response_format"] == "wav":
            return web.Response(body=wav_of(self.sound, 8000), content_type="audio/wav")
        return web.Response(body=self.sound, content_type="audio/pcm")

    async def _fail(self, request: web.Request) -> web.StreamResponse:
        match self.fault:
            case "cut":
                response = web.StreamResponse(headers={"Content-Length": "5000"})
                await response.prepare(request)
                await response.write(b'{"text": "where is')
                assert request.transport is not None
                request.transport.close()
                return response
            case "reset":
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            case "wrong":
                return web.json_response({"transcript": TEXT})
            case "long":
                return web.Response(body=b" " * (17 * 1024 * 1024))
            case status:
                return _error(int(status), "Rate limit reached for requests", self.headers)

    def _transcription(self, asked: dict[str, Any]) -> web.Response:
        if self.answer is not None:
            return web.json_response(self.answer)
        is_silent = not any(asked["sound"])
        if asked["response_format"] == "json":
            return web.json_response({"text": "" if is_silent else TEXT})
        # Asked about silence, Whisper invents something, and says that it doubts it.
        text, doubt = ("Thanks for watching!", 0.9) if is_silent else (TEXT, 0.02)
        segment = {"id": 0, "start": 0.0, "end": 1.4, "text": f" {text}", "avg_logprob": -0.25, "no_speech_prob": doubt}
        answer = {"task": "transcribe", "language": "english", "duration": 1.4, "text": text, "segments": [segment]}
        return web.json_response(answer)


def wav_of(sound: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(rate)
        writer.writeframes(sound)
    return file.getvalue()


async def _form(request: web.Request) -> dict[str, Any]:
    form = await request.post()
    asked: dict[str, Any] = {name: value for name, value in form.items() if isinstance(value, str)}
    file = form["file"]
    assert isinstance(file, web.FileField)
    with file.file as sent, wave.open(sent, "rb") as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, 8000)
        asked["sound"] = reader.readframes(reader.getnframes())
    return asked


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    body = {"error": {"message": message, "type": "error", "param": None, "code": None}}
    return web.json_response(body, status=status, headers=headers)


@asynccontextmanager
async def openai_server() -> AsyncIterator[OpenAiServer]:
    """Listen at an address of this machine."""
    server = OpenAiServer()
    application = web.Application(client_max_size=8 * 1024 * 1024)
    application.router.add_post("/v1/audio/transcriptions", server.take)
    application.router.add_post("/v1/audio/speech", server.take)
    async with TestServer(application, handler_cancellation=True) as listening:
        server.url = str(listening.make_url("/v1"))
        try:
            yield server
        finally:
            server.mended.set()


class VoskServer:
    """Does as ``asr_server.py``: an answer to each message, the last one with what is left; then it closes."""

    def __init__(self) -> None:
        self.fault = ""
        """One of ``SOCKET_FAULTS``; empty: none."""
        self.configs: list[dict[str, Any]] = []
        self.sounds: list[bytes] = []
        """What was sent, of each connection."""
        self.pieces = 0
        self.pause_after = 0
        """With this many pieces the first word is heard, and a pause."""
        self.last: dict[str, Any] | None = None
        """Its last answer; None: ``TEXT``, or nothing of silence."""
        self.at_once = 0
        self.mended = asyncio.Event()
        self.url = ""

    async def take(self, request: web.Request) -> web.StreamResponse:
        if self.fault.isdigit() and len(self.fault) == 3:
            return web.Response(status=int(self.fault))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.at_once += 1
        try:
            await self._hear(request, socket)
        except ConnectionError:
            return socket
        finally:
            self.at_once -= 1
        await socket.close()
        return socket

    async def _hear(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        sound, pieces, heard = b"", 0, 0
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                assert len(message.data) % 2 == 0, "half a sample"
                sound, pieces, self.pieces = sound + message.data, pieces + 1, self.pieces + 1
                if pieces == self.pause_after:
                    heard = 1
                    await socket.send_json(_result(WORDS[:1]))
                else:
                    await socket.send_json({"partial": ""})
            elif message.data == '{"eof" : 1}':
                self.sounds.append(sound)
                if self.fault and not await self._fail(request, socket):
                    return
                await socket.send_json(self.last or _result(WORDS[heard:] if any(sound) else []))
                return
            else:
                self.configs.append(json.loads(message.data)["config"])

    async def _fail(self, request: web.Request, socket: web.WebSocketResponse) -> bool:
        """Do as the fault says; return whether it goes on."""
        assert request.transport is not None
        match self.fault:
            case "hang":
                # A server that hangs still sees that its client went away.
                waits = asyncio.create_task(self.mended.wait())
                goes = asyncio.create_task(socket.receive())
                await asyncio.wait([waits, goes], return_when=asyncio.FIRST_COMPLETED)
                is_mended = waits.done()
                for task in (waits, goes):
                    task.cancel()
                await asyncio.gather(waits, goes, return_exceptions=True)
                return is_mended
            case "half":
                assert isinstance(request.transport, asyncio.WriteTransport)
                request.transport.write(b'\x81\x7e\x01\x00{"text": "wh')
                request.transport.close()
            case "reset":
                request.transport.abort()
            case "wrong":
                await socket.send_str('{"text": "where is')
            case "list":
                await socket.send_json({"text": TEXT, "result": 5})
            case "binary":
                await socket.send_bytes(b"\x00\x01")
            case "long":
                await socket.send_str(" " * 300_000)
            case "many":
                await socket.send_json({"text": "a" * 10_001})
            case code:
                await socket.close(code=int(code))
        return False


def _result(words: list[str]) -> dict[str, Any]:
    result = [{"conf": 0.75, "start": 0.3 * at, "end": 0.3 * at + 0.2, "word": word} for at, word in enumerate(words)]
    return {"result": result, "text": " ".join(words)} if words else {"text": ""}


@asynccontextmanager
async def vosk_server() -> AsyncIterator[VoskServer]:
    """Listen at an address of this machine."""
    server = VoskServer()
    application = web.Application()
    application.router.add_get("/", server.take)
    async with TestServer(application) as listening:
        server.url = str(listening.make_url("/").with_scheme("ws"))
        try:
            yield server
        finally:
            server.mended.set()
