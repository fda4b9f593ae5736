from support.crm import QUERY, activity

from crm_adapters._kit.texts import marker_of
from crm_adapters.odoo.mapping import (
    contact_of,
    domain_of,
    html_of,
    owner_of,
    paragraphs,
    place_of,
    told,
    user_of,
)
from gateway.model.crm import ContactKind, CrmContact, CrmUser, RecordingLink


def test_a_number_is_looked_for_in_the_fields_that_there_are() -> None:
    query = QUERY
    wild = "%1%3%8%0%0%1%3%8%0%0%0%"
    assert domain_of(query, ["phone", "phone_sanitized", "name"]) == [
        "|",
        ["phone", "ilike", wild],
        ["phone_sanitized", "=", "+8613800138000"],
    ]
    assert domain_of(query, ["phone", "mobile", "phone_sanitized"])[:2] == ["|", "|"]
    assert domain_of(query, ["name"]) == []


def test_false_is_nothing() -> None:
    contact = contact_of("res.partner", {"id": 7, "name": "Wei", "phone": False, "email": False, "user_id": False}, "u")
    assert contact == CrmContact(id="res.partner/7", name="Wei", url="u")
    lead = {"id": 8, "name": "Call", "contact_name": "Li", "partner_name": "Acme", "user_id": [2, "Anna"], "phone": "1"}
    assert contact_of("crm.lead", lead, "u") == CrmContact(
        id="crm.lead/8", kind=ContactKind.LEAD, name="Li", company="Acme", owner="2", numbers=("1",), url="u"
    )
    assert user_of({"id": 2, "login": "anna", "name": "Anna"}) == CrmUser(id="2", login="anna", name="Anna")


def test_a_place_is_one_of_ours_only() -> None:
    assert place_of(CrmContact(id="res.partner/7")) == ("res.partner", 7)
    assert place_of(CrmContact(id="res.users/7")) is None
    assert place_of(CrmContact(id="7")) is None
    assert owner_of(activity(owner=CrmUser(id="anna"))) == {}


def test_what_customers_say_is_text_in_a_page() -> None:
    link = RecordingLink(url="https://t.example/a?b=1&c=2")
    page = html_of(activity(note="<script>x</script>\nline & two", transcript='"quoted"', recording=link))
    assert "<script>" not in page
    assert "&lt;script&gt;x&lt;/script&gt;<br/>line &amp; two" in page
    assert '<a href="https://t.example/a?b=1&amp;c=2">' in page
    assert marker_of(activity().call_id) in page
    assert paragraphs("<b>\n") == "<p>&lt;b&gt;<br/></p>"


def test_a_call_is_told_under_its_subject() -> None:
    lines = told(activity(note="one\ntwo", disposition="Solved"))
    assert lines[:3] == ["Inbound call +8613800138000", "Outcome: answered", "Agent: Anna"]
    assert lines[-2:] == ["Note: one", "two"]
