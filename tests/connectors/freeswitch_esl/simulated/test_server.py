import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.message import EslMessage, MessageKind
from connectors.freeswitch_esl.simulated.server import EslServer
from gateway.model.secret import Secret


@pytest.fixture
async def server() -> AsyncIterator[EslServer]:
    made = EslServer(Secret("a secret"), lambda: 1_800_000_000.0, Random(1))
    yield made
    await made.stop()


async def said(server: EslServer, *commands: str) -> list[EslMessage]:
    """Return all that a client of these commands is told, who says exit in the end."""
    port = await server.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write("".join(f"{command}\n\n" for command in (*commands, "exit")).encode())
    data = await reader.read(-1)
    writer.close()
    return EslDecoder().receive_data(data)


def replies(messages: list[EslMessage]) -> list[str]:
    return [message.name for message in messages if message.kind is MessageKind.REPLY]


async def test_it_answers_as_freeswitch_does(server: EslServer) -> None:
    messages = await said(server, "api status", "auth a secret", "event", "event plain HEARTBEAT", "nosuch", "api uuid_exists x")
    assert replies(messages) == [
        "-ERR command not found",
        "+OK accepted",
        "-ERR no keywords supplied",
        "+OK event listener enabled plain",
        "-ERR command not found",
        "+OK bye",
    ]
    assert [message.body for message in messages if message.kind is MessageKind.API] == ["false"]
    assert messages[-1].kind is MessageKind.DISCONNECT


async def test_a_wrong_password_ends_the_connection(server: EslServer) -> None:
    messages = await said(server, "auth wrong", "api status")
    assert replies(messages) == ["-ERR invalid"]
    assert messages[-1].kind is MessageKind.DISCONNECT


@pytest.mark.parametrize("form", ["plain", "json"])
async def test_a_jobs_result_is_an_event(server: EslServer, form: str) -> None:
    messages = await said(
        server, "userauth user@domain:a secret", f"event {form} BACKGROUND_JOB CUSTOM a::b", "bgapi status\nJob-UUID: 17"
    )
    (done,) = (message for message in messages if message.kind is MessageKind.EVENT)
    assert (done.name, done.get("Job-UUID"), "is ready" in done.body) == ("BACKGROUND_JOB", "17", True)


async def test_events_go_to_those_who_want_them(server: EslServer) -> None:
    port = await server.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"auth a secret\n\nevent plain CHANNEL_ANSWER CUSTOM a::b\n\nnixevent plain CHANNEL_ANSWER\n\n")
    await server.somebody_listens.wait()
    decoder = EslDecoder()
    messages: list[EslMessage] = []
    while "+OK events nixed" not in replies(messages):
        messages += decoder.receive_data(await reader.read(65536))
    server.say([("Event-Name", "CHANNEL_ANSWER")])
    server.say([("Event-Name", "CUSTOM"), ("Event-Subclass", "other")])
    server.say([("Event-Name", "CUSTOM"), ("Event-Subclass", "a::b")], "body")
    while messages[-1].kind is not MessageKind.EVENT:
        messages += decoder.receive_data(await reader.read(65536))
    assert (messages[-1].name, messages[-1].body) == ("CUSTOM a::b", "body")
    assert len([message for message in messages if message.kind is MessageKind.EVENT]) == 1
    writer.close()
