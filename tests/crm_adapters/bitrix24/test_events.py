"""What the portal tells by itself, and whether it is the portal."""

from urllib.parse import urlencode

import pytest
from support.crm import NOW, activity

from crm_adapters.bitrix24.events import CLICKED_S, MAX_CLICKED, ClickedCalls, clicked_of, form_of, is_from_portal
from crm_adapters.bitrix24.mapping import Clicked
from gateway.model.crm import CrmUser
from gateway.model.secret import Secret

START = {
    "event": "ONEXTERNALCALLSTART",
    "data[PHONE_NUMBER]": "138 0013 8000",
    "data[PHONE_NUMBER_INTERNATIONAL]": "+8613800138000",
    "data[USER_ID]": "12",
    "data[CALL_ID]": "externalCall.89350264e026dace3f2b14d1f438257c.1773236989",
    "data[CRM_ENTITY_TYPE]": "CONTACT",
    "data[CRM_ENTITY_ID]": "797",
    "data[IS_MOBILE]": "0",
    "auth[application_token]": "t0ken",
}


def test_a_form_is_read_as_it_was_written() -> None:
    assert form_of(urlencode(START).encode()) == START


@pytest.mark.parametrize("body", [b"\xff\xfe", b"&".join(b"a%d=1" % index for index in range(500))])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever the parser says
        form_of(body)


@pytest.mark.parametrize(
    ("token", "said", "trusted"),
    [("t0ken", "t0ken", True), ("t0ken", "other", False), ("t0ken", "", False), ("t0ken", "t0kén", False), (None, "", False)],
)
def test_only_who_knows_the_token_is_the_portal(token: str | None, said: str, trusted: bool) -> None:
    assert is_from_portal({"auth[application_token]": said}, None if token is None else Secret(token)) is trusted


def test_a_click_says_number_user_and_call() -> None:
    assert clicked_of(START, user=None, at=NOW) == Clicked(
        number="+8613800138000", user=12, at=NOW, call=START["data[CALL_ID]"], entity="CONTACT/797"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"data[PHONE_NUMBER_INTERNATIONAL]": "1;DROP", "data[PHONE_NUMBER]": "x"},
        {"data[PHONE_NUMBER_INTERNATIONAL]": "9" * 60},
        {"data[PHONE_NUMBER_INTERNATIONAL]": "", "data[PHONE_NUMBER]": ""},
        {"data[PHONE_NUMBER_INTERNATIONAL]": "138\r\nVariable: x"},
        {"data[USER_ID]": ""},
    ],
)
def test_what_cannot_be_dialled_is_no_click(change: dict[str, str]) -> None:
    assert clicked_of(START | change, user=None, at=NOW) is None


@pytest.mark.parametrize("call", ["", "a b", "x" * 300, "<x>"])
def test_a_call_id_of_another_form_is_none(call: str) -> None:
    clicked = clicked_of(START | {"data[CALL_ID]": call}, user=None, at=NOW)
    assert clicked is not None
    assert clicked.call is None


@pytest.mark.parametrize("number", ["+8613800138000", "138 0013 8000", "13800138000", "008613800138000"])
def test_a_click_is_the_next_call_of_its_user_to_its_number(number: str) -> None:
    clicks = ClickedCalls("CN")
    clicked = Clicked(number=number, user=12, at=NOW, call="c")
    clicks.keep(clicked)
    call = activity(direction="outbound", owner=CrmUser(id="12"))
    assert clicks.take(activity(call_id="in", direction="inbound", owner=CrmUser(id="12")), NOW) is None
    assert clicks.take(activity(call_id="his", direction="outbound", owner=CrmUser(id="13")), NOW) is None
    assert clicks.take(activity(call_id="else", direction="outbound", owner=CrmUser(id="12"), number="+861"), NOW) is None
    assert clicks.take(call, NOW + CLICKED_S) == clicked
    assert clicks.take(call, NOW + 2 * CLICKED_S) == clicked, "asked again, after an answer was lost"
    assert clicks.take(activity(call_id="next", direction="outbound", owner=CrmUser(id="12")), NOW) is None


def test_a_click_is_forgotten_in_time_and_number() -> None:
    clicks = ClickedCalls("CN")
    clicks.keep(Clicked(number="+8613800138000", user=12, at=NOW))
    assert clicks.take(activity(direction="outbound", owner=CrmUser(id="12")), NOW + CLICKED_S + 1) is None
    for user in range(1, MAX_CLICKED + 2):
        clicks.keep(Clicked(number="+8613800138000", user=user, at=NOW))
    assert clicks.take(activity(direction="outbound", owner=CrmUser(id="1")), NOW) is None
    assert clicks.take(activity(direction="outbound", owner=CrmUser(id="2")), NOW) is not None
