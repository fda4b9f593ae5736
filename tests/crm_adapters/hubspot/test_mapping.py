"""Calls, people and tickets as HubSpot has them."""

from typing import Any

import msgspec
import pytest
from support.crm import NOW, QUERY, activity
from support.crm_hubspot import SPEC
from support.crm_schema import SPECS

from crm_adapters.hubspot import mapping
from gateway.model.crm import CallStage, ContactKind, CrmContact, CrmUser, NewContact, NewTicket, RecordingLink

CAPTURES = SPECS / "hubspot-prism"


def captured(name: str) -> Any:
    return msgspec.json.decode((CAPTURES / f"{name}.json").read_bytes())


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"stage": CallStage.RINGING}, "RINGING"),
        ({"stage": CallStage.ANSWERED}, "IN_PROGRESS"),
        ({}, "COMPLETED"),
        ({"outcome": "self_served"}, "COMPLETED"),
        ({"outcome": "voicemail"}, "COMPLETED"),
        ({"outcome": "abandoned"}, "MISSED"),
        ({"outcome": "no_answer"}, "NO_ANSWER"),
        ({"outcome": "rejected"}, "NO_ANSWER"),
        ({"outcome": "busy"}, "BUSY"),
        ({"outcome": "unreachable"}, "FAILED"),
        ({"outcome": "failed"}, "FAILED"),
        ({"outcome": None}, "COMPLETED"),
    ],
)
def test_what_became_of_a_call(changes: dict[str, Any], status: str) -> None:
    assert mapping.call_of(activity(**changes), {})["hs_call_status"] == status


def test_a_call_has_the_properties_of_the_one_that_the_vendors_mock_took() -> None:
    said = mapping.call_of(activity(owner=CrmUser(id="1"), recording=RecordingLink(url="https://x/r.wav")), {})
    there = captured("10-calls-create-ok")["request"]["body"]["properties"]
    assert set(there) <= set(said)
    assert {name: type(value) for name, value in there.items()} == {name: type(said[name]) for name in there}
    assert (said["hs_timestamp"], said["hs_call_duration"]) == ("2026-11-22T11:26:02.000Z", "151000")


@pytest.mark.parametrize(
    ("direction", "said"),
    [
        ("inbound", ("INBOUND", "+8613800138000", "4008001234")),
        ("outbound", ("OUTBOUND", "4008001234", "+8613800138000")),
        ("internal", ("OUTBOUND", "4008001234", "+8613800138000")),
    ],
)
def test_who_called_whom(direction: str, said: tuple[str, str, str]) -> None:
    call = mapping.call_of(activity(direction=direction), {})
    assert (call["hs_call_direction"], call["hs_call_from_number"], call["hs_call_to_number"]) == said


def test_what_is_not_known_is_left_as_people_wrote_it_there() -> None:
    call = mapping.call_of(activity(number=None, our_number=None, extension=None, talk_s=None), {})
    assert all(call.values())
    left = {"hs_call_disposition", "hs_call_recording_url", "hubspot_owner_id", "hs_call_from_number", "hs_call_to_number"}
    assert not left & set(call)
    assert call["hs_call_title"] == "Inbound call number withheld"


def test_a_disposition_is_hubspots_outcome_where_it_is_configured() -> None:
    call = mapping.call_of(activity(disposition="Sold"), {"Sold": "f240bbac-87c9-4f6e-bf70-924b57d47db7"})
    assert call["hs_call_disposition"] == "f240bbac-87c9-4f6e-bf70-924b57d47db7"
    assert "<p>Filed as: Sold</p>" in call["hs_call_body"]
    assert "hs_call_disposition" not in mapping.call_of(activity(disposition="Lost"), {"Sold": "x"})


@pytest.mark.parametrize(("url", "played"), [("https://t/r/1", True), ("http://t/r/1", False)])
def test_a_recording_that_hubspot_does_not_play_is_a_line_of_the_text(url: str, played: bool) -> None:
    call = mapping.call_of(activity(recording=RecordingLink(url=url)), {})
    assert call.get("hs_call_recording_url") == (url if played else None)
    assert (url in call["hs_call_body"]) is not played


def test_a_text_is_bounded_and_whole() -> None:
    body = mapping.body_of(activity(transcript="\n".join(["<" * 1000] * 500)), linked=True)
    assert len(body) <= mapping.MAX_BODY_CHARACTERS + len("<p>…</p>")
    assert body.endswith("<p>…</p>")
    assert body.count("<p>") == body.count("</p>")


