from typing import Any

import pytest

from connectors.sip import wire
from connectors.sip.events import SipMapper
from connectors.sip.legs import Reference, SipLeg
from gateway.model.board import Board
from gateway.model.events import DigitPressed, LegCreated, LegSeen, PbxEvent
from gateway.model.ids import LegId, PbxName
from gateway.model.record import record_of
from gateway.model.site import Site
from gateway.model.terms import LegRole

SITE = Site(extensions=r"^\d{4}$", region="CN")
BEGAN = 1_795_400_000.0


def number(value: int) -> wire.CallNumber:
    return wire.CallNumber(value)


def info(call: int, **given: Any) -> wire.CallInfo:
    return wire.CallInfo(
        **{
            "call": number(call),
            "reference": "",
            "sip_call_id": f"call-{call}",
            "account": "trunk",
            "incoming": True,
            "state": wire.CallState.OFFERED,
            "local": "8000",
            "remote": "02162550000",
            "remote_name": "王芳",
            "source": "192.0.2.1:5060",
            "headers": (),
            "began_at": BEGAN,
            **given,
        }
    )


def changed(call: int, state: wire.CallState, at: float, *, code: int = 200, cause: int = 0, by_peer: bool = True) -> wire.Report:
    return wire.CallChanged(call=number(call), state=state, code=code, reason="", cause=cause, by_peer=by_peer, at=BEGAN + at)


class World:
    """A mapper, and what the gateway makes of it."""

    def __init__(self) -> None:
        self.mapper = SipMapper(SITE)
        self.board = Board(PbxName("hq"), SITE)
        self.records: dict[str, dict[str, Any]] = {}

    def tell(self, events: list[PbxEvent]) -> list[PbxEvent]:
        for event in events:
            for call in self.board.apply(event).calls:
                self.records[call.call_id] = record_of(call, SITE)
        return events

    def report(self, report: wire.Report, worker: int = 1) -> list[PbxEvent]:
        return self.tell(self.mapper.report(worker, report, BEGAN))

    def leg(self, call: int) -> SipLeg:
        leg = self.mapper.leg((1, number(call)))
        assert leg is not None
        return leg

    def arrive(self, call: int, **given: Any) -> None:
        self.tell(self.mapper.arrived(1, info(call, **given)))

    def dial(self) -> None:
        """Click-to-dial of 1001 to an outside number, answered and joined."""
        agent = Reference(leg=LegId("a"), root=LegId("a"), number="1001", then="013800138000")
        self.tell(self.mapper.placed(1, number(1), "trunk", agent, BEGAN))
        self.report(changed(1, wire.CallState.ALERTING, 1))
        self.report(changed(1, wire.CallState.CONNECTED, 2))
        target = Reference(leg=LegId("b"), root=LegId("a"), number="013800138000")
        self.tell(self.mapper.placed(1, number(2), "trunk", target, BEGAN + 2))
        self.report(changed(2, wire.CallState.ALERTING, 3))
        self.tell(self.mapper.joined(self.leg(1), self.leg(2), BEGAN + 3))

    @property
    def record(self) -> dict[str, Any]:
        (record,) = self.records.values()
        return record


@pytest.fixture
def world() -> World:
    return World()


def test_a_call_from_outside_names_its_trunk(world: World) -> None:
    world.arrive(1)
    leg = world.record["legs"][0]
    assert (leg["device"], leg["name"]) == ("SIP/trunk", "SIP/trunk-1.1")
    assert (world.record["direction"], world.record["caller"], world.record["called"]) == ("inbound", "02162550000", "8000")
    assert world.record["caller_name"] == "王芳"


def test_a_call_from_a_telephone_of_the_site_names_it(world: World) -> None:
    world.arrive(1, remote="1001", remote_name="")
    assert world.record["legs"][0]["device"] == "SIP/1001"
    assert (world.record["direction"], world.record["caller"]) == ("internal", "1001")


def test_a_call_id_that_is_here_already_is_no_second_call(world: World) -> None:
    world.arrive(1)
    assert world.mapper.arrived(2, info(9, sip_call_id="call-1")) == []
    assert len(world.records) == 1


def test_a_click_to_dial_counts_its_talk_from_the_answer_of_who_is_called(world: World) -> None:
    world.dial()
    assert world.record["state"] == "active"
    assert world.record["answered_at"] is None
    world.report(changed(2, wire.CallState.CONNECTED, 5))
    world.report(changed(2, wire.CallState.ENDED, 9, cause=16))
    world.report(changed(1, wire.CallState.ENDED, 9.1, by_peer=False))
    record = world.record
    assert (record["outcome"], record["ended_by"], record["talk_s"]) == ("answered", "called", 4.0)
    assert (record["direction"], record["caller"], record["called"]) == ("outbound", "1001", "013800138000")
    assert record["answered_by"] == ["013800138000"]


@pytest.mark.parametrize(
    ("code", "cause", "outcome"),
    [
        (486, 0, "busy"),
        (603, 0, "rejected"),
        (404, 0, "unreachable"),
        (503, 0, "failed"),
        (480, 20, "unreachable"),
        (480, 0, "no_answer"),
        (408, 0, "unreachable"),
    ],
)
def test_who_was_not_reached_says_why(world: World, code: int, cause: int, outcome: str) -> None:
    world.dial()
    world.report(changed(2, wire.CallState.ENDED, 9, code=code, cause=cause))
    world.report(changed(1, wire.CallState.ENDED, 9.1, by_peer=False))
    assert (world.record["outcome"], world.record["stage"]) == (outcome, "ringing")
    assert world.record["legs"][1]["cause"] == (cause or {486: 17, 603: 21, 404: 1, 503: 41, 408: 102, 480: 19}[code])


