from typing import Any

import pytest
from support.building import Story
from support.dispatching import Desk, Disk, to, wish
from support.replaying import CAPTURES, PBX, pbx_events
from support.virtual_time import clock, in_virtual_time

from connectors.asterisk_ami.replay import site_of
from gateway.model.commands import (
    BlindTransfer,
    CommandId,
    CompleteTransfer,
    Consult,
    ForwardingKind,
    HangUp,
    Hold,
    LogIn,
    PlaceCall,
    Redirect,
    SetForwarding,
    SetPause,
)
from gateway.model.dial_rules import DialRules, RoleRules
from gateway.model.events import PbxEvent
from gateway.model.ids import CallId, PbxName, QueueName
from gateway.model.principals import ALL_SCOPES, Principal, Role
from gateway.model.refusals import CommandNotDoneError, Refusal
from gateway.model.terms import LegRole
from gateway.ports.connector import EventSink, LinkState, LinkStatus
from gateway.session.command_orders import Prepared, Wish

AGENT = Principal(id="token-2", name="Ann", role=Role.AGENT, scopes=ALL_SCOPES, extension="8001")
ID = CommandId("01")


async def prepared(desk: Desk, asked: Wish) -> Prepared:
    return await desk.orders.prepare(asked, ID)


async def refused(desk: Desk, asked: Wish) -> tuple[Refusal, str]:
    with pytest.raises(CommandNotDoneError) as caught:
        await desk.orders.prepare(asked, ID)
    return caught.value.refusal, caught.value.detail


async def hear(desk: Desk, events: list[PbxEvent]) -> None:
    await desk.engine.accept(PBX, events)
    await desk.settled()


def talking() -> Story:
    """A caller talks to 8001."""
    return Story(at=clock()).comes_in().rings("8001").answers("8001")


async def only_call(desk: Desk) -> CallId:
    (call,) = desk.engine.pbxs[PBX].live
    return call.call_id


@in_virtual_time
async def test_a_number_is_sent_as_it_is_dialled_at_the_pbx() -> None:
    desk = Desk(Disk(), rules=DialRules(partner=RoleRules(caller_numbers=("02162550000",))))
    async with desk.running():
        made = await prepared(desk, wish(fields=to("+86 138 0013 8000")))

    assert made.order.command == PlaceCall(extension="8001", number="013800138000", caller_number="02162550000")
    assert (made.order.id, made.order.pbx, made.order.call, made.is_emergency) == (ID, PBX, None, False)


@in_virtual_time
async def test_ones_own_telephone_calls_and_no_other() -> None:
    desk = Desk(Disk())
    async with desk.running():
        made = await prepared(desk, wish(principal=AGENT, fields=to("8002", extension=None)))
        word, detail = await refused(desk, wish(principal=AGENT, fields=to("8001", extension="8002")))

    assert made.order.command == PlaceCall(extension="8001", number="8002")
    assert (word, detail) == (Refusal.NOT_YOUR_DEVICE, "Ann may only act for 8001, not for 8002")


@in_virtual_time
async def test_a_telephone_that_the_site_cannot_have_is_refused() -> None:
    desk = Desk(Disk())
    async with desk.running():
        word, detail = await refused(desk, wish(fields=to("8002", extension="9")))

    assert (word, detail) == (Refusal.NO_SUCH_DEVICE, r"'9' is no extension of pbx1: its `site.extensions` is ^8\d{3}$")


@in_virtual_time
async def test_where_there_are_several_pbxs_one_is_named() -> None:
    desk = Desk(Disk(), others=("other",))
    async with desk.running():
        assert (await prepared(desk, wish(pbx=PBX))).order.pbx == PBX
        assert (await refused(desk, wish()))[1] == "say at which PBX, as `pbx`; there is: pbx1, other"
        assert (await refused(desk, wish(pbx=PbxName("third"))))[1] == "no PBX is called 'third'; there is: pbx1, other"
        word, detail = await refused(desk, wish(pbx=PbxName("other")))

    assert (word, detail) == (Refusal.PBX_UNAVAILABLE, "other: not connected yet")


@in_virtual_time
async def test_without_a_connection_nothing_is_sent_and_the_link_says_why() -> None:
    desk = Desk(Disk())
    async with desk.running():
        desk.engine.report(PBX, LinkState(status=LinkStatus.RETRYING, detail="pbx1: refused. Trying again", since=0.0))
        assert await refused(desk, wish()) == (Refusal.PBX_UNAVAILABLE, "pbx1: refused. Trying again")
        desk.engine.report(PBX, LinkState(status=LinkStatus.CONNECTED, detail="pbx1: connected", since=0.0))
        desk.connector = None
        assert (await refused(desk, wish()))[0] is Refusal.PBX_UNAVAILABLE


