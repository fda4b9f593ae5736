import asyncio
from collections.abc import Mapping

import pytest

from connectors.sip import wire
from connectors.sip.media_session import SipSession
from gateway.model.errors import CommandRefusedError, PeerUnavailableError
from gateway.model.ids import LegId, PbxName
from gateway.ports.media import FRAME_BYTES, SessionEndedBy, SessionId, SessionInfo

CALL = wire.CallNumber(7)
INFO = SessionInfo(id=SessionId("a"), pbx=PbxName("hq"), leg=LegId("a"), way="sip")
SOUND = b"\x01\x02" * (FRAME_BYTES // 2)


class Far:
    """The worker, and the PBX behind it."""

    def __init__(self) -> None:
        self.orders: list[wire.Order] = []
        self.frames: list[wire.Frame] = []
        self.transfers: list[tuple[str, Mapping[str, str]]] = []
        self.refusal: Exception | None = None
        self.session = SipSession(INFO, CALL, self.ask, self.frames.append, self.transfer)

    async def ask(self, order: wire.Order) -> wire.Done:
        self.orders.append(order)
        if self.refusal is not None:
            raise self.refusal
        return wire.Done(request=1)

    async def transfer(self, to: str, context: Mapping[str, str]) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.transfers.append((to, context))


def audio(sequence: int) -> wire.Frame:
    return wire.Frame(wire.FrameKind.AUDIO, CALL, sequence, SOUND)


def has_ended(far: Far) -> bool:
    return far.session.ended is not None


async def test_sound_and_keys_of_the_caller_are_heard_in_order() -> None:
    far = Far()
    far.session.put(audio(1))
    far.session.press("4")
    far.session.press("#")
    assert await far.session.frame() == SOUND
    assert [await far.session.digit(), await far.session.digit()] == ["4", "#"]
    far.session.end()
    assert await far.session.frame() is None
    assert await far.session.digit() is None


async def test_what_is_said_goes_out_in_frames_that_are_counted() -> None:
    far = Far()
    speaking = asyncio.create_task(far.session.run())
    await far.session.say(SOUND + SOUND)
    await far.session.said()
    assert [(frame.kind, frame.call, frame.sequence) for frame in far.frames] == [
        (wire.FrameKind.AUDIO, CALL, 0),
        (wire.FrameKind.AUDIO, CALL, 1),
    ]
    await far.session.clear()
    assert far.frames[-1] == wire.Frame(wire.FrameKind.CLEAR, CALL, 2)
    far.session.end()
    await speaking
    await far.session.clear()
    assert len(far.frames) == 3


async def test_who_ended_it_is_told() -> None:
    for far, expected in ((Far(), SessionEndedBy.CALLER), (Far(), SessionEndedBy.APPLICATION)):
        if expected is SessionEndedBy.APPLICATION:
            await far.session.hang_up()
            assert far.orders == [wire.HangUp(call=CALL)]
        far.session.end()
        assert far.session.ended is not None
        assert far.session.ended.by is expected
        await far.session.hang_up()
        assert len(far.orders) <= 1


async def test_a_call_that_is_gone_is_hung_up_without_a_word() -> None:
    far = Far()
    far.refusal = PeerUnavailableError("worker-1 is not at work")
    await far.session.hang_up()


async def test_a_transfer_ends_it_unless_it_was_refused() -> None:
    far = Far()
    far.refusal = CommandRefusedError("not this number")
    with pytest.raises(CommandRefusedError):
        await far.session.transfer("1001", {})
    assert not has_ended(far)
    far.refusal = None
    await far.session.transfer("1001", {"order_id": "42"})
    assert far.transfers == [("1001", {"order_id": "42"})]
    assert far.session.ended is not None
    assert far.session.ended.by is SessionEndedBy.TRANSFER
    with pytest.raises(CommandRefusedError, match="the caller has left"):
        await far.session.transfer("1002", {})
    assert len(far.transfers) == 1


async def test_the_first_end_stands() -> None:
    far = Far()
    far.session.end(SessionEndedBy.FAULT, "worker-1 hung")
    far.session.end()
    assert far.session.ended is not None
    assert (far.session.ended.by, far.session.ended.detail) == (SessionEndedBy.FAULT, "worker-1 hung")
