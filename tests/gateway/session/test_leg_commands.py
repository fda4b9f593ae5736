from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.dispatching import Desk, Disk
from support.replaying import PBX
from support.virtual_time import clock, in_virtual_time
from support.workplaces import agent, at_workplace

from gateway.model.commands import HangUp, Redirect, SendDigits
from gateway.model.dial_rules import DialRules, RoleRules
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerUnavailableError, StoreUnavailableError
from gateway.model.events import DigitPressed, LegCleared, LegCreated
from gateway.model.ids import LegId
from gateway.model.terms import LegRole
from gateway.session.leg_commands import PbxLegCommands


def commands(desk: Desk) -> PbxLegCommands:
    return PbxLegCommands(PBX, desk.engine, desk.dispatcher, "menu")


async def begins(desk: Desk, name: str, role: LegRole, device: str) -> LegId:
    leg = LegId(name)
    made = LegCreated(
        at=clock(),
        leg=leg,
        name=f"{device}-{name}",
        device=device,
        role=role,
        root=LegId("leg-1"),
        number=None,
        display=None,
        dialled="4001" if role is LegRole.ORIGINATING else None,
        place=None,
    )
    await desk.disk.pbx.says(made)
    await desk.settled()
    return leg


async def caller(desk: Desk) -> LegId:
    """A call's first leg, as the PBX tells it."""
    return await begins(desk, "leg-1", LegRole.ORIGINATING, "PJSIP/carrier")


@in_virtual_time
async def test_a_leg_is_found_when_the_pbx_has_told_of_it() -> None:
    async with Desk(Disk()).running() as desk:
        legs = commands(desk)
        assert await legs.find(lambda leg: leg == "leg-1", 0.2) is None
        leg = await caller(desk)
        assert await legs.find(lambda each: each == leg, 0.0) == leg


@in_virtual_time
async def test_a_pbx_that_is_not_connected_is_not_waited_for() -> None:
    async with Desk(Disk()).running(connected=False) as desk:
        began = clock()
        assert await commands(desk).find(lambda _: True, 30.0) is None
        assert clock() == began


@in_virtual_time
async def test_what_applications_have_done_is_a_command_like_any() -> None:
    async with Desk(Disk()).running() as desk:
        leg = await caller(desk)
        await commands(desk).transfer(leg, "8002", {"intent": "invoice"})
        order = desk.disk.pbx.received[-1]
        assert order.command == Redirect(to="8002", context={"intent": "invoice"})
        (record,) = desk.disk.log.records.values()
        assert (record.principal, record.principal_name) == ("application:menu", "menu")
        await commands(desk).hang_up(leg)
        assert desk.disk.pbx.received[-1].command == HangUp()


@in_virtual_time
async def test_applications_reach_no_more_numbers_than_partners_may() -> None:
    async with Desk(Disk(), rules=DialRules(partner=RoleRules(allow=("8001",)))).running() as desk:
        leg = await caller(desk)
        with pytest.raises(CommandRefusedError):
            await commands(desk).transfer(leg, "0190012345", {})
        assert desk.disk.pbx.received == []


@in_virtual_time
async def test_a_leg_that_has_left_is_told() -> None:
    async with Desk(Disk()).running() as desk:
        with pytest.raises(CommandRefusedError, match="leg-9 has left"):
            await commands(desk).hang_up(LegId("leg-9"))


@in_virtual_time
async def test_only_who_began_the_call_is_sent_elsewhere() -> None:
    async with Desk(Disk()).running() as desk:
        await caller(desk)
        agent = await begins(desk, "leg-2", LegRole.TERMINATING, "PJSIP/8001")
        with pytest.raises(CommandRefusedError, match="did not begin its call"):
            await commands(desk).transfer(agent, "8002", {})


