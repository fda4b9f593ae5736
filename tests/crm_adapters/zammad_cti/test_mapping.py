"""Calls and people as Zammad has them."""

from typing import Any

import pytest
from support.crm import activity

from crm_adapters.zammad_cti import mapping
from gateway.model.crm import CallStage, CrmContact, CrmUser


@pytest.mark.parametrize(
    ("changes", "events"),
    [
        ({"stage": CallStage.RINGING, "answered_at": None}, ["newCall"]),
        ({"stage": CallStage.ANSWERED}, ["newCall", "answer"]),
        ({}, ["newCall", "answer", "hangup"]),
        ({"answered_at": None, "outcome": "abandoned"}, ["newCall", "hangup"]),
        ({"answered_at": None}, ["newCall", "answer", "hangup"]),
    ],
)
@pytest.mark.parametrize("sent", [(), ("newCall",), ("newCall", "answer"), ("newCall", "answer", "hangup")])
def test_what_is_missing_is_made_up_for_in_order(changes: dict[str, Any], events: list[str], sent: tuple[str, ...]) -> None:
    told = mapping.events_of(activity(**changes), sent)
    assert [each["event"] for each in told] == [event for event in events if event not in sent]


@pytest.mark.parametrize(
    ("outcome", "cause"),
    [
        ("answered", "normalClearing"),
        ("self_served", "forwarded"),
        ("abandoned", "cancel"),
        ("busy", "busy"),
        ("no_answer", "noAnswer"),
        ("rejected", "noAnswer"),
        ("voicemail", "noAnswer"),
        ("unreachable", "notFound"),
        ("failed", "congestion"),
        (None, "normalClearing"),
    ],
)
def test_why_it_ended(outcome: str | None, cause: str) -> None:
    assert mapping.events_of(activity(outcome=outcome), ("newCall", "answer"))[0]["cause"] == cause


def test_an_inbound_call_says_who_answered() -> None:
    new, answer, hangup = mapping.events_of(activity(), ())
    assert (new["from"], new["to"], new["direction"], new["user"]) == ("8613800138000", "4008001234", "in", ["Anna"])
    assert (answer["user"], answer["answeringNumber"]) == ("Anna", "1001")
    assert (hangup["answeringNumber"], hangup["callId"]) == ("1001", new["callId"])


def test_an_outbound_call_is_from_the_agent_and_keeps_the_customers_name() -> None:
    new, answer, _ = mapping.events_of(activity(direction="outbound", our_number=None), ())
    assert (new["from"], new["to"], new["direction"], new["user"]) == ("1001", "8613800138000", "out", ["Anna"])
    assert "user" not in answer


@pytest.mark.parametrize(
    ("owner", "known_as"),
    [
        (None, "1001"),
        (CrmUser(id="3", login="anna", extension="1001"), "1001"),
        (CrmUser(id="3", login="anna"), "anna"),
        (CrmUser(id="3"), "1001"),
    ],
)
def test_the_agent_is_found_by_telephone_else_by_login(owner: CrmUser | None, known_as: str) -> None:
    assert mapping.events_of(activity(owner=owner), ("newCall",))[0]["answeringNumber"] == known_as


def test_a_withheld_number_is_anonymous() -> None:
    said = mapping.events_of(activity(number=None, our_number=None, extension=None, agents=()), ())
    assert [(each["from"], each["to"], "user" in each) for each in said] == [("anonymous", "unknown", False)] * 3


def test_a_name_is_bounded_and_visible() -> None:
    name = mapping.agent_of(activity(agents=("A\x00n\r\nna\u202e" + "x" * 500,)))
    assert name is not None
    assert name.startswith("Annax")
    assert len(name) == mapping.MAX_NAME_CHARACTERS


@pytest.mark.parametrize(
    ("row", "contact"),
    [
        (
            {
                "id": 7,
                "firstname": "Wei",
                "lastname": "Zhang",
                "phone": "010 1",
                "mobile": "138",
                "organization": "Acme",
                "email": "w@x",
            },
            CrmContact(
                id="7", name="Wei Zhang", company="Acme", numbers=("010 1", "138"), email="w@x", url="https://z/#user/profile/7"
            ),
        ),
        ({"id": 7, "firstname": "", "email": None, "organization": None}, CrmContact(id="7", url="https://z/#user/profile/7")),
        ({"id": "x"}, None),
        ({}, None),
    ],
)
def test_people_as_zammad_has_them(row: dict[str, Any], contact: CrmContact | None) -> None:
    assert mapping.contact_of(row, "https://z") == contact
