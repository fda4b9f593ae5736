import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import pytest
from support.virtual_time import in_virtual_time
from support.voices import NotedCommands

from connectors.freeswitch_media.protocol import HANG_UP, export
from connectors.freeswitch_media.session import PBX_ENDS_S, FreeswitchSession
from gateway.model.errors import CommandRefusedError, PeerUnavailableError
from gateway.model.ids import LegId, PbxName
from gateway.ports.media import FRAME_BYTES, SILENCE, SessionEndedBy, SessionId, SessionInfo

LEG: Final = LegId("a28a08a3")


class Wire:
    """A line that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.sent: list[bytes] = []

    def send(self, command: bytes) -> None:
        self.asked.append(command.decode())

    async def run(self, commands: Sequence[bytes]) -> None:
        self.asked += [command.decode() for command in commands]

    def leave(self) -> None:
        self.asked.append("leave")


def session(commands: NotedCommands, leg: LegId | None = LEG) -> tuple[FreeswitchSession, Wire]:
    wire = Wire()
    info = SessionInfo(id=SessionId("s"), pbx=PbxName("fs1"), leg=leg, way="unicast")
    return FreeswitchSession(info, wire, wire.sent.append, commands), wire


def how(one: FreeswitchSession) -> SessionEndedBy | None:
    return None if one.ended is None else one.ended.by


@in_virtual_time
async def test_hanging_up_is_a_command_where_the_leg_is_known() -> None:
    commands = NotedCommands(LEG)
    one, wire = session(commands)
    commands.then = lambda: one.end(SessionEndedBy.CALLER)
    await one.hang_up()
    assert commands.given == [("hang_up", LEG, "", {})]
    assert how(one) is SessionEndedBy.APPLICATION
    assert wire.asked == []
    await one.hang_up()
    assert len(commands.given) == 1


@pytest.mark.parametrize("leg", [LEG, None])
@in_virtual_time
async def test_what_cannot_be_commanded_is_hung_up_on_the_line(leg: LegId | None) -> None:
    commands = NotedCommands(LEG)
    commands.fault = PeerUnavailableError("fs1 is away")
    one, wire = session(commands, leg)
    await one.hang_up()
    assert wire.asked == [HANG_UP.decode(), "leave"]
    assert how(one) is SessionEndedBy.APPLICATION


@in_virtual_time
async def test_a_transfer_ends_the_session_with_its_context_told() -> None:
    commands = NotedCommands(LEG)
    one, wire = session(commands)
    commands.then = lambda: one.end(SessionEndedBy.CALLER)
    await one.transfer("8002", {"intent": "invoice"})
    assert commands.given == [("transfer", LEG, "8002", {"intent": "invoice"})]
    assert how(one) is SessionEndedBy.TRANSFER
    assert wire.asked == []
    with pytest.raises(CommandRefusedError, match="the caller has left"):
        await one.transfer("8003", {})


@in_virtual_time
async def test_a_refused_transfer_leaves_the_session_as_it_was() -> None:
    commands = NotedCommands(LEG)
    commands.fault = CommandRefusedError("8002 may not be reached")
    one, _ = session(commands)
    with pytest.raises(CommandRefusedError, match="may not be reached"):
        await one.transfer("8002", {})
    assert one.ended is None
    one.end(SessionEndedBy.CALLER)
    assert how(one) is SessionEndedBy.CALLER


class Telling(NotedCommands):
    """A connector that tells its PBX nothing with a call."""

    async def transfer(self, leg: LegId, to: str, context: Mapping[str, str]) -> None:
        await super().transfer(leg, to, context)
        if context:
            raise CommandRefusedError("fs1 is told no context with a call")


@in_virtual_time
async def test_what_the_connector_cannot_tell_is_told_on_the_line() -> None:
    commands = Telling(LEG)
    one, wire = session(commands)
    commands.then = lambda: one.end(SessionEndedBy.CALLER) if len(commands.given) == 2 else None
    await one.transfer("8002", {"Intent": "invoice ${system(id)}\n4711", "transcript": "long"})
    assert [given[3] for given in commands.given] == [{"Intent": "invoice ${system(id)}\n4711", "transcript": "long"}, {}]
    assert wire.asked == [command.decode() for command in export({"intent": "invoice ${system(id)} 4711"})]
    assert how(one) is SessionEndedBy.TRANSFER


@in_virtual_time
async def test_where_there_is_nothing_to_tell_nothing_is_tried_again() -> None:
    commands = NotedCommands(LEG)
    commands.fault = CommandRefusedError("8002 may not be reached")
    one, wire = session(commands)
    with pytest.raises(CommandRefusedError, match="may not be reached"):
        await one.transfer("8002", {"transcript": "for people only"})
    assert wire.asked == []
    with pytest.raises(CommandRefusedError, match="no name for a context"):
        await one.transfer("8002", {"a b": "c"})
    assert wire.asked == []
    assert one.ended is None


@in_virtual_time
async def test_nobody_is_transferred_whose_leg_is_not_known() -> None:
    one, wire = session(NotedCommands(), None)
    with pytest.raises(CommandRefusedError, match="freeswitch_esl"):
        await one.transfer("8002", {})
    assert wire.asked == []


@in_virtual_time
async def test_a_leg_that_freeswitch_does_not_let_go_is_given_back_after_a_while() -> None:
    one, wire = session(NotedCommands(LEG))
    await one.transfer("8002", {})
    assert wire.asked == ["leave"]
    assert asyncio.get_running_loop().time() == pytest.approx(2 * PBX_ENDS_S)
    assert how(one) is SessionEndedBy.TRANSFER


@in_virtual_time
async def test_after_a_clearing_there_is_silence_at_once() -> None:
    one, wire = session(NotedCommands(LEG))
    pace = asyncio.create_task(one.mouth.run())
    await one.say(b"\1\1" * (FRAME_BYTES // 2) * 20)
    await asyncio.sleep(0.1)
    await one.clear()
    spoken = len(wire.sent)
    await asyncio.sleep(1.0)
    assert set(wire.sent[spoken:]) == {SILENCE}
    assert len(wire.sent) - spoken == pytest.approx(50, abs=1)
    one.end(SessionEndedBy.CALLER)
    await one.clear()
    await pace


@in_virtual_time
async def test_the_first_reason_stays() -> None:
    one, _ = session(NotedCommands(LEG))
    one.end(SessionEndedBy.FAULT, "the line broke")
    one.end(SessionEndedBy.CALLER)
    assert one.ended is not None
    assert (one.ended.by, one.ended.detail) == (SessionEndedBy.FAULT, "the line broke")
    assert await one.frame() is None
    assert await one.digit() is None
    await one.say(bytes(FRAME_BYTES))
    await one.said()