def test_an_agent_who_gives_up_abandons_his_call(world: World) -> None:
    world.dial()
    world.report(changed(1, wire.CallState.ENDED, 6, cause=16))
    world.report(changed(2, wire.CallState.ENDED, 6.1, code=487, by_peer=False))
    assert (world.record["outcome"], world.record["ended_by"]) == ("abandoned", "caller")


def test_a_hold_is_the_other_ones(world: World) -> None:
    world.dial()
    world.report(changed(2, wire.CallState.CONNECTED, 5))
    world.report(wire.HoldChanged(call=number(2), by_peer=True, held=True, at=BEGAN + 6))
    world.report(wire.HoldChanged(call=number(2), by_peer=True, held=False, at=BEGAN + 8))
    # We hold the agent: for him it is the one whom he talks to.
    world.report(wire.HoldChanged(call=number(1), by_peer=False, held=True, at=BEGAN + 9))
    world.report(wire.HoldChanged(call=number(1), by_peer=False, held=False, at=BEGAN + 10))
    world.report(changed(1, wire.CallState.ENDED, 12))
    world.report(changed(2, wire.CallState.ENDED, 12.1))
    assert world.record["hold_s"] == 3.0


def test_keys_are_told_while_an_application_has_the_caller(world: World) -> None:
    world.arrive(1)
    world.report(changed(1, wire.CallState.CONNECTED, 1))
    heard = wire.DigitHeard(call=number(1), digit="5", by=wire.DigitsBy.RTP, at=BEGAN + 2)
    assert world.report(heard) == []
    world.tell(world.mapper.served(world.leg(1), "Menu", BEGAN + 2))
    assert world.report(heard) == [DigitPressed(at=BEGAN + 2, leg=LegId("call-1"), digit="5", menu="Menu")]
    world.report(changed(1, wire.CallState.ENDED, 3))
    assert (world.record["digits"], world.record["outcome"], world.record["ended_by"]) == ("5", "self_served", "caller")


def test_a_transfer_counts_once_the_pbx_did_it(world: World) -> None:
    world.dial()
    world.report(changed(2, wire.CallState.CONNECTED, 5))
    world.leg(2).transfer_to = "1002"
    progress = wire.TransferProgress(call=number(2), code=180, reason="", final=False, at=BEGAN + 6)
    assert world.report(progress) == []
    refused = wire.TransferProgress(call=number(2), code=603, reason="", final=True, at=BEGAN + 6)
    assert world.report(refused) == []
    world.leg(2).transfer_to = "1002"
    world.report(wire.TransferProgress(call=number(2), code=200, reason="OK", final=True, at=BEGAN + 7))
    assert [(each["kind"], each["by"], each["to"]) for each in world.record["transfers"]] == [("blind", "1001", "1002")]


def test_the_calls_of_a_worker_that_died_have_failed(world: World) -> None:
    world.arrive(1)
    other = World()
    other.arrive(1)
    events = world.tell(world.mapper.lost(1, BEGAN + 3))
    assert [type(event).__name__ for event in events] == ["LegCutOff", "LegCleared"]
    assert (world.record["outcome"], world.record["ended_by"], world.record["legs"][0]["cause"]) == ("failed", "pbx", 41)
    assert other.mapper.lost(2, BEGAN + 3) == []


def test_a_later_gateway_sees_the_same_legs_and_bridge(world: World) -> None:
    world.dial()
    world.report(changed(2, wire.CallState.CONNECTED, 5))
    later = SipMapper(SITE)
    agent = Reference(leg=LegId("a"), root=LegId("a"), number="1001", then="013800138000").written()
    target = Reference(leg=LegId("b"), root=LegId("a"), number="013800138000").written()
    connected = {"incoming": False, "state": wire.CallState.CONNECTED}
    calls = [
        info(1, reference=agent, joined=number(2), connected_at=BEGAN + 2, **connected),
        info(2, reference=target, joined=number(1), connected_at=BEGAN + 5, **connected),
        info(3, reference="of another's making", **connected),
        info(4, state=wire.CallState.ALERTING),
    ]
    seen = later.listed(1, calls, BEGAN + 20)
    assert [(event.leg, event.root, event.role, event.connected) for event in seen if isinstance(event, LegSeen)] == [
        ("a", "a", LegRole.TERMINATING, True),
        ("b", "a", LegRole.TERMINATING, True),
        ("call-4", "call-4", LegRole.ORIGINATING, False),
    ]
    bridges = {event.bridge for event in seen if isinstance(event, LegSeen)}
    assert bridges == {world.leg(1).bridged, None}


def test_what_is_said_of_no_call_is_nothing(world: World) -> None:
    assert world.report(changed(1, wire.CallState.CONNECTED, 1)) == []
    assert world.report(wire.Drained()) == []
    world.arrive(1)
    world.report(changed(1, wire.CallState.ENDED, 1, code=487))
    assert world.report(changed(1, wire.CallState.ENDED, 1, code=487)) == []


def test_a_leg_is_created_before_anything_is_told_of_it(world: World) -> None:
    agent = Reference(leg=LegId("a"), root=LegId("a"), number="1001")
    events = world.mapper.placed(1, number(1), "trunk", agent, BEGAN)
    assert isinstance(events[0], LegCreated)