@in_virtual_time
async def test_why_nothing_came_of_it_is_told() -> None:
    async with Desk(Disk()).running() as desk:
        leg = await caller(desk)
        for fault in (CommandRefusedError("no"), PeerUnavailableError("away"), CommandUnansweredError("no answer")):
            desk.disk.pbx.fault = fault
            with pytest.raises(type(fault), match=str(fault)):
                await commands(desk).hang_up(leg)
        desk.disk.pbx.fault = None
        desk.disk.pbx.takes = frozenset()
        with pytest.raises(PeerUnavailableError):
            await commands(desk).hang_up(leg)


async def test_what_is_told_of_a_caller_stands_on_the_card_before_it_rings(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        await world.customer("Wang")
        world.story.comes_in("leg-1", number="01062551234")
        await world.happens()
        (call,) = world.state.live
        legs = PbxLegCommands(PBX, world.engine, world.desk.dispatcher, "itr", notes=world.workplace.notes)
        context = {"summary": "Asks where the parcel is.", "path": "Parcels > Late", "order": "SF1"}
        await legs.transfer(LegId(call.caller_leg or ""), "8001", context)
        world.story.rings("8001", "leg-1")
        await world.happens()
        (noted,) = world.told("call.noted")
        card = await world.asks(agent("8001"), "GET", f"calls/{call.call_id}/card")

    assert (noted["data"]["by"], card["role_of_mine"], card["customer"]["name"]) == ("itr", "ringing", "Wang")
    assert [(each["author"], each["text"], each["draft"]) for each in card["notes"]] == [
        ("itr", "Asks where the parcel is.\nParcels > Late\norder: SF1", False)
    ]


async def test_a_caller_is_sent_on_though_nothing_can_be_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_workplace(tmp_path) as world:
        world.story.comes_in("leg-1", number="01062551234")
        await world.happens()
        (call,) = world.state.live
        legs = PbxLegCommands(PBX, world.engine, world.desk.dispatcher, "itr", notes=world.workplace.notes)

        async def away(*_: object) -> None:
            raise StoreUnavailableError("the disk is full")

        monkeypatch.setattr(world.workplace.notes.store, "put_work", away)
        with capture_logs() as logs:
            await legs.transfer(LegId(call.caller_leg or ""), "8001", {"summary": "Asks where the parcel is."})
        assert [each["reason"] for each in logs if each["event"] == "handover_not_noted"] == ["the disk is full"]
        assert isinstance(world.disk.pbx.received[-1].command, Redirect)


@in_virtual_time
async def test_keys_are_pressed_in_the_callers_place() -> None:
    async with Desk(Disk()).running() as desk:
        leg = await begins(desk, "leg-1", LegRole.ORIGINATING, "PJSIP/8001")
        await commands(desk).press(leg, "31")
        assert desk.disk.pbx.received[-1].command == SendDigits(by="8001", digits="31")
        (record,) = desk.disk.log.records.values()
        assert record.command == SendDigits(by="8001", digits="xx")


@in_virtual_time
async def test_keys_are_pressed_for_nobody_but_a_caller_who_can_be_named() -> None:
    async with Desk(Disk()).running() as desk:
        leg = await caller(desk)
        agent = await begins(desk, "leg-2", LegRole.TERMINATING, "PJSIP/8001")
        with pytest.raises(CommandRefusedError, match="for a caller only"):
            await commands(desk).press(agent, "1")
        with pytest.raises(CommandRefusedError, match="shows no number"):
            await commands(desk).press(leg, "1")
        assert desk.disk.pbx.received == []


@in_virtual_time
async def test_a_call_is_followed_from_change_to_change_to_its_end() -> None:
    async with Desk(Disk()).running() as desk:
        leg = await caller(desk)
        calls = commands(desk).follow(leg)
        assert (await anext(calls)).digits == ""
        await desk.disk.pbx.says(DigitPressed(at=clock(), leg=leg, digit="3", menu=""))
        assert (await anext(calls)).digits == "3"
        await desk.disk.pbx.says(LegCleared(at=clock(), leg=leg, cause=16, sip=0))
        assert [call async for call in calls] == []
