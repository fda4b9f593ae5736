"""WebSocket ``/api/v1/events``: every event as it happens, and what was missed since a position.

The client's first message is ``{"type": "subscribe", "topics": ["call", "queue"], "after": 123, "pbxs": ["one"], "token": "…"}``,
where all but the type may be missing (all topics, from now on, all PBXs, and a token in the request's header). It is answered by
``{"type": "subscribed", "position": …}``, then come the events, one envelope a message. ``{"type": "ping"}`` is answered by
``{"type": "pong"}`` with a position too: who comes back after it misses nothing. Before we close, a message
``{"type": "error", "problem": {…}}`` says why; the codes of the close are 4000 and the HTTP status that would fit.

What waits for a client is bounded: the hub's buffer of its listener, then the transport's and the kernel's. One that takes
nothing for a while is told so, where it reads on at all, and cut off.
"""

import asyncio
from typing import Final

import msgspec
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from gateway.api.operations import Authenticator
from gateway.api.problems import ApiError, forbidden, store_unavailable
from gateway.api.stream_messages import Ping, Pong, Subscribe, Subscribed
from gateway.model import topics
from gateway.model.errors import StoreUnavailableError
from gateway.model.principals import Principal
from gateway.session.hub import Hub, Listener, ListenerError, PositionLostError
from gateway.session.sights import Sights

MAX_CLIENT_MESSAGE_BYTES: Final = 16 * 1024
MAX_TOPICS: Final = 500
"""Topics of one client: enough for each extension of a call centre."""
SUBSCRIBE_TIMEOUT_S: Final = 10.0
"""Seconds for the first message; who says nothing wants nothing."""
SEND_TIMEOUT_S: Final = 15.0
"""Seconds in which a client must take what we send, and as many once more to take that it is cut off for that."""
HEARTBEAT_S: Final = 20.0
"""Seconds between our pings, by which a client that is gone is found out."""
ASK_AGAIN_S: Final = 15.0
"""Seconds between looking whether a client may still listen: for so long one whose token was revoked hears on."""

_log = structlog.get_logger()


