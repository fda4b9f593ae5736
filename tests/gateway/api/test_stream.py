import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError, web
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
    client = await one.client.ws_connect("/api/v1/events")
    await client.send_json({"type": "subscribe", **subscription})
    return client


async def heard(client: ClientWebSocketResponse, until: str) -> list[dict[str, Any]]:
    """What comes until a message of this type, it included."""
    found = []
    async with asyncio.timeout(5):
        while True:
            found.append(await client.receive_json())
            if found[-1]["type"] == until:
                return found


async def refusal(client: ClientWebSocketResponse) -> tuple[str, int | None]:
    """Why the gateway closes, as its last message and its code say."""
    async with asyncio.timeout(5):
        message = await client.receive_json()
        assert message["type"] == "error"
        assert (await client.receive()).type is WSMsgType.CLOSE
        return message["problem"]["type"].removeprefix("urn:tieline:problem:"), client.close_code


async def test_events_come_as_they_happen(one: Served) -> None:
    client = await connected(one)
    (subscribed,) = await heard(client, "subscribed")
    await one.play()
    told = await heard(client, "call.ended")

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


async def test_an_agents_topics_begin_when_the_call_reaches_him_and_stay_with_it(one: Served) -> None:
    client = await connected(one, topics=["extension:1001"])
    other = await connected(one, topics=["extension:1002", "agent:Nobody", "queue:sales"])
    await heard(client, "subscribed")
    await heard(other, "subscribed")
    await one.play()
    told = [event["type"] for event in await heard(client, "call.ended")]
    await other.send_json({"type": "ping"})

    assert "call.started" not in told
    assert next(kind for kind in told if kind.startswith(("call", "queue"))) == "call.alerting"
    assert {"call.answered", "call.agent_connected", "queue.caller_left"} <= set(told)
    assert [event["type"] for event in await heard(other, "pong")] == ["pong"]


async def test_who_comes_back_hears_what_he_missed(one: Served) -> None:
    client = await connected(one)
    await heard(client, "subscribed")
    await one.play(12)
    last = (await heard(client, "queue.caller_joined"))[-1]["position"]
    await client.close()

    await one.play(start=12)
    again = await connected(one, after=last)
    missed = (await heard(again, "call.ended"))[1:]

    assert [event["position"] for event in missed] == list(range(last + 1, last + 1 + len(missed)))


async def test_a_gap_is_an_event_of_the_pbx(one: Served) -> None:
    client = await connected(one, topics=["gateway"])
    await heard(client, "subscribed")
    await one.engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=2.5, reason="cut"))
    await one.committer.settled()
    gap = (await heard(client, "gateway.gap"))[-1]

    assert gap["data"]["seconds"] == 1.5
    assert "call_id" not in gap


async def test_a_ping_is_answered_with_its_id_and_the_position(one: Served) -> None:
    client = await connected(one)
    await heard(client, "subscribed")
    await client.send_json({"type": "ping", "id": "mine"})

    assert await heard(client, "pong") == [{"type": "pong", "id": "mine", "position": one.hub.position}]


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
    client = await one.client.ws_connect("/api/v1/events")
    await client.send_str(text)

    assert await refusal(client) == (kind, 4400)


async def test_bytes_are_refused(one: Served) -> None:
    client = await one.client.ws_connect("/api/v1/events")
    await client.send_bytes(b"\0")

    assert await refusal(client) == ("bad-message", 4400)


async def test_a_second_subscription_is_refused(one: Served) -> None:
    client = await connected(one)
    await heard(client, "subscribed")
    await client.send_json({"type": "subscribe"})

    assert await refusal(client) == ("subscribed-already", 4400)
    assert one.hub.listeners == 0


