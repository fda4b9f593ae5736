"""Servers that hear as FunASR's, iFlytek's and Aliyun's do, on loopback, and fail as theirs do."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

TEXT: Final = "我要查账单"
FAULTS: Final = ("refused", "limited", "hang", "half", "wrong", "hangs_up", "401")


class SpeechServer:
    """All three vendors; what was told is kept."""

    def __init__(self) -> None:
        self.fault = ""
        self.messages: list[dict[str, Any]] = []
        self.sound = b""
        self.queries: list[dict[str, str]] = []
        self.url = ""
        self.mended = asyncio.Event()
        self.tokens = 0
        self.token_status = 200
        self.token_lasts_until = 4_000_000_000.0

    async def funasr(self, request: web.Request) -> web.StreamResponse:
        socket = await self._open(request)
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                self.sound += message.data
                continue
            self.messages.append(json.loads(message.data))
            if self.messages[-1]["is_speaking"] is False and not await self._fails(request, socket, {}):
                await socket.send_json({"mode": "offline", "text": TEXT, "wav_name": "call", "is_final": False})
        return socket

    async def iflytek(self, request: web.Request) -> web.StreamResponse:
        self.queries.append(dict(request.query))
        socket = await self._open(request)
        told = {"refused": {"code": 10105, "message": "illegal access"}, "limited": {"code": 11201, "message": "licc limit"}}
        async for message in socket:
            frame = json.loads(message.data)
            self.messages.append(frame)
            self.sound += base64.b64decode(frame["data"]["audio"])
            if frame["data"]["status"] == 2 and not await self._fails(request, socket, told):
                for at, (text, status) in enumerate(((TEXT[:2], 1), (TEXT[2:], 2))):
                    words = [{"bg": 0, "cw": [{"w": each, "sc": 0}]} for each in text]
                    data = {"status": status, "result": {"sn": at + 1, "ls": status == 2, "ws": words}}
                    await socket.send_json({"code": 0, "message": "success", "sid": "iat1", "data": data})
        return socket

    async def aliyun(self, request: web.Request) -> web.StreamResponse:
        self.queries.append(dict(request.query))
        socket = await self._open(request)
        told = {
            "refused": self._header("TaskFailed", 40000001, "Gateway:ACCESS_DENIED"),
            "limited": self._header("TaskFailed", 40000005, "Gateway:TOO_MANY_REQUESTS"),
        }
        async for message in socket:
            if message.type is WSMsgType.BINARY:
                self.sound += message.data
                continue
            self.messages.append(json.loads(message.data))
            if self.messages[-1]["header"]["name"] == "StartRecognition":
                await socket.send_json(self._header("RecognitionStarted", 20000000, "Gateway:SUCCESS"))
            elif not await self._fails(request, socket, told):
                answer = self._header("RecognitionCompleted", 20000000, "Gateway:SUCCESS")
                await socket.send_json(answer | {"payload": {"result": TEXT, "duration": 1500}})
        return socket

    async def token(self, request: web.Request) -> web.Response:
        self.tokens += 1
        self.queries.append(dict(request.query))
        if self.token_status != 200:
            return web.json_response({"Code": "InvalidAccessKeyId.NotFound"}, status=self.token_status)
        return web.json_response({"Token": {"Id": "t/1", "ExpireTime": self.token_lasts_until, "UserId": "1"}})

    async def _open(self, request: web.Request) -> web.WebSocketResponse:
        if self.fault == "401":
            raise web.HTTPUnauthorized(text='{"message":"HMAC signature cannot be verified"}')
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        return socket

    async def _fails(self, request: web.Request, socket: web.WebSocketResponse, told: dict[str, Any]) -> bool:
        assert request.transport is not None
        match self.fault:
            case "":
                return False
            case "hang":
                await self.mended.wait()
            case "half":
                request.transport.write(b"\x81\x7e\x01\x00half a frame")
                request.transport.close()
            case "wrong":
                await socket.send_str("[1, 2")
            case "hangs_up":
                await socket.close(code=1000)
            case fault:
                await socket.send_json(told[fault])
        return True

    def _header(self, name: str, status: int, text: str) -> dict[str, Any]:
        return {"header": {"namespace": "SpeechRecognizer", "name": name, "status": status, "status_text": text}}


@asynccontextmanager
async def speech_server() -> AsyncIterator[SpeechServer]:
    """Listen at an address of this machine."""
    server = SpeechServer()
    application = web.Application()
    for name in ("funasr", "iflytek", "aliyun"):
        application.router.add_get(f"/{name}", getattr(server, name))
    application.router.add_get("/token/", server.token)
    async with TestServer(application, handler_cancellation=True) as listening:
        server.url = str(listening.make_url("/"))
        try:
            yield server
        finally:
            server.mended.set()
