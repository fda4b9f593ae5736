"""Serves the chat: its WebSocket, the widget, and the page ``/chat`` that shows it."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from aiohttp import WSCloseCode, hdrs, web

from connectors.webchat.assets import Assets
from connectors.webchat.protocol import Refused, Why
from connectors.webchat.settings import WebchatSettings
from connectors.webchat.visit import AGAIN_S, MAX_FRAME_BYTES, SEND_TIMEOUT_S, GoneError, Limits, Visit, cut_off, goodbye
from gateway.model.limits import Buckets, key_of
from gateway.model.origins import Origins
from gateway.ports.conversations import CLIENT, VisitorDesk

HEARTBEAT_S: Final = 20.0
"""Seconds between our pings, by which a browser that is gone is found out; proxies keep what is so busy."""
STOP_S: Final = 3.0
"""Seconds in which browsers may answer our goodbye."""
MAX_NAMED: Final = 50
"""Pages that are named in the log because they may not have the chat, each once."""

_log = structlog.get_logger(__name__)


def create(settings: WebchatSettings, desk: VisitorDesk) -> "Webchat":
    """Make the channel."""
    return Webchat(settings, desk)


class Webchat:
    """See :class:`gateway.ports.conversations.TextChannel`.

    Args:
        clock: Seconds on a clock that never goes back.
        random_bytes: Gives so many bytes that nobody can foresee.
    """

    def __init__(
        self,
        settings: WebchatSettings,
        desk: VisitorDesk,
        *,
        clock: Callable[[], float] = time.monotonic,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._settings = settings
        self._desk = desk
        self._clock = clock
        self._random_bytes = random_bytes
        self._assets = Assets()
        self._origins = Origins(settings.origins)
        self._limits = Limits(
            arrivals=Buckets(settings.arrivals),
            messages=Buckets(settings.messages),
            messages_per_address=Buckets(settings.messages_per_address),
        )
        self._here: Counter[str] = Counter()
        self._sockets: set[web.WebSocketResponse] = set()
        self._named: set[str] = set()
        self._stops = False

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Return what is answered where."""
        return [
            web.get("/chat", self._assets.page("chat.html")),
            web.get("/webchat/ws", self._serve),
            web.get("/webchat/{name}", self._assets.part),
        ]

    async def run(self) -> None:
        """Serve until cancelled; then say goodbye to all, who come back where they left off."""
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._stops = True
            goodbyes = [socket.close(code=WSCloseCode.GOING_AWAY, message=b"the gateway stops") for socket in self._sockets]
            try:
                async with asyncio.timeout(STOP_S):
                    await asyncio.gather(*goodbyes, return_exceptions=True)
            except TimeoutError:
                _log.info("visitors_left_waiting", timeout_s=STOP_S)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        origin = request.headers.get(hdrs.ORIGIN, "")
        if not self._origins.allows(origin, request.host):
            return self._stranger(origin)
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=MAX_FRAME_BYTES, compress=False, timeout=SEND_TIMEOUT_S
        )
        await socket.prepare(request)
        address = key_of(request.get(CLIENT) or request.remote or "")
        self._here[address] += 1
        self._sockets.add(socket)
        try:
            self._admit(address)
            visit = Visit(
                socket,
                self._desk,
                self._limits,
                origin=origin,
                address=address,
                title=self._settings.title,
                clock=self._clock,
                random_bytes=self._random_bytes,
            )
            await visit.run()
        except GoneError as gone:
            await goodbye(request, socket, gone)
        except TimeoutError:
            cut_off(request)
        except ConnectionError:
            pass  # it went away; it comes back for what it missed
        finally:
            self._sockets.discard(socket)
            self._here[address] -= 1
            if not self._here[address]:
                del self._here[address]
        return socket

    def _admit(self, address: str) -> None:
        if self._stops:
            raise GoneError(503, Refused(why=Why.UNAVAILABLE, wait_s=AGAIN_S))
        most = self._settings.max_visitors
        if len(self._sockets) > most:
            _log.warning("webchat_full", visitors=most, cure="raise `max_visitors`")
        elif self._here[address] <= self._settings.max_per_address:
            return
        raise GoneError(429, Refused(why=Why.TOO_MANY, wait_s=10 * AGAIN_S))

    def _stranger(self, origin: str) -> web.Response:
        if origin not in self._named and len(self._named) < MAX_NAMED:
            self._named.add(origin)
            _log.warning("webchat_from_elsewhere", origin=origin[:200], cure="add it to `origins` if it is a page of yours")
        return web.Response(
            status=403, text="Pages of this origin may not use the chat: `origins` of its channel names those that may.\n"
        )
