"""Servers that hear and speak as vendors' do, on loopback, and fail as theirs do: OpenAI's HTTP API, and the Vosk server."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer
from support.speech_contract import tone

KEY: Final = "sk-test-0123"
TEXT: Final = "where is my order"
FAULTS: Final = ("401", "429", "500", "hang", "cut", "wrong", "reset", "long")


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
