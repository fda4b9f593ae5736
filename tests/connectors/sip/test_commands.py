from collections.abc import Sequence
from pathlib import Path

import pytest

from connectors.sip import wire
from connectors.sip.commands import TAKEN, Commander, context_headers, first_leg
from connectors.sip.consulting import Consultations
from connectors.sip.dialler import CALL_HEADER, Ask, Dialler
from connectors.sip.events import SipMapper
from connectors.sip.legs import Reference
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.commands import (
    BlindTransfer,
    Command,
    CommandId,
    HangUp,
    Hold,
    Order,
    Park,
    PauseRecording,
    PlaceCall,
    Redirect,
    ResumeRecording,
    SendDigits,
    StartRecording,
)
from gateway.model.errors import CommandRefusedError
from gateway.model.events import LegCreated, PbxEvent
from gateway.model.ids import LegId, PbxName
from gateway.model.site import Site
from gateway.model.terms import LegRole

PBX = PbxName("hq")
SITE = Site(extensions=r"^\d{4}$")
ID = CommandId("01KXAMPLE")
NOW = 1_795_400_000.0


class World:
    """A commander, and what it would have a worker do."""

    def __init__(self, folder: Path) -> None:
        self.orders: list[wire.Order] = []
        self.events: list[PbxEvent] = []
        self.mapper = SipMapper(SITE)
        self.board = Board(PBX, SITE)
        self.call: Call | None = None
        ask: Ask = self._ask
        self.dialler = Dialler(self.mapper, ask, self.tell, lambda: NOW)
        consultations = Consultations(PBX, self.mapper, self.dialler, ask, self.tell, lambda: NOW)
        self.commander = Commander(
            PBX,
            self.mapper,
            ask,
            self.dialler,
            consultations,
            lambda urgent: (1, "trunk"),
            self.tell,
            lambda: NOW,
            folder,
            refers=True,
        )

    async def _ask(self, worker: int, order: wire.Order, when_done: object) -> wire.Done:
        assert worker == 1
        self.orders.append(order)
        if isinstance(order, wire.Refer):
            leg = self.mapper.leg((1, order.call))
            assert leg is not None
            self.commander.progressed(leg.leg, None)
        done = wire.Done(request=1, call=wire.CallNumber(len(self.orders)) if isinstance(order, wire.Place) else None)
        if callable(when_done):
            when_done(done)
        return done

    def tell(self, events: Sequence[PbxEvent]) -> None:
        self.events += events
        for event in events:
            for call in self.board.apply(event).calls:
                self.call = call

    async def do(self, command: Command) -> None:
        await self.commander.execute(Order(id=ID, pbx=PBX, command=command, call=self.call))

    def connected(self, call: int) -> None:
        report = wire.CallChanged(
            call=wire.CallNumber(call), state=wire.CallState.CONNECTED, code=200, reason="", cause=0, by_peer=True, at=NOW
        )
        self.tell(self.mapper.report(1, report, NOW))

    async def talking(self) -> None:
        """Bring 1001 and 1002 together."""
        await self.do(PlaceCall(extension="1001", number="1002"))
        self.connected(1)
        root = LegId(f"tieline-{ID}")
        await self.dialler.call(Reference(leg=LegId("b"), root=root, number="1002"), 1, "trunk", 30.0)
        one, other = self.mapper.legs
        self.tell(self.mapper.joined(one, other, NOW))
        self.connected(2)
        self.orders.clear()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "recordings")


async def test_an_agent_sees_whom_he_is_about_to_call_and_the_far_end_the_agent(world: World) -> None:
    await world.do(PlaceCall(extension="1001", number="9013800138000", ring_s=20.0))
    (place,) = world.orders
    assert isinstance(place, wire.Place)
    assert (place.account, place.to, place.caller, place.ring_s) == ("trunk", "1001", "9013800138000", 20.0)
    assert place.headers == ((CALL_HEADER, f"tieline-{ID}"),)
    reference = world.mapper.legs[0].reference
    assert reference is not None
    assert (reference.then, reference.then_shown) == ("9013800138000", "1001")
    order = Order(id=ID, pbx=PBX, command=PlaceCall(extension="1001", number="1"))
    assert first_leg(order) == world.mapper.legs[0].leg == reference.leg
    assert first_leg(Order(id=ID, pbx=PBX, command=HangUp())) is None


