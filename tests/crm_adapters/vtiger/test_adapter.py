"""A Vtiger that has contacts, calls, comments and tickets."""

from collections.abc import AsyncIterator

import pytest
from support.crm import NUMBER, QUERY, activity, around
from support.crm_captures import captured
from support.crm_vtiger import FakeVtiger, served_vtiger

from crm_adapters.vtiger.adapter import Vtiger, create
from crm_adapters.vtiger.settings import VtigerSettings
from gateway.model.crm import CallStage, ContactKind, CrmContact, CrmUser, NewContact, NewTicket
from gateway.model.secret import Secret
from gateway.ports.crm import CrmDeniedError, CrmGoneError


class Bench:
    def __init__(self, vtiger: FakeVtiger, adapter: Vtiger) -> None:
        self.vtiger = vtiger
        self.adapter = adapter
        wei = vtiger.add("Contacts", firstname="Wei", lastname="Zhang", mobile="+86 138 0013 8000", assigned_user_id=vtiger.me)
        self.wei = CrmContact(id=f"Contacts/{wei}")
        self.anna = CrmUser(id=vtiger.anna)

    def all(self, module: str) -> list[dict[str, str]]:
        return list(self.vtiger.records[module].values())


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    vtiger = FakeVtiger()
    async with served_vtiger(vtiger) as server:
        adapter = create(VtigerSettings(url=server.url, login="admin", key=Secret("key")), around("vtiger"))
        yield Bench(vtiger, adapter)
        await adapter.close()


async def test_people_are_found_however_their_number_was_written(bench: Bench) -> None:
    bench.vtiger.add("Leads", lastname="Lead", company="Acme", phone="138-0013-8000")
    bench.vtiger.add("Accounts", accountname="Firm", phone="0086 13800138000")
    bench.vtiger.add("Contacts", lastname="Other", mobile="13900138000")
    found = await bench.adapter.find(QUERY)
    assert [(each.name, each.kind.value) for each in found] == [("Wei Zhang", "contact"), ("Lead", "lead"), ("Firm", "company")]
    assert str(found[0].url).endswith(f"/index.php?module=Contacts&view=Detail&record={bench.wei.id.rpartition('x')[2]}")
    assert await bench.adapter.check() == "Vtiger 8.2.0 as admin"


async def test_what_a_site_added_is_searched_and_what_it_hides_costs_nothing(bench: Bench) -> None:
    del bench.vtiger.fields["Contacts"]["otherphone"]
    del bench.vtiger.fields["Leads"]
    bench.vtiger.fields["Accounts"]["cf_852"] = "phone"
    bench.vtiger.add("Accounts", accountname="Firm", cf_852="0086 13800138000")
    bench.vtiger.add("Accounts", accountname="Its fax", fax="0086 13800138000")
    assert [each.name for each in await bench.adapter.find(QUERY)] == ["Wei Zhang", "Firm"]


async def test_who_may_see_nobody_is_told_so(bench: Bench) -> None:
    bench.vtiger.fields.clear()
    with pytest.raises(CrmDeniedError, match="Vtiger shows admin neither contacts, leads nor organisations"):
        await bench.adapter.find(QUERY)


async def test_a_call_is_one_record_with_one_comment(bench: Bench) -> None:
    ringing = activity(stage=CallStage.RINGING, answered_at=None, ended_at=None, talk_s=None, outcome=None, contact=bench.wei)
    memo = await bench.adapter.put_call(ringing, None)
    assert [(each["callstatus"], each["user"]) for each in bench.all("PBXManager")] == [("ringing", bench.vtiger.me)]
    memo = await bench.adapter.put_call(activity(contact=bench.wei, owner=bench.anna), memo)
    memo = await bench.adapter.put_call(activity(contact=bench.wei, owner=bench.anna, note="it's <b>"), memo)
    memo = await bench.adapter.put_call(activity(contact=bench.wei, owner=bench.anna, note="changed"), memo)
    (call,), (comment,) = bench.all("PBXManager"), bench.all("ModComments")
    assert (call["callstatus"], call["user"], call["sourceuuid"]) == ("completed", bench.vtiger.anna, activity().call_id)
    assert "Note: changed" in comment["commentcontent"]
    assert f"Contacts/{comment['related_to']}" == bench.wei.id


async def test_an_answer_that_was_lost_makes_nothing_twice(bench: Bench) -> None:
    for _ in range(3):
        await bench.adapter.put_call(activity(contact=bench.wei, note="x"), None)
    assert (len(bench.all("PBXManager")), len(bench.all("ModComments"))) == (1, 1)


async def test_a_record_that_was_deleted_is_gone_and_one_that_is_withdrawn_stays_so(bench: Bench) -> None:
    memo = await bench.adapter.put_call(activity(contact=bench.wei, note="x"), None)
    for _ in range(2):
        await bench.adapter.withdraw_call(activity(), memo)
    assert (bench.all("PBXManager"), bench.all("ModComments")) == ([], [])
    with pytest.raises(CrmGoneError):
        await bench.adapter.put_call(activity(), memo)


async def test_contacts_leads_and_tickets_are_made_once(bench: Bench) -> None:
    assert (await bench.adapter.make_contact(NewContact(name="Again", number=NUMBER))).id == bench.wei.id
    made = await bench.adapter.make_contact(NewContact(name="Li Na", number="+8613700137000", owner=bench.anna))
    assert (made.name, made.owner) == ("Li Na", bench.vtiger.anna)
    lead = await bench.adapter.make_contact(NewContact(kind=ContactKind.LEAD, name="Caller"))
    assert (lead.kind, lead.company) == (ContactKind.LEAD, "?")
    new = NewTicket(title="It's broken", text="x", contact=bench.wei, call_id=activity().call_id)
    assert await bench.adapter.make_ticket(new) == await bench.adapter.make_ticket(new)
    (ticket,) = bench.all("HelpDesk")
    assert f"Contacts/{ticket['contact_id']}" == bench.wei.id


async def test_users_have_their_extensions(bench: Bench) -> None:
    assert [(user.login, user.extension) for user in await bench.adapter.users()] == [("admin", None), ("anna", "1001")]


async def test_what_is_created_has_the_fields_that_a_real_one_took(bench: Bench) -> None:
    taken: dict[str, set[str]] = {}
    for exchange in captured("vtiger82"):
        body, result = exchange["request"]["body"], exchange["response"]["body"]
        if isinstance(body, str) and "operation=create" in body and result["success"]:
            module = body.partition("elementType=")[2].partition("&")[0]
            taken.setdefault(module, set()).update(result["result"])
    await bench.adapter.put_call(activity(contact=bench.wei, note="x"), None)
    await bench.adapter.make_contact(NewContact(name="Li Na", number="+8613700137000", email="n@example.com", text="x"))
    await bench.adapter.make_contact(NewContact(kind=ContactKind.LEAD, name="Caller", number="+8613600136000"))
    await bench.adapter.make_ticket(NewTicket(title="Broken", contact=bench.wei))
    for module in ("PBXManager", "ModComments", "HelpDesk", "Leads"):
        for record in bench.all(module):
            assert set(record) <= taken[module], module
