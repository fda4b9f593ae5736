"""A program that takes webhooks, as a company would write one, with the standard's own library."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, tzinfo
from typing import Any
from unittest.mock import patch

from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

Answer = Callable[[dict[str, Any]], web.Response]


class Receiver:
    """Verifies and keeps what it gets; answers as the test says."""

    def __init__(self) -> None:
        self.secrets: list[str] = []
        self.answer: Answer = lambda _event: web.Response(status=204)
        self.delay_s = 0.0
        self.got: list[dict[str, Any]] = []
        """Messages that were taken, in their order."""
        self.ids: list[str] = []
        """``webhook-id`` of all that came."""
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.forged = 0
        self.most_at_once = 0
        self._at_once = 0
        self.url = ""

    async def take(self, request: web.Request) -> web.StreamResponse:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            return await self._take(request)
        finally:
            self._at_once -= 1

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.ids.append(request.headers["webhook-id"])
        self.headers.append(dict(request.headers))
        if self.delay_s:
            await asyncio.sleep(self.delay_s)
        if not any(self.is_signed(secret, body, request) for secret in self.secrets):
            self.forged += 1
            return web.Response(status=401)
        event = json.loads(body)
        response = self.answer(event)
        if 200 <= response.status < 300:
            self.got.append(event)
            self.bodies.append(body)
        return response

    def is_signed(self, secret: str, body: bytes, request: web.Request) -> bool:
        try:
            Webhook(secret).verify(body.decode(), dict(request.headers))
        except WebhookVerificationError:
            return False
        return True


@asynccontextmanager
async def receiving(now: Callable[[], float]) -> AsyncIterator[Receiver]:
    """Listen at an address of this machine; messages older or younger than five minutes by ``now`` are refused."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(now(), tz)

    receiver = Receiver()
    application = web.Application()
    application.router.add_post("/hook", receiver.take)
    async with TestServer(application) as server:
        receiver.url = str(server.make_url("/hook"))
        with patch("standardwebhooks.webhooks.datetime", Clock):
            yield receiver