@in_virtual_time
async def test_what_a_pbx_does_not_take_is_refused_with_the_line_to_change() -> None:
    disk = Disk()
    desk = Desk(disk)
    async with desk.running():
        disk.pbx.takes = frozenset({"hold"})
        word, detail = await refused(desk, wish())

        disk.pbx.takes = frozenset()
        only_just = await refused(desk, wish())

    assert only_just == (Refusal.PBX_UNAVAILABLE, "pbx1 is not connected, or only just")
    assert word is Refusal.COMMAND_NOT_SUPPORTED
    assert detail == "pbx1 cannot place_call: give it the right `place_call` in its configuration"


@in_virtual_time
async def test_a_connector_that_only_listens_takes_no_commands() -> None:
    class Listening:
        pbx = PBX

        async def run(self, sink: EventSink) -> None:
            raise AssertionError("never run here")

    desk = Desk(Disk())
    async with desk.running():
        desk.connector = Listening()
        word, detail = await refused(desk, wish())

    assert (word, detail) == (Refusal.COMMAND_NOT_SUPPORTED, "pbx1: its connector takes no commands")


@in_virtual_time
async def test_a_key_is_needed_but_for_help() -> None:
    desk = Desk(Disk())
    async with desk.running():
        assert (await refused(desk, wish(needs_key=True)))[0] is Refusal.KEY_MISSING
        usual = await prepared(desk, wish(needs_key=True, key="k"))
        for_help = await prepared(desk, wish(needs_key=True, fields=to("110")))

    assert (usual.is_emergency, usual.order.is_emergency) == (False, False)
    assert (for_help.is_emergency, for_help.order.is_emergency) == (True, True)


@in_virtual_time
async def test_who_talks_in_the_call_is_the_one_who_does_it() -> None:
    desk = Desk(Disk())
    async with desk.running():
        await hear(desk, talking().events)
        call_id = await only_call(desk)
        made = await prepared(desk, wish(Hold, call_id=call_id))
        whole = await prepared(desk, wish(HangUp, call_id=call_id))
        own = await prepared(desk, wish(HangUp, call_id=call_id, principal=AGENT))

    assert made.order.command == Hold(by="8001")
    assert made.order.call is not None
    assert made.order.call.call_id == call_id
    assert whole.order.command == HangUp(by=None)
    assert own.order.command == HangUp(by="8001")


@pytest.mark.parametrize(
    ("kind", "fields", "command"),
    [
        (BlindTransfer, {"to": "+8613800138000"}, BlindTransfer(by="8001", to="013800138000")),
        (Consult, {"to": "8002"}, Consult(by="8001", to="8002")),
        (Redirect, {"to": "4001"}, Redirect(to="4001")),
    ],
)
@in_virtual_time
async def test_whoever_is_brought_in_is_under_the_same_rules(kind: Any, fields: dict[str, str], command: Any) -> None:
    desk = Desk(Disk())
    async with desk.running():
        await hear(desk, talking().events)
        call_id = await only_call(desk)
        assert (await prepared(desk, wish(kind, call_id=call_id, fields=fields))).order.command == command
        word, detail = await refused(desk, wish(kind, call_id=call_id, fields={"to": "00085291234567"}))

    assert (word, "international" in detail) == (Refusal.NUMBER_NOT_ALLOWED, True)


@in_virtual_time
async def test_callers_are_forwarded_within_the_rules_and_not_to_those_who_help() -> None:
    def forwarding(number: str | None) -> Wish:
        return wish(SetForwarding, fields={"extension": "8001", "kind": ForwardingKind.BUSY, "to": number})

    desk = Desk(Disk())
    async with desk.running():
        done = await prepared(desk, forwarding("+8613800138000"))
        assert done.order.command == SetForwarding(extension="8001", kind=ForwardingKind.BUSY, to="013800138000")
        assert (await prepared(desk, forwarding(None))).order.command == SetForwarding(
            extension="8001", kind=ForwardingKind.BUSY, to=None
        )
        assert (await refused(desk, forwarding("00085291234567")))[0] is Refusal.NUMBER_NOT_ALLOWED
        assert "emergency" in (await refused(desk, forwarding("110")))[1]


