"""A Zendesk as a CRM: one ticket a call, pops, and callers."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from support.crm import CALL, QUERY, Answered, activity, around
from support.crm_zendesk import KEY, ME, Desk, invalid

from crm_adapters.zendesk.adapter import MAX_LOOKED_THROUGH, ZendeskAdapter, create
from crm_adapters.zendesk.settings import TicketsOf, ZendeskSettings
from gateway.model.crm import CallStage, ContactKind, CrmContact, CrmUser, NewContact, NewTicket, RecordingLink
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

SOUND = RecordingLink(url="https://t/r/1.wav")
VOICE = "POST /api/v2/channels/voice/tickets"


async def test_it_says_as_whom_it_works(desk: Desk, zendesk: ZendeskAdapter) -> None:
    assert await zendesk.check() == f"Zendesk at {desk.url} as tieline@example.com (admin)"


async def test_a_wrong_key_is_told_although_zendesk_answers_200(desk: Desk) -> None:
    adapter = create(ZendeskSettings(url=desk.url, key=Secret("wrong")), around("help"))
    with pytest.raises(CrmDeniedError, match="help: Zendesk does not know us: look at email and key"):
        await adapter.check()
    with pytest.raises(CrmDeniedError, match="Couldn't authenticate you") as raised:
        await adapter.find(QUERY)
    assert "wrong" not in str(raised.value)
    await adapter.close()


async def test_who_is_no_agent_is_told(desk: Desk, zendesk: ZendeskAdapter) -> None:
    desk.users[ME]["role"] = "end-user"
    with pytest.raises(CrmDeniedError, match=r"tieline@example\.com is no agent"):
        await zendesk.check()


async def test_an_oauth_token_is_a_key_too(desk: Desk) -> None:
    adapter = create(ZendeskSettings(url=desk.url, key=Secret(KEY)), around("help"))
    assert "admin" in await adapter.check()
    await adapter.close()


@pytest.mark.parametrize("written", ["+8613800138000", "13800138000", "138 0013 8000", "+86 138 0013 8000", "0086-13800138000"])
async def test_a_caller_is_found_however_his_number_is_written(desk: Desk, zendesk: ZendeskAdapter, written: str) -> None:
    desk.organizations[5] = "Acme"
    key = desk.add_user(name="Wei", phone=written, organization_id=5)
    desk.add_user(name="Other", phone="+8613800138001")
    desk.add_user(name="Agent", phone=written, role="agent")
    desk.add_user(name="Gone", phone=written, active=False)
    (found,) = await zendesk.find(QUERY)
    assert (found.id, found.name, found.company, found.url) == (f"users/{key}", "Wei", "Acme", f"{desk.url}/agent/users/{key}")
    assert any(is_number_of(number, QUERY) for number in found.numbers)


async def test_who_has_the_number_as_a_direct_line_is_found_too(desk: Desk, zendesk: ZendeskAdapter) -> None:
    key = desk.add_user(name="Wei", phone="+861085671234")
    desk.identities[key] = [
        {"id": 1, "type": "email", "value": "w@x"},
        {"id": 2, "type": "phone_number", "value": "+8613800138000"},
    ]
    (found,) = await zendesk.find(QUERY)
    assert found.numbers == ("+861085671234", "+8613800138000")


async def test_of_many_who_only_resemble_few_are_looked_through(desk: Desk, zendesk: ZendeskAdapter) -> None:
    for _ in range(20):
        desk.add_user(name="Else", phone="+113800138000")
    wei = desk.add_user(name="Wei", phone="+8613800138000")
    found = await zendesk.find(QUERY)
    assert found[0].id == f"users/{wei}"
    assert len([each for each in desk.asked if each.path.endswith("/identities")]) == MAX_LOOKED_THROUGH


async def test_whose_ticket_it_is_stays_as_agents_left_it(desk: Desk, zendesk: ZendeskAdapter) -> None:
    agent, other = desk.add_user(role="agent"), desk.add_user(role="agent")
    memo = await zendesk.put_call(activity(owner=CrmUser(id=str(agent))), None)
    (ticket,) = desk.tickets.values()
    ticket["assignee_id"] = other
    await zendesk.put_call(activity(owner=CrmUser(id=str(agent)), note="More", recording=SOUND), memo)
    assert ticket["assignee_id"] == other


async def test_a_call_is_a_ticket_once_it_has_ended(desk: Desk, zendesk: ZendeskAdapter) -> None:
    agent, caller = desk.add_user(role="agent"), desk.add_user(name="Wei")
    whose = {"contact": CrmContact(id=f"users/{caller}"), "owner": CrmUser(id=str(agent))}
    memo: str | None = None
    for stage in (CallStage.RINGING, CallStage.ANSWERED):
        memo = await zendesk.put_call(activity(stage=stage, **whose), memo)
        assert not desk.asked
    memo = await zendesk.put_call(activity(**whose), memo)
    ((number, ticket),) = desk.tickets.items()
    assert (ticket["via_id"], ticket["requester_id"], ticket["assignee_id"]) == (45, caller, agent)
    assert await zendesk.calls_of(CALL) == [str(number)]
    asked = len(desk.asked)
    assert await zendesk.put_call(activity(**whose), memo) == memo
    assert len(desk.asked) == asked


async def test_what_comes_later_is_added_once(desk: Desk, zendesk: ZendeskAdapter) -> None:
    memo = await zendesk.put_call(activity(), None)
    later: dict[str, Any] = {"note": "Wants a quote", "recording": SOUND}
    for memo_then in (memo, memo):
        # The second time as if the first answer had been lost.
        await zendesk.put_call(activity(**later), memo_then)
    (comments,) = desk.comments.values()
    assert [each["type"] for each in comments] == ["Comment", "Comment", "VoiceComment"]
    assert "Wants a quote" in comments[1]["html_body"]
    assert not comments[1]["public"]
    assert comments[2]["data"]["recording_url"] == SOUND.url


async def test_a_call_with_its_sound_has_its_text_too(desk: Desk, zendesk: ZendeskAdapter) -> None:
    await zendesk.put_call(activity(recording=SOUND, outcome="voicemail", answered_at=None, note="Call back"), None)
    assert [each["via_id"] for each in desk.tickets.values()] == [44]
    (comments,) = desk.comments.values()
    assert [each["type"] for each in comments] == ["VoiceComment", "Comment"]
    assert "Call back" in comments[1]["html_body"]


@pytest.mark.parametrize("recording", [None, SOUND])
async def test_a_lost_answer_makes_no_second_ticket(desk: Desk, zendesk: ZendeskAdapter, recording: RecordingLink | None) -> None:
    desk.lost.append(VOICE)
    with pytest.raises(CrmUnavailableError):
        await zendesk.put_call(activity(recording=recording), "{}")
    await zendesk.put_call(activity(recording=recording), "{}")
    assert len(desk.tickets) == 1
    (comments,) = desk.comments.values()
    assert len(comments) == (1 if recording is None else 2)


@pytest.mark.parametrize("changes", [{}, {"note": "More"}])
async def test_nor_while_the_ticket_is_not_listed_yet(desk: Desk, zendesk: ZendeskAdapter, changes: dict[str, Any]) -> None:
    await zendesk.put_call(activity(), None)
    desk.blind = 1
    # Zendesk knows the idempotency key, with the same text and with another.
    await zendesk.put_call(activity(**changes), "{}")
    assert len(desk.tickets) == 1
    (comments,) = desk.comments.values()
    assert len(comments) == (2 if changes else 1)


async def test_a_ticket_that_was_deleted_is_told_and_made_anew(desk: Desk, zendesk: ZendeskAdapter) -> None:
    memo = await zendesk.put_call(activity(), None)
    (old,) = desk.tickets
    desk.tickets.clear()
    with pytest.raises(CrmGoneError, match="RecordNotFound"):
        await zendesk.put_call(activity(note="More"), memo)
    # The key of the first one answers with the deleted ticket, once with the same text and once with another.
    for changes in ({}, {"note": "More"}):
        await zendesk.put_call(activity(**changes), None)
        assert list(desk.tickets) != [old]
        assert len(desk.tickets) == 1
        desk.tickets.clear()


async def test_a_call_of_somebody_deleted_is_kept(desk: Desk, zendesk: ZendeskAdapter) -> None:
    await zendesk.put_call(activity(contact=CrmContact(id="users/77"), owner=CrmUser(id="78")), None)
    (ticket,) = desk.tickets.values()
    assert desk.users[ticket["requester_id"]]["phone"] == "+8613800138000"


@pytest.mark.parametrize("contact", [None, CrmContact(id="users/77")])
async def test_a_call_of_a_number_that_zendesk_does_not_take_is_kept(
    desk: Desk, zendesk: ZendeskAdapter, contact: CrmContact | None
) -> None:
    desk.takes_numbers = False
    await zendesk.put_call(activity(contact=contact), None)
    (ticket,) = desk.tickets.values()
    assert "requester_id" not in ticket


async def test_what_zendesk_refuses_however_it_is_asked_has_the_first_reason(desk: Desk, zendesk: ZendeskAdapter) -> None:
    desk.refuses = invalid("custom_fields", "Region: is required", "BlankValue")
    with pytest.raises(CrmRefusedError, match=r"custom_fields: Region: is required \(BlankValue\)"):
        await zendesk.put_call(activity(contact=CrmContact(id="users/77")), None)
    assert desk.tickets == {}


async def test_an_unknown_caller_becomes_a_user_and_a_withheld_one_does_not(desk: Desk, zendesk: ZendeskAdapter) -> None:
    await zendesk.put_call(activity(), None)
    await zendesk.put_call(activity(call_id=CallId("2"), number=None), None)
    assert [user["name"] for user in desk.users.values()] == ["Tieline", "Caller +8613800138000"]
    assert len(desk.tickets) == 2


async def test_which_calls_become_tickets_is_configured(desk: Desk) -> None:
    adapter = create(ZendeskSettings(url=desk.url, key=Secret(KEY), tickets_of=TicketsOf.MISSED), around("help"))
    assert await adapter.put_call(activity(), None) == "{}"
    assert await adapter.put_call(activity(call_id=CallId("2"), outcome="abandoned"), "{}") != "{}"
    await adapter.withdraw_call(activity(), "{}")
    assert len(desk.tickets) == 1
    await adapter.close()


async def test_a_withdrawn_call_is_gone_and_twice_is_no_error(desk: Desk, zendesk: ZendeskAdapter) -> None:
    memo = await zendesk.put_call(activity(), None)
    await zendesk.withdraw_call(activity(), memo)
    await zendesk.withdraw_call(activity(), memo)
    assert desk.tickets == {}


async def test_a_closed_ticket_says_why_it_takes_no_more(desk: Desk, zendesk: ZendeskAdapter) -> None:
    memo = await zendesk.put_call(activity(), None)
    for ticket in desk.tickets.values():
        ticket["status"] = "closed"
    with pytest.raises(CrmRefusedError, match=r"help: status 422: .*closed prevents ticket update"):
        await zendesk.put_call(activity(note="More"), memo)


async def test_a_memo_that_is_none_is_refused(zendesk: ZendeskAdapter) -> None:
    with pytest.raises(CrmRefusedError, match="help: what was remembered"):
        await zendesk.put_call(activity(), "{")


async def test_a_ticket_by_hand_and_the_calls_own_are_one(desk: Desk, zendesk: ZendeskAdapter) -> None:
    new = NewTicket(title="Broken", text="It smokes", call_id=CALL, number="+8613800138000")
    desk.lost.append("POST /api/v2/tickets")
    with pytest.raises(CrmUnavailableError):
        await zendesk.make_ticket(new)
    made = await zendesk.make_ticket(new)
    await zendesk.put_call(activity(recording=SOUND), "{}")
    assert [str(number) for number in desk.tickets] == [made.id]
    assert made.url == f"{desk.url}/agent/tickets/{made.id}"
    (comments,) = desk.comments.values()
    assert [each["type"] for each in comments] == ["Comment", "Comment", "VoiceComment"]


async def test_a_ticket_by_hand_after_the_call_is_a_comment_on_its_ticket(desk: Desk, zendesk: ZendeskAdapter) -> None:
    await zendesk.put_call(activity(), None)
    for _ in range(2):
        await zendesk.make_ticket(NewTicket(title="Broken", text="It smokes", call_id=CALL))
    (comments,) = desk.comments.values()
    assert len(comments) == 2
    assert "It smokes" in comments[1]["html_body"]


async def test_tickets_without_a_call_are_as_many_as_asked_for(desk: Desk, zendesk: ZendeskAdapter) -> None:
    for _ in range(2):
        await zendesk.make_ticket(NewTicket(title="Broken"))
    assert len(desk.tickets) == 2


async def test_a_new_contact_and_a_new_lead(desk: Desk, zendesk: ZendeskAdapter) -> None:
    made = await zendesk.make_contact(NewContact(name="Wei", number="+8613800138000", email="w@example.com"))
    assert (made.name, made.numbers, made.email) == ("Wei", ("+8613800138000",), "w@example.com")
    assert (await zendesk.make_contact(NewContact(name="W", number="+8613800138000"))).id == made.id
    lead = await zendesk.make_contact(NewContact(kind=ContactKind.LEAD, name="Li", number="+8613800138001"))
    assert lead.id != made.id


async def test_who_has_the_address_is_returned_as_he_is(desk: Desk, zendesk: ZendeskAdapter) -> None:
    key = desk.add_user(name="Wei", email="w@example.com")
    made = await zendesk.make_contact(NewContact(name="W", number="+8613800138000", email="w@example.com"))
    assert (made.id, made.name) == (f"users/{key}", "Wei")
    desk.add_user(name="Agent", email="agent@example.com", role="agent")
    with pytest.raises(CrmRefusedError, match="DuplicateValue"):
        await zendesk.make_contact(NewContact(name="W", email="agent@example.com"))


async def test_agents_are_read_page_by_page(desk: Desk, zendesk: ZendeskAdapter) -> None:
    for key in range(230):
        desk.add_user(name=f"A{key}", email=f"a{key}@example.com", role="agent", suspended=key == 7)
    desk.add_user(name="Wei")
    found = await zendesk.users()
    assert len(found) == 230
    assert found[1].login == "a0@example.com"


async def test_a_caller_is_shown_to_whom_it_rings(desk: Desk, zendesk: ZendeskAdapter) -> None:
    agent, caller = desk.add_user(role="agent"), desk.add_user(name="Wei")
    ringing = activity(stage=CallStage.RINGING, contact=CrmContact(id=f"users/{caller}"))
    user = CrmUser(id=str(agent))
    assert await zendesk.pop(ringing, user, None) is None
    assert desk.shown == [(agent, "users", caller)]
    await zendesk.unpop(ringing, user, None)


async def test_of_an_unknown_caller_the_ticket_is_shown_where_there_is_one(desk: Desk, zendesk: ZendeskAdapter) -> None:
    agent = CrmUser(id=str(desk.add_user(role="agent")))
    await zendesk.pop(activity(stage=CallStage.RINGING), agent, "{}")
    assert desk.shown == []
    memo = await zendesk.put_call(activity(), None)
    await zendesk.pop(activity(), agent, memo)
    assert [each[1:] for each in desk.shown] == [("tickets", next(iter(desk.tickets)))]


async def test_without_the_partner_edition_neither_tickets_nor_pops(desk: Desk, zendesk: ZendeskAdapter) -> None:
    desk.partner = False
    agent, caller = desk.add_user(role="agent"), desk.add_user(name="Wei")
    with pytest.raises(CrmDeniedError, match="It needs the Talk Partner Edition"):
        await zendesk.pop(activity(contact=CrmContact(id=f"users/{caller}")), CrmUser(id=str(agent)), None)
    with pytest.raises(CrmDeniedError, match="It needs the Talk Partner Edition"):
        await zendesk.put_call(activity(), None)


@pytest.mark.parametrize(
    "body",
    [
        [],
        7,
        None,
        {},
        {"users": None, "tickets": 7, "user": [], "ticket": None},
        {"users": [None, 7, {"id": [1]}, {"id": "../5"}, {"id": {}}]},
        {"users": [{"id": 5, "name": 7, "phone": [], "organization_id": [1], "locale": 1}], "meta": 7},
        {"users": [{"id": 5, "organization_id": 3}], "organizations": [{"id": 3, "name": []}, 7], "meta": {"has_more": True}},
        {"tickets": [{"id": "5", "external_id": CALL}, {"id": 5}], "ticket": {"id": "../5"}, "user": {"id": "5"}},
        {"tickets": [{"id": 5, "external_id": CALL}], "comments": [7, {"id": 1, "data": 7, "html_body": 7}]},
    ],
)
async def test_what_zendesk_never_says_harms_nobody(desk: Desk, zendesk: ZendeskAdapter, body: Any) -> None:
    desk.failing = Answered(body=body)
    asked: list[Coroutine[Any, Any, Any]] = [
        zendesk.check(),
        zendesk.find(QUERY),
        zendesk.users(),
        zendesk.calls_of(CALL),
        zendesk.put_call(activity(recording=SOUND), None),
        zendesk.make_contact(NewContact(name="Wei", number="+8613800138000")),
        zendesk.make_ticket(NewTicket(title="Broken", call_id=CALL)),
    ]
    for said in await asyncio.gather(*asked, return_exceptions=True):
        assert isinstance(said, CrmError) if isinstance(said, Exception) else "../" not in repr(said)
