"""All CRMs of a gateway: who calls, what agents ask of them, clicks in them."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from support.crm_fake import FakeAdapter, FakeCrm
from support.crm_world import CrmWorld, crm_world
from support.dispatching import CRM as SOMEBODY
from support.memory_crm_log import MemoryCrmLog
from support.virtual_time import in_virtual_time

from gateway.crm.pops import AT_ONCE
from gateway.model.crm import ClickToCall, CrmAbility, CrmContact, CrmUser, NewContact, NewTicket
from gateway.model.crm_calls import CrmRules, SeveralMatches
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import CallId, LegId
from gateway.model.terms import LegRole, TransferKind
from gateway.ports.crm import CrmDeniedError, CrmRefusedError, CrmUnavailableError
from gateway.ports.crms import CrmAbilityError, UnknownCrmError
from gateway.ports.store import Told
from gateway.session.hub import Listener, PositionLostError

NUMBER = "+861062551234"
ANNA = CrmUser(id="u1", login="anna", name="Anna", extension="8001")
WEI = CrmContact(id="c1", name="Wei Zhang", company="Acme", numbers=("010-6255 1234",), url="https://crm.example/c1")
LI = CrmContact(id="c2", name="Li Na", numbers=("+86 10 62551234",))


def stocked(*contacts: CrmContact) -> FakeCrm:
    crm = FakeCrm()
    crm.crm_users, crm.contacts = [ANNA], list(contacts)
    return crm


async def passes(world: CrmWorld, seconds: float = 2.0) -> None:
    await world.happens()
    await asyncio.sleep(seconds)
    world.story.later(seconds)


@in_virtual_time
async def test_who_calls_is_told_when_the_crm_answers_and_is_a_customer_from_then_on(tmp_path: Path) -> None:
    async with crm_world(tmp_path, stocked(WEI)) as world, world.running():
        world.story.comes_in().rings("8001")
        await passes(world)
        (told,) = [each["data"] for each in world.told("call.crm_matched")]
        (person, *others) = (await world.customers.people.page(words=None, after=None, limit=10))[0]
        found = await world.service.matched(world.story.call().call_id)
    assert (told["crm"], told["number"], told["problem"]) == ("crm", NUMBER, None)
    assert told["contact"]["url"] == WEI.url
    assert [each["id"] for each in told["matches"]] == ["c1"]
    assert (person.name, person.company, person.external_ids, others) == ("Wei Zhang", "Acme", ("crm:c1",), [])
    assert found == [told]


@in_virtual_time
async def test_a_crm_that_is_away_delays_nothing_and_says_so(tmp_path: Path) -> None:
    crm = stocked(WEI)
    crm.faults = [CrmUnavailableError("crm: cannot be reached")] * 50
    async with crm_world(tmp_path, crm) as world, world.running():
        world.story.comes_in().rings("8001")
        await world.happens()
        assert [each["type"] for each in world.told("call.")][:2] == ["call.started", "call.alerting"]
        await passes(world)
        (told,) = [each["data"] for each in world.told("call.crm_matched")]
        assert (told["contact"], told["problem"]) == (None, "crm: cannot be reached")


@in_virtual_time
async def test_of_several_the_agent_chooses_and_the_activity_follows_him(tmp_path: Path) -> None:
    crm = stocked(WEI, LI)
    async with crm_world(tmp_path, crm, CrmRules(several=SeveralMatches.ASK)) as world, world.running():
        world.story.comes_in().rings("8001").answers("8001")
        await passes(world)
        assert [each.contact for each in crm.records.values()] == [None]
        call_id = world.story.call().call_id
        with pytest.raises(UnknownCrmError, match="knows no contact c9"):
            await world.service.choose("crm", call_id, "c9")
        assert await world.service.choose("crm", call_id, "c2") == LI
        await passes(world)
        assert [each.contact for each in crm.records.values()] == [LI]
        assert [each["data"]["contact"] for each in world.told("call.crm_matched")][-1]["name"] == "Li Na"
        world.story.hangs_up("caller", "8001")
        await passes(world)
        assert [each.contact for each in crm.records.values()] == [LI]


@in_virtual_time
async def test_an_agent_makes_a_contact_and_a_ticket_of_his_call(tmp_path: Path) -> None:
    crm = stocked()
    anna = msgspec.structs.replace(SOMEBODY, extension="8001")
    async with crm_world(tmp_path, crm) as world, world.running():
        world.story.comes_in().rings("8001").answers("8001")
        await passes(world)
        call_id = world.story.call().call_id
        made = await world.service.make_contact("crm", NewContact(name="New", number=NUMBER), call_id, anna)
        assert made.owner == "u1"
        await passes(world)
        assert [each.contact for each in crm.records.values()] == [made]
        assert await world.service.find("crm", NUMBER) == (made,)
        ticket = await world.service.make_ticket("crm", NewTicket(title="Broken", call_id=call_id), anna)
        assert ticket.url == "https://crm.example/tickets/1"
        (kept,) = crm.tickets
        assert (kept.owner, kept.contact, kept.number) == (ANNA, made, NUMBER)


@in_virtual_time
async def test_the_crms_own_pages_follow_which_telephones_ring(tmp_path: Path) -> None:
    crm = stocked(WEI)
    crm.crm_users = [ANNA, CrmUser(id="u3", extension="8003")]
    async with crm_world(tmp_path, crm) as world, world.running():
        world.story.comes_in().rings("8001").rings("8003")
        await passes(world)
        assert crm.popped == [("pop", "u1"), ("pop", "u3")]
        world.story.answers("8001").clears("8003")
        await passes(world)
        assert crm.popped[2:] == [("unpop", "u3")]
        world.story.hangs_up("caller", "8001")
        await passes(world)
        assert len(crm.popped) == 3


@in_virtual_time
async def test_a_click_in_the_crm_begins_a_call(tmp_path: Path) -> None:
    async with crm_world(tmp_path, stocked(), CrmRules(users={"8005": "u5"})) as world, world.running():
        for asked in (
            ClickToCall(number="+8613800138000", extension="8002"),
            ClickToCall(number="138 0013 8000", user="u1"),
            ClickToCall(number="+8613800138000", user="u5"),
            ClickToCall(number="+8613800138000", user="nobody"),
        ):
            said = await world.service.called_back("crm", {"x-key": "right"}, msgspec.json.encode(asked))
            assert said.status == 200
        assert (await world.service.called_back("crm", {}, b"{}")).status == 401
        assert [each.extension for each in world.dialled] == ["8002", "8001", "8005"]
        assert {each.number for each in world.dialled} == {"+8613800138000"}


@in_virtual_time
async def test_what_is_not_there_or_cannot_be_done_is_said(tmp_path: Path) -> None:
    crm = stocked()
    async with crm_world(tmp_path, crm) as world:
        world.entry = msgspec.structs.replace(world.entry, abilities=frozenset({CrmAbility.CALLS}))
        async with world.running():
            with pytest.raises(UnknownCrmError, match="no CRM is called odoo; there are: crm"):
                await world.service.find("odoo", NUMBER)
            with pytest.raises(CrmAbilityError, match="crm cannot find; it can calls"):
                await world.service.find("crm", NUMBER)
            with pytest.raises(UnknownCrmError):
                await world.service.choose("other", CallId("x"), "c")
            assert await world.service.check("crm") == "Fake CRM 1.0"
            (standing,) = await world.service.all()
            assert (standing.name, standing.adapter, standing.dead) == ("crm", "fake", 0)


@in_virtual_time
async def test_a_crm_that_knows_us_not_is_in_the_log_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    crm = stocked()

    class Denied(type(crm.made(None))):  # type: ignore[misc]
        async def check(self) -> str:
            raise CrmDeniedError("crm: status 401")

    async with crm_world(tmp_path, crm) as world:
        crm.made = lambda around: Denied(crm, around)  # type: ignore[method-assign]
        async with world.running():
            await passes(world)
    assert "crm_not_ready" in capsys.readouterr().out


@in_virtual_time
async def test_a_crm_that_hangs_takes_the_other_nothing_away(tmp_path: Path) -> None:
    dead, alive = FakeCrm(), stocked(WEI)
    dead.faults = [1e9] * 100_000
    async with crm_world(tmp_path, dead, CrmRules(live=False), log=MemoryCrmLog()) as world:
        world.others = {"alive": alive}
        async with world.running():
            for number in range(AT_ONCE + 50):
                world.story.comes_in(f"c{number}", number=f"0138001{number:05}").later(0.001)
                if number in (AT_ONCE - 1, AT_ONCE + 49):
                    await passes(world, 1.0)
            for number in range(AT_ONCE + 50):
                world.story.hangs_up(f"c{number}")
            await passes(world, 600.0)
            told = [each["data"]["crm"] for each in world.told("call.crm_matched")]
            assert told.count("alive") == AT_ONCE + 50
            standing = {each.name: each for each in await world.service.all()}
            assert (standing["alive"].waiting, standing["crm"].waiting) == (0, AT_ONCE + 50)
            assert (standing["alive"].away_since, standing["crm"].away_since is None) == (None, False)
    assert len(alive.records) == AT_ONCE + 50


@in_virtual_time
async def test_a_list_of_users_that_cannot_be_read_hides_no_caller(tmp_path: Path) -> None:
    crm = stocked(WEI, LI)

    async def refuses(self: FakeAdapter) -> list[CrmUser]:
        raise CrmUnavailableError("crm: status 500")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "users", refuses)
        async with crm_world(tmp_path, crm) as world, world.running():
            world.story.comes_in().rings("8001")
            await passes(world)
            told = [each["data"] for each in world.told("call.crm_matched")]
            assert [([each["id"] for each in found["matches"]], found["problem"]) for found in told] == [(["c1", "c2"], None)]
            anna = msgspec.structs.replace(SOMEBODY, extension="8001")
            assert (await world.service.make_ticket("crm", NewTicket(title="Broken"), anna)).id == "1"


@in_virtual_time
async def test_what_an_adapter_does_to_an_agent_is_an_error_in_time(tmp_path: Path) -> None:
    crm = stocked(WEI)
    async with crm_world(tmp_path, crm) as world, world.running():
        crm.faults = [None, KeyError("id")]
        with pytest.raises(CrmRefusedError, match="its adapter failed: KeyError"):
            await world.service.make_ticket("crm", NewTicket(title="Broken"), msgspec.structs.replace(SOMEBODY, extension="8001"))

        async def hangs(*_asked: object) -> None:
            await asyncio.sleep(1e9)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(FakeAdapter, "called_back", hangs)
            patch.setattr(FakeAdapter, "close", hangs)
            patch.setattr(FakeAdapter, "check", hangs)
            with pytest.raises(CrmUnavailableError, match="did not read what it sent us within 20 s"):
                await world.service.called_back("crm", {}, b"")
            with pytest.raises(CrmUnavailableError, match="did not say what it is within 30 s"):
                await world.service.check("crm")


@in_virtual_time
async def test_the_gateway_ends_though_an_adapter_does_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def hangs(self: FakeAdapter) -> None:
        await asyncio.sleep(1e9)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeAdapter, "close", hangs)
        async with crm_world(tmp_path, stocked(WEI)) as world, world.running():
            await passes(world)
    assert "crm_not_closed" in capsys.readouterr().out


@in_virtual_time
async def test_nothing_is_kept_of_a_call_that_became_part_of_another(tmp_path: Path) -> None:
    async with crm_world(tmp_path, stocked(WEI)) as world, world.running():
        story = world.story.comes_in().rings("8001").answers("8001", bridge="first")
        await passes(world)
        story.creates("other", "PJSIP/carrier", LegRole.ORIGINATING, "other", number="13900139000", dialled="8002")
        story.rings("8002", by="other")
        await passes(world)
        story.answers("8002", by="other", bridge="second")
        await passes(world)
        story.transfers(TransferKind.ATTENDED, by="8002", consult="8002", transferee=LegId("caller"), target="other")
        story.clears("8002", "8001")
        await passes(world)
        assert len(world.told("call.merged")) == 1
        matched = len(world.told("call.crm_matched"))
        story.hangs_up("caller", "other")
        await passes(world)
        assert len(world.told("call.crm_matched")) == matched
        assert world.service.pops._numbers == {}
        assert world.service._crms["crm"]._shown == {}


@in_virtual_time
async def test_events_that_cannot_be_read_just_now_end_no_pops(tmp_path: Path) -> None:
    async with crm_world(tmp_path, stocked(WEI)) as world:
        next_batch, errors = Listener.next_batch, [StoreUnavailableError("crm.db: away"), PositionLostError("gone")]

        async def fails(self: Listener) -> list[Told]:
            if errors:
                raise errors.pop()
            return await next_batch(self)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Listener, "next_batch", fails)
            async with world.running():
                await passes(world, 20.0)
                world.story.comes_in().rings("8001")
                await passes(world)
                assert [each["data"]["contact"]["id"] for each in world.told("call.crm_matched")] == ["c1"]
