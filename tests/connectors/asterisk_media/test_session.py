import asyncio
from typing import Final

import msgspec
import pytest
from support.virtual_time import in_virtual_time
from support.voices import NotedCommands

from connectors.asterisk_media.session import PBX_ENDS_S, AsteriskSession
from gateway.model.calls import Call, begun
from gateway.model.errors import CommandRefusedError, PeerUnavailableError
from gateway.model.ids import LegId, PbxName, Tenant
from gateway.ports.media import FRAME_BYTES, DrivableSession, SessionEndedBy, SessionId, SessionInfo

LEG: Final = LegId("cc1-1.1")


class Wire:
    """A line that notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def send_sound(self, frame: bytes) -> None:
        self.asked.append("sound")

    def flush(self) -> None:
        self.asked.append("flush")

    def leave(self) -> None:
        self.asked.append("leave")


def session(commands: NotedCommands, leg: LegId | None = LEG) -> tuple[AsteriskSession, Wire]:
    wire = Wire()
    info = SessionInfo(id=SessionId("s"), pbx=PbxName("cc1"), leg=leg, way="audiosocket")
    return AsteriskSession(info, wire, commands, ahead=0, unbroken=False), wire


def how(one: AsteriskSession) -> SessionEndedBy | None:
    return None if one.ended is None else one.ended.by


@in_virtual_time
async def test_hanging_up_is_a_command_where_the_leg_is_known() -> None:
    commands = NotedCommands(LEG)
    one, wire = session(commands)
    commands.then = lambda: one.end(SessionEndedBy.CALLER)
    await one.hang_up()
    assert commands.given == [("hang_up", LEG, "", {})]
    assert one.ended is not None
    assert one.ended.by is SessionEndedBy.APPLICATION
    assert wire.asked == []
    await one.hang_up()
    assert len(commands.given) == 1


@pytest.mark.parametrize("leg", [LEG, None])
@in_virtual_time
async def test_what_cannot_be_commanded_is_left_to_the_dial_plan(leg: LegId | None) -> None:
    commands = NotedCommands(LEG)
    commands.fault = PeerUnavailableError("cc1 is away")
    one, wire = session(commands, leg)
    await one.hang_up()
    assert wire.asked == ["leave"]
    assert one.ended is not None
    assert one.ended.by is SessionEndedBy.APPLICATION


@in_virtual_time
async def test_a_transfer_ends_the_session_with_its_context_told() -> None:
    commands = NotedCommands(LEG)
    one, wire = session(commands)
    commands.then = lambda: one.end(SessionEndedBy.CALLER)
    await one.transfer("8002", {"intent": "invoice"})
    assert commands.given == [("transfer", LEG, "8002", {"intent": "invoice"})]
    assert one.ended is not None
    assert one.ended.by is SessionEndedBy.TRANSFER
    with pytest.raises(CommandRefusedError, match="the caller has left"):
        await one.transfer("8003", {})
    assert wire.asked == []


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


@in_virtual_time
async def test_nobody_is_transferred_whose_leg_is_not_known() -> None:
    one, _ = session(NotedCommands(), None)
    with pytest.raises(CommandRefusedError, match="tieline pbx snippet asterisk_media"):
        await one.transfer("8002", {})


@in_virtual_time
async def test_a_line_that_the_pbx_does_not_close_is_closed_after_a_while() -> None:
    one, wire = session(NotedCommands(LEG))
    await one.transfer("8002", {})
    assert wire.asked == ["leave"]
    assert asyncio.get_running_loop().time() == pytest.approx(2 * PBX_ENDS_S)
    assert one.ended is not None
    assert one.ended.by is SessionEndedBy.TRANSFER


@in_virtual_time
async def test_clearing_empties_what_the_pbx_holds_as_well() -> None:
    one, wire = session(NotedCommands(LEG))
    pace = asyncio.create_task(one.mouth.run())
    await one.say(bytes(FRAME_BYTES) * 20)
    await asyncio.sleep(0.1)
    await one.clear()
    spoken = wire.asked.count("sound")
    await asyncio.sleep(1.0)
    assert wire.asked.count("sound") == spoken
    assert wire.asked[-1] == "flush"
    one.end(SessionEndedBy.CALLER)
    await one.clear()
    assert wire.asked.count("flush") == 1
    await one.until_ended()
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


def a_call(digits: str = "") -> Call:
    return msgspec.structs.replace(begun(PbxName("cc1"), Tenant("default"), LEG, 1.0), digits=digits)


@in_virtual_time
async def test_a_caller_in_a_menu_is_followed_and_pressed_for_when_his_voice_is_gone() -> None:
    commands = NotedCommands(LEG)
    commands.calls = [a_call(), a_call("1")]
    one, _ = session(commands)
    commands.then = lambda: one.end(SessionEndedBy.CALLER)
    drivable: DrivableSession = one
    driven = await drivable.drive("5110", {})
    assert driven is not None
    assert how(one) is SessionEndedBy.TRANSFER
    assert [call.digits async for call in driven.calls()] == ["", "1"]
    await driven.press("1")
    await driven.transfer("5000", {"summary": "Wants help."})
    assert commands.given == [
        ("transfer", LEG, "5110", {}),
        ("press", LEG, "1", {}),
        ("transfer", LEG, "5000", {"summary": "Wants help."}),
    ]


@pytest.mark.parametrize("leg", [LEG, None])
@in_virtual_time
async def test_a_caller_whose_call_is_not_known_is_not_sent_into_a_menu(leg: LegId | None) -> None:
    commands = NotedCommands()
    one, _ = session(commands, leg)
    assert await one.drive("5110", {}) is None
    assert (commands.given, one.ended) == ([], None)
