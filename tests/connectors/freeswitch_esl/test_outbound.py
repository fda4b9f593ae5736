import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from support.esl_captures import FREESWITCH
from support.handing_freeswitch import LEG, HandingFreeswitch, RecordedFreeswitch, done, gone, leg_event
from support.virtual_time import in_virtual_time

from connectors.freeswitch_esl import outbound as outbound_module
from connectors.freeswitch_esl.outbound import APPLICATIONS, OutboundCall
from connectors.freeswitch_esl.protocol.frames import encode_reply
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerUnavailableError


class Desk:
    """Takes one call over and leaves it to the test."""

    def __init__(self, ids: list[str]) -> None:
        self._ids: Iterator[str] = iter(ids)
        self._numbers = iter(range(10_000))
        self.call: asyncio.Future[OutboundCall] = asyncio.get_running_loop().create_future()
        self.reading: asyncio.Task[None] | None = None

    async def listen(self) -> int:
        self.server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        return int(self.server.sockets[0].getsockname()[1])

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = OutboundCall(reader, writer, lambda: next(self._ids, f"id-{next(self._numbers)}"))
        self.reading = asyncio.get_running_loop().create_task(call.read())
        self.call.set_result(call)

    async def close(self) -> None:
        self.server.close()
        (await self.call).let_go()
        assert self.reading is not None
        self.reading.cancel()
        await asyncio.wait([self.reading])


@asynccontextmanager
async def handed(
    recorded: str | None = None, ids: list[str] | None = None
) -> AsyncIterator[tuple[OutboundCall, HandingFreeswitch]]:
    desk = Desk(ids or [])
    port = await desk.listen()
    pbx = HandingFreeswitch(port) if recorded is None else RecordedFreeswitch(port, FREESWITCH / recorded)
    async with pbx:
        call = await desk.call
        await call.begin()
        yield call, pbx
        await desk.close()


@in_virtual_time
async def test_whose_call_it_is_is_known_before_anything_is_done() -> None:
    async with handed() as (call, pbx):
        assert call.leg == LEG
        assert call.fact("Caller-Caller-ID-Number") == "+8613800138000"
        assert [(command.name, command.argument) for command in pbx.heard] == [("connect", ""), ("linger", "5"), ("myevents", "")]


@in_virtual_time
async def test_queued_applications_run_in_order() -> None:
    async with handed("outbound_event_lock", ["ev-answer", "q1", "q2", "q3"]) as (call, pbx):
        await call.answer()
        order: list[int] = []

        async def play(number: int) -> None:
            assert await call.play("tone_stream://%(400,100,440)")
            order.append(number)

        await asyncio.gather(*(play(number) for number in range(3)))
        assert order == [0, 1, 2]
        locks = [command.header("event-lock") for command in pbx.heard if command.header("call-command") == "execute"]
        assert locks == ["true"] * 4


@in_virtual_time
async def test_a_real_leg_that_ends_is_out_of_our_hands() -> None:
    async with handed("outbound_event_lock", ["ev-answer", "q1", "q2", "q3"]) as (call, _):
        await call.answer()
        await asyncio.gather(*(call.play("tone_stream://%(400,100,440)") for _ in range(3)))
        await asyncio.sleep(1)
        assert call.ended == "it was hung up (NORMAL_CLEARING)"
        with pytest.raises(PeerUnavailableError, match="the leg is gone"):
            await call.play("/a.wav")


@in_virtual_time
async def test_our_closing_leaves_the_bridged_call_up() -> None:
    ids = ["c6b68dcf-d746-42fa-adb4-6a370c76f5e5", "aebac84e-f70d-456e-961d-50c6a386a58a"]
    async with handed("outbound_json_server_closes", ids) as (call, pbx):
        await call.answer()
        bridged = asyncio.create_task(call.bridge("sofia/internal/1001@127.0.0.1:27101"))
        await asyncio.sleep(1)
        assert not bridged.done()
        assert call.ended is None
        bridged.cancel()
        call.let_go()
        await pbx.is_over.wait()
        # Nothing was said but what was asked for: no hang-up, no exit.
        assert [command.name for command in pbx.heard] == ["connect", "linger", "myevents", "sendmsg", "sendmsg"]
        assert [command.header("call-command") for command in pbx.heard[3:]] == ["execute", "execute"]


@in_virtual_time
async def test_a_file_that_is_not_there_is_told() -> None:
    async with handed() as (call, pbx):
        pbx.applications["playback"] = lambda command: encode_reply("+OK") + done(command, Application__Response="FILE NOT FOUND")
        assert not await call.play("/nonexistent/文件.wav")
        pbx.applications["playback"] = lambda command: encode_reply("+OK") + done(command, Application__Response="FILE PLAYED")
        assert await call.play("/文件.wav")
        assert [argument for _, argument in pbx.ran()] == ["/nonexistent/文件.wav", "/文件.wav"]


