"""A portal as a CRM of the gateway's: all that its manifest promises."""

import json
from urllib.parse import urlencode

import pytest
from support.crm import Answered, activity
from support.crm_bitrix24 import CAPTURES, Portal, faults, phone

from crm_adapters.bitrix24.adapter import Bitrix24Adapter
from gateway.model.crm import CallStage, ClickToCall, CrmContact, CrmUser, NewTicket
from gateway.model.ids import CallId
from gateway.ports.crm import CrmDeniedError, CrmGoneError, CrmRefusedError


def event(name: str, **data: str) -> bytes:
    """Return what an outbound webhook posts."""
    fields = {f"data[{key}]": value for key, value in data.items()}
    return urlencode({"event": name, "auth[application_token]": "t0ken", **fields}).encode()


async def test_it_says_where_it_is_signed_in(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    portal.users = [{"ID": "1", "ACTIVE": True}]
    assert await bitrix.check() == f"Bitrix24 at {portal.url} as user 1, 1 users"


async def test_a_right_that_is_missing_is_seen_at_once(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    portal.failing["voximplant.statistic.get"] = Answered(body={"error": "ACCESS_DENIED", "error_description": "Access denied!"})
    with pytest.raises(CrmDeniedError, match=r"^sales: voximplant.statistic.get: ACCESS_DENIED"):
        await bitrix.check()


async def test_a_click_begins_a_call_that_the_portal_has_already(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    portal.open["externalCall.click"] = {"EXTERNAL_CALL_ID": None, "CRM_ENTITY_TYPE": "CONTACT", "CRM_ENTITY_ID": 797}
    body = event("ONEXTERNALCALLSTART", PHONE_NUMBER="13800138000", USER_ID="12", CALL_ID="externalCall.click")
    answer = await bitrix.called_back({}, body)
    assert (answer.status, answer.dial) == (200, ClickToCall(number="13800138000", user="12"))
    call = activity(direction="outbound", owner=CrmUser(id="12"), stage=CallStage.RINGING)
    memo = await bitrix.put_call(call, None)
    await bitrix.put_call(activity(direction="outbound", owner=CrmUser(id="12")), memo)
    assert not portal.called("telephony.externalCall.register")
    assert [row["CALL_ID"] for row in portal.statistic] == ["externalCall.click"]


async def test_a_form_lets_the_telephone_of_who_looks_after_the_contact_ring(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    portal.rows["LEAD"].append({"ID": "9", "ASSIGNED_BY_ID": "12", "PHONE": phone("+8613800138000")})
    body = event("ONEXTERNALCALLBACKSTART", PHONE_NUMBER="+8613800138000", CRM_ENTITY_TYPE="LEAD", CRM_ENTITY_ID="9", TEXT="hi")
    answer = await bitrix.called_back({}, body)
    assert answer.dial == ClickToCall(number="+8613800138000", user="12")
    await bitrix.put_call(activity(direction="outbound", owner=CrmUser(id="12"), stage=CallStage.RINGING), None)
    (asked,) = portal.called("telephony.externalCall.register")
    assert (asked["TYPE"], asked["CRM_ENTITY_TYPE"], asked["CRM_ENTITY_ID"]) == (4, "LEAD", 9)
    nobody = await bitrix.called_back({}, event("ONEXTERNALCALLBACKSTART", PHONE_NUMBER="+8613800138001"))
    assert nobody.dial == ClickToCall(number="+8613800138001", user="7")


async def test_a_visitor_who_waits_is_called_though_nobody_knows_by_whom(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    portal.failing["crm.contact.get"] = Answered(status=503, body={"error": "QUERY_LIMIT_EXCEEDED"})
    body = event("ONEXTERNALCALLBACKSTART", PHONE_NUMBER="+8613800138000", CRM_ENTITY_TYPE="CONTACT", CRM_ENTITY_ID="9")
    answer = await bitrix.called_back({}, body)
    assert answer.dial == ClickToCall(number="+8613800138000", user="7")


async def test_a_clicked_call_that_the_portal_forgot_is_registered(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    await bitrix.called_back({}, event("ONEXTERNALCALLSTART", PHONE_NUMBER="13800138000", USER_ID="12", CALL_ID="gone"))
    call = activity(direction="outbound", owner=CrmUser(id="12"))
    with pytest.raises(CrmGoneError):
        await bitrix.put_call(call, None)
    await bitrix.put_call(call, None)
    assert len(portal.statistic) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (event("ONEXTERNALCALLSTART", PHONE_NUMBER="1", USER_ID="12").replace(b"t0ken", b"guess"), 401),
        (b"event=ONEXTERNALCALLSTART", 401),
        (b"", 401),
        (b"\xff", 400),
        (event("ONEXTERNALCALLSTART", PHONE_NUMBER="call me", USER_ID="12"), 400),
        (event("ONCRMLEADADD"), 200),
    ],
)
async def test_what_is_no_click_dials_nobody(bitrix: Bitrix24Adapter, body: bytes, status: int) -> None:
    answer = await bitrix.called_back({}, body)
    assert (answer.status, answer.dial) == (status, None)


async def test_a_ticket_is_a_to_do_on_the_card_and_one_a_call(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    new = NewTicket(title="Broken", text="since today", contact=CrmContact(id="CONTACT/651"), call_id=CallId("c1"))
    made = await bitrix.make_ticket(new)
    assert await bitrix.make_ticket(new) == made
    assert made.url == f"{portal.url}/crm/contact/details/651/"
    (todo,) = portal.todos
    assert todo["deadline"] == "2026-11-23T11:26:02+00:00"
    with pytest.raises(CrmRefusedError, match="add the caller as a contact or lead first"):
        await bitrix.make_ticket(NewTicket(title="Broken"))


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("06-call-register", None),
        ("07-call-register-missing", "missing USER_ID"),
        ("08-call-register-useronly", "missing USER_PHONE_INNER"),
        ("09-call-finish", None),
        ("10-call-finish-badtype", "DURATION is no integer"),
        ("00-dup-find", None),
        ("01-dup-find-bad", "values is no string[]"),
        ("03-contact-add-typo", "unknown fields.NAMEE"),
        ("13-attach-record", None),
        ("14-user-get-ext", "FILTER is no string"),
        ("15-lead-add", None),
    ],
)
def test_our_checker_refuses_what_the_vendors_simulator_refuses(name: str, fault: str | None) -> None:
    capture = json.loads((CAPTURES / "bitrix24-sim" / f"{name}.json").read_text("utf-8"))
    method = capture["request"]["url"].rpartition("/")[2].removesuffix(".json")
    found = faults(method, capture["request"]["body"])
    assert bool(found) == (capture["response"]["status"] == 400)
    assert fault is None or fault in found[0]
