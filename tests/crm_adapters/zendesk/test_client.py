"""Zendesk's API: how we sign in, and what its errors mean."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from support.crm import Answered, FreePace, around
from support.crm_schema import SPECS
from support.crm_zendesk import BASIC, BEARER, EMAIL, KEY, NOT_FOUND, Desk, invalid

from crm_adapters.zendesk.client import SameKeyError, Zendesk, authorization_of
from crm_adapters.zendesk.settings import ZendeskSettings
from gateway.model.secret import Secret
from gateway.ports.crm import (
    CrmDeniedError,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    CrmSurroundings,
    CrmUnavailableError,
)

FORBIDDEN = Answered(status=403, body={"error": {"title": "Forbidden", "message": "You do not have access to this page."}})


@pytest.fixture
def surroundings() -> CrmSurroundings:
    return around("help")


@pytest.fixture
async def opened(desk: Desk, surroundings: CrmSurroundings) -> AsyncIterator[Zendesk]:
    zendesk = Zendesk(surroundings, ZendeskSettings(url=desk.url, email=EMAIL, key=Secret(KEY)))
    yield zendesk
    await zendesk.close()


def test_an_api_token_has_an_address_and_an_oauth_token_has_none() -> None:
    assert authorization_of(ZendeskSettings(url="https://x", email=EMAIL, key=Secret(KEY))) == BASIC
    assert authorization_of(ZendeskSettings(url="https://x", key=Secret(KEY))) == BEARER


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (Answered(status=401, body={"error": "Couldn't authenticate you"}), CrmDeniedError, "look at the key"),
        (FORBIDDEN, CrmDeniedError, "You do not have access"),
        (NOT_FOUND, CrmGoneError, "RecordNotFound: Not found"),
        (
            invalid("status", "Status: closed prevents ticket update", "InvalidValue"),
            CrmRefusedError,
            "RecordInvalid: Record validation errors: status: Status: closed prevents ticket update (InvalidValue)",
        ),
        (Answered(status=409, body={"error": "IdempotentRequestInProgress"}), CrmUnavailableError, "InProgress"),
        (Answered(status=503, body=b"<html>maintenance</html>"), CrmUnavailableError, "status 503"),
        (Answered(status=422, body={"error": "RecordInvalid", "details": {"base": "odd"}}), CrmRefusedError, "RecordInvalid"),
        (Answered(status=422, body=b"[7]"), CrmRefusedError, "status 422"),
    ],
)
async def test_what_an_error_means(desk: Desk, opened: Zendesk, answer: Answered, kind: type[CrmError], text: str) -> None:
    desk.failing = answer
    with pytest.raises(CrmError, match=r"^help: ") as raised:
        await opened.change_ticket(7, {})
    assert type(raised.value) is kind
    assert text in str(raised.value)
    assert KEY not in str(raised.value)


async def test_who_asks_too_often_leaves_it_alone(desk: Desk, opened: Zendesk, surroundings: CrmSurroundings) -> None:
    desk.failing = Answered(status=429, body=b"Rate limit for ticket updates exceeded", headers={"Retry-After": "17"})
    with pytest.raises(CrmUnavailableError, match="Rate limit") as raised:
        await opened.change_ticket(7, {})
    assert raised.value.retry_after_s == 17.0
    assert isinstance(surroundings.pace, FreePace)
    assert surroundings.pace.pauses == [17.0]


async def test_without_the_partner_edition_the_cure_is_told(desk: Desk, opened: Zendesk) -> None:
    desk.failing = FORBIDDEN
    with pytest.raises(CrmDeniedError, match="It needs the Talk Partner Edition"):
        await opened.display(1, "users", 2)


async def test_a_key_that_said_something_else_is_told(opened: Zendesk) -> None:
    first, again = await opened.make_ticket({"subject": "A", "comment": {"html_body": "x", "public": False}}, "k")
    assert not again
    same, again = await opened.make_ticket({"subject": "A", "comment": {"html_body": "x", "public": False}}, "k")
    assert (same["id"], again) == (first["id"], True)
    with pytest.raises(SameKeyError, match="don't match the given idempotency key"):
        await opened.make_ticket({"subject": "B", "comment": {"html_body": "x", "public": False}}, "k")


async def test_tickets_of_other_calls_are_not_taken_for_this_ones(desk: Desk, opened: Zendesk) -> None:
    desk.tickets = {1: {"id": 1, "external_id": "other"}, 2: {"id": 2, "external_id": None}}
    desk.filters = False
    assert await opened.tickets_of("call") == []


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"users": 7}', b'{"tickets": []}', b"[]"])
async def test_200_without_the_list_does_not_mean_that_there_is_nobody(desk: Desk, opened: Zendesk, body: bytes) -> None:
    desk.failing = Answered(body=body)
    with pytest.raises(CrmRefusedError, match="help: Zendesk answered no users"):
        await opened.search_users("phone:1")
    with pytest.raises(CrmRefusedError, match="help: Zendesk answered no users"):
        await opened.agents()


@pytest.mark.parametrize("name", ["06-users-create", "07-users-create-bad"])
async def test_201_without_a_user_is_an_error(desk: Desk, opened: Zendesk, name: str) -> None:
    there = msgspec.json.decode((SPECS / "zendesk-prism" / f"{name}.json").read_bytes())["response"]
    desk.failing = Answered(status=there["status"], body=there["body"])
    with pytest.raises(CrmRefusedError, match="help: Zendesk answered no user"):
        await opened.make_user({"name": "x"})


@pytest.mark.parametrize(
    ("name", "kind"), [("03-voice-display-user-badid", CrmRefusedError), ("04-voice-noauth", CrmDeniedError)]
)
async def test_what_the_mock_of_the_vendors_schema_answered(desk: Desk, opened: Zendesk, name: str, kind: type[CrmError]) -> None:
    there = msgspec.json.decode((SPECS / "zendesk-prism" / f"{name}.json").read_bytes())["response"]
    desk.failing = Answered(status=there["status"], body=there["body"])
    with pytest.raises(kind, match="Your request"):
        await opened.display(1, "users", 2)


@pytest.mark.parametrize(
    ("name", "asked"),
    [("02-voice-display-user", ("display", 1, "users", 2)), ("05-users-search", ("search_users", "phone:+8613800138000"))],
)
async def test_we_ask_as_the_mock_of_the_vendors_schema_took_it(
    desk: Desk, opened: Zendesk, name: str, asked: tuple[object, ...]
) -> None:
    there = msgspec.json.decode((SPECS / "zendesk-prism" / f"{name}.json").read_bytes())
    desk.failing = Answered(status=there["response"]["status"], body=there["response"]["body"])
    await getattr(opened, str(asked[0]))(*asked[1:])
    path = "/" + there["request"]["url"].split("/", 3)[3]
    assert (desk.asked[-1].method, desk.asked[-1].path.partition("?")[0]) == (there["request"]["method"], path.partition("?")[0])
    assert desk.asked[-1].body == b""