@in_virtual_time
async def test_digits_come_from_a_variable_of_this_collection_alone() -> None:
    async with handed() as (call, pbx):

        def pressed(command: object) -> bytes:
            argument = pbx.heard[-1].header("execute-app-arg").split()
            return encode_reply("+OK") + done(pbx.heard[-1], **{f"variable_{argument[7]}": "471", "variable_digits": "999"})

        pbx.applications["play_and_get_digits"] = pressed
        assert await call.collect("/menu.wav", minimum=1, maximum=3, wait_s=4, between_s=1.5) == "471"
        del pbx.applications["play_and_get_digits"]
        assert await call.collect("/menu.wav") == ""
        first, second = (argument.split() for _, argument in pbx.ran())
        assert first[:7] == ["1", "3", "1", "4000", "#", "/menu.wav", "silence_stream://100"]
        assert first[8:] == ["\\d+", "1500"]
        assert first[7] != second[7]


@in_virtual_time
async def test_what_else_can_be_done_with_a_call() -> None:
    async with handed() as (call, pbx):
        await call.set("my_var", "值 with: colon")
        await call.record("/rec/a.wav", 30)
        pbx.applications["bridge"] = lambda command: (
            encode_reply("+OK") + done(command, variable_originate_disposition="USER_BUSY")
        )
        assert await call.bridge("user/1001") == "USER_BUSY"
        await call.transfer("5000", "default")
        assert pbx.ran() == [
            ("set", "my_var=值 with: colon"),
            ("record", "/rec/a.wav 30 200 3"),
            ("bridge", "user/1001"),
            ("transfer", "5000 XML default"),
        ]
        await call.hang_up("USER_BUSY")
        assert pbx.heard[-1].headers == (("call-command", "hangup"), ("hangup-cause", "USER_BUSY"))


@in_virtual_time
async def test_a_transferred_leg_leaves_us_and_that_is_no_fault() -> None:
    async with handed() as (call, pbx):
        pbx.applications["transfer"] = lambda _: encode_reply("+OK") + gone("disconnect")
        await call.transfer("5000", "default")
        assert call.ended == "FreeSWITCH let it go"


@in_virtual_time
async def test_a_variable_is_read_as_it_is_now() -> None:
    async with handed() as (call, pbx):
        pbx.replies["getvar"] = lambda _: encode_reply("值 with: colon")
        assert await call.variable("my_var") == "值 with: colon"
        pbx.replies["getvar"] = lambda _: encode_reply("-ERR command not found")
        assert await call.variable("nosuch") == ""


@in_virtual_time
async def test_an_unknown_application_is_refused_before_it_is_sent() -> None:
    async with handed() as (call, pbx):
        with pytest.raises(CommandRefusedError, match="nosuchapp"):
            await call.run_application("nosuchapp", "x", 1.0)
        assert pbx.ran() == []
        assert "system" not in APPLICATIONS


@pytest.mark.parametrize("poison", ["1001\nexecute-app-name: system", "a b", "{a=b}user/1", "x'y"])
@in_virtual_time
async def test_a_value_with_more_in_it_is_refused_unsent(poison: str) -> None:
    async with handed() as (call, pbx):
        for attempt in (
            call.play(poison),
            call.bridge(poison),
            call.transfer(poison, "default"),
            call.transfer("1001", poison),
            call.collect(poison),
            call.set(poison, "x"),
            call.hang_up(poison),
        ):
            with pytest.raises(CommandRefusedError):
                await attempt
        assert len(pbx.heard) == 3


@in_virtual_time
async def test_what_is_refused_there_is_refused_here() -> None:
    async with handed() as (call, pbx):
        pbx.applications["answer"] = lambda _: encode_reply("-ERR invalid session id")
        with pytest.raises(CommandRefusedError, match="does not take answer: invalid session id"):
            await call.answer()


@in_virtual_time
async def test_an_application_that_is_never_done_is_unanswered_in_time() -> None:
    async with handed() as (call, pbx):
        pbx.applications["playback"] = lambda _: encode_reply("+OK")
        with pytest.raises(CommandUnansweredError, match="playback was not done within 5 s"):
            await call.play("/a.wav", 5.0)
        # Its place is its own: what comes late is taken for nobody else's.
        await call.answer()


@in_virtual_time
async def test_who_hangs_up_while_something_runs_ends_it() -> None:
    async with handed() as (call, pbx):
        pbx.applications["playback"] = lambda _: encode_reply("+OK")
        playing = asyncio.create_task(call.play("/a.wav"))
        await asyncio.sleep(1)
        pbx.say(leg_event("CHANNEL_HANGUP", Hangup__Cause="NORMAL_CLEARING") + gone("linger"))
        with pytest.raises(PeerUnavailableError, match="NORMAL_CLEARING"):
            await playing


@in_virtual_time
async def test_a_cut_line_ends_what_runs() -> None:
    async with handed() as (call, pbx):
        pbx.applications["playback"] = lambda _: encode_reply("+OK")
        playing = asyncio.create_task(call.play("/a.wav"))
        await asyncio.sleep(1)
        pbx.writer.close()
        with pytest.raises(PeerUnavailableError, match="closed the connection"):
            await playing


@in_virtual_time
async def test_more_than_a_call_can_have_waiting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound_module, "MAX_WAITING", 1)
    async with handed() as (call, pbx):
        pbx.applications["playback"] = lambda _: encode_reply("+OK")
        playing = asyncio.create_task(call.play("/a.wav"))
        await asyncio.sleep(1)
        with pytest.raises(CommandRefusedError, match="wait for their turn"):
            await call.answer()
        playing.cancel()
        await asyncio.wait([playing])
