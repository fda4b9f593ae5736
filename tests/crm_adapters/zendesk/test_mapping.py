"""Calls, people and tickets as Zendesk has them."""

from typing import Any

import msgspec
import pytest
from support.crm import QUERY, activity
from support.crm_schema import SPECS

from crm_adapters.zendesk import mapping
from crm_adapters.zendesk.settings import TicketsOf
from gateway.model.crm import CallStage, ContactKind, CrmContact, CrmUser, NewContact, NewTicket, RecordingLink

SOUND = RecordingLink(url="https://t/r/1.wav")


def captured(name: str) -> Any:
    return msgspec.json.decode((SPECS / "zendesk-prism" / f"{name}.json").read_bytes())["request"]["body"]


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"stage": CallStage.RINGING}, (False, False, False)),
        ({"stage": CallStage.ANSWERED}, (False, False, False)),
        ({}, (True, True, False)),
        ({"outcome": "self_served"}, (True, False, False)),
        ({"outcome": "abandoned"}, (True, False, True)),
        ({"outcome": "voicemail"}, (True, False, True)),
        ({"outcome": "no_answer", "direction": "outbound"}, (True, False, False)),
    ],
)
def test_which_calls_become_tickets(changes: dict[str, Any], wanted: tuple[bool, bool, bool]) -> None:
    call = activity(**changes)
    assert tuple(mapping.is_wanted(call, of) for of in (TicketsOf.ALL, TicketsOf.ANSWERED, TicketsOf.MISSED)) == wanted


@pytest.mark.parametrize(
    ("changes", "via"),
    [
        ({}, 45),
        ({"direction": "outbound"}, 46),
        ({"direction": "internal"}, 46),
        ({"outcome": "voicemail"}, 45),
        ({"outcome": "voicemail", "recording": SOUND}, 44),
    ],
)
def test_by_which_way_it_came(changes: dict[str, Any], via: int) -> None:
    assert mapping.voice_ticket_of(activity(**changes))["via_id"] == via


def test_a_ticket_has_the_keys_of_the_documented_one() -> None:
    said = mapping.voice_ticket_of(activity(owner=CrmUser(id="1"), recording=SOUND, transcript="> hello"))
    there = captured("00-voice-ticket-ok")["ticket"]
    assert set(said) == set(there) | {"external_id", "assignee_id"}
    assert set(said["requester"]) == set(there["requester"])
    assert set(said["voice_comment"]) == set(there["voice_comment"])
    for name, value in there["voice_comment"].items():
        assert type(said["voice_comment"][name]) is type(value)


def test_a_user_has_keys_of_the_one_that_the_mock_of_the_vendors_schema_took() -> None:
    assert set(captured("06-users-create")["user"]) <= set(mapping.user_fields(NewContact(name="A", number="+8613800138000")))


@pytest.mark.parametrize(
    ("changes", "sides"),
    [
        ({}, ("+8613800138000", "4008001234")),
        ({"direction": "outbound"}, ("4008001234", "+8613800138000")),
        ({"number": None, "our_number": None}, ("anonymous", "1001")),
        ({"our_number": None, "extension": None}, ("+8613800138000", "unknown")),
    ],
)
def test_who_called_whom(changes: dict[str, Any], sides: tuple[str, str]) -> None:
    said = mapping.voice_comment_of(activity(recording=SOUND, **changes))
    assert (said["from"], said["to"]) == sides
    assert (said["started_at"], said["call_duration"], said["recording_url"]) == ("2026-11-22T11:26:02Z", 151, SOUND.url)