async def test_a_holding_telephone_has_the_other_one_held(world: World) -> None:
    await world.talking()
    await world.do(Hold(by="1001"))
    await world.do(SendDigits(by="1001", digits="12#"))
    await world.do(BlindTransfer(by="1001", to="1003"))
    two = wire.CallNumber(2)
    assert world.orders[:2] == [wire.Hold(call=two), wire.SendDigits(call=two, digits="12#")]
    assert world.orders[2] == wire.Refer(call=two, to="1003", headers=((CALL_HEADER, f"tieline-{ID}"),))


async def test_hanging_up_for_nobody_in_particular_ends_all(world: World) -> None:
    await world.talking()
    await world.do(HangUp())
    assert [order.call for order in world.orders if isinstance(order, wire.HangUp)] == [1, 2]


async def test_a_recording_is_of_the_whole_call_and_pauses(world: World, tmp_path: Path) -> None:
    await world.talking()
    with pytest.raises(CommandRefusedError, match="nothing records"):
        await world.do(PauseRecording())
    await world.do(StartRecording())
    record = world.orders[0]
    assert isinstance(record, wire.Record)
    assert Path(record.file).parent == tmp_path / "recordings"
    assert Path(record.file).parent.is_dir()
    await world.do(PauseRecording())
    await world.do(ResumeRecording())
    assert [(order.call, order.paused) for order in world.orders if isinstance(order, wire.PauseRecording)] == [
        (1, True),
        (1, False),
    ]


async def test_a_call_of_others_cannot_be_steered(world: World) -> None:
    created = LegCreated(
        at=NOW,
        leg=LegId("x"),
        name="SIP/1001-x",
        device="SIP/1001",
        role=LegRole.ORIGINATING,
        root=LegId("x"),
        number="1001",
        display=None,
        dialled="1002",
        place=None,
    )
    world.tell([created])
    with pytest.raises(CommandRefusedError, match="Tieline is no party to this call at hq"):
        await world.do(HangUp())
    assert world.orders == []


async def test_what_sip_cannot_do_is_refused_with_who_can(world: World) -> None:
    await world.talking()
    assert "park" not in TAKEN
    with pytest.raises(CommandRefusedError, match="SIP alone, which knows no park"):
        await world.do(Park(by="1001"))


async def test_only_a_caller_whom_we_answered_is_redirected(world: World) -> None:
    await world.talking()
    with pytest.raises(CommandRefusedError, match="only a caller"):
        await world.do(Redirect(to="1005"))


async def test_who_has_no_part_in_a_call_does_nothing_in_it(world: World) -> None:
    await world.do(PlaceCall(extension="1001", number="1002"))
    with pytest.raises(CommandRefusedError, match="1001 talks to nobody"):
        await world.do(Hold(by="1001"))
    with pytest.raises(CommandRefusedError, match="1009 has no part"):
        await world.do(Hold(by="1009"))
    with pytest.raises(CommandRefusedError, match="nobody has answered"):
        await world.commander.refer(world.mapper.legs[0], "1005", {})


@pytest.mark.parametrize("text", ["", "1002@evil.example", "1002;x=1", "10 02", "1\n2", "<1>", "1%402", "x" * 65, "１００２"])
async def test_nothing_but_a_number_is_called(world: World, text: str) -> None:
    with pytest.raises(CommandRefusedError):
        await world.do(PlaceCall(extension="1001", number=text))
    with pytest.raises(CommandRefusedError):
        await world.do(PlaceCall(extension=text, number="1001"))
    assert world.orders == []


def test_what_goes_along_with_a_transfer_is_a_header_each() -> None:
    assert context_headers({"order_id": "42", "name": "王芳"}) == (("X-order-id", "42"), ("X-name", "王芳"))
    for wrong in ({"a-b": "1"}, {"": "1"}, {"a": "1\r\nRoute: <sip:evil>"}, {"a": "x" * 201}, {f"a{n}": "" for n in range(21)}):
        with pytest.raises(CommandRefusedError):
            context_headers(wrong)
