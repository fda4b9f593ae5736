"""The channel of web chats with a server of its own and a desk in memory, and visitors who speak its protocol."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestServer
from support.memory_desk import MemoryDesk

from connectors.webchat.server import Webchat
from connectors.webchat.settings import WebchatSettings
from gateway.api.guard import SECURITY_HEADERS
from gateway.model.conversations import ConversationId
from gateway.ports.conversations import CLIENT

SHOP: Final = "https://www.shop.example"


class Site:
    """See the module. ``now`` is the channel's clock; each visitor's ``X-Client`` is his address."""

    def __init__(self, settings: WebchatSettings, *, is_answered: bool = True) -> None:
        self.now = 1000.0
        self.desk = MemoryDesk(lambda: self.now, is_answered=is_answered)
        random = itertools.count(1)
        self.channel = Webchat(
            settings,
            self.desk,
            clock=lambda: self.now,
            random_bytes=lambda count: next(random).to_bytes(count, "big"),
        )
        self.client: ClientSession
        self.address = ""
        """With a slash at its end."""
        self.running: asyncio.Task[None]
        self._visitors: list[WebVisitor] = []

    async def visitor(self, origin: str = SHOP, **more: Any) -> "WebVisitor":
        """Return a connection on which nothing was said."""
        headers = {"Origin": origin} | more.pop("headers", {})
        visitor = WebVisitor(await self.client.ws_connect(self.address + "webchat/ws", headers=headers, **more))
        self._visitors.append(visitor)
        return visitor

    async def arrived(self, **hello: Any) -> tuple["WebVisitor", dict[str, Any]]:
        """Return a visitor who was welcomed, and by what."""
        visitor = await self.visitor()
        return visitor, await visitor.arrive(**hello)

    async def stop(self) -> None:
        """Stop the channel."""
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    async def leave(self) -> None:
        """Have all visitors go."""
        await asyncio.gather(*(each.socket.close() for each in self._visitors))


class WebVisitor:
    """One connection of a visitor."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self._keys = itertools.count(1)

    async def arrive(self, **hello: Any) -> dict[str, Any]:
        """Say hello, and return the welcome."""
        await self.socket.send_json({"type": "hello"} | hello)
        return await self.next("welcome")

    async def write(self, text: str, **more: Any) -> str:
        """Write something; return its key."""
        key = more.pop("key", None) or f"key-{id(self)}-{next(self._keys)}"
        await self.socket.send_json({"type": "message", "key": key, "text": text} | more)
        return str(key)

    async def next(self, *types: str) -> dict[str, Any]:
        """Return what comes next of these types, or of any."""
        async with asyncio.timeout(10):
            while True:
                message: dict[str, Any] = await self.socket.receive_json()
                if not types or message["type"] in types:
                    return message

    async def told(self, count: int) -> list[tuple[int, str]]:
        """Return the next messages: of each its number and its text."""
        messages = [await self.next("message") for _ in range(count)]
        return [(each["seq"], each.get("text", "")) for each in messages]

    async def end(self) -> int | None:
        """Wait until the channel has closed; return with which code. What comes before is left out."""
        async with asyncio.timeout(10):
            while (await self.socket.receive()).type is WSMsgType.TEXT:
                pass
        return self.socket.close_code


@web.middleware
async def _addressed(request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> web.StreamResponse:
    request[CLIENT] = request.headers.get("X-Client", "192.0.2.1")
    response = await handler(request)
    if not response.prepared:
        response.headers.update(SECURITY_HEADERS)
    return response


@asynccontextmanager
async def chat_site(settings: WebchatSettings | None = None, *, is_answered: bool = True) -> AsyncIterator[Site]:
    """Serve the channel on a free port of loopback."""
    site = Site(settings or WebchatSettings(origins=(SHOP,)), is_answered=is_answered)
    application = web.Application(middlewares=[_addressed])
    application.add_routes(site.channel.routes())
    async with TestServer(application) as server, ClientSession() as site.client:
        site.address = str(server.make_url("/"))
        site.running = asyncio.create_task(site.channel.run())
        await asyncio.sleep(0)
        try:
            yield site
        finally:
            await site.leave()
            await site.stop()


def only(site: Site) -> ConversationId:
    """Return the one conversation that there is."""
    (conversation,) = site.desk.conversations
    return conversation
