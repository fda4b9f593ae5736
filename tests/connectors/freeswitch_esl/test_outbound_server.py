import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from support.esl_captures import FREESWITCH
from support.handing_freeswitch import HandingFreeswitch, RecordedFreeswitch
from support.virtual_time import in_virtual_time

from connectors.freeswitch_esl import outbound_server as server_module
from connectors.freeswitch_esl.outbound import OutboundCall
from connectors.freeswitch_esl.outbound_server import Application, OutboundServer
from connectors.freeswitch_esl.protocol.frames import encode_reply


@asynccontextmanager
async def serving(application: Application) -> AsyncIterator[tuple[OutboundServer, int]]:
    server = OutboundServer(application, Random(1))
    try:
        yield server, await server.start("127.0.0.1", 0)
    finally:
        await server.stop()
        assert server.calls == 0


async def pick_up(call: OutboundCall) -> None:
    await call.answer()


@in_virtual_time
async def test_each_call_is_handled_and_let_go() -> None:
    async with serving(pick_up) as (_, port):
        for _ in range(3):
            async with HandingFreeswitch(port) as pbx:
                await pbx.is_over.wait()
                assert pbx.ran() == [("answer", "")]


@in_virtual_time
async def test_calls_do_not_wait_for_each_other() -> None:
    async def wait(call: OutboundCall) -> None:
        await call.answer()
        await asyncio.sleep(60)

    async with serving(wait) as (server, port), HandingFreeswitch(port) as one, HandingFreeswitch(port) as other:
        await asyncio.sleep(1)
        assert server.calls == 2
        assert one.ran() == other.ran() == [("answer", "")]


@pytest.mark.parametrize("error", [ValueError("a fault of ours"), KeyError("x")])
@in_virtual_time
async def test_a_fault_of_the_application_leaves_the_call_to_its_dial_plan(error: Exception) -> None:
    async def fail(_: OutboundCall) -> None:
        raise error

    async with serving(fail) as (server, port):
        async with HandingFreeswitch(port) as pbx:
            await pbx.is_over.wait()
            assert [command.name for command in pbx.heard] == ["connect", "linger", "myevents"]
        async with HandingFreeswitch(port) as pbx:
            await pbx.is_over.wait()
            assert len(pbx.heard) == 3
        assert server.calls == 0


@in_virtual_time
async def test_whoever_hands_no_leg_over_is_sent_away() -> None:
    async with serving(pick_up) as (_, port), HandingFreeswitch(port) as pbx:
        pbx.replies["connect"] = lambda _: encode_reply("+OK")
        await pbx.is_over.wait()
        assert [command.name for command in pbx.heard] == ["connect"]


@in_virtual_time
async def test_when_we_stop_calls_are_let_go_and_not_hung_up() -> None:
    async def bridge(call: OutboundCall) -> None:
        await call.answer()
        await call.bridge("user/1001")

    server = OutboundServer(bridge, Random(1))
    port = await server.start("127.0.0.1", 0)
    async with HandingFreeswitch(port) as pbx:
        pbx.applications["bridge"] = lambda _: encode_reply("+OK")
        await asyncio.sleep(1)
        await server.stop()
        await pbx.is_over.wait()
        assert "hangup" not in [command.header("call-command") for command in pbx.heard]


@in_virtual_time
async def test_more_calls_than_we_take_are_left_to_their_dial_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "MAX_CALLS", 1)

    async def wait(call: OutboundCall) -> None:
        await asyncio.sleep(60)

    async with serving(wait) as (server, port), HandingFreeswitch(port):
        await asyncio.sleep(1)
        async with HandingFreeswitch(port) as late:
            await late.is_over.wait()
            assert late.heard == []
        assert server.calls == 1


@in_virtual_time
async def test_a_real_call_in_sync_mode_is_handled_too() -> None:
    said: list[str] = []

    async def look(call: OutboundCall) -> None:
        said.append(call.fact("Caller-Destination-Number"))
        said.append(call.leg)

    async with serving(look) as (_, port), RecordedFreeswitch(port, FREESWITCH / "outbound_sync") as pbx:
        await pbx.is_over.wait()
    assert said[1] == "832e53eb-a3b1-4209-8f08-2168040b8d9b"
    assert said[0].isdigit()


async def test_a_socket_that_nobody_listens_at_is_refused() -> None:
    server = OutboundServer(pick_up, Random(1))
    port = await server.start("127.0.0.1", 0)
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
