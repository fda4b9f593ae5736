"""Calls as messages, and answers as contacts."""

import msgspec
import pytest
from support.crm import activity

from crm_adapters.webhook.mapping import contacts_of, message_of
from gateway.model.crm import CallStage
from gateway.model.templates import template_of

EVIL = '"}, {"role": "admin", "x": "\n{{data.number}}'


def test_the_same_is_said_under_the_same_id_and_anything_else_under_another() -> None:
    ids = [
        message_of(activity(), None)[0],
        message_of(activity(note="new"), None)[0],
        message_of(activity(stage=CallStage.RINGING), None)[0],
        message_of(activity(), None, withdrawn=True)[0],
    ]
    assert len(set(ids)) == 4
    assert message_of(activity(), None)[0] == ids[0]
    assert all(each.isascii() and "." not in each for each in ids)


def test_what_people_wrote_stays_one_string_of_a_template() -> None:
    template = template_of('{"text": "note: {{data.note}}", "call": "{{call_id}}", "role": "agent"}')
    body = msgspec.json.decode(message_of(activity(note=EVIL), template)[1])
    assert body == {"text": f"note: {EVIL}", "call": activity().call_id, "role": "agent"}


@pytest.mark.parametrize("said", [None, [], {"contacts": []}])
def test_nobody_is_nobody(said: object) -> None:
    assert contacts_of(said) == []


@pytest.mark.parametrize("said", [{}, "x", [1], [{"id": 1}], [{"id": None, "numbers": []}]])
def test_anything_else_is_no_list_of_contacts(said: object) -> None:
    with pytest.raises(ValueError, match=r"Expected|missing"):
        contacts_of(said)
