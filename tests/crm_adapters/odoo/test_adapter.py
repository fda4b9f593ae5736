"""An Odoo that has contacts, calls, recordings and tickets."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from support.crm import NUMBER, QUERY, Sound, activity, around
from support.crm_odoo import FakeOdoo, served_odoo

from crm_adapters.odoo.adapter import Odoo, create
from crm_adapters.odoo.settings import OdooSettings
from gateway.model.crm import CallStage, ContactKind, CrmContact, CrmUser, NewContact, NewTicket
from gateway.model.errors import ConfigurationError
from gateway.model.numbers import is_number_of
from gateway.model.secret import Secret
from gateway.ports.crm import CrmGoneError, CrmRefusedError


class Bench:
    def __init__(self, odoo: FakeOdoo, adapter: Odoo) -> None:
        self.odoo = odoo
        self.adapter = adapter
        self.wei = CrmContact(id=f"res.partner/{odoo.partner('Wei', '138 0013 8000', NUMBER)}")
        self.anna = CrmUser(id=str(odoo.anna), name="Anna")

    @property
    def planned(self) -> list[dict[str, object]]:
        return list(self.odoo.records["mail.activity"].values())

    @property
    def done(self) -> list[dict[str, object]]:
        return [each for each in self.odoo.records["mail.message"].values() if each.get("message_type") != "user_notification"]


@pytest.fixture(params=["jsonrpc", "json2"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    odoo = FakeOdoo(without_fields=("mobile",) if request.param == "json2" else ())
    async with served_odoo(odoo) as server:
        settings = OdooSettings(url=server.url, database="crm", login="admin", key=Secret("admin"), api=request.param)
        adapter = create(settings, around("odoo"))
        yield Bench(odoo, adapter)
        await adapter.close()


async def test_it_says_what_it_is(bench: Bench) -> None:
    assert "database crm" in await bench.adapter.check()


async def test_people_are_found_however_their_number_was_written(bench: Bench) -> None:
    bench.odoo.partner("Spaced", "+86 138-0013-8000")
    bench.odoo.partner("Firm", "0086 13800138000", is_company=True)
    bench.odoo.partner("Other", "139 0013 8000")
    bench.odoo.add("crm.lead", name="Call", contact_name="Lead", phone=False, phone_sanitized=NUMBER)
    query = QUERY
    found = [each for each in await bench.adapter.find(query) if any(is_number_of(number, query) for number in each.numbers)]
    assert {(each.name, each.kind.value) for each in found} == {
        ("Wei", "contact"),
        ("Spaced", "contact"),
        ("Firm", "company"),
        ("Lead", "lead"),
    }
    assert all(each.url and str(each.id).rpartition("/")[2] in each.url for each in found)


async def test_a_call_is_one_activity_from_its_first_ring_to_its_last_note(bench: Bench) -> None:
    ringing = activity(stage=CallStage.RINGING, answered_at=None, ended_at=None, talk_s=None, outcome=None, contact=bench.wei)
    memo = await bench.adapter.put_call(ringing, None)
    (planned,) = bench.planned
    assert (planned["summary"], planned["res_model"]) == (ringing.subject, "res.partner")
    memo = await bench.adapter.put_call(activity(stage=CallStage.ANSWERED, contact=bench.wei, owner=bench.anna), memo)
    assert [each["user_id"] for each in bench.planned] == [bench.odoo.anna]
    ended = activity(contact=bench.wei, owner=bench.anna)
    memo = await bench.adapter.put_call(ended, memo)
    assert bench.planned == []
    memo = await bench.adapter.put_call(activity(contact=bench.wei, owner=bench.anna, note="Wants <b>two</b>"), memo)
    (done,) = bench.done
    assert "Talked: 151 s" in str(done["body"])
    assert "Note: Wants &lt;b&gt;two&lt;/b&gt;" in str(done["body"])
    assert len(await bench.adapter.calls_of(ended.call_id)) == 1


async def test_an_answer_that_was_lost_makes_no_second_activity(bench: Bench) -> None:
    for told in (activity(stage=CallStage.ANSWERED, contact=bench.wei), activity(contact=bench.wei), activity(contact=bench.wei)):
        await bench.adapter.put_call(told, None)
        assert len(bench.planned) + len(bench.done) == 1


async def test_what_somebody_did_in_odoo_meanwhile_is_respected(bench: Bench) -> None:
    answered = activity(stage=CallStage.ANSWERED, contact=bench.wei)
    memo = await bench.adapter.put_call(answered, None)
    bench.odoo.records["mail.activity"].clear()
    with pytest.raises(CrmGoneError):
        await bench.adapter.put_call(activity(contact=bench.wei), memo)
    await bench.adapter.put_call(activity(contact=bench.wei), None)
    assert len(bench.done) == 1


@pytest.mark.parametrize("is_administrator", [True, False])
async def test_a_contact_who_is_chosen_later_gets_the_activity(bench: Bench, is_administrator: bool) -> None:
    # Others may neither read models nor move messages.
    bench.odoo.is_administrator = is_administrator
    other = CrmContact(id=f"res.partner/{bench.odoo.partner('Li', '1')}")
    memo = await bench.adapter.put_call(activity(stage=CallStage.ANSWERED, contact=bench.wei), None)
    memo = await bench.adapter.put_call(activity(stage=CallStage.ANSWERED, contact=other), memo)
    assert [f"res.partner/{each['res_id']}" for each in bench.planned] == [other.id]
    memo = await bench.adapter.put_call(activity(contact=other), memo)
    for _ in range(2):
        # The second time it was the answer that was lost.
        await bench.adapter.put_call(activity(contact=bench.wei), memo)
        (done,) = bench.done
        assert f"res.partner/{done['res_id']}" == bench.wei.id
        assert "Talked: 151 s" in str(done["body"])


async def test_whom_nobody_knows_becomes_one_lead_however_often_he_calls(bench: Bench) -> None:
    for call in ("one", "two"):
        told = msgspec.structs.replace(activity(number="+8613900139000"), call_id=call)
        await bench.adapter.put_call(told, None)
    (lead,) = bench.odoo.records["crm.lead"].values()
    assert lead["name"] == "Inbound call +8613900139000"
    assert [each["model"] for each in bench.done] == ["crm.lead", "crm.lead"]


async def test_without_the_crm_module_he_becomes_a_contact_and_where_that_is_unwanted_nothing(bench: Bench) -> None:
    bench.odoo.fields.pop("crm.lead")
    await bench.adapter.put_call(activity(number="+8613900139000"), None)
    assert [each["name"] for each in bench.odoo.records["res.partner"].values()] == ["Wei", "Inbound call +8613900139000"]
    bench.adapter._settings = msgspec.structs.replace(bench.adapter._settings, unknown="none")
    told = msgspec.structs.replace(activity(number=None), call_id="three")
    memo = await bench.adapter.put_call(told, None)
    assert await bench.adapter.put_call(told, memo) == memo
    assert len(bench.done) == 1


async def test_an_activity_is_taken_away_twice_without_complaint(bench: Bench) -> None:
    for told in (activity(stage=CallStage.ANSWERED, contact=bench.wei), activity(contact=bench.wei)):
        memo = await bench.adapter.put_call(told, None)
        await bench.adapter.withdraw_call(told, memo)
        await bench.adapter.withdraw_call(told, memo)
        assert await bench.adapter.calls_of(told.call_id) == []


async def test_a_recording_is_attached_once(bench: Bench) -> None:
    ended = activity(contact=bench.wei)
    memo = await bench.adapter.put_call(ended, None)
    for _ in range(2):
        memo = await bench.adapter.attach_recording(ended, memo, Sound())
    (attachment,) = bench.odoo.records["ir.attachment"].values()
    assert (attachment["name"], attachment["datas"], attachment["res_model"]) == ("call.wav", "UklGRg==", "res.partner")
    (done,) = bench.done
    assert done["attachment_ids"] == [[4, next(iter(bench.odoo.records["ir.attachment"]))]]


async def test_a_ticket_is_made_once_a_call_in_a_project_of_its_own(bench: Bench) -> None:
    new = NewTicket(
        title="Broken", text="<i>It</i>", contact=bench.wei, owner=bench.anna, call_id=activity().call_id, number=NUMBER
    )
    first, again = await bench.adapter.make_ticket(new), await bench.adapter.make_ticket(new)
    assert first == again
    (task,) = bench.odoo.records["project.task"].values()
    assert "&lt;i&gt;It&lt;/i&gt;" in task["description"]
    assert task["user_id"] == int(bench.anna.id)
    assert [each["name"] for each in bench.odoo.records["project.project"].values()] == ["Calls"]
    bench.odoo.fields.pop("project.task")
    bench.adapter._fields.clear()
    with pytest.raises(CrmRefusedError, match="neither a helpdesk nor projects"):
        await bench.adapter.make_ticket(new)


async def test_an_odoo_of_another_age_gets_what_it_knows(bench: Bench) -> None:
    bench.odoo.fields["project.task"] = ["name", "description", "partner_id", "project_id", "user_ids"]
    bench.odoo.types["comment"] = "text"
    bench.odoo.fields["res.partner"].append("comment")
    await bench.adapter.make_ticket(NewTicket(title="Broken", text="It", owner=bench.anna))
    (task,) = bench.odoo.records["project.task"].values()
    assert task["user_ids"] == [[6, 0, [int(bench.anna.id)]]]
    made = await bench.adapter.make_contact(NewContact(name="Plain", number="+8613600136000", text="a < b"))
    assert bench.odoo.records["res.partner"][int(made.id.rpartition("/")[2])]["comment"] == "a < b"


async def test_contacts_are_made_once_a_number(bench: Bench) -> None:
    made = await bench.adapter.make_contact(NewContact(name="New", number="+8613700137000", email="n@example.com", text="<b>"))
    again = await bench.adapter.make_contact(NewContact(name="Again", number="+8613700137000"))
    assert (made.id, made.name) == (again.id, "New")
    lead = await bench.adapter.make_contact(NewContact(kind=ContactKind.LEAD, name="Lead", company="Acme", owner=bench.anna))
    assert lead.id.startswith("crm.lead/")


async def test_users_are_those_who_work_there(bench: Bench) -> None:
    users = await bench.adapter.users()
    assert [(user.login, user.extension) for user in users] == [("anna", "1001")]


def test_json_rpc_needs_a_login() -> None:
    settings = OdooSettings(url="https://o.example", database="crm", key=Secret("k"))
    with pytest.raises(ConfigurationError, match="login is missing"):
        create(settings, around("sales"))
