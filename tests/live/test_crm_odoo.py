"""The Odoo adapter on a real Odoo 14: callers, calls, recordings, tickets, rights."""

import re
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest
from rig.odoo import DATABASE, KEY, LOGIN, Odoo, running_odoo
from support.crm import activity, around

from crm_adapters.odoo.adapter import Odoo as Adapter
from crm_adapters.odoo.adapter import create
from crm_adapters.odoo.client import OdooClient
from crm_adapters.odoo.settings import OdooSettings
from gateway.model.crm import CallStage, ContactKind, CrmContact, CrmUser, NewContact, NewTicket
from gateway.model.ids import CallId
from gateway.model.numbers import is_number_of, query_of
from gateway.model.secret import Secret
from gateway.ports.crm import CrmDeniedError, CrmUnavailableError


class Sound:
    file_name, content_type, size = "call.wav", "audio/wav", 300_000

    async def read(self) -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"RIFF" * 25_000


@pytest.fixture(scope="module")
def odoo() -> Iterator[Odoo]:
    with running_odoo() as running:
        yield running


def settings(odoo: Odoo, login: str = LOGIN, key: str = KEY) -> OdooSettings:
    return OdooSettings(url=odoo.url, database=DATABASE, login=login, key=Secret(key))


@pytest.fixture
async def adapter(odoo: Odoo) -> AsyncIterator[Adapter]:
    made = create(settings(odoo), around("odoo"))
    yield made
    await made.close()


@pytest.fixture
async def client(odoo: Odoo) -> AsyncIterator[OdooClient]:
    made = OdooClient(settings(odoo), around("odoo"))
    yield made
    await made.close()


async def stored(client: OdooClient, name: str, phone: str, **more: Any) -> int:
    china = await client.read("res.country", [["code", "=", "CN"]], ["name"], limit=1)
    return await client.create("res.partner", {"name": name, "phone": phone, "country_id": china[0]["id"], **more})


async def found(adapter: Adapter, number: str) -> list[CrmContact]:
    query = query_of(number, "CN")
    return [each for each in await adapter.find(query) if any(is_number_of(stored, query) for stored in each.numbers)]


async def activities(adapter: Adapter, client: OdooClient, call: CallId) -> list[str]:
    """Return what Odoo has of a call: planned activities, and what stands in a customer's history."""
    there = await adapter.calls_of(call)
    planned = await client.read("mail.activity", [["note", "ilike", call]], ["summary"], limit=10)
    done = await client.read("mail.message", done_of(call), ["model"], limit=10)
    assert len(there) == len(planned) + len(done)
    return there


def done_of(call: CallId) -> list[Any]:
    """Describe what stands in customers' histories; that somebody was told to do it does not."""
    return [["body", "ilike", call], ["message_type", "!=", "user_notification"]]


def call_id(test: str) -> CallId:
    return CallId(f"01TESTCALL{test.upper()}")


async def test_it_says_what_it_is(adapter: Adapter) -> None:
    assert await adapter.check() == f"Odoo 14.0, database {DATABASE} as {LOGIN}"


async def test_people_are_found_however_their_number_was_written(adapter: Adapter, client: OdooClient, odoo: Odoo) -> None:
    forms = ["+86 136 0013 6000", "13600136000", "136-0013-6000", "0086 13600136000", "+8613600136000"]
    wanted = {await stored(client, f"Caller {place}", form) for place, form in enumerate(forms)}
    wanted.add(await stored(client, "By mobile", "+86 755 8600 1234", mobile="136 0013 6000"))
    await stored(client, "Another", "+86 136 0013 6001")
    people = await found(adapter, "+8613600136000")
    assert {each.id for each in people} == {f"res.partner/{id_}" for id_ in wanted}
    assert await found(adapter, "+8613600136999") == []
    place = re.fullmatch(rf"{odoo.url}/web#id=(\d+)&model=res\.partner&view_type=form", str(people[0].url))
    assert place is not None
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        sign_in = {"db": DATABASE, "login": LOGIN, "password": KEY}
        async with session.post(f"{odoo.url}/web/session/authenticate", json={"params": sign_in}) as response:
            assert (await response.json())["result"]["uid"] == 2
        asked = {"model": "res.partner", "method": "read", "args": [[int(place[1])], ["name"]], "kwargs": {}}
        async with session.post(f"{odoo.url}/web/dataset/call_kw", json={"params": asked}) as response:
            assert (await response.json())["result"][0]["name"] == people[0].name


async def test_a_call_is_one_activity_of_its_agent_with_its_times(adapter: Adapter, client: OdooClient) -> None:
    call = call_id("one")
    values: dict[str, Any] = {"name": "Anna", "login": "anna", "password": "anna-secret"}
    anna = CrmUser(id=str(await client.create("res.users", values)), name="Anna")
    wei = CrmContact(id=f"res.partner/{await stored(client, 'Wei', '+86 137 0013 7000')}")
    ringing = {"answered_at": None, "ended_at": None, "talk_s": None, "outcome": None}
    memo = await adapter.put_call(activity(call_id=call, stage=CallStage.RINGING, contact=wei, **ringing), None)
    assert len(await activities(adapter, client, call)) == 1
    live = activity(call_id=call, stage=CallStage.ANSWERED, contact=wei, owner=anna, ended_at=None, talk_s=None, outcome=None)
    memo = await adapter.put_call(live, memo)
    (planned,) = await client.read("mail.activity", [["note", "ilike", call]], ["user_id", "res_id"], limit=2)
    assert (planned["user_id"][0], f"res.partner/{planned['res_id']}") == (int(anna.id), wei.id)
    memo = await adapter.put_call(activity(call_id=call, contact=wei, owner=anna), memo)
    note = 'Wants <b>two</b> & says "hello" 你好 \U0001f600'
    memo = await adapter.put_call(activity(call_id=call, contact=wei, owner=anna, note=note, disposition="Solved"), memo)
    (done,) = await client.read("mail.message", done_of(call), ["body", "model", "res_id"], limit=2)
    assert f"{done['model']}/{done['res_id']}" == wei.id
    body = done["body"]
    for said in (
        "Agent: Anna",
        "2026-11-22 11:26:02 UTC",
        "2026-11-22 11:28:42 UTC",
        "Talked: 151 s",
        "Filed as: Solved",
        "你好",
    ):
        assert said in body
    assert "Wants &lt;b&gt;two&lt;/b&gt; &amp; says" in body
    await adapter.put_call(activity(call_id=call, contact=wei, owner=anna, note=note), None)
    assert len(await activities(adapter, client, call)) == 1
    await adapter.withdraw_call(activity(call_id=call, contact=wei), memo)
    assert await activities(adapter, client, call) == []