class Stream:
    """Serves the event stream."""

    def __init__(self, hub: Hub, authenticator: Authenticator, sights: Sights) -> None:
        self._hub = hub
        self._sights = sights
        self._authenticator = authenticator
        self._open: set[web.WebSocketResponse] = set()
        self._decoder: msgspec.json.Decoder[Subscribe | Ping] = msgspec.json.Decoder(Subscribe | Ping)

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return what is answered where."""
        return [web.get("/api/v1/events", self._serve)]

    async def close(self, _app: web.Application) -> None:
        """Say goodbye to all; they come back where they left off."""
        goodbyes = [socket.close(code=WSCloseCode.GOING_AWAY, message=b"the gateway stops") for socket in self._open]
        await asyncio.gather(*goodbyes, return_exceptions=True)

    async def _serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=MAX_CLIENT_MESSAGE_BYTES, compress=False, timeout=SEND_TIMEOUT_S
        )
        await socket.prepare(request)
        self._open.add(socket)
        try:
            await self._talk(request, socket)
        except ApiError as error:
            await _refuse(request, socket, error)
        except ConnectionError:
            pass  # it went away; it will ask again for what it missed
        finally:
            self._open.discard(socket)
        return socket

    async def _talk(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        try:
            async with asyncio.timeout(SUBSCRIBE_TIMEOUT_S):
                first = await self._receive(socket)
        except TimeoutError as error:
            raise _error(408, "no-subscription", f"No subscription came within {SUBSCRIBE_TIMEOUT_S:.0f} s.") from error
        if first is None:
            return
        if not isinstance(first, Subscribe):
            raise _error(400, "not-subscribed", "The first message must be a subscription.")
        principal = await self._authenticator.shown(request, first.token)
        scope = topics.missing(first.topics, principal)
        if scope is not None:
            raise forbidden(scope, principal.name)
        wanted = msgspec.structs.replace(first, topics=topics.allowed(first.topics, principal), token=None)
        listener = self._listen(wanted, principal)
        try:
            await self._both_ways(socket, listener, wanted, principal)
        finally:
            listener.close()

    def _listen(self, wanted: Subscribe, principal: Principal) -> Listener:
        if len(wanted.topics) > MAX_TOPICS:
            raise _error(400, "too-many-topics", f"{len(wanted.topics)} topics are more than {MAX_TOPICS}.")
        try:
            return self._hub.listen(
                wanted.topics,
                after=wanted.after,
                pbxs=wanted.pbxs,
                audible=topics.audible(principal),
                hears=self._sights.hearing(principal),
                tenant=principal.tenant,
            )
        except PositionLostError as error:
            raise _error(410, "position-lost", str(error)) from error

    async def _both_ways(
        self, socket: web.WebSocketResponse, listener: Listener, wanted: Subscribe, principal: Principal
    ) -> None:
        """Send events and answer pings until the client goes; whichever side ends first ends the other."""
        await _send(socket, Subscribed(position=listener.position, topics=wanted.topics))
        try:
            async with asyncio.TaskGroup() as tasks:
                sending = tasks.create_task(self._send_events(socket, listener), name="stream.send")
                asking = tasks.create_task(self._ask_again(principal), name="stream.ask")
                await self._answer(socket, listener)
                sending.cancel()
                asking.cancel()
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None  # one side failed and the other was cancelled for it

    async def _send_events(self, socket: web.WebSocketResponse, listener: Listener) -> None:
        while True:
            try:
                batch = await listener.next_batch()
            except PositionLostError as error:
                raise _error(410, "position-lost", str(error)) from error
            except ListenerError as error:
                raise _too_slow(str(error), listener) from error
            except StoreUnavailableError as error:
                raise store_unavailable(str(error)) from error
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    for told in batch:
                        await socket.send_frame(told.json, WSMsgType.TEXT)
            except TimeoutError as error:
                _log.warning("listener_stuck", timeout_s=SEND_TIMEOUT_S)
                raise _too_slow(f"nothing was taken for {SEND_TIMEOUT_S:.0f} s", listener) from error

    async def _ask_again(self, principal: Principal) -> None:
        while True:
            await asyncio.sleep(ASK_AGAIN_S)
            await self._authenticator.still(principal)

    async def _answer(self, socket: web.WebSocketResponse, listener: Listener) -> None:
        while (message := await self._receive(socket)) is not None:
            if not isinstance(message, Ping):
                raise _error(400, "subscribed-already", "This connection has its subscription: open another for another.")
            await _send(socket, Pong(id=message.id, position=listener.position))

    async def _receive(self, socket: web.WebSocketResponse) -> Subscribe | Ping | None:
        """Wait for the client's next message; None when it has gone."""
        message = await socket.receive()
        if message.type is WSMsgType.TEXT:
            try:
                return self._decoder.decode(message.data)
            except msgspec.MsgspecError as error:
                raise _error(400, "bad-message", f"This message cannot be read: {error}") from error
        if message.type is WSMsgType.BINARY:
            raise _error(400, "bad-message", "Messages are text.")
        return None


async def _send(socket: web.WebSocketResponse, message: object) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        await socket.send_frame(msgspec.json.encode(message), WSMsgType.TEXT)


async def _refuse(request: web.Request, socket: web.WebSocketResponse, error: ApiError) -> None:
    try:
        await _send(socket, {"type": "error", "problem": error.document()})
        await socket.close(code=4000 + error.status, message=error.kind.encode())
    except TimeoutError:
        if request.transport is not None:
            request.transport.abort()  # it takes not even that
    except ConnectionError:
        pass  # whom we refuse has gone already


def _too_slow(detail: str, listener: Listener) -> ApiError:
    position = listener.position
    detail += f": come back after {position}, and nothing is missed."
    return ApiError(429, "too-slow", "Too slow", detail, position=position)


def _error(status: int, kind: str, detail: str) -> ApiError:
    return ApiError(status, kind, kind.replace("-", " ").capitalize(), detail)
