"""Calls, people and texts as Bitrix24 has them."""

import re
from typing import Any

import pytest
from support.crm import NOW, activity

from crm_adapters.bitrix24 import mapping
from gateway.model.crm import ContactKind, CrmContact, CrmUser, NewContact, NewTicket

PHONE = [{"VALUE": "138"}]
EMAIL = [{"VALUE": "a@example.com"}]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        ("answered", "200"),
        ("self_served", "200"),
        ("abandoned", "304"),
        ("voicemail", "304"),
        ("no_answer", "304"),
        ("busy", "486"),
        ("rejected", "603"),
        ("unreachable", "480"),
        ("failed", "503"),
        ("unknown", "OTHER"),
        (None, "OTHER"),
    ],
)
def test_how_a_call_came_out(outcome: str | None, status: str) -> None:
    said = mapping.finish_of(activity(outcome=outcome), "c", user=1, chat=False)
    assert said["STATUS_CODE"] == status
    assert ("FAILED_REASON" in said) == (status != "200")


@pytest.mark.parametrize(("direction", "kind"), [("inbound", 2), ("outbound", 1), ("internal", 1)])
def test_the_type_says_who_called(direction: str, kind: int) -> None:
    said = mapping.register_of(activity(direction=direction), user=1, create=True, source="CALL", chat=True)
    assert (said["TYPE"], said["CRM_CREATE"], said["CRM_SOURCE"]) == (kind, 1, "CALL")


def test_a_callback_keeps_whom_the_form_was_about() -> None:
    asked = mapping.Clicked(number="+8613800138000", user=12, at=NOW, entity="LEAD/9")
    said = mapping.register_of(activity(direction="outbound"), user=1, create=False, source=None, chat=True, clicked=asked)
    assert (said["TYPE"], said["CRM_ENTITY_TYPE"], said["CRM_ENTITY_ID"]) == (4, "LEAD", 9)


@pytest.mark.parametrize(
    "evil",
    [
        "[URL=javascript:alert(1)]click[/URL]",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[b]bold[/b] [*]item",
        "<!-- -->",
        "a\x00\x1b[2J\u202eb",
    ],
)
def test_nothing_that_people_wrote_becomes_markup(evil: str) -> None:
    note = mapping.note_of(activity(note=evil, disposition=evil))
    assert note is not None
    fields = mapping.fields_of(NewContact(name=evil, text=evil, company=evil, email=evil))
    todo = mapping.todo_of(NewTicket(title=evil, text=evil), ("CONTACT", 1), NOW)
    turns = mapping.messages_of(f"> {evil}")
    texts = [note, fields["NAME"], fields["COMMENTS"], fields["EMAIL"][0]["VALUE"], todo["title"], todo["description"]]
    for text in [*texts, *(turn["MESSAGE"] for turn in turns)]:
        assert not re.search(r"[\[<][\w/!?*]", text)
        assert not set(text) & {"\x00", "\x1b", "\u202e"}


@pytest.mark.parametrize("text", ["1 < 2 and 3 > 2", "list [ ] of 5", "ab\ncd", "大家好 [ok"])
def test_what_is_no_markup_stays_readable(text: str) -> None:
    assert mapping.plain(text).replace("［", "[") == text


def test_a_ticket_is_found_again_by_a_line_of_its_own() -> None:
    said = mapping.todo_of(
        NewTicket(title="Broken", text="since today", call_id="c1", number="+861", owner=CrmUser(id="4")),  # type: ignore[arg-type]  # an id
        ("COMPANY", 5),
        NOW,
    )
    assert said == {
        "ownerTypeId": 4,
        "ownerId": 5,
        "deadline": "2026-11-22T11:26:02+00:00",
        "title": "Broken",
        "description": "since today\n+861\nTieline call c1",
        "responsibleId": 4,
    }


@pytest.mark.parametrize(
    ("kind", "row", "contact"),
    [
        (
            "CONTACT",
            {
                "ID": "651",
                "NAME": "Wei",
                "LAST_NAME": "Zhang",
                "ASSIGNED_BY_ID": "99",
                "COMPANY_ID": "5",
                "PHONE": [{"VALUE": "138"}],
            },
            CrmContact(
                id="CONTACT/651",
                name="Wei Zhang",
                company="Acme",
                numbers=("138",),
                owner="99",
                url="https://p/crm/contact/details/651/",
            ),
        ),
        (
            "LEAD",
            {
                "ID": 9,
                "TITLE": "Inbound",
                "NAME": None,
                "COMPANY_TITLE": "Acme",
                "EMAIL": [{"VALUE": "a@example.com"}],
                "PHONE": "x",
            },
            CrmContact(
                id="LEAD/9",
                kind=ContactKind.LEAD,
                name="Inbound",
                company="Acme",
                email="a@example.com",
                url="https://p/crm/lead/details/9/",
            ),
        ),
        (
            "COMPANY",
            {"ID": "5", "TITLE": "Acme"},
            CrmContact(
                id="COMPANY/5", kind=ContactKind.COMPANY, name="Acme", company="Acme", url="https://p/crm/company/details/5/"
            ),
        ),
        ("CONTACT", {"NAME": "nobody"}, None),
    ],
)
def test_people_as_the_portal_has_them(kind: str, row: dict[str, Any], contact: CrmContact | None) -> None:
    assert mapping.contact_of(kind, row, "https://p", {"5": "Acme"}) == contact


@pytest.mark.parametrize(
    ("row", "extension"),
    [
        ({"ID": "1", "ACTIVE": True, "UF_PHONE_INNER": "1001"}, "1001"),
        ({"ID": "1", "ACTIVE": "Y", "UF_PHONE_INNER": 1001, "USER_TYPE": "employee"}, "1001"),
        ({"ID": "1", "ACTIVE": True, "UF_PHONE_INNER": None}, None),
    ],
)
def test_users_as_the_portal_has_them(row: dict[str, Any], extension: str | None) -> None:
    user = mapping.user_of(row)
    assert user is not None
    assert (user.id, user.extension) == ("1", extension)


@pytest.mark.parametrize(
    "row", [{"ID": "1", "ACTIVE": False}, {"ID": "1", "ACTIVE": True, "USER_TYPE": "extranet"}, {"ACTIVE": True}]
)
def test_who_left_owns_no_call(row: dict[str, Any]) -> None:
    assert mapping.user_of(row) is None


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("CONTACT/651", ("CONTACT", 651)),
        ("DEAL/1", None),
        ("CONTACT/../1", None),
        ("CONTACT", None),
        ("LEAD/", None),
        ("LEAD/٣", None),
        ("LEAD/" + "9" * 16, None),
    ],
)
def test_whose_card(text: str, entity: tuple[str, int] | None) -> None:
    assert mapping.entity_of(text) == entity


@pytest.mark.parametrize(("value", "number"), [("7", 7), (7, 7), ("0", None), (None, None), (True, None), ("x", None)])
def test_ids_come_as_numbers_and_as_text(value: object, number: int | None) -> None:
    assert mapping.number_in(value) == number


def test_a_long_transcript_is_bounded() -> None:
    turns = mapping.messages_of("\n".join(["> " + "a" * 5_000] * 900))
    assert len(turns) == mapping.MAX_TURNS
    assert max(len(turn["MESSAGE"]) for turn in turns) == mapping.MAX_TURN_CHARACTERS