async def test_an_answer_that_was_lost_makes_no_second_activity(adapter: Adapter, client: OdooClient) -> None:
    call = call_id("lost")
    wei = CrmContact(id=f"res.partner/{await stored(client, 'Lost', '+86 137 0013 7001')}")
    for told in (activity(call_id=call, stage=CallStage.ANSWERED, contact=wei), activity(call_id=call, contact=wei)):
        for _ in range(2):
            await adapter.put_call(told, None)
            assert len(await activities(adapter, client, call)) == 1


async def test_a_stranger_becomes_one_lead_that_his_next_call_finds(adapter: Adapter, client: OdooClient) -> None:
    for name in ("first", "second"):
        contacts = await found(adapter, "+8613900139009")
        contact = contacts[0] if contacts else None
        await adapter.put_call(activity(call_id=call_id(name), number="+8613900139009", contact=contact), None)
    (lead,) = await client.read("crm.lead", [["phone", "ilike", "13900139009"]], ["name", "type"], limit=5)
    assert lead["type"] == "lead"
    assert (await found(adapter, "+8613900139009"))[0].kind is ContactKind.LEAD


async def test_a_recording_is_attached_once_and_is_what_it_was(adapter: Adapter, client: OdooClient) -> None:
    call = call_id("sound")
    wei = CrmContact(id=f"res.partner/{await stored(client, 'Recorded', '+86 137 0013 7002')}")
    ended = activity(call_id=call, contact=wei)
    memo = await adapter.put_call(ended, None)
    for _ in range(2):
        memo = await adapter.attach_recording(ended, memo, Sound())
    domain = [["res_model", "=", "res.partner"], ["res_id", "=", int(wei.id.rpartition("/")[2])]]
    (attachment,) = await client.read("ir.attachment", domain, ["name", "datas", "mimetype"], limit=5)
    assert b64decode(attachment["datas"]) == b"RIFF" * 75_000
    (message,) = await client.read("mail.message", done_of(call), ["attachment_ids"], limit=2)
    assert message["attachment_ids"] == [attachment["id"]]


async def test_a_ticket_is_made_once_a_call(adapter: Adapter, client: OdooClient) -> None:
    wei = CrmContact(id=f"res.partner/{await stored(client, 'Ticket', '+86 137 0013 7003')}")
    new = NewTicket(title="Broken <b>", text="It is\nbroken", contact=wei, call_id=call_id("ticket"), number="+8613700137003")
    first, again = await adapter.make_ticket(new), await adapter.make_ticket(new)
    assert first == again
    (task,) = await client.read("project.task", [["id", "=", int(first.id)]], ["name", "partner_id", "project_id"], limit=2)
    assert (task["name"], f"res.partner/{task['partner_id'][0]}", task["project_id"][1]) == ("Broken <b>", wei.id, "Calls")


async def test_contacts_are_made_once_a_number(adapter: Adapter) -> None:
    made = await adapter.make_contact(NewContact(name="New", number="+8613700137004", email="new@example.com"))
    assert (await adapter.make_contact(NewContact(name="Again", number="+8613700137004"))).id == made.id
    assert [each.name for each in await found(adapter, "+8613700137004")] == ["New"]
    assert "admin" in [user.login for user in await adapter.users()]


async def test_who_is_not_let_in_or_has_no_right_is_told_so(odoo: Odoo, client: OdooClient) -> None:
    wrong = create(settings(odoo, key="wrong"), around("odoo"))
    with pytest.raises(CrmDeniedError, match="change login or key of odoo"):
        await wrong.check()
    await wrong.close()
    await client.create("res.users", {"name": "Guest", "login": "guest", "password": "guest-secret", "groups_id": [[6, 0, []]]})
    guest = create(settings(odoo, "guest", "guest-secret"), around("odoo"))
    with pytest.raises(CrmDeniedError, match="rights of its user"):
        await guest.put_call(activity(call_id=call_id("guest"), contact=CrmContact(id="res.partner/1")), None)
    await guest.close()


async def test_an_odoo_that_is_stopped_is_away_and_back_again(odoo: Odoo, adapter: Adapter) -> None:
    odoo.stop()
    try:
        with pytest.raises(CrmUnavailableError, match="cannot be reached"):
            await adapter.check()
    finally:
        odoo.start()
    await adapter.check()


async def test_what_is_planned_knows_its_model_though_only_administrators_may_read_models(client: OdooClient) -> None:
    (model,) = await client.read("ir.model", [["model", "=", "res.partner"]], ["model"], limit=1)
    assert await client.default("mail.activity", "res_model_id", {"default_res_model": "res.partner"}) == model["id"]
