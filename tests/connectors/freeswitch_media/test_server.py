import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import pairwise
from typing import Final

import pytest
from structlog.testing import capture_logs
from support.outbound_freeswitch import LEG, NO_SOUND, OutboundCall
from support.virtual_time import in_virtual_time
from support.voices import HandedOver, NotedCommands
from support.waiting import until

from connectors.freeswitch_media.line import ANSWER_S
from connectors.freeswitch_media.server import FIRST_SOUND_S, PARKED_S, FreeswitchMedia, create
from connectors.freeswitch_media.settings import FreeswitchMediaSettings
from connectors.freeswitch_media.sound import LOST_S
from gateway.model.ids import LegId, PbxName
from gateway.ports.media import FRAME_BYTES, SILENCE, MediaSession, SessionEndedBy

PBX: Final = PbxName("fs1")
FRAME: Final = b"\1\2" * (FRAME_BYTES // 2)


class World:
    """A server, and a FreeSWITCH that calls it."""

    def __init__(self, settings: FreeswitchMediaSettings, stack: AsyncExitStack) -> None:
        self.application = HandedOver()
        self.commands = NotedCommands(LEG)
        self.media = FreeswitchMedia(PBX, settings, self.application, self.commands)
        self.logs = stack.enter_context(capture_logs())
        self._stack = stack

    async def call(self, leg: str = LEG, **facts: str) -> OutboundCall:
        assert self.media.address is not None
        return await self._stack.enter_async_context(OutboundCall(self.media.address, leg, **facts))

    async def talking(self) -> tuple[OutboundCall, MediaSession]:
        call = await self.call()
        return call, await self.application.session()


@asynccontextmanager
async def world(**changed: object) -> AsyncIterator[World]:
    settings = FreeswitchMediaSettings(port=0, **changed)  # type: ignore[arg-type]  # a test's own
    async with AsyncExitStack() as stack:
        made = World(settings, stack)
        running = asyncio.create_task(made.media.run())
        await until(lambda: made.media.address is not None)
        try:
            yield made
        finally:
            running.cancel()
            await asyncio.wait([running])
            await asyncio.sleep(0)


async def ended(session: MediaSession, by: SessionEndedBy) -> str:
    await until(lambda: session.ended is not None)
    assert session.ended is not None
    assert session.ended.by is by, session.ended
    return session.ended.detail


@in_virtual_time
async def test_a_call_is_a_session_with_its_leg_its_sound_and_its_keys() -> None:
    async with world() as w:
        call, session = await w.talking()
        assert (session.info.leg, session.info.id, session.info.way, session.info.pbx) == (LEG, LEG, "unicast", PBX)
        assert session.info.variables == {"vip_note": "外"}
        call.says.append(FRAME)
        while (frame := await session.frame()) == NO_SOUND:
            pass
        assert frame == FRAME
        call.press("#")
        assert await session.digit() == "#"
        await session.say(FRAME)
        await session.said()
        await until(lambda: FRAME in [frame for _, frame in call.hears])
        call.hang_up()
        await ended(session, SessionEndedBy.CALLER)
        while await session.frame() is not None:
            pass


@in_virtual_time
async def test_freeswitch_is_told_where_and_nothing_else() -> None:
    async with world() as w:
        call, _ = await w.talking()
        assert [command.name for command in call.heard] == ["connect", "myevents", "sendmsg"]
        told = dict(call.heard[-1].headers)
        assert told.pop("remote-port").isdigit()
        assert told == {
            "call-command": "unicast",
            "local-ip": "127.0.0.1",
            "local-port": "0",
            "remote-ip": "127.0.0.1",
            "transport": "udp",
        }


@in_virtual_time
async def test_where_nothing_is_said_the_caller_hears_silence_at_its_pace() -> None:
    async with world() as w:
        call, _ = await w.talking()
        await until(lambda: len(call.hears) > 20)
        assert {frame for _, frame in call.hears} == {SILENCE}
        times = [at for at, _ in call.hears]
        assert [round(after - before, 3) for before, after in pairwise(times)] == [0.02] * (len(times) - 1)


@in_virtual_time
async def test_a_key_pressed_before_the_session_is_there_is_not_lost() -> None:
    async with world() as w:
        w.commands.legs.clear()
        call = await w.call()
        await until(lambda: len(call.heard) >= 2)
        call.press("7")
        assert await (await w.application.session()).digit() == "7"


@in_virtual_time
async def test_keys_that_no_telephone_has_and_events_of_other_legs_are_passed_over() -> None:
    async with world() as w:
        call, session = await w.talking()
        call.press("x")
        call.press("")
        call.leg, own = "another", call.leg
        call.press("1")
        call.tell("CHANNEL_HANGUP")
        call.leg = own
        call.press("2")
        assert await session.digit() == "2"
        assert session.ended is None


@in_virtual_time
async def test_when_the_application_is_done_the_dial_plan_goes_on() -> None:
    async with world() as w:
        call, session = await w.talking()
        w.application.done.set()
        await call.went_on.wait()
        await ended(session, SessionEndedBy.APPLICATION)
        assert call.ended_by is None


@in_virtual_time
async def test_when_the_gateway_stops_the_dial_plan_goes_on() -> None:
    async with AsyncExitStack() as stack:
        async with world() as w:
            assert w.media.address is not None
            call = await stack.enter_async_context(OutboundCall(w.media.address))
            session = await w.application.session()
        await call.went_on.wait()
        await ended(session, SessionEndedBy.APPLICATION)


@in_virtual_time
async def test_a_leg_that_somebody_sends_elsewhere_is_gone_and_its_connection_is_closed() -> None:
    async with world() as w:
        call, session = await w.talking()
        call.go_elsewhere()
        await ended(session, SessionEndedBy.CALLER)
        await until(lambda: call._writer.is_closing())


@in_virtual_time
async def test_hanging_up_works_where_no_connector_knows_the_leg() -> None:
    async with world() as w:
        w.commands.legs.clear()
        call, session = await w.talking()
        assert session.info.leg is None
        await session.hang_up()
        assert call.ended_by == "pbx"
        await ended(session, SessionEndedBy.APPLICATION)


@in_virtual_time
async def test_a_freeswitch_that_dies_ends_the_session() -> None:
    async with world() as w:
        call, session = await w.talking()
        await call.die()
        assert "the connection broke" in await ended(session, SessionEndedBy.FAULT)


@in_virtual_time
async def test_a_freeswitch_that_sends_no_more_sound_ends_the_session() -> None:
    async with world() as w:
        call, session = await w.talking()
        sound, call.sound = call.sound, None
        assert sound is not None
        began = asyncio.get_running_loop().time()
        assert f"no sound for {LOST_S:g} s" in await ended(session, SessionEndedBy.FAULT)
        assert asyncio.get_running_loop().time() - began == pytest.approx(LOST_S, abs=1.1)
        await call.went_on.wait()
        sound.close()


@in_virtual_time
async def test_a_freeswitch_that_sends_no_sound_at_all_gets_its_caller_back() -> None:
    async with world() as w:
        call = await w.call()
        call.deaf = True
        began = asyncio.get_running_loop().time()
        await call.went_on.wait()
        assert asyncio.get_running_loop().time() - began == pytest.approx(FIRST_SOUND_S, abs=0.1)
        assert w.application.sessions.empty()
        assert "no NAT" in str(w.logs[-1])


@in_virtual_time
async def test_a_caller_who_hangs_up_before_his_sound_comes_is_no_fault() -> None:
    async with world() as w:
        call = await w.call()
        call.deaf = True
        await until(lambda: len(call.heard) == 3)
        call.hang_up()
        await asyncio.sleep(FIRST_SOUND_S)
        assert [entry["event"] for entry in w.logs] == ["media_listening"]


@in_virtual_time
async def test_a_freeswitch_that_dies_before_the_sound_comes_is_told_of_once() -> None:
    async with world() as w:
        call = await w.call()
        call.deaf = True
        await until(lambda: len(call.heard) == 3)
        await call.die()
        await asyncio.sleep(FIRST_SOUND_S)
        assert [entry["event"] for entry in w.logs] == ["media_listening", "media_fault"]


@pytest.mark.parametrize("rate", ["16000", ""])
@in_virtual_time
async def test_a_codec_of_another_rate_is_told_and_the_dial_plan_goes_on(rate: str) -> None:
    async with world() as w:
        call = await w.call(**{"Channel-Read-Codec-Rate": rate})
        await call.went_on.wait()
        assert "PCMA or PCMU" in str(w.logs[-1])
        assert w.application.sessions.empty()


@in_virtual_time
async def test_one_call_too_many_goes_on_with_the_dial_plan_when_it_is_parked() -> None:
    async with world(max_calls=1) as w:
        await w.talking()
        began = asyncio.get_running_loop().time()
        second = await w.call("second")
        await second.went_on.wait()
        assert [command.name for command in second.heard] == ["connect"]
        assert asyncio.get_running_loop().time() - began == pytest.approx(PARKED_S, abs=0.05)


@in_virtual_time
async def test_who_may_not_come_is_not_listened_to() -> None:
    async with world(allow=("192.0.2.0/24",)) as w:
        call = await w.call()
        await call.went_on.wait()
        assert call.heard == []


@pytest.mark.parametrize(
    "said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"Content-Type: command/reply\nReply-Text: -ERR no\n\n"]
)
@in_virtual_time
async def test_what_is_no_freeswitch_is_closed(said: bytes) -> None:
    async with world() as w:
        assert w.media.address is not None
        began = asyncio.get_running_loop().time()
        reader, writer = await asyncio.open_connection(*w.media.address)
        writer.write(said)
        assert await reader.read() == b"connect\n\n"
        assert asyncio.get_running_loop().time() - began <= ANSWER_S + 0.1
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        assert w.application.sessions.empty()


async def test_an_address_that_is_taken_is_told_and_tried_again() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        again = asyncio.Event()

        async def sleep(seconds: float) -> None:
            again.set()
            await asyncio.sleep(0.01)

        settings = FreeswitchMediaSettings(port=taken.getsockname()[1])
        media = FreeswitchMedia(PBX, settings, HandedOver(), NotedCommands(), sleep=sleep)
        with capture_logs() as logs:
            running = asyncio.create_task(media.run())
            await again.wait()
            taken.close()
            await until(lambda: media.address is not None)
            running.cancel()
            await asyncio.wait([running])
    assert (logs[0]["event"], logs[0]["log_level"]) == ("media_not_listening", "error")


def test_the_manifest_makes_it() -> None:
    assert isinstance(create(PBX, FreeswitchMediaSettings(), HandedOver(), NotedCommands(LegId(LEG))), FreeswitchMedia)