@pytest.mark.parametrize(
    ("contact", "number", "said"),
    [
        (CrmContact(id="users/7"), "+86138", {"requester_id": 7}),
        (None, "+86138", {"requester": {"name": "Caller +86138", "phone": "+86138"}}),
        (CrmContact(id="contacts/7"), "+86138", {"requester": {"name": "Caller +86138", "phone": "+86138"}}),
        # An extension is nobody's telephone number.
        (None, "1002", {}),
        (None, None, {}),
    ],
)
def test_whose_ticket_it_is(contact: CrmContact | None, number: str | None, said: dict[str, Any]) -> None:
    assert mapping.people_of(contact, None, number) == said
    assert mapping.people_of(contact, CrmUser(id="x/1"), number) == said
    assert mapping.people_of(contact, CrmUser(id="9"), number) == said | {"assignee_id": 9}


def test_a_search_names_each_form_once_and_nothing_else() -> None:
    end, written = mapping.queries_of(QUERY)
    assert end == "role:end-user phone:*13800138000"
    assert 'phone:"+8613800138000"' in written
    assert 'phone:"13800138000"' in written
    assert mapping.address_query('a" role:admin@x') == 'role:end-user email:"a role:admin@x"'


@pytest.mark.parametrize("text", ["{{ticket.requester.email}}", "{% assign a = 1 %}", "{{{x}}}", "{\x00{x}}"])
def test_zendesk_fills_nothing_into_what_people_wrote(text: str) -> None:
    body = mapping.told(activity(note=text, transcript=text, agents=(text,), queue=text, disposition=text))
    ticket = mapping.ticket_of(NewTicket(title=text, text=text))
    for said in (body, ticket["subject"], ticket["comment"]["html_body"]):
        assert "{{" not in said
        assert "{%" not in said


def test_what_people_wrote_is_no_markup() -> None:
    body = mapping.told(activity(note="<script>alert(1)</script>", transcript="> 1 < 2 & 3"))
    assert "<script" not in body
    assert "&lt;script&gt;" in body
    assert mapping.has_text({"html_body": f'<div class="zd-comment">{body}</div>'}, body)


def test_a_text_is_bounded_and_whole() -> None:
    body = mapping.told(activity(note="\n".join(["<" * 1000] * 500)))
    assert len(body) <= mapping.MAX_TEXT_CHARACTERS + len("<p>…</p>")
    assert body.endswith("<p>…</p>")


@pytest.mark.parametrize(
    ("row", "contact"),
    [
        (
            {"id": 7, "name": "Wei", "phone": "+86138", "email": "w@x", "organization_id": 3, "locale": "zh-CN"},
            {"name": "Wei", "company": "Acme", "numbers": ("+86138",), "email": "w@x", "language": "zh-CN"},
        ),
        ({"id": 7, "name": " ", "phone": None, "organization_id": 4}, {}),
        ({"id": 7, "suspended": True}, None),
        ({"id": 7, "active": False}, None),
        ({"id": "7"}, None),
        ({}, None),
    ],
)
def test_people_as_zendesk_has_them(row: dict[str, Any], contact: dict[str, Any] | None) -> None:
    found = mapping.contact_of(row, "https://z", {3: "Acme"})
    assert found == (None if contact is None else CrmContact(id="users/7", url="https://z/agent/users/7", **contact))


@pytest.mark.parametrize("id_", ["users/", "users/x", "users/7/8", "7", "organizations/7", "users/" + "9" * 19])
def test_what_is_no_user(id_: str) -> None:
    assert mapping.number_of(CrmContact(id=id_)) is None


def test_a_lead_has_a_tag() -> None:
    said = mapping.user_fields(NewContact(kind=ContactKind.LEAD, name="Li", company="Acme", text="Wants\x00 a quote"))
    assert (said["tags"], said["notes"]) == (["lead"], "Acme\nWants a quote")
    assert "tags" not in mapping.user_fields(NewContact(name="Li"))


def test_a_recording_is_found_again() -> None:
    assert mapping.has_sound({"type": "VoiceComment", "data": {"recording_url": SOUND.url}}, SOUND.url)
    assert not mapping.has_sound({"type": "Comment", "data": None}, SOUND.url)
    assert not mapping.has_text({"html_body": None}, "")
