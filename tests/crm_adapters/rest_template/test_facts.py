"""What placeholders find of our own."""

from support.crm import activity

from crm_adapters.rest_template.facts import MAX_TEXT_CHARACTERS, of_call, of_new, of_number, text_of_call
from gateway.model.crm import NewContact, RecordingLink
from gateway.model.numbers import query_of


def test_a_number_has_its_forms() -> None:
    assert of_number(query_of("+8613800138000", "CN"), "138 0013 8000") == {
        "e164": "+8613800138000",
        "form": "138 0013 8000",
        "digits": "13800138000",
        "country_code": "86",
        "wildcard": "%1%3%8%0%0%1%3%8%0%0%0%",
    }


def test_a_call_is_told_to_people_in_lines() -> None:
    call = activity(note="rings back", recording=RecordingLink(url="https://pbx/rec/1"))
    assert text_of_call(call).splitlines() == [
        "Inbound call +8613800138000",
        "Began: 2026-11-22 11:26:02 UTC",
        "Our number: 4008001234",
        "Queue: sales",
        "Talked with: Anna",
        "Talked: 151 s",
        "Outcome: answered",
        "Note: rings back",
        "Recording: https://pbx/rec/1",
        "Call: 01KAW5EGX0ABCDEFGHJKMNPQRS",
    ]
    assert of_call(call)["subject"] == "Inbound call +8613800138000"


def test_a_long_note_is_cut_and_the_id_stays() -> None:
    text = text_of_call(activity(note="x" * 100_000))
    assert len(text) < MAX_TEXT_CHARACTERS + 50
    assert text.endswith("\nCall: 01KAW5EGX0ABCDEFGHJKMNPQRS")


def test_a_name_has_a_last_part() -> None:
    one = of_new(NewContact(name="Wei"))
    assert (one["first_name"], one["last_name"]) == (None, "Wei")
    two = of_new(NewContact(name="Anna Maria Beck"))
    assert (two["first_name"], two["last_name"]) == ("Anna Maria", "Beck")
