"""A HubSpot account as a CRM; each request is held against the vendor's OpenAPI by the account of the tests."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import msgspec
import pytest
from support.crm import CALL, QUERY, Answered, activity, around
from support.crm_hubspot import Account, failed

from crm_adapters.hubspot import client
from crm_adapters.hubspot.adapter import INDEX_LAG_S, HubSpotAdapter, create
from crm_adapters.hubspot.settings import HubSpotSettings
from gateway.model.crm import CallStage, ContactKind, CrmContact, CrmUser, NewContact, NewTicket
from gateway.model.ids import CallId
from gateway.model.numbers import is_number_of
from gateway.model.secret import Secret
from gateway.ports.crm import (
    CrmDeniedError,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    CrmUnavailableError,
)


async def test_it_says_which_account_it_is(hubspot: HubSpotAdapter) -> None:
    assert await hubspot.check() == "HubSpot account 4711 at https://app-eu1.hubspot.com"


async def test_a_property_of_unique_values_is_asked_for(account: Account, sure: HubSpotAdapter) -> None:
    assert "4711" in await sure.check()
    account.unique = "another"
    with pytest.raises(CrmDeniedError, match="sales: HubSpot has no property tieline_call_id of calls"):
        await sure.check()


async def test_a_wrong_key_is_told(account: Account) -> None:
    adapter = create(HubSpotSettings(url=account.url, key=Secret("pat-wrong")), around("sales"))
    with pytest.raises(CrmDeniedError, match=r"^sales: status 401: Authentication credentials not found.* key") as raised:
        await adapter.check()
    assert "pat-wrong" not in str(raised.value)
    await adapter.close()


@pytest.mark.parametrize("written", ["+8613800138000", "138 0013 8000", "+86 138 0013 8000", "86-138-0013-8000", "13800138000"])
@pytest.mark.parametrize("field", ["phone", "mobilephone"])
async def test_a_caller_is_found_however_his_number_is_written(
    account: Account, hubspot: HubSpotAdapter, written: str, field: str
) -> None:
    key = account.add("contacts", firstname="Wei", lastname="Zhang", lifecyclestage="customer", **{field: written})
    account.add("contacts", firstname="Other", phone="+8613800138001")
    (found,) = await hubspot.find(QUERY)
    assert (found.id, found.name, found.kind) == (f"contacts/{key}", "Wei Zhang", ContactKind.CONTACT)
    assert found.url == f"https://app-eu1.hubspot.com/contacts/4711/record/0-1/{key}"
    assert any(is_number_of(number, QUERY) for number in found.numbers)


async def test_companies_and_leads_are_found_too(account: Account, hubspot: HubSpotAdapter) -> None:
    company = account.add("companies", name="Acme", phone="+8613800138000", hubspot_owner_id="7")
    account.add("contacts", lastname="Li", phone="13800138000", lifecyclestage="lead", company="Acme")
    found = await hubspot.find(QUERY)
    assert [(each.kind, each.name, each.company) for each in found] == [
        (ContactKind.LEAD, "Li", "Acme"),
        (ContactKind.COMPANY, "Acme", "Acme"),
    ]
    assert found[1].url == f"https://app-eu1.hubspot.com/contacts/4711/record/0-2/{company}"
    assert found[1].owner == "7"


async def test_a_call_is_one_record_through_its_stages(account: Account, hubspot: HubSpotAdapter) -> None:
    key = account.add("contacts", lastname="Zhang", phone="+8613800138000")
    contact = CrmContact(id=f"contacts/{key}")
    memo = await hubspot.put_call(activity(stage=CallStage.RINGING, answered_at=None, talk_s=None, contact=contact), None)
    for stage in (CallStage.ANSWERED, CallStage.ENDED):
        memo = await hubspot.put_call(activity(stage=stage, contact=contact, owner=CrmUser(id="7")), memo)
    ((call, row),) = account.records["calls"].items()
    assert (row["hs_call_status"], row["hs_call_duration"], row["hubspot_owner_id"]) == ("COMPLETED", "151000", "7")
    assert row["hs_call_external_id"] == CALL
    assert account.associations == {("calls", call, "contacts", key)}
    assert await hubspot.calls_of(CALL) == [call]


async def test_whom_it_was_about_may_be_known_later(account: Account, hubspot: HubSpotAdapter) -> None:
    key = account.add("companies", name="Acme")
    memo = await hubspot.put_call(activity(), None)
    assert not account.associations
    memo = await hubspot.put_call(activity(contact=CrmContact(id=f"companies/{key}")), memo)
    asked = len(account.asked)
    await hubspot.put_call(activity(contact=CrmContact(id=f"companies/{key}")), memo)
    assert [each[2:] for each in account.associations] == [("companies", key)]
    assert len(account.asked) == asked + 1


@pytest.mark.parametrize("contact", ["contacts/9999999", "companies/9999999"])
async def test_a_call_of_somebody_deleted_is_kept(account: Account, hubspot: HubSpotAdapter, contact: str) -> None:
    memo = await hubspot.put_call(activity(contact=CrmContact(id=contact)), None)
    await hubspot.put_call(activity(contact=CrmContact(id="contacts/8888888")), memo)
    assert len(account.records["calls"]) == 1
    assert not account.associations


async def test_a_call_of_an_owner_who_left_is_kept_where_it_belongs(account: Account, hubspot: HubSpotAdapter) -> None:
    key = account.add("contacts", lastname="Zhang")
    contact, gone = CrmContact(id=f"contacts/{key}"), CrmUser(id="7")
    account.only_owner = "8"
    memo = await hubspot.put_call(activity(owner=gone, contact=contact), None)
    await hubspot.put_call(activity(owner=gone, contact=contact, note="later"), memo)
    await hubspot.make_ticket(NewTicket(title="Broken", owner=gone, contact=contact))
    ((call, row),) = account.records["calls"].items()
    assert "later" in row["hs_call_body"]
    assert ("calls", call, "contacts", key) in account.associations
    assert len(account.records["tickets"]) == 1


async def test_what_hubspot_refuses_however_it_is_asked_has_the_first_reason(account: Account, hubspot: HubSpotAdapter) -> None:
    account.add("contacts", lastname="Zhang")
    account.failing = failed(400, "hs_pipeline_stage 99 does not exist", "VALIDATION_ERROR")
    with pytest.raises(CrmRefusedError, match="hs_pipeline_stage 99"):
        await hubspot.make_ticket(NewTicket(title="Broken", owner=CrmUser(id="7"), contact=CrmContact(id="contacts/5")))


async def test_a_lost_answer_makes_no_second_record(account: Account, hubspot: HubSpotAdapter) -> None:
    account.lost.append("POST /crm/v3/objects/calls")
    with pytest.raises(CrmUnavailableError) as raised:
        await hubspot.put_call(activity(), None)
    # It is not asked again before HubSpot's search can know the record.
    assert raised.value.retry_after_s == INDEX_LAG_S
    await hubspot.put_call(activity(), None)
    assert len(account.records["calls"]) == 1


async def test_with_a_unique_property_not_even_while_the_search_lags(account: Account, sure: HubSpotAdapter) -> None:
    account.lagging.add("calls")
    account.lost.append("POST /crm/v3/objects/calls")
    with pytest.raises(CrmUnavailableError) as raised:
        await sure.put_call(activity(), None)
    assert raised.value.retry_after_s is None
    await sure.put_call(activity(note="later"), None)
    ((call, row),) = account.records["calls"].items()
    assert "later" in row["hs_call_body"]
    assert await sure.calls_of(CALL) == [call]


async def test_nor_when_two_make_it_at_once(account: Account, sure: HubSpotAdapter) -> None:
    await sure.put_call(activity(), None)
    account.blind = 1
    memo = await sure.put_call(activity(note="later"), None)
    ((call, row),) = account.records["calls"].items()
    assert "later" in row["hs_call_body"]
    assert msgspec.json.decode(memo)["call"] == call


async def test_what_people_wrote_in_hubspot_stays(account: Account, hubspot: HubSpotAdapter) -> None:
    memo = await hubspot.put_call(activity(), None)
    (row,) = account.records["calls"].values()
    row |= {"hubspot_owner_id": "9", "hs_call_disposition": "f240bbac", "hs_call_recording_url": "https://x"}
    await hubspot.put_call(activity(note="later"), memo)
    assert (row["hubspot_owner_id"], row["hs_call_disposition"], row["hs_call_recording_url"]) == ("9", "f240bbac", "https://x")


async def test_a_search_that_has_not_noticed_a_deletion_does_no_harm(account: Account, hubspot: HubSpotAdapter) -> None:
    await hubspot.put_call(activity(), None)
    (old,) = account.records["calls"]
    account.deleted.add(old)
    await hubspot.put_call(activity(), None)
    assert len(account.records["calls"]) == 2


async def test_two_calls_are_two_records(account: Account, hubspot: HubSpotAdapter) -> None:
    await hubspot.put_call(activity(), None)
    await hubspot.put_call(activity(call_id=CallId("01KAW5EGX0ABCDEFGHJKMNPQRT")), None)
    assert len(account.records["calls"]) == 2


async def test_a_record_that_was_deleted_is_told(account: Account, hubspot: HubSpotAdapter) -> None:
    memo = await hubspot.put_call(activity(), None)
    account.records["calls"].clear()
    with pytest.raises(CrmGoneError, match=r"^sales: status 404: Object not found"):
        await hubspot.put_call(activity(), memo)
    await hubspot.put_call(activity(), None)
    assert len(account.records["calls"]) == 1


async def test_a_withdrawn_call_is_gone_and_twice_is_no_error(account: Account, hubspot: HubSpotAdapter) -> None:
    memo = await hubspot.put_call(activity(), None)
    await hubspot.withdraw_call(activity(), memo)
    await hubspot.withdraw_call(activity(), memo)
    assert account.records["calls"] == {}


async def test_a_memo_that_is_none_is_refused(hubspot: HubSpotAdapter) -> None:
    with pytest.raises(CrmRefusedError, match="sales: what was remembered"):
        await hubspot.put_call(activity(), "{")


async def test_a_value_that_hubspot_does_not_take_is_its_reason(account: Account, hubspot: HubSpotAdapter) -> None:
    account.failing = failed(400, 'Property values were not valid: [{"error":"INVALID_OPTION"}]', "VALIDATION_ERROR")
    with pytest.raises(CrmRefusedError, match="INVALID_OPTION"):
        await hubspot.make_contact(NewContact(name="Wei"))


async def test_a_new_contact_and_a_new_lead(account: Account, hubspot: HubSpotAdapter) -> None:
    made = await hubspot.make_contact(
        NewContact(name="Wei Zhang", number="+8613800138000", company="Acme", owner=CrmUser(id="7"))
    )
    assert (made.kind, made.name, made.numbers, made.owner) == (ContactKind.CONTACT, "Wei Zhang", ("+8613800138000",), "7")
    lead = await hubspot.make_contact(NewContact(kind=ContactKind.LEAD, name="Li", number="+8613800138001", text="Wants a quote"))
    assert lead.kind is ContactKind.LEAD
    assert account.records["contacts"][lead.id.partition("/")[2]]["message"] == "Wants a quote"


async def test_who_has_the_number_is_not_made_again(account: Account, hubspot: HubSpotAdapter) -> None:
    key = account.add("contacts", lastname="Zhang", phone="138 0013 8000")
    assert (await hubspot.make_contact(NewContact(name="Wei", number="+8613800138000"))).id == f"contacts/{key}"
    assert len(account.records["contacts"]) == 1


async def test_who_has_the_address_is_the_one_that_hubspot_names(account: Account, hubspot: HubSpotAdapter) -> None:
    key = account.add("contacts", lastname="Zhang", email="wei@example.com")
    made = await hubspot.make_contact(NewContact(name="Wei", number="+8613800138000", email="wei@example.com"))
    assert (made.id, made.name) == (f"contacts/{key}", "Zhang")


@pytest.mark.parametrize("lagging", [False, True])
async def test_a_call_has_one_ticket(account: Account, hubspot: HubSpotAdapter, sure: HubSpotAdapter, lagging: bool) -> None:
    adapter = sure if lagging else hubspot
    if lagging:
        account.lagging.add("tickets")
    key = account.add("contacts", lastname="Zhang")
    new = NewTicket(
        title="Broken", text="It smokes", contact=CrmContact(id=f"contacts/{key}"), call_id=CALL, owner=CrmUser(id="7")
    )
    account.lost.append("POST /crm/v3/objects/tickets")
    with pytest.raises(CrmUnavailableError):
        await adapter.make_ticket(new)
    made = await adapter.make_ticket(new)
    ((ticket, row),) = account.records["tickets"].items()
    assert made.id == ticket
    assert made.url == f"https://app-eu1.hubspot.com/contacts/4711/record/0-5/{ticket}"
    assert (row["hs_pipeline"], row["hs_pipeline_stage"], row["hubspot_owner_id"]) == ("0", "1", "7")
    assert ("tickets", ticket, "contacts", key) in account.associations


async def test_tickets_without_a_call_are_as_many_as_asked_for(account: Account, hubspot: HubSpotAdapter) -> None:
    for _ in range(2):
        await hubspot.make_ticket(NewTicket(title="Broken"))
    assert len(account.records["tickets"]) == 2


async def test_owners_are_read_page_by_page(account: Account, hubspot: HubSpotAdapter) -> None:
    when = "2026-11-22T11:26:02.000Z"
    whole = {"type": "PERSON", "archived": False, "createdAt": when, "updatedAt": when}
    account.owners = [{"id": str(key), "email": f"a{key}@example.com", "firstName": "A", **whole} for key in range(250)]
    account.owners[3]["type"] = "QUEUE"
    found = await hubspot.users()
    assert len(found) == 249
    assert found[0] == CrmUser(id="0", login="a0@example.com", name="A", email="a0@example.com")


async def test_a_right_that_is_missing_is_no_empty_list(account: Account, hubspot: HubSpotAdapter) -> None:
    scopes = [{"message": "One or more scopes are required", "context": {"requiredGranularScopes": ["crm.objects.owners.read"]}}]
    account.failing = failed(403, "This app hasn't been granted all required scopes", "MISSING_SCOPES", errors=scopes)
    with pytest.raises(CrmDeniedError, match=r"sales: the private app lacks a scope: add one of crm\.objects\.owners\.read"):
        await hubspot.users()


async def test_what_people_wrote_is_no_markup_on_the_timeline(account: Account, hubspot: HubSpotAdapter) -> None:
    nasty = "<script>alert(1)</script>\n<img src=x onerror=alert(2)> & \u202e\x00"
    await hubspot.put_call(activity(note=nasty, transcript=nasty, agents=(nasty,), disposition=nasty, queue=nasty), None)
    ((_, row),) = account.records["calls"].items()
    assert "<script" not in row["hs_call_body"]
    assert "<img" not in row["hs_call_body"]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in row["hs_call_body"]
    assert "\x00" not in row["hs_call_body"]


async def test_an_id_is_one_part_of_a_path(account: Account, sure: HubSpotAdapter) -> None:
    assert await sure.calls_of(CallId("../../owners?x=")) == []
    assert account.asked[-1].path.startswith("/crm/v3/objects/calls/..%2F..%2Fowners%3Fx=?")


async def test_a_search_does_not_take_what_only_resembles(account: Account, hubspot: HubSpotAdapter) -> None:
    account.add("tickets", content="Tieline call 01kaw5egx0abcdefghjkmnpqrs and more")
    made = await hubspot.make_ticket(NewTicket(title="Broken", call_id=CALL))
    assert len(account.records["tickets"]) == 2
    assert account.records["tickets"][made.id]["content"] == f"Tieline call {CALL}"


def test_the_memo_is_small(hubspot: HubSpotAdapter) -> None:
    assert len(msgspec.json.encode({"call": "9" * 20, "on": "companies/" + "9" * 20})) < 100


@pytest.mark.parametrize(
    "body",
    [
        [],
        7,
        "x",
        {},
        {"results": None},
        {
            "results": [
                None,
                7,
                [],
                {"id": 7, "properties": {}},
                {"id": "../5", "properties": {}},
                {"id": ["5"], "properties": {}},
            ]
        },
        {"results": [{"id": "5", "properties": {"phone": [1], "firstname": {}, "notes_last_contacted": "9" * 5000}}]},
        {"results": [{"id": "5", "properties": None}, {"id": "5"}], "paging": 7},
        {"results": [{"id": "5", "firstName": 7, "email": []}], "paging": {"next": {"after": 7}}},
        {"id": "5", "properties": [], "portalId": "../x", "uiDomain": {"x": 1}, "timeZone": 7},
    ],
)
async def test_what_hubspot_never_says_harms_nobody(
    account: Account, hubspot: HubSpotAdapter, sure: HubSpotAdapter, monkeypatch: pytest.MonkeyPatch, body: Any
) -> None:
    monkeypatch.setattr(client, "SEARCHES_PER_S", 1e6)
    account.strict = False
    account.failing = Answered(body=body)
    asked: list[Coroutine[Any, Any, Any]] = []
    for adapter in (hubspot, sure):
        asked += [
            adapter.check(),
            adapter.find(QUERY),
            adapter.users(),
            adapter.calls_of(CALL),
            adapter.put_call(activity(contact=CrmContact(id="contacts/5")), None),
            adapter.make_contact(NewContact(name="Wei", number="+8613800138000")),
            adapter.make_ticket(NewTicket(title="Broken", call_id=CALL)),
        ]
    for said in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(said, CrmError) if isinstance(said, Exception) else "../" not in repr(said)
