import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from structlog.testing import capture_logs
from support.gateways import Served, served
from support.replaying import CAPTURES, PBX
from support.waiting import until

from gateway.api import stream
from gateway.ports.connector import Gap

QUEUE = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"


@pytest.fixture
async def one() -> AsyncIterator[Served]:
    async with served(QUEUE) as made:
        yield made


async def connected(one: Served, **subscription: Any) -> ClientWebSocketResponse:
    socket = await one.client.ws_connect("/api/v1/events")
    await socket.send_json({"type": "subscribe", **subscription})
    return socket


async def heard(socket: ClientWebSocketResponse, until: str) -> list[dict[str, Any]]:
    """What comes until a message of this type, it included."""
    found = []
    async with asyncio.timeout(5):
        while True:
            found.append(await socket.receive_json())
            if found[-1]["type"] == until:
                return found


async def refusal(socket: ClientWebSocketResponse) -> tuple[str, int | None]:
    """Why the gateway closes, as its last message and its code say."""
    async with asyncio.timeout(5):
        message = await socket.receive_json()
        assert message["type"] == "error"
        assert (await socket.receive()).type is WSMsgType.CLOSE
        return message["problem"]["type"].removeprefix("urn:tieline:problem:"), socket.close_code


async def test_events_come_as_they_happen(one: Served) -> None:
    socket = await connected(one)
    (subscribed,) = await heard(socket, "subscribed")
    await one.play()
    told = await heard(socket, "call.ended")

    assert subscribed == {"type": "subscribed", "position": 999, "topics": ["*"]}
    assert [event["position"] for event in told] == list(range(1000, 1000 + len(told)))
    first = told[0]
    assert set(first) == {"id", "type", "time", "tenant", "pbx", "call_id", "position", "data"}
    assert (first["type"], first["pbx"], first["id"]) == ("call.started", PBX, f"{first['call_id']}:1")


async def test_topics_and_pbxs_are_chosen(one: Served) -> None:
    queues = await connected(one, topics=["queue"])
    others = await connected(one, pbxs=["other"], topics=["call", "gateway"])
    await heard(queues, "subscribed")
    await heard(others, "subscribed")
    await one.play()
    await one.engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=2.0, reason="cut"))
    await one.committer.settled()

    assert [event["type"] for event in await heard(queues, "queue.caller_left")] == ["queue.caller_joined", "queue.caller_left"]
    await others.send_json({"type": "ping"})
    assert [event["type"] for event in await heard(others, "pong")] == ["pong"]


async def test_who_comes_back_hears_what_he_missed(one: Served) -> None:
    socket = await connected(one)
    await heard(socket, "subscribed")
    await one.play(12)
    last = (await heard(socket, "queue.caller_joined"))[-1]["position"]
    await socket.close()

    await one.play(start=12)
    again = await connected(one, after=last)
    missed = (await heard(again, "call.ended"))[1:]

    assert [event["position"] for event in missed] == list(range(last + 1, last + 1 + len(missed)))


async def test_a_gap_is_an_event_of_the_pbx(one: Served) -> None:
    socket = await connected(one, topics=["gateway"])
    await heard(socket, "subscribed")
    await one.engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=2.5, reason="cut"))
    await one.committer.settled()
    gap = (await heard(socket, "gateway.gap"))[-1]

    assert gap["data"]["seconds"] == 1.5
    assert "call_id" not in gap


async def test_a_ping_is_answered_with_its_id_and_the_position(one: Served) -> None:
    socket = await connected(one)
    await heard(socket, "subscribed")
    await socket.send_json({"type": "ping", "id": "mine"})

    assert await heard(socket, "pong") == [{"type": "pong", "id": "mine", "position": one.hub.position}]