@in_virtual_time
async def test_agents_are_their_own_masters() -> None:
    desk = Desk(Disk())
    fields: dict[str, Any] = {"extension": "8001", "paused": True, "queue": None, "reason": "lunch"}
    async with desk.running():
        made = await prepared(desk, wish(SetPause, principal=AGENT, fields=fields))
        word, _ = await refused(desk, wish(SetPause, principal=AGENT, fields=fields | {"extension": "8002"}))
        any_of_them = await prepared(
            desk, wish(LogIn, fields={"extension": "8005", "queue": QueueName("4001"), "penalty": 0, "name": None})
        )

    assert made.order.command == SetPause(extension="8001", paused=True, reason="lunch")
    assert word is Refusal.NOT_YOUR_DEVICE
    assert any_of_them.order.command == LogIn(queue=QueueName("4001"), extension="8005")


@in_virtual_time
async def test_the_consultation_goes_with_the_call_that_is_handed_over() -> None:
    desk = Desk(Disk())
    async with desk.running():
        story = talking().later(20.0)
        story.creates("8001b", "PJSIP/8001", LegRole.ORIGINATING, "8001b", number="8001", dialled="8002").rings(
            "8002", by="8001b"
        )
        await hear(desk, story.events)
        main, consultation = desk.engine.pbxs[PBX].live
        for named in (main, consultation):
            order = (await prepared(desk, wish(CompleteTransfer, call_id=named.call_id, by="8001"))).order
            assert order.call is not None
            assert order.consultation is not None
            assert (order.call.call_id, order.consultation.call_id) == (main.call_id, consultation.call_id)


@in_virtual_time
async def test_a_call_that_nobody_knows_is_not_found_and_one_that_ended_says_when() -> None:
    desk = Desk(Disk())
    async with desk.running():
        assert (await refused(desk, wish(Hold, call_id=CallId("none"))))[0] is Refusal.NO_SUCH_CALL
        story = talking()
        await hear(desk, story.hangs_up("caller", "8001").events)
        ((_, call),) = await desk.disk.store.ended(story.board.tenant, pbxs=None, after=None, limit=10)
        word, detail = await refused(desk, wish(Hold, call_id=call.call_id))

    assert word is Refusal.CALL_ENDED
    assert detail.startswith(f"the call {call.call_id} ended at 20")


@in_virtual_time
async def test_a_command_for_a_call_that_was_folded_goes_to_the_one_that_it_is_now() -> None:
    folder = CAPTURES / "asterisk" / "22" / "attended_transfer"
    desk = Desk(Disk(), site=site_of(folder))
    async with desk.running():
        for event in pbx_events(folder):
            await desk.engine.accept(PBX, [event])
            await desk.committer.settled()
            if desk.disk.events("call.merged"):
                break
        (merged,) = desk.disk.events("call.merged")
        made = await prepared(desk, wish(HangUp, call_id=CallId(merged["data"]["from"])))

    assert made.order.call is not None
    assert made.order.call.call_id == merged["data"]["into"]


@in_virtual_time
async def test_the_pbx_of_a_wish_is_told_as_far_as_it_is_known() -> None:
    desk = Desk(Disk(), others=("other",))
    async with desk.running():
        await hear(desk, talking().events)
        call_id = await only_call(desk)
        assert desk.orders.pbx_of(wish(Hold, call_id=call_id)) == PBX
        assert desk.orders.pbx_of(wish(Hold, call_id=CallId("none"))) is None
        assert desk.orders.pbx_of(wish(pbx=PbxName("other"))) == "other"
        assert desk.orders.pbx_of(wish(pbx=PbxName("third"))) is None
        assert desk.orders.pbx_of(wish()) is None
    assert Desk(Disk()).orders.pbx_of(wish()) == PBX


@in_virtual_time
async def test_who_calls_for_help_is_known_before_anything_else_is() -> None:
    desk = Desk(Disk(), others=("other",), rules=DialRules(emergency_numbers=("6000",)))
    async with desk.running():
        assert desk.orders.is_emergency(wish(pbx=PBX, fields=to("110")))
        assert desk.orders.is_emergency(wish(pbx=PBX, fields=to("6000")))
        assert not desk.orders.is_emergency(wish(pbx=PBX, fields=to("8002")))
        assert not desk.orders.is_emergency(wish(fields=to("110")))
        assert not desk.orders.is_emergency(wish(SetPause, pbx=PBX, fields={"number": "110"}))