async def test_who_never_subscribes_is_told_so(one: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SUBSCRIBE_TIMEOUT_S", 0.01)
    client = await one.client.ws_connect("/api/v1/events")

    assert await refusal(client) == ("no-subscription", 4408)


async def test_a_message_without_an_end_is_refused(one: Served) -> None:
    client = await one.client.ws_connect("/api/v1/events")
    await client.send_str("x" * (stream.MAX_CLIENT_MESSAGE_BYTES + 1))
    async with asyncio.timeout(5):
        await client.receive()

    assert client.close_code == 1009


async def test_a_listener_that_fell_behind_is_told_so() -> None:
    async with served(QUEUE, kept=3) as one:
        client = await connected(one)
        await heard(client, "subscribed")
        # All at once, so that the ring turns before the listener has a turn.
        await one.play()

        assert await refusal(client) == ("too-slow", 4429)
        assert one.hub.lost_listeners == 1


@asynccontextmanager
async def never_reading(one: Served) -> AsyncIterator[None]:
    """A program that subscribes by a socket of its own and reads nothing of it, not even that it was let in."""
    host, port = one.client.host, one.client.port
    with socket.socket() as raw:
        raw.setblocking(False)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await asyncio.get_running_loop().sock_connect(raw, (host, port))
        body = b'{"type":"subscribe"}'
        raw.send(
            f"GET /api/v1/events HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            + bytes([0x81, 0x80 | len(body), 0, 0, 0, 0])
            + body
        )
        yield


async def more(one: Served, count: int = 1) -> None:
    """Let something happen that fills a socket."""
    for _ in range(count):
        await one.engine.declare_gap(PBX, Gap(began_at=1.0, ended_at=2.0, reason="x" * 10_000))
    await one.committer.settled()


async def test_a_client_that_never_reads_is_cut_off_and_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SEND_TIMEOUT_S", 0.2)
    transports: list[asyncio.Transport] = []
    serve = stream.Stream._serve

    async def watched(self: stream.Stream, request: web.Request) -> web.WebSocketResponse:
        assert isinstance(request.transport, asyncio.Transport)
        transports.append(request.transport)
        return await serve(self, request)

    monkeypatch.setattr(stream.Stream, "_serve", watched)
    most_waiting = 0
    async with served(QUEUE, kept=50) as one, never_reading(one):
        await until(lambda: one.hub.listeners == 1)
        (stuck,) = transports
        quick = await connected(one)
        heard_by_quick = [await quick.receive_json()]
        with capture_logs() as logs:
            async with asyncio.timeout(20):
                while one.hub.listeners == 2:
                    await more(one)
                    heard_by_quick.append(await quick.receive_json())
                    most_waiting = max(most_waiting, stuck.get_write_buffer_size())
                await until(lambda: stuck.is_closing())
        back = await connected(one, after=999)
        heard_again = [await back.receive_json() for _ in heard_by_quick]

    positions = [event["position"] for event in heard_by_quick[1:]]
    assert positions == list(range(1000, 1000 + len(positions)))
    assert heard_again[1:] == heard_by_quick[1:]
    assert most_waiting < 200_000
    assert [line["event"] for line in logs if line["log_level"] == "warning" and line["event"] != "gap"] == ["listener_stuck"]


async def test_a_client_that_reads_too_late_is_told_why_and_where_to_go_on(one: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SEND_TIMEOUT_S", 0.5)
    late = await connected(one)
    found = await heard(late, "subscribed")
    reading = late._reader._protocol.transport  # what a program that hangs does
    assert isinstance(reading, asyncio.Transport)
    reading.pause_reading()
    with capture_logs() as logs:
        async with asyncio.timeout(20):
            while not any(line["event"] == "listener_stuck" for line in logs):
                await more(one)
    reading.resume_reading()
    found += await heard(late, "error")
    problem = found.pop()["problem"]

    assert (problem["type"], problem["status"]) == ("urn:tieline:problem:too-slow", 429)
    again = await connected(one, after=problem["position"])
    await more(one)
    rest = [await again.receive_json() for _ in range(one.hub.position - problem["position"] + 1)]
    positions = {event["position"] for event in found + rest}
    assert positions == set(range(999, one.hub.position + 1))


async def test_a_page_of_another_site_hears_nothing(one: Served) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await one.client.ws_connect("/api/v1/events", headers={"Origin": "https://evil.example"})

    assert refused.value.status == 403


async def test_a_client_that_goes_leaves_nothing(one: Served) -> None:
    client = await connected(one)
    await heard(client, "subscribed")
    await client.close()
    await until(lambda: one.hub.listeners == 0)


async def test_a_gateway_that_stops_says_goodbye() -> None:
    async with served(QUEUE) as one:
        client = await connected(one)
        await heard(client, "subscribed")
        server = one.client.server
        closing = asyncio.create_task(server.close())
        async with asyncio.timeout(5):
            await client.receive()
        await closing

    assert client.close_code == 1001