@pytest.mark.parametrize("after", [0, 5_000])
async def test_a_position_that_is_not_held_is_refused(one: Served, after: int) -> None:
    assert await refusal(await connected(one, after=after)) == ("position-lost", 4410)
    assert one.hub.listeners == 0


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"type":"ping"}', "not-subscribed"),
        ("nonsense", "bad-message"),
        ("[]", "bad-message"),
        ('{"type":"subscribe","topic":"call"}', "bad-message"),
        ('{"type":"subscribe","after":"1"}', "bad-message"),
        ('{"type":"hangup"}', "bad-message"),
        (json.dumps({"type": "subscribe", "topics": ["call"] * (stream.MAX_TOPICS + 1)}), "too-many-topics"),
    ],
)
async def test_a_wrong_first_message_is_refused(one: Served, text: str, kind: str) -> None:
    socket = await one.client.ws_connect("/api/v1/events")
    await socket.send_str(text)

    assert await refusal(socket) == (kind, 4400)


async def test_bytes_are_refused(one: Served) -> None:
    socket = await one.client.ws_connect("/api/v1/events")
    await socket.send_bytes(b"\0")

    assert await refusal(socket) == ("bad-message", 4400)


async def test_a_second_subscription_is_refused(one: Served) -> None:
    socket = await connected(one)
    await heard(socket, "subscribed")
    await socket.send_json({"type": "subscribe"})

    assert await refusal(socket) == ("subscribed-already", 4400)
    assert one.hub.listeners == 0


async def test_who_never_subscribes_is_told_so(one: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SUBSCRIBE_TIMEOUT_S", 0.01)
    socket = await one.client.ws_connect("/api/v1/events")

    assert await refusal(socket) == ("no-subscription", 4408)


async def test_a_message_without_an_end_is_refused(one: Served) -> None:
    socket = await one.client.ws_connect("/api/v1/events")
    await socket.send_str("x" * (stream.MAX_CLIENT_MESSAGE_BYTES + 1))
    async with asyncio.timeout(5):
        await socket.receive()

    assert socket.close_code == 1009


async def test_a_listener_that_fell_behind_is_told_so() -> None:
    async with served(QUEUE, kept=3) as one:
        socket = await connected(one)
        await heard(socket, "subscribed")
        # All at once, so that the ring turns before the listener has a turn.
        await one.play()

        assert await refusal(socket) == ("too-slow", 4429)
        assert one.hub.lost_listeners == 1


async def test_a_listener_that_takes_nothing_is_cut(one: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SEND_TIMEOUT_S", 0.2)
    host, port = one.client.host, one.client.port
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(
        f"GET /api/v1/events HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    assert b"101" in await reader.readline()
    body = b'{"type":"subscribe"}'
    writer.write(bytes([0x81, 0x80 | len(body), 0, 0, 0, 0]) + body)
    reader._transport.pause_reading()  # type: ignore[attr-defined]  # what a stuck client does
    with capture_logs() as logs:
        async with asyncio.timeout(20):
            await until(lambda: one.hub.listeners == 1)
            while one.hub.listeners:
                await one.engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=2.0, reason="x" * 60_000))
        await one.committer.settled()
    writer.close()

    assert [line["event"] for line in logs if line["log_level"] == "warning" and line["event"] != "gap"] == ["listener_stuck"]


async def test_a_page_of_another_site_hears_nothing(one: Served) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await one.client.ws_connect("/api/v1/events", headers={"Origin": "https://evil.example"})

    assert refused.value.status == 403


async def test_a_client_that_goes_leaves_nothing(one: Served) -> None:
    socket = await connected(one)
    await heard(socket, "subscribed")
    await socket.close()
    await until(lambda: one.hub.listeners == 0)


async def test_a_gateway_that_stops_says_goodbye() -> None:
    async with served(QUEUE) as one:
        socket = await connected(one)
        await heard(socket, "subscribed")
        server = one.client.server
        closing = asyncio.create_task(server.close())
        async with asyncio.timeout(5):
            await socket.receive()
        await closing

    assert socket.close_code == 1001