def test_a_search_is_as_the_vendors_mock_took_it() -> None:
    query = QUERY
    asked = captured("00-contacts-search-ok")["request"]["body"]
    (filters,) = (group["filters"] for group in asked["filterGroups"])
    assert filters in mapping.contact_groups(query)
    for groups in (mapping.contact_groups(query), mapping.company_groups(query)):
        assert len(groups) <= 5


@pytest.mark.parametrize(
    ("name", "wrongs"),
    [
        ("00-contacts-search-ok", 0),
        ("01-contacts-search-minimal", 4),
        ("02-contacts-search-bad-op", 1),
        ("03-contacts-create-ok", 0),
        # Also the key beside the two that are missing, which the mock let pass.
        ("04-contacts-create-no-props", 3),
        ("05-contacts-create-nontext-props", 2),
        ("10-calls-create-ok", 0),
        ("11-calls-create-bad-assoc", 3),
    ],
)
def test_the_tests_find_what_the_vendors_mock_found(name: str, wrongs: int) -> None:
    asked = captured(name)["request"]
    path = asked["url"].split("/", 3)[3]
    assert len(SPEC.wrongs_of_request(asked["method"], f"/{path}", msgspec.json.encode(asked["body"]))) == wrongs


def test_the_tests_find_a_key_that_the_vendor_does_not_have() -> None:
    body = msgspec.json.encode({"properties": {}, "associations": [], "owner": "7"})
    assert SPEC.wrongs_of_request("POST", "/crm/v3/objects/calls", body) != []
    assert SPEC.wrongs_of_request("GET", "/crm/v3/objects/calls/7?property=x", b"") == ["property is no parameter"]
    assert SPEC.wrongs_of_request("GET", "/crm/v3/objects/nope", b"") == ["there is no GET /crm/v3/objects/nope"]


@pytest.mark.parametrize(
    ("properties", "contact"),
    [
        (
            {
                "firstname": "Wei",
                "lastname": "Zhang",
                "phone": " +86 138 ",
                "mobilephone": None,
                "email": "w@x",
                "hs_language": "zh-cn",
                "hubspot_owner_id": "7",
                "notes_last_contacted": "2026-11-22T11:26:02Z",
            },
            {
                "name": "Wei Zhang",
                "numbers": ("+86 138",),
                "email": "w@x",
                "language": "zh-cn",
                "owner": "7",
                "last_contact_at": NOW,
            },
        ),
        ({"notes_last_contacted": "1795346762000"}, {"last_contact_at": NOW}),
        ({"notes_last_contacted": "soon", "firstname": 7}, {}),
        ({"lifecyclestage": "salesqualifiedlead"}, {"kind": ContactKind.LEAD}),
        ({}, {}),
    ],
)
def test_people_as_hubspot_has_them(properties: dict[str, Any], contact: dict[str, Any]) -> None:
    wanted = {"id": "contacts/5", "url": "https://a/contacts/1/record/0-1/5"} | contact
    assert mapping.contact_of({"id": "5", "properties": properties}, "contacts", "https://a", "1") == CrmContact(**wanted)


@pytest.mark.parametrize(
    ("id_", "entity"),
    [
        ("contacts/5", ("contacts", "5")),
        ("companies/5", ("companies", "5")),
        ("tickets/5", None),
        ("5", None),
        ("contacts/5/../6", None),
        ("contacts/", None),
    ],
)
def test_whose_call_it_is(id_: str, entity: tuple[str, str] | None) -> None:
    assert mapping.entity_of(CrmContact(id=id_)) == entity


def test_a_name_has_two_parts_and_the_last_one_is_the_family() -> None:
    assert mapping.contact_properties(NewContact(name="Anna Maria Muster")) == {"firstname": "Anna Maria", "lastname": "Muster"}
    assert mapping.contact_properties(NewContact(name="Acme")) == {"lastname": "Acme"}


def test_a_tickets_text_ends_with_its_call() -> None:
    said = mapping.ticket_properties(NewTicket(title="A\x00B", text="C", number="+86", call_id=activity().call_id), "0", "1")
    assert (said["subject"], said["content"]) == ("AB", f"C\n+86\nTieline call {activity().call_id}")


@pytest.mark.parametrize("row", [{}, {"id": 7}, {"id": "7", "archived": True}, {"id": "7", "type": "QUEUE"}])
def test_who_is_no_owner(row: dict[str, Any]) -> None:
    assert mapping.user_of(row) is None
